//! From the filters of a dataset to the codecs that undo them.

use super::message::filters::Filter;
use crate::{
    codec::Codec,
    error::{Error, Result},
};

/// The codecs of a pipeline, in the order of writing. `width` is the size of an item.
///
/// # Errors
/// `Unsupported`, with number and name of the filter.
pub fn codecs(filters: &[Filter], width: u32) -> Result<Vec<Codec>> {
    filters.iter().map(|filter| codec(filter, width)).collect()
}

fn codec(filter: &Filter, width: u32) -> Result<Codec> {
    let first = filter.values.first().copied();
    Ok(match filter.id {
        1 => Codec::Zlib,
        2 => Codec::Shuffle { width: first.unwrap_or(width) },
        3 => Codec::Fletcher32,
        32_000 => Codec::Lzf,
        id => return Err(refuse(id, &filter.name)),
    })
}

fn refuse(id: u16, name: &str) -> Error {
    let known = match id {
        4 => "szip",
        5 => "nbit",
        6 => "scale-offset",
        307 => "bzip2",
        32_001 => "blosc",
        32_004 => "lz4",
        32_008 => "bitshuffle",
        32_013 => "zfp",
        32_015 => "zstd",
        32_026 => "blosc2",
        _ if name.is_empty() => "without a name",
        _ => name,
    };
    Error::unsupported(format!("filter {id} ({known}) is not read")).hint(format!(
        "write the dataset again with gzip instead: h5repack -f GZIP=4 IN OUT, on a machine that has the filter {id}"
    ))
}
