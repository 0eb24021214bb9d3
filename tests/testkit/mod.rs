//! What the tests share: packets with right lengths and checksums, capture files, and trace scripts.
//!
//! Nothing here reads with tcpcheck's own code, so that a mistake there cannot hide itself.

pub(crate) mod file;
pub(crate) mod mutation;
pub(crate) mod packet;
pub(crate) mod replay;
pub(crate) mod script;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the built program.
pub(crate) fn tcpcheck<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tcpcheck")).args(args).output().expect("tcpcheck was built and starts")
}

/// Says that a test has not tried what it is for, and what would let it. Straight to standard error: what a test that passes prints is
/// kept back.
pub(crate) fn skipped(why: &str, how: &str) {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if !said.contains(&test) {
        let why = why.lines().next().unwrap_or_default();
        let _ = std::io::stderr().write_all(format!("skipped: {test}: {why} (to run it: {how})\n").as_bytes());
        said.push(test);
    }
}

/// Every file below a folder of the project whose name ends so, sorted.
pub(crate) fn files_below(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = folder.read_dir().unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries {
            let path = entry.expect("a folder that can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A path as messages name it: from the project's folder on.
pub(crate) fn short(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
