//! Tables as text: separated values, and an object a line.

use std::io::{self, BufWriter, Write};

use super::{Cell, Column, TableWriter};
use crate::capture::Timestamp;
use crate::display;
use crate::report::json;
use crate::report::units::TimestampFormatter;

/// Rows of separated values.
pub(super) struct Separated<W: Write> {
    out: csv::Writer<W>,
    calendar: TimestampFormatter,
}

impl<W: Write> Separated<W> {
    /// Writes the names of the columns.
    pub(super) fn begin(delimiter: u8, columns: &[Column], out: W) -> io::Result<Self> {
        let mut out = csv::WriterBuilder::new().delimiter(delimiter).buffer_capacity(1 << 16).from_writer(out);
        out.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self { out, calendar: TimestampFormatter::default() })
    }
}

impl<W: Write> TableWriter for Separated<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for cell in cells {
            match cell {
                Cell::Null => self.out.write_field("")?,
                Cell::Text(text) => self.out.write_field(display::cell(text).as_bytes())?,
                Cell::Unsigned(number) => self.out.write_field(itoa::Buffer::new().format(*number))?,
                Cell::Signed(number) => self.out.write_field(itoa::Buffer::new().format(*number))?,
                Cell::Float(number) => self.out.write_field(number.to_string())?,
                Cell::Bool(yes) => self.out.write_field(if *yes { "true" } else { "false" })?,
                Cell::Time(ts) => self.out.write_field(self.calendar.text(*ts))?,
            }
        }
        Ok(self.out.write_record(None::<&[u8]>)?)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// An object a line; what there is no value of is left out.
pub(super) struct Lines<W: Write> {
    out: BufWriter<W>,
    names: Vec<&'static str>,
    line: Vec<u8>,
    calendar: TimestampFormatter,
}

impl<W: Write> Lines<W> {
    /// Objects with these keys.
    pub(super) fn begin(columns: &[Column], out: W) -> Self {
        let names = columns.iter().map(|column| column.name).collect();
        Self {
            out: BufWriter::with_capacity(1 << 16, out),
            names,
            line: Vec::new(),
            calendar: TimestampFormatter::default(),
        }
    }

    fn value(&mut self, cell: &Cell<'_>) {
        let out = &mut self.line;
        match cell {
            Cell::Null => {}
            Cell::Text(text) => json::value(out, text.as_ref()),
            Cell::Unsigned(number) => json::value(out, number),
            Cell::Signed(number) => json::value(out, number),
            Cell::Float(number) => json::value(out, number),
            Cell::Bool(yes) => json::value(out, yes),
            Cell::Time(Timestamp(_)) => {}
        }
    }
}

impl<W: Write> TableWriter for Lines<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.line.clear();
        self.line.push(b'{');
        for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| **cell != Cell::Null) {
            if self.line.len() > 1 {
                self.line.push(b',');
            }
            let name = self.names.get(at).copied().unwrap_or_default();
            self.line.extend(format!("\"{name}\":").as_bytes());
            match cell {
                Cell::Time(ts) => {
                    let time = self.calendar.text(*ts);
                    json::value(&mut self.line, &time);
                }
                cell => self.value(cell),
            }
        }
        self.line.extend(b"}\n");
        self.out.write_all(&self.line)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
