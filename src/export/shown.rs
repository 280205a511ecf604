//! Columns of obs as they are shown: their names, kinds and codes.

use std::rc::Rc;

use super::{
    Export, Json, KEPT, Profile,
    fields::{self, Coded},
    safe,
};
use crate::{
    anndata::{Column, Kind},
    array::Array,
    error::{Error, Result},
    wait,
};

/// Columns looked at together.
pub(super) const TOGETHER: usize = 8;

/// A column that can be shown.
pub(super) struct Shown {
    /// Position in obs.
    pub(super) index: usize,
    /// Its name.
    pub(super) key: String,
    /// Number of labels of a category; `None` for numbers.
    pub(super) labels: Option<u64>,
}

impl Export {
    /// All columns that can be shown, in obs order. Unreadable ones are skipped and noted; so are, in the strict profile,
    /// those with more labels than codes can tell apart.
    pub(super) async fn shown(&self) -> Result<Vec<Shown>> {
        let mut all = Vec::new();
        let lost = self.lost.borrow().clone();
        let columns: Vec<(usize, &String)> =
            self.keys.iter().enumerate().filter(|(index, _)| !lost.contains(index)).collect();
        for group in columns.chunks(TOGETHER) {
            let looked = wait::all(group.iter().map(|(index, _)| self.labels(*index))).await;
            for (&(index, key), labels) in group.iter().zip(looked) {
                match labels {
                    Ok(labels) => all.push(Shown { index, key: key.clone(), labels }),
                    Err(error) => self.data.skip(format!("{}/{key}", self.data.obs.path), error.to_string()),
                }
            }
        }
        Ok(all)
    }

    async fn labels(&self, index: usize) -> Result<Option<u64>> {
        let labels = match self.kind(index).await? {
            Kind::Continuous => return Ok(None),
            Kind::Category(Some(count)) => count,
            Kind::Category(None) => self.label_count(index).await?,
        };
        if self.options.profile == Profile::Strict {
            fields::few_enough(labels)?;
        }
        Ok(Some(labels))
    }

    /// The first column whose safe name is the one asked for.
    pub(super) fn find_column(&self, name: &str) -> Result<usize> {
        let found = self.keys.iter().position(|key| safe(key) == name);
        found.ok_or_else(|| Error::missing(format!("obs has no column \"{name}\"")))
    }

    /// A column as numbers.
    pub(super) async fn numbers(&self, index: usize) -> Result<Vec<f32>> {
        fields::values(self.data.obs.column(index).await?)
    }

    /// The colours that the file gives to a column's labels, as it writes them; `null` where it gives none.
    pub(super) async fn colours(&self, name: &str) -> Result<Json> {
        let index = self.find_column(name)?;
        let column = self.data.obs.columns.get(index).map_or("", String::as_str);
        let colours = self.data.colours(column).await?;
        Ok(colours.map_or(Json::Null, Json::list))
    }

    /// The labels that a column's codes stand for.
    pub(super) async fn label_list(&self, name: &str) -> Result<Json> {
        let coded = self.coded(self.find_column(name)?).await?;
        fields::few_enough(coded.labels.len() as u64)?;
        Ok(Json::list(coded.labels.iter().map(String::as_str)))
    }

    /// What a column shows as. Without cells, everything is a category.
    pub(super) async fn kind(&self, index: usize) -> Result<Kind> {
        let stored = self.data.obs.stored().await?;
        let kind = stored.get(index).ok_or_else(|| Error::request("no such column"))?.kind();
        if let Some(labels) = self.labels_beside(index) {
            return Ok(Kind::Category(Some(labels.len())));
        }
        match kind {
            Ok(Kind::Continuous) if self.data.n_obs() == 0 => Ok(Kind::Category(None)),
            kind => kind,
        }
    }

    /// Labels beside a column of integers; the reference shows numbers.
    fn labels_beside(&self, index: usize) -> Option<Rc<Array>> {
        let labels = self.data.obs.labels_beside(index);
        labels.filter(|_| self.options.profile == Profile::Strict)
    }

    pub(super) async fn coded(&self, index: usize) -> Result<Rc<Coded>> {
        let hit = self.coded.borrow().iter().find(|(i, _)| *i == index).map(|(_, coded)| Rc::clone(coded));
        if let Some(coded) = hit {
            return Ok(coded);
        }
        self.data.obs.stored().await?;
        let column = match self.labels_beside(index) {
            Some(labels) => self.data.obs.column_with(index, labels).await?,
            None => self.data.obs.column(index).await?,
        };
        if let Column::Category { stray: stray @ 1.., .. } = &column
            && let Some(key) = self.keys.get(index)
        {
            let reason = format!("{stray} cells have codes without a label: they are shown as missing");
            self.data.skip(format!("{}/{key}", self.data.obs.path), reason);
        }
        let (codes, labels) = column.categories()?;
        let coded = Rc::new(Coded { codes, labels });
        self.counts.borrow_mut().insert(index, coded.labels.len() as u64);
        let mut kept = self.coded.borrow_mut();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((index, Rc::clone(&coded)));
        Ok(coded)
    }

    /// Number of labels of a categorical column; only columns that do not store their labels are read for it.
    pub(super) async fn label_count(&self, index: usize) -> Result<u64> {
        if let Kind::Category(Some(count)) = self.kind(index).await? {
            return Ok(count);
        }
        let known = self.counts.borrow().get(&index).copied();
        match known {
            Some(count) => Ok(count),
            None => Ok(self.coded(index).await?.labels.len() as u64),
        }
    }
}
