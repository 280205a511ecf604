//! Safe file names, and which of several columns a name stands for.

/// The part of a path that stands for a name: runs of other characters than `A-Z a-z 0-9 . _ -` become one `_`, then
/// dots and underscores at both ends go; nothing left becomes `field`.
pub fn safe(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
            if std::mem::take(&mut gap) {
                out.push('_');
            }
            out.push(c);
        } else {
            gap = true;
        }
    }
    if gap {
        out.push('_');
    }
    match out.trim_matches(['.', '_']) {
        "" => "field".to_owned(),
        kept => kept.to_owned(),
    }
}

/// Names with a safe form of their own: of those that share one, all but the first get a number.
pub fn unique<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let names: Vec<&str> = names.collect();
    // A number must not make a name that another one has anyway.
    let given: std::collections::HashSet<String> = names.iter().map(|name| safe(name)).collect();
    let mut taken = std::collections::HashSet::with_capacity(names.len());
    let mut next: std::collections::HashMap<String, u64> = std::collections::HashMap::new();
    names
        .into_iter()
        .map(|name| {
            let short = safe(name);
            if !name.is_empty() && taken.insert(short.clone()) {
                return name.to_owned();
            }
            let number = next.entry(short).or_insert(0);
            loop {
                *number += 1;
                let name = format!("{name}-{number}");
                let short = safe(&name);
                if !given.contains(&short) && taken.insert(short) {
                    return name;
                }
            }
        })
        .collect()
}

/// A data set's name by default: a file's without its last suffix, a folder's whole.
pub fn dataset_name(file: &str, folder: bool) -> String {
    let file = file.trim_end_matches('/').rsplit('/').next().unwrap_or(file);
    match file.rfind('.') {
        Some(dot) if !folder && dot > 0 && dot + 1 < file.len() => file.get(..dot).unwrap_or(file).to_owned(),
        _ => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_names() {
        for (name, want) in [
            ("CD4+", "CD4"),
            ("_scvi", "scvi"),
            ("pct mito", "pct_mito"),
            ("β", "field"),
            ("α-actin", "-actin"),
            ("a/b", "a_b"),
            ("../up", "up"),
            ("a \t b", "a_b"),
            ("a_ b", "a__b"),
            ("", "field"),
        ] {
            assert_eq!(safe(name), want, "{name}");
        }
    }

    #[test]
    fn shared_names_get_numbers() {
        let names = ["a b", "a_b", "a_b-1", "a/b", "", "TBCE", "TBCE"];
        assert_eq!(unique(names.into_iter()), ["a b", "a_b-2", "a_b-1", "a/b-3", "-1", "TBCE", "TBCE-1"]);
    }

    #[test]
    fn names_of_data_sets() {
        assert_eq!(dataset_name("/data/x.h5ad", false), "x");
        assert_eq!(dataset_name("x.zarr/", true), "x.zarr");
        assert_eq!(dataset_name(".h5ad", false), ".h5ad");
        assert_eq!(dataset_name("a.b.h5ad", false), "a.b");
    }
}
