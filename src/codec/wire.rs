//! Pipelines as text, to hand a chunk to a decoder that runs elsewhere. Only what large arrays are packed with: anything else is
//! decoded where it is read.

use super::Codec;

/// Codecs without parameters, with their names.
const PLAIN: [(&str, Codec); 8] = [
    ("zlib", Codec::Zlib),
    ("gzip", Codec::Gzip),
    ("zstd", Codec::Zstd),
    ("blosc", Codec::Blosc),
    ("lz4", Codec::Lz4),
    ("lz4frames", Codec::Lz4Frames),
    ("lzf", Codec::Lzf),
    ("fletcher32", Codec::Fletcher32),
];

/// A pipeline as text; `None` when one of its steps has none.
pub fn write(codecs: &[Codec]) -> Option<String> {
    let name = |codec: &Codec| match codec {
        Codec::Shuffle { width } => Some(format!("shuffle{width}")),
        other => PLAIN.iter().find(|(_, plain)| plain == other).map(|(name, _)| (*name).to_owned()),
    };
    Some(codecs.iter().map(name).collect::<Option<Vec<_>>>()?.join(" "))
}

/// The pipeline that a text stands for.
pub fn read(text: &str) -> Option<Vec<Codec>> {
    let codec = |name: &str| match name.strip_prefix("shuffle") {
        Some(width) => width.parse().ok().map(|width| Codec::Shuffle { width }),
        None => PLAIN.iter().find(|(plain, _)| *plain == name).map(|(_, codec)| codec.clone()),
    };
    text.split_whitespace().map(codec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let pipeline = [Codec::Shuffle { width: 4 }, Codec::Zlib, Codec::Fletcher32];
        assert_eq!(write(&pipeline).as_deref(), Some("shuffle4 zlib fletcher32"));
        assert_eq!(read("shuffle4 zlib fletcher32").as_deref(), Some(pipeline.as_slice()));
        assert_eq!(read(""), Some(Vec::new()));
        assert_eq!((write(&[Codec::PackBits]), read("packbits"), read("shuffle")), (None, None, None));
    }
}
