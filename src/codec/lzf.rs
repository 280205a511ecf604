//! LZF (liblzf, as the HDF5 filter 32000 of h5py uses it): runs of literals and back references, no header.

use cellucid_kernels::lz::{State, Stop, lzf};

use super::Room;
use crate::error::{Error, Result};

/// Three bytes give at most 264.
const RATIO: usize = 88;

/// Decodes a whole chunk.
pub(super) fn decode(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let mut out = room.buffer(input.len(), RATIO)?;
    let mut state = State { read: 0, written: 0 };
    loop {
        match lzf(input, &mut out, &mut state) {
            Ok(()) => break,
            Err(Stop::Full) => room.grow(&mut out)?,
            Err(Stop::Damaged) => {
                return Err(Error::malformed(format!("damaged at byte {} of {}", state.read, input.len())));
            }
        }
    }
    out.truncate(state.written);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_overlapping_references() {
        // "abc", then 6 bytes from 3 back, then 20 bytes from 1 back.
        let stream = [2, b'a', b'b', b'c', 4 << 5, 2, 7 << 5, 11, 0];
        let want = [&b"abcabcabc"[..], &[b'c'; 20]].concat();
        assert_eq!(decode(&stream, Room::exact(29)).unwrap(), want);
        assert_eq!(decode(&stream, Room::new(None, 1000)).unwrap(), want);
        assert!(decode(&stream, Room::exact(28)).is_err());
        for cut in [2, 5, 7, 8] {
            assert!(decode(&stream[..cut], Room::exact(29)).is_err(), "{cut}");
        }
        assert!(decode(&[0, b'a', 1 << 5, 1], Room::exact(4)).is_err(), "reaches before the beginning");
    }
}
