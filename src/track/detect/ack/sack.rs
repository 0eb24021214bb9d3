//! Selective acknowledgments: whether they may be sent, what they may say, and whether it stays said (TC307 to TC310).

use crate::dissect::TcpFlags;
use crate::rules::Rule;

use crate::track::conn::connection::{Connection, Remark};
use crate::track::conn::facts::Fact;
use crate::track::conn::recovery::Renege;
use crate::track::conn::step::Step;

impl Connection {
    /// Judges the SACK blocks of a segment by themselves.
    pub(in crate::track) fn check_sack(&mut self, step: &mut Step<'_>, ack: i64) {
        let blocks = step.segment.options.sack;
        if blocks.is_empty() || step.has(TcpFlags::SYN) {
            return;
        }
        let peer = &self.ends[step.peer()];
        // RFC 2018 §4: without SACK-Permitted from the other side, "it MUST NOT send SACK options".
        let forbidden = peer.facts.has(Fact::SynSeen) && !peer.facts.has(Fact::SackPermitted);
        if forbidden && !self.once.note(Remark::Sack, step.me()) {
            step.fire(Rule::SackNotNegotiated);
        }
        let peer = &self.ends[step.peer()];
        let edge = self.ends[step.me()].edge.max(ack.saturating_add(i64::from(self.scaled_window(step))));
        let mut beyond = None;
        for (at, (left, right)) in blocks.as_slice().iter().enumerate() {
            let range = (peer.relative(*left), peer.relative(*right));
            let why = if range.0 >= range.1 {
                "its left edge is not below the right one"
            } else if range.0 < 0 && peer.facts.has(Fact::SynSeen) {
                "it lies before the connection's first number"
            } else if at > 0 && range.0 < ack {
                // RFC 2883 §4: only the first block may report a duplicate below the acknowledgment.
                "it lies below the acknowledgment, and is not the first block"
            } else if range.1 > peer.nxt && range.0 > edge && self.is_whole() {
                "it lies beyond all that the receiver itself allows"
            } else {
                if range.1 > peer.nxt {
                    beyond = beyond.max(Some(range.1));
                }
                continue;
            };
            step.fire(Rule::SackInvalid).range(range.0, range.1).word("why", why);
            return;
        }
        if let Some(to) = beyond.filter(|_| self.is_whole() && ack <= peer.nxt) {
            self.suspect_ack(step, Rule::SackInvalid, to);
        }
    }

    /// Whether a new acknowledgment stops inside a range that had been reported as received, and reports it no longer.
    ///
    /// The higher acknowledgment was sent later, and a receiver that still had the range would acknowledge all of it. Some
    /// acknowledge what they have in several steps, so the verdict waits for the bytes to be sent again.
    pub(in crate::track) fn check_renege(&mut self, step: &mut Step<'_>, ack: i64) {
        let peer = &mut self.ends[step.peer()];
        if ack <= peer.una || ack > peer.nxt {
            return;
        }
        let mut blocks = step.segment.options.sack.as_slice().iter();
        let still = blocks.any(|(left, right)| peer.relative(*left) <= ack && ack < peer.relative(*right));
        let Some(recovery) = peer.recovery_mut().filter(|_| !still) else { return };
        if let Some((from, to)) = recovery.renege(ack) {
            let (frame, ts) = (step.segment.frame, step.segment.ts);
            recovery.reneged = Some(Renege { frame, ts, ack, from, to, resent: None });
            self.provisional = true;
        }
    }

    /// Settles whether the receiver had given up what it had reported: it acknowledges the bytes only after they came again.
    pub(in crate::track) fn settle_renege(&mut self, step: &mut Step<'_>) {
        let (segment, seq, end) = (step.segment, step.obs.seq, step.obs.seq_end);
        let sender = self.ends[step.me()].recovery_mut();
        if let Some(reneged) = sender.and_then(|recovery| recovery.reneged.as_mut())
            && segment.payload_len > 0
            && seq <= reneged.ack
            && reneged.ack < end
        {
            reneged.resent.get_or_insert(segment.ts);
        }
        let sender = &mut self.ends[step.peer()];
        let leg = sender.leg().unwrap_or_default();
        let Some(recovery) = sender.recovery_mut() else { return };
        let Some(reneged) = recovery.reneged.take_if(|reneged| step.obs.ack.is_some_and(|ack| ack > reneged.ack))
        else {
            return;
        };
        if reneged.resent.is_some_and(|resent| !segment.ts.since(resent).is_below(50, leg)) {
            let mut finding = self.late_finding(Rule::SackRenege, (reneged.frame, reneged.ts), step.from);
            finding.range(reneged.from, reneged.to).bytes("bytes", (reneged.to - reneged.ack) as u64);
            self.amend(step, reneged.frame, vec![finding], &[]);
        }
    }

    /// A D-SACK block: the receiver has had these bytes twice.
    pub(in crate::track) fn say_dsack(&mut self, step: &mut Step<'_>, (from, to): (i64, i64)) {
        let peer = &self.ends[step.peer()];
        if to <= 1 && peer.facts.has(Fact::SynSeen) {
            // The number of the SYN, in a SYN+ACK that crosses it or comes again: no byte.
            return;
        }
        let again =
            peer.rare.recovery.as_deref().and_then(|recovery| recovery.last_copy(from, to).map(|resent| resent.frame));
        let finding = step.fire(Rule::Dsack);
        finding.range(from, to).bytes("bytes", (to - from) as u64);
        if let Some(frame) = again {
            finding.frame("duplicate", frame);
        }
    }
}
