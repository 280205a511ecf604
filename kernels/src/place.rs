//! Items of stored bytes into buffers of numbers, by their bits: what they mean is nothing to a copy.

/// A run of items: from every `from`th of what is stored to every `to`th of a buffer, `n` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Items from one to the next in the buffer, at least 1.
    pub to: usize,
    /// Items from one to the next in what is stored; 0 for the same again and again.
    pub from: usize,
    /// Items.
    pub n: usize,
    /// Whether the stored ones have their highest byte first.
    pub big: bool,
}

macro_rules! widths {
    ($($name:ident $t:ident $w:literal),*) => { $(
        /// Copies items of so many bytes, the first to the front of `out`; as many as both sides have.
        #[inline(never)]
        pub fn $name(out: &mut [$t], stored: &[u8], run: Run) {
            let (items, _) = stored.as_chunks::<$w>();
            if run.big {
                put(out, items, run, $t::from_be_bytes);
            } else {
                put(out, items, run, $t::from_le_bytes);
            }
        }
    )* };
}
widths!(one u8 1, two u16 2, four u32 4, eight u64 8);

#[inline(always)]
fn put<T: Copy, const W: usize>(out: &mut [T], items: &[[u8; W]], run: Run, read: impl Fn([u8; W]) -> T) {
    match (run.to, run.from) {
        (1, 1) => out.iter_mut().zip(items).take(run.n).for_each(|(slot, item)| *slot = read(*item)),
        (to, 0) => {
            let Some(item) = items.first() else { return };
            let item = read(*item);
            out.iter_mut().step_by(to.max(1)).take(run.n).for_each(|slot| *slot = item);
        }
        // Columns of embeddings, as far apart here as there.
        (2, 2) => pairs::<T, 2, W>(out, items, run.n, read),
        (3, 3) => pairs::<T, 3, W>(out, items, run.n, read),
        (to, from) => {
            let items = items.iter().step_by(from);
            out.iter_mut()
                .step_by(to.max(1))
                .zip(items)
                .take(run.n)
                .for_each(|(slot, item)| *slot = read(*item));
        }
    }
}

/// The first of each `S` items; what is behind the last whole `S` is one more.
#[inline(always)]
fn pairs<T: Copy, const S: usize, const W: usize>(
    out: &mut [T],
    items: &[[u8; W]],
    n: usize,
    read: impl Fn([u8; W]) -> T,
) {
    let ((out, last), (items, rest)) = (out.as_chunks_mut::<S>(), items.as_chunks::<S>());
    let whole = out.len().min(items.len()).min(n);
    for (slot, item) in out.iter_mut().zip(items).take(n) {
        if let (Some(slot), Some(item)) = (slot.first_mut(), item.first()) {
            *slot = read(*item);
        }
    }
    let slot = out.get_mut(whole).and_then(|s| s.first_mut()).or(last.first_mut());
    let item = items.get(whole).and_then(|s| s.first()).or(rest.first());
    if let (Some(slot), Some(item), true) = (slot, item, whole < n) {
        *slot = read(*item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_on_either_side() {
        let stored: Vec<u8> = (0..40).collect();
        for (to, from, n, big) in
            [1, 2, 3, 5].into_iter().flat_map(|to| (0..5).map(move |from| (to, from, 4, from % 2 == 0)))
        {
            for (room, there) in [(20, 20), ((n - 1) * to + 1, (n - 1) * from + 1), (3, 2), (0, 3)] {
                let mut out = vec![0; room];
                let stored = &stored[..there * 2];
                let mut want = out.clone();
                for i in 0..n {
                    if let (Some(slot), Some(item)) =
                        (want.get_mut(i * to), stored.get(i * from * 2..).and_then(|s| s.first_chunk()))
                    {
                        *slot = if big { u16::from_be_bytes(*item) } else { u16::from_le_bytes(*item) };
                    }
                }
                two(&mut out, stored, Run { to, from, n, big });
                assert_eq!(out, want, "{to} {from} {big} {room} {there}");
            }
        }
    }
}
