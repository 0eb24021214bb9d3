//! What the page asks for.

use serde::Deserialize;
use tcpcheck::analyse::{Connections, Open, ReadOptions};
use tcpcheck::capture::{CaptureError, Filter, FrameSource, Merge, open_reader};
use tcpcheck::report::Names;
use tcpcheck::track::AnalysisOptions;

use crate::host::PageFile;

/// A question about captures.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// What is wanted.
    pub task: Task,
    /// The captures' names; their bytes are the page's files, in the same order.
    #[serde(default)]
    pub files: Vec<String>,
    /// Only packets that this pcap filter expression takes.
    #[serde(default)]
    pub filter: String,
    /// The beginning of payloads that are text.
    #[serde(default)]
    pub payload: bool,
    /// A connection's number.
    #[serde(default)]
    pub flow: u32,
    /// The texts of `/etc/services` and `/etc/hosts`; without them addresses and ports are numbers.
    #[serde(default)]
    pub names: Option<[String; 2]>,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// The page, the summary and the table of connections.
    Report,
    /// A connection's ladder and graphs.
    Connection,
    /// Records, a line each.
    Ndjson,
    /// The capture again, with what is found as comments.
    Pcapng,
    /// What the path between two captures did.
    Compare,
}

impl Request {
    /// Names as the page has them.
    pub fn names(&self) -> Names {
        self.names.as_ref().map_or_else(Names::numeric, |[services, hosts]| Names::of(services, hosts))
    }

    /// How the captures are read.
    ///
    /// # Errors
    /// When the filter does not compile.
    pub fn reading(&self) -> Result<ReadOptions, CaptureError> {
        let flow = Some(self.flow).filter(|flow| *flow > 0);
        Ok(ReadOptions {
            filter: Filter::compile(&self.filter)?,
            analysis: AnalysisOptions::default(),
            connections: Connections::numbered(flow.as_slice()),
            threads: 1,
        })
    }

    /// All captures as one, in time order.
    ///
    /// # Errors
    /// When one is no capture.
    pub fn source(&self) -> Result<Box<dyn FrameSource>, CaptureError> {
        let mut sources = (0..self.files.len()).map(|at| self.one(at)).collect::<Result<Vec<_>, _>>()?;
        Ok(match sources.len() {
            1 => sources.swap_remove(0),
            _ => Box::new(Merge::new(sources)),
        })
    }

    /// One of them, counted from 0.
    ///
    /// # Errors
    /// When it is no capture.
    pub fn one(&self, at: usize) -> Result<Box<dyn FrameSource>, CaptureError> {
        open_reader(PageFile::new(at as u32), self.files.get(at).map_or("", String::as_str))
    }

    /// The first two, each to be opened several times.
    pub fn with_pair<T>(&self, act: impl FnOnce([Open<'_>; 2]) -> T) -> T {
        act([&|| self.one(0), &|| self.one(1)])
    }
}
