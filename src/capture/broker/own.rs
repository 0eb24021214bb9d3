//! Errands that are run in this process.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::planned::PlannedFiles;
use super::{Broker, Purpose, SaveNames, SavedFile};
use crate::capture::create::Folder;
use crate::capture::{Anchor, CaptureError, standard_output};

/// Maximum number of commands of `-z` that run at once, and of files that wait for theirs.
const MAX_RUNNING: usize = 16;
const MAX_WAITING: usize = 65_536;

/// Runs the errands in this process.
pub struct OwnBroker {
    names: SaveNames,
    planned: PlannedFiles,
    /// Where the files are made: opened once, so that no other folder takes its place.
    folder: Option<Folder>,
    anchor: Option<Anchor>,
    latest: Option<PathBuf>,
    running: Vec<Child>,
    waiting: VecDeque<PathBuf>,
}

impl OwnBroker {
    /// Who makes files of these names.
    pub fn new(names: SaveNames) -> Self {
        // Where there is none yet, the first file says so.
        let folder = Folder::open(names.folder()).ok();
        let (running, waiting) = Default::default();
        Self { names, planned: PlannedFiles::default(), folder, anchor: None, latest: None, running, waiting }
    }

    /// Who can bind that capture anew as well.
    pub fn anchored(self, anchor: Option<Anchor>) -> Self {
        Self { anchor, ..self }
    }

    /// Removes the file, if it was meant to go.
    ///
    /// # Errors
    /// When it was not, or cannot be removed.
    pub fn discard(&mut self) -> Result<(), CaptureError> {
        let path = self.names.pattern().to_owned();
        if self.names.purpose() != Purpose::Temporary {
            return Err(refused("to remove a file"));
        }
        let removed = self.folder().and_then(|folder| folder.remove(&path));
        removed.map_err(|source| CaptureError::Io { path, source })
    }

    fn folder(&mut self) -> std::io::Result<&Folder> {
        match &mut self.folder {
            Some(folder) => Ok(folder),
            none => Ok(none.insert(Folder::open(self.names.folder())?)),
        }
    }

    /// Starts the commands of files that wait, as far as there may be more.
    fn start(&mut self) -> Result<(), CaptureError> {
        // Those that have ended leave the table of processes.
        self.running.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        let Some(command) = &self.names.turns().command else { return Ok(()) };
        while self.running.len() < MAX_RUNNING
            && let Some(path) = self.waiting.pop_front()
        {
            // At the lowest priority, so that it takes nothing from the capture.
            let mut niced = Command::new("nice");
            let started = niced.args(["-n", "19"]).arg(command).arg(&path).stdin(Stdio::null()).spawn();
            let program = PathBuf::from(command);
            self.running.push(started.map_err(|source| CaptureError::Io { path: program, source })?);
        }
        Ok(())
    }
}

impl Broker for OwnBroker {
    fn make(&mut self, file: &SavedFile) -> Result<(File, PathBuf), CaptureError> {
        if !self.planned.allows(&self.names, file) {
            return Err(refused("for a file of that name"));
        }
        let path = self.names.of(file);
        let name = self.names.name(&path);
        let made = match path.as_os_str() == "-" {
            true => standard_output(),
            false => self.folder().and_then(|folder| match file {
                SavedFile::Part { goes_on: true, .. } => folder.go_on(&path),
                _ => folder.create(&path, name),
            }),
        };
        let made = made.map_err(|source| CaptureError::Io { path: path.clone(), source })?;
        self.planned.note(file);
        if matches!(file, SavedFile::Turn { .. }) {
            self.latest = Some(path.clone());
        }
        Ok((made, path))
    }

    fn hand_on(&mut self) -> Result<(), CaptureError> {
        if self.names.purpose() == Purpose::Shown {
            return self.latest.take().map_or(Ok(()), |path| show(&path));
        }
        if let Some(path) = self.latest.take().filter(|_| self.names.turns().command.is_some()) {
            if self.waiting.len() >= MAX_WAITING {
                return Err(refused("for more commands of -z than can wait"));
            }
            self.waiting.push_back(path);
        }
        self.start()
    }

    fn end(&mut self) {
        // A command that failed has said so itself, and one that cannot be started was said to be.
        while let Some(mut child) = self.running.pop() {
            let _ = child.wait();
            let _ = self.start();
        }
    }

    fn reattach(&mut self) -> Result<(), CaptureError> {
        match &mut self.anchor {
            #[cfg(all(feature = "live", target_os = "linux"))]
            Some(anchor) => anchor.bind(),
            _ => Err(CaptureError::Live {
                interface: "capture".to_owned(),
                words: "it cannot be bound to another interface here".to_owned(),
            }),
        }
    }
}

/// Opens a page with what this system opens pages with, and does not wait for that.
fn show(page: &Path) -> Result<(), CaptureError> {
    // A name that begins with a dash would be an option.
    let page = std::path::absolute(page).unwrap_or_else(|_| page.to_owned());
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        // What Windows opens a file with by its ending.
        Command::new("explorer")
    } else {
        Command::new("xdg-open")
    };
    let program = PathBuf::from(command.get_program());
    let quiet = command.arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.spawn().map(drop).map_err(|source| CaptureError::Io { path: program, source })
}

fn refused(what: &str) -> CaptureError {
    let words = format!("it asks {what}, which was not planned when it began");
    CaptureError::Live { interface: "capture".to_owned(), words }
}
