//! A ladder in a terminal: both ends' states beside the arrows, or below them where there are less than 80 columns.

use crate::capture::Timestamp;
use crate::report::style::{Ink, Style};
use crate::report::{layout, units};
use crate::rules::Severity;
use crate::track::{Direction, TcpState};

use super::row::{LadderRow, Tone};

/// Columns of a line: no fewer than these, and no more.
pub const COLUMNS: std::ops::RangeInclusive<usize> = 60..=160;

/// Minimum number of columns at which states stand beside the arrows.
const BESIDE: usize = 80;

/// From so many columns on, the windows and the bytes in flight stand at the right.
const WIDE: usize = 120;

/// Columns of a state.
const STATE: usize = 11;

/// Columns of time and frame.
const PLACE: usize = 8 + 1 + 5 + 2;

/// How a ladder in text looks.
#[derive(Clone, Copy, Debug)]
pub struct TextStyle {
    /// Columns of a line.
    pub columns: usize,
    /// Letters and signs of ASCII alone.
    pub ascii: bool,
    /// Colour.
    pub style: Style,
}

/// The signs that lines are drawn with.
struct Signs {
    line: &'static str,
    dots: &'static str,
    right: &'static str,
    left: &'static str,
    rail: &'static str,
    to: &'static str,
}

const DRAWN: Signs = Signs { line: "─", dots: "┄", right: "▶", left: "◀", rail: "│", to: "→" };
const ASCII: Signs = Signs { line: "-", dots: ".", right: ">", left: "<", rail: "|", to: "->" };

impl TextStyle {
    /// `flow 1   client 10.0.0.1:51000 → server 10.0.0.2:443`, and the names of the columns.
    pub fn head(&self, out: &mut Vec<u8>, flow: u32, client: &str, server: &str, known: bool) {
        let start = out.len();
        let guessed = if known { "" } else { "?" };
        out.extend_from_slice(format!("flow {flow}   {client} {} {server}", self.signs().to).as_bytes());
        layout::fold(out, start, self.columns, "   ");
        self.style.paint(out, start, Ink::Strong);
        out.extend_from_slice(b"\n\n");
        let start = out.len();
        let client = format!("client{guessed}");
        let mut line = format!("{:>8} {:>5}  ", "+ms", "frame");
        if self.is_beside() {
            line.push_str(&format!("{client:<STATE$} {:1$}{2:<STATE$}", "", self.area() + 3, "server"));
        } else {
            line.push_str(&format!(" {client}{:>1$}", "server", self.area() - client.len()));
        }
        if self.is_wide() {
            line.push_str(&format!(" {:>9} {:>9}", "window", "in flight"));
        }
        out.extend_from_slice(line.trim_end().as_bytes());
        self.style.paint(out, start, Ink::Remark);
        out.push(b'\n');
    }

    /// A sentence below the ladder; where it takes several lines, those behind the first stand in.
    pub fn words(&self, out: &mut Vec<u8>, words: &str, ink: Ink) {
        const IN: &str = "   ";
        let mut indent = "";
        for line in layout::lines(words, self.columns - IN.len()) {
            out.extend_from_slice(indent.as_bytes());
            let start = out.len();
            out.extend_from_slice(line.as_bytes());
            self.style.paint(out, start, ink);
            out.push(b'\n');
            indent = IN;
        }
    }

    /// A row, perhaps in several lines; `start` is when the connection began.
    pub fn row(&self, out: &mut Vec<u8>, row: &LadderRow, start: Timestamp) {
        let signs = self.signs();
        let place = place(row, start);
        // A time or a frame of many digits takes from the arrow.
        let area = self.area().saturating_sub(place.len() - PLACE);
        let room = area.saturating_sub(5);
        let mut words = row.label.clone();
        for part in row.detail.split("  ").filter(|part| !part.is_empty()) {
            if words.len() + 2 + part.len() <= room {
                words.push_str("  ");
                words.push_str(part);
            }
        }
        let mut lines = layout::lines(&words, room).into_iter();
        let at = out.len();
        out.extend_from_slice(place.as_bytes());
        self.style.paint(out, at, Ink::Remark);
        if self.is_beside() {
            self.state(out, row.client, true);
            out.push(b' ');
        }
        out.extend_from_slice(signs.rail.as_bytes());
        let at = out.len();
        let first = lines.next().unwrap_or_default();
        let fill = area.saturating_sub(first.chars().count() + 3 + usize::from(row.from.is_some()));
        match row.from {
            Some(Direction::FromOriginator) => {
                out.extend_from_slice(
                    format!("{} {first} {}{}", signs.line, signs.line.repeat(fill), signs.right).as_bytes(),
                );
            }
            Some(Direction::FromResponder) => {
                out.extend_from_slice(
                    format!("{}{} {first} {}", signs.left, signs.line.repeat(fill), signs.line).as_bytes(),
                );
            }
            None => out.extend_from_slice(format!("{} {first} {}", signs.dots, signs.dots.repeat(fill)).as_bytes()),
        }
        self.tint(out, at, row.tone);
        out.extend_from_slice(signs.rail.as_bytes());
        let bare = out.len();
        out.push(b' ');
        if self.is_beside() {
            self.state(out, row.server, self.is_wide() && row.from.is_some());
        }
        if self.is_wide() && row.from.is_some() {
            let at = out.len();
            let window = row.window.map_or_else(|| "-".to_owned(), |window| window.to_string());
            let flight = if row.in_flight > 0 { row.in_flight.to_string() } else { String::new() };
            out.extend_from_slice(format!(" {window:>9} {flight:>9}").trim_end().as_bytes());
            self.style.paint(out, at, Ink::Remark);
        } else if row.server.is_none() || !self.is_beside() {
            out.truncate(bare);
        }
        out.push(b'\n');
        for line in lines {
            out.extend(std::iter::repeat_n(b' ', self.before()));
            out.extend_from_slice(signs.rail.as_bytes());
            let at = out.len();
            let width = self.area().saturating_sub(4);
            let text = match row.from {
                Some(Direction::FromResponder) => format!("  {line:>width$}  "),
                _ => format!("  {line:<width$}  "),
            };
            out.extend_from_slice(text.as_bytes());
            self.tint(out, at, row.tone);
            out.extend_from_slice(signs.rail.as_bytes());
            out.push(b'\n');
        }
        self.states_below(out, row);
    }

    /// The states that a row leads to, in a line of its own.
    fn states_below(&self, out: &mut Vec<u8>, row: &LadderRow) {
        if self.is_beside() || (row.client.is_none() && row.server.is_none()) {
            return;
        }
        let rail = self.signs().rail;
        out.extend(std::iter::repeat_n(b' ', self.before()));
        out.extend_from_slice(rail.as_bytes());
        out.extend_from_slice(b"  ");
        self.state(out, row.client, true);
        out.extend(std::iter::repeat_n(
            b' ',
            self.area() - 4 - STATE - row.server.map_or(0, |state| state.as_str().len()),
        ));
        self.state(out, row.server, false);
        out.extend_from_slice(b"  ");
        out.extend_from_slice(rail.as_bytes());
        out.push(b'\n');
    }

    /// Columns before the first rail.
    fn before(&self) -> usize {
        PLACE + if self.is_beside() { STATE + 1 } else { 0 }
    }

    /// Columns between the rails.
    fn area(&self) -> usize {
        let columns = self.columns.clamp(*COLUMNS.start(), *COLUMNS.end());
        let behind = if self.is_beside() { 1 + STATE } else { 0 };
        columns - (self.before() + 1 + 1 + behind) - if self.is_wide() { 20 } else { 0 }
    }

    fn is_beside(&self) -> bool {
        self.columns >= BESIDE
    }

    fn is_wide(&self) -> bool {
        self.columns >= WIDE
    }

    fn signs(&self) -> Signs {
        if self.ascii { ASCII } else { DRAWN }
    }

    fn state(&self, out: &mut Vec<u8>, state: Option<TcpState>, padded: bool) {
        let (name, at) = (state.map_or("", TcpState::as_str), out.len());
        out.extend_from_slice(name.as_bytes());
        self.style.paint(out, at, Ink::Strong);
        if padded {
            out.extend(std::iter::repeat_n(b' ', STATE - name.len()));
        }
    }

    fn tint(&self, out: &mut Vec<u8>, at: usize, tone: Tone) {
        match tone {
            Tone::Plain => {}
            Tone::Turn => self.style.paint(out, at, Ink::Strong),
            Tone::Quiet | Tone::Missing => self.style.paint(out, at, Ink::Remark),
            Tone::Found(severity) => self.style.paint(out, at, Ink::Finding(severity)),
            Tone::Reset => self.style.paint(out, at, Ink::Finding(Severity::Error)),
        }
    }
}

/// Time and frame, in `PLACE` columns or more.
fn place(row: &LadderRow, start: Timestamp) -> String {
    let time = match row.is_timed() {
        true => units::written(|out| units::millis(out, row.ts.since(start))),
        false => String::new(),
    };
    let frame = if row.frame > 0 { format!("@{}", row.frame) } else { String::new() };
    format!("{time:>8} {frame:>5}  ")
}
