//! `--flows`: a row a connection.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::rules::{Rule, Severity};
use crate::track::{Direction, DirectionStats, FlowRecord, Outcome, Responsible};

use super::columns::{Align, Column, Columns};
use super::style::{Ink, Style};
use super::{Reporter, Summary, units};

/// Most rows held for sorting; a capture with more gets its table in blocks.
const MAX_ROWS: usize = 500_000;

/// Findings named in a row; the others are counted.
const NAMED: usize = 2;

/// Order of the rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// By the first packet.
    Start,
    /// Most retransmitted segments first.
    Retransmissions,
    /// Longest first.
    Duration,
    /// Most bytes first.
    Bytes,
    /// Longest server time first.
    Response,
    /// Longest round trip first.
    Rtt,
    /// Longest time without a segment first.
    Idle,
    /// Most findings above a note first.
    Findings,
}

/// When rows are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TableMode {
    /// All in the end, in order.
    #[default]
    AtTheEnd,
    /// Each when its connection ends.
    AsTheyEnd,
    /// A table of those that ended in an interval, when it is over.
    Intervals,
}

/// Gathers the connections as they end and writes them as a table.
#[derive(Debug)]
pub struct Flows {
    order: Order,
    pace: TableMode,
    /// Widths of the columns so far, where a row does not wait for the others.
    widths: Option<[usize; HEAD.len()]>,
    /// Zeek's columns and what held it back too.
    wide: bool,
    style: Style,
    first: Option<crate::capture::Timestamp>,
    rows: Vec<Row>,
    /// Connections that have a row already, and are tracked on.
    told: HashSet<u32>,
}

/// A connection as the table shows it: the sort key, its number, and its cells.
#[derive(Debug)]
struct Row {
    key: Reverse<i64>,
    number: u32,
    cells: Box<[String]>,
}

const HEAD: [(&str, Align); 19] = [
    ("flow", Align::Right),
    ("client", Align::Left),
    ("server", Align::Left),
    ("outcome", Align::Left),
    ("start s", Align::Right),
    ("dur s", Align::Right),
    ("hs ms", Align::Right),
    ("rtt ms", Align::Right),
    ("srv ms", Align::Right),
    ("idle s", Align::Right),
    ("c>s B", Align::Right),
    ("s>c B", Align::Right),
    ("rtx", Align::Right),
    ("found", Align::Right),
    ("state", Align::Left),
    ("history", Align::Left),
    ("limited by", Align::Left),
    ("verdict", Align::Left),
    ("findings", Align::Left),
];

/// Room for what usually stands in them, where rows are written before others are known.
const USUAL: [usize; 19] = [4, 21, 21, 15, 7, 7, 5, 6, 6, 7, 9, 9, 3, 5, 5, 9, 12, 8, 8];

/// Those of a wide table among them, and those that only a table in their order needs.
const WIDE: std::ops::Range<usize> = 14..17;
const IDLE: usize = 9;
const FOUND: usize = 13;

/// Findings above a note.
fn worth_a_look(flow: &FlowRecord) -> i64 {
    flow.graded().filter(|(_, severity, _)| *severity > Severity::Note).map(|(.., count)| i64::from(count)).sum()
}

impl Flows {
    /// In that order, with Zeek's columns and what held it back when `wide`.
    pub fn new(order: Order, wide: bool, style: Style) -> Self {
        let (pace, rows, told) = (TableMode::AtTheEnd, Vec::new(), HashSet::new());
        Self { order, pace, widths: None, wide, style, first: None, rows, told }
    }

    /// With rows written at that pace.
    pub fn paced(self, pace: TableMode) -> Self {
        Self { pace, ..self }
    }

    /// Writes the rows gathered so far.
    fn table(&mut self, out: &mut Vec<u8>) {
        self.rows.sort_by_key(|row| (row.key, row.number));
        let before = self.widths.take();
        let mut widths =
            before.unwrap_or(if self.pace == TableMode::AsTheyEnd { USUAL } else { HEAD.map(|(name, _)| name.len()) });
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = cell.len().max(*width);
            }
        }
        let columns = Columns::new(self.columns(&widths), self.style);
        if before.is_none() {
            let start = out.len();
            columns.row(out, &HEAD.map(|(name, _)| name.to_owned()));
            out.pop();
            self.style.paint(out, start, Ink::Strong);
            out.push(b'\n');
        }
        let start = out.len();
        for row in self.rows.drain(..) {
            columns.row(out, &row.cells);
        }
        self.style.link(out, start);
        self.widths = (self.pace == TableMode::AsTheyEnd).then_some(widths);
    }

    fn take(&mut self, flow: &FlowRecord) {
        let key = match self.order {
            Order::Start => 0,
            Order::Retransmissions => retransmitted(flow) as i64,
            Order::Duration => flow.duration().0,
            Order::Response => server_time(flow).map_or(-1, |times| times.max.0),
            Order::Rtt => flow.rtt.map_or(-1, |rtt| rtt.median.0),
            Order::Idle => flow.longest_idle.0,
            Order::Findings => worth_a_look(flow),
            Order::Bytes => payload(&flow.c2s).saturating_add(payload(&flow.s2c)) as i64,
        };
        let cells = cells(flow, self.first.unwrap_or(flow.first_ts));
        self.rows.push(Row { key: Reverse(key), number: flow.number, cells });
    }

    fn columns(&self, widths: &[usize; HEAD.len()]) -> Vec<Column> {
        let all = HEAD.iter().zip(widths).enumerate().map(|(at, ((_, align), width))| Column {
            at,
            width: *width,
            align: *align,
        });
        let shown = |at: usize| match at {
            IDLE => self.order == Order::Idle,
            FOUND => self.order == Order::Findings,
            _ => self.wide || !WIDE.contains(&at),
        };
        all.filter(|column| shown(column.at)).collect()
    }
}

impl Reporter for Flows {
    fn packet(&mut self, _: &mut Vec<u8>, packet: &super::Packet<'_>) {
        self.first.get_or_insert(packet.ts);
    }

    fn hidden(&mut self, _: &mut Vec<u8>, packet: &super::Packet<'_>) {
        self.first.get_or_insert(packet.ts);
    }

    fn ended(&mut self, out: &mut Vec<u8>, flow: &FlowRecord) {
        if self.told.remove(&flow.number) {
            return;
        }
        self.take(flow);
        if self.rows.len() == MAX_ROWS || self.pace == TableMode::AsTheyEnd {
            self.table(out);
        }
    }

    fn over(&mut self, _: &mut Vec<u8>, flow: &FlowRecord) {
        if self.pace == TableMode::Intervals && self.told.insert(flow.number) {
            self.take(flow);
        }
    }

    fn interval(&mut self, out: &mut Vec<u8>) {
        if self.pace == TableMode::Intervals && !self.rows.is_empty() {
            self.table(out);
            out.push(b'\n');
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, summary: &Summary) {
        if !self.rows.is_empty() {
            self.table(out);
        }
        units::grouped(out, summary.flows());
        out.extend_from_slice(if summary.flows() == 1 { b" connection" } else { b" connections" });
        for (at, (outcome, count)) in summary.outcomes().enumerate() {
            out.extend_from_slice(if at == 0 { b": " } else { b", " });
            units::grouped(out, count);
            out.push(b' ');
            out.extend_from_slice(Outcome::as_str(outcome).as_bytes());
        }
        out.push(b'\n');
    }
}

fn cells(flow: &FlowRecord, start: crate::capture::Timestamp) -> Box<[String]> {
    let unknown = || "-".to_owned();
    Box::new([
        flow.number.to_string(),
        units::written(|out| units::socket(out, flow.client)),
        units::written(|out| units::socket(out, flow.server)),
        flow.outcome.as_str().to_owned(),
        units::written(|out| units::seconds(out, flow.first_ts.since(start))),
        units::written(|out| units::seconds(out, flow.duration())),
        flow.handshake.map_or_else(unknown, |span| units::written(|out| units::millis(out, span))),
        flow.rtt.map_or_else(unknown, |rtt| units::written(|out| units::millis(out, rtt.median))),
        server_time(flow).map_or_else(unknown, |times| units::written(|out| units::millis(out, times.max))),
        units::written(|out| units::seconds(out, flow.longest_idle)),
        units::written(|out| units::grouped(out, payload(&flow.c2s))),
        units::written(|out| units::grouped(out, payload(&flow.s2c))),
        retransmitted(flow).to_string(),
        worth_a_look(flow).to_string(),
        flow.conn_state.to_owned(),
        flow.history.clone(),
        flow.limited_by.and_then(|limited| limited.main).map_or_else(unknown, |(direction, cause)| {
            let way = if direction == Direction::FromOriginator { "c>s" } else { "s>c" };
            format!("{way} {}", cause.as_str())
        }),
        if flow.diagnosis.responsible == Responsible::Nothing {
            unknown()
        } else {
            flow.diagnosis.responsible.as_str().to_owned()
        },
        findings(&flow.findings),
    ])
}

/// Bytes that passed, each counted once.
fn payload(stats: &DirectionStats) -> u64 {
    stats.unique_bytes.saturating_sub(stats.missed_bytes)
}

/// Retransmitted segments, SYNs among them.
fn retransmitted(flow: &FlowRecord) -> u64 {
    let of = |stats: &DirectionStats| stats.retransmitted_segments + u64::from(stats.syns.saturating_sub(1));
    of(&flow.c2s) + of(&flow.s2c)
}

/// How long the server took to answer.
fn server_time(flow: &FlowRecord) -> Option<crate::track::RttSummary> {
    flow.exchanges.and_then(|exchanges| exchanges.server_time)
}

/// The worst rules by code, and how many others.
fn findings(found: &[(Rule, u32)]) -> String {
    let mut rules: Vec<Rule> = found.iter().map(|(rule, _)| *rule).collect();
    rules.sort_by_key(|rule| (Reverse(rule.severity()), *rule));
    let named: Vec<&str> = rules.iter().take(NAMED).map(|rule| rule.code()).collect();
    match rules.len().saturating_sub(NAMED) {
        0 => named.join(" "),
        more => format!("{} +{more}", named.join(" ")),
    }
}
