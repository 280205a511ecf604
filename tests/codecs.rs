//! Every decoder against what numcodecs and the HDF5 plugins encoded (`tests/fixtures/make/zarr_codecs.py`), and
//! against the same with damage in it.

use std::{collections::BTreeMap, fs, path::PathBuf};

use bytes::Bytes;
use cellucid_wasm::{
    Kind,
    codec::{
        Codec, LzmaForm, Packing,
        checksum::Sum,
        decode,
        number::{Form, Number},
    },
};
use serde_json::Value;

struct Case {
    head: Value,
    encoded: Bytes,
    plain: Bytes,
}

fn cases(name: &str) -> Vec<Case> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("build/codecs").join(format!("{name}.cases"));
    let mut rest = Bytes::from(
        fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; `./check codecs` makes it", path.display())),
    );
    let mut next = || {
        let len = u32::from_le_bytes(rest.split_to(4)[..].try_into().unwrap()) as usize;
        let part = rest.split_to(len);
        (part, rest.is_empty())
    };
    let mut cases = Vec::new();
    loop {
        let [(head, _), (encoded, _), (plain, end)] = [next(), next(), next()];
        cases.push(Case { head: serde_json::from_slice(&head).unwrap(), encoded, plain });
        if end {
            return cases;
        }
    }
}

fn number(code: &Value) -> Number {
    let code = code.as_str().unwrap();
    let form = match &code[1..2] {
        "i" => Form::Signed,
        "u" => Form::Unsigned,
        _ => Form::Float,
    };
    Number { form, bytes: code[2..].parse().unwrap(), big: code.starts_with('>') }
}

/// What the head of a case means; `None` for steps that need no undoing.
fn codec(head: &Value) -> Option<Codec> {
    let sum = |sum, front| Some(Codec::Checksum { sum, front });
    let front = |default| head["location"].as_str().unwrap_or(default) == "start";
    let numbers = |stored: &str, plain: &str| (number(&head[stored]), number(&head[plain]));
    match head["id"].as_str().unwrap() {
        "zlib" => Some(Codec::Zlib),
        "gzip" => Some(Codec::Gzip),
        "zstd" => Some(Codec::Zstd),
        "blosc" => Some(Codec::Blosc),
        "lz4" => Some(Codec::Lz4),
        "bz2" => Some(Codec::Bz2),
        "lzma" if head["format"] == 3 => Some(Codec::Lzma(LzmaForm::Raw { delta: 4 })),
        "lzma" => Some(Codec::Lzma(LzmaForm::Container)),
        "crc32" => sum(Sum::Crc32, front("start")),
        "crc32c" => sum(Sum::Crc32c, front("end")),
        "adler32" => sum(Sum::Adler32, front("start")),
        "fletcher32" => sum(Sum::Fletcher32, false),
        "jenkins_lookup3" => sum(Sum::Lookup3 { start: 0 }, false),
        "shuffle" => Some(Codec::Shuffle { width: head["elementsize"].as_u64().unwrap() as u32 }),
        "packbits" => Some(Codec::PackBits),
        "bitround" => None,
        "delta" => {
            let (stored, plain) = numbers("astype", "dtype");
            Some(Codec::Delta { stored, plain })
        }
        "fixedscaleoffset" => {
            let (stored, plain) = numbers("astype", "dtype");
            let (scale, offset) = (head["scale"].as_f64().unwrap(), head["offset"].as_f64().unwrap());
            Some(Codec::Scale { stored, plain, scale, offset })
        }
        "quantize" => {
            let (stored, plain) = numbers("astype", "dtype");
            Some(Codec::Cast { stored, plain })
        }
        "astype" => {
            let (stored, plain) = numbers("encode_dtype", "decode_dtype");
            Some(Codec::Cast { stored, plain })
        }
        "hdf5" => {
            let value = |i: usize| head["filter"][i].as_u64().unwrap_or(0) as u32;
            Some(match value(0) {
                307 => Codec::Bz2,
                32_000 => Codec::Lzf,
                32_001 => Codec::Blosc,
                32_004 => Codec::Lz4Frames,
                32_008 => Codec::Bitshuffle {
                    width: value(3),
                    block: value(4),
                    packing: [Packing::None, Packing::None, Packing::Lz4, Packing::Zstd][value(5) as usize],
                },
                32_015 => Codec::Zstd,
                32_026 => Codec::Blosc2,
                other => panic!("filter {other}"),
            })
        }
        other => panic!("codec {other}"),
    }
}

/// How each case comes out, counted by codec.
fn all_right(name: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (i, case) in cases(name).into_iter().enumerate() {
        let codecs: Vec<Codec> = codec(&case.head).into_iter().collect();
        let size = case.plain.len();
        let whole = decode(&codecs, case.encoded.clone(), 0, Some(size), size);
        assert!(
            whole.as_ref().is_ok_and(|w| *w == case.plain),
            "case {i} of {name}, {}: {}",
            case.head,
            differs(&whole, &case.plain)
        );
        let open = decode(&codecs, case.encoded, 0, None, size.max(1));
        assert!(
            open.as_ref().is_ok_and(|o| *o == case.plain),
            "case {i} of {name}, size unknown, {}: {}",
            case.head,
            differs(&open, &case.plain)
        );
        let id = format!("{} {}", case.head["id"].as_str().unwrap(), case.head["filter"][0]);
        *counts.entry(id).or_default() += 1;
    }
    counts
}

fn differs(got: &cellucid_wasm::Result<Bytes>, want: &Bytes) -> String {
    match got {
        Err(e) => e.to_string(),
        Ok(got) => {
            let at = got.iter().zip(want).position(|(a, b)| a != b);
            format!("{} bytes, {} wanted, first difference at {at:?}", got.len(), want.len())
        }
    }
}

#[test]
fn blosc_chunks_of_every_compressor_shuffle_and_shape() {
    assert!(all_right("blosc").values().sum::<usize>() >= 1000);
}

#[test]
fn compressors_of_numcodecs() {
    let counts = all_right("compressors");
    assert!(counts.len() >= 6 && counts.values().all(|&n| n >= 50), "{counts:?}");
}

#[test]
fn filters_and_checksums_of_numcodecs() {
    let counts = all_right("filters");
    assert!(counts.len() >= 12 && counts.values().all(|&n| n >= 30), "{counts:?}");
}

#[test]
fn filters_registered_with_hdf5() {
    let counts = all_right("hdf5");
    assert!(counts.len() == 7 && counts.values().all(|&n| n >= 10), "{counts:?}");
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    for case in cases("bombs") {
        let codecs = [codec(&case.head).unwrap()];
        let unknown = decode(&codecs, case.encoded.clone(), 0, None, 1 << 20).unwrap_err();
        let known = decode(&codecs, case.encoded.clone(), 0, Some(1 << 20), 1 << 20).unwrap_err();
        assert!(matches!(unknown.kind, Kind::Limit | Kind::Malformed), "{}: {unknown}", case.head);
        assert_eq!(known.kind, Kind::Malformed, "{}: {known}", case.head);
        // What it really holds is what it declares, so with room enough it is read.
        assert_eq!(decode(&codecs, case.encoded, 0, Some(64 << 20), 64 << 20).unwrap().len(), 64 << 20);
    }
}

/// Damage gives an error or something of the right size, and where a checksum guards the data only the right thing.
#[test]
fn damaged_chunks_give_errors() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let (mut tried, mut refused) = (0, 0);
    for name in ["blosc", "compressors", "filters", "hdf5"] {
        for case in cases(name) {
            let Some(codec) = codec(&case.head) else { continue };
            if case.encoded.len() > 20_000 || case.encoded.is_empty() {
                continue;
            }
            for _ in 0..12 {
                let mut bytes = case.encoded.to_vec();
                for _ in 0..=next(3) {
                    let at = next(bytes.len());
                    match next(5) {
                        0 => bytes[at] ^= 1 << next(8),
                        1 => bytes[at] = next(256) as u8,
                        2 => bytes.truncate(at.max(1)),
                        3 => bytes.insert(at, next(256) as u8),
                        _ => bytes[at] = 255,
                    }
                }
                let size = (next(2) == 0).then_some(case.plain.len());
                tried += 1;
                match decode(std::slice::from_ref(&codec), bytes.into(), 0, size, case.plain.len() + 64) {
                    Err(e) => {
                        refused += 1;
                        assert!(e.to_string().starts_with(codec.name()), "{e}");
                    }
                    Ok(out) => assert!(size.is_none_or(|s| s == out.len())),
                }
            }
        }
    }
    assert!(tried > 20_000 && refused > tried / 3, "{refused} of {tried}");
}

#[test]
fn pipelines_are_undone_backwards_and_steps_left_out() {
    let plain: Bytes = (0..4096_u32).flat_map(|i| (i * 3).to_le_bytes()).collect::<Vec<u8>>().into();
    let sum = Codec::Checksum { sum: Sum::Crc32c, front: false };
    let with = |data: &[u8]| Bytes::from([data, &Sum::Crc32c.of(data).to_le_bytes()].concat());
    let mut shuffled = vec![0; plain.len()];
    for (i, byte) in plain.iter().enumerate() {
        shuffled[i % 4 * 4096 + i / 4] = *byte;
    }
    let codecs = [Codec::Shuffle { width: 4 }, sum];
    let size = Some(plain.len());
    assert_eq!(decode(&codecs, with(&shuffled), 0, size, 1 << 20).unwrap(), plain);
    assert_eq!(decode(&codecs, with(&plain), 1, size, 1 << 20).unwrap(), plain);
    assert_eq!(decode(&codecs, shuffled.clone().into(), 2, size, 1 << 20).unwrap(), plain);
    assert_eq!(decode(&[], plain.clone(), 0, size, 1 << 20).unwrap(), plain);
    assert_eq!(decode(&[], plain.slice(1..), 0, size, 1 << 20).unwrap_err().kind, Kind::Malformed);
    assert_eq!(decode(&codecs, shuffled.into(), 0, size, 1 << 20).unwrap_err().kind, Kind::Malformed);
}
