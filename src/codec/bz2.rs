//! bzip2 streams, one or more.

use bzip2::{Decompress, Status};

use super::Room;
use crate::error::{Error, Result};

/// A block of 900 kB of one repeated byte takes 39 bytes.
const RATIO: usize = 900_000 / 8;

/// Decodes all streams of a chunk.
pub(super) fn decode(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let mut out = room.buffer(input.len(), RATIO)?;
    let (mut done, mut rest) = (0_usize, input);
    loop {
        let mut stream = Decompress::new(false);
        let start = done;
        loop {
            let used = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
            let from = rest.get(used..).unwrap_or(&[]);
            let status = stream
                .decompress(from, out.get_mut(done..).unwrap_or(&mut []))
                .map_err(|cause| Error::malformed(format!("damaged after {done} bytes")).because(cause))?;
            let before = done;
            done = start.saturating_add(usize::try_from(stream.total_out()).unwrap_or(usize::MAX));
            let idle = done == before && stream.total_in() == used as u64;
            match status {
                Status::StreamEnd => break,
                Status::MemNeeded => return Err(Error::limit("no memory for the decoder")),
                // Whether more would come is known only with room for it.
                _ if done >= out.len() && (idle || room.size().is_none()) => room.grow(&mut out)?,
                _ if idle => return Err(Error::malformed(format!("ends after {done} bytes"))),
                _ => {}
            }
        }
        let used = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        rest = rest.get(used..).unwrap_or(&[]);
        if rest.is_empty() {
            out.truncate(done);
            return Ok(out);
        }
    }
}
