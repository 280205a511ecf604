//! What is in the things we hand out that others wrote: whether its licences are among those accepted, and their texts.

use crate::{Outcome, root};
use serde_json::Value;
use spdx::{Expression, LicenseReq, Licensee, ParseMode};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Accepted, those first that ask for least. Each may be given on, changed or not, by whoever repeats its text.
const ACCEPTED: [&str; 9] = [
    "MIT",
    "BSD-3-Clause",
    "BSD-2-Clause",
    "ISC",
    "Zlib",
    "bzip2-1.0.6",
    "Apache-2.0",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
];

/// Names of files with the texts of licences; what is not chosen of several is left out.
const TEXTS: [&str; 5] = ["LICEN", "COPYING", "NOTICE", "COPYRIGHT", "UNLICENSE"];
const NAMED: [(&str, &str); 8] = [
    ("APACHE", "Apache-2.0"),
    ("MIT", "MIT"),
    ("BSD", "BSD"),
    ("ISC", "ISC"),
    ("ZLIB", "Zlib"),
    ("UNICODE", "Unicode-3.0"),
    ("BOOST", "BSL-1.0"),
    ("UNLICENSE", "Unlicense"),
];

/// The module for the browser; the program for this machine.
pub const MODULE: [&str; 4] = ["--package", "cellucid-wasm", "--target", "wasm32-unknown-unknown"];
pub const PROGRAM: [&str; 2] = ["--package", "cellucid-relay"];

struct Part {
    name: String,
    version: String,
    licence: String,
    authors: Vec<String>,
    folder: PathBuf,
}

/// Every dependency of the lock file, also those of tests and of other systems, and how many there are.
///
/// # Errors
/// Names each whose licence is not accepted; when `deny.toml` has another list.
pub fn check() -> Outcome {
    let parts = parts()?;
    let refused: Vec<_> = parts.iter().filter_map(|part| chosen(part).err()).collect();
    if !refused.is_empty() {
        return Err(refused.join("\n"));
    }
    let rules = std::fs::read_to_string(root().join("deny.toml")).map_err(|e| format!("deny.toml: {e}"))?;
    let list = rules.split_once("\nallow = [").and_then(|(_, rest)| rest.split_once(']'));
    let allowed: BTreeSet<&str> =
        list.map_or(BTreeSet::new(), |(list, _)| list.split('"').skip(1).step_by(2).collect());
    if allowed != BTreeSet::from(ACCEPTED) {
        return Err("deny.toml accepts other licences than xtask/src/licences.rs".into());
    }
    eprintln!("  licences of {} crates: all accepted", parts.len());
    Ok(())
}

/// Writes the texts that go with what `cargo tree` finds with these arguments.
pub fn write(tree: &[&str], what: &str, to: &Path) -> Outcome {
    let inside = inside(tree)?;
    let all = parts()?;
    let mut parts: Vec<&Part> =
        all.iter().filter(|p| inside.contains(&(p.name.clone(), p.version.clone()))).collect();
    let library = library();
    parts.push(&library);
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for part in parts {
        let (licences, found) = text(part)?;
        for text in found {
            texts.entry(text).or_default().push(format!("{} {} ({licences})", part.name, part.version));
        }
    }
    let mut out = format!(
        "{what} contains the work of others, listed here with the licences under which it may be given on.\n\
         Written by `cargo xtask licences`; do not edit.\n"
    );
    for (text, owners) in texts {
        out.push_str(&format!("\n{}\n\n{}\n\n{}\n", "-".repeat(78), owners.join("\n"), text.trim()));
    }
    std::fs::write(to, out).map_err(|e| format!("{}: {e}", to.display()))
}

/// Names and versions of what is compiled in; of procedural macros only what they write is.
fn inside(tree: &[&str]) -> Outcome<BTreeSet<(String, String)>> {
    let fixed =
        ["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
    let listed = answer(Command::new(cargo()).args(fixed).args(tree))?;
    let pair = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    Ok(listed.lines().filter_map(pair).collect())
}

/// All packages that are not ours.
fn parts() -> Outcome<Vec<Part>> {
    let said = answer(Command::new(cargo()).args(["metadata", "--locked", "--format-version", "1"]))?;
    let said: Value = serde_json::from_str(&said).map_err(|e| format!("cargo metadata: {e}"))?;
    let packages = said["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let foreign = packages.iter().filter(|package| !package["source"].is_null());
    Ok(foreign
        .map(|package| Part {
            name: text(&package["name"]),
            version: text(&package["version"]),
            licence: text(&package["license"]),
            authors: package["authors"].as_array().into_iter().flatten().map(text).collect(),
            folder: Path::new(&text(&package["manifest_path"])).parent().unwrap_or(Path::new("")).to_owned(),
        })
        .collect())
}

/// In every program and module that rustc writes.
fn library() -> Part {
    let version = answer(Command::new("rustc").arg("-V")).unwrap_or_default();
    Part {
        name: "the Rust standard library".into(),
        version: version.split_whitespace().nth(1).unwrap_or_default().to_owned(),
        licence: "MIT OR Apache-2.0".into(),
        authors: vec!["The Rust Project contributors".into()],
        folder: PathBuf::new(),
    }
}

/// The licences by which a part is used: of alternatives, the first that is accepted.
fn chosen(part: &Part) -> Outcome<Vec<LicenseReq>> {
    let named = format!("{} {}: ", part.name, part.version);
    if part.licence.is_empty() {
        return Err(named + "says no licence");
    }
    let expression = Expression::parse_mode(&part.licence, ParseMode::LAX)
        .map_err(|e| format!("{named}\"{}\" is no licence: {}", part.licence, e.reason))?;
    let accepted: Vec<_> = ACCEPTED.iter().filter_map(|id| Licensee::parse(id).ok()).collect();
    expression
        .minimized_requirements(&accepted)
        .map_err(|_| format!("{named}{} is not among the accepted licences", part.licence))
}

/// What a part is used by, and the texts that come with it, or else the licence's own words.
fn text(part: &Part) -> Outcome<(String, Vec<String>)> {
    let requirements = chosen(part)?;
    let ids: Vec<String> = requirements.iter().map(ToString::to_string).collect();
    let mut names: Vec<String> = std::fs::read_dir(&part.folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| belongs(&name.to_uppercase(), &ids))
        .collect();
    names.sort();
    let mut texts = Vec::new();
    for name in names {
        let path = part.folder.join(name);
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        texts.push(text.replace("\r\n", "\n"));
    }
    if texts.is_empty() {
        let authors = format!("the authors of {}", part.name);
        let authors = if part.authors.is_empty() { authors } else { part.authors.join(", ") };
        for requirement in &requirements {
            let licence = requirement.license.id().ok_or_else(|| format!("{}: no text", part.name))?;
            let (words, blank) = (licence.text().trim(), "<year> <copyright holders>");
            texts.push(match words.contains(blank) {
                true => words.replace(blank, &authors),
                false => format!("Copyright (c) {authors}\n\n{words}"),
            });
        }
    }
    Ok((ids.join(" AND "), texts))
}

/// Whether a file, its name in capitals, is the text of a licence that was chosen, or of no particular one.
fn belongs(name: &str, chosen: &[String]) -> bool {
    TEXTS.iter().any(|start| name.starts_with(start))
        && NAMED
            .iter()
            .filter(|(part, _)| name.contains(part))
            .all(|(_, id)| chosen.iter().any(|chosen| chosen.starts_with(id)))
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Standard output of a command that succeeds.
fn answer(command: &mut Command) -> Outcome<String> {
    let output = command.current_dir(root()).output().map_err(|e| format!("cargo does not start: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    String::from_utf8(output.stdout).map_err(|e| e.to_string())
}
