//! `tcpcheck export`: a table of captures' connections, exchanges, findings, packets or segments.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::analyse::{capture_findings, is_damage};
use crate::capture::{FrameSource, SaveNames, SavedFile, Turns};
use crate::display;
use crate::dissect::Segment;
use crate::report::table::{
    Cell, Column, IS_COLUMNAR, Table, TableFormat, TableWriter, exchange_cells, finding_cells, flow_cells,
    packet_cells, segment_cells, table_writer,
};
use crate::track::{Analysed, Event, Finding, Observation, Visitor};

use super::args::{ExportArgs, FormatName, TableName};
use super::exit::Exit;
use super::output::warn;
use super::plan::{Environment, Plan, check_output};
use super::run::{BrokerHandle, Session};

/// Writes the table.
pub(super) fn run(args: &ExportArgs, around: &Environment) -> Result<Exit> {
    let mut plan = Plan::silent(&args.files, args.filter.as_ref(), Some(&args.analysis), &args.confinement, around)?;
    plan.merge |= args.merge;
    let (table, format) = (Table::from(args.table), format(args)?);
    let columns = chosen(table, &args.fields)?;
    check_output(&args.output, &args.files)?;
    let desk = BrokerHandle::open(plan.confined, Some(SaveNames::new(&args.output, Turns::default())), None)?;
    let broker = desk.broker.clone();
    let Some(session) = Session::begin_with(&plan, desk)? else { return Ok(Exit::Done) };
    let (file, path) = broker.ask().make(&SavedFile::Turn { began: None, count: 0 })?;
    let described: Vec<Column> = columns.iter().filter_map(|at| table.columns().get(*at)).copied().collect();
    let named = || display::path(&path);
    let mut exporter = Exporter::new(table, table_writer(format, &described, file).with_context(named)?);
    exporter.columns = (columns.len() < table.columns().len() || !columns.is_sorted()).then_some(columns);
    let mut damaged = None;
    if args.merge {
        exporter.source = source_of(&args.files);
        let faults = session.read(&mut exporter)?;
        damaged = faults.iter().find(|fault| is_damage(fault)).map(ToString::to_string);
    }
    let apart = if args.merge { &[][..] } else { &args.files };
    for (at, file) in apart.iter().enumerate() {
        exporter.source = file.to_string_lossy().into_owned();
        // One that is broken takes nothing from the others.
        match session.read_one(at, &mut exporter) {
            Ok(faults) => {
                damaged = damaged.or_else(|| faults.iter().find(|fault| is_damage(fault)).map(ToString::to_string))
            }
            Err(error) if args.files.len() > 1 && !super::is_closed_pipe(&error) => {
                warn(&format!("tcpcheck: {}", super::chain(&error)));
                damaged
                    .get_or_insert_with(|| "not all files could be read: the rows of the others are there".to_owned());
            }
            Err(error) => return Err(error),
        }
    }
    exporter.writer.finish().with_context(named)?;
    match damaged {
        Some(words) => bail!(words),
        None => Ok(Exit::Done),
    }
}

/// What a row says it is from, where several files are one capture.
pub(super) fn source_of(files: &[PathBuf]) -> String {
    let first = files.first().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
    if files.len() < 2 { first } else { format!("{first} +{}", files.len() - 1) }
}

/// How to write it.
fn format(args: &ExportArgs) -> Result<TableFormat> {
    let ending = args.output.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let by_name = ending.and_then(|ending| FormatName::from_str(&ending, true).ok());
    let format = TableFormat::from(args.format.or(by_name).unwrap_or(FormatName::Csv));
    if matches!(format, TableFormat::Arrow | TableFormat::Parquet) && !IS_COLUMNAR {
        bail!(
            "this tcpcheck was built without Arrow and Parquet: cargo install tcpcheck --features columnar has them; \
             --format csv, tsv and ndjson need nothing else"
        );
    }
    Ok(format)
}

/// The places of the columns that were asked for; all where none was.
fn chosen(table: Table, fields: &[String]) -> Result<Vec<usize>> {
    let columns = table.columns();
    if fields.is_empty() {
        return Ok((0..columns.len()).collect());
    }
    let place = |field: &String| {
        columns.iter().position(|column| column.name == field).with_context(|| {
            let nearest = columns.iter().max_by(|a, b| {
                let near = |column: &Column| strsim::jaro_winkler(column.name, field);
                near(a).total_cmp(&near(b))
            });
            let nearest = nearest.map_or("", |column| column.name);
            format!("--fields {field}: {} has no such column; did you mean {nearest}?", table.as_str())
        })
    };
    fields.iter().map(place).collect()
}

/// Writes rows.
pub(super) struct Exporter {
    table: Table,
    pub(super) writer: Box<dyn TableWriter>,
    /// The columns that are written; none for all.
    columns: Option<Vec<usize>>,
    pub(super) source: String,
    /// Findings that later packets may change, by connection: they are final when it has ended.
    pending: HashMap<u32, Vec<Finding>>,
}

impl Exporter {
    /// Of a table with all its columns.
    pub(super) fn new(table: Table, writer: Box<dyn TableWriter>) -> Self {
        Self { table, writer, columns: None, source: String::new(), pending: HashMap::new() }
    }

    fn row(writer: &mut dyn TableWriter, columns: Option<&[usize]>, cells: &[Cell<'_>]) -> Result<()> {
        match columns {
            None => writer.row(cells)?,
            Some(columns) => {
                let chosen: Vec<Cell<'_>> = columns.iter().filter_map(|at| cells.get(*at)).cloned().collect();
                writer.row(&chosen)?;
            }
        }
        Ok(())
    }

    fn finding(&mut self, finding: &Finding) -> Result<()> {
        let cells = finding_cells(&self.source, finding);
        Self::row(self.writer.as_mut(), self.columns.as_deref(), &cells)
    }
}

impl Visitor for Exporter {
    type Error = anyhow::Error;

    fn packet(&mut self, seen: &Analysed<'_>) -> Result<()> {
        let Some((segment, observation)) = seen.tcp else { return Ok(()) };
        self.segment(segment, observation)
    }

    fn event(&mut self, event: Event) -> Result<()> {
        self.tell(&event)
    }

    fn end(&mut self, source: &mut dyn FrameSource) -> Result<()> {
        if self.table != Table::Findings {
            return Ok(());
        }
        let drops = source.drops();
        capture_findings(source.faults(), source.limits(), drops).try_for_each(|finding| self.finding(&finding))
    }
}

impl Exporter {
    /// A segment, and what it did.
    pub(super) fn segment(&mut self, segment: &Segment, observation: &Observation) -> Result<()> {
        let cells = match self.table {
            Table::Packets => packet_cells(&self.source, segment, observation),
            Table::Segments => segment_cells(&self.source, segment),
            Table::Flows | Table::Exchanges => return Ok(()),
            Table::Findings => {
                for finding in &observation.findings {
                    if observation.provisional && finding.frame == segment.frame {
                        self.pending.entry(observation.flow).or_default().push(finding.clone());
                    } else {
                        self.finding(finding)?;
                    }
                }
                return Ok(());
            }
        };
        Self::row(self.writer.as_mut(), self.columns.as_deref(), &cells)
    }

    /// What came of it.
    pub(super) fn tell(&mut self, event: &Event) -> Result<()> {
        match (self.table, event) {
            (Table::Findings, Event::Finding(finding)) => self.finding(finding),
            (Table::Findings, Event::Amend(amend)) => {
                amend.apply(self.pending.entry(amend.flow).or_default());
                Ok(())
            }
            (Table::Findings, Event::Ended(flow)) => {
                let findings = self.pending.remove(&flow.number).unwrap_or_default();
                findings.iter().try_for_each(|finding| self.finding(finding))
            }
            (Table::Flows, Event::Ended(flow)) => {
                let cells = flow_cells(&self.source, flow);
                Self::row(self.writer.as_mut(), self.columns.as_deref(), &cells)
            }
            (Table::Exchanges, Event::Exchange(exchange)) => {
                let cells = exchange_cells(&self.source, exchange);
                Self::row(self.writer.as_mut(), self.columns.as_deref(), &cells)
            }
            _ => Ok(()),
        }
    }
}

impl From<TableName> for Table {
    fn from(name: TableName) -> Self {
        match name {
            TableName::Flows => Self::Flows,
            TableName::Exchanges => Self::Exchanges,
            TableName::Findings => Self::Findings,
            TableName::Packets => Self::Packets,
            TableName::Segments => Self::Segments,
        }
    }
}

impl From<FormatName> for TableFormat {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Csv => Self::Csv,
            FormatName::Tsv => Self::Tsv,
            FormatName::Ndjson => Self::Ndjson,
            FormatName::Arrow => Self::Arrow,
            FormatName::Parquet => Self::Parquet,
        }
    }
}
