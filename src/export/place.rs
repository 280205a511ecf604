//! Which object of a file is exported, and which others there are: what a description says of it.

use super::Json;
use crate::error::Error;

/// What stands for the file itself where a name is wanted.
pub const WHOLE: &str = "/";

/// An AnnData in a file of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// Its path, by which it is chosen; [`WHOLE`] for what lies above the others.
    pub root: String,
    /// Cells and genes, where it could be opened.
    pub shape: Option<[u64; 2]>,
    /// Why it cannot be shown.
    pub reason: Option<String>,
}

/// An object's path in its file, `""` for a file that is one AnnData, and what it was chosen from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its path.
    pub root: String,
    /// All AnnData objects in the file; empty for the usual file, which is one itself.
    pub inside: Vec<Inside>,
}

impl Place {
    /// Members of a description: `root` and `inside`.
    pub fn json(&self) -> [(&'static str, Json); 2] {
        let entry = |it: &Inside| {
            let [n_obs, n_vars] = it.shape.map_or([None; 2], |shape| shape.map(Some));
            let reason = it.reason.as_deref().map_or(Json::Null, Json::from);
            let (n_obs, n_vars) = (Json::from(n_obs), Json::from(n_vars));
            Json::map([
                ("root", Json::from(it.root.as_str())),
                ("n_obs", n_obs),
                ("n_vars", n_vars),
                ("reason", reason),
            ])
        };
        let inside = Json::List(self.inside.iter().map(entry).collect());
        [("root", Json::from(self.root.as_str())), ("inside", inside)]
    }

    /// An error about the one chosen, where none of them can be shown, as one about all.
    pub fn none_shown(&self, error: Error) -> Error {
        if self.inside.is_empty() {
            return error;
        }
        let there: Vec<String> = self.inside.iter().map(|it| it.root.clone()).collect();
        let hint = format!("the file holds {}; {}", Self::quoted(&there), error.advice());
        error.advising(hint)
    }

    /// The first of some paths, as they stand behind a file's name.
    pub fn quoted(paths: &[String]) -> String {
        let some: Vec<String> = paths.iter().take(12).map(|path| format!("\"#{path}\"")).collect();
        let more = if paths.len() > some.len() { ", …" } else { "" };
        format!("{}{more}", some.join(", "))
    }
}
