//! Where two binary files differ, value by value.

use bytes::Bytes;

use super::Finding;

/// Kind of the values of a file, by its name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Whole(usize),
    Single,
    Double,
}

fn kind(path: &str, index_bytes: usize) -> Kind {
    let path = path.strip_suffix(".gz").unwrap_or(path);
    match path.rsplit_once('.').map_or("", |(_, ext)| ext) {
        "u8" => Kind::Whole(1),
        "u16" => Kind::Whole(2),
        "f32" => Kind::Single,
        _ if path.starts_with("points_") || path.starts_with("vectors/") => Kind::Single,
        _ if path.ends_with("edges.weight.bin") => Kind::Double,
        _ => Kind::Whole(index_bytes),
    }
}

/// One value, for people; the bytes of it where it is not whole.
fn show(kind: Kind, value: &[u8]) -> String {
    match (kind, value) {
        (Kind::Single, &[a, b, c, d]) => format!("{:?}", f32::from_le_bytes([a, b, c, d])),
        (Kind::Double, &[a, b, c, d, e, f, g, h]) => {
            format!("{:?}", f64::from_le_bytes([a, b, c, d, e, f, g, h]))
        }
        (Kind::Whole(_), value) => {
            value.iter().rev().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte)).to_string()
        }
        (_, value) => format!("{value:02x?}"),
    }
}

fn is_nan(kind: Kind, value: &[u8]) -> bool {
    match (kind, value) {
        (Kind::Single, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]).is_nan(),
        (Kind::Double, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]).is_nan(),
        _ => false,
    }
}

/// The first value that differs, and how many do. Any NaN is as good as another.
pub fn difference(path: &str, there: &[u8], source: &[u8], index_bytes: usize) -> Option<Finding> {
    if there == source {
        return None;
    }
    let kind = kind(path, index_bytes);
    let width = match kind {
        Kind::Whole(width) => width,
        Kind::Single => 4,
        Kind::Double => 8,
    };
    if there.len() != source.len() {
        let words = |bytes: &[u8]| format!("{} values ({} bytes)", bytes.len() / width, bytes.len());
        // One byte more is inflated than is needed, and says no more than that there is more.
        let there =
            if path.ends_with(".gz") && there.len() > source.len() { "more".into() } else { words(there) };
        return Some(Finding::Differs { place: "length".into(), there, source: words(source), count: 1 });
    }
    let pairs = there.chunks(width).zip(source.chunks(width)).enumerate();
    let mut differing =
        pairs.filter(|(_, (a, b))| a != b && !(is_nan(kind, a) && is_nan(kind, b))).peekable();
    let (index, (there, source)) = *differing.peek()?;
    let count = differing.count() as u64;
    Some(Finding::Differs {
        place: format!("value {index}"),
        there: show(kind, there),
        source: show(kind, source),
        count,
    })
}

/// Narrow codes as wide ones.
pub fn widen(codes: &[u8]) -> Bytes {
    let wide = |&code: &u8| if code == u8::MAX { u16::MAX } else { code.into() };
    codes.iter().map(wide).flat_map(u16::to_le_bytes).collect::<Vec<u8>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let (a, b) = (bytes(&[1.0, f32::NAN, 3.0, 4.0]), bytes(&[1.0, -f32::NAN, 2.5, 5.0]));
        let found = difference("points_2d.bin", &a, &b, 2).unwrap();
        let expected =
            Finding::Differs { place: "value 2".into(), there: "3.0".into(), source: "2.5".into(), count: 2 };
        assert_eq!(found, expected);
        assert_eq!(difference("obs/x.values.f32", &bytes(&[f32::NAN]), &bytes(&[-f32::NAN]), 2), None);
        assert!(difference("connectivity/edges.src.bin", &[1, 0, 2, 0], &[1, 0, 2, 1], 2).is_some());
        assert_eq!(*widen(&[3, 255]), [3, 0, 255, 255]);
    }
}
