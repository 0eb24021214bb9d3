//! What a capture cannot carry: counted over all connections, said once (TC912, TC915), and then rules stay silent.

use crate::capture::Span;
use crate::dissect::{Segment, TcpFlags};
use crate::rules::Rule;

use super::Value;
use super::connection::Connection;
use super::step::{Shared, Step};

/// What is counted of a capture.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Segments without data, SYN, FIN and RST, and segments with data.
    bare: u64,
    data: u64,
    /// Acknowledgments that were due and are not here.
    due: u32,
    acks_missing: bool,
    /// Data that was acknowledged though no checksum of its sender holds.
    altered: u32,
}

/// Minimum number of missing acknowledgments that were due, where at most one in `BARE_RATIO` segments is without data: they are
/// missing throughout.
const MIN_DUE: u32 = 3;
const BARE_RATIO: u64 = 5;
/// Minimum number of acknowledgments of data with a wrong checksum that show that the file was altered.
const MIN_ALTERED: u32 = 3;
/// RFC 9293 §3.8.6.3: "the delay MUST be less than 0.5 seconds".
const MAX_ACK_DELAY: Span = Span::from_millis(500);

impl Counts {
    #[inline]
    pub fn count(&mut self, segment: &Segment) {
        let bare = segment.payload_len == 0 && segment.flags.0 == TcpFlags::ACK.0;
        self.bare += u64::from(bare);
        self.data += u64::from(segment.payload_len > 0);
    }

    /// Segments with data, and bare acknowledgments.
    pub fn segments(&self) -> u64 {
        self.bare + self.data
    }

    /// Acknowledgments say nothing in this capture.
    pub fn are_acks_missing(&self) -> bool {
        self.acks_missing
    }

    /// Checksums say nothing in this capture.
    pub fn is_altered(&self) -> bool {
        self.altered >= MIN_ALTERED
    }

    /// Whether this capture cannot carry a rule.
    // Acknowledgments that are missing would have opened windows, answered probes and said what had arrived; where one direction
    // is late, what it answers or allows seems to come too late.
    fn silences(&self, rule: Rule, skewed: bool) -> bool {
        use Rule::*;
        let about_acks = matches!(
            rule,
            HandshakeUnfinished
                | DuplicateAck
                | TripleDuplicateAck
                | AckTooOld
                | AckRegression
                | AckDelayExcessive
                | ZeroWindowStall
                | WindowFull
                | WindowOverrun
                | KeepAliveUnanswered
                | FinUnacked
                | SeqOutOfWindow
        );
        let about_both = matches!(
            rule,
            AckOfUnsent | AckDelayExcessive | ZeroWindowStall | WindowOverrun | KeepAliveUnanswered | SeqOutOfWindow
        );
        self.acks_missing && about_acks || skewed && about_both
    }
}

impl Shared {
    /// Whether this capture cannot carry a rule.
    pub fn silences(&self, rule: Rule) -> bool {
        self.counts.silences(rule, self.skewed)
    }
}

impl Connection {
    /// Data is acknowledged, the oldest of which was sent `oldest` ago: whether an acknowledgment had been due before, and whether the
    /// checksum of the data can be right.
    pub(super) fn check_carried(&mut self, step: &mut Step<'_>, oldest: Span) {
        let Some(acked) = step.obs.acked.as_ref().filter(|acked| acked.bytes > 0) else { return };
        let leg = self.ends[step.peer()].leg().unwrap_or_default();
        let patience = MAX_ACK_DELAY.0.saturating_add(leg.0).saturating_add(leg.0 / 2);
        // An acknowledgment that comes late says so itself (TC306). One that goes with data, or that acknowledges data just sent too,
        // is not the one that was due.
        let newest = acked.rtt.is_some_and(|rtt| step.segment.payload_len > 0 || rtt.0 <= patience);
        if oldest.0 > patience && newest && self.ends[step.peer()].recovery.is_none() {
            self.note_due(step);
        }
        if self.once.checksum[step.peer()] && !self.ends[step.peer()].facts.good_checksum {
            self.note_altered(step);
        }
    }

    /// Notes an acknowledgment that was due and is not here.
    pub(super) fn note_due(&mut self, step: &mut Step<'_>) {
        if !self.scale_known() || step.shared.skewed {
            return;
        }
        let counts = &mut step.shared.counts;
        counts.due = counts.due.saturating_add(1);
        if counts.due < MIN_DUE || counts.bare.saturating_mul(BARE_RATIO) > counts.data || counts.acks_missing {
            return;
        }
        counts.acks_missing = true;
        let (due, bare, all) = (counts.due, counts.bare, counts.bare + counts.data);
        step.fire(Rule::AcksMissing)
            .with("due", Value::Count(due.into(), "acknowledgment"))
            .number("bare", i64::try_from(bare).unwrap_or(i64::MAX))
            .number("segments", i64::try_from(all).unwrap_or(i64::MAX));
    }

    /// Notes data that its receiver took, though its checksum does not hold.
    pub(super) fn note_altered(&mut self, step: &mut Step<'_>) {
        let counts = &mut step.shared.counts;
        counts.altered = counts.altered.saturating_add(1);
        if counts.altered == MIN_ALTERED {
            step.fire(Rule::PayloadAltered);
        }
    }
}
