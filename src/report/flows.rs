//! `--flows`: a row a connection.

use std::cmp::Reverse;

use crate::rules::{Rule, Severity};
use crate::track::{Direction, FlowRecord, Outcome, Responsible};

use super::style::{Ink, Style};
use super::{Reporter, Summary, units};

/// Most rows held for sorting; a capture with more gets its table in blocks.
const HELD: usize = 500_000;

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
}

/// A connection as the table shows it: the sort key, its number, and its cells.
#[derive(Debug)]
struct Row {
    key: Reverse<i64>,
    number: u32,
    cells: Box<[String]>,
}

const HEAD: [(&str, Align); 17] = [
    ("flow", Align::Right),
    ("client", Align::Left),
    ("server", Align::Left),
    ("outcome", Align::Left),
    ("start s", Align::Right),
    ("dur s", Align::Right),
    ("hs ms", Align::Right),
    ("rtt ms", Align::Right),
    ("srv ms", Align::Right),
    ("c>s B", Align::Right),
    ("s>c B", Align::Right),
    ("rtx", Align::Right),
    ("state", Align::Left),
    ("history", Align::Left),
    ("limited by", Align::Left),
    ("verdict", Align::Left),
    ("findings", Align::Left),
];

/// Room for what usually stands in them, where rows are written before others are known.
const USUAL: [usize; 17] = [4, 21, 21, 15, 7, 7, 5, 6, 6, 9, 9, 3, 5, 9, 12, 8, 8];

/// Those of a wide table among them.
const WIDE: std::ops::Range<usize> = 12..15;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Align {
    Left,
    Right,
}

/// Findings above a note.
fn worth_a_look(flow: &FlowRecord) -> i64 {
    flow.graded().filter(|(_, severity, _)| *severity > Severity::Note).map(|(.., count)| i64::from(count)).sum()
}

impl Flows {
    /// In that order, with Zeek's columns and what held it back when `wide`.
    pub fn new(order: Order, wide: bool, style: Style) -> Self {
        Self { order, pace: TableMode::AtTheEnd, widths: None, wide, style, first: None, rows: Vec::new() }
    }

    /// With rows written at that pace.
    pub fn paced(self, pace: TableMode) -> Self {
        Self { pace, ..self }
    }

    /// Writes the rows gathered so far.
    fn table(&mut self, out: &mut Vec<u8>) {
        self.rows.sort_by_key(|row| (row.key, row.number));
        let shown: Vec<usize> = (0..HEAD.len()).filter(|column| self.wide || !WIDE.contains(column)).collect();
        let before = self.widths.take();
        let mut widths =
            before.unwrap_or(if self.pace == TableMode::AsTheyEnd { USUAL } else { HEAD.map(|(name, _)| name.len()) });
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = cell.len().max(*width);
            }
        }
        if before.is_none() {
            let start = out.len();
            write_row(out, &HEAD.map(|(name, _)| name.to_owned()), &shown, &widths);
            out.pop();
            self.style.paint(out, start, Ink::Strong);
            out.push(b'\n');
        }
        for row in self.rows.drain(..) {
            write_row(out, &row.cells, &shown, &widths);
        }
        self.widths = (self.pace == TableMode::AsTheyEnd).then_some(widths);
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
        let key = match self.order {
            Order::Start => 0,
            Order::Retransmissions => (flow.c2s.retransmitted_segments + flow.s2c.retransmitted_segments) as i64,
            Order::Duration => flow.duration().0,
            Order::Response => server_time(flow).map_or(-1, |times| times.max.0),
            Order::Rtt => flow.rtt.map_or(-1, |rtt| rtt.max.0),
            Order::Idle => flow.longest_idle.0,
            Order::Findings => worth_a_look(flow),
            Order::Bytes => flow.c2s.unique_bytes.saturating_add(flow.s2c.unique_bytes) as i64,
        };
        let cells = cells(flow, self.first.unwrap_or(flow.first_ts));
        self.rows.push(Row { key: Reverse(key), number: flow.number, cells });
        if self.rows.len() == HELD || self.pace == TableMode::AsTheyEnd {
            self.table(out);
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
    let payload = |stats: &crate::track::DirectionStats| stats.unique_bytes.saturating_sub(stats.missed_bytes);
    Box::new([
        flow.number.to_string(),
        units::written(|out| units::socket(out, flow.client)),
        units::written(|out| units::socket(out, flow.server)),
        flow.outcome.as_str().to_owned(),
        units::written(|out| units::seconds(out, flow.first_ts.since(start))),
        units::written(|out| units::seconds(out, flow.duration())),
        flow.handshake.map_or_else(unknown, |span| units::written(|out| units::millis(out, span))),
        flow.rtt.map_or_else(unknown, |rtt| units::written(|out| units::millis(out, rtt.median))),
        server_time(flow).map_or_else(unknown, |times| units::written(|out| units::millis(out, times.median))),
        units::written(|out| units::grouped(out, payload(&flow.c2s))),
        units::written(|out| units::grouped(out, payload(&flow.s2c))),
        // A SYN sent again is sent again, too.
        (flow.c2s.retransmitted_segments
            + flow.s2c.retransmitted_segments
            + u64::from(flow.c2s.syns.saturating_sub(1))
            + u64::from(flow.s2c.syns.saturating_sub(1)))
        .to_string(),
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

fn write_row(out: &mut Vec<u8>, cells: &[String], shown: &[usize], widths: &[usize]) {
    for (at, column) in shown.iter().enumerate() {
        let (Some(cell), Some(width), Some((_, align))) = (cells.get(*column), widths.get(*column), HEAD.get(*column))
        else {
            continue;
        };
        let missing = std::iter::repeat_n(b' ', width.saturating_sub(cell.len()));
        if at > 0 {
            out.push(b' ');
        }
        if *align == Align::Right {
            out.extend(missing.clone());
        }
        out.extend_from_slice(cell.as_bytes());
        if *align == Align::Left && at + 1 < shown.len() {
            out.extend(missing);
        }
    }
    while out.last() == Some(&b' ') {
        out.pop();
    }
    out.push(b'\n');
}
