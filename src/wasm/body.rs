//! Bodies of replies: piece by piece into buffers that are used again, where the browser knows how. A whole body in a buffer of its own
//! is memory that nobody has touched before, several times over, and touching it is the dearest part of getting it.

use std::cell::RefCell;

use bytes::Bytes;
use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamByobReader, ReadableStreamDefaultReader, Response};

use super::{
    blob::take,
    fetch::{broken_off, stalled},
    time::within,
};
use crate::{
    error::{Error, Result},
    limits::Limits,
    source::reach::patience,
};

/// Bytes of a piece, at most: about as many as a browser's pipe holds.
const PIECE: u32 = 512 << 10;
/// Largest body taken at once.
const LARGEST: u64 = 1 << 30;
/// Smallest body that is had in pieces though its length is known.
const LARGE: u64 = 64 << 10;
/// Buffers that are kept for bodies to come.
const SPARE: usize = 8;

thread_local! {
    static SPARES: RefCell<Vec<ArrayBuffer>> = const { RefCell::new(Vec::new()) };
}

/// A body that has not been read.
pub struct Body<'r> {
    /// What it is of.
    pub response: &'r Response,
    /// Bytes that the host says it sends.
    pub announced: Option<u64>,
    /// Bytes after which it is over for sure.
    pub exact: Option<u64>,
    /// Bytes that there have to be.
    pub length: Option<u64>,
}

impl Body<'_> {
    /// Its bytes.
    ///
    /// # Errors
    /// `Source` when it breaks off or stops coming, `Limit` when there is no room for it.
    pub async fn read(&self) -> Result<Bytes> {
        Limits::size(self.most(), LARGEST, "a reply")?;
        // A length that the host itself announced bounds what the browser gathers.
        let known = self.announced.filter(|&n| n <= self.most());
        if known.is_some_and(|n| n < LARGE) {
            return self.whole().await;
        }
        let Some(stream) = self.response.body() else { return Ok(Bytes::new()) };
        let reader = match (ReadableStreamByobReader::new(&stream), known) {
            (Ok(reader), _) => Reader::Into(reader),
            (Err(_), Some(_)) => return self.whole().await,
            (Err(_), None) => Reader::Given(stream.get_reader().unchecked_into()),
        };
        let all = self.pieces(&reader);
        if known.is_none() {
            return all.await;
        }
        within(self.patience(), all).await.ok_or_else(stalled)?
    }

    /// Most bytes of it that are wanted; one piece more may be read.
    pub fn most(&self) -> u64 {
        self.length.unwrap_or(LARGEST)
    }

    /// Milliseconds in which all of it has to have come.
    fn patience(&self) -> u64 {
        patience(self.announced.unwrap_or(self.most()).max(self.length.unwrap_or_default()))
    }

    /// All of it at once.
    async fn whole(&self) -> Result<Bytes> {
        let whole = async { JsFuture::from(self.response.array_buffer()?).await };
        let whole = within(self.patience(), whole).await.ok_or_else(stalled)?;
        take(&Uint8Array::new(&whole.map_err(|e| broken_off(&e))?))
    }

    /// Piece by piece, up to one more than is wanted.
    async fn pieces(&self, reader: &Reader) -> Result<Bytes> {
        // Room for what was asked for; what a host says without being asked is believed when it is there.
        let room = Limits::size(self.length.unwrap_or_default(), LARGEST, "a reply")?;
        let mut all: Vec<u8> = Limits::room(room, "what was read")?;
        while all.len() as u64 <= self.most() && Some(all.len() as u64) != self.exact {
            let piece = within(patience(0), reader.next()).await.ok_or_else(stalled)?;
            let Some(piece) = piece.map_err(|e| broken_off(&e))? else { break };
            let room = all.try_reserve(piece.length() as usize);
            room.map_err(|_| Error::limit("there is no room for what the host sends"))?;
            all.extend_from_slice(&take(&piece)?);
            reader.done_with(&piece);
        }
        Ok(all.into())
    }
}

enum Reader {
    /// Into a buffer of ours.
    Into(ReadableStreamByobReader),
    /// Of a browser that does not know how.
    Given(ReadableStreamDefaultReader),
}

impl Reader {
    /// The next piece; `None` at the end.
    async fn next(&self) -> std::result::Result<Option<Uint8Array>, JsValue> {
        let promise = match self {
            Self::Into(reader) => {
                let buffer = SPARES.with_borrow_mut(Vec::pop).unwrap_or_else(|| ArrayBuffer::new(PIECE));
                reader.read_with_array_buffer_view(&Uint8Array::new(&buffer))
            }
            Self::Given(reader) => reader.read(),
        };
        let piece = JsFuture::from(promise).await?;
        let bytes: Option<Uint8Array> = Reflect::get(&piece, &"value".into())?.dyn_into().ok();
        let over = bytes.as_ref().is_none_or(|bytes| bytes.length() == 0)
            && Reflect::get(&piece, &"done".into())?.is_truthy();
        if over {
            bytes.iter().for_each(|bytes| self.done_with(bytes));
        }
        Ok(bytes.filter(|_| !over))
    }

    /// Takes the buffer of a piece back.
    fn done_with(&self, piece: &Uint8Array) {
        if matches!(self, Self::Into(_)) {
            SPARES.with_borrow_mut(|spares| {
                if spares.len() < SPARE {
                    spares.push(piece.buffer());
                }
            });
        }
    }
}
