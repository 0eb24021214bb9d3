//! Who makes the files of a capture that is under way, and runs commands for it: this process, or one that may do more.
//!
//! A process that takes packets apart should not be able to open files. So all that has to be opened later is asked of a
//! [`Broker`], who knows beforehand which names may be asked for, and never sees a packet.

mod own;
mod planned;

use std::ffi::OsString;
use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;

use super::create::Name;
use super::{CaptureError, Timestamp, Turns};
pub use own::OwnBroker;

/// Runs the errands of a capture.
pub trait Broker: Send {
    /// Makes a file, or empties it, and says what it is called.
    ///
    /// # Errors
    /// When it cannot be made.
    fn make(&mut self, file: &SavedFile) -> Result<(File, PathBuf), CaptureError>;

    /// Hands the latest file of `-w` to the command of `-z`, if there is one, and a page to what shows it: it is finished.
    ///
    /// # Errors
    /// When the command cannot be started.
    fn hand_on(&mut self) -> Result<(), CaptureError>;

    /// Waits for the commands that still run.
    fn end(&mut self);

    /// Binds the capture to the interface of its name, which has come back.
    ///
    /// # Errors
    /// When that cannot be done, or not yet.
    fn reattach(&mut self) -> Result<(), CaptureError>;
}

/// A broker that several may ask.
#[derive(Clone)]
pub struct SharedBroker(Arc<Mutex<dyn Broker>>);

impl SharedBroker {
    /// Shares a broker.
    pub fn new(broker: impl Broker + 'static) -> Self {
        Self(Arc::new(Mutex::new(broker)))
    }

    /// Asks.
    pub fn ask(&self) -> MutexGuard<'_, dyn Broker + 'static> {
        // Whoever panicked while asking has left nothing half done that another could trip over.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which file is wanted, in words that leave its name to the broker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SavedFile {
    /// One of the files of `-w`.
    Turn {
        /// When its interval began.
        began: Option<Timestamp>,
        /// Its number in the interval.
        count: u32,
    },
    /// The packets around a finding.
    Finding {
        /// The rule's code, in digits: 203 for TC203.
        code: u16,
        /// The connection, 0 for none.
        flow: u32,
        /// The frame, 0 for none.
        frame: u64,
        /// When.
        at: Timestamp,
    },
    /// A part of a capture that is split, in the folder that was typed.
    Part {
        /// What is in it.
        part: Part,
        /// It is pcapng.
        pcapng: bool,
        /// It was begun before, and goes on.
        goes_on: bool,
    },
}

/// What a part of a capture holds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize)]
pub enum Part {
    /// The connection of that number, between client and server.
    Connection(u32, SocketAddr, SocketAddr),
    /// The connections of the server with that address.
    Host(IpAddr),
    /// The connections to that port.
    Port(u16),
    /// The connections whose worst finding is of the rule with that code.
    Finding(u16),
    /// The connections without a finding.
    NoFinding,
    /// Packets of no connection.
    Other,
    /// The list of the others.
    Index,
}

impl Part {
    /// What its file is called, without an ending.
    fn name(&self) -> String {
        // Colons mean something else on some systems.
        let host = |addr: &IpAddr| addr.to_string().replace(':', "_");
        let socket = |socket: &SocketAddr| format!("{}.{}", host(&socket.ip()), socket.port());
        match self {
            Self::Connection(number, client, server) => format!("f{number}-{}-{}", socket(client), socket(server)),
            Self::Host(addr) => format!("host-{}", host(addr)),
            Self::Port(port) => format!("port-{port}"),
            Self::Finding(code) => format!("TC{code:03}"),
            Self::NoFinding => "no-finding".to_owned(),
            Self::Other => "other".to_owned(),
            Self::Index => "index".to_owned(),
        }
    }

    /// What its file is called.
    pub fn file_name(&self, pcapng: bool) -> String {
        let ending = match self {
            Self::Index => "ndjson",
            _ if pcapng => "pcapng",
            _ => "pcap",
        };
        format!("{}.{ending}", self.name())
    }
}

/// What the files of a capture are for: decided before it begins, and nothing else is done for it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Purpose {
    /// They are those of `-w`, in turn.
    #[default]
    Turns,
    /// They hold the packets around findings; so many at most.
    Findings(Option<u32>),
    /// They are the parts of a capture, in one folder.
    Parts,
    /// It is there already, and may be removed.
    Temporary,
    /// It is a page, which is opened for its reader when it is finished.
    Shown,
}

/// How the files of a capture are called.
#[derive(Clone, Debug)]
pub struct SaveNames {
    pattern: PathBuf,
    turns: Turns,
    purpose: Purpose,
    zone: TimeZone,
}

impl SaveNames {
    /// After what was typed behind `-w`, and by the local time.
    pub fn new(pattern: &Path, turns: Turns) -> Self {
        Self { pattern: pattern.to_owned(), turns, purpose: Purpose::Turns, zone: TimeZone::system() }
    }

    /// The same names for something else than the files of `-w`.
    #[must_use]
    pub fn with_purpose(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    /// What was typed.
    pub fn pattern(&self) -> &Path {
        &self.pattern
    }

    /// How the files take turns.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// What the files are for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The folder that the files are in, as far as it is called the same for each of them.
    pub fn folder(&self) -> &Path {
        if self.purpose == Purpose::Parts || self.purpose != Purpose::Turns && self.is_folder() {
            return &self.pattern;
        }
        let parent = self.pattern.parent().unwrap_or(Path::new(""));
        let dated = |folder: &&Path| self.turns.every.is_some() && folder.as_os_str().to_string_lossy().contains('%');
        parent.ancestors().find(|folder| !dated(folder)).unwrap_or(Path::new(""))
    }

    /// Who chose a file's name.
    pub fn name(&self, path: &Path) -> Name {
        if path == self.pattern { Name::Typed } else { Name::Made }
    }

    fn is_folder(&self) -> bool {
        self.pattern.is_dir() || self.pattern.as_os_str().to_string_lossy().ends_with('/')
    }

    /// What a file is called.
    pub fn of(&self, file: &SavedFile) -> PathBuf {
        match *file {
            SavedFile::Turn { began, count } => self.turn(began, count),
            SavedFile::Finding { code, flow, frame, at } => self.finding(code, flow, frame, at),
            SavedFile::Part { part, pcapng, .. } => self.pattern.join(part.file_name(pcapng)),
        }
    }

    /// As tcpdump has it.
    fn turn(&self, began: Option<Timestamp>, count: u32) -> PathBuf {
        let mut name = match (self.turns.every, began, self.pattern.to_str()) {
            (Some(_), Some(began), Some(pattern)) => self.dated(pattern, began),
            _ => self.pattern.clone().into_os_string(),
        };
        let digits = self.turns.files.filter(|_| self.turns.bytes.is_some()).map_or(0, digits);
        if count > 0 || digits > 0 {
            name.push(format!("{count:0digits$}"));
        }
        name.into()
    }

    /// `-w out.pcap` or `-w out` makes `out-TC203-20261122T205552-f1-7.pcap`, `-w folder/` leaves out the beginning.
    fn finding(&self, code: u16, flow: u32, frame: u64, at: Timestamp) -> PathBuf {
        let mut name = self.pattern.with_extension("").into_os_string();
        if self.is_folder() {
            name = self.pattern.join("").into_os_string();
        } else if !name.is_empty() {
            name.push("-");
        }
        name.push(format!("TC{code:03}-"));
        name.push(self.dated("%Y%m%dT%H%M%S", at));
        if flow > 0 {
            name.push(format!("-f{flow}"));
        }
        name.push(format!("-{frame}.pcap"));
        name.into()
    }

    /// The pattern with strftime(3)'s conversions at that time; as it is where one means nothing.
    fn dated(&self, pattern: &str, at: Timestamp) -> OsString {
        let instant = jiff::Timestamp::from_second(at.seconds()).unwrap_or(jiff::Timestamp::MAX);
        let dated = jiff::fmt::strtime::format(pattern, &instant.to_zoned(self.zone.clone()));
        dated.unwrap_or_else(|_| pattern.to_owned()).into()
    }
}

/// How long the number of the last of so many files is, counted from 0.
fn digits(files: u32) -> usize {
    files.saturating_sub(1).checked_ilog10().map_or(0, |log| log as usize + 1)
}
