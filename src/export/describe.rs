//! What is in a file, for people and pages: everything that headers tell, and what could not be used.

use futures_util::future::join;

use super::{Export, Json, Profile, Route, fields::few_enough};
use crate::{
    anndata::{Kind, Matrix},
    error::Result,
};

impl Export {
    /// Describes the data set from its headers; only columns that do not store their labels are of unknown size.
    ///
    /// # Errors
    /// Whatever looking at the columns' headers says.
    pub async fn describe(&self) -> Result<Json> {
        let data = &self.data;
        let mut obs = Vec::new();
        for (i, name) in self.keys.iter().enumerate() {
            let mut entry = vec![("key", Json::from(name.as_str()))];
            let fits = |kind: Kind| match kind {
                Kind::Category(Some(count)) if self.options.profile == Profile::Strict => {
                    few_enough(count).map(|()| kind)
                }
                _ => Ok(kind),
            };
            match self.kind(i).await.and_then(fits) {
                Ok(Kind::Continuous) => entry.push(("kind", Json::from("continuous"))),
                Ok(Kind::Category(count)) => {
                    entry.push(("kind", Json::from("category")));
                    entry.push(("n_categories", Json::from(count)));
                }
                Err(error) => {
                    data.skip(format!("{}/{name}", data.obs.path), error.to_string());
                    continue;
                }
            }
            obs.push(Json::map(entry));
        }
        let (graph, matrices) = join(data.connectivities(), data.matrices()).await;
        let matrices = matrices.unwrap_or_else(|error| {
            data.skip(data.path("layers"), error.to_string());
            Vec::new()
        });
        let graph = match graph {
            Ok(graph) => graph.is_some(),
            Err(error) => {
                data.skip(data.path("obsp/connectivities"), error.to_string());
                false
            }
        };
        let shown = |entry: &crate::anndata::Entry| {
            Json::map([("key", Json::from(entry.key.as_str())), ("shape", Json::list(entry.shape.clone()))])
        };
        let choice = |choice: &super::Choice| {
            let file = Json::from(Route::Points(choice.dim).path());
            Json::map([
                ("dim", Json::from(u64::from(choice.dim))),
                ("key", Json::from(choice.key.as_str())),
                ("file", file),
            ])
        };
        let skipped = data
            .skipped()
            .into_iter()
            .map(|s| Json::map([("object", Json::from(s.object)), ("reason", Json::from(s.reason))]));
        let [root, inside] = self.place.json();
        Ok(Json::map([
            ("format", Json::from(data.tree().format())),
            ("name", Json::from(self.options.name())),
            ("id", Json::from(self.id())),
            ("source", Json::from(data.tree().name())),
            ("n_obs", Json::from(data.n_obs())),
            ("n_vars", Json::from(data.n_vars())),
            ("x", data.x.as_ref().map_or(Json::Null, matrix)),
            ("layer", self.options.layer.as_deref().map_or(Json::Null, Json::from)),
            ("layers", Json::list(matrices)),
            ("obs", Json::List(obs)),
            ("var", Json::list(data.var.iter().flat_map(|var| var.columns.iter().map(String::as_str)))),
            ("obsm", Json::List(data.obsm.iter().map(shown).collect())),
            ("embeddings", Json::List(self.choices.iter().map(choice).collect())),
            ("has_connectivity", Json::from(graph)),
            ("vector_fields", Json::list(self.vectors.iter().map(|field| field.id.as_str()))),
            ("skipped", Json::List(skipped.collect())),
            root,
            inside,
        ]))
    }
}

fn matrix(x: &Matrix) -> Json {
    Json::map([
        ("encoding", Json::from(x.layout())),
        ("dtype", Json::from(x.dtype())),
        ("shape", Json::list(x.shape())),
    ])
}
