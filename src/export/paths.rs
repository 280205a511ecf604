//! Which files there are.

use std::{collections::HashSet, rc::Rc};

use super::{Export, Packing, Profile, Route, fields, safe};
use crate::error::Result;

impl Export {
    /// Every path there is, each once, in the order in which a folder is written.
    ///
    /// # Errors
    /// Whatever reading names and columns says.
    pub async fn paths(&self) -> Result<Vec<String>> {
        let all = self.chosen_genes(&Packing::default()).await?;
        self.paths_with(&all).await
    }

    /// The same with some genes only, given by their positions.
    pub(super) async fn paths_with(&self, genes: &[usize]) -> Result<Vec<String>> {
        let mut paths = vec![Route::Identity.path(), Route::ObsManifest.path(), Route::VarManifest.path()];
        if self.data.connectivities().await?.is_some() {
            paths.extend(
                [Route::ConnectivityManifest, Route::EdgeSources, Route::EdgeDestinations].map(|r| r.path()),
            );
            if self.options.profile == Profile::Strict {
                paths.push(Route::EdgeWeights.path());
            }
        }
        let drawn = self.data.n_obs() > 0;
        paths.extend(self.choices.iter().filter(|_| drawn).map(|choice| Route::Points(choice.dim).path()));
        for shown in self.shown().await? {
            let name = safe(&shown.key);
            match shown.labels {
                None => paths.push(Route::ObsValues(name).path()),
                Some(labels) => {
                    let ext = if fields::is_narrow(labels) { "u8" } else { "u16" };
                    paths.push(format!("obs/{name}.codes.{ext}"));
                    paths.push(Route::ObsOutliers(name).path());
                }
            }
        }
        if self.has_genes() {
            let ids = Rc::clone(&self.genes().await?.ids);
            let chosen = genes.iter().filter_map(|&gene| ids.get(gene));
            paths.extend(chosen.map(|id| Route::VarValues(safe(id)).path()));
        }
        for field in self.vectors.iter().filter(|_| drawn) {
            paths.extend(field.keys.iter().map(|(dim, _)| Route::Vectors(field.id.clone(), *dim).path()));
        }
        let mut seen = HashSet::with_capacity(paths.len());
        paths.retain(|path| seen.insert(path.clone()));
        Ok(paths)
    }
}
