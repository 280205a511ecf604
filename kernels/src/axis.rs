//! Rows of one, two or three coordinates, one axis at a time: short loops, which become plain ones in WebAssembly.

/// Least and greatest of a column of rows `width` wide (1 to 3), units as given; twice the first NaN, if there is one. With `finite`, only
/// numbers that are finite count. (∞, −∞) where there are none.
#[inline(never)]
pub fn ends(rows: &[f32], width: usize, axis: usize, finite: bool) -> (f32, f32) {
    match width {
        1 => ends_of(rows.as_chunks::<1>().0, axis, finite),
        2 => ends_of(rows.as_chunks::<2>().0, axis, finite),
        _ => ends_of(rows.as_chunks::<3>().0, axis, finite),
    }
}

fn ends_of<const D: usize>(rows: &[[f32; D]], axis: usize, finite: bool) -> (f32, f32) {
    let column = || rows.iter().filter_map(move |row| row.get(axis).copied());
    let (mut low, mut high, mut nan) = (f32::INFINITY, f32::NEG_INFINITY, false);
    for x in column() {
        if finite && !x.is_finite() {
            continue;
        }
        // Neither holds for NaN.
        low = if x < low { x } else { low };
        high = if x > high { x } else { high };
        nan |= x.is_nan();
    }
    let first = nan.then(|| column().find(|x| x.is_nan())).flatten();
    first.map_or((low, high), |x| (x, x))
}

/// Subtracts `centre` from a column of rows `width` wide (1 to 3), then multiplies by `factor`; with `finite`, what is not finite then
/// becomes 0.
#[inline(never)]
pub fn scale(rows: &mut [f32], width: usize, axis: usize, centre: f32, factor: f32, finite: bool) {
    match width {
        1 => scale_of(rows.as_chunks_mut::<1>().0, axis, centre, factor, finite),
        2 => scale_of(rows.as_chunks_mut::<2>().0, axis, centre, factor, finite),
        _ => scale_of(rows.as_chunks_mut::<3>().0, axis, centre, factor, finite),
    }
}

fn scale_of<const D: usize>(rows: &mut [[f32; D]], axis: usize, centre: f32, factor: f32, finite: bool) {
    for row in rows {
        if let Some(slot) = row.get_mut(axis) {
            let x = (*slot - centre) * factor;
            *slot = if finite && !x.is_finite() { 0.0 } else { x };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_axis_has_its_own_ends() {
        let rows = [0.0, 5.0, -1.0, 7.0, 3.0, 6.0];
        assert_eq!([ends(&rows, 2, 0, false), ends(&rows, 2, 1, false)], [(-1.0, 3.0), (5.0, 7.0)]);
        assert_eq!(ends(&rows, 3, 2, false), (-1.0, 6.0));
        let odd = [1.0, f32::NAN, f32::INFINITY, 2.0];
        assert!(ends(&odd, 1, 0, false).0.is_nan());
        assert_eq!(ends(&odd, 1, 0, true), (1.0, 2.0));
    }

    #[test]
    fn one_axis_is_scaled() {
        let mut rows = [0.0, 5.0, f32::NAN, 7.0];
        scale(&mut rows, 2, 1, 6.0, 2.0, false);
        assert_eq!([rows[1], rows[3]], [-2.0, 2.0]);
        scale(&mut rows, 2, 0, 1.0, 1.0, true);
        assert_eq!([rows[0], rows[2]], [-1.0, 0.0]);
    }
}
