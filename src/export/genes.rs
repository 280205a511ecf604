//! Genes: their ids, the columns these stand for, and their values (specification: section 8).

use std::{collections::HashMap, rc::Rc};

use futures_util::future::join;

use super::{Export, Profile, names, safe};
use crate::{
    anndata::Watch,
    array::{Text, Values},
    error::{Error, Result},
    limits::Limits,
    wait::apart,
};

/// A gene list with what leads from a file name to a column.
pub(super) struct Genes {
    /// As shown, in var order.
    pub(super) ids: Rc<Text>,
    /// Column of X by safe name.
    pub(super) columns: HashMap<String, u64>,
}

/// What reading something takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// About so many bytes have to be read; 0 for what is at hand.
    pub bytes: u64,
    /// About so many seconds, as fast as the source has answered so far; `None` when nothing is known.
    pub seconds: Option<f64>,
}

impl Export {
    /// Whether genes can be asked for: without X the reference shows zeros for Zarr and nothing for HDF5.
    pub(super) fn has_genes(&self) -> bool {
        self.data.x.is_some() || self.data.tree().format() == "zarr"
    }

    pub(super) async fn genes(&self) -> Result<Rc<Genes>> {
        if let Some(genes) = &*self.genes.borrow() {
            return Ok(Rc::clone(genes));
        }
        let ids = match &self.options.gene_id_column {
            Some(column) if column != "index" => Rc::new(self.gene_ids(column).await?),
            _ => self.data.var_names().await?,
        };
        if self.options.profile == Profile::Strict {
            // Every gene has a name and a file of its own.
            let ids: Rc<Text> = Rc::new(names::unique(ids.iter()).iter().collect());
            let columns = ids.iter().zip(0..).map(|(id, column)| (safe(id), column)).collect();
            return Ok(self.keep_genes(Genes { ids, columns }));
        }
        // A repeated id stands for the last column that has it; of several ids with one safe name the first counts.
        let mut last: HashMap<&str, u64> = HashMap::with_capacity(ids.len());
        for (column, id) in ids.iter().enumerate() {
            last.insert(id, column as u64);
        }
        let mut columns = HashMap::with_capacity(ids.len());
        for id in ids.iter() {
            if let Some(&column) = last.get(id) {
                columns.entry(safe(id)).or_insert(column);
            }
        }
        Ok(self.keep_genes(Genes { ids: Rc::clone(&ids), columns }))
    }

    fn keep_genes(&self, genes: Genes) -> Rc<Genes> {
        let genes = Rc::new(genes);
        *self.genes.borrow_mut() = Some(Rc::clone(&genes));
        genes
    }

    async fn gene_ids(&self, column: &str) -> Result<Text> {
        let missing = || Error::missing(format!("var has no column \"{column}\" to take gene ids from"));
        let var = self.data.var.as_ref().ok_or_else(missing)?;
        let index = var.columns.iter().position(|name| name == column).ok_or_else(missing)?;
        var.column(index).await?.into_text()
    }

    /// What any gene needs, while the names are being read: the first time only, it is kept from then on.
    async fn warm_genes(&self) {
        let known = self.genes.borrow().is_some();
        if let (false, Some(x)) = (known, &self.data.x) {
            x.warm(&**self.data.tree()).await;
        }
    }

    /// Values of several genes, with one plan for all of them.
    pub(super) async fn genes_together(&self, names: &[&str]) -> Result<Vec<Vec<f32>>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let (genes, ()) = join(self.genes(), self.warm_genes()).await;
        let genes = genes?;
        let column = |name: &&str| {
            let column = genes.columns.get(*name).filter(|_| self.has_genes());
            column.copied().ok_or_else(|| Error::missing(format!("there is no gene \"{name}\"")))
        };
        let columns: Vec<u64> = names.iter().map(column).collect::<Result<_>>()?;
        self.columns(&columns).await
    }

    /// About how many bytes have to be read for one more gene, and how many seconds that takes, as far as can be told.
    ///
    /// # Errors
    /// Whatever finding chunks of X says.
    pub async fn gene_cost(&self) -> Result<Cost> {
        let tree = self.data.tree();
        let bytes = match &self.data.x {
            Some(x) => x.cost(&**tree).await?,
            None => 0,
        };
        Ok(Cost { bytes, seconds: tree.seconds(bytes) })
    }

    pub(super) async fn gene(&self, name: &str, watch: Option<Rc<dyn Watch>>) -> Result<Vec<f32>> {
        let (genes, ()) = join(self.genes(), self.warm_genes()).await;
        let genes = genes?;
        let unknown = || Error::missing(format!("there is no gene \"{name}\""));
        let column = *genes.columns.get(name).filter(|_| self.has_genes()).ok_or_else(unknown)?;
        self.stored_columns(&[column], watch).await?.pop().ok_or_else(unknown)?.into_f32()
    }

    /// Columns of X in single precision, made together.
    async fn columns(&self, columns: &[u64]) -> Result<Vec<Vec<f32>>> {
        self.stored_columns(columns, None).await?.into_iter().map(Values::into_f32).collect()
    }

    /// Columns of X as stored, made together.
    pub(super) async fn stored_columns(
        &self,
        columns: &[u64],
        watch: Option<Rc<dyn Watch>>,
    ) -> Result<Vec<Values>> {
        let Some(x) = &self.data.x else {
            let zeros = |_: &u64| Limits::filled(self.data.n_obs() as usize, 0.0, "a gene").map(Values::F32);
            return columns.iter().map(zeros).collect();
        };
        apart(x.columns_watched(&**self.data.tree(), columns, watch)).await
    }
}
