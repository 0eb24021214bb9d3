//! Making files in folders in which others may put something in the way: a link to a file of root's, a pipe that nobody reads.
//!
//! A folder is opened once, and files are made in it and in no other that takes its name later. What lies at a file's place already
//! is emptied only if it is a file, and not a link to one.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, ftruncate, open, openat, readlinkat, statat, unlinkat};
use rustix::io::Errno;

/// Who chose a file's name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Name {
    /// Somebody typed it: a device or a pipe may be meant, and a link that is their own.
    Typed,
    /// This program made it of what was typed.
    Made,
}

/// A folder that is held open.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    folder: OwnedFd,
}

/// A link that leads to a link that leads to a link is followed this far.
const MAX_LINKS: u8 = 8;

/// Only to look up what is in it.
#[cfg(target_os = "linux")]
const LOOK: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const LOOK: OFlags = OFlags::RDONLY;

/// What is made anew may be read by whom the user's mask lets.
const MODE: Mode = Mode::from_raw_mode(0o666);

/// Makes the file of that name, or empties it.
///
/// # Errors
/// When it cannot be made, or something else is in the way.
pub(super) fn create(path: &Path, name: Name) -> io::Result<File> {
    if is_descriptor(path) {
        return File::create(path);
    }
    let (folder, file) = split(path)?;
    let file = file_in(folder.folder.as_fd(), file, name, MAX_LINKS)?;
    emptied(file)
}

/// The same, but what is in the file stays for now.
///
/// # Errors
/// As `create`.
pub fn open_unchanged(path: &Path, name: Name) -> io::Result<File> {
    if is_descriptor(path) {
        return File::options().write(true).open(path);
    }
    let (folder, file) = split(path)?;
    file_in(folder.folder.as_fd(), file, name, MAX_LINKS)
}

/// What this process has open already, such as a shell's `>(command)`, and nobody else can put there.
fn is_descriptor(path: &Path) -> bool {
    path == "/dev/stdout" || ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder))
}

fn split(path: &Path) -> io::Result<(Folder, &OsStr)> {
    let file = path.file_name().ok_or(Errno::ISDIR)?;
    Ok((Folder::open(path.parent().unwrap_or(Path::new("")))?, file))
}

impl Folder {
    /// Opens it; links on the way to it are followed.
    ///
    /// # Errors
    /// When there is no such folder, or it may not be entered.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let place = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let folder = open(place, LOOK | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { path: path.to_owned(), folder })
    }

    /// Makes a file in it, or empties it. The path is as long as the folder's and longer; on the rest of the way no link is followed.
    ///
    /// # Errors
    /// When it cannot be made, or something else is in the way.
    pub(super) fn create(&self, path: &Path, name: Name) -> io::Result<File> {
        if fstat(&self.folder)?.st_nlink == 0 {
            return self.made_anew()?.create_in(path, name);
        }
        self.create_in(path, name)
    }

    fn create_in(&self, path: &Path, name: Name) -> io::Result<File> {
        let (folder, file) = self.way_to(path)?;
        let folder = folder.as_ref().unwrap_or(&self.folder);
        emptied(file_in(folder.as_fd(), file, name, MAX_LINKS)?)
    }

    /// The folder that has its name now, after it was removed: no link to one, and nobody else's.
    fn made_anew(&self) -> io::Result<Self> {
        let place = if self.path.as_os_str().is_empty() { Path::new(".") } else { &self.path };
        let folder = open(place, LOOK | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        if !is_trusted(&fstat(&folder)?) {
            return Err(in_the_way("another user's folder"));
        }
        Ok(Self { path: self.path.clone(), folder })
    }

    /// Opens a file in it, to append to it; no link is followed.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn go_on(&self, path: &Path) -> io::Result<File> {
        let (folder, file) = self.way_to(path)?;
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(openat(folder.as_ref().unwrap_or(&self.folder), file, flags, Mode::empty())?.into())
    }

    /// Removes a file, or a link to one.
    ///
    /// # Errors
    /// When that cannot be done.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        let (folder, file) = self.way_to(path)?;
        Ok(unlinkat(folder.as_ref().unwrap_or(&self.folder), file, AtFlags::empty())?)
    }

    /// The folders between it and a file.
    fn way_to<'p>(&self, path: &'p Path) -> io::Result<(Option<OwnedFd>, &'p OsStr)> {
        let file = path.file_name().ok_or(Errno::ISDIR)?;
        let parent = path.parent().unwrap_or(Path::new(""));
        let rest = parent.strip_prefix(&self.path).map_err(|_| Errno::XDEV)?;
        let mut at = None;
        for step in rest.components().filter(|step| *step != Component::CurDir) {
            let flags = LOOK | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            at = Some(openat(at.as_ref().unwrap_or(&self.folder), step.as_os_str(), flags, Mode::empty())?);
        }
        Ok((at, file))
    }
}

/// Makes a file, or opens what is there.
fn file_in(folder: impl AsFd, file: &OsStr, name: Name, links: u8) -> io::Result<File> {
    let folder = folder.as_fd();
    // A pipe that nobody reads is not waited for.
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
    match openat(folder, file, flags | OFlags::CREATE | OFlags::EXCL, MODE) {
        Err(Errno::EXIST) => {}
        made => return Ok(made?.into()),
    }
    let there = statat(folder, file, AtFlags::SYMLINK_NOFOLLOW)?;
    match FileType::from_raw_mode(there.st_mode) {
        FileType::RegularFile => {}
        FileType::Symlink if name == Name::Typed && links > 0 => return linked(folder, file, links),
        FileType::Symlink => return Err(in_the_way("a link")),
        FileType::Directory => return Err(Errno::ISDIR.into()),
        FileType::Fifo | FileType::CharacterDevice if name == Name::Typed && is_trusted(&there) => {
            let opened = openat(folder, file, flags, Mode::empty())?;
            let same = fstat(&opened)?.st_mode == there.st_mode;
            return if same { Ok(opened.into()) } else { Err(in_the_way("something else")) };
        }
        _ => return Err(in_the_way("no file")),
    }
    let opened = openat(folder, file, flags | OFlags::NONBLOCK, Mode::empty())?;
    let (found, around) = (fstat(&opened)?, fstat(folder)?);
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(in_the_way("no file"));
    }
    if found.st_nlink != 1 && !is_own(&around) {
        return Err(in_the_way("a file with a second name"));
    }
    if name == Name::Made && !is_own(&found) {
        return Err(in_the_way("another user's file"));
    }
    rustix::fs::fcntl_setfl(&opened, OFlags::empty())?;
    Ok(opened.into())
}

/// What a link leads to, if it is the user's own or the system's.
fn linked(folder: impl AsFd, file: &OsStr, links: u8) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    let (found, target) = {
        // Not the name again: another link may stand there by now.
        let link = openat(folder.as_fd(), file, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        (fstat(&link)?, readlinkat(&link, "", Vec::new())?)
    };
    #[cfg(not(target_os = "linux"))]
    let (found, target) =
        (statat(folder.as_fd(), file, AtFlags::SYMLINK_NOFOLLOW)?, readlinkat(folder.as_fd(), file, Vec::new())?);
    if !is_trusted(&found) {
        return Err(in_the_way("another user's link"));
    }
    let target = PathBuf::from(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(target.as_bytes()));
    let name = target.file_name().ok_or(Errno::ISDIR)?;
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = openat(folder, parent, LOOK | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    file_in(parent, name, Name::Typed, links - 1)
}

fn is_own(found: &Stat) -> bool {
    found.st_uid == rustix::process::geteuid().as_raw()
}

fn is_trusted(found: &Stat) -> bool {
    is_own(found) || found.st_uid == 0
}

fn in_the_way(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("{what} is in its place, and is left as it is"))
}

/// How long a file is; none where it is a pipe, a terminal or a device. A process that is confined has no other way to ask.
///
/// # Errors
/// Those of the system.
pub fn file_len(file: &File) -> io::Result<Option<u64>> {
    let found = fstat(file)?;
    let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
    Ok(is_file.then(|| u64::try_from(found.st_size).unwrap_or(0)))
}

/// A file is emptied; what is none holds nothing.
fn emptied(file: File) -> io::Result<File> {
    if file_len(&file)?.is_some() {
        ftruncate(&file, 0)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn words(made: io::Result<File>) -> String {
        made.err().map_or_else(|| "made".to_owned(), |error| error.to_string())
    }

    #[test]
    fn a_file_is_made_or_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for name in [Name::Typed, Name::Made, Name::Made] {
            use io::Write;
            let mut file = create(&path, name).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
            file.write_all(b"something").unwrap();
        }
        open_unchanged(&path, Name::Typed).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"something");
    }

    #[test]
    fn no_link_is_followed_where_the_name_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("kept"), "kept").unwrap();
        symlink(at("kept"), at("x.pcap1")).unwrap();
        symlink(at("missing"), at("x.pcap2")).unwrap();
        let held = Folder::open(folder.path()).unwrap();
        for name in ["x.pcap1", "x.pcap2"] {
            assert!(words(held.create(&at(name), Name::Made)).starts_with("a link is in its place"));
        }
        assert_eq!(std::fs::read(at("kept")).unwrap(), b"kept");
        assert!(!at("missing").exists());
        // Who made a link, and typed its name, means what it leads to.
        held.create(&at("x.pcap1"), Name::Typed).unwrap();
        assert_eq!(std::fs::read(at("kept")).unwrap(), b"");
        held.remove(&at("x.pcap1")).unwrap();
        assert!(at("kept").exists() && !at("x.pcap1").exists());
    }

    #[test]
    fn a_pipe_is_not_waited_for_where_the_name_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(words(create(&path, Name::Made)).starts_with("no file is in its place"));
        assert_eq!(words(create(Path::new("/dev/null"), Name::Typed)), "made");
    }

    #[test]
    fn a_folder_that_was_opened_is_the_one_that_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("own")).unwrap();
        std::fs::create_dir(at("other")).unwrap();
        let held = Folder::open(&at("own")).unwrap();
        std::fs::rename(at("own"), at("moved")).unwrap();
        symlink(at("other"), at("own")).unwrap();
        held.create(&at("own/x.pcap1"), Name::Made).unwrap();
        assert!(at("moved/x.pcap1").exists() && !at("other/x.pcap1").exists());
        // And no link further on.
        symlink(at("other"), at("moved/day")).unwrap();
        assert!(held.create(&at("own/day/x.pcap"), Name::Made).is_err());
        assert!(held.create(&at("elsewhere/x.pcap"), Name::Made).is_err());
    }
}
