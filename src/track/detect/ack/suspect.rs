//! Acknowledgment numbers that cannot be right, and acknowledgments that come too late (TC303 to TC306).
//!
//! What seems wrong here is first of all suspected to be the capture's doing: a number beyond all that was captured is an
//! accusation only once the other end itself shows that it never sent so far.

use crate::capture::Span;
use crate::dissect::TcpFlags;
use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::Connection;
use crate::track::conn::facts::Fact;
use crate::track::conn::send_order::SendOrder;
use crate::track::conn::step::Step;
use crate::track::conn::suspect_ack::{REORDER, REORDER_FRAMES, SuspectAck};

// RFC 9293 §3.8.6.3: "the delay MUST be less than 0.5 seconds".
const MAX_ACK_DELAY: Span = Span::from_millis(500);

/// So many round trips show whether a path is steady.
const STEADY: u32 = 3;

impl Connection {
    /// Both ends are seen and known from their SYNs, nothing was missed, and nothing has been cut off: what is absent means something.
    pub(in crate::track) fn is_whole(&self) -> bool {
        let seen = |end: &crate::track::conn::endpoint::Endpoint| {
            end.count.packets > 0 && end.low != i64::MAX && end.trouble().missed_bytes == 0 && end.una >= 1
        };
        self.rare.cut.is_none() && self.scale_known() && self.ends.iter().all(seen)
    }

    /// Segments of it were not captured.
    pub(in crate::track) fn was_missed(&self) -> bool {
        self.ends.iter().any(|end| end.trouble().missed_bytes > 0)
    }

    /// Judges the acknowledgment number by itself.
    pub(in crate::track) fn check_ack(&mut self, step: &mut Step<'_>, ack: i64) {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        if step.has(TcpFlags::SYN) || !self.is_whole() {
            return;
        }
        if ack > peer.nxt {
            return self.suspect_ack(step, Rule::AckOfUnsent, ack);
        }
        let Some(highest) = me.ack().filter(|highest| ack < *highest) else { return };
        let mark = SendOrder::of(step.segment);
        let overtaken = me.ack_mark.is_after(mark, me.ids);
        // RFC 5961 §5.2: SND.UNA - MAX.SND.WND <= SEG.ACK. What repeats old numbers is an old segment as a whole.
        if ack < peer.una.saturating_sub(i64::from(me.max_window)) {
            if !overtaken && step.obs.seq >= me.una {
                let (behind, window) = (peer.una - ack, u64::from(me.max_window));
                step.fire(Rule::AckTooOld).bytes("behind", behind as u64).bytes("window", window);
            }
        } else if mark.is_after(me.ack_mark, me.ids) {
            let back = (highest - ack) as u64;
            let frame = me.ack_frame;
            step.fire(Rule::AckRegression).bytes("back", back).frame("higher", frame);
        }
    }

    /// Keeps a claim until the other end shows what it has sent.
    pub(in crate::track) fn suspect_ack(&mut self, step: &Step<'_>, rule: Rule, to: i64) {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        if self.rare.suspect_ack.is_some() || peer.rare.gaps.first_open().is_some() || self.lags(step.from.reverse()) {
            return;
        }
        self.rare.suspect_ack = Some(Box::new(SuspectAck {
            by: step.from,
            rule,
            frame: step.segment.frame,
            ts: step.segment.ts,
            to,
            nxt: peer.nxt,
            beyond_window: me.edge != i64::MIN && to > me.edge.saturating_add(1),
            edge: me.edge,
        }));
        self.provisional = true;
    }

    /// Settles a claim by what the other end sends: it goes on above it, or shows that it has not come so far.
    pub(in crate::track) fn settle_claim(&mut self, step: &mut Step<'_>) {
        let Some(suspect_ack) = self.rare.suspect_ack.as_deref().copied() else { return };
        let segment = step.segment;
        let end = step.obs.seq + i64::from(segment.seq_len());
        if step.from == suspect_ack.by || step.obs.seq < suspect_ack.nxt && end <= suspect_ack.nxt {
            return;
        }
        let leg = self.ends[suspect_ack.by.index()].leg();
        let waited = segment.ts.since(suspect_ack.ts);
        let held = segment.frame.saturating_sub(suspect_ack.frame) > REORDER_FRAMES || waited > REORDER;
        let answered = leg.is_some_and(|leg| waited >= leg) && held;
        let bare = segment.seq_len() == 0 && !step.has(TcpFlags::RST);
        if step.obs.seq == suspect_ack.nxt && bare && !answered {
            return;
        }
        self.rare.suspect_ack = None;
        // RFC 9293 §3.10.7.4: it answers an acknowledgment of what it has not sent with an ACK, which carries SND.NXT.
        if step.obs.seq != suspect_ack.nxt
            || !answered
            || !(bare || suspect_ack.beyond_window)
            || step.has(TcpFlags::RST)
        {
            return;
        }
        if suspect_ack.rule == Rule::AckOfUnsent {
            self.take_back(&suspect_ack);
        }
        let mut finding = self.late_finding(suspect_ack.rule, (suspect_ack.frame, suspect_ack.ts), suspect_ack.by);
        finding.range(suspect_ack.nxt, suspect_ack.to);
        if suspect_ack.rule == Rule::AckOfUnsent {
            finding.bytes("bytes", (suspect_ack.to - suspect_ack.nxt) as u64).frame("shown_by", segment.frame);
        } else {
            finding.word("why", "it reports bytes that the other side had not sent").frame("shown_by", segment.frame);
        }
        self.amend(step, suspect_ack.frame, vec![finding], &[Rule::CaptureGap]);
    }

    /// Undoes what a false acknowledgment made of the other end's numbers.
    fn take_back(&mut self, suspect_ack: &SuspectAck) {
        let peer = &mut self.ends[suspect_ack.by.reverse().index()];
        if peer.nxt == suspect_ack.to {
            let dropped = peer.gaps_mut().map_or(0, |gaps| gaps.fill(suspect_ack.nxt, suspect_ack.to).0);
            let settled = ((suspect_ack.to - suspect_ack.nxt) as u64).saturating_sub(dropped);
            let trouble = peer.note_trouble();
            trouble.missed_bytes = trouble.missed_bytes.saturating_sub(settled);
            peer.nxt = suspect_ack.nxt;
            peer.una = peer.una.min(suspect_ack.nxt);
        }
        let me = &mut self.ends[suspect_ack.by.index()];
        if let Some(ack) = me.ack() {
            me.set_ack(ack.min(suspect_ack.nxt));
        }
        me.edge = suspect_ack.edge;
        me.right_edge = me.right_edge.min(suspect_ack.edge);
    }

    /// Notes which segment carried the highest acknowledgment.
    pub(in crate::track) fn mark_ack(&mut self, step: &Step<'_>, ack: i64) {
        let me = &mut self.ends[step.me()];
        if me.ack().is_none_or(|highest| ack > highest) {
            (me.ack_mark, me.ack_frame) = (SendOrder::of(step.segment), step.segment.frame);
        }
    }

    /// Judges how long the receiver took to acknowledge data that came in order; the longest round trip before was `slowest`.
    pub(in crate::track) fn check_ack_delay(&mut self, step: &mut Step<'_>, slowest: Option<Span>) {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let Some(acked) = step.obs.acked.as_ref().filter(|acked| acked.bytes > 0 && !acked.fin && !acked.syn) else {
            return;
        };
        let Some(rtt) = acked.rtt.filter(|rtt| *rtt > MAX_ACK_DELAY) else { return };
        let (Some(leg), Some(slowest), Some(newest)) = (peer.leg(), slowest, step.obs.acked_frames.last()) else {
            return;
        };
        // A radio or a queue holds packets back for longer than a receiver may: it shows in round trips that vary.
        let steady = peer.rtt.samples() > STEADY && slowest.0.saturating_sub(leg.0) <= MAX_ACK_DELAY.0 / 2;
        // RFC 9293 §3.10.7.4: each segment acknowledges all that has come; one with an older number was sent before.
        let rtt = rtt.min(step.segment.ts.since(me.last_ts));
        let delay = Span(rtt.0.saturating_sub(slowest.0));
        if !steady || delay <= MAX_ACK_DELAY {
            return;
        }
        // A queue on the way delays too, but not one or two segments alone; and a closed window has its own rule.
        let alone = step.obs.acked_frames.len() <= 2 && peer.flight.is_empty();
        let orderly = peer.rare.recovery.is_none() && peer.rare.gaps.first_open().is_none() && peer.nxt == peer.una;
        let open = me.window > 0 && me.rare.closed_since.is_none();
        // A probe, a segment before which its sender's IP IDs skip one, one that goes with data all the same, or one that echoes
        // what was not captured: each may say again what a missed ACK had said.
        let newer =
            |(_, tsecr): (u32, u32)| peer.facts.has(Fact::Timestamps) && tsecr.wrapping_sub(peer.tsval) as i32 > 0;
        let along =
            step.segment.payload_len > 0 && !me.ids.ascend() || step.segment.options.timestamps.is_some_and(newer);
        let first = step.obs.notes.is_empty() && me.ids.skipped(step.segment.ip_id) == 0 && !along && !self.gaps_acked;
        if !(alone && orderly && open && first && !step.shared.lossy && self.is_whole()) || self.is_skewed() {
            return;
        }
        let newest = *newest;
        let finding = step.fire(Rule::AckDelayExcessive);
        finding.time("delay", delay).frame("data", newest).time("leg", leg).confidence(Confidence::Likely);
    }
}
