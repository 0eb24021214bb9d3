//! `--findings`: the findings alone, a line each, as they come. One that is taken back later gets a line that says so.

use crate::track::{Amend, Finding};

use super::style::{Ink, Style};
use super::{Packet, Reporter, finding_text, withdrawn_text};

/// Writes `fFLOW @FRAME SEVERITY CODE SLUG  TEXT` lines.
#[derive(Clone, Copy, Debug)]
pub struct Findings {
    style: Style,
}

impl Findings {
    /// So coloured.
    pub fn new(style: Style) -> Self {
        Self { style }
    }
}

impl Reporter for Findings {
    fn packet(&mut self, out: &mut Vec<u8>, packet: Packet<'_>) {
        for finding in packet.tcp.iter().flat_map(|(_, seen)| &seen.findings) {
            self.finding(out, finding);
        }
    }

    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        let start = out.len();
        finding_text(out, finding);
        self.style.paint(out, start, Ink::Finding(finding.severity));
        out.push(b'\n');
    }

    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        for rule in &amend.withdrawn {
            let start = out.len();
            withdrawn_text(out, amend, *rule);
            self.style.paint(out, start, Ink::Remark);
            out.push(b'\n');
        }
        for finding in &amend.details {
            self.finding(out, finding);
        }
    }
}
