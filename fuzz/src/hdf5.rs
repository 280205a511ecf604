//! HDF5 files: their hierarchy, and behind it chunk indexes and values.

use std::rc::Rc;

use cellucid_wasm::{
    Error, Kind,
    hdf5::Hdf5,
    native::block_on,
    source::memory::Memory,
    tree::{self, Node, Tree},
};

/// Objects looked at per file.
const OBJECTS: usize = 40;
/// Times a file's checksums are put right. Each uncovers what lies behind them.
const MENDED: usize = 12;

/// Opens a file, lists groups and reads attributes.
pub fn hdf5_open(data: &[u8]) {
    mended(data, false);
}

/// Also walks chunk indexes and decodes what they lead to.
pub fn hdf5_index(data: &[u8]) {
    mended(data, true);
}

/// Walks a file again and again with the checksums put right that the last walk said are wrong: changed bytes would
/// else never be looked at.
fn mended(data: &[u8], values: bool) {
    let mut file = data.to_vec();
    for _ in 0..MENDED {
        let mut changed = false;
        for error in walk(&file, values) {
            assert!(error.kind != Kind::Source, "{error}");
            changed |= mend(&mut file, &error);
        }
        if !changed {
            return;
        }
    }
}

/// Writes the checksum that an error asks for, which ends where the error is.
fn mend(file: &mut [u8], error: &Error) -> bool {
    let sum = error.message.split("checksum is ").nth(1).and_then(|rest| rest.get(..8));
    let sum = sum.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let end = error.at.offset.and_then(|end| usize::try_from(end).ok());
    let slot = end.and_then(|end| file.get_mut(end.checked_sub(4)?..end));
    let (Some(sum), Some(slot)) = (sum, slot) else { return false };
    let differs = *slot != sum.to_le_bytes();
    slot.copy_from_slice(&sum.to_le_bytes());
    differs
}

/// Everything that went wrong in a walk through a file.
fn walk(file: &[u8], values: bool) -> Vec<Error> {
    let mut wrong = Vec::new();
    block_on(async {
        let source = Rc::new(Memory::new("fuzz.h5", file.to_vec()));
        let file = match Hdf5::open(source, super::limits()).await {
            Ok(file) => file,
            Err(error) => return wrong.push(error),
        };
        let mut paths = vec![String::new()];
        for _ in 0..OBJECTS {
            let Some(path) = paths.pop() else { return };
            match file.open(&path).await {
                Ok(Some(Node::Group(group))) => match file.names(&group).await {
                    Ok(names) => {
                        let below = |name| if path.is_empty() { name } else { format!("{path}/{name}") };
                        let names = names.unwrap_or_default().into_iter().take(20).map(below);
                        paths.extend(names.filter(|path| path.matches('/').count() < 4));
                    }
                    Err(error) => wrong.push(error),
                },
                Ok(Some(Node::Array(array))) if values => {
                    wrong.extend(tree::read_all(&file, &array).await.err());
                }
                Ok(_) => {}
                Err(error) => wrong.push(error),
            }
        }
    });
    wrong
}
