//! What the capture itself is like (TC9), said once an interface rather than once a packet.

use std::collections::HashSet;

use crate::capture::{Span, Timestamp};
use crate::dissect::Checksum;
use crate::rules::{Rule, Severity};

use crate::track::conn::step::Step;
use crate::track::shared::context::{Said, SaidOnce, Shift};

/// What has been said of the capture so far.
#[derive(Default)]
pub(in crate::track) struct Quality {
    said: HashSet<(Rule, u32)>,
    last: Option<Timestamp>,
    /// The furthest that time has gone back so far.
    back: Span,
    /// Packets that came again at the very time at which they had come before.
    again: u32,
}

/// Several queues of a card, or devices, write their packets in turn, and differ by less than this.
const DISORDER: Span = Span::from_millis(1);
/// So many packets of an earlier time make a block.
const BLOCK: u32 = 3;

impl Quality {
    /// Judges how a segment was captured. `mss` is set when it is larger than the network allows.
    pub(crate) fn observe(&mut self, step: &mut Step<'_>, mss: Option<u16>) {
        let segment = step.segment;
        self.check_time(step);
        if segment.is_cut() && self.first_time(Rule::SnaplenCut, step) {
            let (captured, wire) = (u64::from(segment.captured_len), u64::from(segment.wire_len));
            step.fire(Rule::SnaplenCut).bytes("captured", captured).bytes("wire", wire);
        }
        if segment.checksum == Checksum::Partial && self.first_time(Rule::ChecksumOffload, step) {
            step.fire(Rule::ChecksumOffload);
        }
        if let Some(mss) = mss
            && self.first_time(Rule::SegmentationOffload, step)
        {
            let bytes = u64::from(segment.payload_len);
            step.fire(Rule::SegmentationOffload).bytes("bytes", bytes).number("mss", mss);
        }
    }

    /// Said where time goes back, and again only where it goes back further than ever.
    fn check_time(&mut self, step: &mut Step<'_>) {
        let now = step.segment.ts;
        let back = self.last.replace(now).map_or(Span(0), |last| last.since(now));
        if back > self.back {
            self.back = Span(back.0.saturating_mul(2));
            let finding = step.fire(Rule::TimeGoesBack);
            finding.time("back", back);
            if back < DISORDER {
                finding.severity = Severity::Note;
            }
        }
    }

    /// Notes a packet that came again with its own time stamp, which time has passed since: a file was appended to itself, or to
    /// another that holds the same packets.
    pub(crate) fn note_again(&mut self, step: &mut Step<'_>, first: u64) {
        self.again = self.again.saturating_add(1);
        if self.again == BLOCK {
            step.fire(Rule::Concatenated).frame("first", first);
        }
    }

    fn first_time(&mut self, rule: Rule, step: &mut Step<'_>) -> bool {
        let interface = step.segment.interface;
        let first = self.hear(rule, interface);
        if first {
            step.shared.log_shift(|| Shift::Said(Said { rule: SaidOnce::of(rule), interface }));
        }
        first
    }

    /// Notes that a rule is said of an interface: whether it is the first time.
    pub(crate) fn hear(&mut self, rule: Rule, interface: u32) -> bool {
        // Interfaces are few; a file that makes up thousands is told of the first ones.
        self.said.len() < 4_096 && self.said.insert((rule, interface))
    }
}
