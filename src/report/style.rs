//! Colour: the only file that names `colored`. Colour repeats what the words say, and never says more.

use colored::Colorize;

use crate::rules::Severity;

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

/// Paints text, or leaves it alone. Off, it costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    on: bool,
}

impl Style {
    /// With colour, or without.
    pub fn new(on: bool) -> Self {
        if on {
            // Whether to colour is decided once, by what was asked for and where the output goes.
            colored::control::set_override(true);
        }
        Self { on }
    }

    /// Whether it paints at all.
    pub fn is_on(self) -> bool {
        self.on
    }

    /// Paints what stands in `out` from `start` on.
    pub fn paint(self, out: &mut Vec<u8>, start: usize, ink: Ink) {
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
