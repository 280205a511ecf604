//! Codec configurations of both versions, as steps that the pipeline undoes.

use serde_json::Value;

use super::{
    json::{named, sizes},
    shard::Level,
};
use crate::{
    array::{DType, Order},
    codec::{
        Codec, LzmaForm,
        checksum::Sum,
        number::{Form, Number},
    },
    error::{Error, Result},
};

/// What stands between items and stored bytes.
#[derive(Debug)]
pub(super) struct Chain {
    pub codecs: Vec<Codec>,
    /// The order in which axes are stored.
    pub axes: Vec<usize>,
    /// Byte order of what comes out of the last step undone.
    pub order: Order,
    /// Shards in shards, outermost first.
    pub levels: Vec<Level>,
    /// Shape of the innermost chunks in array axes, where there are shards.
    pub inner: Option<Vec<u64>>,
}

/// Filters and compressor of a v2 array.
pub(super) fn v2(filters: &Value, compressor: &Value, objects: bool) -> Result<Vec<Codec>> {
    let mut codecs = Vec::new();
    let mut text = false;
    for filter in filters.as_array().into_iter().flatten() {
        match filter.get("id").and_then(Value::as_str) {
            Some("vlen-utf8" | "vlen-bytes") if objects => text = true,
            Some(id) => codecs.extend(numcodec(id, filter)?),
            None => return Err(Error::malformed(format!("filter {filter} has no id"))),
        }
    }
    if objects && !text {
        return Err(Error::unsupported(format!("objects stored as {filters} are not read"))
            .hint("store them as strings"));
    }
    match compressor {
        Value::Null => {}
        compressor => {
            let id = compressor.get("id").and_then(Value::as_str);
            let id = id.ok_or_else(|| Error::malformed(format!("compressor {compressor} has no id")))?;
            codecs.extend(numcodec(id, compressor)?);
        }
    }
    Ok(codecs)
}

/// The codecs of a v3 array whose chunks have that shape; `name` is that of its data type.
pub(super) fn v3(list: &Value, chunk: &[u64], dtype: &DType, name: &str) -> Result<Chain> {
    let brain = Codec::Cast {
        stored: Number { form: Form::Brain, bytes: 2, big: false },
        plain: Number { form: Form::Float, bytes: 4, big: false },
    };
    let mut chain = Chain {
        codecs: if name == "bfloat16" { vec![brain] } else { Vec::new() },
        axes: (0..chunk.len()).collect(),
        order: Order::Little,
        levels: Vec::new(),
        inner: None,
    };
    let mut list = list;
    let mut chunk = chunk.to_vec();
    while let Some((inner, shape)) = level(list, &chunk, dtype, &mut chain)? {
        if chain.levels.len() > 4 {
            return Err(Error::malformed("shards are nested too deeply"));
        }
        (list, chunk) = (inner, shape);
        let mut sides = chunk.clone();
        for (&axis, &side) in chain.axes.iter().zip(&chunk) {
            if let Some(slot) = sides.get_mut(axis) {
                *slot = side;
            }
        }
        chain.inner = Some(sides);
    }
    Ok(chain)
}

/// One list of codecs; gives the list inside a shard and the shape of chunks there, in the order stored here.
fn level<'v>(
    list: &'v Value,
    chunk: &[u64],
    dtype: &DType,
    chain: &mut Chain,
) -> Result<Option<(&'v Value, Vec<u64>)>> {
    let list = list.as_array().ok_or_else(|| Error::malformed(format!("codecs {list} are no list")))?;
    let mut chunk = chunk.to_vec();
    let mut serialized = false;
    let mut inside = None;
    for codec in list {
        let (name, configuration) = named(codec)?;
        if inside.is_some() {
            let around = packed(name, configuration)?;
            if let Some(level) = chain.levels.last_mut() {
                level.around.push(around);
            }
            continue;
        }
        match name {
            "transpose" if !serialized => {
                let order = permutation(configuration.get("order"), chunk.len())?;
                chain.axes = pick(&chain.axes, &order);
                chunk = pick(&chunk, &order);
            }
            "bytes" if !serialized => {
                serialized = true;
                chain.order = endian(configuration)?;
                // Numbers of the last filter are what is stored in this order, not the array's own.
                if let Some(
                    Codec::Delta { stored, .. } | Codec::Scale { stored, .. } | Codec::Cast { stored, .. },
                ) = chain.codecs.last_mut()
                {
                    stored.big = chain.order == Order::Big;
                    chain.order = Order::Little;
                }
            }
            "vlen-utf8" | "vlen-bytes" if !serialized && dtype.width() == 0 => serialized = true,
            "sharding_indexed" if !serialized => {
                serialized = true;
                let inner = configuration.get("chunk_shape").unwrap_or(&Value::Null);
                let inner = sizes(inner, "chunk shape of a shard")?;
                chain.levels.push(Level::new(configuration, &chain.axes, &chunk, &inner)?);
                let list = configuration.get("codecs");
                let list = list.ok_or_else(|| Error::malformed("a shard has no codecs"))?;
                inside = Some((list, inner));
            }
            other if BEFORE.contains(&numcodecs_id(other)) && !serialized => {
                let mut step = numcodec(numcodecs_id(other), configuration)?;
                step.iter_mut().for_each(native);
                chain.codecs.extend(step);
            }
            other if serialized => chain.codecs.push(packed(other, configuration)?),
            // Unknown ones are said to be that, wherever they are.
            other => {
                numcodec(numcodecs_id(other), configuration)?;
                return Err(misplaced(other));
            }
        }
    }
    if !serialized {
        return Err(Error::malformed("no codec turns items into bytes"));
    }
    Ok(inside)
}

/// Codecs of numcodecs that turn items into other items, before there are bytes.
const BEFORE: [&str; 6] = ["delta", "fixedscaleoffset", "packbits", "quantize", "astype", "bitround"];

fn numcodecs_id(name: &str) -> &str {
    name.strip_prefix("numcodecs.").unwrap_or(name)
}

fn misplaced(name: &str) -> Error {
    Error::unsupported(format!("codec \"{name}\" at this place is not read"))
}

/// A codec that turns bytes into bytes.
fn packed(name: &str, configuration: &Value) -> Result<Codec> {
    let id = numcodecs_id(name);
    if BEFORE.contains(&id) {
        return Err(misplaced(name));
    }
    numcodec(id, configuration)?.ok_or_else(|| misplaced(name))
}

/// Between filters numbers are in the order of the machine.
fn native(codec: &mut Codec) {
    if let Codec::Delta { stored, plain }
    | Codec::Scale { stored, plain, .. }
    | Codec::Cast { stored, plain } = codec
    {
        (stored.big, plain.big) = (false, false);
    }
}

/// Byte order of a `bytes` codec; absent where items are single bytes.
pub(super) fn endian(configuration: &Value) -> Result<Order> {
    match configuration.get("endian").and_then(Value::as_str) {
        None | Some("little") => Ok(Order::Little),
        Some("big") => Ok(Order::Big),
        Some(other) => Err(Error::malformed(format!("byte order \"{other}\""))),
    }
}

fn permutation(order: Option<&Value>, rank: usize) -> Result<Vec<usize>> {
    let wrong = || Error::malformed(format!("transpose order {order:?} of {rank} axes"));
    match order {
        Some(Value::String(name)) if name == "C" => Ok((0..rank).collect()),
        Some(Value::String(name)) if name == "F" => Ok((0..rank).rev().collect()),
        Some(list) => {
            let list = sizes(list, "transpose order").map_err(|_| wrong())?;
            let order: Vec<usize> = list.into_iter().filter_map(|axis| usize::try_from(axis).ok()).collect();
            let all = order.len() == rank && (0..rank).all(|axis| order.contains(&axis));
            if all { Ok(order) } else { Err(wrong()) }
        }
        None => Err(wrong()),
    }
}

fn pick<T: Copy>(from: &[T], order: &[usize]) -> Vec<T> {
    order.iter().filter_map(|&axis| from.get(axis).copied()).collect()
}

/// A numcodecs configuration; `None` for what needs no undoing.
fn numcodec(id: &str, configuration: &Value) -> Result<Option<Codec>> {
    let text = |name: &str| configuration.get(name).and_then(Value::as_str);
    let front = |default: bool| text("location").map_or(default, |place| place == "start");
    let number = |name: &str| number(id, text(name));
    let sum = |sum, front| Codec::Checksum { sum, front };
    Ok(Some(match id {
        "zlib" => Codec::Zlib,
        "gzip" => Codec::Gzip,
        "zstd" => Codec::Zstd,
        "blosc" => Codec::Blosc,
        "lz4" => Codec::Lz4,
        "bz2" => Codec::Bz2,
        "lzma" => Codec::Lzma(lzma(configuration)?),
        "crc32" => sum(Sum::Crc32, front(true)),
        "crc32c" => sum(Sum::Crc32c, front(false)),
        "adler32" => sum(Sum::Adler32, front(true)),
        "fletcher32" => sum(Sum::Fletcher32, false),
        "jenkins_lookup3" => {
            let start = configuration.get("initval").and_then(Value::as_u64).unwrap_or(0);
            if !configuration.get("prefix").unwrap_or(&Value::Null).is_null() {
                return Err(Error::unsupported("codec \"jenkins_lookup3\" with a prefix is not read"));
            }
            sum(Sum::Lookup3 { start: start as u32 }, false)
        }
        "shuffle" => {
            let width = configuration.get("elementsize").and_then(Value::as_u64).unwrap_or(4);
            Codec::Shuffle { width: u32::try_from(width).unwrap_or(u32::MAX) }
        }
        "packbits" => Codec::PackBits,
        "bitround" => return Ok(None),
        "delta" => Codec::Delta {
            stored: number(if text("astype").is_some() { "astype" } else { "dtype" })?,
            plain: number("dtype")?,
        },
        "fixedscaleoffset" => {
            let real = |name: &str| {
                let value = configuration.get(name).and_then(Value::as_f64);
                value.ok_or_else(|| Error::malformed(format!("codec \"{id}\" has no {name}")))
            };
            Codec::Scale {
                stored: number(if text("astype").is_some() { "astype" } else { "dtype" })?,
                plain: number("dtype")?,
                scale: real("scale")?,
                offset: real("offset")?,
            }
        }
        "quantize" => Codec::Cast {
            stored: number(if text("astype").is_some() { "astype" } else { "dtype" })?,
            plain: number("dtype")?,
        },
        "astype" => Codec::Cast { stored: number("encode_dtype")?, plain: number("decode_dtype")? },
        other => {
            return Err(Error::unsupported(format!("codec \"{other}\" is not read"))
                .hint("write the store with a usual compressor such as zstd, gzip or blosc"));
        }
    }))
}

/// Which of the forms that Python's `lzma` writes.
fn lzma(configuration: &Value) -> Result<LzmaForm> {
    let refuse = || Error::unsupported(format!("codec {configuration} is not read"));
    if configuration.get("format").and_then(Value::as_u64) != Some(3) {
        return Ok(LzmaForm::Container);
    }
    let mut delta = 0;
    let filters = configuration.get("filters").and_then(Value::as_array).ok_or_else(refuse)?;
    for filter in filters {
        match filter.get("id").and_then(Value::as_u64) {
            Some(0x21) => return Ok(LzmaForm::Raw { delta }),
            Some(3) => {
                let distance = filter.get("dist").and_then(Value::as_u64).unwrap_or(1);
                delta = u32::try_from(distance).ok().filter(|d| (1..=256).contains(d)).ok_or_else(refuse)?;
            }
            _ => return Err(refuse()),
        }
    }
    Err(refuse())
}

/// A numpy code as a type of numbers.
fn number(id: &str, code: Option<&str>) -> Result<Number> {
    let code = code.ok_or_else(|| Error::malformed(format!("codec \"{id}\" names no data type")))?;
    let (form, bytes, order) = match DType::from_numpy(code)? {
        DType::Bool => (Form::Unsigned, 1, Order::Little),
        DType::Int { bytes, signed: true, order } => (Form::Signed, bytes, order),
        DType::Int { bytes, order, .. } => (Form::Unsigned, bytes, order),
        DType::Float { bytes, order } => (Form::Float, bytes, order),
        _ => return Err(Error::unsupported(format!("codec \"{id}\" on data type \"{code}\" is not read"))),
    };
    Ok(Number { form, bytes, big: order == Order::Big })
}
