//! The broker of a capture that is confined: a process of its own, which opens files, runs `-z`, binds the capture to an
//! interface that has come back and ends the command of `check`, and never sees a packet.
//!
//! It is this program anew, with a socket as its standard input. What it may be asked for is a file whose name it makes
//! itself, of what was typed before the capture began: no errand holds a path.

mod remote;
mod serve;
mod wire;

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use crate::capture::{Part, Purpose, SaveNames, SavedFile, Span, Timestamp, Turns};

pub(super) use remote::RemoteBroker;
pub(super) use serve::serve;

/// Longest message.
const MESSAGE: usize = 64 * 1024;

/// What is asked of the broker; the first is [`Request::Begin`].
#[derive(Debug, Deserialize, Serialize)]
enum Request {
    /// Who it works for. A capture's socket comes along where there is an interface, and else a command's process where there
    /// is one.
    Begin {
        names: Names,
        interface: Option<Interface>,
        /// The number of the command's process group, if it has one of its own.
        #[serde(default)]
        group: Option<i32>,
    },
    /// Make one of the files of `-w`.
    Turn { began: Option<i64>, count: u32 },
    /// Make a file for the packets around a finding.
    Finding { code: u16, flow: u32, frame: u64, at: i64 },
    /// Make a part of a capture that is split, or open it again.
    Part { part: Part, pcapng: bool, goes_on: bool },
    /// Run the command of `-z` for the file before.
    HandOn,
    /// Bind the capture anew.
    Reattach,
    /// Remove the file, which is a temporary one.
    Discard,
    /// Ask the command to end, or end it.
    Stop { insist: bool },
    /// Wait for the commands that still run.
    End,
}

/// What comes of it.
#[derive(Debug, Deserialize, Serialize)]
enum Answer {
    /// It is done. A file comes along if one was asked for.
    Done { path: OsString },
    /// The system refused.
    Refused { path: OsString, number: Option<i32>, words: String },
    /// Something else is in the way.
    Failed { words: String },
}

/// [`SaveNames`], as they travel.
#[derive(Debug, Deserialize, Serialize)]
struct Names {
    /// Not as a path: JSON has no paths but those that are text.
    pattern: OsString,
    bytes: Option<u64>,
    every: Option<i64>,
    files: Option<u32>,
    command: Option<OsString>,
    purpose: Use,
}

/// [`Purpose`], as it travels.
#[derive(Debug, Deserialize, Serialize)]
enum Use {
    Turns,
    Findings { most: Option<u32> },
    Parts,
    Temporary,
    Shown,
}

/// What the capture is bound to.
#[derive(Debug, Deserialize, Serialize)]
struct Interface {
    name: String,
    promiscuous: bool,
    link_type: u16,
}

impl From<&SaveNames> for Names {
    fn from(names: &SaveNames) -> Self {
        let Turns { bytes, every, files, command } = names.turns().clone();
        let purpose = match names.purpose() {
            Purpose::Turns => Use::Turns,
            Purpose::Findings(most) => Use::Findings { most },
            Purpose::Parts => Use::Parts,
            Purpose::Temporary => Use::Temporary,
            Purpose::Shown => Use::Shown,
        };
        Self { pattern: names.pattern().into(), bytes, every: every.map(|span| span.0), files, command, purpose }
    }
}

impl From<Names> for SaveNames {
    fn from(Names { pattern, bytes, every, files, command, purpose }: Names) -> Self {
        let purpose = match purpose {
            Use::Turns => Purpose::Turns,
            Use::Findings { most } => Purpose::Findings(most),
            Use::Parts => Purpose::Parts,
            Use::Temporary => Purpose::Temporary,
            Use::Shown => Purpose::Shown,
        };
        Self::new(pattern.as_ref(), Turns { bytes, every: every.map(Span), files, command }).with_purpose(purpose)
    }
}

impl From<&SavedFile> for Request {
    fn from(file: &SavedFile) -> Self {
        match *file {
            SavedFile::Turn { began, count } => Self::Turn { began: began.map(|at| at.0), count },
            SavedFile::Finding { code, flow, frame, at } => Self::Finding { code, flow, frame, at: at.0 },
            SavedFile::Part { part, pcapng, goes_on } => Self::Part { part, pcapng, goes_on },
        }
    }
}

impl Request {
    /// Which file is to be made, if one is.
    fn file(&self) -> Option<SavedFile> {
        match *self {
            Self::Turn { began, count } => Some(SavedFile::Turn { began: began.map(Timestamp), count }),
            Self::Finding { code, flow, frame, at } => {
                Some(SavedFile::Finding { code, flow, frame, at: Timestamp(at) })
            }
            Self::Part { part, pcapng, goes_on } => Some(SavedFile::Part { part, pcapng, goes_on }),
            _ => None,
        }
    }
}
