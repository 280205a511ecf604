//! The virtual files' names: path to route and back, nothing else (specification: section 3).

/// A virtual file.
///
/// ```
/// use cellucid_wasm::export::Route;
///
/// assert_eq!(Route::parse("points_2d.bin"), Some(Route::Points(2)));
/// assert_eq!(Route::parse("var/CD3E.values.f32"), Some(Route::VarValues("CD3E".into())));
/// assert_eq!(Route::parse("index.html"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `dataset_identity.json`
    Identity,
    /// `obs_manifest.json`
    ObsManifest,
    /// `var_manifest.json`
    VarManifest,
    /// `connectivity_manifest.json`
    ConnectivityManifest,
    /// `points_{d}d.bin`
    Points(u8),
    /// `obs/{safe name}.values.f32`
    ObsValues(String),
    /// `obs/{safe name}.codes.u8` or `.u16`: which, only the column knows
    ObsCodes(String),
    /// `obs/{safe name}.outliers.f32`
    ObsOutliers(String),
    /// `obs/{safe name}.colors.json`: what `uns` says about the colours of its labels (strict profile only)
    ObsColours(String),
    /// `obs/{safe name}.labels.json`: the labels that its codes stand for, without the places that the manifest tells (strict
    /// profile only)
    ObsLabels(String),
    /// `obs_names.json`: the names of the cells (strict profile only)
    ObsNames,
    /// `var/{safe name}.values.f32`
    VarValues(String),
    /// `connectivity/edges.src.bin`
    EdgeSources,
    /// `connectivity/edges.dst.bin`
    EdgeDestinations,
    /// `connectivity/edges.weight.bin` (strict profile only)
    EdgeWeights,
    /// `vectors/{id}_{d}d.bin`
    Vectors(String, u8),
    /// `_cellucid/obs/{safe name}.json`: the manifest with one column's row only, for who need not wait for all of them. Ours; the
    /// reference has no such file
    ObsField(String),
    /// `_cellucid/health`
    Health,
    /// `_cellucid/info`
    Info,
    /// `_cellucid/datasets`
    Datasets,
}

impl Route {
    /// The route of a percent-decoded path without leading slash. `None` for anything else, every `.gz` name among it:
    /// nothing here is stored compressed.
    pub fn parse(path: &str) -> Option<Self> {
        if path.ends_with(".gz") {
            return None;
        }
        Some(match path {
            "dataset_identity.json" => Self::Identity,
            "obs_manifest.json" => Self::ObsManifest,
            "var_manifest.json" => Self::VarManifest,
            "obs_names.json" => Self::ObsNames,
            "connectivity_manifest.json" => Self::ConnectivityManifest,
            "_cellucid/health" => Self::Health,
            "_cellucid/info" => Self::Info,
            "_cellucid/datasets" => Self::Datasets,
            _ => return Self::parse_file(path),
        })
    }

    fn parse_file(path: &str) -> Option<Self> {
        if let Some(dim) = path.strip_prefix("points_").and_then(dimension) {
            return Some(Self::Points(dim));
        }
        if let Some(name) = path.strip_prefix("_cellucid/obs/").and_then(|rest| rest.strip_suffix(".json")) {
            return Some(Self::ObsField(name.to_owned()));
        }
        let (folder, name) = path.split_once('/')?;
        match folder {
            "obs" => {
                // The word before the last decides; the last is not looked at.
                let (rest, _) = name.rsplit_once('.')?;
                let (key, kind) = rest.rsplit_once('.')?;
                match kind {
                    "values" => Some(Self::ObsValues(key.to_owned())),
                    "codes" => Some(Self::ObsCodes(key.to_owned())),
                    "outliers" => Some(Self::ObsOutliers(key.to_owned())),
                    "colors" => Some(Self::ObsColours(key.to_owned())),
                    "labels" => Some(Self::ObsLabels(key.to_owned())),
                    _ => None,
                }
            }
            "var" => Some(Self::VarValues(name.strip_suffix(".values.f32")?.to_owned())),
            "connectivity" => match name.rsplit('/').next()? {
                "edges.src.bin" => Some(Self::EdgeSources),
                "edges.dst.bin" => Some(Self::EdgeDestinations),
                "edges.weight.bin" => Some(Self::EdgeWeights),
                _ => None,
            },
            "vectors" => {
                let (id, rest) = name.rsplit_once('_')?;
                Some(Self::Vectors(id.to_owned(), dimension(rest)?))
            }
            _ => None,
        }
    }

    /// The path of a route. Codes of at most 254 labels and of more differ in suffix; this one is for few.
    pub fn path(&self) -> String {
        match self {
            Self::Identity => "dataset_identity.json".into(),
            Self::ObsManifest => "obs_manifest.json".into(),
            Self::VarManifest => "var_manifest.json".into(),
            Self::ConnectivityManifest => "connectivity_manifest.json".into(),
            Self::Points(d) => format!("points_{d}d.bin"),
            Self::ObsValues(key) => format!("obs/{key}.values.f32"),
            Self::ObsCodes(key) => format!("obs/{key}.codes.u8"),
            Self::ObsOutliers(key) => format!("obs/{key}.outliers.f32"),
            Self::ObsColours(key) => format!("obs/{key}.colors.json"),
            Self::ObsLabels(key) => format!("obs/{key}.labels.json"),
            Self::ObsNames => "obs_names.json".into(),
            Self::VarValues(key) => format!("var/{key}.values.f32"),
            Self::EdgeSources => "connectivity/edges.src.bin".into(),
            Self::EdgeDestinations => "connectivity/edges.dst.bin".into(),
            Self::EdgeWeights => "connectivity/edges.weight.bin".into(),
            Self::Vectors(id, d) => format!("vectors/{id}_{d}d.bin"),
            Self::ObsField(key) => format!("_cellucid/obs/{key}.json"),
            Self::Health => "_cellucid/health".into(),
            Self::Info => "_cellucid/info".into(),
            Self::Datasets => "_cellucid/datasets".into(),
        }
    }

    /// Whether the file is JSON.
    pub fn is_json(&self) -> bool {
        use Route::*;
        matches!(
            self,
            Identity
                | ObsManifest
                | VarManifest
                | ConnectivityManifest
                | ObsField(_)
                | ObsColours(_)
                | ObsLabels(_)
                | ObsNames
                | Health
                | Info
                | Datasets
        )
    }
}

/// `2` of `2d.bin`.
fn dimension(name: &str) -> Option<u8> {
    match name.strip_suffix("d.bin")? {
        "1" => Some(1),
        "2" => Some(2),
        "3" => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_routes_are_inverse() {
        for path in [
            "dataset_identity.json",
            "obs_manifest.json",
            "points_3d.bin",
            "obs/a.b.values.f32",
            "obs/x.codes.u8",
            "obs/x.outliers.f32",
            "obs/x.colors.json",
            "obs/x.labels.json",
            "obs_names.json",
            "var/HLA-A.values.f32",
            "connectivity/edges.dst.bin",
            "vectors/T_fwd_umap_2d.bin",
            "_cellucid/health",
            "_cellucid/obs/pct_mito.json",
        ] {
            assert_eq!(Route::parse(path).unwrap().path(), path);
        }
        assert_eq!(Route::parse("obs/x.codes.u16"), Some(Route::ObsCodes("x".into())));
        for path in ["points_4d.bin", "points_2d.bin.gz", "obs/x.f32", "var/x.f32", "", "obs", "etc/passwd"] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
    }
}
