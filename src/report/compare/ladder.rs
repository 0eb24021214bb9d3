//! One connection at both capture points, side by side: an arrow is a packet, from where it was first seen to where it came.

use std::cmp::Reverse;

use crate::capture::{SourceInfo, Timestamp};
use crate::compare::{Brief, Comparison, Crossing, Fate, Overlap, PathEvent, PathRecord, Side, Way};
use crate::dissect::TcpFlags;
use crate::report::COLUMNS;
use crate::report::layout;
use crate::report::style::{Ink, Style};
use crate::report::units;
use crate::rules::Severity;

use super::CompareReport;
use crate::report::phrase::time;

/// Rows at most; of a longer connection the first ones.
const MAX_ROWS: usize = 2_000;

/// Columns beside the arrows: time and frame on either side, and the delay.
const MARGIN: usize = BEFORE + 1 + 1 + 1 + 7 + 1 + 8 + 2 + 9;

/// Columns before the first rail: time and frame.
const BEFORE: usize = 8 + 1 + 7 + 1;

/// Draws one connection, by its number in A.
#[derive(Debug)]
pub struct Ladder {
    flow: u32,
    columns: usize,
    style: Style,
    names: [String; 2],
    rows: Vec<Crossing>,
    more: u64,
    ends: Option<Box<PathRecord>>,
}

impl Ladder {
    /// Of that connection of A, in so many columns.
    pub fn new(flow: u32, columns: usize, style: Style) -> Self {
        let columns = columns.clamp(*COLUMNS.start(), *COLUMNS.end());
        Self { flow, columns, style, names: Default::default(), rows: Vec::new(), more: 0, ends: None }
    }

    /// Whether there is no such connection.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The connection, drawn.
    pub fn draw(&self, out: &mut Vec<u8>) {
        let Some(start) = self.rows.iter().map(|row| row.ts).min() else { return };
        self.head(out);
        let mut rows: Vec<&Crossing> = self.rows.iter().collect();
        rows.sort_by_key(|row| (row.ts, row.frames));
        rows.into_iter().for_each(|row| self.row(out, row, start));
        if self.more > 0 {
            out.extend_from_slice(format!("{} more packets are not drawn\n", self.more).as_bytes());
        }
    }

    fn head(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(format!("flow {} of A", self.flow).as_bytes());
        if let Some(record) = &self.ends {
            let client = usize::from(record.direction == crate::track::Direction::FromResponder);
            for (side, ends) in Side::ALL.into_iter().zip(record.ends) {
                let Some(ends) = ends else { continue };
                let mut text = Vec::new();
                units::socket(&mut text, ends[client]);
                text.extend_from_slice(" → ".as_bytes());
                units::socket(&mut text, ends[1 - client]);
                let text = String::from_utf8(text).unwrap_or_default();
                out.extend_from_slice(format!("   {} {text}", side.name()).as_bytes());
            }
        }
        layout::fold(out, begin, self.columns, "   ");
        self.style.paint(out, begin, Ink::Strong);
        let begin = out.len() + 2;
        let area = self.area();
        let line = format!("\n\n{:>8} {:>7} A{:area$}B {:<7} {:>8}  delay\n", "+ms", "frame", "", "frame", "+ms");
        out.extend_from_slice(line.as_bytes());
        self.style.paint(out, begin, Ink::Remark);
    }

    /// Columns between the rails.
    fn area(&self) -> usize {
        self.columns - MARGIN
    }

    fn row(&self, out: &mut Vec<u8>, row: &Crossing, start: Timestamp) {
        let way = row.way.unwrap_or(Way::AToB);
        let came = row.delay.map(|delay| Timestamp(row.ts.0.saturating_add(delay.0)));
        let first =
            if row.fate == Fate::Inserted || row.fate == Fate::Duplicated { way.receiver() } else { way.sender() };
        let at = |side: Side| if side == first { Some(row.ts) } else { came };
        let [a, b] = Side::ALL.map(|side| {
            let shown = row.frames[usize::from(side == Side::B)];
            (shown.map(|frame| format!("@{frame}")).unwrap_or_default(), shown.and(at(side)))
        });
        let stamp = |ts: Option<Timestamp>| {
            let mut text = Vec::new();
            if let Some(ts) = ts {
                units::millis(&mut text, ts.since(start));
            }
            String::from_utf8(text).unwrap_or_default()
        };
        out.extend_from_slice(format!("{:>8} {:>7} │", stamp(a.1), a.0).as_bytes());
        let begin = out.len();
        let mut words = layout::lines(&words_of(row), self.area() - 6).into_iter();
        out.extend_from_slice(self.arrow(row, way, &words.next().unwrap_or_default()).as_bytes());
        if let Some(ink) = ink(row) {
            self.style.paint(out, begin, ink);
        }
        let delay = row.delay.map(time).unwrap_or_default();
        let line = format!("│ {:<7} {:>8}  {delay:>9}", b.0, stamp(b.1));
        out.extend_from_slice(line.trim_end().as_bytes());
        out.push(b'\n');
        // What has no room on the arrow stands below it.
        for more in words {
            let (before, area) = (BEFORE, self.area() - 4);
            let words = match way {
                Way::AToB => format!("{more:<area$}"),
                Way::BToA => format!("{more:>area$}"),
            };
            out.extend_from_slice(format!("{:before$}│  {words}  │\n", "").as_bytes());
        }
    }

    /// The arrow with its words; one that does not come ends in a cross.
    fn arrow(&self, row: &Crossing, way: Way, words: &str) -> String {
        let fill = "─".repeat(self.area() - 4 - words.chars().count());
        let (tail, head) = match row.fate {
            Fate::Lost | Fate::Outside => ("─", "✕"),
            Fate::Inserted | Fate::Duplicated => ("✕", if way == Way::AToB { "▶" } else { "◀" }),
            Fate::Arrived => ("─", if way == Way::AToB { "▶" } else { "◀" }),
        };
        match way {
            Way::AToB => format!("{tail} {words} {fill}{head}"),
            Way::BToA => format!("{head}{fill} {words} {tail}"),
        }
    }
}

impl CompareReport for Ladder {
    fn begin(&mut self, _: &mut Vec<u8>, sources: &[SourceInfo; 2], _: &Overlap) {
        self.names = sources.each_ref().map(|info| crate::display::line(&info.name).into_owned());
    }

    fn event(&mut self, _: &mut Vec<u8>, event: &PathEvent) {
        match event {
            PathEvent::Crossing(crossing) if crossing.flows[0] == Some(self.flow) => {
                if self.rows.len() < MAX_ROWS {
                    self.rows.push(*crossing);
                } else {
                    self.more += 1;
                }
            }
            PathEvent::Path(record) if record.flows[0] == Some(self.flow) => self.ends = Some(record.clone()),
            _ => {}
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, _: &Comparison) {
        self.draw(out);
    }
}

fn ink(row: &Crossing) -> Option<Ink> {
    match row.fate {
        Fate::Lost | Fate::Inserted => Some(Ink::Finding(Severity::Error)),
        Fate::Duplicated => Some(Ink::Finding(Severity::Warning)),
        Fate::Arrived if row.overtaken => Some(Ink::Finding(Severity::Warning)),
        Fate::Outside => Some(Ink::Remark),
        Fate::Arrived => None,
    }
}

/// What a packet says, and what became of it.
fn words_of(row: &Crossing) -> String {
    let fate = match row.fate {
        Fate::Arrived if row.overtaken => ", overtaken",
        Fate::Arrived => "",
        Fate::Lost => ", LOST",
        Fate::Duplicated => ", a copy",
        Fate::Inserted => ", MADE BETWEEN",
        Fate::Outside => ", not to be seen at the other side",
    };
    format!("{}{fate}", label(&row.brief, row.part))
}

/// What a segment says, in the shortest words.
fn label(brief: &Brief, part: Option<(u32, u32)>) -> String {
    let flag = |flag: TcpFlags| brief.flags.contains(flag);
    let mut words = Vec::new();
    if flag(TcpFlags::SYN) {
        words.push(if flag(TcpFlags::ACK) { "SYN+ACK" } else { "SYN" }.to_owned());
    }
    if flag(TcpFlags::FIN) {
        words.push("FIN".to_owned());
    }
    if flag(TcpFlags::RST) {
        words.push("RST".to_owned());
    }
    let (from, to) = part.unwrap_or((0, brief.payload));
    if brief.payload > 0 {
        let at = |byte: u32| brief.seq.wrapping_add(byte);
        words.push(format!("{}:{}  {} B", at(from), at(to), to.saturating_sub(from)));
    } else if !words.is_empty() {
        words.push(format!("seq {}", brief.seq));
    }
    match brief.ack {
        Some(ack) if words.is_empty() || flag(TcpFlags::SYN) => words.push(format!("ack {ack}")),
        _ => {}
    }
    words.join("  ")
}

/// The connection of A in the most trouble on the path.
#[derive(Debug, Default)]
pub struct Worst {
    last: Option<(u32, u64)>,
    worst: Option<(u64, Reverse<u32>)>,
}

impl Worst {
    /// Its number, once all connections are over.
    pub fn flow(&self) -> Option<u32> {
        self.worst.map(|(_, Reverse(flow))| flow)
    }

    /// Takes a direction of a connection.
    pub fn path(&mut self, record: &PathRecord) {
        let Some(flow) = record.flows[0] else { return };
        let stats = &record.stats;
        let trouble = stats.lost + stats.inserted + stats.overtaken + stats.duplicated;
        // Its two directions come one after the other.
        let before = self.last.filter(|(of, _)| *of == flow).map_or(0, |(_, trouble)| trouble);
        self.last = Some((flow, before + trouble));
        self.worst = self.worst.max(Some((before + trouble, Reverse(flow))));
    }
}
