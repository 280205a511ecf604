//! `verify`: an export folder against the data it was made from.
//!
//! The folder says itself how it was made: profile, quantisation, compression, genes. The export is made again in the same way and
//! compared file by file, values as values, documents by what they say.

mod documents;
mod values;

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashSet},
    io::Read,
};

use bytes::Bytes;
use cellucid_wasm::{
    Error, Pending, Result,
    dataset::Dataset,
    export::{Bits, Export, Packed, Packing, Profile, Route, Sink},
    folder::{Folder, parse},
    native::block_on,
};
use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value, json};

use crate::{
    args::{For, Reading},
    output,
    source::Opened,
};

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// It is listed but not there.
    Absent,
    /// It is listed, but nothing in the source makes it.
    Foreign,
    /// It cannot be read.
    Damaged(String),
    /// It says something else than the source; for binaries the place is a number of values.
    Differs {
        /// Where.
        place: String,
        /// What stands there.
        there: String,
        /// What the source gives.
        source: String,
        /// How many values differ.
        count: u64,
    },
}

impl Finding {
    fn words(&self) -> String {
        match self {
            Self::Absent => "is not there".into(),
            Self::Foreign => "the source has no such thing".into(),
            Self::Damaged(why) => why.clone(),
            Self::Differs { place, there, source, count } => {
                let more = if *count > 1 { format!(" ({count} values differ)") } else { String::new() };
                format!("{place}: {there}, the source gives {source}{more}")
            }
        }
    }

    fn json(&self, file: &str) -> Value {
        match self {
            Self::Absent => json!({"file": file, "what": "absent"}),
            Self::Foreign => json!({"file": file, "what": "foreign"}),
            Self::Damaged(why) => json!({"file": file, "what": "damaged", "why": why}),
            Self::Differs { place, there, source, count } => {
                json!({"file": file, "what": "differs", "place": place, "there": there, "source": source, "count": count})
            }
        }
    }
}

pub fn run(source: &str, export: &str, as_json: bool, reading: &Reading) -> Result<()> {
    let (data, folder) = (Opened::new(source, &reading.headers)?, Opened::new(export, &reading.headers)?);
    let check = block_on(async {
        let Dataset::There(folder) = folder.dataset(reading).await? else {
            return Err(Error::request("is no export folder")
                .in_file(export)
                .hint("name the source first, then the folder that was exported from it"));
        };
        let told = Told::read(&folder).await?;
        let made = told.open(&data, reading).await?;
        let packing = told.packing(&made).await?;
        let listed: HashSet<String> = folder.paths().iter().cloned().collect();
        let (findings, seen, beyond) = Default::default();
        let check = Check { folder, listed, told, findings, seen, beyond };
        made.pack(&packing, &check).await?;
        Ok(check)
    })?;
    let (findings, compared) = check.finish();
    output::standard(|out| {
        for (file, finding) in &findings {
            match as_json {
                true => writeln!(out, "{}", finding.json(file))?,
                false => writeln!(out, "{file}: {}", finding.words())?,
            }
        }
        Ok(())
    })?;
    if findings.is_empty() {
        output::note(&format!("{export}: {compared} files, all as the source gives them"));
        return Ok(());
    }
    let wrong = findings.len();
    Err(Error::malformed(format!("{wrong} of {compared} files are not what the source gives"))
        .in_file(export)
        .hint("give the options it was exported with, or export it again"))
}

/// What a folder says of how it was made.
struct Told {
    identity: Map<String, Value>,
    obs: Map<String, Value>,
    var: Map<String, Value>,
}

impl Told {
    async fn read(folder: &Folder) -> Result<Self> {
        let [identity, obs, var] = ["dataset_identity.json", "obs_manifest.json", "var_manifest.json"];
        Ok(Self {
            identity: folder.document(identity).await?.unwrap_or_default(),
            obs: folder.document(obs).await?.unwrap_or_default(),
            var: folder.document(var).await?.unwrap_or_default(),
        })
    }

    /// Manifests that the identity promises.
    fn promised_manifests(&self) -> Vec<&'static str> {
        let stats = self.identity.get("stats");
        let stat = |name: &str| stats.and_then(|stats| stats.get(name));
        let genes = stat("n_genes").and_then(Value::as_u64).is_some_and(|n| n > 0);
        let columns =
            self.identity.get("obs_fields").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        let graph = stat("has_connectivity") == Some(&Value::Bool(true));
        let promised = [
            (genes, "var_manifest.json"),
            (columns, "obs_manifest.json"),
            (graph, "connectivity_manifest.json"),
        ];
        promised.into_iter().filter_map(|(promised, name)| promised.then_some(name)).collect()
    }

    fn setting(&self, name: &str) -> Option<u64> {
        self.identity.get("export_settings")?.get(name)?.as_u64()
    }

    /// Opens the source with the options that the folder was made with, as far as it tells and nobody says otherwise.
    async fn open(&self, opened: &Opened, reading: &Reading) -> Result<Export> {
        let mut options = reading.options(&opened.name, opened.folder);
        let (data, _) = opened.chosen(reading).await?.take(&options).await?;
        let ours =
            self.identity.get("cellucid_data_version").and_then(Value::as_str) == Some("anndata_adapter");
        let strict = ours && !self.identity.contains_key("_anndata_adapter");
        let strict = strict || matches!(reading.profile, For::Strict);
        options.profile = if strict { Profile::Strict } else { Profile::Reference };
        let share = self.obs.get("centroid_outlier_quantile").and_then(Value::as_f64);
        if let Some(share) = share.filter(|_| reading.centroid_quantile == 0.95) {
            options.centroid_quantile = share;
        }
        let latent = self.obs.get("latent_key").and_then(Value::as_str);
        // `prepare()` has a name of its own for whatever it was given.
        let latent = latent.filter(|key| data.embedding(key).is_some()).map(str::to_owned);
        options.latent_key = options.latent_key.or(latent);
        let column = self.var.get("var_gene_id_column").and_then(Value::as_str);
        options.gene_id_column = options.gene_id_column.or(column.map(str::to_owned));
        Export::open(data, options)
    }

    async fn packing(&self, made: &Export) -> Result<Packing> {
        let bits = |name: &str| match self.setting(name) {
            None => None,
            Some(8) => Some(Bits::Eight),
            Some(_) => Some(Bits::Sixteen),
        };
        let ids = |manifest: &Map<String, Value>| -> Vec<String> {
            let rows = manifest.get("fields").and_then(Value::as_array).into_iter().flatten();
            rows.filter_map(|row| row.get(0).and_then(Value::as_str).map(str::to_owned)).collect()
        };
        let theirs = ids(&self.var);
        let ours = ids(&parse(&made.file(&Route::VarManifest).await?.body)?);
        let genes = (theirs != ours).then(|| {
            let known: HashSet<&String> = ours.iter().collect();
            theirs.iter().filter(|id| known.contains(id)).cloned().collect()
        });
        Ok(Packing {
            compression: self.setting("compression").and_then(|level| u8::try_from(level).ok()),
            var: bits("var_quantization"),
            obs: bits("obs_continuous_quantization"),
            genes,
            memory: Some(1 << 30),
        })
    }
}

/// Takes the files of the export made again, and keeps what differs.
struct Check {
    folder: Folder,
    /// Files that the folder's manifests name.
    listed: HashSet<String>,
    told: Told,
    findings: RefCell<BTreeMap<String, Finding>>,
    seen: RefCell<HashSet<String>>,
    /// Files that the source gives and the folder does not list: it need not hold everything.
    beyond: RefCell<u64>,
}

impl Check {
    async fn look(&self, file: Packed) -> Result<()> {
        let mut path = file.path;
        let mut body = file.body;
        // `prepare()` may have been told to use wide codes for all.
        if !self.listed.contains(&path)
            && let Some(wide) = path.find(".codes.u8").map(|at| path[..at].to_owned() + ".codes.u16")
        {
            let wide = if path.ends_with(".gz") { wide + ".gz" } else { wide };
            if self.listed.contains(&wide) {
                path = wide;
                body = values::widen(&body);
            }
        }
        if !self.listed.contains(&path) {
            *self.beyond.borrow_mut() += 1;
            return Ok(());
        }
        self.seen.borrow_mut().insert(path.clone());
        let finding = match self.folder.file(&path).await? {
            None => Some(Finding::Absent),
            Some(there) if path.ends_with(".json") => self.document(&path, &there, &body),
            Some(there) => match inflate(&path, there, body.len()) {
                Ok(there) => values::difference(&path, &there, &body, self.index_bytes()),
                Err(why) => Some(Finding::Damaged(why)),
            },
        };
        if let Some(finding) = finding {
            self.findings.borrow_mut().insert(path, finding);
        }
        Ok(())
    }

    fn document(&self, path: &str, there: &Bytes, source: &Bytes) -> Option<Finding> {
        match (parse(there), parse(source)) {
            (Ok(there), Ok(source)) => documents::difference(path, &there, &source),
            (Err(error), _) | (_, Err(error)) => Some(Finding::Damaged(error.to_string())),
        }
    }

    /// Bytes of a cell's number in edge files: narrow as long as all cells can be told apart.
    fn index_bytes(&self) -> usize {
        let cells = self.told.identity.get("stats").and_then(|s| s.get("n_cells")).and_then(Value::as_u64);
        if cells.is_some_and(|n| n > 65_536) { 4 } else { 2 }
    }

    /// All findings, and the number of files that were looked at.
    fn finish(self) -> (BTreeMap<String, Finding>, usize) {
        let (mut findings, seen) = (self.findings.into_inner(), self.seen.into_inner());
        for path in self.listed.difference(&seen) {
            findings.insert(path.clone(), Finding::Foreign);
        }
        for path in self.told.promised_manifests().into_iter().filter(|path| !self.listed.contains(*path)) {
            findings.insert(path.to_owned(), Finding::Absent);
        }
        match self.beyond.into_inner() {
            0 => {}
            1 => output::note("a file that the source gives is not part of the folder"),
            more => output::note(&format!("{more} files that the source gives are not part of the folder")),
        }
        (findings, self.listed.len())
    }
}

/// A file without its gzip wrapping. No more is inflated than is needed to see that it is too long.
fn inflate(path: &str, packed: Bytes, wanted: usize) -> std::result::Result<Bytes, String> {
    if !path.ends_with(".gz") {
        return Ok(packed);
    }
    let mut out = Vec::new();
    let most = wanted as u64 + 1;
    match MultiGzDecoder::new(&*packed).take(most).read_to_end(&mut out) {
        Ok(_) => Ok(out.into()),
        Err(error) => Err(format!("cannot be inflated: {error}")),
    }
}

impl Sink for Check {
    fn put<'a>(&'a self, file: Packed) -> Pending<'a, ()> {
        Box::pin(async move { self.look(file).await })
    }
}
