//! Genes on their way into a folder: as many at a time as memory allows.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use super::{
    super::{Export, safe},
    Bits, Packing, Range, Ranges,
    quantise::packed,
    sink::Work,
};
use crate::{
    anndata::Matrix,
    error::{Error, Result},
};

/// Bytes of gene values held at a time, unless the caller says otherwise.
const GENES_TOGETHER: u64 = 256 << 20;
/// Most genes made together, however small they are.
const MOST_TOGETHER: usize = 1 << 16;

impl Export {
    /// Positions, in the list of gene ids, of the genes to export.
    pub(in crate::export) async fn chosen_genes(&self, packing: &Packing) -> Result<Vec<usize>> {
        let ids = Rc::clone(&self.genes().await?.ids);
        let Some(wanted) = &packing.genes else { return Ok((0..ids.len()).collect()) };
        let at: HashMap<&str, usize> = ids.iter().enumerate().map(|(i, id)| (id, i)).collect();
        wanted
            .iter()
            .map(|id| {
                let unknown = || {
                    let hint = "check the name, case included: genes are named as in var_manifest.json";
                    Error::request(format!("there is no gene \"{id}\"")).at("var").hint(hint)
                };
                at.get(id.as_str()).copied().ok_or_else(unknown)
            })
            .collect()
    }

    /// Values of genes, given by their positions.
    pub(super) async fn pack_genes(
        &self,
        genes: &[usize],
        work: &Work<'_>,
        ranges: &mut Ranges,
    ) -> Result<()> {
        if !self.has_genes() {
            return Ok(());
        }
        let list = self.genes().await?;
        let bits = work.packing.var;
        // What is there already first: its ranges are known, and no pass is made for it.
        let mut found: Vec<Option<Range>> = Vec::with_capacity(genes.len());
        let mut todo = Vec::new();
        let mut seen = HashSet::new();
        for (place, &gene) in genes.iter().enumerate() {
            let name = list.ids.get(gene).map(safe).unwrap_or_default();
            let path = format!("var/{name}.values.{}", Bits::ext(bits));
            let first = seen.insert(name.clone());
            let kept = if first { work.kept(&path) } else { None };
            found.push(kept.flatten());
            if kept.is_none() && (first || bits.is_some()) {
                let column =
                    *list.columns.get(&name).ok_or_else(|| Error::missing("a gene without a column"))?;
                todo.push((place, column, path, first));
            }
        }
        for group in todo.chunks(self.genes_at_a_time(work.packing)) {
            let columns: Vec<u64> = group.iter().map(|(_, column, ..)| *column).collect();
            for ((place, _, path, first), values) in
                group.iter().zip(self.stored_columns(&columns, None).await?)
            {
                let (body, range) = packed(values.into_f32()?, bits);
                if let Some(slot) = found.get_mut(*place) {
                    *slot = range;
                }
                if *first {
                    work.binary(path, body, range).await?;
                }
            }
        }
        ranges.var = found.into_iter().flatten().collect();
        Ok(())
    }

    /// How many genes are made together: as many as the memory allows, for a pass over a row-wise matrix answers them all.
    fn genes_at_a_time(&self, packing: &Packing) -> usize {
        let x = self.data.x.as_ref();
        let wide = x.is_some_and(|x| x.dtype().ends_with("64"));
        let values = self.data.n_obs().max(1).saturating_mul(if wide { 8 } else { 4 });
        let gene = values.saturating_add(x.map_or(0, Matrix::beside_column));
        let memory = packing.memory.unwrap_or(GENES_TOGETHER);
        usize::try_from(memory / gene).unwrap_or(usize::MAX).clamp(1, MOST_TOGETHER)
    }
}
