//! Writing a whole export folder, plain or as `prepare()` packs it: quantised, compressed, some genes only
//! (specification: section 12).

mod columns;
mod genes;
mod quantise;
mod sink;

use std::collections::HashMap;

use super::{Export, Profile, Route};
use crate::error::Result;
pub use quantise::Bits;
use sink::Work;
pub use sink::{Packed, Range, Sink};

/// How a folder is packed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packing {
    /// gzip level of every binary file, 1 to 9.
    pub compression: Option<u8>,
    /// Width of gene values.
    pub var: Option<Bits>,
    /// Width of continuous columns and outlier quantiles.
    pub obs: Option<Bits>,
    /// Only these gene ids.
    pub genes: Option<Vec<String>>,
    /// Bytes of gene values held at a time, 256 MiB when left out. A row-wise matrix is passed over once for each such block.
    pub memory: Option<u64>,
}

impl Packing {
    /// Whether files and manifests are those of the virtual export.
    pub fn is_plain(&self) -> bool {
        self.compression.is_none() && self.var.is_none() && self.obs.is_none() && self.genes.is_none()
    }

    /// A binary file's path as the manifests give it.
    pub(super) fn path(&self, path: &str) -> String {
        if self.compression.is_some() { format!("{path}.gz") } else { path.to_owned() }
    }
}

/// What the manifests have to say that is only known once the files are made.
#[derive(Default)]
pub(super) struct Ranges {
    /// By position of the column in obs.
    pub(super) obs: HashMap<usize, Range>,
    /// By position in the list of exported genes.
    pub(super) var: Vec<Range>,
}

impl Export {
    /// Makes every file of a folder and hands it to `sink`; the identity comes last, so that what is incomplete is not
    /// taken for a data set.
    ///
    /// # Errors
    /// What making or storing a file says; `Request` for a gene that is not there.
    pub async fn pack(&self, packing: &Packing, sink: &dyn Sink) -> Result<()> {
        self.pack_all(packing, sink).await.map_err(|e| e.in_file(self.data.tree().name()))
    }

    async fn pack_all(&self, packing: &Packing, sink: &dyn Sink) -> Result<()> {
        let genes = self.chosen_genes(packing).await?;
        sink.expect(self.paths_with(&genes).await?.len());
        let work = Work { packing, sink };
        let mut ranges = Ranges::default();
        let mut routes = Vec::new();
        if self.data.n_obs() > 0 {
            routes.extend(self.choices.iter().map(|choice| Route::Points(choice.dim)));
            for field in &self.vectors {
                routes.extend(field.keys.iter().map(|(dim, _)| Route::Vectors(field.id.clone(), *dim)));
            }
        }
        self.pack_routes(&routes, &work).await?;
        self.pack_obs(&work, &mut ranges).await?;
        self.latent.forget();
        if self.data.connectivities().await?.is_some() {
            let mut routes = vec![Route::EdgeSources, Route::EdgeDestinations];
            if self.options.profile == Profile::Strict {
                routes.push(Route::EdgeWeights);
            }
            self.pack_routes(&routes, &work).await?;
            work.json(&Route::ConnectivityManifest, &self.connectivity_manifest(packing).await?).await?;
        }
        self.pack_genes(&genes, &work, &mut ranges).await?;
        work.json(&Route::VarManifest, &self.var_manifest(packing, &genes, &ranges).await?).await?;
        let manifest = self.obs_manifest(packing, &ranges, None).await?;
        work.json(&Route::ObsManifest, &manifest).await?;
        work.json(&Route::Identity, &self.identity(packing).await?).await
    }

    /// Paths of all files that [`pack`](Self::pack) will make.
    ///
    /// # Errors
    /// `Request` for a gene that is not there; otherwise whatever reading names says.
    pub async fn packed_paths(&self, packing: &Packing) -> Result<Vec<String>> {
        let genes = self.chosen_genes(packing).await?;
        let named = |path: String| {
            if path.ends_with(".json") {
                return path;
            }
            let bits = match path.split_once('/') {
                Some(("var", _)) => packing.var,
                Some(("obs", name)) if !name.contains(".codes.") => packing.obs,
                _ => None,
            };
            let path = match (bits, path.strip_suffix("f32")) {
                (Some(_), Some(stem)) => format!("{stem}{}", Bits::ext(bits)),
                _ => path,
            };
            packing.path(&path)
        };
        Ok(self.paths_with(&genes).await?.into_iter().map(named).collect())
    }

    async fn pack_routes(&self, routes: &[Route], work: &Work<'_>) -> Result<()> {
        for route in routes {
            let path = route.path();
            if work.kept(&path).is_none() {
                work.binary(&path, self.file(route).await?.body, None).await?;
            }
        }
        Ok(())
    }
}
