//! Outlier quantiles: how far each cell is from the middle of its label in the latent space (specification: section 7.4).
//!
//! A latent space may be many times larger than all else that is shown. One that is too large to keep is read twice, in blocks of
//! rows.

use std::rc::Rc;

use super::{
    Export,
    fields::latent_key,
    groups::{Groups, Spread},
};
use crate::{anndata::Entry, error::Result};

/// Largest latent space that is read whole and kept, in bytes.
const KEPT: u64 = 256 << 20;
/// Bytes of a block of rows.
const BLOCK: u64 = 32 << 20;

impl Export {
    /// For each cell the share of its label's cells that are no farther from their middle; NaN for cells without label or
    /// with too few of their kind, 0 for all where there is no latent space. Where the `memory` is said, no more is kept of it.
    pub(super) async fn outliers(&self, index: usize, memory: Option<u64>) -> Result<Vec<f32>> {
        let coded = self.coded(index).await?;
        let key = latent_key(&self.data.obsm, &self.options);
        let Some(entry) = key.and_then(|key| self.data.embedding(key)) else {
            return Ok(vec![0.0; coded.codes.len()]);
        };
        let Some(width) = entry.columns() else {
            // The reference fails where the numbers are asked for; labels and codes of the column are none the worse for it.
            let reason =
                format!("has shape {:?}, which is no latent space: outlier quantiles are 0", entry.shape);
            self.data.skip(self.data.path(&format!("obsm/{}", entry.key)), reason);
            return Ok(vec![0.0; coded.codes.len()]);
        };
        let groups = coded.groups(&self.options);
        if width.saturating_mul(self.data.n_obs()).saturating_mul(4) <= memory.unwrap_or(KEPT).min(KEPT) {
            let latent = self.latent(entry).await?;
            let mut spread = Spread::new(&groups, &coded.codes, width as usize);
            spread.add(0, &latent);
            spread.divide();
            spread.measure(&latent);
            return Ok(spread.ranks());
        }
        in_blocks(entry, &groups, &coded.codes, width, BLOCK).await
    }

    async fn latent(&self, entry: &Entry) -> Result<Rc<Vec<f32>>> {
        self.latent.get(async { Ok(Rc::new(entry.read().await?)) }).await
    }
}

/// The same from blocks of about so many bytes, each of which is read twice.
async fn in_blocks(
    entry: &Entry,
    groups: &Groups,
    codes: &[i32],
    width: u64,
    bytes: u64,
) -> Result<Vec<f32>> {
    let rows = codes.len() as u64;
    let step = entry.whole_chunks(bytes / width.max(1).saturating_mul(4));
    let blocks: Vec<_> = (0..rows)
        .step_by(usize::try_from(step).unwrap_or(usize::MAX))
        .map(|start| start..start.saturating_add(step).min(rows))
        .collect();
    let mut spread = Spread::new(groups, codes, width as usize);
    for block in &blocks {
        spread.add(block.start as usize, &entry.rows(block.clone()).await?);
    }
    spread.divide();
    for block in &blocks {
        spread.measure(&entry.rows(block.clone()).await?);
    }
    Ok(spread.ranks())
}
