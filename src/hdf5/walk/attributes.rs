//! An object's attributes, in its header or in a heap, with everything they refer to.

use std::cmp::Ordering;

use futures_util::future::try_join;
use serde_json::Value;

use super::{
    fractal::Heap,
    object::{self, Object, Sharing},
    records,
    strings::{self, Collections},
};
use crate::{
    array::Attrs,
    error::{Error, Result},
    hdf5::{
        cursor::Cursor,
        header::kind,
        json::Reader,
        message::{
            attribute::{self, Attribute, Part},
            dataspace, datatype, group,
            shared::Shared,
        },
        space::Space,
    },
    order, wait,
};

/// Attributes of an object: in order of creation where it is recorded, else in byte order of their names.
///
/// # Errors
/// `Malformed`, `Limit`, `Source`.
pub async fn read(space: &Space, sharing: &Sharing, object: &Object) -> Result<Attrs> {
    let mut found: Vec<(u32, Attribute)> = Vec::new();
    for message in object.messages.iter().filter(|m| m.kind == kind::ATTRIBUTE) {
        let attribute = attribute::decode(message.cursor(space.widths(), "attribute"))?;
        found.push((message.order.into(), attribute));
    }
    if let Some(c) = object.cursor(space, kind::ATTRIBUTE_INFO, "attribute info message") {
        found.extend(dense(space, sharing, c).await?);
    }
    order::sort_by(
        &mut found,
        |(first, a), (second, b)| {
            if object.ordered { first.cmp(second) } else { a.name.cmp(&b.name) }
        },
    );
    let values = wait::all(found.iter().map(|(_, attribute)| value(space, sharing, attribute))).await;
    let mut attrs = Attrs::new();
    for ((_, attribute), value) in found.iter().zip(values) {
        let named = |e: Error| e.about(format_args!("attribute \"{}\"", attribute.name));
        attrs.insert(attribute.name.clone(), value.map_err(named)?);
    }
    Ok(attrs)
}

/// Attributes in a heap, with their creation order.
async fn dense(space: &Space, sharing: &Sharing, info: Cursor<'_>) -> Result<Vec<(u32, Attribute)>> {
    let info = group::dense(info, false)?;
    let (Some(heap), Some(names)) = (info.heap, info.names) else { return Ok(Vec::new()) };
    let all = records::find(space, names, |_| Ordering::Equal);
    let (heap, all) = try_join(Heap::open(space, heap), all).await?;
    let (mut own, mut shared) = (Vec::new(), Vec::new());
    for record in &all {
        let mut c = space.cursor(record, names, "record of an attribute");
        let (id, flags, order) = (c.array::<8>()?, c.u8()?, c.u32()?);
        if flags & 2 == 0 {
            own.push((order, id.to_vec()));
        } else {
            shared.push((order, Shared::Heap(id)));
        }
    }
    let ids: Vec<Vec<u8>> = own.iter().map(|(_, id)| id.clone()).collect();
    let mut found = Vec::new();
    for ((order, _), bytes) in own.iter().zip(heap.objects(&ids).await?) {
        found.push((*order, attribute::decode(space.cursor(&bytes, names, "attribute in a heap"))?));
    }
    for (order, pointer) in shared {
        let bytes = object::fetch(space, sharing, &pointer, kind::ATTRIBUTE).await?;
        found.push((order, attribute::decode(space.cursor(&bytes, names, "shared attribute"))?));
    }
    Ok(found)
}

async fn value(space: &Space, sharing: &Sharing, attribute: &Attribute) -> Result<Value> {
    let fetched;
    let datatype = match &attribute.datatype {
        Part::Here(datatype) => datatype,
        Part::Elsewhere(pointer) => {
            let body = object::fetch(space, sharing, pointer, kind::DATATYPE).await?;
            fetched = datatype::decode(&mut space.cursor(&body, 0, "shared datatype"))?;
            &fetched
        }
    };
    let shape = match &attribute.space {
        Part::Here(shape) => shape.clone(),
        Part::Elsewhere(pointer) => {
            let body = object::fetch(space, sharing, pointer, kind::DATASPACE).await?;
            dataspace::decode(space.cursor(&body, 0, "shared dataspace"))?
        }
    };
    if shape.null {
        return Ok(Value::Null);
    }
    let mut heap = Collections::new();
    loop {
        let mut reader = Reader { space, heap: &heap, missing: Default::default(), spent: 0 };
        let value = reader.array(datatype, &attribute.data, &shape.shape)?;
        if reader.missing.is_empty() {
            return Ok(value);
        }
        // Lists of lists take a round per level; types are nested only so deep.
        let missing = reader.missing;
        heap.extend(strings::collections(space, &missing).await?);
    }
}
