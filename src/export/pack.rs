//! Writing a whole export folder, plain or as `prepare()` packs it: quantised, compressed, some genes only
//! (specification: section 12).

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use super::{
    Export, Profile, Route,
    fields::{self, range},
    floats,
    json::Json,
    safe,
};
use crate::{
    anndata::Matrix,
    error::{Error, Pending, Result},
};

/// Bytes of gene values held at a time, unless the caller says otherwise.
const GENES_TOGETHER: u64 = 256 << 20;
/// Most genes made together, however small they are.
const MOST_TOGETHER: usize = 1 << 16;

/// Width of quantised values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bits {
    /// One byte.
    Eight,
    /// Two bytes.
    Sixteen,
}

impl Bits {
    /// File name's ending.
    pub(super) fn ext(bits: Option<Self>) -> &'static str {
        match bits {
            None => "f32",
            Some(Self::Eight) => "u8",
            Some(Self::Sixteen) => "u16",
        }
    }

    pub(super) fn dtype(bits: Option<Self>) -> &'static str {
        match bits {
            None => "float32",
            Some(Self::Eight) => "uint8",
            Some(Self::Sixteen) => "uint16",
        }
    }

    pub(super) fn number(self) -> u64 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }

    /// Codes of values, and the range they stand for; what is not finite gets the largest code.
    fn quantize(self, values: &[f32]) -> (Bytes, f64, f64) {
        let (low, mut high) = range(values);
        if high == low {
            high = low + 1.0;
        }
        let top = match self {
            Self::Eight => 254.0_f32,
            Self::Sixteen => 65_534.0,
        };
        let (origin, scale) = (low as f32, (f64::from(top) / (high - low)) as f32);
        // Not `clamp`: what it says of wrong bounds brings a printer of decimal numbers.
        let code = |&value: &f32| {
            if value.is_finite() {
                ((value - origin) * scale).max(0.0).min(top) as u16
            } else {
                top as u16 + 1
            }
        };
        let bytes: Vec<u8> = match self {
            Self::Eight => values.iter().map(|v| code(v) as u8).collect(),
            Self::Sixteen => values.iter().flat_map(|v| code(v).to_le_bytes()).collect(),
        };
        (bytes.into(), low, high)
    }
}

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

/// Smallest and largest finite value of a file, as doubles.
pub type Range = (f64, f64);

/// A file on its way into a folder.
#[derive(Clone, Debug)]
pub struct Packed {
    /// Where it belongs.
    pub path: String,
    /// Its content, not compressed.
    pub body: Bytes,
    /// The gzip level with which it has to be stored, as its name says.
    pub gzip: Option<u8>,
    /// What its quantised values stand for; the manifests repeat it.
    pub range: Option<Range>,
}

/// Where the files of a folder go.
pub trait Sink {
    /// Takes a file.
    ///
    /// # Errors
    /// `Source` when it cannot be stored.
    fn put<'a>(&'a self, file: Packed) -> Pending<'a, ()>;

    /// Whether a binary file is there already, from a run that was interrupted, and with what range it was put: it is not made
    /// again.
    fn kept(&self, path: &str) -> Option<Option<Range>> {
        let _ = path;
        None
    }

    /// Is told, before the first, how many files there will be, those that are kept among them.
    fn expect(&self, files: usize) {
        let _ = files;
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

struct Work<'a> {
    packing: &'a Packing,
    sink: &'a dyn Sink,
}

impl Work<'_> {
    async fn binary(&self, path: &str, body: Bytes, range: Option<Range>) -> Result<()> {
        let gzip = self.packing.compression;
        self.sink.put(Packed { path: self.packing.path(path), body, gzip, range }).await
    }

    /// Whether a file need not be made, and its range.
    fn kept(&self, path: &str) -> Option<Option<Range>> {
        self.sink.kept(&self.packing.path(path))
    }

    async fn json(&self, route: &Route, json: &Json) -> Result<()> {
        let body = json.text().into();
        self.sink.put(Packed { path: route.path(), body, gzip: None, range: None }).await
    }
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

    /// Positions, in the list of gene ids, of the genes to export.
    pub(super) async fn chosen_genes(&self, packing: &Packing) -> Result<Vec<usize>> {
        let ids = std::rc::Rc::clone(&self.genes().await?.ids);
        let Some(wanted) = &packing.genes else { return Ok((0..ids.len()).collect()) };
        let at: HashMap<&str, usize> = ids.iter().enumerate().map(|(i, id)| (id, i)).collect();
        wanted
            .iter()
            .map(|id| {
                let unknown = || {
                    let hint = "check the name, case included: genes are named as in var_manifest.json";
                    Error::request(format!("there is no gene \"{id}\"")).at("var").hint(hint)
                };
                at.get(id.as_str()).copied().ok_or_else(unknown)
            })
            .collect()
    }

    async fn pack_obs(&self, work: &Work<'_>, ranges: &mut Ranges) -> Result<()> {
        let bits = work.packing.obs;
        // A name that several columns share stands for the first of them.
        let mut seen = HashSet::new();
        for shown in self.shown().await? {
            let (i, name) = (shown.index, safe(&shown.key));
            let first = seen.insert(name.clone());
            // The others have no file, only, where values are quantised, a range in the manifest.
            if !first && bits.is_none() {
                continue;
            }
            let part = if shown.labels.is_some() { "outliers" } else { "values" };
            let path = format!("obs/{name}.{part}.{}", Bits::ext(bits));
            if first && let Some(labels) = shown.labels {
                let ext = if fields::is_narrow(labels) { "u8" } else { "u16" };
                let codes = format!("obs/{name}.codes.{ext}");
                if work.kept(&codes).is_none() {
                    match self.coded(i).await {
                        Ok(coded) => {
                            work.binary(&codes, coded.bytes(self.options.profile)?.into(), None).await?;
                        }
                        Err(error) => {
                            self.lose(i, &shown.key, &error);
                            continue;
                        }
                    }
                }
            }
            if first && let Some(range) = work.kept(&path) {
                ranges.obs.extend(range.map(|range| (i, range)));
                continue;
            }
            let values = match shown.labels {
                None => self.numbers(i).await,
                Some(_) => self.outliers(i, work.packing.memory).await,
            };
            let values = match values {
                Ok(values) => values,
                Err(error) => {
                    self.lose(i, &shown.key, &error);
                    continue;
                }
            };
            let (body, range) = packed(values, bits);
            ranges.obs.extend(range.map(|range| (i, range)));
            if first {
                work.binary(&path, body, range).await?;
            }
        }
        Ok(())
    }

    /// Leaves out a column that cannot be read.
    fn lose(&self, index: usize, key: &str, error: &Error) {
        self.data.skip(format!("{}/{key}", self.data.obs.path), error.to_string());
        self.lost.borrow_mut().insert(index);
    }

    async fn pack_genes(&self, genes: &[usize], work: &Work<'_>, ranges: &mut Ranges) -> Result<()> {
        if !self.has_genes() {
            return Ok(());
        }
        let list = self.genes().await?;
        let bits = work.packing.var;
        // What is there already first: its ranges are known, and no pass is made for it.
        let mut found: Vec<Option<Range>> = Vec::with_capacity(genes.len());
        let mut todo = Vec::new();
        let mut seen = HashSet::new();
        for (place, &gene) in genes.iter().enumerate() {
            let name = list.ids.get(gene).map(safe).unwrap_or_default();
            let path = format!("var/{name}.values.{}", Bits::ext(bits));
            let first = seen.insert(name.clone());
            let kept = if first { work.kept(&path) } else { None };
            found.push(kept.flatten());
            if kept.is_none() && (first || bits.is_some()) {
                let column =
                    *list.columns.get(&name).ok_or_else(|| Error::missing("a gene without a column"))?;
                todo.push((place, column, path, first));
            }
        }
        for group in todo.chunks(self.genes_at_a_time(work.packing)) {
            let columns: Vec<u64> = group.iter().map(|(_, column, ..)| *column).collect();
            for ((place, _, path, first), values) in
                group.iter().zip(self.stored_columns(&columns, None).await?)
            {
                let (body, range) = packed(values.into_f32()?, bits);
                if let Some(slot) = found.get_mut(*place) {
                    *slot = range;
                }
                if *first {
                    work.binary(path, body, range).await?;
                }
            }
        }
        ranges.var = found.into_iter().flatten().collect();
        Ok(())
    }

    /// How many genes are made together: as many as the memory allows, for a pass over a row-wise matrix answers them all.
    fn genes_at_a_time(&self, packing: &Packing) -> usize {
        let x = self.data.x.as_ref();
        let wide = x.is_some_and(|x| x.dtype().ends_with("64"));
        let values = self.data.n_obs().max(1).saturating_mul(if wide { 8 } else { 4 });
        let gene = values.saturating_add(x.map_or(0, Matrix::beside_column));
        let memory = packing.memory.unwrap_or(GENES_TOGETHER);
        usize::try_from(memory / gene).unwrap_or(usize::MAX).clamp(1, MOST_TOGETHER)
    }
}

/// A file's bytes, and the range of its values where they are quantised.
fn packed(values: Vec<f32>, bits: Option<Bits>) -> (Bytes, Option<Range>) {
    match bits {
        None => (floats(values), None),
        Some(bits) => {
            let (body, low, high) = bits.quantize(&values);
            (body, Some((low, high)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantisation_truncates_and_marks_what_is_not_finite() {
        let (codes, low, high) = Bits::Eight.quantize(&[0.0, 1.0, 2.0, 3.0, f32::NAN, f32::INFINITY, -1.0]);
        assert_eq!(codes, [63_u8, 127, 190, 254, 255, 255, 0].as_slice());
        assert_eq!((low, high), (-1.0, 3.0));
    }
}
