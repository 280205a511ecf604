//! The command line: what the library does in a browser, without one.
//!
//! Exit codes: 0 done, 1 the data cannot be read or the result not written (message on standard error), 2 usage,
//! 130 interrupted, 141 whoever read standard output wanted no more of it (nothing is said: `| head` is no failure).

mod args;
mod cat;
mod clock;
mod export;
mod fault;
mod get;
mod inspect;
mod interrupt;
mod output;
mod relayout;
mod remote;
mod serve;
mod site;
mod source;
mod verify;

use std::process::ExitCode;

use args::{Command, Line};
use cellucid_wasm::{Error, Kind};
use clap::Parser;

fn main() -> ExitCode {
    let outcome = match Line::parse().command {
        Command::Inspect { source, json, reading } => inspect::run(&source, json, &reading),
        Command::Get { source, paths, out, stats, reading } => {
            get::run(&source, &paths, out.as_deref(), stats, &reading)
        }
        Command::Cat { source, object, attrs, headers } => cat::run(&source, &object, attrs, &headers),
        Command::Export { source, out, pack, reading } => export::run(&source, &out, &pack, &reading),
        Command::Relayout { source, out, relay } => relayout::run(&source, &out, &relay),
        Command::Verify { source, export, json, reading } => verify::run(&source, &export, json, &reading),
        Command::Datasets { root, default } => export::datasets(&root, default.as_deref()),
        Command::Site { sources, out, page, force, reading } => {
            site::run(&sources, &out, page.as_deref(), force, &reading)
        }
        Command::Serve { serving, reading } => serve::run(&serving, &reading),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(if error.kind == Kind::Request { 2 } else { 1 })
        }
    }
}

/// What went wrong and what can be done, two lines.
fn report(error: &Error) {
    output::note(&format!("cellucid-wasm: {error}"));
    output::note(&format!("  {}", error.advice()));
}
