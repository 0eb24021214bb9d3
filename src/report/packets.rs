//! The packet view: tcpdump's line, and below it what the packet did.

use crate::track::{Amend, Finding};

use super::lookahead::{DelayedPacket, Lookahead};
use super::{Annotator, Packet, Reporter, Summary};

/// Writes a line and its annotations for every TCP packet.
#[derive(Debug)]
pub struct Packets {
    annotator: Annotator,
    /// Of a file: holds back what is provisional.
    ahead: Option<Lookahead>,
}

impl Packets {
    /// So annotated; if `look_ahead`, with the final word of what a little later frames settle.
    pub fn new(annotator: Annotator, look_ahead: bool) -> Self {
        let ahead = (look_ahead && annotator.says_something()).then(Lookahead::default);
        Self { annotator, ahead }
    }

    /// Writes what has waited long enough for this packet.
    fn pass(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        let Some(ahead) = &mut self.ahead else { return };
        if ahead.pass(packet.ts) {
            while let Some(held) = ahead.due(packet.ts) {
                release(out, &self.annotator, &held);
            }
        }
    }
}

/// Where to write.
fn place<'a>(ahead: &'a mut Option<Lookahead>, out: &'a mut Vec<u8>) -> &'a mut Vec<u8> {
    match ahead {
        Some(ahead) => ahead.out(out),
        None => out,
    }
}

impl Reporter for Packets {
    fn packet(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        self.pass(out, packet);
        if let (Some((segment, seen)), Some(ahead)) = (packet.tcp.filter(|(_, seen)| seen.provisional), &mut self.ahead)
        {
            let (mut head, mut remark) = (packet.line.to_vec(), Vec::new());
            let always = self.annotator.always_remarks(seen);
            self.annotator.remark(if always { &mut head } else { &mut remark }, segment, seen);
            return ahead.hold(packet, seen, head, remark);
        }
        let out = place(&mut self.ahead, out);
        out.extend_from_slice(packet.line);
        if let Some((segment, seen)) = packet.tcp {
            self.annotator.packet(out, segment, seen);
        }
    }

    fn hidden(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        self.pass(out, packet);
    }

    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        self.annotator.finding(place(&mut self.ahead, out), finding);
    }

    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        if !self.ahead.as_mut().is_some_and(|ahead| ahead.amend(amend)) {
            self.annotator.amend(place(&mut self.ahead, out), amend);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, _: &Summary) {
        while let Some(held) = self.ahead.as_mut().and_then(Lookahead::last) {
            release(out, &self.annotator, &held);
        }
    }
}

/// Writes a packet that was held back.
fn release(out: &mut Vec<u8>, annotator: &Annotator, held: &DelayedPacket) {
    out.extend_from_slice(&held.head);
    if !held.findings.is_empty() {
        out.extend_from_slice(&held.remark);
    }
    for finding in &held.findings {
        annotator.finding(out, finding);
    }
    out.extend_from_slice(&held.behind);
}
