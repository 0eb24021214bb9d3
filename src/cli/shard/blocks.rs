//! Blocks on standard output: rows of tables, and bytes with a key and a frame.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde::Serialize;

use crate::capture::FrameSource;
use crate::cli::export::Exporter;
use crate::dissect::Segment;
use crate::report::table::{Cell, Table, TableFormat, TableWriter, table_writer};
use crate::track::{Analysed, Event, Observation, Visitor};

/// Rows of a block.
const ROWS: usize = 16_384;
/// Entries of a block.
const ENTRIES: usize = 8_192;

/// What a block holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Letter {
    Segments,
    Facts,
    Log,
    Doubt,
    Rows(Table),
    End,
}

impl Letter {
    fn byte(self) -> u8 {
        match self {
            Self::Segments => b'S',
            Self::Facts => b'F',
            Self::Log => b'L',
            Self::Doubt => b'D',
            Self::Rows(Table::Flows) => b'0',
            Self::Rows(Table::Exchanges) => b'1',
            Self::Rows(_) => b'2',
            Self::End => b'E',
        }
    }
}

/// Standard output.
#[derive(Clone)]
pub(super) struct Blocks(Arc<Mutex<BufWriter<Stdout>>>);

impl Default for Blocks {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(BufWriter::with_capacity(1 << 18, io::stdout()))))
    }
}

impl Blocks {
    /// Writes a block.
    pub(super) fn write(&self, letter: Letter, bytes: &[u8]) -> io::Result<()> {
        let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&[letter.byte()])?;
        out.write_all(&len.to_le_bytes())?;
        out.write_all(bytes)
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

/// Bytes with a key and a frame each, in columns as Arrow has them: a number, keys, frames, where the bytes of each begin and end,
/// and the bytes.
pub(super) struct Entries<'b> {
    blocks: &'b Blocks,
    letter: Letter,
    keys: Vec<u8>,
    frames: Vec<u8>,
    ends: Vec<u8>,
    bytes: Vec<u8>,
}

impl<'b> Entries<'b> {
    pub(super) fn new(blocks: &'b Blocks, letter: Letter) -> Self {
        let (keys, frames, bytes) = Default::default();
        Self { blocks, letter, keys, frames, ends: vec![0; 4], bytes }
    }

    /// Adds a value, for a process of the same version.
    pub(super) fn add(&mut self, key: u64, frame: u64, value: &impl Serialize) -> Result<()> {
        Ok(self.add_bytes(key, frame, &postcard::to_allocvec(value)?)?)
    }

    /// Adds these bytes.
    pub(super) fn add_bytes(&mut self, key: u64, frame: u64, bytes: &[u8]) -> io::Result<()> {
        self.keys.extend(key.to_le_bytes());
        self.frames.extend(frame.to_le_bytes());
        self.bytes.extend_from_slice(bytes);
        self.ends.extend((self.bytes.len() as u32).to_le_bytes());
        if self.keys.len() < 8 * ENTRIES { Ok(()) } else { self.finish() }
    }

    /// Writes what is left.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let number = self.keys.len() as u32 / 8;
        let block = [&number.to_le_bytes()[..], &self.keys, &self.frames, &self.ends, &self.bytes].concat();
        self.keys.clear();
        self.frames.clear();
        self.ends.truncate(4);
        self.bytes.clear();
        if number > 0 { self.blocks.write(self.letter, &block) } else { Ok(()) }
    }
}

/// Rows of one table, in Arrow files of [`ROWS`].
struct RowBlocks {
    blocks: Blocks,
    table: Table,
    file: Shared,
    writer: Option<Box<dyn TableWriter>>,
    rows: usize,
}

/// A file in memory, of which the bytes are wanted back.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TableWriter for RowBlocks {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = self.file.clone();
                self.writer.insert(table_writer(TableFormat::Arrow, self.table.columns(), file)?)
            }
        };
        writer.row(cells)?;
        self.rows += 1;
        if self.rows < ROWS { Ok(()) } else { self.finish() }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.rows = 0;
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        writer.finish()?;
        let bytes = std::mem::take(&mut *self.file.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.blocks.write(Letter::Rows(self.table), &bytes)
    }
}

/// The rows of the three tables that a job writes.
pub(super) struct Rows([Exporter; 3]);

impl Rows {
    /// Rows of that source.
    pub(super) fn new(blocks: &Blocks, source: &str) -> Self {
        Self([Table::Flows, Table::Exchanges, Table::Findings].map(|table| {
            let writer = RowBlocks { blocks: blocks.clone(), table, file: Shared::default(), writer: None, rows: 0 };
            let mut exporter = Exporter::new(table, Box::new(writer));
            source.clone_into(&mut exporter.source);
            exporter
        }))
    }

    /// A segment, and what it did.
    pub(super) fn segment(&mut self, segment: &Segment, observation: &Observation) -> Result<()> {
        self.0.iter_mut().try_for_each(|exporter| exporter.segment(segment, observation))
    }

    /// Writes what is left.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.0.iter_mut().try_for_each(|exporter| Ok(exporter.writer.finish()?))
    }
}

impl Visitor for Rows {
    type Error = anyhow::Error;

    fn packet(&mut self, seen: &Analysed<'_>) -> Result<()> {
        self.0.iter_mut().try_for_each(|exporter| exporter.packet(seen))
    }

    fn event(&mut self, event: Event) -> Result<()> {
        self.0.iter_mut().try_for_each(|exporter| exporter.tell(&event))
    }

    fn end(&mut self, source: &mut dyn FrameSource) -> Result<()> {
        self.0.iter_mut().try_for_each(|exporter| exporter.end(source))
    }
}
