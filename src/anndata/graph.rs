//! The neighbour graph as undirected edges.

use super::{Matrix, sparse::Add};
use crate::{
    array::Values,
    error::{Error, Result},
    limits::Limits,
    tree::{Tree, read_all},
};

/// Undirected edges of `C + Cᵀ`, each once, the smaller end first, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Smaller end of each edge.
    pub from: Vec<u32>,
    /// Larger end.
    pub to: Vec<u32>,
    /// Weight of each edge, in double precision.
    pub weights: Vec<f64>,
    /// Largest number of entries in a row, the diagonal included.
    pub largest_row: u64,
    /// Largest number of edges at a cell.
    pub largest_degree: u64,
}

impl Graph {
    /// Drops edges whose weight does not pass; the largest degree is counted anew.
    pub fn keep(&mut self, passes: impl Fn(f64) -> bool) {
        let kept: Vec<bool> = self.weights.iter().map(|&weight| passes(weight)).collect();
        let mut degrees = std::collections::HashMap::new();
        for ends in [&mut self.from, &mut self.to] {
            let mut keep = kept.iter();
            ends.retain(|_| keep.next().copied().unwrap_or(false));
            for &end in ends.iter() {
                *degrees.entry(end).or_insert(0_u64) += 1;
            }
        }
        let mut keep = kept.iter();
        self.weights.retain(|_| keep.next().copied().unwrap_or(false));
        self.largest_degree = degrees.values().copied().max().unwrap_or(0);
    }

    /// Reads a square matrix and turns it into edges. Sums are made in the matrix's own type; what is zero afterwards is
    /// no edge, NaN is one.
    ///
    /// # Errors
    /// `Malformed` when it is not square or its parts contradict each other.
    pub async fn read(tree: &dyn Tree, matrix: &Matrix) -> Result<Self> {
        let [rows, columns] = matrix.shape();
        if rows != columns {
            return Err(Error::malformed(format!("a graph of {rows} × {columns} is not square")));
        }
        let (starts, indices, data) = match matrix {
            Matrix::Sparse(sparse) => sparse.load(tree).await?,
            Matrix::Dense(_) => dense(tree, matrix).await?,
        };
        match &data {
            Values::F16(v) => edges(&starts, &indices, v, |x| some(x.to_f64())),
            Values::F32(v) => edges(&starts, &indices, v, |x| some(x.into())),
            Values::F64(v) => edges(&starts, &indices, v, some),
            Values::Complex { items, .. } => {
                edges(&starts, &indices, items, |x| (x != [0.0; 2]).then_some(x[0]))
            }
            other => {
                let (bits, signed, whole) = whole(other)?;
                // True and true is true.
                let most = if matches!(other, Values::Bool(_)) { 1.0 } else { f64::INFINITY };
                edges(&starts, &indices, &whole, |x| wrapped(x, bits, signed).map(|weight| weight.min(most)))
            }
        }
    }
}

fn some(weight: f64) -> Option<f64> {
    (weight != 0.0).then_some(weight)
}

/// Whole numbers of any type as the widest, with the bits and the sign of their own: sums that wrap in the widest wrap as well when
/// they are cut off later.
fn whole(values: &Values) -> Result<(u32, bool, Vec<i64>)> {
    macro_rules! wide {
        ($(($kind:ident, $bits:literal, $signed:literal)),*) => { match values {
            $(Values::$kind(v) => Ok(($bits, $signed, v.iter().map(|&x| x as i64).collect())),)*
            other => Err(Error::unsupported(format!("a graph of {} is not read", other.name()))),
        } };
    }
    wide!(
        (Bool, 64, false),
        (I8, 8, true),
        (I16, 16, true),
        (I32, 32, true),
        (I64, 64, true),
        (U8, 8, false),
        (U16, 16, false),
        (U32, 32, false),
        (U64, 64, false)
    )
}

/// What is left of a sum in so many bits.
fn wrapped(sum: i64, bits: u32, signed: bool) -> Option<f64> {
    let away = 64 - bits;
    let left = sum << away;
    (left != 0).then(|| if signed { (left >> away) as f64 } else { (left as u64 >> away) as f64 })
}

/// A dense matrix in compressed form: every item counts, zeros fall out with the sums.
async fn dense(tree: &dyn Tree, matrix: &Matrix) -> Result<(Vec<u64>, Vec<u32>, Values)> {
    let Matrix::Dense(array) = matrix else { return Err(Error::request("not dense")) };
    let [rows, columns] = matrix.shape();
    let side = u32::try_from(columns).map_err(|_| Error::limit("a dense graph of that size"))?;
    let values = read_all(tree, array).await?;
    let mut indices = Limits::room(values.len(), "a graph")?;
    for _ in 0..rows {
        indices.extend(0..side);
    }
    Ok(((0..=rows).map(|i| i * columns).collect(), indices, values))
}

/// Rows sorted by column, each column once.
struct Rows<T> {
    starts: Vec<usize>,
    columns: Vec<u32>,
    items: Vec<T>,
}

impl<T: Add> Rows<T> {
    fn new(starts: &[u64], indices: &[u32], items: &[T]) -> Result<Self> {
        let mut rows = Self {
            starts: vec![0],
            columns: Vec::with_capacity(indices.len()),
            items: Vec::with_capacity(items.len()),
        };
        // Column and place in one number, which sorts as both do.
        let mut sorted: Vec<u64> = Vec::new();
        for ends in starts.windows(2) {
            let [start, end] = [ends.first(), ends.last()].map(|e| e.map_or(0, |&e| e as usize));
            let (Some(js), Some(xs)) = (indices.get(start..end), items.get(start..end)) else {
                return Err(Error::malformed("a row lies past the end of the items"));
            };
            sorted.clear();
            sorted.extend(js.iter().zip(0..).map(|(&j, at)| u64::from(j) << 32 | at));
            if !js.is_sorted() {
                sorted.sort_unstable();
            }
            let begin = rows.columns.len();
            for &both in &sorted {
                let j = (both >> 32) as u32;
                let Some(&x) = xs.get((both & u64::from(u32::MAX)) as usize) else { continue };
                match (rows.columns.last(), rows.items.last_mut()) {
                    (Some(&last), Some(sum)) if last == j && rows.columns.len() > begin => *sum = sum.plus(x),
                    _ => {
                        rows.columns.push(j);
                        rows.items.push(x);
                    }
                }
            }
            rows.starts.push(rows.columns.len());
        }
        Ok(rows)
    }

    fn row(&self, i: usize) -> impl Iterator<Item = (u32, T)> {
        let start = self.starts.get(i).copied().unwrap_or(0);
        let end = self.starts.get(i + 1).copied().unwrap_or(start);
        let (columns, items) = (self.columns.get(start..end), self.items.get(start..end));
        columns.unwrap_or(&[]).iter().copied().zip(items.unwrap_or(&[]).iter().copied())
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The transpose, by counting: its rows come out sorted.
    fn transpose(&self) -> Result<Self> {
        let n = self.len();
        let mut starts = vec![0_usize; n + 1];
        for &j in &self.columns {
            *starts.get_mut(j as usize + 1).ok_or_else(|| Error::malformed("a column lies outside"))? += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut columns = Limits::filled(self.columns.len(), 0_u32, "a graph")?;
        let mut items = Limits::filled(self.items.len(), T::default(), "a graph")?;
        for i in 0..n {
            for (j, x) in self.row(i) {
                let Some(at) = next.get_mut(j as usize) else { continue };
                if let (Some(column), Some(item)) = (columns.get_mut(*at), items.get_mut(*at)) {
                    (*column, *item) = (i as u32, x);
                }
                *at += 1;
            }
        }
        Ok(Self { starts, columns, items })
    }
}

fn edges<T: Add>(
    starts: &[u64],
    indices: &[u32],
    items: &[T],
    weight: impl Fn(T) -> Option<f64>,
) -> Result<Graph> {
    let rows = Rows::new(starts, indices, items)?;
    let turned = rows.transpose()?;
    let mut graph = Graph::default();
    for i in 0..rows.len() {
        let (mut a, mut b) = (rows.row(i).peekable(), turned.row(i).peekable());
        let (mut entries, mut degree) = (0, 0);
        loop {
            let (j, sum) = match (a.peek().copied(), b.peek().copied()) {
                (None, None) => break,
                (Some((j, x)), Some((k, y))) if j == k => {
                    a.next();
                    b.next();
                    (j, x.plus(y))
                }
                (Some((j, x)), other) if other.is_none_or(|(k, _)| j < k) => {
                    a.next();
                    (j, x)
                }
                (_, Some((k, y))) => {
                    b.next();
                    (k, y)
                }
                (Some((j, x)), None) => {
                    a.next();
                    (j, x)
                }
            };
            let Some(weight) = weight(sum) else { continue };
            entries += 1;
            degree += u64::from(j as usize != i);
            if j as usize > i {
                graph.from.push(i as u32);
                graph.to.push(j);
                graph.weights.push(weight);
            }
        }
        graph.largest_row = graph.largest_row.max(entries);
        graph.largest_degree = graph.largest_degree.max(degree);
    }
    Ok(graph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_undirected_once_and_cancelled_ones_are_gone() {
        // (0,1)=.5 (1,0)=.2 (1,3)=1 (2,2)=1 (3,1)=-1, and (0,2) stored twice, unsorted.
        let graph =
            edges(&[0, 3, 5, 6, 7], &[2, 1, 2, 0, 3, 2, 1], &[1.0, 0.5, 1.0, 0.2, 1.0, 1.0, -1.0], some)
                .unwrap();
        assert_eq!((graph.from, graph.to), (vec![0, 0], vec![1, 2]));
        assert_eq!(graph.weights, [0.7, 2.0]);
        assert_eq!((graph.largest_row, graph.largest_degree), (2, 2));
    }

    #[test]
    fn unsigned_sums_wrap_to_nothing() {
        let (bits, signed, items) = whole(&Values::U8(vec![200, 56])).unwrap();
        let graph = edges(&[0, 1, 2], &[1, 0], &items, |x| wrapped(x, bits, signed)).unwrap();
        assert!(graph.from.is_empty());
        assert_eq!(graph.largest_row, 0);
        assert_eq!(wrapped(200, 8, true), Some(-56.0));
        assert_eq!(wrapped(200 + 57, 8, false), Some(1.0));
        assert_eq!(wrapped(-1, 64, false), Some(u64::MAX as f64));
    }
}
