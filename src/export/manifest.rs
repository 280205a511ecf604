//! The JSON documents: identity, manifests, service documents (specification: sections 6 to 9 and 11).

use std::rc::Rc;

use super::{
    Bits, Export, Packing, Profile, VERSION,
    fields::{self, Coded, categorical_row, continuous_row, latent_key, places},
    json::Json,
    pack::Ranges,
    points::umap_json,
    shown::{Shown, TOGETHER},
    vectors,
};
use crate::{
    error::{Error, Result},
    wait::{self, apart},
};

/// Bytes per cell number in edge files.
pub(super) fn index_bytes(cells: u64, profile: Profile) -> u64 {
    let most = match profile {
        Profile::Reference => 65_535,
        Profile::Strict => 65_536,
    };
    match cells {
        n if n <= most => 2,
        n if n <= u64::from(u32::MAX) => 4,
        _ => 8,
    }
}

/// How values are stored, for the files below a folder.
fn values_schema(folder: &str, packing: &Packing, bits: Option<Bits>) -> Vec<(&'static str, Json)> {
    let pattern = format!("{folder}/{{key}}.values.{}", Bits::ext(bits));
    let mut schema = vec![
        ("pathPattern", Json::from(packing.path(&pattern))),
        ("ext", Json::from(Bits::ext(bits))),
        ("dtype", Json::from(Bits::dtype(bits))),
        ("quantized", Json::Bool(bits.is_some())),
    ];
    schema.extend(bits.map(|bits| ("quantizationBits", Json::from(bits.number()))));
    schema
}

/// What a column's row is made of.
enum Look {
    /// The row itself.
    Written(Rc<str>),
    /// Numbers of this range, where it is told.
    Numbers(Option<(f64, f64)>),
    /// Labels.
    Labels(Rc<Coded>),
}

impl Export {
    fn strict(&self) -> bool {
        self.options.profile == Profile::Strict
    }

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

    /// `obs_manifest.json`, or the same with one column's row only.
    pub(super) async fn obs_manifest(
        &self,
        packing: &Packing,
        ranges: &Ranges,
        only: Option<usize>,
    ) -> Result<Json> {
        let mut columns = apart(self.shown()).await?;
        columns.retain(|shown| only.is_none_or(|index| shown.index == index));
        // Rows without what only the reference's server adds.
        let short = self.is_short(packing);
        let (mut continuous, mut categorical) = (Vec::new(), Vec::new());
        for group in columns.chunks(TOGETHER) {
            for (shown, row) in group.iter().zip(apart(self.rows(group, packing, ranges)).await) {
                match row {
                    Ok(row) if shown.labels.is_some() => categorical.push(row),
                    Ok(row) => continuous.push(row),
                    Err(error) if only.is_some() => return Err(error),
                    // One damaged column is no reason to show nothing.
                    Err(error) => {
                        self.data.skip(format!("{}/{}", self.data.obs.path, shown.key), error.to_string());
                    }
                }
            }
        }
        let mut schemas = Vec::new();
        if !short || !continuous.is_empty() {
            schemas.push(("continuous", Json::map(values_schema("obs", packing, packing.obs))));
        }
        if !short || !categorical.is_empty() {
            let outliers = format!("obs/{{key}}.outliers.{}", Bits::ext(packing.obs));
            schemas.push((
                "categorical",
                Json::map([
                    ("codesPathPattern", Json::from(packing.path("obs/{key}.codes.{ext}"))),
                    ("outlierPathPattern", Json::from(packing.path(&outliers))),
                    ("outlierExt", Json::from(Bits::ext(packing.obs))),
                    ("outlierDtype", Json::from(Bits::dtype(packing.obs))),
                    ("outlierQuantized", Json::Bool(packing.obs.is_some())),
                ]),
            ));
        }
        Ok(Json::map([
            ("_format", Json::from("compact_v1")),
            ("n_points", Json::from(self.data.n_obs())),
            ("centroid_outlier_quantile", Json::from(self.options.centroid_quantile())),
            ("latent_key", Json::from(latent_key(&self.data.obsm, &self.options).map(str::to_owned))),
            ("compression", Json::from(packing.compression.map(u64::from))),
            ("_obsSchemas", Json::map(schemas)),
            ("_continuousFields", Json::List(continuous)),
            ("_categoricalFields", Json::List(categorical)),
        ]))
    }

    /// Whether rows go without what only the reference's server adds.
    fn is_short(&self, packing: &Packing) -> bool {
        self.strict() || !packing.is_plain()
    }

    /// Rows of some columns, each written once: who asks for one field and later for all of them waits once for each. The centroids of
    /// all are made together.
    async fn rows(&self, columns: &[Shown], packing: &Packing, ranges: &Ranges) -> Vec<Result<Json>> {
        let looked = wait::all(columns.iter().map(|shown| apart(self.look(shown, packing, ranges)))).await;
        let coded: Vec<Rc<Coded>> = looked
            .iter()
            .filter_map(|look| if let Ok(Look::Labels(coded)) = look { Some(Rc::clone(coded)) } else { None })
            .collect();
        let points = if coded.is_empty() { Ok(Vec::new()) } else { apart(self.all_points()).await };
        let mut places = match &points {
            Ok(points) => places(&coded, points, &self.options),
            Err(_) => Vec::new(),
        }
        .into_iter();
        let short = self.is_short(packing);
        let write = |(shown, look): (&Shown, Result<Look>)| {
            let row = match look? {
                Look::Written(row) => return Ok(Json::Written(row)),
                Look::Numbers(range) => continuous_row(&shown.key, range),
                Look::Labels(coded) => {
                    points.as_ref().map_err(Error::clone)?;
                    let range = if short { ranges.obs.get(&shown.index).copied() } else { Some((0.0, 1.0)) };
                    categorical_row(
                        &shown.key,
                        &coded,
                        range,
                        &places.next().unwrap_or_default(),
                        &self.options,
                    )
                }
            };
            if !packing.is_plain() {
                return Ok(row);
            }
            let row: Rc<str> = row.text().into();
            self.rows.borrow_mut().insert(shown.index, Rc::clone(&row));
            Ok(Json::Written(row))
        };
        columns.iter().zip(looked).map(write).collect()
    }

    /// What a column's row is made of.
    async fn look(&self, shown: &Shown, packing: &Packing, ranges: &Ranges) -> Result<Look> {
        let index = shown.index;
        let kept = self.rows.borrow().get(&index).filter(|_| packing.is_plain()).cloned();
        Ok(match kept {
            Some(row) => Look::Written(row),
            None if shown.labels.is_some() => Look::Labels(self.coded(index).await?),
            None if self.is_short(packing) => Look::Numbers(ranges.obs.get(&index).copied()),
            None => Look::Numbers(Some(fields::range(&self.numbers(index).await?))),
        })
    }

    /// `var_manifest.json` of the genes at `chosen`.
    pub(super) async fn var_manifest(
        &self,
        packing: &Packing,
        chosen: &[usize],
        ranges: &Ranges,
    ) -> Result<Json> {
        let genes = self.genes().await?;
        let column = self.options.gene_id_column.as_deref().unwrap_or("index");
        let mut schema = vec![("kind", Json::from("continuous"))];
        schema.extend(values_schema("var", packing, packing.var));
        let ids = chosen.iter().enumerate().filter_map(|(i, &gene)| {
            let mut row = vec![Json::from(genes.ids.get(gene)?)];
            row.extend(
                ranges.var.get(i).iter().flat_map(|(low, high)| [Json::from(*low), Json::from(*high)]),
            );
            Some(Json::List(row))
        });
        Ok(Json::map([
            ("_format", Json::from("compact_v1")),
            ("n_points", Json::from(self.data.n_obs())),
            ("var_gene_id_column", Json::from(column)),
            ("compression", Json::from(packing.compression.map(u64::from))),
            ("quantization", Json::from(packing.var.map(Bits::number))),
            ("_varSchema", Json::map(schema)),
            ("fields", Json::List(ids.collect())),
        ]))
    }

    /// `connectivity_manifest.json`
    pub(super) async fn connectivity_manifest(&self, packing: &Packing) -> Result<Json> {
        let graph = self.graph().await?;
        let bytes = index_bytes(self.data.n_obs(), self.options.profile);
        let most = if self.strict() { graph.largest_degree } else { graph.largest_row };
        let mut manifest = vec![
            ("format", Json::from("edge_pairs")),
            ("n_cells", Json::from(self.data.n_obs())),
            ("n_edges", Json::from(graph.from.len())),
            ("max_neighbors", Json::from(most)),
            ("index_bytes", Json::from(bytes)),
            ("index_dtype", Json::from(format!("uint{}", bytes * 8))),
            ("sourcesPath", Json::from(packing.path("connectivity/edges.src.bin"))),
            ("destinationsPath", Json::from(packing.path("connectivity/edges.dst.bin"))),
        ];
        if self.strict() {
            manifest.extend([
                ("weightsPath", Json::from(packing.path("connectivity/edges.weight.bin"))),
                ("weight_dtype", Json::from("float64")),
                ("weight_bytes", Json::Int(8)),
            ]);
        }
        manifest.push(("compression", Json::from(packing.compression.map(u64::from))));
        Ok(Json::map(manifest))
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
