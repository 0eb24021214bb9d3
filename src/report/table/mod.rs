//! Flat tables: a row of typed cells for each connection, exchange, finding, packet or segment, and the formats that they are written in.
//!
//! `docs/data.md` holds the schema; a test keeps it the one of this code.

#[cfg(feature = "columnar")]
mod columnar;
mod exchanges;
mod flows;
mod packets;
mod text;

use std::borrow::Cow;
use std::io::{self, Write};

use crate::capture::Timestamp;

pub use exchanges::exchange_cells;
pub use flows::{finding_cells, flow_cells};
pub use packets::{packet_cells, segment_cells};

/// What a column's cells are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A number that is not negative.
    Unsigned,
    /// A number.
    Signed,
    /// A number with a fraction.
    Float,
    /// Yes or no.
    Bool,
    /// Text, in UTF-8.
    Text,
    /// Nanoseconds since 1970, in UTC.
    Time,
}

impl Kind {
    /// Its name in the documentation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "uint64",
            Self::Signed => "int64",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Text => "string",
            Self::Time => "timestamp[ns, UTC]",
        }
    }
}

/// A column: its name, what its cells are, and what they mean.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name, with the unit.
    pub name: &'static str,
    /// What its cells are.
    pub kind: Kind,
    /// What they mean.
    pub means: &'static str,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// There is none.
    Null,
    /// Of [`Kind::Unsigned`].
    Unsigned(u64),
    /// Of [`Kind::Signed`].
    Signed(i64),
    /// Of [`Kind::Float`].
    Float(f64),
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Text`].
    Text(Cow<'a, str>),
    /// Of [`Kind::Time`].
    Time(Timestamp),
}

impl Cell<'_> {
    /// Of which kind it is; any where it is none.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Null => return None,
            Self::Unsigned(_) => Kind::Unsigned,
            Self::Signed(_) => Kind::Signed,
            Self::Float(_) => Kind::Float,
            Self::Bool(_) => Kind::Bool,
            Self::Text(_) => Kind::Text,
            Self::Time(_) => Kind::Time,
        })
    }
}

/// A table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Table {
    /// A row a connection.
    Flows,
    /// A row a request, with its answer.
    Exchanges,
    /// A row a finding.
    Findings,
    /// A row a TCP packet, with what it did.
    Packets,
    /// A row a TCP segment, as its header stands.
    Segments,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 5] = [Self::Flows, Self::Exchanges, Self::Findings, Self::Packets, Self::Segments];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flows => "flows",
            Self::Exchanges => "exchanges",
            Self::Findings => "findings",
            Self::Packets => "packets",
            Self::Segments => "segments",
        }
    }

    /// Its columns.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Flows => flows::FLOWS,
            Self::Exchanges => exchanges::EXCHANGES,
            Self::Findings => flows::FINDINGS,
            Self::Packets => packets::PACKETS,
            Self::Segments => packets::SEGMENTS,
        }
    }
}

/// How a table is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableFormat {
    /// Comma-separated values, RFC 4180, with a header.
    Csv,
    /// The same, separated by tabs.
    Tsv,
    /// An object a line.
    Ndjson,
    /// Arrow's IPC file format.
    Arrow,
    /// Parquet.
    Parquet,
}

/// Writes the rows of a table.
pub trait TableWriter {
    /// Writes a row, a cell for each column.
    ///
    /// # Errors
    /// When it cannot be written.
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()>;

    /// Writes what is left.
    ///
    /// # Errors
    /// When it cannot be written.
    fn finish(&mut self) -> io::Result<()>;
}

/// Whether this program can write Arrow and Parquet.
pub const IS_COLUMNAR: bool = cfg!(feature = "columnar");

/// Begins a table with these columns.
///
/// # Errors
/// When it cannot be written, or the format is not part of this program.
pub fn table_writer(
    format: TableFormat,
    columns: &[Column],
    out: impl Write + Send + 'static,
) -> io::Result<Box<dyn TableWriter>> {
    Ok(match format {
        TableFormat::Csv => Box::new(text::Separated::begin(b',', columns, out)?),
        TableFormat::Tsv => Box::new(text::Separated::begin(b'\t', columns, out)?),
        TableFormat::Ndjson => Box::new(text::Lines::begin(columns, out)),
        #[cfg(feature = "columnar")]
        TableFormat::Arrow => Box::new(columnar::Columns::arrow(columns, out)?),
        #[cfg(feature = "columnar")]
        TableFormat::Parquet => Box::new(columnar::Columns::parquet(columns, out)?),
        #[cfg(not(feature = "columnar"))]
        TableFormat::Arrow | TableFormat::Parquet => {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "it was built without the feature columnar"));
        }
    })
}

/// A column.
const fn column(name: &'static str, kind: Kind, means: &'static str) -> Column {
    Column { name, kind, means }
}

fn text<'a>(text: impl Into<Cow<'a, str>>) -> Cell<'a> {
    Cell::Text(text.into())
}

fn number(number: impl Into<u64>) -> Cell<'static> {
    Cell::Unsigned(number.into())
}

fn or_null<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell<'static>) -> Cell<'static> {
    value.map_or(Cell::Null, cell)
}
