//! Reading policies and baselines, which may lie in a working copy that a stranger wrote: small regular files and nothing else.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::PolicyError;

/// Maximum number of bytes of a policy.
pub(super) const MAX_POLICY: u64 = 1 << 20;

/// Maximum number of bytes of a baseline, which grows with the captures that it is about.
pub(super) const MAX_BASELINE: u64 = 8 << 20;

/// Who chose the name of a file that is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Named {
    /// Somebody typed it: a link is followed.
    ByUser,
    /// It lay in a directory in which it was looked for: a link is followed only to what lies in or below that directory.
    BySearch,
}

/// The text of a file of at most `max` bytes.
///
/// # Errors
/// When it cannot be read, is no regular file, or is longer.
pub(super) fn text(path: &Path, named: Named, max: u64) -> Result<String, PolicyError> {
    let io = |source| PolicyError::Io { path: path.to_owned(), source };
    let refused = |words: String| PolicyError::Refused { path: path.to_owned(), words };
    // Asked first, because to open a device may do something already.
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(refused("not a regular file: what decides on a build is read from one".to_owned()));
    }
    let Some(file) = open(path, named).map_err(io)? else {
        return Err(refused(
            "a link out of its directory, which is followed only if the file is named: -P or --baseline".to_owned(),
        ));
    };
    let found = file.metadata().map_err(io)?;
    if !found.is_file() {
        return Err(refused("not a regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > max {
        return Err(refused(format!("larger than {} MiB, which is the most that is read", max >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| refused("not text in UTF-8".to_owned()))
}

/// Opens a file; none where a link leads out of the directory that was searched.
#[cfg(target_os = "linux")]
fn open(path: &Path, named: Named) -> io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat, openat2};
    use rustix::io::Errno;

    // A pipe that was put there just now is not waited for.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let Some(name) = path.file_name().filter(|_| named == Named::BySearch) else {
        return Ok(Some(open(path, flags, Mode::empty())?.into()));
    };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = open(directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let opened = match openat2(&directory, name, flags, Mode::empty(), within) {
        // Before Linux 5.6, and in some containers.
        Err(Errno::NOSYS | Errno::PERM) => openat(&directory, name, flags | OFlags::NOFOLLOW, Mode::empty()),
        opened => opened,
    };
    match opened {
        Err(Errno::XDEV | Errno::LOOP) => Ok(None),
        opened => Ok(Some(opened?.into())),
    }
}

/// Opens a file; none where it is a link and was not named.
#[cfg(not(target_os = "linux"))]
fn open(path: &Path, named: Named) -> io::Result<Option<File>> {
    if named == Named::BySearch && std::fs::symlink_metadata(path)?.is_symlink() {
        return Ok(None);
    }
    File::open(path).map(Some)
}
