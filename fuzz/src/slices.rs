//! The same answer however it is asked for: an array whole, in pieces, or from a source that gives other spans.

use std::rc::Rc;

use cellucid_wasm::{
    Result,
    array::{Array, Select, Values},
    hdf5::Hdf5,
    native::block_on,
    source::memory::Memory,
    tree::{self, Node, Tree},
};

/// The last eight bytes say what is put in front of the file before them, and which part of its arrays is read.
pub fn slices(data: &[u8]) {
    let Some((file, cut)) = data.split_last_chunk::<8>() else { return };
    if !file.starts_with(b"\x89HDF\r\n\x1a\n") {
        return;
    }
    block_on(async {
        // The same file behind something else, so that everything lies elsewhere on its page.
        let mut shifted = vec![b'#'; 512 << (cut[0] % 6)];
        shifted.extend_from_slice(file);
        let open = |bytes| Hdf5::open(Rc::new(Memory::new("fuzz.h5", bytes)), super::limits());
        let (first, second) = match (open(file.to_vec()).await, open(shifted).await) {
            (Ok(first), Ok(second)) => (first, second),
            (first, second) => return assert_eq!(first.is_ok(), second.is_ok()),
        };
        let mut paths = vec![String::new()];
        for _ in 0..20 {
            let Some(path) = paths.pop() else { return };
            match (first.open(&path).await, second.open(&path).await) {
                (Ok(Some(Node::Group(group))), Ok(Some(Node::Group(same)))) => {
                    assert_eq!(group.attrs, same.attrs);
                    let names = first.names(&group).await.ok().flatten();
                    assert_eq!(names, second.names(&same).await.ok().flatten());
                    let below = |name| if path.is_empty() { name } else { format!("{path}/{name}") };
                    paths.extend(names.into_iter().flatten().take(20).map(below));
                    paths.retain(|path| path.matches('/').count() < 4);
                }
                (Ok(Some(Node::Array(array))), Ok(Some(Node::Array(same)))) => {
                    let values = tree::read_all(&first, &array).await;
                    let again = tree::read_all(&second, &same).await;
                    assert_eq!(text(&values), text(&again), "{path}");
                    if let Ok(values) = values {
                        pieces(&second, &same, &values, cut).await;
                    }
                }
                (Ok(None), Ok(None)) | (Err(_), Err(_)) => {}
                (first, second) => panic!("{first:?} and {second:?}"),
            }
        }
    });
}

/// Every item as text: NaN equals itself that way. Errors are all alike.
fn text(values: &Result<Values>) -> String {
    values.as_ref().map_or_else(|_| "error".into(), |values| format!("{values:?}"))
}

/// A box of an array equals that part of the whole.
async fn pieces(tree: &dyn Tree, array: &Array, whole: &Values, cut: &[u8; 8]) {
    let mut select = Select::all(&array.shape);
    for (span, by) in select.0.iter_mut().zip(cut[1..].chunks(2)) {
        let at = |share: u8| span.end.saturating_mul(share.into()) / 256;
        let (from, to) = (at(by[0]), at(by.get(1).copied().unwrap_or(255)));
        *span = from.min(to)..from.max(to);
    }
    if select.is_empty() || whole.len() > 1 << 16 {
        return;
    }
    let part = match tree::read(tree, array, &select).await {
        Ok(part) => part,
        Err(error) => panic!("{}: a part {select:?} of what can be read whole: {error}", array.path),
    };
    assert_eq!(part.len() as u64, select.len());
    let (whole, part) = (items(whole), items(&part));
    for (at, item) in part.into_iter().enumerate() {
        let (mut rest, mut index, mut stride) = (at as u64, 0, 1);
        for (span, &side) in select.0.iter().zip(&array.shape).rev() {
            let len = span.end - span.start;
            index += (span.start + rest % len) * stride;
            rest /= len;
            stride *= side;
        }
        assert_eq!(Some(&item), whole.get(index as usize), "{}: item {index}", array.path);
    }
}

/// Items of an array as text, one by one; nothing for types whose items are not told apart here.
fn items(values: &Values) -> Vec<String> {
    macro_rules! each {
        ($v:expr) => {
            $v.iter().map(|x| format!("{x:?}")).collect()
        };
    }
    match values {
        Values::Bool(v) => each!(v),
        Values::I8(v) => each!(v),
        Values::I16(v) => each!(v),
        Values::I32(v) => each!(v),
        Values::I64(v) => each!(v),
        Values::U8(v) => each!(v),
        Values::U16(v) => each!(v),
        Values::U32(v) => each!(v),
        Values::U64(v) => each!(v),
        Values::F16(v) => each!(v),
        Values::F32(v) => each!(v),
        Values::F64(v) => each!(v),
        Values::Text(v) => each!(v),
        Values::Complex { items, .. } => each!(items),
        Values::Bytes { width, bytes } => bytes.chunks((*width).max(1)).map(|b| format!("{b:?}")).collect(),
        _ => Vec::new(),
    }
}
