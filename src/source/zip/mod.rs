//! A zip archive as a keyed source: its files are read in place, by the central directory alone.
//!
//! Members may be stored or deflated. A member is one request: its local header, whose length only itself knows, comes
//! along with its data.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod directory;

use std::{cell::RefCell, collections::HashMap, ops::Range, rc::Rc};

use bytes::Bytes;

use super::{ByteSource, Identity, KeyedSource, Part, merge::Merged};
use crate::{
    codec::{Room, deflate},
    error::{Error, Kind, Pending, Result},
    limits::Limits,
};
use directory::{End, Entries, Entry, LOCAL, number};

/// The most that is asked for at once.
const MOST: u64 = 16 << 20;
/// How much longer names and extra fields of a local header may be than those of the directory before a part of the
/// member has to be asked for again.
const SLACK: u64 = 64;
/// Most bytes of inflated members that are kept because only parts of them were wanted.
const KEPT: usize = 64 << 20;

/// A zip archive.
pub struct ZipStore {
    archive: Rc<dyn ByteSource>,
    limits: Limits,
    entries: Entries,
    /// What all keys begin with.
    prefix: String,
    /// Where the data of members begin, once known.
    starts: RefCell<HashMap<u64, u64>>,
    inflated: RefCell<Vec<(u64, Bytes)>>,
}

impl ZipStore {
    /// Opens an archive: reads its directory. Where a Zarr store or an export folder lies in a folder of the archive,
    /// that folder is the root.
    ///
    /// # Errors
    /// `Malformed` when it is no zip archive or a damaged one, `Limit` when its directory is too large.
    pub async fn open(archive: Rc<dyn ByteSource>, limits: Limits) -> Result<Self> {
        let name = archive.name().to_owned();
        Self::open_archive(archive, limits).await.map_err(|e| e.in_file(name))
    }

    async fn open_archive(archive: Rc<dyn ByteSource>, limits: Limits) -> Result<Self> {
        let len = archive.len();
        let start = len.saturating_sub(directory::TAIL);
        let tail = archive.read(start..len).await?;
        let read = async |span: Range<u64>, what: &str| -> Result<Bytes> {
            Limits::size(span.end.saturating_sub(span.start), limits.header, what)?;
            match (span.start.checked_sub(start), span.end.checked_sub(start)) {
                (Some(from), Some(to)) if to <= tail.len() as u64 => {
                    Ok(tail.slice(from as usize..to as usize))
                }
                _ => archive.read(span).await,
            }
        };
        let place = match directory::end(&tail, start)? {
            End::Place(place) => place,
            End::Record64(span) => directory::end64(&read(span.clone(), "an end record").await?, span.start)?,
        };
        let entries = read(place.span.clone(), "the directory of a zip archive").await?;
        let entries = directory::entries(&entries, &place, &limits)?;
        let prefix = root(&entries);
        Ok(Self {
            archive,
            limits,
            entries,
            prefix,
            starts: RefCell::default(),
            inflated: RefCell::default(),
        })
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        if self.prefix.is_empty() {
            self.entries.get(key)
        } else {
            self.entries.get(&format!("{}{key}", self.prefix))
        }
    }

    /// What to read of the archive for a part of a member.
    fn plan(&self, key: &str, entry: &Entry, part: &Part) -> Result<Plan> {
        let named = |e: Error| e.at(key);
        if entry.encrypted {
            return Err(named(Error::unsupported("is encrypted in the zip archive"))
                .hint("write the archive again without a password"));
        }
        if !matches!(entry.method, 0 | 8) {
            let method = entry.method;
            return Err(named(Error::unsupported(format!("zip compression method {method} is not read")))
                .hint("write the archive again with no compression (zip -0) or the usual one"));
        }
        if entry.method == 0 && entry.stored != entry.size {
            return Err(named(Error::malformed("is stored in the zip archive with two sizes")));
        }
        Limits::size(entry.size, self.limits.chunk.saturating_mul(4), "a file in the zip archive")
            .map_err(named)?;
        let wanted = match part {
            Part::All => 0..entry.size,
            Part::Span(span) => span.clone(),
            Part::Last(n) => entry.size.saturating_sub(*n)..entry.size,
        };
        if wanted.start > wanted.end || wanted.end > entry.size {
            return Err(named(Error::malformed(format!(
                "bytes {}..{} are wanted but it has only {}",
                wanted.start, wanted.end, entry.size
            ))));
        }
        // Of deflated data every part needs all before it.
        let data = if entry.method == 0 { wanted.clone() } else { 0..entry.stored };
        Ok(Plan { wanted, data, all: *part == Part::All })
    }

    /// The spans of the archive that hold a local header and the data wanted.
    fn spans(&self, entry: &Entry, plan: &Plan) -> Result<[Range<u64>; 2]> {
        let over = || Error::malformed("zip archive places a file past its end");
        let at = |start: u64, by: u64| start.checked_add(by).ok_or_else(over);
        let len = self.archive.len();
        if let Some(&start) = self.starts.borrow().get(&entry.offset) {
            let data = at(start, plan.data.start)?..at(start, plan.data.end)?;
            return Ok([entry.offset..entry.offset, data]);
        }
        let header = at(entry.offset, LOCAL)?;
        // Where the data begin if the local header says what the directory says.
        let guess = at(header, entry.names)?;
        let end = at(at(guess, plan.data.end)?, SLACK)?.min(len);
        // The local extra field may be shorter too.
        let start = at(header, plan.data.start)?.min(end);
        Ok([entry.offset..header.min(len), start..end])
    }

    async fn read(&self, wanted: &[(String, Part)]) -> Result<Vec<Option<Bytes>>> {
        let mut out = vec![None; wanted.len()];
        let mut work = Vec::new();
        for (i, (key, part)) in wanted.iter().enumerate() {
            let Some(entry) = self.entry(key) else { continue };
            let plan = self.plan(key, entry, part)?;
            if let Some(whole) = self.kept(entry.offset) {
                if let Some(slot) = out.get_mut(i) {
                    *slot = Some(whole.slice(plan.wanted.start as usize..plan.wanted.end as usize));
                }
                continue;
            }
            work.push(Task { i, key, entry, plan });
        }
        // Once with a guess at where data begin, then for those that begin elsewhere.
        for _ in 0..2 {
            work = self.round(work, &mut out).await?;
            if work.is_empty() {
                return Ok(out);
            }
        }
        Err(Error::malformed("zip archive changes while it is read"))
    }

    /// Reads what it can; gives back what has to be asked for again.
    async fn round<'w>(&'w self, work: Vec<Task<'w>>, out: &mut [Option<Bytes>]) -> Result<Vec<Task<'w>>> {
        let mut spans = Vec::with_capacity(work.len().saturating_mul(2));
        for task in &work {
            spans.extend(self.spans(task.entry, &task.plan).map_err(|e| e.at(task.key))?);
        }
        let merged = Merged::plan(&spans, self.archive.gap(), MOST);
        let read = merged.cut(&self.archive.read_many(&merged.spans).await?);
        let (pairs, _) = read.as_chunks::<2>();
        let (spans, _) = spans.as_chunks::<2>();
        let mut again = Vec::new();
        for ((task, [header, data]), [_, span]) in work.into_iter().zip(pairs).zip(spans) {
            if !header.is_empty() {
                self.note(task.entry, header).map_err(|e| e.at(task.key))?;
            }
            let start = self.starts.borrow().get(&task.entry.offset).copied().unwrap_or(u64::MAX);
            let from = start.saturating_add(task.plan.data.start).checked_sub(span.start);
            let to = start.saturating_add(task.plan.data.end).checked_sub(span.start);
            let (Some(from), Some(to)) = (from, to.filter(|&to| to <= data.len() as u64)) else {
                again.push(task);
                continue;
            };
            let data = data.slice(from as usize..to as usize);
            let bytes = self.unpack(&task, data).map_err(|e| e.at(task.key))?;
            if let Some(slot) = out.get_mut(task.i) {
                *slot = Some(bytes);
            }
        }
        Ok(again)
    }

    /// Learns from a local header where data begin.
    fn note(&self, entry: &Entry, header: &[u8]) -> Result<()> {
        let damaged = || Error::malformed("has no local header in the zip archive");
        let (Some(name), Some(extra), true) =
            (number(header, 26, 2), number(header, 28, 2), header.starts_with(b"PK\x03\x04"))
        else {
            return Err(damaged());
        };
        let start = entry.offset.saturating_add(LOCAL).saturating_add(name).saturating_add(extra);
        if start.checked_add(entry.stored).is_none_or(|end| end > self.archive.len()) {
            return Err(Error::malformed("lies past the end of the zip archive"));
        }
        self.starts.borrow_mut().insert(entry.offset, start);
        Ok(())
    }

    fn unpack(&self, task: &Task<'_>, data: Bytes) -> Result<Bytes> {
        let (entry, plan) = (task.entry, &task.plan);
        if entry.method == 0 {
            if plan.all {
                check(entry, &data)?;
            }
            return Ok(data);
        }
        let size = Limits::size(entry.size, self.limits.chunk, "a deflated file in the zip archive")?;
        let whole: Bytes = deflate::raw(&data, Room::exact(size))?.into();
        check(entry, &whole)?;
        if plan.all {
            return Ok(whole);
        }
        let part = whole.slice(plan.wanted.start as usize..plan.wanted.end as usize);
        let mut kept = self.inflated.borrow_mut();
        kept.push((entry.offset, whole));
        while kept.iter().map(|(_, bytes)| bytes.len()).fold(0, usize::saturating_add) > KEPT {
            kept.remove(0);
        }
        Ok(part)
    }

    fn kept(&self, offset: u64) -> Option<Bytes> {
        self.inflated.borrow().iter().find(|(at, _)| *at == offset).map(|(_, bytes)| bytes.clone())
    }
}

/// What is wanted of a member, and what has to be read for it.
struct Plan {
    wanted: Range<u64>,
    /// Within the stored data.
    data: Range<u64>,
    all: bool,
}

struct Task<'w> {
    i: usize,
    key: &'w str,
    entry: &'w Entry,
    plan: Plan,
}

fn check(entry: &Entry, whole: &[u8]) -> Result<()> {
    let found = crate::codec::checksum::crc32(whole);
    if whole.len() as u64 != entry.size || found != entry.crc {
        return Err(Error::malformed(format!(
            "is damaged in the zip archive: {} bytes with CRC-32 {found:08x} instead of {} with {:08x}",
            whole.len(),
            entry.size,
            entry.crc
        )));
    }
    Ok(())
}

/// Documents that lie at the top of what is archived: of Zarr stores and of export folders.
const TOP: [&str; 5] = ["zarr.json", ".zgroup", ".zarray", "dataset_identity.json", "datasets.json"];

/// The folder with such a document that lies above all others, as a prefix; the archive's root where there is none,
/// or several.
fn root(entries: &Entries) -> String {
    let folders = entries.keys().filter_map(|key| {
        let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
        TOP.contains(&name).then_some(folder)
    });
    let depth = |folder: &str| if folder.is_empty() { 0 } else { folder.split('/').count() };
    let mut best: Option<&str> = None;
    let mut rivals = false;
    for folder in folders {
        match best {
            Some(other) if other == folder || depth(other) < depth(folder) => {}
            Some(other) if depth(other) == depth(folder) => rivals = true,
            _ => (best, rivals) = (Some(folder), false),
        }
    }
    match best {
        Some(folder) if !rivals && !folder.is_empty() => format!("{folder}/"),
        _ => String::new(),
    }
}

impl KeyedSource for ZipStore {
    fn name(&self) -> &str {
        self.archive.name()
    }

    fn identity(&self) -> Option<Identity> {
        self.archive.identity()
    }

    fn is_far(&self) -> bool {
        self.archive.is_far()
    }

    fn gap(&self) -> u64 {
        self.archive.gap()
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.archive.seconds(bytes)
    }

    fn get_many<'a>(&'a self, wanted: &'a [(String, Part)]) -> Pending<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            self.read(wanted).await.map_err(|e| match e.kind {
                Kind::Source => e,
                _ => e.in_file(self.name()),
            })
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async move {
            let prefix = format!("{}{prefix}", self.prefix);
            let mut names = Vec::new();
            let mut next = prefix.clone();
            // A folder with a million files is one step.
            while let Some((key, _)) = self.entries.range(next.clone()..).next() {
                let Some(rest) = key.strip_prefix(&prefix) else { break };
                match rest.split_once('/') {
                    Some((folder, _)) => {
                        names.push(format!("{folder}/"));
                        // The character behind the slash.
                        next = format!("{prefix}{folder}0");
                    }
                    None => {
                        names.push(rest.to_owned());
                        next = format!("{key}\0");
                    }
                }
            }
            Ok(Some(names))
        })
    }
}
