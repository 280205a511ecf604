//! Columns of obs on their way into a folder.

use std::collections::HashSet;

use super::{
    super::{Export, fields, safe},
    Bits, Ranges,
    quantise::packed,
    sink::Work,
};
use crate::error::{Error, Result};

impl Export {
    /// Codes, values and outlier quantiles of every column that can be read.
    pub(super) async fn pack_obs(&self, work: &Work<'_>, ranges: &mut Ranges) -> Result<()> {
        let bits = work.packing.obs;
        // A name that several columns share stands for the first of them.
        let mut seen = HashSet::new();
        for shown in self.shown().await? {
            let (i, name) = (shown.index, safe(&shown.key));
            let first = seen.insert(name.clone());
            // The others have no file, only, where values are quantised, a range in the manifest.
            if !first && bits.is_none() {
                continue;
            }
            let part = if shown.labels.is_some() { "outliers" } else { "values" };
            let path = format!("obs/{name}.{part}.{}", Bits::ext(bits));
            if first && let Some(labels) = shown.labels {
                let ext = if fields::is_narrow(labels) { "u8" } else { "u16" };
                let codes = format!("obs/{name}.codes.{ext}");
                if work.kept(&codes).is_none() {
                    match self.coded(i).await {
                        Ok(coded) => {
                            work.binary(&codes, coded.bytes(self.options.profile)?.into(), None).await?;
                        }
                        Err(error) => {
                            self.lose(i, &shown.key, &error);
                            continue;
                        }
                    }
                }
            }
            if first && let Some(range) = work.kept(&path) {
                ranges.obs.extend(range.map(|range| (i, range)));
                continue;
            }
            let values = match shown.labels {
                None => self.numbers(i).await,
                Some(_) => self.outliers(i, work.packing.memory).await,
            };
            let values = match values {
                Ok(values) => values,
                Err(error) => {
                    self.lose(i, &shown.key, &error);
                    continue;
                }
            };
            let (body, range) = packed(values, bits);
            ranges.obs.extend(range.map(|range| (i, range)));
            if first {
                work.binary(&path, body, range).await?;
            }
        }
        Ok(())
    }

    /// Leaves out a column that cannot be read.
    fn lose(&self, index: usize, key: &str, error: &Error) {
        self.data.skip(format!("{}/{key}", self.data.obs.path), error.to_string());
        self.lost.borrow_mut().insert(index);
    }
}
