//! Loads an object's header: all blocks, shared messages in place.

use std::{collections::HashSet, rc::Rc};

use bytes::Bytes;

use super::fractal::Heap;
use crate::{
    error::{Error, Result},
    hdf5::{
        cursor::Cursor,
        header::{self, Message, Prefix, kind},
        message::shared::{self, Shared},
        space::Space,
    },
    wait,
};

/// Read at once in the hope that the header fits: most do, and a page boundary then costs no second round.
pub const USUAL: u64 = 512;
/// Owner of decoded headers in the space's cache.
const OWNER: u64 = u64::MAX;

/// A header with all its messages.
#[derive(Debug)]
pub struct Object {
    /// Its address.
    pub address: u64,
    /// Attributes carry their creation order.
    pub ordered: bool,
    /// In the file's order.
    pub messages: Vec<Message>,
}

impl Object {
    /// The first message of a kind.
    pub fn message(&self, kind: u16) -> Option<&Message> {
        self.messages.iter().find(|m| m.kind == kind)
    }

    /// A cursor over the first message of a kind.
    pub fn cursor(&self, space: &Space, kind: u16, what: &'static str) -> Option<Cursor<'_>> {
        self.message(kind).map(|m| m.cursor(space.widths(), what))
    }
}

/// What resolving shared messages needs besides the space.
#[derive(Debug, Default)]
pub struct Sharing {
    /// Which heap holds which kinds of message.
    pub heaps: Vec<(u16, u64)>,
}

/// The first block of a header only: where a group's links are is nearly always there, and a walk along a path need not
/// wait for the rest. `true`: that was all of it, or all of it was there already.
///
/// # Errors
/// As [`load`].
pub async fn begin(space: &Space, address: u64) -> Result<(Rc<Object>, bool)> {
    if let Some(object) = space.kept::<Object>(OWNER, address) {
        return Ok((object, true));
    }
    let (object, _, more) = first(space, address).await?;
    Ok((Rc::new(object), more.is_empty()))
}

/// Loads a header; each is decoded once.
///
/// # Errors
/// `Malformed`, `Unsupported`, `Limit`, `Source`.
pub async fn load(space: &Space, sharing: &Sharing, address: u64) -> Result<Rc<Object>> {
    if let Some(object) = space.kept::<Object>(OWNER, address) {
        return Ok(object);
    }
    let mut object = blocks(space, address).await?;
    let shared: Vec<_> = object.messages.iter().filter(|m| m.flags & 2 != 0).cloned().collect();
    let resolved = wait::all(shared.iter().map(|m| resolve(space, sharing, m))).await;
    let mut resolved = resolved.into_iter();
    for message in object.messages.iter_mut().filter(|m| m.flags & 2 != 0) {
        if let Some(body) = resolved.next() {
            message.body = body?;
        }
    }
    let object = Rc::new(object);
    let weight =
        object.messages.iter().fold(0_usize, |n, m| n.saturating_add(m.body.len()).saturating_add(64));
    space.keep((OWNER, address), Rc::clone(&object) as _, weight);
    Ok(object)
}

async fn resolve(space: &Space, sharing: &Sharing, message: &Message) -> Result<Bytes> {
    let mut c = message.cursor(space.widths(), "shared message");
    fetch(space, sharing, &shared::decode(&mut c)?, message.kind).await
}

/// The body of a shared message.
///
/// # Errors
/// `Malformed` when the pointer leads nowhere, and as [`load`].
pub async fn fetch(space: &Space, sharing: &Sharing, pointer: &Shared, kind: u16) -> Result<Bytes> {
    match *pointer {
        Shared::Object(address) => {
            let object = blocks(space, address).await?;
            // A shared message that is itself shared would be a cycle in the making.
            let found = object.messages.into_iter().find(|m| m.kind == kind && m.flags & 2 == 0);
            found
                .map(|m| m.body)
                .ok_or_else(|| space.bad(address, format!("no message of type {kind} to be shared")))
        }
        Shared::Heap(id) => {
            let bit = 1_u16.checked_shl(kind.into()).unwrap_or(0);
            let heap = sharing.heaps.iter().find(|(kinds, _)| kinds & bit != 0);
            let &(_, address) = heap.ok_or_else(|| {
                Error::malformed(format!("the file has no heap for shared messages of type {kind}"))
            })?;
            let heap = Heap::open(space, address).await?;
            let mut found = heap.objects(&[id.to_vec()]).await?;
            found.pop().ok_or_else(|| space.bad(address, "a shared message is not in its heap"))
        }
    }
}

/// The first block, and where it says that more are.
async fn first(space: &Space, address: u64) -> Result<(Object, Prefix, Vec<(u64, u64)>)> {
    let mut first = space.peek(address, USUAL).await?;
    let prefix = header::prefix(space.cursor(&first, address, "object header"))?;
    if prefix.block() > first.len() as u64 {
        first = space.read(address, prefix.block()).await?;
    }
    // A copy: the messages must not keep whole pages alive.
    let len = usize::try_from(prefix.block()).unwrap_or(usize::MAX).min(first.len());
    let block = Bytes::copy_from_slice(first.get(..len).unwrap_or(&first));
    let ordered = prefix.version == 2 && prefix.ordered();
    let mut object = Object { address, ordered, messages: Vec::new() };
    let mut more = Vec::new();
    add(space, &mut object, &prefix, &block, address, &mut more)?;
    Ok((object, prefix, more))
}

/// Follows continuations: all that are known go out together.
async fn blocks(space: &Space, address: u64) -> Result<Object> {
    let (mut object, prefix, mut more) = first(space, address).await?;
    let mut seen = HashSet::from([address]);
    while !more.is_empty() {
        let wanted = std::mem::take(&mut more);
        for &(address, _) in &wanted {
            if !seen.insert(address) {
                return Err(space.bad(address, "an object header continues in itself"));
            }
        }
        let blocks = space.read_many(&wanted).await?;
        for ((address, _), block) in wanted.into_iter().zip(blocks) {
            let block = Bytes::copy_from_slice(&block);
            add(space, &mut object, &prefix, &block, address, &mut more)?;
        }
    }
    Ok(object)
}

fn add(
    space: &Space,
    object: &mut Object,
    prefix: &Prefix,
    block: &Bytes,
    address: u64,
    more: &mut Vec<(u64, u64)>,
) -> Result<()> {
    let origin = space.cursor(&[], address, "").origin();
    let first = address == object.address;
    for message in header::messages(block, origin, space.widths(), prefix, first)? {
        if message.kind == kind::CONTINUATION {
            let mut c = message.cursor(space.widths(), "continuation message");
            more.push((c.defined()?, c.length()?));
        } else if message.kind != 0 {
            object.messages.push(message);
        }
    }
    if object.messages.len() > space.limits().items {
        return Err(Error::limit(format!("an object header of {} messages", object.messages.len())));
    }
    Ok(())
}
