//! Vector fields: arrows over an embedding, such as RNA velocity (specification: section 10).

use crate::{anndata::AnnData, error::Result, host};

use super::{Packing, Profile, json::Json, points::Choice};

/// A vector field and the obsm keys of its dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its id, as in paths.
    pub id: String,
    /// Dimension and key, in the order they were found.
    pub keys: Vec<(u8, String)>,
}

impl Field {
    /// Key of a dimension.
    pub fn key(&self, dim: u8) -> Option<&str> {
        self.keys.iter().find(|(d, _)| *d == dim).map(|(_, key)| key.as_str())
    }

    fn dims(&self) -> Vec<u8> {
        (1..=3).filter(|&dim| self.key(dim).is_some()).collect()
    }
}

/// Finds the vector fields: first those whose name says the dimension, then the others by their shape. Only dimensions
/// that have points count.
pub fn find(data: &AnnData, points: &[Choice]) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut put = |id: &str, dim: u64, key: &str| {
        let Some(dim) = u8::try_from(dim).ok().filter(|d| points.iter().any(|p| p.dim == *d)) else { return };
        let at = fields.iter().position(|f| f.id == id).unwrap_or_else(|| {
            fields.push(Field { id: id.to_owned(), keys: Vec::new() });
            fields.len() - 1
        });
        if let Some(field) = fields.get_mut(at)
            && field.key(dim).is_none()
        {
            field.keys.push((dim, key.to_owned()));
        }
    };
    let is_field = |id: &str| id.ends_with("_umap") && !id.starts_with("X_");
    for entry in &data.obsm {
        for dim in 1..=3_u64 {
            if let Some(id) = entry.key.strip_suffix(&format!("_{dim}d"))
                && is_field(id)
                && entry.columns() == Some(dim)
            {
                put(id, dim, &entry.key);
            }
        }
    }
    for entry in data.obsm.iter().filter(|entry| is_field(&entry.key)) {
        if let Some(dim @ 1..=3) = entry.columns() {
            put(&entry.key, dim, &entry.key);
        }
    }
    fields.retain(|field| !field.keys.is_empty());
    fields
}

/// `T_fwd_umap` → `T fwd (UMAP)`.
fn label(id: &str) -> String {
    let bare = id.strip_suffix("_umap").unwrap_or(id).replace('_', " ");
    let bare = bare.trim();
    if bare.is_empty() {
        return format!("{id} (UMAP)");
    }
    let (first, rest) = bare.split_at(bare.chars().next().map_or(0, char::len_utf8));
    format!("{}{rest} (UMAP)", host::upper(first))
}

/// The identity's entry; `None` without fields.
pub fn json(fields: &[Field], profile: Profile, packing: &Packing) -> Option<Json> {
    let first = fields.iter().map(|f| f.id.as_str()).min()?;
    let default = if fields.iter().any(|f| f.id == "velocity_umap") { "velocity_umap" } else { first };
    let entry = |field: &Field| {
        let dims = field.dims();
        let largest = dims.last().copied().unwrap_or(0);
        let mut entry = vec![
            ("label", Json::from(label(&field.id))),
            ("basis", Json::from("umap")),
            ("available_dimensions", Json::list(dims.iter().map(|&d| u64::from(d)))),
            ("default_dimension", Json::from(u64::from(largest))),
            (
                "files",
                Json::map(dims.iter().map(|d| {
                    let path = format!("vectors/{}_{d}d.bin", field.id);
                    (format!("{d}d"), Json::from(packing.path(&path)))
                })),
            ),
        ];
        if profile == Profile::Reference {
            let keys = field.keys.iter().map(|(d, key)| (format!("{d}d"), Json::from(key.as_str())));
            entry.push(("obsm_keys", Json::map(keys)));
        }
        Json::map(entry)
    };
    Some(Json::map([
        ("default_field", Json::from(default)),
        ("fields", Json::map(fields.iter().map(|field| (field.id.clone(), entry(field))))),
    ]))
}

/// Arrows of all cells, scaled like the points of their dimension; the centre stays out of it.
///
/// # Errors
/// Whatever reading the entry says; `Missing` when there is none.
pub async fn read(data: &AnnData, key: &str, scale: f64, profile: Profile) -> Result<Vec<f32>> {
    let entry = data.embedding(key).ok_or_else(|| crate::error::Error::missing("is no embedding").at(key))?;
    let factor = scale as f32;
    let mut values = entry.read().await?;
    for x in &mut values {
        *x *= factor;
        if profile == Profile::Strict && !x.is_finite() {
            *x = 0.0;
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        for (id, want) in [
            ("velocity_umap", "Velocity (UMAP)"),
            ("T_bwd_umap", "T bwd (UMAP)"),
            ("_umap", "_umap (UMAP)"),
            ("rna__velo_umap", "Rna  velo (UMAP)"),
        ] {
            assert_eq!(label(id), want);
        }
    }
}
