//! Finds, or brings, a Rust that can build for wasm32.
//!
//! First the target as rustup installs it. Where its server is out of reach, the standard library is built from source by
//! a compiler that has the source beside it; Debian packages one. Only that way needs `RUSTC_BOOTSTRAP`, which unlocks
//! cargo's `-Z build-std`.

use crate::{Outcome, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub const TARGET: &str = "wasm32-unknown-unknown";
/// Long enough for the 20 MB of a target on a slow line, short enough to go on when nothing answers.
const PATIENCE: Duration = Duration::from_secs(180);

pub enum Toolchain {
    /// The compiler on the path has the target.
    Installed,
    /// A compiler with the library's source beside it, and the linker it lacks.
    Source { rustc: PathBuf, linker: PathBuf },
}

impl Toolchain {
    /// A cargo command for wasm32; its results stay apart from native ones so that neither throws the other's away.
    pub fn cargo(&self, args: &[String]) -> Outcome<Command> {
        let mut command = match self {
            Self::Installed => Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
            Self::Source { rustc, linker } => {
                let bin = rustc.parent().unwrap_or(Path::new("/usr/bin"));
                let cargo = bin.join("cargo");
                if args.first().is_some_and(|a| a == "clippy") && !bin.join("cargo-clippy").is_file() {
                    debian(&["rust-web-clippy"])?;
                }
                let mut command = Command::new(&cargo);
                // Subcommands such as clippy are looked up on the path and ask CARGO for their cargo.
                let path = std::env::var_os("PATH").unwrap_or_default();
                let dirs = std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path));
                command
                    .env("PATH", std::env::join_paths(dirs).unwrap_or(path))
                    .env("CARGO", &cargo)
                    .env("RUSTC", rustc)
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                    .env_remove("RUSTUP_TOOLCHAIN");
                command
            }
        };
        command.current_dir(root()).args(args.first());
        if let Self::Source { .. } = self {
            command.args(["-Z", "build-std=std,panic_abort"]);
        }
        command.args(["--target", TARGET, "--target-dir"]).arg(root().join("target/wasm"));
        command.args(args.get(1..).unwrap_or_default());
        Ok(command)
    }
}

/// What is there already comes first; what has to be fetched last.
pub fn find() -> Outcome<Toolchain> {
    let on_path = PathBuf::from("rustc");
    if has_target(&on_path) {
        return Ok(Toolchain::Installed);
    }
    if let Some(found) = with_source() {
        return Ok(found);
    }
    if add_target() && has_target(&on_path) {
        return Ok(Toolchain::Installed);
    }
    eprintln!(
        "  the wasm32 target cannot be had from rustup here: taking Debian's Rust, which can build it from source"
    );
    debian(&["rustc-web", "cargo-web", "rust-web-src"])?;
    if let Some(found) = with_source() {
        return Ok(found);
    }
    let rustc = compilers().find(|c| source_version(c).is_some());
    let rustc = rustc.ok_or_else(|| format!("no rustc {} or newer with its source", minimum()))?;
    debian(&[&format!("lld-{}", llvm_major(&rustc).ok_or("rustc does not tell its LLVM version")?)])?;
    with_source().ok_or_else(|| "no linker for wasm32: neither rust-lld nor wasm-ld was found".into())
}

fn has_target(rustc: &Path) -> bool {
    ask(rustc, &["--print", "target-libdir", "--target", TARGET]).is_some_and(|dir| {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        entries.into_iter().any(|e| e.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

fn with_source() -> Option<Toolchain> {
    let rustc = compilers().find(|c| source_version(c).is_some())?;
    let linker = linker(&rustc)?;
    Some(Toolchain::Source { rustc, linker })
}

/// Every rustc that could serve: the path's, Debian's, and Debian's unpacked by an ordinary user.
fn compilers() -> impl Iterator<Item = PathBuf> {
    let sysroot = ask(Path::new("rustc"), &["--print", "sysroot"]).map(|s| Path::new(&s).join("bin/rustc"));
    let debian = [PathBuf::from("/usr/bin/rustc"), root().join("build/debian/root/usr/bin/rustc")];
    sysroot.into_iter().chain(debian)
}

/// The version of a compiler that is new enough and has the standard library's source.
fn source_version(rustc: &Path) -> Option<(u32, u32)> {
    let sysroot = ask(rustc, &["--print", "sysroot"])?;
    let source = Path::new(&sysroot).join("lib/rustlib/src/rust/library/std/Cargo.toml");
    let cargo = rustc.with_file_name("cargo");
    let version = version(&about(rustc, "release: ")?)?;
    (source.is_file() && cargo.is_file() && version >= self::version(minimum())?).then_some(version)
}

/// This machine's triple.
pub fn host() -> Outcome<String> {
    about(Path::new("rustc"), "host: ").ok_or_else(|| "rustc does not tell its host".into())
}

fn minimum() -> &'static str {
    env!("CARGO_PKG_RUST_VERSION")
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(|p| p.parse().ok());
    Some((parts.next()??, parts.next()??))
}

fn llvm_major(rustc: &Path) -> Option<String> {
    Some(about(rustc, "LLVM version: ")?.split('.').next()?.to_owned())
}

fn about(rustc: &Path, label: &str) -> Option<String> {
    ask(rustc, &["-vV"])?.lines().find_map(|line| Some(line.strip_prefix(label)?.to_owned()))
}

/// rust-lld of any installed toolchain, else Debian's lld of the compiler's own LLVM.
fn linker(rustc: &Path) -> Option<PathBuf> {
    let host = about(rustc, "host: ")?;
    let bundled = compilers().filter_map(|c| ask(&c, &["--print", "sysroot"])).find_map(|sysroot| {
        let lld = Path::new(&sysroot).join("lib/rustlib").join(&host).join("bin/rust-lld");
        lld.is_file().then_some(lld)
    });
    bundled.or_else(|| {
        let dirs = [PathBuf::from("/usr/lib"), root().join("build/debian/root/usr/lib")];
        let llvm = format!("llvm-{}/bin/wasm-ld", llvm_major(rustc)?);
        dirs.iter().map(|d| d.join(&llvm)).find(|lld| lld.is_file())
    })
}

/// Asks rustup for the target, but not for ever: a closed network may answer nothing at all.
fn add_target() -> bool {
    let mut command = Command::new("rustup");
    command.args(["target", "add", TARGET]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    eprintln!("  asking rustup for {TARGET}");
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(100)),
            _ => {
                child.kill().ok();
                child.wait().ok();
                return false;
            }
        }
    }
}

fn debian(packages: &[&str]) -> Outcome {
    crate::finish(Command::new("bash").arg(root().join("xtask/debian.sh")).args(packages))
}

/// Trimmed standard output of a command that succeeds.
fn ask(program: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
