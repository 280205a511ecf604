//! What the person asking may choose of how a data set is shown.

use super::names::{dataset_name, safe};

/// Which reader the files are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// What `cellucid` 0.0.9 serves, bit for bit.
    #[default]
    Reference,
    /// The same data in the form that the later app demands: valid JSON, no surplus keys, no NaN positions.
    Strict,
}

/// What the person asking may choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Which reader the files are for.
    pub profile: Profile,
    /// Name of the file or folder, as shown to people.
    pub file: String,
    /// Whether it is a folder, which keeps its suffix in the data set's name.
    pub folder: bool,
    /// Where it is; the reference publishes the absolute path.
    pub path: Option<String>,
    /// The time, as `2026-01-31T12:00:00Z`.
    pub created_at: String,
    /// Name of the data set instead of the file's.
    pub dataset_name: Option<String>,
    /// Id of the data set instead of the name's safe form.
    pub dataset_id: Option<String>,
    /// Latent space for outlier quantiles.
    pub latent_key: Option<String>,
    /// Column of var with the gene ids instead of the index.
    pub gene_id_column: Option<String>,
    /// Matrix that genes come from instead of X: a layer's name, or `raw` with its own genes.
    pub layer: Option<String>,
    /// Whether embeddings are centred and scaled.
    pub normalize: bool,
    /// Share of a group's cells that its centroid is made of; outside (0.5, 1) it counts as 0.95.
    pub centroid_quantile: f64,
    /// Least number of cells for a centroid; below 1 it counts as 10.
    pub centroid_min_points: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            file: String::new(),
            folder: false,
            path: None,
            created_at: "1970-01-01T00:00:00Z".into(),
            dataset_name: None,
            dataset_id: None,
            latent_key: None,
            gene_id_column: None,
            layer: None,
            normalize: true,
            centroid_quantile: 0.95,
            centroid_min_points: 10,
        }
    }
}

impl Options {
    /// The share as it counts.
    pub(super) fn centroid_quantile(&self) -> f64 {
        if self.centroid_quantile > 0.5 && self.centroid_quantile < 1.0 {
            self.centroid_quantile
        } else {
            0.95
        }
    }

    /// The least number as it counts.
    pub(super) fn centroid_min_points(&self) -> usize {
        usize::try_from(self.centroid_min_points).ok().filter(|&n| n >= 1).unwrap_or(10)
    }

    /// Name of the data set.
    pub fn name(&self) -> String {
        self.dataset_name.clone().unwrap_or_else(|| dataset_name(&self.file, self.folder))
    }

    /// Id of the data set.
    pub(super) fn id(&self) -> String {
        self.dataset_id.clone().unwrap_or_else(|| safe(&self.name()))
    }
}
