//! What a viewer asks for next, read before it does.

use futures_util::future::join;

use super::Export;
use crate::anndata::Kind;

/// Most bytes, once decoded, of an embedding or a column that is read ahead.
const MOST: u64 = 16 << 20;

impl Export {
    /// Reads the embedding shown first, names of genes, the first category and where the chunks of X are: each unless it is large, or
    /// there is no journey to be saved. What is wrong with them is said to whoever asks for them.
    pub async fn ahead(&self) {
        if !self.data.tree().is_far() {
            return self.data.warm().await;
        }
        // What is shown first has most dimensions.
        let cells = self.data.n_obs();
        if let Some(dim) = self.choices.iter().map(|choice| choice.dim).max()
            && cells.saturating_mul(4 * u64::from(dim)) <= MOST
        {
            self.points(dim).await.ok();
        }
        drop(join(self.genes(), self.data.warm()).await);
        if cells.saturating_mul(4) <= MOST
            && let Some(index) = self.first_category().await
        {
            self.coded(index).await.ok();
        }
        self.data.ahead().await;
    }

    /// The first column that stores codes and labels: others would have to be read to find theirs.
    async fn first_category(&self) -> Option<usize> {
        let stored = self.data.obs.stored().await.ok()?;
        stored.iter().position(|column| matches!(column.kind(), Ok(Kind::Category(Some(_)))))
    }
}
