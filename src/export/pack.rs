//! Writing a whole export folder, plain or as `prepare()` packs it: quantised, compressed, some genes only
//! (specification: section 12).

use bytes::Bytes;

use super::{
    Export, Route,
    fields::{self, range},
    floats,
    json::Json,
    safe,
};
use crate::error::{Error, Pending, Result};

/// Bytes of genes made at a time: one pass over a row-wise matrix answers them all.
const GENES_TOGETHER: u64 = 256 << 20;

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
        let code = |&value: &f32| {
            if value.is_finite() { ((value - origin) * scale).clamp(0.0, top) as u16 } else { top as u16 + 1 }
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

/// Where the files of a folder go.
pub trait Sink {
    /// Takes a file; `gzip` says with which level it has to be compressed, as its name says.
    ///
    /// # Errors
    /// `Source` when it cannot be stored.
    fn put<'a>(&'a self, path: String, body: Bytes, gzip: Option<u8>) -> Pending<'a, ()>;

    /// Is told how far the work is, in files.
    fn progress(&self, done: usize, total: usize) {
        let _ = (done, total);
    }
}

/// What the manifests have to say that is only known once the files are made.
#[derive(Default)]
pub(super) struct Ranges {
    /// By position of the column in obs.
    pub(super) obs: std::collections::HashMap<usize, (f64, f64)>,
    /// By position in the list of exported genes.
    pub(super) var: Vec<(f64, f64)>,
}

struct Work<'a> {
    packing: &'a Packing,
    sink: &'a dyn Sink,
    done: usize,
    total: usize,
}

impl Work<'_> {
    async fn binary(&mut self, path: &str, body: Bytes) -> Result<()> {
        self.sink.put(self.packing.path(path), body, self.packing.compression).await?;
        self.done += 1;
        self.sink.progress(self.done, self.total);
        Ok(())
    }

    async fn json(&self, route: &Route, json: &Json) -> Result<()> {
        self.sink.put(route.path(), json.text().into(), None).await
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
        let total = self.paths().await?.len();
        let mut work = Work { packing, sink, done: 0, total };
        let mut ranges = Ranges::default();
        for choice in self.choices.iter().filter(|_| self.data.n_obs() > 0) {
            let body = floats(&self.points(choice.dim).await?.values);
            work.binary(&Route::Points(choice.dim).path(), body).await?;
        }
        for field in &self.vectors {
            for (dim, _) in &field.keys {
                let route = Route::Vectors(field.id.clone(), *dim);
                work.binary(&route.path(), self.file(&route).await?.body).await?;
            }
        }
        self.pack_obs(&mut work, &mut ranges).await?;
        if self.data.connectivities().await?.is_some() {
            let mut routes = vec![Route::EdgeSources, Route::EdgeDestinations];
            if self.options.profile == super::Profile::Strict {
                routes.push(Route::EdgeWeights);
            }
            for route in routes {
                work.binary(&route.path(), self.file(&route).await?.body).await?;
            }
            work.json(&Route::ConnectivityManifest, &self.connectivity_manifest(packing).await?).await?;
        }
        self.pack_genes(&genes, &mut work, &mut ranges).await?;
        work.json(&Route::VarManifest, &self.var_manifest(packing, &genes, &ranges).await?).await?;
        work.json(&Route::ObsManifest, &self.obs_manifest(packing, &ranges).await?).await?;
        work.json(&Route::Identity, &self.identity(packing).await?).await
    }

    /// Positions, in the list of gene ids, of the genes to export.
    pub(super) async fn chosen_genes(&self, packing: &Packing) -> Result<Vec<usize>> {
        let ids = std::rc::Rc::clone(&self.genes().await?.ids);
        let Some(wanted) = &packing.genes else { return Ok((0..ids.len()).collect()) };
        let at: std::collections::HashMap<&str, usize> =
            ids.iter().enumerate().map(|(i, id)| (id, i)).collect();
        wanted
            .iter()
            .map(|id| {
                let unknown = || Error::request(format!("there is no gene \"{id}\"")).at("var");
                at.get(id.as_str()).copied().ok_or_else(unknown)
            })
            .collect()
    }

    async fn pack_obs(&self, work: &mut Work<'_>, ranges: &mut Ranges) -> Result<()> {
        let bits = work.packing.obs;
        // A name that several columns share stands for the first of them.
        let mut seen = std::collections::HashSet::new();
        for shown in self.shown().await? {
            let (i, name) = (shown.index, safe(&shown.key));
            let first = seen.insert(name.clone());
            let values = match shown.labels {
                None => fields::values(self.data.obs.column(i).await?),
                Some(_) => match self.coded(i).await {
                    Ok(coded) => {
                        if first {
                            let ext = if coded.is_narrow() { "u8" } else { "u16" };
                            let body = coded.bytes(self.options.profile)?.into();
                            work.binary(&format!("obs/{name}.codes.{ext}"), body).await?;
                        }
                        Ok(coded.outliers(self.latent().await?.as_deref(), &self.options))
                    }
                    Err(error) => Err(error),
                },
            };
            let values = match values {
                Ok(values) => values,
                Err(error) => {
                    self.data.skip(format!("{}/{name}", self.data.obs.path), error.to_string());
                    continue;
                }
            };
            let body = match bits {
                None => floats(&values),
                Some(bits) => {
                    let (body, low, high) = bits.quantize(&values);
                    ranges.obs.insert(i, (low, high));
                    body
                }
            };
            if first {
                let part = if shown.labels.is_some() { "outliers" } else { "values" };
                work.binary(&format!("obs/{name}.{part}.{}", Bits::ext(bits)), body).await?;
            }
        }
        Ok(())
    }

    async fn pack_genes(&self, genes: &[usize], work: &mut Work<'_>, ranges: &mut Ranges) -> Result<()> {
        if !self.has_genes() {
            return Ok(());
        }
        let list = self.genes().await?;
        let bits = work.packing.var;
        let together = (GENES_TOGETHER / self.data.n_obs().max(1) / 4).clamp(1, 4096) as usize;
        let mut seen = std::collections::HashSet::new();
        for group in genes.chunks(together) {
            let names: Vec<String> = group.iter().filter_map(|&i| list.ids.get(i).map(safe)).collect();
            let columns: Vec<u64> = names.iter().filter_map(|name| list.columns.get(name).copied()).collect();
            for (name, values) in names.iter().zip(self.columns(&columns).await?) {
                let body = match bits {
                    None => floats(&values),
                    Some(bits) => {
                        let (body, low, high) = bits.quantize(&values);
                        ranges.var.push((low, high));
                        body
                    }
                };
                if seen.insert(name.clone()) {
                    work.binary(&format!("var/{name}.values.{}", Bits::ext(bits)), body).await?;
                }
            }
        }
        Ok(())
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
