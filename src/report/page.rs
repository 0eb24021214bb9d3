//! A page of `explain` as text: a heading beside what belongs to it, in the terminal's columns but at most 110, ASCII. A reader's own packets
//! and what was measured on them take the place of the example.

use crate::rules::{Block, Kind, Page, Part, Severity};
use crate::track::Finding;

use super::layout::wrapped;
use super::style::{Ink, Style};
use super::units;
use super::wording::{write_message, write_value};

/// Columns of a line, but for lines that stay as they are: longer ones are hard to read.
const WIDTH: usize = 110;
/// Where the text beside a heading begins.
const BESIDE: usize = 21;
/// The part that a reader's own packets replace.
const TRACE: &str = "In a tcpdump trace";

/// What a reader's own capture puts into a page.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// Its lines, annotated.
    pub trace: &'a [u8],
    /// What fired.
    pub finding: Option<&'a Finding>,
}

/// Appends a page.
pub fn write_page(out: &mut Vec<u8>, style: Style, page: &Page, own: Option<Own<'_>>) {
    let start = out.len();
    title(out, style, page, own.and_then(|own| own.finding).map(|finding| finding.severity));
    let mut shown = false;
    for part in &page.parts {
        match own {
            Some(own) if part.heading == TRACE => {
                of_ones_own(out, style, own);
                shown = true;
            }
            _ => write_part(out, style, part),
        }
    }
    if let (Some(own), false) = (own, shown) {
        of_ones_own(out, style, own);
    }
    style.link(out, start);
}

/// A source of a rule in ASCII: `RFC 9293 3.5`.
pub fn ascii(source: &str) -> String {
    source.replace('§', "")
}

/// Columns of a line of running text.
pub fn text_columns(style: Style) -> usize {
    style.columns().map_or(WIDTH, |columns| columns.min(WIDTH))
}

fn title(out: &mut Vec<u8>, style: Style, page: &Page, severity: Option<Severity>) {
    let start = out.len();
    out.extend_from_slice(page.title().as_bytes());
    style.paint(out, start, Ink::Strong);
    let kind = match page.kind {
        Kind::Rule(rule) => {
            out.extend_from_slice(b"   ");
            out.extend_from_slice(rule.code().as_bytes());
            out.extend_from_slice(b"   ");
            let severity = severity.unwrap_or(rule.severity());
            let start = out.len();
            out.extend_from_slice(severity.as_str().as_bytes());
            style.paint(out, start, Ink::Finding(severity));
            out.push(b'\n');
            return;
        }
        Kind::Symptom => "   a symptom",
        Kind::Family => "   a family of rules",
        Kind::Lesson => "   how TCP works",
        Kind::State => "   a state",
        Kind::Flag => "   a flag",
        Kind::Option => "   an option",
        Kind::Field => "   a field",
        Kind::Note => "   an annotation",
    };
    out.extend_from_slice(kind.as_bytes());
    out.push(b'\n');
}

fn write_part(out: &mut Vec<u8>, style: Style, part: &Part) {
    out.push(b'\n');
    let mut indent = 2;
    // Whether the heading's line waits for text.
    let mut open = false;
    if !part.heading.is_empty() {
        let beside = matches!(part.blocks.first(), Some(Block::Text(_)));
        open = beside && part.heading.len() + 4 <= BESIDE;
        indent = if open { BESIDE } else { 4 };
        heading(out, style, part.heading, open);
    }
    for (at, block) in part.blocks.iter().enumerate() {
        let apart = at > 0 && !matches!((&part.blocks[at - 1], block), (Block::Item(_), Block::Item(_)));
        if apart || (at == 0 && matches!(block, Block::Verbatim(_)) && !part.heading.is_empty()) {
            out.push(b'\n');
        }
        if !std::mem::take(&mut open) && !matches!(block, Block::Verbatim(_)) {
            out.extend(std::iter::repeat_n(b' ', indent));
        }
        match block {
            Block::Text(text) => wrapped(out, text, indent, text_columns(style)),
            Block::Item(text) => {
                out.extend_from_slice(b"- ");
                wrapped(out, text, indent + 2, text_columns(style));
            }
            Block::Verbatim(lines) => {
                lines.iter().for_each(|line| example(out, style, line));
            }
        }
    }
}

/// A line that stays as it is; what is said of it at its end goes below where there is no room beside it.
fn example(out: &mut Vec<u8>, style: Style, line: &str) {
    const INDENT: &str = "      ";
    const COMMANDS: [&str; 4] = ["tcpcheck ", "ping ", "ss ", "tcptraceroute "];
    if !line.is_empty() {
        out.extend_from_slice(INDENT.as_bytes());
    }
    // A command or a segment, and not a diagram.
    let is_quoted = line.contains(": Flags [") || COMMANDS.iter().any(|command| line.starts_with(command));
    match line.trim_end().rsplit_once("   ") {
        Some((quoted, remark)) if is_quoted && INDENT.len() + line.len() > text_columns(style) => {
            out.extend_from_slice(quoted.trim_end().as_bytes());
            out.extend_from_slice(format!("\n{INDENT}    ").as_bytes());
            wrapped(out, remark, INDENT.len() + 4, text_columns(style));
        }
        _ => {
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
    }
}

/// `  What tcpcheck saw  `: a heading, up to where its text begins, or on a line of its own.
fn heading(out: &mut Vec<u8>, style: Style, words: &str, open: bool) {
    out.extend_from_slice(b"  ");
    let start = out.len();
    out.extend_from_slice(words.as_bytes());
    style.paint(out, start, Ink::Strong);
    match open {
        true => out.extend(std::iter::repeat_n(b' ', BESIDE.saturating_sub(2 + words.len()))),
        false => out.push(b'\n'),
    }
}

fn of_ones_own(out: &mut Vec<u8>, style: Style, own: Own<'_>) {
    out.push(b'\n');
    heading(out, style, "In this capture", false);
    out.push(b'\n');
    out.extend_from_slice(own.trace);
    if let Some(finding) = own.finding {
        measured(out, style, finding);
    }
}

fn measured(out: &mut Vec<u8>, style: Style, finding: &Finding) {
    out.push(b'\n');
    heading(out, style, "Measured", true);
    let mut message = Vec::new();
    write_message(&mut message, finding);
    wrapped(out, &String::from_utf8_lossy(&message), BESIDE, text_columns(style));
    let mut row = |name: &str, value: &mut dyn FnMut(&mut Vec<u8>)| {
        out.extend(std::iter::repeat_n(b' ', BESIDE));
        out.extend_from_slice(name.as_bytes());
        out.extend(std::iter::repeat_n(b' ', 16_usize.saturating_sub(name.len()).max(1)));
        let mut words = Vec::new();
        value(&mut words);
        wrapped(out, &String::from_utf8_lossy(&words), BESIDE + 16, text_columns(style));
    };
    row("confidence", &mut |out| out.extend_from_slice(finding.confidence.as_str().as_bytes()));
    if let Some((from, to)) = finding.range {
        row("range", &mut |out| {
            units::integer(out, from);
            out.push(b':');
            units::integer(out, to);
        });
    }
    for fact in &finding.evidence {
        row(&fact.name.replace('_', " "), &mut |out| write_value(out, &fact.value));
    }
}
