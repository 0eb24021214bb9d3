//! How text looks: colour, the columns that there are, links. The only file that names `colored`. Colour repeats what the words say,
//! and never says more.

use colored::Colorize;

use crate::rules::{Rule, Severity};

use super::layout;

/// Where the pages of the rules are, of this version.
const PAGES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/v", env!("CARGO_PKG_VERSION"), "/docs/rules.md#");

/// Nothing is laid out in fewer columns than these.
const NARROWEST: usize = 40;

/// What a piece of text is, for the eye.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ink {
    /// What tcpcheck adds to a packet.
    Remark,
    /// A state just entered.
    Entered,
    /// A heading, a name.
    Strong,
    /// A finding, by its severity.
    Finding(Severity),
}

/// Paints text, lays it out and links it, or leaves it alone. Off, it costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    on: bool,
    /// Columns of a line, where somebody said how many there are.
    columns: Option<usize>,
    links: bool,
}

impl Style {
    /// With colour, or without.
    pub fn new(on: bool) -> Self {
        if on {
            // Whether to colour is decided once, by what was asked for and where the output goes.
            colored::control::set_override(true);
        }
        Self { on, ..Self::default() }
    }

    /// In lines of that number of columns; without a number each text has its own.
    pub fn within(self, columns: Option<usize>) -> Self {
        Self { columns: columns.map(|columns| columns.max(NARROWEST)), ..self }
    }

    /// With links from codes to their pages, for a terminal that has them (OSC 8).
    pub fn linking(self, links: bool) -> Self {
        Self { links, ..self }
    }

    /// Whether it paints at all.
    pub fn is_on(self) -> bool {
        self.on
    }

    /// Columns of a line, where somebody said how many there are.
    pub fn columns(self) -> Option<usize> {
        self.columns
    }

    /// Breaks what stands in `out` from `start` on into lines of the columns that there are, if somebody said how many; lines that
    /// go on begin with `hang`.
    #[inline]
    pub fn fold(self, out: &mut Vec<u8>, start: usize, hang: &str) {
        if let Some(columns) = self.columns {
            layout::fold(out, start, columns, hang);
        }
    }

    /// Links each rule's code that stands in `out` from `start` on to its page.
    pub fn link(self, out: &mut Vec<u8>, start: usize) {
        if !self.links {
            return;
        }
        let text = String::from_utf8_lossy(&out[start..]).into_owned();
        let mut rest = text.as_str();
        out.truncate(start);
        while let Some(at) = rest.find("TC") {
            let (before, from) = rest.split_at(at);
            out.extend_from_slice(before.as_bytes());
            let code = from.get(..5).unwrap_or(from);
            match Rule::ALL.iter().find(|rule| rule.code() == code) {
                Some(rule) => {
                    let (code, slug) = (rule.code(), rule.slug());
                    let page = format!("{PAGES}{}-{slug}", code.to_lowercase());
                    out.extend_from_slice(format!("\x1b]8;;{page}\x1b\\{code}\x1b]8;;\x1b\\").as_bytes());
                    rest = &from[5..];
                }
                None => {
                    out.extend_from_slice(b"TC");
                    rest = &from[2..];
                }
            }
        }
        out.extend_from_slice(rest.as_bytes());
    }

    /// Paints what stands in `out` from `start` on; a finding's code leads to its page.
    pub fn paint(self, out: &mut Vec<u8>, start: usize, ink: Ink) {
        if let Ink::Finding(_) = ink {
            self.link(out, start);
        }
        if !self.on || start >= out.len() {
            return;
        }
        let text = String::from_utf8_lossy(&out[start..]);
        let painted = match ink {
            Ink::Remark => text.dimmed(),
            Ink::Entered | Ink::Strong => text.bold(),
            Ink::Finding(Severity::Error) => text.red().bold(),
            Ink::Finding(Severity::Warning) => text.yellow(),
            Ink::Finding(Severity::Note) => text.cyan(),
        }
        .to_string();
        out.truncate(start);
        out.extend_from_slice(painted.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leads_to_its_page_where_the_terminal_has_links() {
        let mut out = b"error TC101 TC999 TC".to_vec();
        Style::default().linking(true).paint(&mut out, 0, Ink::Finding(Severity::Error));
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("/docs/rules.md#tc101-no-answer\x1b\\TC101\x1b]8;;\x1b\\ TC999 TC"), "{text}");
        assert!(text.starts_with("error \x1b]8;;http"), "{text}");
        let mut out = b"error TC101".to_vec();
        Style::default().paint(&mut out, 0, Ink::Finding(Severity::Error));
        assert_eq!(out, b"error TC101");
    }
}
