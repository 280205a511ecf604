//! AnnData seen as a Cellucid export folder: every file made in memory when it is asked for.
//!
//! Paths, bytes and arithmetic are those of `cellucid` 0.0.9 (profile `reference`) or what the later app demands
//! (profile `strict`); one code path makes both.

mod ahead;
mod centroids;
mod describe;
mod edges;
mod fields;
mod genes;
mod groups;
mod identity;
mod json;
mod latent;
mod manifest;
mod names;
mod options;
mod pack;
mod paths;
mod place;
mod points;
mod route;
mod shown;
mod stats;
mod vectors;

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use bytes::Bytes;
use futures_util::future::try_join;

use crate::{
    anndata::{AnnData, Graph, Watch},
    error::{Error, Result},
    wait::{self, Once, apart},
};
pub use genes::Cost;
pub use json::Json;
pub use names::{dataset_name, safe};
pub use options::{Options, Profile};
pub use pack::{Bits, Packed, Packing, Range, Sink};
pub use place::{Inside, Place, WHOLE};
pub use route::Route;

use fields::Coded;
use genes::Genes;
use pack::Ranges;
use points::{Choice, Points, Umap};
use vectors::Field;

/// The reference's version, which its service documents report.
pub const VERSION: &str = "0.0.9";

/// A virtual file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// `application/json` or `application/octet-stream`.
    pub media: &'static str,
    /// Its content.
    pub body: Bytes,
}

/// AnnData as an export folder.
pub struct Export {
    data: AnnData,
    options: Options,
    /// Names of obs columns as shown, each with a file name of its own in the strict profile.
    keys: Vec<String>,
    choices: Vec<Choice>,
    umap: Option<Umap>,
    vectors: Vec<Field>,
    /// By dimension, the first of which is 1. Several columns want them at the same time.
    points: [Once<Rc<Points>>; 3],
    /// The first columns of what has more than can be shown.
    first: Once<Rc<Vec<f32>>>,
    graph: Once<Rc<Graph>>,
    genes: RefCell<Option<Rc<Genes>>>,
    /// The latent space, where it is small enough to be kept.
    latent: Once<Rc<Vec<f32>>>,
    /// Columns that turned out to be damaged while a folder was written: what has no file is not listed either.
    lost: RefCell<HashSet<usize>>,
    /// Rows of the manifest that were written.
    rows: RefCell<HashMap<usize, Rc<str>>>,
    /// The last few columns asked for: codes and outliers come in pairs.
    coded: RefCell<Vec<(usize, Rc<Coded>)>>,
    /// Label counts of columns that had to be read to know.
    counts: RefCell<HashMap<usize, u64>>,
    place: Place,
}

/// Columns kept decoded.
const KEPT: usize = 4;

impl Export {
    /// Looks at what there is to show; reads no data.
    ///
    /// # Errors
    /// `Unsupported` when no embedding can be drawn, naming what is there.
    #[inline(never)] // As `wait::apart`.
    pub fn open(data: AnnData, options: Options) -> Result<Self> {
        let (choices, umap) = points::choose(&data, &options);
        if choices.is_empty() {
            return Err(points::nothing_drawn(&data));
        }
        let vectors = vectors::find(&data, &choices);
        let keys = match options.profile {
            Profile::Reference => data.obs.columns.clone(),
            Profile::Strict => names::unique(data.obs.columns.iter().map(String::as_str)),
        };
        let (points, first, graph, genes, latent, lost, rows, coded, counts) = Default::default();
        let place = Place::default();
        Ok(Self {
            data,
            options,
            keys,
            choices,
            umap,
            vectors,
            points,
            first,
            graph,
            genes,
            latent,
            lost,
            rows,
            coded,
            counts,
            place,
        })
    }

    /// The same with what its description says of the file around it.
    #[must_use]
    pub fn placed(self, place: &Place) -> Self {
        Self { place: place.clone(), ..self }
    }

    /// Why data cannot be shown, if so: what [`open`](Self::open) would say.
    pub fn cannot_show(data: &AnnData, options: &Options) -> Option<Error> {
        points::choose(data, options).0.is_empty().then(|| points::nothing_drawn(data))
    }

    /// The data behind it.
    pub fn data(&self) -> &AnnData {
        &self.data
    }

    /// The options in force.
    pub fn options(&self) -> &Options {
        &self.options
    }

    fn strict(&self) -> bool {
        self.options.profile == Profile::Strict
    }

    /// The data set's id.
    pub fn id(&self) -> String {
        self.options.id()
    }

    /// The data set's name.
    pub fn name(&self) -> String {
        self.options.name()
    }

    /// Makes a file.
    ///
    /// # Errors
    /// `Missing` when there is no such file for these data (the reference answers 404); otherwise what reading says.
    pub async fn file(&self, route: &Route) -> Result<File> {
        self.file_watched(route, None).await
    }

    /// Several files, made together: genes with one plan for all of them.
    ///
    /// # Errors
    /// As [`file`](Self::file), of the first that cannot be made.
    pub async fn files(&self, routes: &[Route]) -> Result<Vec<File>> {
        let gene = |route: &Route| matches!(route, Route::VarValues(_));
        let names: Vec<&str> = routes
            .iter()
            .filter_map(|route| if let Route::VarValues(name) = route { Some(name.as_str()) } else { None })
            .collect();
        let genes = async {
            let genes = self.genes_together(&names).await;
            genes.map_err(|e| e.in_file(self.data.tree().name()))
        };
        let others = wait::try_all(routes.iter().filter(|route| !gene(route)).map(|route| self.file(route)));
        let (genes, others) = try_join(genes, others).await?;
        let (mut genes, mut others) = (genes.into_iter(), others.into_iter());
        let next = |route: &Route| {
            if !gene(route) {
                return others.next();
            }
            let body = floats(genes.next()?);
            Some(File { media: "application/octet-stream", body })
        };
        Ok(routes.iter().filter_map(next).collect())
    }

    /// As [`file`](Self::file); `watch` is told which rows of a gene are final while the matrix is gone through.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub async fn file_watched(&self, route: &Route, watch: Option<Rc<dyn Watch>>) -> Result<File> {
        let made = self.make(route, watch).await;
        made.map_err(|e| e.at(route.path()).in_file(self.data.tree().name()))
    }

    async fn make(&self, route: &Route, watch: Option<Rc<dyn Watch>>) -> Result<File> {
        let plain = Packing::default();
        let body = match route {
            Route::Identity => apart(self.identity(&plain)).await?.text().into(),
            Route::ObsManifest => {
                apart(self.obs_manifest(&plain, &Ranges::default(), None)).await?.text().into()
            }
            Route::ObsField(name) => {
                let index = self.find_column(name)?;
                apart(self.obs_manifest(&plain, &Ranges::default(), Some(index))).await?.text().into()
            }
            Route::VarManifest => {
                let all = apart(self.chosen_genes(&plain)).await?;
                apart(self.var_manifest(&plain, &all, &Ranges::default())).await?.text().into()
            }
            Route::ConnectivityManifest => apart(self.connectivity_manifest(&plain)).await?.text().into(),
            Route::Health => self.health().text().into(),
            Route::Info => self.info().text().into(),
            Route::Datasets => self.datasets().text().into(),
            Route::Points(dim) => floats(Arc::clone(&apart(self.points(*dim)).await?.values)),
            Route::ObsValues(name) => floats(apart(self.numbers(self.find_column(name)?)).await?),
            Route::ObsCodes(name) => {
                apart(self.coded(self.find_column(name)?)).await?.bytes(self.options.profile)?.into()
            }
            Route::ObsOutliers(name) => floats(apart(self.outliers(self.find_column(name)?, None)).await?),
            // Not of the reference, which has no such files.
            Route::ObsNames | Route::ObsColours(_) | Route::ObsLabels(_)
                if self.options.profile == Profile::Reference =>
            {
                return Err(Error::missing("the reference serves no such file"));
            }
            Route::ObsNames => Json::list(self.data.obs.names().await?.iter()).text().into(),
            Route::ObsColours(name) => apart(self.colours(name)).await?.text().into(),
            Route::ObsLabels(name) => apart(self.label_list(name)).await?.text().into(),
            Route::VarValues(name) => floats(apart(self.gene(name, watch)).await?),
            Route::EdgeSources => self.edges(&apart(self.graph()).await?.from),
            Route::EdgeDestinations => self.edges(&apart(self.graph()).await?.to),
            Route::EdgeWeights => apart(self.graph())
                .await?
                .weights
                .iter()
                .flat_map(|w| w.to_le_bytes())
                .collect::<Vec<u8>>()
                .into(),
            Route::Vectors(id, dim) => {
                let field = self.vectors.iter().find(|field| field.id == *id);
                let key = field.and_then(|field| field.key(*dim));
                let key = key.ok_or_else(|| Error::missing("there is no such vector field"))?;
                let scale = apart(self.points(*dim)).await?.scale;
                floats(apart(vectors::read(&self.data, key, scale, self.options.profile)).await?)
            }
        };
        let media = if route.is_json() { "application/json" } else { "application/octet-stream" };
        Ok(File { media, body })
    }
}

/// Numbers as a file has them, little-endian: where they lie, if that is how this machine has them.
fn floats(values: impl Into<Arc<Vec<f32>>>) -> Bytes {
    struct Shared(Arc<Vec<f32>>);
    impl AsRef<[u8]> for Shared {
        fn as_ref(&self) -> &[u8] {
            bytemuck::cast_slice(&self.0)
        }
    }
    let values = values.into();
    if cfg!(target_endian = "little") {
        return Bytes::from_owner(Shared(values));
    }
    values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()
}
