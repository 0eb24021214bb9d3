//! A file's final words: packets of which more may be said later wait for it, and what comes behind them waits too.
//!
//! Nothing waits while nothing is provisional. How long a packet waits depends on the capture alone: so many packets, or so
//! much of its time.

use std::collections::VecDeque;

use super::Packet;
use crate::capture::{Span, Timestamp};
use crate::track::{Amend, Finding, Observation};

/// No packet waits for more packets than this.
const PACKETS: u64 = 10_000;

/// No packet waits longer than this.
const PATIENCE: Span = Span::from_secs(2);

/// No more text waits than this, so that hex dumps of large packets take no more memory.
const BYTES: usize = 32 << 20;

/// What is held back.
#[derive(Debug, Default)]
pub(super) struct Lookahead {
    held: VecDeque<DelayedPacket>,
    packets: u64,
    /// Bytes of text, but for what stands behind the last packet.
    bytes: usize,
}

/// A provisional packet, and all that was written after it.
#[derive(Debug)]
pub(super) struct DelayedPacket {
    frame: u64,
    ts: Timestamp,
    packets: u64,
    /// What does not change.
    pub head: Vec<u8>,
    /// What is written if the packet has findings in the end.
    pub remark: Vec<u8>,
    /// What was found, as far as that is known.
    pub findings: Vec<Finding>,
    /// What comes behind the packet.
    pub behind: Vec<u8>,
}

impl Lookahead {
    /// A packet comes by: true when something held back is due for it, to be had of [`due`](Self::due).
    pub(super) fn pass(&mut self, now: Timestamp) -> bool {
        self.packets += 1;
        !self.held.is_empty() && self.is_due(now)
    }

    /// The oldest packet, when it has waited long enough.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<DelayedPacket> {
        if self.is_due(now) { self.last() } else { None }
    }

    /// The oldest packet: nothing more is to come.
    pub(super) fn last(&mut self) -> Option<DelayedPacket> {
        let held = self.held.pop_front()?;
        self.bytes -= held.head.len() + if self.held.is_empty() { 0 } else { held.behind.len() };
        Some(held)
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let over = |held: &DelayedPacket| self.packets - held.packets > PACKETS || now.since(held.ts) > PATIENCE;
        let long = self.bytes + self.held.back().map_or(0, |held| held.behind.len()) > BYTES;
        self.held.front().is_some_and(|held| long || over(held))
    }

    /// Where to write: behind what is held back, and straight out when that is nothing.
    pub(super) fn out<'a>(&'a mut self, out: &'a mut Vec<u8>) -> &'a mut Vec<u8> {
        self.held.back_mut().map_or(out, |held| &mut held.behind)
    }

    /// Holds a packet back.
    pub(super) fn hold(&mut self, packet: &Packet<'_>, seen: &Observation, head: Vec<u8>, remark: Vec<u8>) {
        self.bytes += head.len() + self.held.back().map_or(0, |held| held.behind.len());
        self.held.push_back(DelayedPacket {
            frame: packet.number,
            ts: packet.ts,
            packets: self.packets,
            head,
            remark,
            findings: seen.findings.clone(),
            behind: Vec::new(),
        });
    }

    /// Puts the final word in the place of the provisional one; false when its packet is not held back.
    pub(super) fn amend(&mut self, amend: &Amend) -> bool {
        let Ok(at) = self.held.binary_search_by_key(&amend.frame, |held| held.frame) else { return false };
        let Some(held) = self.held.get_mut(at) else { return false };
        amend.apply(&mut held.findings);
        true
    }
}
