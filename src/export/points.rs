//! Embeddings: which ones are shown, and their coordinates centred and scaled (specification: sections 5 and 10).

use std::{rc::Rc, sync::Arc};

use cellucid_kernels::axis;

use crate::{
    anndata::{AnnData, Entry},
    error::{Error, Result},
    threads,
};

use super::{Export, Options, Profile, json::Json};

/// An embedding that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// 1, 2 or 3.
    pub dim: u8,
    /// Key in obsm.
    pub key: String,
}

/// What became of `X_umap`.
#[derive(Clone, Debug, PartialEq)]
pub enum Umap {
    /// It stands for the dimension.
    Used(u8),
    /// Its dimension has an explicit key.
    Explicit(u8),
    /// It has no dimension that can be drawn.
    Unsupported(u64),
    /// It is no matrix of one row per cell.
    Invalid(Vec<u64>),
}

/// Coordinates of all cells.
#[derive(Clone, Debug)]
pub struct Points {
    /// Columns.
    pub dim: u8,
    /// Row after row; a file of them shares the memory.
    pub values: Arc<Vec<f32>>,
    /// What the coordinates were multiplied by.
    pub scale: f64,
}

/// Columns that are read of an entry that has more.
pub const FIRST: u64 = 3;

/// Columns an embedding needs to be drawn as it is.
fn drawable(entry: &Entry) -> Option<u8> {
    entry.columns().and_then(|c| u8::try_from(c).ok()).filter(|c| (1..=3).contains(c))
}

/// Chooses an embedding per dimension: `X_umap_{d}d`, then `X_umap` for the dimension it has. In the strict profile a
/// file without either shows the best of what it has instead of nothing.
pub fn choose(data: &AnnData, options: &Options) -> (Vec<Choice>, Option<Umap>) {
    let mut choices: Vec<Choice> = (1..=3_u8)
        .filter_map(|dim| {
            let key = format!("X_umap_{dim}d");
            let entry = data.embedding(&key)?;
            (drawable(entry) == Some(dim)).then_some(Choice { dim, key })
        })
        .collect();
    let umap = data.embedding("X_umap").map(|entry| match (drawable(entry), entry.columns()) {
        (Some(dim), _) if choices.iter().any(|c| c.dim == dim) => Umap::Explicit(dim),
        (Some(dim), _) => {
            let at = choices.partition_point(|c| c.dim < dim);
            choices.insert(at, Choice { dim, key: entry.key.clone() });
            Umap::Used(dim)
        }
        (None, Some(columns)) => Umap::Unsupported(columns),
        (None, None) => Umap::Invalid(entry.shape.clone()),
    });
    if choices.is_empty() && options.profile == Profile::Strict {
        choices = instead(data);
    }
    (choices, umap)
}

/// The best of what can be drawn where there is no UMAP: an entry of two or three columns, else the first two and three of one that has
/// more, such as a PCA.
pub fn instead(data: &AnnData) -> Vec<Choice> {
    // Names people give to what they look at, most telling first; then anything that can be drawn.
    let rank = |key: &str| {
        ["umap", "tsne", "draw_graph", "phate", "spatial", "diffmap", "pca"]
            .iter()
            .position(|word| key.to_ascii_lowercase().contains(word))
            .unwrap_or(usize::MAX)
    };
    let drawn = data.obsm.iter().filter_map(|entry| Some((drawable(entry)?, entry)));
    let best = drawn.filter(|(dim, _)| *dim > 1).min_by_key(|(_, entry)| rank(&entry.key));
    if let Some((dim, entry)) = best {
        return Vec::from([Choice { dim, key: entry.key.clone() }]);
    }
    let wide = data.obsm.iter().filter(|entry| entry.is_dense() && entry.columns() > Some(FIRST));
    let best = wide.min_by_key(|entry| rank(&entry.key));
    best.map_or_else(Vec::new, |entry| [2, 3].map(|dim| Choice { dim, key: entry.key.clone() }).into())
}

/// Why data cannot be shown: what there is instead of something to draw.
pub fn nothing_drawn(data: &AnnData) -> Error {
    let there: Vec<String> = data.obsm.iter().map(|e| format!("\"{}\" {:?}", e.key, e.shape)).collect();
    let there = if there.is_empty() { "nothing".to_owned() } else { there.join(", ") };
    let hint = "store two or three columns as obsm[\"X_umap\"], for instance with scanpy.tl.umap";
    // The strict profile would not have come here.
    let hint = instead(data).first().map_or_else(
        || hint.to_owned(),
        |Choice { key, .. }| {
            format!(
                "{hint}; or take the strict profile, which shows \"{key}\": the reference shows UMAP only"
            )
        },
    );
    Error::unsupported(format!("no embedding can be drawn: obsm holds {there}"))
        .at(data.path("obsm"))
        .in_file(data.tree().name())
        .hint(hint)
}

/// What `dataset_identity.json` says about `X_umap`.
pub fn umap_json(umap: &Umap, rows: u64) -> Json {
    let mut entries = vec![("source_key", Json::from("X_umap"))];
    let alias = |dim: &u8| Json::from(format!("X_umap_{dim}d"));
    match umap {
        Umap::Used(dim) => {
            entries.extend([
                ("action", Json::from("used_as")),
                ("dim", Json::from(u64::from(*dim))),
                ("alias_key", alias(dim)),
            ]);
        }
        Umap::Explicit(dim) => {
            entries.extend([
                ("action", Json::from("ignored")),
                ("reason", Json::from("explicit_key_present")),
                ("dim", Json::from(u64::from(*dim))),
                ("alias_key", alias(dim)),
            ]);
        }
        Umap::Unsupported(columns) => {
            entries.extend([
                ("action", Json::from("ignored")),
                ("reason", Json::from("unsupported_dim")),
                ("n_dims", Json::from(*columns)),
            ]);
        }
        Umap::Invalid(shape) if shape.first() == Some(&rows) => {
            entries.extend([
                ("action", Json::from("ignored")),
                ("reason", Json::from("invalid_shape")),
                ("shape", Json::list(shape.clone())),
            ]);
        }
        Umap::Invalid(shape) => {
            entries.extend([
                ("action", Json::from("ignored")),
                ("reason", Json::from("row_count_mismatch")),
                ("shape", Json::list(shape.clone())),
                ("expected_rows", Json::from(rows)),
            ]);
        }
    }
    Json::map(entries)
}

impl Export {
    /// Coordinates of all cells in so many dimensions.
    pub(super) async fn points(&self, dim: u8) -> Result<Rc<Points>> {
        let missing = || Error::missing(format!("there are no points in {dim} dimensions"));
        let made = usize::from(dim).checked_sub(1).and_then(|at| self.points.get(at)).ok_or_else(missing)?;
        let reading = async {
            let choice = self.choices.iter().find(|choice| choice.dim == dim);
            let entry = choice.and_then(|choice| self.data.embedding(&choice.key));
            let entry = entry.filter(|_| self.data.n_obs() > 0).ok_or_else(missing)?;
            let values = if self.in_part(choice) {
                let read = async { Ok(Rc::new(entry.first(FIRST).await?)) };
                let rows = self.first.get(read).await?;
                let rows = rows.chunks(FIRST as usize);
                rows.flat_map(|row| row.iter().take(dim.into()).copied()).collect()
            } else {
                entry.read().await?
            };
            Ok(Rc::new(scaled(values, dim, &self.options)))
        };
        made.get(reading).await
    }

    /// Whether only the first columns of an entry are shown.
    pub(super) fn in_part(&self, choice: Option<&Choice>) -> bool {
        let entry = choice.and_then(|choice| self.data.embedding(&choice.key));
        entry.and_then(Entry::columns) > Some(FIRST)
    }

    /// All embeddings that are shown; none where there are no cells.
    pub(super) async fn all_points(&self) -> Result<Vec<Rc<Points>>> {
        let mut all = Vec::new();
        for choice in self.choices.iter().filter(|_| self.data.n_obs() > 0) {
            all.push(self.points(choice.dim).await?);
        }
        Ok(all)
    }
}

/// Normalises an embedding as it was read.
pub fn scaled(mut values: Vec<f32>, dim: u8, options: &Options) -> Points {
    let scale = if options.normalize { normalize(&mut values, dim.into(), options.profile) } else { 1.0 };
    Points { dim, values: values.into(), scale }
}

/// Centres each axis and scales all by the widest, into [−1, 1]; gives the scale. NaN spreads over everything in the
/// reference profile; in the strict one it is ignored for the range and drawn at the centre.
fn normalize(values: &mut [f32], dim: usize, profile: Profile) -> f64 {
    let strict = profile == Profile::Strict;
    let axes: Vec<usize> = (0..dim).collect();
    let ends = threads::map(&axes, |&at| axis::ends(values, dim, at, strict));
    let mut range = f32::NEG_INFINITY;
    for (low, high) in &ends {
        let width = high - low;
        if width.is_nan() || width > range {
            range = if range.is_nan() { range } else { width };
        }
    }
    let mut range = f64::from(range);
    if range < 1e-8 || (strict && !range.is_finite()) {
        range = 1.0;
    }
    let scale = 2.0 / range;
    for (at, (low, high)) in ends.into_iter().enumerate() {
        axis::scale(values, dim, at, (low + high) / 2.0, scale as f32, strict);
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example() {
        let mut rows = vec![0.0, 0.0, 10.0, 4.0, 5.0, -6.0];
        rows.extend((0..9).flat_map(|i| [i as f32, i as f32 / 2.0]));
        let scale = normalize(&mut rows, 2, Profile::Reference);
        assert_eq!(scale, 0.2);
        assert_eq!(rows[..6], [-1.0, 0.2, 1.0, 1.0, 0.0, -1.0]);
    }

    #[test]
    fn odd_coordinates() {
        let mut nan = vec![f32::NAN, 0.0, 1.0, 2.0];
        normalize(&mut nan, 2, Profile::Reference);
        assert!(nan.iter().all(|x| x.is_nan()));
        let mut kept = vec![f32::NAN, 0.0, 1.0, 2.0, 3.0, 2.0];
        normalize(&mut kept, 2, Profile::Strict);
        assert_eq!(kept, [0.0, -1.0, -1.0, 1.0, 1.0, 1.0]);
        let mut same = vec![4.0, 4.0];
        assert_eq!(normalize(&mut same, 1, Profile::Reference), 2.0);
        assert_eq!(same, [0.0, 0.0]);
    }
}
