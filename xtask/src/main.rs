//! What cargo alone cannot do: the module for the browser, and cargo commands for wasm32 on machines without that target.
//!
//! Steps that need no Rust (Debian packages, Python, npm, the order of all checks) are in `run` and `check`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

mod constants;
mod counted;
mod dist;
mod licences;
mod module;
mod similar;
mod split;
mod toolchain;
mod whole;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  build [--release]   the module for the browser: pkg/cellucid.js, .d.ts, _bg.wasm and _later.wasm; --release also
                      optimises for size and speed, in two parts (minutes instead of seconds, needs `npm ci`)
  dist [PART…]        what is published, with checksums, in dist/: crates, npm, wheel, program (with page and module beside
                      it); needs what `build --release`, `node xtask/package.js` and `licences` make; --debug takes
                      the program's debug build
  licences            whether the licences of all dependencies are accepted, and their texts: pkg/THIRD_PARTY.txt
  floor               the module that the benchmark measures against: build/bench/floor
  wasm CARGO-ARGS…    any cargo command for wasm32, for example `wasm clippy --lib -- -D warnings`
  runner …            runs browser tests for `wasm test`; needs --features browser
";

type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    let outcome = match args.first().map(String::as_str) {
        Some("build") => match rest {
            [] => module::build(module::Profile::Quick),
            [flag] if flag == "--release" => module::build(module::Profile::Release),
            _ => return usage(),
        },
        Some("dist") => dist::run(rest),
        Some("licences") if rest.is_empty() => dist::notices(),
        Some("floor") => module::floor(),
        Some("wasm") if !rest.is_empty() => cargo_for_wasm(rest),
        Some("runner") => run_browser_tests(rest),
        Some("--help" | "-h") => {
            print!("{USAGE}");
            Ok(())
        }
        _ => return usage(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(2)
}

fn cargo_for_wasm(args: &[String]) -> Outcome {
    let toolchain = toolchain::find()?;
    let mut command = toolchain.cargo(args)?;
    let me = std::env::current_exe().map_err(|e| format!("own path unknown: {e}"))?;
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", format!("{} runner", me.display()));
    finish(&mut command)
}

#[cfg(feature = "browser")]
fn run_browser_tests(args: &[String]) -> Outcome {
    let args = std::iter::once("wasm-bindgen-test-runner".to_owned()).chain(args.iter().cloned());
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(args).map_err(|e| format!("{e:#}"))
}

#[cfg(not(feature = "browser"))]
fn run_browser_tests(_args: &[String]) -> Outcome {
    Err("built without the feature that runs browser tests: cargo run -p xtask --features browser -- wasm test …".into())
}

/// The repository, whatever directory cargo was called in.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Runs to the end; anything but success is an error that names the command.
fn finish(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|e| format!("cannot start {:?}: {e}", command.get_program()))?;
    if status.success() {
        return Ok(());
    }
    let words: Vec<_> = command.get_args().map(|a| a.to_string_lossy()).collect();
    Err(format!("{} {} failed ({status})", command.get_program().to_string_lossy(), words.join(" ")))
}
