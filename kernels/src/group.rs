//! Rows by group. Each sum runs over its rows in the order given and adds one number at a time: that order is the contract.
//!
//! A row's group is what `of_label` has for its code; codes that it has nothing for and `u32::MAX` in it are no group. Rows are two or
//! three numbers wide, with a code each; centres and sums as wide, one for each group.

/// Where a group's rows may be: no farther than `farthest` from its centre.
pub struct Near<'a> {
    /// Of each group, `width` numbers.
    pub centres: &'a [f32],
    /// Of each group.
    pub farthest: &'a [f32],
}

/// Adds rows to the sums of their groups, all or those that are `near`, and counts them.
#[inline(never)]
pub fn sum(
    (rows, width): (&[f32], usize),
    codes: &[i32],
    of_label: &[u32],
    near: Option<&Near<'_>>,
    sums: &mut [f32],
    counts: &mut [usize],
) {
    match (width, near) {
        (2, None) => sum_of::<2>(rows, codes, of_label, sums, counts, |_, _| true),
        (2, Some(near)) => {
            let inside = near.inside::<2>();
            sum_of::<2>(rows, codes, of_label, sums, counts, inside);
        }
        (_, None) => sum_of::<3>(rows, codes, of_label, sums, counts, |_, _| true),
        (_, Some(near)) => {
            let inside = near.inside::<3>();
            sum_of::<3>(rows, codes, of_label, sums, counts, inside);
        }
    }
}

impl Near<'_> {
    fn inside<const W: usize>(&self) -> impl Fn(usize, &[f32; W]) -> bool {
        let (centres, _) = self.centres.as_chunks::<W>();
        move |group, row| {
            let bounds = centres.get(group).zip(self.farthest.get(group));
            bounds.is_some_and(|(centre, farthest)| distance(row, centre) <= *farthest)
        }
    }
}

fn sum_of<const W: usize>(
    rows: &[f32],
    codes: &[i32],
    of_label: &[u32],
    sums: &mut [f32],
    counts: &mut [usize],
    takes: impl Fn(usize, &[f32; W]) -> bool,
) {
    let (rows, sums) = (rows.as_chunks::<W>().0, sums.as_chunks_mut::<W>().0);
    for (row, &code) in rows.iter().zip(codes) {
        let group = of(code, of_label);
        let (Some(sum), Some(count)) = (sums.get_mut(group), counts.get_mut(group)) else { continue };
        if takes(group, row) {
            for (sum, x) in sum.iter_mut().zip(row) {
                *sum += x;
            }
            *count += 1;
        }
    }
}

/// Writes the [`rank_key`] of each row's distance from its group's centre behind those of its group's earlier rows: `next` has for each
/// group where its next one goes.
#[inline(never)]
pub fn rank(
    (rows, width): (&[f32], usize),
    codes: &[i32],
    of_label: &[u32],
    centres: &[f32],
    next: &mut [usize],
    keys: &mut [u32],
) {
    match width {
        2 => rank_of::<2>(rows, codes, of_label, centres, next, keys),
        _ => rank_of::<3>(rows, codes, of_label, centres, next, keys),
    }
}

fn rank_of<const W: usize>(
    rows: &[f32],
    codes: &[i32],
    of_label: &[u32],
    centres: &[f32],
    next: &mut [usize],
    keys: &mut [u32],
) {
    let (rows, centres) = (rows.as_chunks::<W>().0, centres.as_chunks::<W>().0);
    for (row, &code) in rows.iter().zip(codes) {
        let group = of(code, of_label);
        let (Some(at), Some(centre)) = (next.get_mut(group), centres.get(group)) else { continue };
        if let Some(slot) = keys.get_mut(*at) {
            *slot = rank_key(distance(row, centre));
        }
        *at += 1;
    }
}

/// No group is `usize::MAX` or `u32::MAX`, of which there never are so many.
fn of(code: i32, of_label: &[u32]) -> usize {
    of_label.get(code as u32 as usize).map_or(usize::MAX, |&group| group as usize)
}

/// Distance of a row to a centre.
fn distance<const W: usize>(row: &[f32; W], centre: &[f32; W]) -> f32 {
    let mut sum = -0.0;
    for (v, c) in row.iter().zip(centre) {
        let difference = v - c;
        sum += difference * difference;
    }
    sum.sqrt()
}

/// A number whose order is that of distances, NaN last.
fn rank_key(distance: f32) -> u32 {
    // Distances have no sign but that of zero, which this takes away.
    if distance.is_nan() { u32::MAX } else { (distance + 0.0).to_bits() }
}

/// Puts keys into an order in which number `place` is the one that it would be if they were sorted, those before it no greater, those
/// behind it no less; gives that one and the least behind it. `None` where there is none at `place`.
#[inline(never)]
pub fn select(keys: &mut [u32], place: usize) -> Option<(u32, Option<u32>)> {
    if place >= keys.len() {
        return None;
    }
    let (_, one, above) = keys.select_nth_unstable(place);
    Some((*one, above.iter().min().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_count_for_their_group_and_no_other() {
        let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let (codes, of_label) = ([2, 0, -1, 2], [0, u32::MAX, 1]);
        let (mut sums, mut counts) = ([-0.0; 4], [0; 2]);
        sum((&rows, 2), &codes, &of_label, None, &mut sums, &mut counts);
        assert_eq!((sums, counts), ([3.0, 4.0, 8.0, 10.0], [1, 2]));
        let near = Near { centres: &[3.0, 4.0, 1.0, 2.0], farthest: &[0.0, 1.0] };
        let (mut sums, mut counts) = ([-0.0; 4], [0; 2]);
        sum((&rows, 2), &codes, &of_label, Some(&near), &mut sums, &mut counts);
        assert_eq!((sums, counts), ([3.0, 4.0, 1.0, 2.0], [1, 1]));
        let (mut next, mut keys) = ([0, 1], [9; 3]);
        rank((&rows, 2), &codes, &of_label, near.centres, &mut next, &mut keys);
        assert_eq!((next, keys), ([1, 3], [0, 0, 72_f32.sqrt().to_bits()]));
    }

    #[test]
    fn keys_are_selected() {
        let mut keys = [5, 1, 4, 2];
        assert_eq!(select(&mut keys, 1), Some((2, Some(4))));
        assert_eq!(select(&mut keys, 3), Some((5, None)));
        assert_eq!(select(&mut keys, 4), None);
    }
}
