//! The packet view: tcpdump's line, and below it what the packet did.

use crate::track::{Amend, Finding};

use super::lines::{LineStyle, Lines};
use super::{Annotator, Packet, Reporter};

/// Writes a line and its annotations for every TCP packet.
#[derive(Debug)]
pub struct Packets {
    lines: Lines,
    annotator: Annotator,
}

impl Packets {
    /// Lines that look so, and so annotated.
    pub fn new(style: LineStyle, annotator: Annotator) -> Self {
        Self { lines: Lines::new(style), annotator }
    }
}

impl Reporter for Packets {
    fn packet(&mut self, out: &mut Vec<u8>, packet: Packet<'_>) {
        self.lines.packet(out, packet.frame, packet.dissection);
        if let Some((segment, seen)) = packet.tcp {
            self.annotator.packet(out, segment, seen);
        }
    }

    fn hidden(&mut self, packet: Packet<'_>) {
        self.lines.skip(packet.frame);
    }

    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        self.annotator.finding(out, finding);
    }

    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        self.annotator.amend(out, amend);
    }
}
