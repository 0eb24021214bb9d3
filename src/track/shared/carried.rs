//! What a capture cannot carry, counted over all connections.

use crate::dissect::{Segment, TcpFlags};
use crate::rules::Rule;

/// What is counted of a capture.
#[derive(Debug, Default)]
pub(in crate::track) struct Counts {
    /// Segments without data, SYN, FIN and RST, and segments with data.
    pub bare: u64,
    pub data: u64,
    /// Acknowledgments that were due and are not here.
    pub due: u32,
    pub acks_missing: bool,
    /// Data that was acknowledged though no checksum of its sender holds.
    pub altered: u32,
}

/// So many acknowledgments that were due show that they are missing throughout,
pub(in crate::track) const MIN_DUE: u32 = 3;

/// where no more than one in so many segments is without data.
pub(in crate::track) const BARE_RATIO: u64 = 5;

/// So much acknowledged data with wrong checksums shows that the file was altered.
pub(in crate::track) const MIN_ALTERED: u32 = 3;

/// Whether a segment is a bare acknowledgment, and whether it carries data.
#[inline]
pub fn kind_of(segment: &Segment) -> (bool, bool) {
    (segment.payload_len == 0 && segment.flags.0 == TcpFlags::ACK.0, segment.payload_len > 0)
}

impl Counts {
    #[inline]
    pub(crate) fn count(&mut self, segment: &Segment) {
        let (bare, data) = kind_of(segment);
        self.bare += u64::from(bare);
        self.data += u64::from(data);
    }

    /// Segments with data, and bare acknowledgments.
    pub(crate) fn segments(&self) -> u64 {
        self.bare + self.data
    }

    /// Acknowledgments say nothing in this capture.
    pub(crate) fn are_acks_missing(&self) -> bool {
        self.acks_missing
    }

    /// Checksums say nothing in this capture.
    pub(crate) fn is_altered(&self) -> bool {
        self.altered >= MIN_ALTERED
    }

    /// Whether this capture cannot carry a rule.
    // Acknowledgments that are missing would have opened windows, answered probes and said what had arrived; where one direction
    // is late, what it answers or allows seems to come too late.
    pub(crate) fn silences(&self, rule: Rule, skewed: bool) -> bool {
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
