//! What is published, in `dist`: crates, npm package, wheel, the program with its page, and their checksums.

use crate::{Outcome, finish, licences, root, toolchain};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program last; those before it are what it is made of.
const CRATES: [&str; 3] = ["cellucid-kernels", "cellucid-wasm", "cellucid-relay"];
/// Of what is built for browsers, the part that the program serves.
const SERVED: [&str; 3] = ["cellucid.js", "cellucid_bg.wasm", "cellucid_later.wasm"];
/// What lies beside the program, besides page and module.
const BESIDE: [&str; 3] = ["LICENSE", "CHANGELOG.md", "doc"];

/// Makes all parts, or those named.
///
/// # Errors
/// What is missing for a part, and what to run first; or the command that failed.
pub fn run(args: &[String]) -> Outcome {
    let debug = args.iter().any(|a| a == "--debug");
    let named: Vec<&str> = args.iter().map(String::as_str).filter(|a| *a != "--debug").collect();
    let all = ["crates", "npm", "wheel", "program"];
    if let Some(other) = named.iter().find(|name| !all.contains(name)) {
        return Err(format!("dist makes no {other}; it makes {}", all.join(", ")));
    }
    let dist = root().join("dist");
    fs::create_dir_all(&dist).map_err(|e| format!("{}: {e}", dist.display()))?;
    let stamp = fs::read_to_string(root().join("target/wasm/pkg.stamp")).unwrap_or_default();
    if stamp.starts_with("quick") {
        eprintln!(
            "  note: the module in pkg is a quick build; what is published is made by cargo xtask build --release"
        );
    }
    for part in if named.is_empty() { &all[..] } else { &named } {
        match *part {
            "crates" => crates(&dist)?,
            "npm" => npm(&dist)?,
            "wheel" => wheel(&dist)?,
            _ => program(&dist, debug)?,
        }
    }
    sums(&dist)
}

/// Writes `pkg/THIRD_PARTY.txt`, which the npm package and the wheel carry.
pub fn notices() -> Outcome {
    licences::check()?;
    licences::write(&licences::MODULE, "The module for browsers", &root().join("pkg/THIRD_PARTY.txt"))
}

/// Packs the crates, unpacks them into a clean folder and builds the program there, with the others beside it. Cargo's own check would take
/// the library from where it unpacked an earlier one of the same version.
fn crates(dist: &Path) -> Outcome {
    let mut command = cargo();
    command.args(["package", "--quiet", "--no-verify", "--allow-dirty", "--target-dir", "target"]);
    for name in CRATES {
        command.args(["--package", name]);
    }
    finish(&mut command)?;
    let place = root().join("build/dist/crates");
    fs::remove_dir_all(&place).ok();
    fs::create_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;
    for name in CRATES {
        let file = format!("{name}-{}.crate", version());
        copy(&root().join("target/package").join(&file), &dist.join(&file))?;
        finish(Command::new("tar").arg("-xzf").arg(dist.join(file)).arg("-C").arg(&place))?;
    }
    let unpacked = CRATES.map(|name| (name, place.join(format!("{name}-{}", version()))));
    let [libraries @ .., (_, program)] = &unpacked;
    let manifest = program.join("Cargo.toml");
    // Away from what the workspace has built: packages of the same names and versions would take each other's place.
    let mut command = cargo();
    command.args(["build", "--quiet", "--target-dir", "target/dist", "--manifest-path"]).arg(manifest);
    // Built once, to see that it can be: what only later builds or debuggers read would take four times the disk.
    command.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
    for (name, path) in libraries {
        command.args(["--config", &format!("patch.crates-io.{name}.path={:?}", path.display().to_string())]);
    }
    finish(&mut command)
}

fn npm(dist: &Path) -> Outcome {
    for name in ["cellucid_bg.wasm", "cellucid_later.wasm", "index.js", "THIRD_PARTY.txt"] {
        if !root().join("pkg").join(name).is_file() {
            return Err(format!(
                "pkg/{name} is missing: run cargo xtask build --release, node xtask/package.js and cargo xtask licences"
            ));
        }
    }
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    finish(
        Command::new(program)
            .args(["pack", "--silent", "--pack-destination"])
            .arg(dist)
            .current_dir(root().join("pkg")),
    )
}

/// By the Python that `PYTHON` names, the one that `./check` prepares, or the one on the path; it needs hatchling.
fn wheel(dist: &Path) -> Outcome {
    let prepared = root().join("build/jupyter/bin/python");
    let found = if prepared.is_file() { prepared } else { PathBuf::from("python3") };
    let python = std::env::var_os("PYTHON").map_or(found, PathBuf::from);
    finish(Command::new(python).arg("python/build.py").arg(dist).current_dir(root()))
}

/// The program, and beside it the page and the module, where it looks for them.
fn program(dist: &Path, debug: bool) -> Outcome {
    let profile = if debug { "dev" } else { "release" };
    let args = ["build", "--locked", "--package", "cellucid-relay", "--target-dir", "target", "--profile"];
    finish(cargo().args(args).arg(profile))?;
    let name = format!("cellucid-wasm-{}-{}", version(), toolchain::host()?);
    let staged = root().join("build/dist").join(&name);
    fs::remove_dir_all(&staged).ok();
    let program = format!("cellucid-wasm{}", std::env::consts::EXE_SUFFIX);
    let built = root().join("target").join(if debug { "debug" } else { "release" });
    copy(&built.join(&program), &staged.join(&program))?;
    for name in BESIDE.iter().chain(&["www"]) {
        copy(&root().join(name), &staged.join(name))?;
    }
    // The repository's own speaks of building it.
    copy(&root().join("relay/README.md"), &staged.join("README.md"))?;
    for name in SERVED {
        copy(&root().join("pkg").join(name), &staged.join("pkg").join(name))?;
    }
    licences::check()?;
    licences::write(&licences::MODULE, "The module for browsers", &staged.join("pkg/THIRD_PARTY.txt"))?;
    licences::write(&licences::PROGRAM, "The program", &staged.join("THIRD_PARTY.txt"))?;
    let archive = dist.join(format!("{name}.tar.gz"));
    finish(Command::new("tar").arg("-czf").arg(archive).arg("-C").arg(root().join("build/dist")).arg(name))
}

/// In the repository, whatever directory this was called in.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// In the form that `sha256sum --check` reads.
fn sums(dist: &Path) -> Outcome {
    let list = dist.join("SHA256SUMS");
    fs::remove_file(&list).ok();
    let mut lines: Vec<String> = Vec::new();
    for entry in fs::read_dir(dist).map_err(|e| format!("{}: {e}", dist.display()))?.flatten() {
        let bytes = fs::read(entry.path()).map_err(|e| format!("{}: {e}", entry.path().display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        eprintln!("  dist/{name}: {} bytes", bytes.len());
        lines.push(format!("{sum}  {name}\n"));
    }
    lines.sort_by(|a, b| a.get(64..).cmp(&b.get(64..)));
    fs::write(&list, lines.concat()).map_err(|e| format!("{}: {e}", list.display()))
}

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// A file, or a folder and all below it.
fn copy(from: &Path, to: &Path) -> Outcome {
    let failed = |e: std::io::Error| format!("{}: {e}", from.display());
    if from.is_dir() {
        for entry in fs::read_dir(from).map_err(failed)?.flatten() {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(failed)?;
    fs::copy(from, to).map_err(failed).map(|_| ())
}
