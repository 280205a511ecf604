//! Columns of obs as files: values, codes, outlier quantiles; and their rows in the manifest
//! (specification: section 7).

use std::rc::Rc;

use crate::{
    anndata::{Column, Entry},
    error::{Error, Result},
    host, threads,
};

use super::{
    Options, Profile,
    centroids::{Centroid, centroids},
    groups::Groups,
    json::Json,
    points::Points,
};

/// Latent spaces by preference.
pub const LATENT: [&str; 6] = ["scanvi", "scvi", "X_scvi", "X_pca", "harmony", "X_harmony"];

/// A column as codes and labels.
#[derive(Clone, Debug)]
pub struct Coded {
    /// Position among the labels; −1 where missing.
    pub codes: Vec<i32>,
    /// In order.
    pub labels: Vec<String>,
}

impl Coded {
    /// Cells of each label, for the labels with enough of them.
    pub fn groups(&self, options: &Options) -> Groups {
        Groups::new(&self.codes, self.labels.len(), options.centroid_min_points())
    }

    /// Whether codes take one byte.
    pub fn is_narrow(&self) -> bool {
        is_narrow(self.labels.len() as u64)
    }

    /// The codes file: unsigned, little-endian, the largest number for missing.
    ///
    /// # Errors
    /// `Unsupported` in the strict profile when there are more labels than 16 bits can tell apart; the reference wraps.
    pub fn bytes(&self, profile: Profile) -> Result<Vec<u8>> {
        if profile == Profile::Strict {
            few_enough(self.labels.len() as u64)?;
        }
        Ok(if self.is_narrow() {
            self.codes.iter().map(|&code| if code < 0 { u8::MAX } else { code as u8 }).collect()
        } else {
            self.codes
                .iter()
                .flat_map(|&code| if code < 0 { u16::MAX } else { code as u16 }.to_le_bytes())
                .collect()
        })
    }

    /// The labels' places in each embedding.
    fn places(&self, places: &[Place], options: &Options) -> Json {
        Json::map(places.iter().map(|(dim, centroids)| {
            let entries = centroids.iter().filter_map(|Centroid { label, position, used }| {
                if options.profile == Profile::Strict && position.iter().any(|x| !x.is_finite()) {
                    return None;
                }
                Some(Json::map([
                    ("category", Json::from(self.labels.get(*label).map_or("", String::as_str))),
                    ("position", Json::list(position.iter().map(|&x| f64::from(x)))),
                    ("n_points", Json::from(*used)),
                ]))
            });
            (dim.to_string(), Json::List(entries.collect()))
        }))
    }
}

/// The centroids of a column's labels in an embedding of so many dimensions.
pub type Place = (u8, Vec<Centroid>);

/// Those of several columns, all at once: for each column its places in each embedding.
pub fn places(columns: &[Rc<Coded>], points: &[Rc<Points>], options: &Options) -> Vec<Vec<Place>> {
    let (least, share) = (options.centroid_min_points(), options.centroid_quantile());
    let columns: Vec<&Coded> = columns.iter().map(Rc::as_ref).collect();
    let groups = threads::map(&columns, |coded| coded.groups(options));
    let points: Vec<&Points> = points.iter().map(Rc::as_ref).collect();
    let work: Vec<(&Coded, &Groups, &Points)> = columns
        .iter()
        .zip(&groups)
        .flat_map(|(coded, groups)| points.iter().map(move |points| (*coded, groups, *points)))
        .collect();
    let mut made = threads::map(&work, |(coded, groups, points)| {
        (points.dim, centroids(groups, &coded.codes, &points.values, points.dim.into(), least, share))
    })
    .into_iter();
    columns.iter().map(|_| made.by_ref().take(points.len()).collect()).collect()
}

/// # Errors
/// `Unsupported` when there are more labels than 16 bits can tell apart.
pub fn few_enough(labels: u64) -> Result<()> {
    if labels <= 65_535 {
        return Ok(());
    }
    Err(Error::unsupported(format!("{labels} labels are more than 16-bit codes can tell apart"))
        .hint("merge labels, or store the column as numbers"))
}

/// Whether codes of that many labels take one byte.
pub fn is_narrow(labels: u64) -> bool {
    labels <= 254
}

/// A column as single precision: missing is NaN; labels count where they spell a number.
///
/// # Errors
/// `Unsupported` for what is not a number.
pub fn values(column: Column) -> Result<Vec<f32>> {
    match column {
        Column::Number { values, missing } => {
            let mut values = values.into_f32()?;
            if let Some(missing) = missing {
                for (value, gone) in values.iter_mut().zip(missing) {
                    if gone {
                        *value = f32::NAN;
                    }
                }
            }
            Ok(values)
        }
        Column::Bool { .. } | Column::Text { .. } | Column::Category { .. } => {
            let (codes, labels) = column.categories()?;
            // By way of doubles, as NumPy reads them.
            let number = |label: &String| host::number(label.trim()).unwrap_or(f64::NAN) as f32;
            let numbers: Vec<f32> = labels.iter().map(number).collect();
            Ok(codes
                .iter()
                .map(|&c| usize::try_from(c).ok().and_then(|c| numbers.get(c)).copied().unwrap_or(f32::NAN))
                .collect())
        }
    }
}

/// Smallest and largest finite value; 0 and 1 when there is none.
pub fn range(values: &[f32]) -> (f64, f64) {
    // Several pairs side by side: they wait for nothing but their own last.
    const LANES: usize = 16;
    let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut look = |block: &[f32]| {
        for ((x, low), high) in block.iter().zip(&mut low).zip(&mut high) {
            let finite = x.is_finite();
            *low = if finite && *x < *low { *x } else { *low };
            *high = if finite && *x > *high { *x } else { *high };
        }
    };
    blocks.iter().for_each(|block| look(block));
    look(rest);
    let low = low.into_iter().fold(f32::INFINITY, f32::min);
    let high = high.into_iter().fold(f32::NEG_INFINITY, f32::max);
    if low > high { (0.0, 1.0) } else { (low.into(), high.into()) }
}

/// A continuous column's row in the manifest.
pub fn continuous_row(key: &str, range: Option<(f64, f64)>) -> Json {
    let mut row = vec![Json::from(key)];
    row.extend(range.iter().flat_map(|(low, high)| [Json::from(*low), Json::from(*high)]));
    Json::List(row)
}

/// A categorical column's row in the manifest; `range` is that of its outlier quantiles.
pub fn categorical_row(
    key: &str,
    coded: &Coded,
    range: Option<(f64, f64)>,
    places: &[Place],
    options: &Options,
) -> Json {
    let (dtype, missing) = if coded.is_narrow() { ("uint8", 255_u64) } else { ("uint16", 65_535) };
    let mut row = vec![
        Json::from(key),
        Json::list(coded.labels.iter().map(String::as_str)),
        Json::from(dtype),
        Json::from(missing),
        coded.places(places, options),
    ];
    row.extend(range.iter().flat_map(|(low, high)| [Json::from(*low), Json::from(*high)]));
    Json::List(row)
}

/// The latent space's key: the option, else the first preferred, else the first entry that is no UMAP.
pub fn latent_key<'a>(obsm: &'a [Entry], options: &'a Options) -> Option<&'a str> {
    if let Some(key) = &options.latent_key {
        return Some(key);
    }
    LATENT
        .into_iter()
        .find(|key| obsm.iter().any(|entry| entry.key == *key))
        .or_else(|| obsm.iter().map(|entry| entry.key.as_str()).find(|key| !key.starts_with("X_umap")))
}
