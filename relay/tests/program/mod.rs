//! The real binary, run by the tests of the command line and of HTTP.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The sample data set as a file.
pub fn sample() -> PathBuf {
    root().join("www/sample/sample.h5ad")
}

/// A path as it stands on the command line.
pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Every file below a folder with its content.
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(here) = folders.pop() {
        for entry in fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(text(path.strip_prefix(folder).unwrap()), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Runs the program from a shell, where files can be forbidden to grow: exit code and standard error.
pub fn shell(before: &str, args: &[&str]) -> (Option<i32>, String) {
    let mut all = vec!["-c", before, env!("CARGO_BIN_EXE_cellucid-wasm")];
    all.extend_from_slice(args);
    let output = Command::new("sh")
        .args(all)
        .current_dir(root())
        .env("SOURCE_DATE_EPOCH", "946684800")
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A command of the program, at a fixed time; without a place to keep anything, so that no test finds what another left.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cellucid-wasm"));
    command.args(args).env("SOURCE_DATE_EPOCH", "946684800").current_dir(root());
    for name in ["XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"] {
        command.env(name, "");
    }
    command
}

/// Runs the program to its end.
pub fn run(args: &[&str]) -> Output {
    command(args).stdin(Stdio::null()).output().unwrap()
}

/// What a run that has to succeed wrote to standard output.
pub fn ok(args: &[&str]) -> Vec<u8> {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What a run that has to fail with a code wrote to standard error.
pub fn fails(code: i32, args: &[&str]) -> String {
    let output = run(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    assert!(!said.contains("panicked"), "{args:?}: {said}");
    said
}

/// A folder of its own for a test, removed when dropped.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        Self::named(&format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    /// One that all tests of a file share: nobody drops it, so what an earlier run left is removed first.
    pub fn named(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::remove_dir_all(&path).ok();
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A path in it, as text.
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// A file in it.
    pub fn file(&self, name: &str, content: &[u8]) -> String {
        fs::write(self.0.join(name), content).unwrap();
        self.path(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// `serve` while it runs.
pub struct Server {
    child: Option<Child>,
    ending: AtomicBool,
    /// Address without a slash at its end.
    pub url: String,
    /// What it printed.
    pub line: String,
}

impl Server {
    pub fn start(args: &[&str]) -> Self {
        let mut all = vec!["serve"];
        all.extend_from_slice(args);
        all.extend_from_slice(&["--port", "0", "--no-browser"]);
        let mut child = command(&all).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let line = line.trim().to_owned();
        let host = line.split_once("://").and_then(|(_, rest)| rest.split('/').next());
        let url = format!("http://{}", host.unwrap_or_else(|| panic!("no address in {line:?}")));
        Self { child: Some(child), ending: false.into(), url, line }
    }

    /// One that somebody else has started.
    pub fn reached(url: &str) -> Self {
        Self { child: None, ending: false.into(), url: url.to_owned(), line: String::new() }
    }

    /// Asks it to end, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.ending.store(true, Ordering::Relaxed);
        let id = self.child.as_ref().map(Child::id).expect("it was started here");
        assert!(Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        // One that is ending by itself is given the time.
        for _ in 0..2000 {
            if !self.ending.load(Ordering::Relaxed) || matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.kill().ok();
        child.wait().ok();
    }
}

/// Rewrites a JSON document.
pub fn amend(path: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let mut value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}
