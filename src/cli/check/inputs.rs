//! The captures that files, directories and patterns name, and their files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::capture::{CaptureError, FrameSource, OpenFiles};
use crate::cli::descriptors;
use crate::display;

/// How the names of captures end, with or without a compression's ending behind.
const ENDINGS: [&str; 3] = ["pcap", "pcapng", "cap"];

const COMPRESSIONS: [&str; 4] = ["gz", "zst", "lz4", "xz"];

/// A capture that is to be judged.
pub(super) struct Input {
    /// Its name.
    pub path: PathBuf,
    /// Opened beforehand, or why not; none where it is opened when it is read.
    file: Option<Result<OpenFiles, String>>,
}

impl Input {
    /// Opens nothing yet.
    pub(super) fn later(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Opens the file, for a process that will not be able to.
    pub(super) fn open(path: PathBuf) -> Self {
        let file = OpenFiles::open(std::slice::from_ref(&path)).map_err(|error| error.to_string());
        Self { path, file: Some(file) }
    }

    /// Its frames, from the first one on.
    ///
    /// # Errors
    /// When it cannot be opened, or is not a capture.
    pub(super) fn source(&self) -> Result<Box<dyn FrameSource>, String> {
        let stdin = || Box::new(std::io::stdin()) as _;
        let words = |error: CaptureError| error.to_string();
        match &self.file {
            Some(Ok(file)) => file.source(stdin).map_err(words),
            Some(Err(error)) => Err(error.clone()),
            None => OpenFiles::open(&[&self.path]).and_then(|file| file.source(stdin)).map_err(words),
        }
    }
}

/// The captures of `words`, open where the process is to be `confined`.
///
/// # Errors
/// As [`captures`], and when there are more than a process may have open.
pub(super) fn inputs(words: &[PathBuf], confined: bool) -> Result<Vec<Input>> {
    let paths = captures(words)?;
    if !confined {
        return Ok(paths.into_iter().map(Input::later).collect());
    }
    descriptors::allow(paths.len(), "judge fewer at a time, or with --no-sandbox, which opens one after the other")?;
    Ok(paths.into_iter().map(Input::open).collect())
}

/// Every capture once, in the order of the words; of a directory or a pattern in the order of names.
///
/// # Errors
/// When a directory or a pattern holds none. A file that is not there is left to its reading.
fn captures(words: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if words.is_empty() {
        bail!("name captures, directories of captures or patterns: tcpcheck check FILE…, or capture with -i INTERFACE");
    }
    let mut found = Vec::new();
    for word in words {
        if word.is_dir() {
            let before = found.len();
            below(word, &mut found)?;
            if found.len() == before {
                bail!("{}: no capture in this directory: none ends in .pcap, .pcapng or .cap", display::path(&word));
            }
        } else if let Some(pattern) = pattern(word) {
            let paths = glob::glob(pattern).with_context(|| format!("{pattern}: not a pattern"))?;
            let paths: Vec<PathBuf> = paths.filter_map(Result::ok).filter(|path| path.is_file()).collect();
            if paths.is_empty() {
                bail!("{pattern}: no file matches this pattern");
            }
            found.extend(paths);
        } else {
            found.push(word.clone());
        }
    }
    let mut found: Vec<PathBuf> = found.into_iter().map(slashed).collect();
    let mut seen = HashSet::new();
    found.retain(|path| seen.insert(path.clone()));
    Ok(found)
}

/// A path with `/` between its parts, as every report has it: a baseline, SARIF and JUnit are the same on each system.
#[cfg(windows)]
pub(super) fn slashed(path: PathBuf) -> PathBuf {
    match path.to_str() {
        // In a verbatim path a slash is part of a name.
        Some(text) if !text.starts_with(r"\\?\") => text.replace('\\', "/").into(),
        _ => path,
    }
}

/// A path with `/` between its parts, as it is here.
#[cfg(not(windows))]
pub(super) fn slashed(path: PathBuf) -> PathBuf {
    path
}

/// A word that names no file and holds signs of a pattern.
fn pattern(word: &Path) -> Option<&str> {
    word.to_str().filter(|text| text.contains(['*', '?', '[']) && !word.exists())
}

fn below(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = directory.read_dir().with_context(|| display::path(&directory))?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().with_context(|| display::path(&directory))?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type());
        // A link to a directory may lead back up.
        if kind.is_ok_and(|kind| kind.is_dir()) {
            below(&path, found)?;
        } else if is_capture(&path) && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

fn is_capture(path: &Path) -> bool {
    let ends = |path: &Path, endings: &[&str]| {
        path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending))
    };
    let unpacked = if ends(path, &COMPRESSIONS) { path.with_extension("") } else { path.to_owned() };
    ends(&unpacked, &ENDINGS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_and_patterns_become_captures_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("deep/er")).unwrap();
        for name in ["b.pcap", "a.pcapng.gz", "notes.txt", "deep/er/c.cap", "deep/x.gz"] {
            std::fs::write(path(name), "").unwrap();
        }
        let all = captures(&[folder.path().to_owned()]).unwrap();
        assert_eq!(all, ["a.pcapng.gz", "b.pcap", "deep/er/c.cap"].map(path));
        assert_eq!(captures(&[path("b.pcap"), path("*.pcap")]).unwrap(), [path("b.pcap")]);
        assert_eq!(captures(&[path("**/*.cap")]).unwrap(), [path("deep/er/c.cap")]);
        assert_eq!(captures(&[path("missing.pcap")]).unwrap(), [path("missing.pcap")]);
        for (word, words) in [("*.xz", "no file matches"), ("deep/e*/d*", "no file matches")] {
            assert!(captures(&[path(word)]).unwrap_err().to_string().contains(words));
        }
        std::fs::remove_file(path("deep/er/c.cap")).unwrap();
        assert!(captures(&[path("deep")]).unwrap_err().to_string().contains("no capture in this directory"));
        assert!(captures(&[]).unwrap_err().to_string().starts_with("name captures"));
    }
}
