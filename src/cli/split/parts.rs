//! The files of a capture that is split: a few are open at a time.

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::capture::{
    Block, Frame, FrameSource, Part, Preamble, Remarks, SaveFile, SaveFormat, SaveOptions, SavedFile, SharedBroker,
    Suspended, Timestamp,
};
use crate::display;

/// Maximum number of files that are open at a time.
const MAX_OPEN: usize = 100;

/// The parts.
pub(super) struct Parts {
    broker: SharedBroker,
    options: SaveOptions,
    preamble: Preamble,
    parts: Vec<State>,
    places: HashMap<Part, usize>,
    /// Those that are open, the one that was written least recently first.
    open: VecDeque<usize>,
}

/// A part so far.
struct State {
    part: Part,
    file: File,
    /// Blocks of the preamble that are in it.
    blocks: usize,
    connections: u64,
    packets: u64,
    bytes: u64,
    first: Timestamp,
    last: Timestamp,
}

enum File {
    None,
    Open(Box<SaveFile>),
    Closed(Suspended),
}

/// A line of the list.
#[derive(Serialize)]
struct IndexLine<'a> {
    r#type: &'a str,
    v: u8,
    file: String,
    #[serde(flatten)]
    what: What,
    connections: u64,
    packets: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_ts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_ts: Option<String>,
}

/// What is in a part.
#[derive(Default, Serialize)]
struct What {
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<String>,
}

impl Parts {
    /// None yet; their files are made through `broker`.
    pub(super) fn new(broker: SharedBroker) -> Self {
        Self {
            broker,
            options: SaveOptions::default(),
            preamble: Preamble::default(),
            parts: Vec::new(),
            places: HashMap::new(),
            open: VecDeque::new(),
        }
    }

    /// The source is open: the parts are as it is.
    pub(super) fn begin(&mut self, source: &dyn FrameSource) {
        let info = source.info();
        let interfaces = source.interfaces();
        let is_pcap = info.format.starts_with("pcap") && !info.format.contains("pcapng");
        let one_type = interfaces.iter().all(|interface| Some(interface.link_type) == info.link_type);
        self.options = SaveOptions {
            link_type: info.link_type,
            snaplen: info.snaplen,
            precision: info.precision,
            unbuffered: false,
            format: if is_pcap && one_type { SaveFormat::Pcap } else { SaveFormat::Pcapng },
        };
        self.preamble.section.extend_from_slice(source.section());
        interfaces.iter().cloned().map(Block::Interface).for_each(|block| self.preamble.push(&block));
    }

    /// What the source holds besides packets: every part may need it.
    pub(super) fn blocks(&mut self, blocks: &[Block]) {
        blocks.iter().for_each(|block| self.preamble.push(block));
    }

    /// A connection's packets go to that part.
    pub(super) fn count_connection(&mut self, part: Part) {
        let at = self.place(part);
        if let Some(state) = self.parts.get_mut(at) {
            state.connections += 1;
        }
    }

    /// Writes a packet to a part.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&mut self, part: Part, frame: &Frame<'_>, remarks: Remarks<'_>) -> Result<()> {
        let at = self.place(part);
        self.open(at)?;
        let Some(state) = self.parts.get_mut(at) else { return Ok(()) };
        if state.packets == 0 {
            (state.first, state.last) = (frame.ts, frame.ts);
        }
        (state.first, state.last) = (state.first.min(frame.ts), state.last.max(frame.ts));
        state.packets += 1;
        state.bytes += u64::from(frame.wire_len);
        if let File::Open(file) = &mut state.file {
            let new = self.preamble.blocks().get(state.blocks..).unwrap_or_default();
            new.iter().for_each(|block| file.block(block));
            state.blocks += new.len();
            file.write_with(frame, remarks)?;
        }
        Ok(())
    }

    /// Ends every part, and writes the list; gives their number.
    ///
    /// # Errors
    /// When one of them cannot be written.
    pub(super) fn finish(mut self) -> Result<usize> {
        let mut index = Vec::new();
        for state in &mut self.parts {
            if let File::Open(file) = std::mem::replace(&mut state.file, File::None) {
                file.suspend()?;
            }
            if state.packets > 0 {
                serde_json::to_writer(&mut index, &state.line(self.options.format))?;
                index.push(b'\n');
            }
        }
        let (mut file, path) = self.broker.ask().make(&saved(Part::Index, SaveFormat::Pcap, false))?;
        file.write_all(&index).with_context(|| display::path(&path))?;
        Ok(self.parts.iter().filter(|state| state.packets > 0).count())
    }

    fn place(&mut self, part: Part) -> usize {
        let Self { places, parts, .. } = self;
        *places.entry(part).or_insert_with(|| {
            let (first, last) = Default::default();
            parts.push(State { part, file: File::None, blocks: 0, connections: 0, packets: 0, bytes: 0, first, last });
            parts.len() - 1
        })
    }

    /// Opens a part's file, if it is not open, and closes another one if there are too many.
    fn open(&mut self, at: usize) -> Result<()> {
        let Some(state) = self.parts.get(at) else { return Ok(()) };
        let suspended = match &state.file {
            File::Open(_) => {
                // It is not the next one to be closed, where it would be soon.
                if self.open.front() == Some(&at) && self.open.len() == MAX_OPEN {
                    self.open.rotate_left(1);
                }
                return Ok(());
            }
            File::None => None,
            File::Closed(suspended) => Some(*suspended),
        };
        if self.open.len() >= MAX_OPEN
            && let Some(other) = self.open.pop_front()
            && let Some(other) = self.parts.get_mut(other)
            && let File::Open(file) = std::mem::replace(&mut other.file, File::None)
        {
            other.file = File::Closed(file.suspend()?);
        }
        let Some(state) = self.parts.get_mut(at) else { return Ok(()) };
        let (made, path) = self.broker.ask().make(&saved(state.part, self.options.format, suspended.is_some()))?;
        let file = match suspended {
            Some(suspended) => SaveFile::resume(made, &path, &suspended),
            None => self.begin_file(at, made, &path)?,
        };
        if let Some(state) = self.parts.get_mut(at) {
            state.file = File::Open(Box::new(file));
        }
        self.open.push_back(at);
        Ok(())
    }

    fn begin_file(&mut self, at: usize, made: std::fs::File, path: &Path) -> Result<SaveFile> {
        let mut file = SaveFile::in_file(made, path, self.options)?;
        file.begin_with(&self.preamble)?;
        if let Some(state) = self.parts.get_mut(at) {
            state.blocks = self.preamble.blocks().len();
        }
        Ok(file)
    }
}

fn saved(part: Part, format: SaveFormat, goes_on: bool) -> SavedFile {
    SavedFile::Part { part, pcapng: format == SaveFormat::Pcapng, goes_on }
}

impl State {
    fn line(&self, format: SaveFormat) -> IndexLine<'static> {
        let what = match self.part {
            Part::Connection(flow, client, server) => What {
                flow: Some(flow),
                client: Some(client.ip().to_string()),
                client_port: Some(client.port()),
                server: Some(server.ip().to_string()),
                server_port: Some(server.port()),
                ..What::default()
            },
            Part::Host(server) => What { server: Some(server.to_string()), ..What::default() },
            Part::Port(port) => What { server_port: Some(port), ..What::default() },
            Part::Finding(code) => What { finding: Some(format!("TC{code:03}")), ..What::default() },
            Part::NoFinding | Part::Other | Part::Index => What::default(),
        };
        IndexLine {
            r#type: "part",
            v: 1,
            file: self.part.file_name(format == SaveFormat::Pcapng),
            what,
            connections: self.connections,
            packets: self.packets,
            bytes: self.bytes,
            first_ts: rfc3339(self.first),
            last_ts: rfc3339(self.last),
        }
    }
}

/// With nanoseconds, in UTC.
fn rfc3339(ts: Timestamp) -> Option<String> {
    jiff::Timestamp::from_nanosecond(ts.0.into()).ok().map(|ts| format!("{ts:.9}"))
}
