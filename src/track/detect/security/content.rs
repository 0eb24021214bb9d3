//! The same bytes again with other content (TC214).
//!
//! Segments come without their payload, so what is compared are the dissector's digests, and only those of segments that cover
//! the same numbers exactly: a digest of a part cannot be had from that of the whole. They are kept for what waits for its
//! acknowledgment, and no longer.

use crate::dissect::{Checksum, TcpFlags};
use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::Connection;
use crate::track::conn::facts::Fact;
use crate::track::conn::sent::Sent;
use crate::track::conn::step::Step;

impl Connection {
    /// The first copy of the same numbers, where its content was another.
    pub(in crate::track) fn contradicted(&self, step: &Step<'_>) -> Option<Sent> {
        let segment = step.segment;
        let digest = segment.payload_digest?;
        let me = &self.ends[step.me()];
        // RFC 9293 §3.8.4: a probe may carry one byte of garbage.
        let damaged = matches!(segment.checksum, Checksum::Wrong { .. });
        if segment.payload_len <= 1 || damaged || step.has(TcpFlags::SYN) || !me.facts.has(Fact::Numbered) {
            return None;
        }
        let from = me.relative(segment.seq);
        let end = from + i64::from(segment.seq_len());
        if step.has(TcpFlags::FIN) != (me.fin() == Some(end)) {
            // One of both ends in a FIN: the payloads are not of one length.
            return None;
        }
        let first = me.first_copy(from).filter(|first| first.from == from && first.end == end)?;
        first.digest.is_some_and(|other| other != digest).then_some(first)
    }

    // RFC 9293 §3.10.7.4: a receiver keeps the copy that came first; one that does not sees other bytes than a monitor does.
    pub(in crate::track) fn check_content(&self, step: &mut Step<'_>) {
        let Some(first) = self.contradicted(step) else { return };
        let (bytes, range) = (u64::from(step.segment.payload_len), (step.obs.seq, step.obs.seq_end));
        let whole = step.segment.checksum == Checksum::Correct;
        step.fire(Rule::OverlapConflict)
            .range(range.0, range.1)
            .bytes("bytes", bytes)
            .frame("first", first.frame)
            .confidence(if whole { Confidence::Certain } else { Confidence::Likely });
    }
}
