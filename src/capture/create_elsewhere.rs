//! Making files on systems other than Unix: as the standard library does.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Who chose a file's name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Name {
    /// Somebody typed it.
    Typed,
    /// This program made it of what was typed.
    Made,
}

/// A folder.
#[derive(Debug)]
pub(super) struct Folder;

/// Makes the file of that name, or empties it.
///
/// # Errors
/// When it cannot be made.
pub(super) fn create(path: &Path, _: Name) -> io::Result<File> {
    File::create(path)
}

/// The same, but what is in the file stays for now.
///
/// # Errors
/// As `create`.
pub fn open_unchanged(path: &Path, _: Name) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

/// How long a file is; none where it is something else.
///
/// # Errors
/// Those of the system.
pub fn file_len(file: &File) -> io::Result<Option<u64>> {
    let found = file.metadata()?;
    Ok(found.is_file().then_some(found.len()))
}

impl Folder {
    /// Takes note of it.
    ///
    /// # Errors
    /// Never.
    pub(super) fn open(_: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    /// Makes a file, or empties it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn create(&self, path: &Path, name: Name) -> io::Result<File> {
        create(path, name)
    }

    /// Opens a file, to append to it.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn go_on(&self, path: &Path) -> io::Result<File> {
        File::options().append(true).open(path)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// When that cannot be done.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}
