//! A dataset's description put together from its messages, and where its pieces are.

use bytes::Bytes;

use super::{
    header::kind,
    message::{
        dataspace::{self, Dataspace},
        datatype::{self, Datatype},
        external, fill, filters,
        layout::{self, Index, Layout},
    },
    pipeline,
    space::Space,
    walk::object::Object,
};
use crate::{
    array::{Array, Attrs, DType, Order},
    codec::{self, Codec, Significant},
    error::{Error, Result},
    limits::Limits,
};

/// Everything about a dataset but its attributes.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Address of its header.
    pub address: u64,
    /// Its shape, that of an array type included.
    pub shape: Vec<u64>,
    /// What an item is.
    pub dtype: DType,
    /// One item where nothing was written.
    pub fill: Vec<u8>,
    /// What was done to chunks; in front of the filters, perhaps, a step that makes numbers whole.
    pub codecs: Vec<Codec>,
    /// How many codecs are in front of the filters.
    pub before: u32,
    /// Where the items are.
    pub place: Place,
}

/// Where the items are.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Place {
    /// In the header.
    Here(Bytes),
    /// In one piece.
    Piece(Option<u64>),
    /// In chunks.
    Chunks(Chunks),
    /// In other datasets, as an item of a global heap says.
    Virtual { heap: Option<u64>, index: u32 },
    /// In other files, as they are.
    Outside(external::Files),
}

/// How a dataset is cut into chunks.
#[derive(Clone, Debug)]
pub struct Chunks {
    /// Items of a chunk along each axis.
    pub sides: Vec<u64>,
    /// Chunks along each axis.
    pub grid: Vec<u64>,
    /// Chunks along each axis when it is as long as it may become; `u64::MAX` without end.
    pub most: Vec<u64>,
    /// Along which axes the last chunk sticks out of the array.
    pub ragged: Vec<bool>,
    /// Bytes of a chunk before filters.
    pub bytes: u64,
    /// Where the index is, once a chunk was written.
    pub address: Option<u64>,
    /// What kind.
    pub index: Index,
    /// Chunks are filtered.
    pub filtered: bool,
    /// Chunks that stick out of the array are not filtered.
    pub plain_edges: bool,
}

impl Dataset {
    /// Puts a description together; `None` when the object is no dataset.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported`, `Limit`.
    #[inline(never)] // As `wait::apart`.
    pub fn new(space: &Space, object: &Object) -> Result<Option<Self>> {
        let Some(layout) = object.cursor(space, kind::LAYOUT, "layout message") else { return Ok(None) };
        let layout = layout::decode(layout)?;
        let missing = |what: &str| space.bad(object.address, format!("a dataset without {what}"));
        let c = object.cursor(space, kind::DATASPACE, "dataspace message");
        let extent = dataspace::decode(c.ok_or_else(|| missing("a shape"))?)?;
        let c = object.cursor(space, kind::DATATYPE, "datatype message");
        let datatype = datatype::decode(&mut c.ok_or_else(|| missing("a type"))?)?;
        let (item, axes) = datatype.flat();
        let dtype = item.dtype()?;
        let widen = widen(item)?;
        let filters =
            object.cursor(space, kind::FILTERS, "filter message").map(filters::decode).transpose()?;
        let mut codecs = match &layout.layout {
            Layout::Chunked { .. } => pipeline::codecs(&filters.unwrap_or_default(), datatype.size)?,
            _ => Vec::new(),
        };
        let filtered = !codecs.is_empty();
        let mut fill = fill_item(space, object, item)?;
        let before = widen.iter().len() as u32;
        // What is put together out of other datasets is whole already.
        let whole = matches!(layout.layout, Layout::Virtual { .. });
        if let Some(widen) = widen {
            fill = codec::decode(std::slice::from_ref(&widen), fill.into(), 0, None, 8)?.to_vec();
            if !whole {
                codecs.insert(0, widen);
            }
        }
        let place = match layout.layout {
            Layout::Compact(bytes) => Place::Here(bytes.into()),
            Layout::Contiguous { .. } if object.message(kind::EXTERNAL_FILES).is_some() => {
                let c = object.cursor(space, kind::EXTERNAL_FILES, "external files message");
                Place::Outside(external::decode(c.ok_or_else(|| missing("files"))?)?)
            }
            Layout::Contiguous { address, size } => {
                let wanted = extent.len().checked_mul(datatype.size.into());
                if address.is_some() && size.is_some_and(|size| wanted.is_none_or(|w| w > size)) {
                    return Err(space.bad(
                        object.address,
                        format!("{} bytes of data for shape {:?}", size.unwrap_or(0), extent.shape),
                    ));
                }
                Place::Piece(address)
            }
            Layout::Chunked { sides, address, index } => {
                let shape = Chunked { sides: &sides, address, index, plain_edges: layout.plain_edges };
                Place::Chunks(chunks(space, object, &extent, &datatype, shape, filtered)?)
            }
            Layout::Virtual { heap, index } => Place::Virtual { heap, index },
        };
        let mut shape = if extent.null { vec![0] } else { extent.shape.clone() };
        shape.extend(axes.iter().map(|&side| u64::from(side)));
        Ok(Some(Self { address: object.address, shape, dtype, fill, codecs, before, place }))
    }

    /// The description as the rest of the crate knows it.
    #[inline(never)] // As `wait::apart`.
    pub fn array(&self, path: &str, id: u64, attrs: Attrs) -> Array {
        let chunk = match &self.place {
            Place::Piece(_) | Place::Virtual { .. } | Place::Outside(_) if self.codecs.is_empty() => {
                Array::blocks(&self.shape, self.dtype.width())
            }
            // All of it: what has to be decoded cannot be cut where nobody cut it.
            Place::Here(_) | Place::Piece(_) | Place::Virtual { .. } | Place::Outside(_) => {
                self.shape.iter().map(|&n| n.max(1)).collect()
            }
            Place::Chunks(chunks) => {
                let inner = self.shape.iter().skip(chunks.sides.len());
                chunks.sides.iter().copied().chain(inner.map(|&n| n.max(1))).collect()
            }
        };
        Array {
            path: path.to_owned(),
            id,
            dtype: self.dtype.clone(),
            axes: (0..self.shape.len()).collect(),
            shape: self.shape.clone(),
            chunk,
            fill: self.fill.clone(),
            codecs: self.codecs.clone(),
            attrs,
        }
    }
}

/// The step that makes integers whole of which not all bits count.
fn widen(item: &Datatype) -> Result<Option<Codec>> {
    let Some(bits) = item.partial() else { return Ok(None) };
    let refuse = || {
        Error::unsupported("fields of which not all bits count are not read")
            .hint("store the array as plain numbers")
    };
    let (order, signed) = item.integer().ok_or_else(refuse)?;
    let bits = Significant {
        width: u8::try_from(item.size).map_err(|_| refuse())?,
        big: order == Order::Big,
        offset: u8::try_from(bits.offset).map_err(|_| refuse())?,
        precision: u8::try_from(bits.precision).map_err(|_| refuse())?,
    };
    Ok(Some(Codec::Widen { bits, signed }))
}

/// What the layout message says of chunks.
struct Chunked<'l> {
    sides: &'l [u64],
    address: Option<u64>,
    index: Index,
    plain_edges: bool,
}

fn chunks(
    space: &Space,
    object: &Object,
    extent: &Dataspace,
    datatype: &Datatype,
    layout: Chunked<'_>,
    filtered: bool,
) -> Result<Chunks> {
    let bad = |message: String| Err(space.bad(object.address, message));
    let Some((&item, sides)) = layout.sides.split_last() else { return bad("chunks without sides".into()) };
    if item != u64::from(datatype.size) {
        return bad(format!("chunks of items of {item} bytes in a dataset of {}", datatype.size));
    }
    if sides.len() != extent.shape.len() || sides.contains(&0) {
        return bad(format!("chunks of {sides:?} items in a dataset of {:?}", extent.shape));
    }
    let bytes = sides.iter().try_fold(item, |n, &s| n.checked_mul(s)).unwrap_or(u64::MAX);
    Limits::size(bytes, space.limits().chunk, "a chunk")?;
    let along = |shape: &[u64]| -> Vec<u64> {
        shape.iter().zip(sides).map(|(&n, &s)| if n == u64::MAX { n } else { n.div_ceil(s.max(1)) }).collect()
    };
    let grid = along(&extent.shape);
    if grid.iter().try_fold(1_u64, |n, &g| n.checked_mul(g)).is_none() {
        return Err(Error::limit(format!("{grid:?} chunks are more than can be numbered")));
    }
    Ok(Chunks {
        sides: sides.to_vec(),
        most: along(&extent.most),
        ragged: extent.shape.iter().zip(sides).map(|(n, &s)| n.checked_rem(s) != Some(0)).collect(),
        grid,
        bytes,
        address: layout.address,
        index: layout.index,
        filtered,
        plain_edges: layout.plain_edges && filtered,
    })
}

/// One item where nothing was written.
fn fill_item(space: &Space, object: &Object, item: &Datatype) -> Result<Vec<u8>> {
    let new = object.cursor(space, kind::FILL, "fill value message").map(fill::decode).transpose()?;
    let value = match new {
        Some(value) if !value.is_empty() => value,
        _ => {
            let old = object.cursor(space, kind::OLD_FILL, "old fill value message");
            old.map(fill::sized).transpose()?.unwrap_or_default()
        }
    };
    let width = item.size as usize;
    let Some((first, _)) = value.split_at_checked(width) else {
        return match value.as_slice() {
            [] => Ok(Vec::new()),
            short => Err(space.bad(object.address, format!("a fill value of {} bytes", short.len()))),
        };
    };
    // An array type's fill value has many items; the crate knows one for all.
    if value.chunks(width).any(|other| other != first) {
        return Err(Error::unsupported("a fill value whose items differ is not read"));
    }
    Ok(first.to_vec())
}
