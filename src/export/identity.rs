//! What a data set is: `dataset_identity.json`, and the documents of a server (specification: sections 6 and 11).

use super::{Bits, Export, Packing, VERSION, json::Json, points::umap_json, vectors};
use crate::error::Result;

impl Export {
    /// `dataset_identity.json`
    pub(super) async fn identity(&self, packing: &Packing) -> Result<Json> {
        let mut entries = Vec::new();
        for shown in self.shown().await? {
            let kind = if shown.labels.is_some() { "category" } else { "continuous" };
            let mut entry = vec![("key", Json::from(shown.key)), ("kind", Json::from(kind))];
            entry.extend(shown.labels.map(|count| ("n_categories", Json::from(count))));
            entries.push((shown.labels.is_some(), Json::map(entry)));
        }
        let categorical = entries.iter().filter(|(category, _)| *category).count();
        if self.strict() {
            let (last, first) = entries.into_iter().partition(|(category, _)| *category);
            entries = first;
            entries.extend::<Vec<_>>(last);
        }
        let n_edges = match self.data.connectivities().await? {
            Some(_) => Some(self.graph().await?.from.len()),
            None => None,
        };
        let total = entries.len();
        let stats = Json::map([
            ("n_cells", Json::from(self.data.n_obs())),
            ("n_genes", Json::from(self.data.n_vars())),
            ("n_obs_fields", Json::from(total)),
            ("n_categorical_fields", Json::from(categorical)),
            ("n_continuous_fields", Json::from(total - categorical)),
            ("has_connectivity", Json::from(n_edges.is_some())),
            ("n_edges", Json::from(n_edges)),
        ]);
        let mut identity = vec![
            ("version", Json::Int(2)),
            ("id", Json::from(self.id())),
            ("name", Json::from(self.options.name())),
            ("description", Json::from("Loaded directly from AnnData")),
            ("created_at", Json::from(self.options.created_at.as_str())),
            ("cellucid_data_version", Json::from("anndata_adapter")),
            ("stats", stats),
            ("embeddings", self.embeddings(packing)),
            ("obs_fields", Json::List(entries.into_iter().map(|(_, entry)| entry).collect())),
            (
                "export_settings",
                Json::map([
                    ("compression", Json::from(packing.compression.map(u64::from))),
                    ("var_quantization", Json::from(packing.var.map(Bits::number))),
                    ("obs_continuous_quantization", Json::from(packing.obs.map(Bits::number))),
                    ("obs_categorical_dtype", Json::from("auto")),
                ]),
            ),
            ("source", self.source()),
        ];
        if !self.strict() {
            identity.push(("_anndata_adapter", Json::Bool(true)));
        }
        identity.extend(
            vectors::json(&self.vectors, self.options.profile, packing).map(|v| ("vector_fields", v)),
        );
        Ok(Json::map(identity))
    }

    fn embeddings(&self, packing: &Packing) -> Json {
        let dims: Vec<u64> = self.choices.iter().map(|choice| choice.dim.into()).collect();
        // Of an entry that has more columns the first two are what people look at.
        let first = self.choices.first().filter(|choice| self.in_part(Some(choice)));
        let default = first.map(|choice| choice.dim.into()).or(dims.iter().copied().max()).unwrap_or(0);
        let files =
            dims.iter().map(|d| (format!("{d}d"), Json::from(packing.path(&format!("points_{d}d.bin")))));
        let mut embeddings = vec![
            ("available_dimensions", Json::list(dims.clone())),
            ("default_dimension", Json::from(default)),
            ("files", Json::map(files)),
        ];
        if let (Some(umap), false) = (&self.umap, self.strict()) {
            embeddings.push(("umap_resolution", umap_json(umap, self.data.n_obs())));
        }
        Json::map(embeddings)
    }

    fn source(&self) -> Json {
        if self.strict() {
            return Json::map([
                ("name", Json::from(self.options.name())),
                ("filename", Json::from(self.options.file.as_str())),
            ]);
        }
        Json::map([
            ("type", Json::from("anndata_adapter")),
            ("format", Json::from(self.format())),
            ("path", Json::from(self.options.path.clone())),
            ("is_backed", Json::from(self.is_backed())),
        ])
    }

    /// The reference's word for the format.
    fn format(&self) -> &'static str {
        if self.data.tree().format() == "zarr" { "zarr" } else { "h5ad" }
    }

    /// What the reference would say: it reads HDF5 from disk and Zarr into memory.
    fn is_backed(&self) -> bool {
        self.format() == "h5ad"
    }

    /// `_cellucid/health`
    pub(super) fn health(&self) -> Json {
        Json::map([
            ("status", Json::from("ok")),
            ("type", Json::from("anndata")),
            ("version", Json::from(VERSION)),
            ("format", Json::from(self.format())),
            ("is_backed", Json::from(self.is_backed())),
            ("n_cells", Json::from(self.data.n_obs())),
            ("n_genes", Json::from(self.data.n_vars())),
        ])
    }

    /// `_cellucid/info`
    pub(super) fn info(&self) -> Json {
        Json::map([
            ("version", Json::from(VERSION)),
            ("type", Json::from("anndata")),
            ("format", Json::from(self.format())),
            ("host", Json::from("127.0.0.1")),
            ("port", Json::Int(0)),
            ("n_cells", Json::from(self.data.n_obs())),
            ("n_genes", Json::from(self.data.n_vars())),
            ("is_backed", Json::from(self.is_backed())),
        ])
    }

    /// `_cellucid/datasets`
    pub(super) fn datasets(&self) -> Json {
        let entry = Json::map([
            ("id", Json::from(self.id())),
            ("path", Json::from("/")),
            ("name", Json::from(self.options.name())),
        ]);
        Json::map([("datasets", Json::List(vec![entry]))])
    }
}
