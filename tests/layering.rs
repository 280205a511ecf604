//! The shape of the sources: which module may import which, how long a file may be, what a file may be called.
//!
//! The table is the architecture: data flows up, imports point down. A new module has to be entered here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each top-level module of the library with what it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("limits", &["error"]),
    ("order", &[]),
    ("host", &[]),
    ("wait", &["error"]),
    ("threads", &[]),
    // Zip archives hold deflated files.
    ("source", &["error", "wait", "order", "limits", "codec", "shelf"]),
    ("native", &["error", "limits", "source", "shelf"]),
    ("codec", &["error", "host", "limits"]),
    ("array", &["error", "limits", "codec"]),
    ("tree", &["error", "wait", "threads", "order", "limits", "source", "codec", "array"]),
    ("hdf5", &["error", "wait", "order", "limits", "source", "codec", "array", "tree"]),
    ("zarr", &["error", "host", "wait", "order", "limits", "source", "codec", "array", "tree"]),
    ("open", &["error", "limits", "source", "tree", "hdf5", "zarr"]),
    // What was worked out once is kept between visits.
    ("shelf", &["error", "codec"]),
    ("anndata", &["error", "wait", "order", "limits", "array", "tree", "shelf"]),
    ("export", &["error", "host", "wait", "threads", "limits", "array", "anndata"]),
    ("folder", &["error", "wait", "limits", "source", "export"]),
    ("choice", &["error", "wait", "anndata", "export", "tree"]),
    (
        "dataset",
        &[
            "error", "wait", "limits", "source", "anndata", "choice", "export", "folder", "open", "shelf",
            "tree",
        ],
    ),
    ("protocol", &["error", "limits"]),
];
/// The boundary to JavaScript sees everything; nothing may see it.
const TOP: &str = "wasm";

/// Lines of code per file: past the first number it is reported, past the second it fails.
const LONG: usize = 300;
const TOO_LONG: usize = 500;

const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "manager", "misc"];

#[test]
fn imports_point_down() {
    let root = root();
    let aliases = reexports(&fs::read_to_string(root.join("src/lib.rs")).unwrap());
    let mut wrong = Vec::new();
    for file in files(&root.join("src"), "rs") {
        let path = module_path(file.strip_prefix(root.join("src")).unwrap());
        let Some(module) = path.first() else { continue };
        let text = fs::read_to_string(&file).unwrap();
        let allowed = MAY_IMPORT.iter().find(|(name, _)| name == module).map(|(_, allowed)| *allowed);
        if allowed.is_none() && module != TOP {
            wrong.push(format!(
                "{}: module `{module}` is not in the table of tests/layering.rs",
                file.display()
            ));
            continue;
        }
        for (line, first) in imports(&text, &path) {
            let target = aliases.get(&first).unwrap_or(&first);
            let fine = target == module
                || (module == TOP)
                || allowed.is_some_and(|allowed| allowed.contains(&target.as_str()));
            if !fine {
                wrong.push(format!("{}:{line}: `{module}` may not import `{target}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short() {
    let (mut long, mut too_long) = (Vec::new(), Vec::new());
    for (file, text) in sources() {
        let lines = lines_of_code(&text);
        match lines {
            n if n > TOO_LONG => too_long.push(format!("{}: {n} lines of code", file.display())),
            n if n > LONG => long.push(format!("{}: {n} lines of code", file.display())),
            _ => {}
        }
    }
    if !long.is_empty() {
        println!("longer than {LONG} lines of code:\n{}", long.join("\n"));
    }
    assert!(too_long.is_empty(), "longer than {TOO_LONG} lines of code:\n{}", too_long.join("\n"));
}

#[test]
fn modules_say_what_they_are() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        if EMPTY_NAMES.contains(&stem.as_str()) {
            wrong.push(format!("{}: the name says nothing", file.display()));
        }
        if file.extension().is_some_and(|e| e == "rs") && !text.starts_with("//!") {
            wrong.push(format!("{}: does not begin with a `//!` paragraph", file.display()));
        }
        for (number, line) in text.lines().enumerate() {
            if line.contains("pub fn get_") {
                wrong.push(format!("{}:{}: a function named `get_…`", file.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The scanner that the rules above stand on, on text that breaks them.
#[test]
fn the_scanner_sees_every_way_to_import() {
    let text = "//! crate::no\nuse crate::{error::Error, tree::{Node, read}};\nuse crate::source::Bytes; // crate::no\n\
                fn f() -> super::super::codec::Codec { crate::Error::new(\"crate::no\") }\nuse super::dtype;\n\
                #[cfg(test)]\nmod tests { use crate::hdf5; }\n";
    let here = ["array".to_owned(), "select".to_owned()];
    let found: Vec<String> =
        imports(text, &here).into_iter().map(|(line, name)| format!("{line} {name}")).collect();
    assert_eq!(found, ["2 error", "2 tree", "3 source", "4 Error", "4 codec", "5 array"]);
    assert_eq!(lines_of_code("//! a\n\n/* b\nc */\nlet d = 1; // e\n"), 1);
    let aliases = reexports("pub use error::{Error, Kind as Why};\npub use open::open;");
    let expected = [("Error", "error"), ("Why", "error"), ("open", "open")];
    assert_eq!(aliases, expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file whose length and name count, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let places =
        [("src", "rs"), ("kernels/src", "rs"), ("relay/src", "rs"), ("xtask/src", "rs"), ("www", "js")];
    let all = places.iter().flat_map(|(place, extension)| files(&root().join(place), extension));
    let all: Vec<_> = all.map(|file| (file.clone(), fs::read_to_string(&file).unwrap())).collect();
    assert!(all.len() > 3, "no sources found below {}", root().display());
    all
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `hdf5/message/layout.rs` is module `hdf5::message::layout`; the crate root is empty.
fn module_path(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|p| p.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// What the crate root re-exports: name -> module it comes from.
fn reexports(lib: &str) -> BTreeMap<String, String> {
    let code = code_only(lib);
    let mut found = BTreeMap::new();
    for statement in code.split(';').filter_map(|s| s.trim().rsplit_once("pub use ").map(|(_, s)| s)) {
        let Some((module, names)) = statement.split_once("::") else { continue };
        for name in names.trim_matches(['{', '}', ' ', '\n']).split(',') {
            let name = name.rsplit([' ', ':']).find(|w| !w.is_empty()).unwrap_or(name);
            found.insert(name.trim().to_owned(), module.trim_start_matches("crate::").to_owned());
        }
    }
    found
}

/// Line and first name below the crate root of everything that non-test code takes from elsewhere in the crate.
fn imports(text: &str, path: &[String]) -> Vec<(usize, String)> {
    let code = code_only(text);
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let bytes = code.as_bytes();
    let starts = code.match_indices("crate::").chain(code.match_indices("super::"));
    for (at, word) in starts {
        let before = at.checked_sub(1).map(|i| bytes[i] as char);
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue; // `$crate`-like words and the tail of `super::super::`
        }
        let line = code[..at].matches('\n').count() + 1;
        let mut rest = &code[at + word.len()..];
        let mut base: &[String] =
            if word == "super::" { path.split_last().map_or(&[], |(_, p)| p) } else { &[] };
        while let Some(more) = rest.strip_prefix("super::") {
            base = base.split_last().map_or(&[], |(_, p)| p);
            rest = more;
        }
        match base.first() {
            Some(module) => found.push((line, module.clone())),
            None => found.extend(first_names(rest).into_iter().map(|name| (line, name))),
        }
    }
    found.sort_by_key(|(line, _)| *line);
    found
}

/// `a::b` gives a; `{a::b, c::{d, e}}` gives a and c.
fn first_names(rest: &str) -> Vec<String> {
    let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut item = String::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut item)),
            _ if depth == 0 => item.push(c),
            _ => {}
        }
    }
    names.push(item);
    names.iter().map(|item| word(item.trim())).filter(|name| !name.is_empty()).collect()
}

fn lines_of_code(text: &str) -> usize {
    code_only(text).lines().filter(|line| !line.trim().is_empty()).count()
}

/// The text without comments and without the insides of string literals; lines stay lines.
fn code_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(end) =
            rest.strip_prefix("r#\"").map(|s| s.find("\"#").map_or(rest.len(), |end| end + 5))
        {
            end
        } else if c == '"' {
            end_of_string(rest)
        } else {
            // A character literal may hold a quote that opens nothing.
            let literal = ["'\"'", "'\\\"'"].into_iter().find(|l| rest.starts_with(l));
            let length = literal.map_or(c.len_utf8(), str::len);
            out.push_str(if literal.is_some() { "' '" } else { &rest[..length] });
            rest = &rest[length..];
            continue;
        };
        out.extend(rest[..skip].chars().filter(|c| *c == '\n'));
        rest = &rest[skip..];
    }
    out
}

fn end_of_string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
