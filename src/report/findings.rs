//! `--findings`: the findings alone, a line each, as they come. One that is taken back later gets a line that says so.

use crate::track::{Amend, Finding};

use super::lookahead::Lookahead;
use super::style::{Ink, Style};
use super::{Packet, Reporter, Summary, finding_text, withdrawn_text};

/// Writes `fFLOW @FRAME SEVERITY CODE SLUG  TEXT` lines.
#[derive(Debug)]
pub struct Findings {
    style: Style,
    /// Of a file: holds back what is provisional.
    ahead: Option<Lookahead>,
}

impl Findings {
    /// So coloured; if `look_ahead`, with the final word of what a little later frames settle.
    pub fn new(style: Style, look_ahead: bool) -> Self {
        Self { style, ahead: look_ahead.then(Lookahead::default) }
    }

    /// Writes what has waited long enough for this packet.
    fn pass(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        let Some(ahead) = &mut self.ahead else { return };
        if ahead.pass(packet.ts) {
            while let Some(held) = ahead.due(packet.ts) {
                lines(out, self.style, &held.findings);
                out.extend_from_slice(&held.behind);
            }
        }
    }

    /// Where to write.
    fn out<'a>(&'a mut self, out: &'a mut Vec<u8>) -> &'a mut Vec<u8> {
        match &mut self.ahead {
            Some(ahead) => ahead.out(out),
            None => out,
        }
    }
}

impl Reporter for Findings {
    fn packet(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        self.pass(out, packet);
        let Some((_, seen)) = packet.tcp else { return };
        if let Some(ahead) = self.ahead.as_mut().filter(|_| seen.provisional) {
            return ahead.hold(packet, seen, Vec::new(), Vec::new());
        }
        let style = self.style;
        lines(self.out(out), style, &seen.findings);
    }

    fn hidden(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        self.pass(out, packet);
    }

    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        let style = self.style;
        lines(self.out(out), style, std::slice::from_ref(finding));
    }

    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        if self.ahead.as_mut().is_some_and(|ahead| ahead.amend(amend)) {
            return;
        }
        let style = self.style;
        let out = self.out(out);
        for (rule, _) in &amend.withdrawn {
            let start = out.len();
            withdrawn_text(out, amend, *rule);
            style.paint(out, start, Ink::Remark);
            out.push(b'\n');
        }
        lines(out, style, &amend.details);
    }

    fn end(&mut self, out: &mut Vec<u8>, _: &Summary) {
        while let Some(held) = self.ahead.as_mut().and_then(Lookahead::last) {
            lines(out, self.style, &held.findings);
            out.extend_from_slice(&held.behind);
        }
    }
}

/// A line each.
fn lines(out: &mut Vec<u8>, style: Style, findings: &[Finding]) {
    for finding in findings {
        let start = out.len();
        finding_text(out, finding);
        style.fold(out, start, "      ");
        style.paint(out, start, Ink::Finding(finding.severity));
        out.push(b'\n');
    }
}
