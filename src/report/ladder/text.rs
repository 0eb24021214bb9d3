//! A ladder in a terminal: both ends' states beside the arrows, 80 to 160 columns.

use crate::capture::Timestamp;
use crate::report::style::{Ink, Style};
use crate::report::units;
use crate::rules::Severity;
use crate::track::{Direction, TcpState};

use super::row::{LadderRow, Tone};

/// Columns of a line: no fewer than these, and no more.
pub const COLUMNS: std::ops::RangeInclusive<usize> = 80..=160;

/// From so many columns on, the windows and the bytes in flight stand at the right.
const WIDE: usize = 120;

/// Columns of a state.
const STATE: usize = 11;

/// Columns before the first rail: time, frame, state.
const MARGIN: usize = 8 + 1 + 5 + 2 + STATE + 1;

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
        self.style.paint(out, start, Ink::Strong);
        out.extend_from_slice(b"\n\n");
        let start = out.len();
        let gap = self.area() + 3;
        let mut line = format!(
            "{:>8} {:>5}  {:<STATE$} {:gap$}{:<STATE$}",
            "+ms",
            "frame",
            format!("client{guessed}"),
            "",
            "server"
        );
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
        for line in wrapped(words, self.columns - IN.len()) {
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
        let room = self.area().saturating_sub(5);
        let mut words = row.label.clone();
        for part in row.detail.split("  ").filter(|part| !part.is_empty()) {
            if words.len() + 2 + part.len() <= room {
                words.push_str("  ");
                words.push_str(part);
            }
        }
        let mut lines = wrapped(&words, room).into_iter();
        self.margin(out, row, start);
        self.state(out, row.client, true);
        out.push(b' ');
        out.extend_from_slice(signs.rail.as_bytes());
        let at = out.len();
        let first = lines.next().unwrap_or_default();
        let fill = self.area().saturating_sub(first.chars().count() + 3 + usize::from(row.from.is_some()));
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
        self.state(out, row.server, self.is_wide() && row.from.is_some());
        if self.is_wide() && row.from.is_some() {
            let at = out.len();
            let window = row.window.map_or_else(|| "-".to_owned(), |window| window.to_string());
            let flight = if row.in_flight > 0 { row.in_flight.to_string() } else { String::new() };
            out.extend_from_slice(format!(" {window:>9} {flight:>9}").trim_end().as_bytes());
            self.style.paint(out, at, Ink::Remark);
        } else if row.server.is_none() {
            out.truncate(bare);
        }
        out.push(b'\n');
        for line in lines {
            out.extend(std::iter::repeat_n(b' ', MARGIN));
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
    }

    /// Columns between the rails.
    fn area(&self) -> usize {
        let columns = self.columns.clamp(*COLUMNS.start(), *COLUMNS.end());
        columns - (MARGIN + 1 + 1 + 1 + STATE) - if self.is_wide() { 20 } else { 0 }
    }

    fn is_wide(&self) -> bool {
        self.columns >= WIDE
    }

    fn signs(&self) -> Signs {
        if self.ascii { ASCII } else { DRAWN }
    }

    /// Time and frame.
    fn margin(&self, out: &mut Vec<u8>, row: &LadderRow, start: Timestamp) {
        let at = out.len();
        if row.is_timed() {
            let mut time = Vec::new();
            units::millis(&mut time, row.ts.since(start));
            out.extend(std::iter::repeat_n(b' ', 8_usize.saturating_sub(time.len())));
            out.extend_from_slice(&time);
        } else {
            out.extend_from_slice(b"        ");
        }
        let frame = if row.frame > 0 { format!("@{}", row.frame) } else { String::new() };
        out.extend_from_slice(format!(" {frame:>5}  ").as_bytes());
        self.style.paint(out, at, Ink::Remark);
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

/// Words in lines of so many columns; a word that is longer keeps a line of its own, cut.
fn wrapped(words: &str, room: usize) -> Vec<String> {
    if words.chars().count() <= room {
        return vec![words.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        let word: String = word.chars().take(room).collect();
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}
