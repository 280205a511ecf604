//! Session bundles: the file in which a viewer's state is saved. A magic line, a JSON manifest, then one chunk after the other.
//!
//! Compression is the host's: this module knows no codecs, it is given the means to undo gzip.

use std::ops::Range;

use serde_json::{Map, Value};

use super::BUNDLE_LIMIT;
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// The first bytes of a bundle.
pub const MAGIC: &[u8] = b"CELLUCID_SESSION\n";
/// Largest manifest, in bytes.
const MANIFEST: u64 = 16 << 20;
/// Largest chunk, unpacked, in bytes.
const UNPACKED: u64 = 512 << 20;

/// Undoes gzip: at most so many bytes.
pub type Inflate<'a> = &'a dyn Fn(&[u8], u64) -> Result<Vec<u8>>;

/// A bundle, its chunks still packed.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The manifest without its list of chunks: `createdAt`, `dataSource`, `datasetFingerprint`, `summary`.
    pub manifest: Map<String, Value>,
    /// The chunks, in order.
    pub chunks: Vec<Chunk>,
}

/// One chunk as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Its entry in the manifest: `id`, `contributorId`, `priority`, `kind`, `codec`, `label`, `datasetDependent`, `storedBytes`,
    /// `uncompressedBytes`, `dependsOn`.
    pub entry: Map<String, Value>,
    /// The stored bytes.
    pub stored: Vec<u8>,
}

impl Bundle {
    /// Takes a bundle apart.
    ///
    /// # Errors
    /// `Malformed` with the offset where the bytes stop making sense, `Limit` for lengths beyond what the format allows.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        Limits::size(bytes.len() as u64, BUNDLE_LIMIT as u64, "a session bundle")?;
        let mut at = 0;
        if take(bytes, &mut at, MAGIC.len(), "magic")? != MAGIC {
            return Err(Error::malformed("this is no Cellucid session: it begins with other bytes").offset(0));
        }
        let length = length(bytes, &mut at, MANIFEST, "the manifest")?;
        let from = at as u64;
        let text = take(bytes, &mut at, length, "manifest")?;
        let manifest: Value = serde_json::from_slice(text)
            .map_err(|e| Error::malformed("the manifest is not JSON").because(e).offset(from))?;
        let Value::Object(mut manifest) = manifest else {
            return Err(Error::malformed("the manifest is not a JSON object").offset(from));
        };
        let Some(Value::Array(entries)) = manifest.remove("chunks") else {
            return Err(Error::malformed("the manifest has no list \"chunks\"").offset(from));
        };
        let mut chunks = Vec::new();
        for entry in entries {
            let Value::Object(entry) = entry else {
                return Err(Error::malformed("an entry of \"chunks\" is not an object").offset(from));
            };
            let Some(id) = entry.get("id").and_then(Value::as_str) else {
                return Err(Error::malformed("an entry of \"chunks\" has no \"id\"").offset(from));
            };
            let length = self::length(bytes, &mut at, BUNDLE_LIMIT as u64, id)?;
            let stored = take(bytes, &mut at, length, id)?.to_vec();
            chunks.push(Chunk { entry, stored });
        }
        if at < bytes.len() {
            let left = bytes.len() - at;
            return Err(Error::malformed(format!("{left} bytes after the last chunk")).offset(at as u64));
        }
        Ok(Self { manifest, chunks })
    }

    /// The bundle as bytes; stored lengths in the manifest are made to agree.
    ///
    /// # Errors
    /// `Limit` when it is larger than the format allows.
    pub fn write(&self) -> Result<Vec<u8>> {
        let mut manifest = self.manifest.clone();
        let entries = self.chunks.iter().map(|chunk| {
            let mut entry = chunk.entry.clone();
            entry.insert("storedBytes".to_owned(), chunk.stored.len().into());
            Value::Object(entry)
        });
        manifest.insert("chunks".to_owned(), entries.collect());
        let text = Value::Object(manifest).to_string();
        Limits::size(text.len() as u64, MANIFEST, "the manifest")?;
        let size = self.chunks.iter().map(|chunk| chunk.stored.len() + 4).sum::<usize>()
            + MAGIC.len()
            + 4
            + text.len();
        let size = Limits::size(size as u64, BUNDLE_LIMIT as u64, "a session bundle")?;
        let mut out = Limits::room(size, "a session bundle")?;
        out.extend_from_slice(MAGIC);
        for part in
            std::iter::once(text.as_bytes()).chain(self.chunks.iter().map(|chunk| chunk.stored.as_slice()))
        {
            // Below the limit of a bundle, so it fits.
            out.extend_from_slice(&(part.len() as u32).to_le_bytes());
            out.extend_from_slice(part);
        }
        Ok(out)
    }

    /// The chunk of that id.
    pub fn chunk(&self, id: &str) -> Option<&Chunk> {
        self.chunks.iter().find(|chunk| chunk.id() == id)
    }
}

impl Chunk {
    /// Its name, such as `highlights/meta`.
    pub fn id(&self) -> &str {
        self.entry.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// The bytes, unpacked.
    ///
    /// # Errors
    /// `Malformed` when they are not as many as declared or the packing is damaged, `Unsupported` for an unknown codec, `Limit` when they
    /// are too many.
    pub fn unpack(&self, gunzip: Inflate<'_>) -> Result<Vec<u8>> {
        let declared = self.entry.get("uncompressedBytes").and_then(Value::as_u64);
        let most = declared.unwrap_or(UNPACKED);
        Limits::size(most, UNPACKED, "a chunk").map_err(|e| e.at(self.id()))?;
        let bytes = match self.entry.get("codec").and_then(Value::as_str) {
            Some("none") | None => self.stored.clone(),
            Some("gzip") => gunzip(&self.stored, most).map_err(|e| e.at(self.id()))?,
            Some(other) => return Err(Error::unsupported(format!("codec \"{other}\"")).at(self.id())),
        };
        match declared {
            Some(declared) if declared != bytes.len() as u64 => {
                Err(Error::malformed(format!("{} bytes where {declared} were declared", bytes.len()))
                    .at(self.id()))
            }
            _ => Ok(bytes),
        }
    }
}

fn length(bytes: &[u8], at: &mut usize, most: u64, what: &str) -> Result<usize> {
    let from = *at as u64;
    let field = take(bytes, at, 4, what)?;
    let length = field.try_into().map(u32::from_le_bytes).unwrap_or_default();
    Limits::size(length.into(), most, what).map_err(|e| e.offset(from))
}

fn take<'a>(bytes: &'a [u8], at: &mut usize, length: usize, what: &str) -> Result<&'a [u8]> {
    let span: Range<usize> = *at..at.saturating_add(length);
    let Some(taken) = bytes.get(span.clone()) else {
        let message = format!("the bundle ends after {} bytes, within {what}", bytes.len());
        return Err(Error::malformed(message).offset(*at as u64));
    };
    *at = span.end;
    Ok(taken)
}
