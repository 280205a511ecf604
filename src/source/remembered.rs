//! A file whose metadata an earlier visit has read: what was found where then is at hand now.
//!
//! Sits between a source and the page cache of a format, whose requests it knows by their edges: whole pages. Those are taken
//! from the shelf, or noted for it. Only for files that tell when they have changed; the first request to a host has made sure
//! that this one has not, before anything kept is used.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    ops::Range,
    rc::Rc,
};

use bytes::Bytes;

use super::{ByteSource, Identity};
use crate::{
    error::Pending,
    shelf::{self, Kept, Shelf, sum},
};

/// Pages as the format's cache cuts them.
const PAGE: u64 = 16 << 10;
/// Longest request that is taken for metadata.
const LONGEST: u64 = 512 << 10;
/// Most bytes remembered of a file.
const MOST: usize = 8 << 20;
/// Ends what is kept; its last digit is the version of the form.
const MARK: [u8; 8] = *b"pages  1";
/// Pages that are worth writing it all anew, once it has been written a few times.
const MANY: usize = 16;
const OFTEN: u32 = 8;

/// A file in front of which its metadata are remembered.
pub struct Remembered {
    inner: Rc<dyn ByteSource>,
    shelf: Rc<dyn Shelf>,
    identity: String,
    pages: RefCell<BTreeMap<u64, Bytes>>,
    /// Pages that are not on the shelf yet.
    fresh: Cell<usize>,
    saves: Cell<u32>,
}

impl Remembered {
    /// A source with what the shelf has of it; `None` when it does not tell whether it has changed.
    pub async fn find(inner: &Rc<dyn ByteSource>, shelf: &Rc<dyn Shelf>) -> Option<Rc<Self>> {
        let Identity { text, .. } = inner.identity().filter(|identity| identity.exact)?;
        let identity = format!("pages of {text}");
        let name = shelf::name(&identity);
        let kept = shelf.find(&name).await.ok().flatten();
        let pages = match kept {
            Some(kept) => match read(&*kept, &identity, inner.len()).await {
                Some(pages) => pages,
                None => {
                    drop(kept);
                    shelf.discard(&name).await.ok();
                    BTreeMap::new()
                }
            },
            None => BTreeMap::new(),
        };
        let (fresh, saves) = Default::default();
        let (inner, shelf, pages) = (Rc::clone(inner), Rc::clone(shelf), RefCell::new(pages));
        Some(Rc::new(Self { inner, shelf, identity, pages, fresh, saves }))
    }

    /// Keeps what has been read, when that has become more.
    pub async fn save(&self) {
        let fresh = self.fresh.get();
        if fresh == 0 || (self.saves.get() >= OFTEN && fresh < MANY) {
            return;
        }
        self.fresh.set(0);
        self.saves.set(self.saves.get().saturating_add(1));
        let bytes = write(&self.identity, &self.pages.borrow());
        let kept = self.shelf.begin(&shelf::name(&self.identity), bytes.len() as u64).await;
        // Kept or not, this visit has all it needs.
        if let Ok(Some(kept)) = kept
            && kept.append(&bytes).await.is_ok()
        {
            kept.finish().await.ok();
        }
    }

    /// The pages that a request consists of, if it is one for pages.
    fn numbers(&self, span: &Range<u64>) -> Option<Range<u64>> {
        let len = span.end.checked_sub(span.start)?;
        let whole = span.start.is_multiple_of(PAGE)
            && (span.end.is_multiple_of(PAGE) || span.end == self.inner.len())
            && (1..=LONGEST).contains(&len);
        whole.then(|| span.start / PAGE..span.end.div_ceil(PAGE))
    }

    fn remembered(&self, span: &Range<u64>) -> Option<Bytes> {
        let pages = self.pages.borrow();
        let mut parts = self.numbers(span)?.map(|number| pages.get(&number));
        let first = parts.next()??;
        let mut all = vec![first.clone()];
        for part in parts {
            all.push(part?.clone());
        }
        Some(if all.len() == 1 { first.clone() } else { all.concat().into() })
    }

    fn note(&self, span: &Range<u64>, bytes: &Bytes) {
        let Some(numbers) = self.numbers(span) else { return };
        let mut pages = self.pages.borrow_mut();
        for (number, page) in numbers.zip(bytes.chunks(PAGE as usize)) {
            if pages.len().saturating_mul(PAGE as usize) >= MOST {
                return;
            }
            // A copy of its own: a page must not keep a whole request's buffer alive.
            if pages.insert(number, Bytes::copy_from_slice(page)).is_none() {
                self.fresh.set(self.fresh.get().saturating_add(1));
            }
        }
    }
}

impl ByteSource for Remembered {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn identity(&self) -> Option<Identity> {
        self.inner.identity()
    }

    fn is_far(&self) -> bool {
        self.inner.is_far()
    }

    fn at_hand(&self, span: &Range<u64>) -> bool {
        self.remembered(span).is_some()
    }

    fn gap(&self) -> u64 {
        self.inner.gap()
    }

    fn batch(&self) -> u64 {
        self.inner.batch()
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.inner.seconds(bytes)
    }

    fn sibling<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Rc<dyn ByteSource>>> {
        self.inner.sibling(path)
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        Box::pin(async move {
            let mut found: Vec<Option<Bytes>> = spans.iter().map(|span| self.remembered(span)).collect();
            let missing: Vec<Range<u64>> =
                spans.iter().zip(&found).filter(|(_, f)| f.is_none()).map(|(span, _)| span.clone()).collect();
            if !missing.is_empty() {
                let mut read = self.inner.read_many(&missing).await?.into_iter();
                for (slot, span) in found.iter_mut().filter(|slot| slot.is_none()).zip(&missing) {
                    *slot = read.next().inspect(|bytes| self.note(span, bytes));
                }
            }
            Ok(found.into_iter().flatten().collect())
        })
    }
}

/// Pages one behind the other, then their numbers, the identity, and 24 bytes: lengths of both, checksum of all before, mark.
fn write(identity: &str, pages: &BTreeMap<u64, Bytes>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for page in pages.values() {
        bytes.extend_from_slice(page);
    }
    for number in pages.keys() {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(identity.as_bytes());
    bytes.extend_from_slice(&(pages.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&(identity.len() as u32).to_le_bytes());
    let sum = sum(&bytes);
    bytes.extend_from_slice(&u64::from(sum).to_le_bytes());
    bytes.extend_from_slice(&MARK);
    bytes
}

/// The pages of a file of `len` bytes, if they are whole and its own.
async fn read(kept: &dyn Kept, identity: &str, len: u64) -> Option<BTreeMap<u64, Bytes>> {
    if kept.len() > 2 * MOST as u64 {
        return None;
    }
    let bytes = Bytes::from(shelf::read(kept, 0..kept.len()).await.ok()?);
    let end = bytes.len().checked_sub(16)?;
    let (body, foot) = bytes.split_at_checked(end)?;
    if foot.get(8..)? != MARK || foot.first_chunk().map(|b| u64::from_le_bytes(*b))? != u64::from(sum(body)) {
        return None;
    }
    let (body, lengths) = body.split_at_checked(end.checked_sub(8)?)?;
    let length = |at: usize| lengths.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b) as usize);
    let (count, text) = (length(0)?, length(4)?);
    let (body, whose) = body.split_at_checked(body.len().checked_sub(text)?)?;
    if whose != identity.as_bytes() {
        return None;
    }
    let numbers = body.get(body.len().checked_sub(count.checked_mul(8)?)?..)?;
    let mut pages = BTreeMap::new();
    let mut at = 0;
    for number in numbers.as_chunks::<8>().0 {
        let number = u64::from_le_bytes(*number);
        let start = number.checked_mul(PAGE).filter(|&start| start < len)?;
        let end = at + (len - start).min(PAGE) as usize;
        let page = body.get(at..end)?;
        pages.insert(number, Bytes::copy_from_slice(page));
        at = end;
    }
    Some(pages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{native::block_on, shelf::Memory, source::memory};

    struct Dated(memory::Memory, Cell<usize>);

    impl ByteSource for Dated {
        fn len(&self) -> u64 {
            self.0.len()
        }

        fn name(&self) -> &str {
            self.0.name()
        }

        fn identity(&self) -> Option<Identity> {
            Some(Identity { text: "a file of today".into(), exact: true })
        }

        fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
            self.1.set(self.1.get() + spans.len());
            self.0.read_many(spans)
        }
    }

    #[test]
    fn what_was_read_once_is_not_read_again() {
        let file: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
        let memory = Rc::new(Memory::new(1 << 20));
        let shelf: Rc<dyn Shelf> = Rc::clone(&memory) as Rc<dyn Shelf>;
        let wanted = [0..PAGE, 2 * PAGE..4 * PAGE, 6 * PAGE..100_000, 5..10];
        let visit = || {
            let dated = Rc::new(Dated(memory::Memory::new("f", file.clone()), Cell::new(0)));
            let inner: Rc<dyn ByteSource> = Rc::clone(&dated) as Rc<dyn ByteSource>;
            let source = block_on(Remembered::find(&inner, &shelf)).unwrap();
            let read = block_on(source.read_many(&wanted)).unwrap();
            for (span, bytes) in wanted.iter().zip(read) {
                assert_eq!(bytes, file[span.start as usize..span.end as usize]);
            }
            block_on(source.save());
            dated.1.get()
        };
        assert_eq!((visit(), visit()), (4, 1));
        let (name, whole) = memory.files().iter().next().map(|(k, v)| (k.clone(), v.clone())).unwrap();
        for at in (0..whole.len()).step_by(97).chain(whole.len() - 100..whole.len()) {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            memory.files().insert(name.clone(), damaged);
            assert_eq!(visit(), 4, "byte {at}");
            assert_eq!(memory.files()[&name], whole);
        }
        for len in [0, 1, 24, whole.len() - 1] {
            memory.files().insert(name.clone(), whole[..len].to_vec());
            assert_eq!(visit(), 4);
        }
    }
}
