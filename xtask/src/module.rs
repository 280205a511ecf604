//! From the library to what a page loads: compile for wasm32, write the JavaScript glue, shrink.

use crate::{
    Outcome,
    constants::{self, Constants},
    counted, finish, root, similar, split,
    toolchain::{self, TARGET},
    whole::Whole,
};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use wasm_bindgen_cli_support::Bindgen;

const MODULE: &str = "cellucid-wasm";

/// What the glue loads at once, and what it loads later.
const FIRST: &str = "cellucid_bg.wasm";
const SECOND: &str = "cellucid_later.wasm";

/// What every supported browser has. "All" would let the optimiser write encodings that only the newest can load.
const FEATURES: [&str; 8] = [
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-bulk-memory-opt",
];

/// How large a function of one caller may be to be drawn into it; any, if nothing is said. Browsers compile a function anew, optimised, once it
/// has run for long, and a large one takes a tenth of a second: loops stay apart from what calls them.
const ONE_CALLER: &str = "--one-caller-inline-max-function-size=100";

/// No pointer is to the first kilobyte: the stack ends there. So what is added to pointers can be written with the access itself.
const LOW: &str = "--low-memory-unused";

/// How large a function marked `#[inline]` may be to be drawn into code that is to be small; 325 if nothing is said, which is meant for
/// code that is to be fast and doubles what the standard library's iterators and collections take. The decoders are compiled for speed, and
/// keep a bound of their own.
const INLINE: &str = "llvm-args=-inlinehint-threshold=100";

/// Has the linker tell what refers to which constant (`constants`).
const RELOCATIONS: &str = "link-arg=--emit-relocs";

#[derive(Clone, Copy, PartialEq)]
pub enum Profile {
    /// Optimised, without what takes long: for work on the page.
    Quick,
    /// What is published.
    Release,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Release => "module",
        }
    }
}

pub fn build(profile: Profile) -> Outcome {
    let start = Instant::now();
    let compiled = compile(MODULE, profile)?;
    let bytes = read(&compiled)?;
    let pkg = root().join("pkg");
    let stamp = root().join("target/wasm/pkg.stamp");
    let mark = mark(profile, &bytes);
    let outputs = ["cellucid.js", "cellucid.d.ts", FIRST, SECOND].map(|name| pkg.join(name));
    let current = std::fs::read_to_string(&stamp).is_ok_and(|old| old == mark);
    if !(current && outputs.iter().all(|o| o.is_file())) {
        if profile == Profile::Release {
            glue("cellucid", profile, constants::plain(&bytes)?, &pkg)?;
            join(&pkg, divide(&pkg, &Constants::read(&bytes)?)?)?;
            minify(&pkg.join("cellucid.js"))?;
        } else {
            glue("cellucid", profile, bytes, &pkg)?;
            // All is in the first.
            write(&pkg.join(SECOND), &wasm_encoder::Module::new().finish())?;
            join(&pkg, Vec::new())?;
        }
        write(&stamp, mark.as_bytes())?;
    }
    let size = |name| std::fs::metadata(pkg.join(name)).map_or(0, |m| m.len());
    let seconds = start.elapsed().as_secs_f32();
    eprintln!(
        "  pkg/{FIRST}: {} bytes, pkg/{SECOND}: {} bytes, {} profile, {seconds:.1} s",
        size(FIRST),
        size(SECOND),
        profile.name()
    );
    Ok(())
}

/// What the benchmark compares with: build/bench/floor/floor.js and its module.
pub fn floor() -> Outcome {
    let bytes = std::fs::read(compile("bench-floor", Profile::Release)?).map_err(|e| e.to_string())?;
    glue("floor", Profile::Release, bytes, &root().join("build/bench/floor"))
}

/// Only as a cdylib: beside an rlib in the same call, cargo would leave link-time optimisation out.
fn compile(package: &str, profile: Profile) -> Outcome<PathBuf> {
    let args =
        ["rustc", "--package", package, "--lib", "--crate-type", "cdylib", "--profile", profile.name()];
    let mut args = args.map(String::from).to_vec();
    if profile == Profile::Release {
        // A panic names its file; where this machine keeps packages is nobody's business, and makes the same sources another module.
        let remap = format!("--remap-path-prefix={}=", packages().display());
        args.extend(["--config".into(), format!("target.{TARGET}.rustflags=[{remap:?}]")]);
    }
    if profile == Profile::Release && package == MODULE {
        args.extend(["--", "-C", INLINE, "-C", RELOCATIONS].map(String::from));
    }
    finish(&mut toolchain::find()?.cargo(&args)?)?;
    Ok(root()
        .join("target/wasm/wasm32-unknown-unknown")
        .join(profile.name())
        .join(package.replace('-', "_"))
        .with_extension("wasm"))
}

/// Where cargo unpacks what it has fetched.
fn packages() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).unwrap_or_default().join("registry/src")
}

fn glue(name: &str, profile: Profile, bytes: Vec<u8>, pkg: &Path) -> Outcome {
    let mut bindgen = Bindgen::new();
    // The glue finds the module beside itself, so that `await init()` is all a page has to say.
    bindgen.input_bytes(name, bytes).typescript(true).omit_default_module_path(false);
    bindgen.keep_debug(false).remove_name_section(profile == Profile::Release).remove_producers_section(true);
    let written = bindgen.web(true).and_then(|b| b.generate(pkg));
    written.map_err(|e| format!("the JavaScript glue cannot be written: {e:#}"))
}

/// Takes the module apart, each part then as small as can be. Before that: what is seldom run would otherwise be drawn into what often is.
/// Gives what the glue has to call otherwise.
fn divide(pkg: &Path, constants: &Constants) -> Outcome<Vec<(String, String)>> {
    let module = read(&pkg.join(FIRST))?;
    let counted = root().join("target/wasm/counted.wasm");
    write(&counted, &counted::counted(&module)?)?;
    let mut run = Command::new("node");
    run.arg(root().join("xtask/used.js")).arg(pkg.join("cellucid.js")).arg(&counted);
    run.stderr(std::process::Stdio::inherit());
    let said = run.output().map_err(|e| format!("node: {e}"))?;
    if !said.status.success() {
        return Err("xtask/used.js has failed".into());
    }
    let numbers = String::from_utf8_lossy(&said.stdout);
    let used: Result<BTreeSet<u32>, _> = numbers.lines().map(str::parse).collect();
    let used = used.map_err(|e| format!("xtask/used.js does not write numbers: {e}"))?;
    let whole = Whole::read(&module)?;
    let (first, second) = split::split(&whole, &used, constants)?;
    for (name, part) in [(FIRST, first), (SECOND, second)] {
        write(&pkg.join(name), &part)?;
        shrink(&pkg.join(name))?;
    }
    // The long ones end in a hash, which compresses badly.
    let short = split::renamed(&whole);
    Ok(short.into_iter().map(|(long, short)| (format!("        {long}: "), format!("{short}: "))).collect())
}

/// Adds to the glue what brings the second part, and changes what is to be called otherwise.
fn join(pkg: &Path, mut changes: Vec<(String, String)>) -> Outcome {
    let edit = |name: &str, changes: &[(String, String)], more: &str| {
        let path = pkg.join(name);
        let mut text = String::from_utf8_lossy(&read(&path)?).into_owned();
        for (old, new) in changes {
            if text.matches(old).count() != 1 {
                return Err(format!("{name} has changed its shape: not once {old:?}"));
            }
            text = text.replace(old, new);
        }
        text.push_str(more);
        write(&path, text.as_bytes())
    };
    let change = |old: &str, new: &str| (old.to_owned(), new.to_owned());
    let import = "const import0 = {\n        __proto__: null,\n";
    changes.push(change(import, &format!("{import}        {}: bringSecond,\n", split::BRING)));
    changes
        .push(change("export { initSync, __wbg_init as default };", "export { initSync, init as default };"));
    edit("cellucid.js", &changes, include_str!("second.js"))?;
    let given = "{ module_or_path: InitInput | Promise<InitInput> } | InitInput";
    let both = "{ module_or_path: InitInput | Promise<InitInput>; later?: InitInput | Promise<InitInput> } | InitInput";
    edit("cellucid.d.ts", &[change(given, both)], include_str!("second.d.ts"))
}

/// The glue without its comments and long names, by the npm package esbuild.
fn minify(script: &Path) -> Outcome {
    let mut run = Command::new(tool("esbuild")?);
    run.arg(script).args([
        "--minify",
        "--format=esm",
        "--target=es2022",
        "--charset=utf8",
        "--allow-overwrite",
    ]);
    finish(run.args(["--log-level=warning"]).arg(format!("--outfile={}", script.display())))
}

/// A program of an npm package.
fn tool(name: &str) -> Outcome<PathBuf> {
    let tool = root().join("node_modules/.bin").join(name);
    if tool.is_file() {
        Ok(tool)
    } else {
        Err(format!("node_modules/.bin/{name} is missing: run `npm ci` first"))
    }
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Outcome {
    std::fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))
}

/// `wasm-opt` of the npm package binaryen, in place; then functions in an order that compresses well.
fn shrink(wasm: &Path) -> Outcome {
    let tool = tool("wasm-opt")?;
    let optimise =
        |how: &[&str]| finish(Command::new(&tool).args(FEATURES).args(how).arg("-o").arg(wasm).arg(wasm));
    optimise(&["-O3", ONE_CALLER, LOW])?;
    write(wasm, &similar::named(&read(wasm)?)?)?;
    // Alignments are hints that no engine heeds; all alike, they take less room when compressed.
    optimise(&["--reorder-functions-by-name", "--dealign"])
}

/// Changes when the compiled module or what is done to it changes.
fn mark(profile: Profile, bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    (
        bytes,
        FEATURES,
        include_str!("second.js"),
        split::SOURCES,
        include_str!("whole.rs"),
        include_str!("constants.rs"),
        include_str!("../used.js"),
    )
        .hash(&mut hasher);
    format!("{} {:016x}", profile.name(), hasher.finish())
}
