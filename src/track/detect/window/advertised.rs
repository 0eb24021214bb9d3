//! The right edge of a window: data beyond it (TC314), and an edge that moves back (TC315).

use crate::capture::Span;
use crate::dissect::TcpFlags;
use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::Connection;
use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::facts::Fact;
use crate::track::conn::overrun::Overrun;
use crate::track::conn::send_order::SendOrder;
use crate::track::conn::step::Step;
use crate::track::conn::suspect_ack::{REORDER, REORDER_FRAMES};

impl Connection {
    /// Data beyond the edge: suspected first, for the capture may hold the window that allows it a little later.
    pub(in crate::track) fn check_overrun(&mut self, step: &mut Step<'_>) {
        let (segment, end) = (step.segment, step.obs.seq_end);
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let plain = segment.payload_len > 0 && !step.has(TcpFlags::SYN);
        // RFC 9293 §3.8.6.1: one byte beyond a closed window is a probe.
        if !plain || peer.edge == i64::MIN || end <= peer.edge.saturating_add(1) {
            return;
        }
        let known = me.rare.overrun.as_deref().is_some_and(|overrun| overrun.edge == peer.edge);
        if known || me.rare.gaps.first_open().is_some() || peer.closes() || !self.is_whole() {
            return;
        }
        let echo = segment.options.timestamps.map(|(_, tsecr)| tsecr);
        // It echoes a segment that is not in the capture, and that may have opened the window.
        if echo.is_some_and(|echo| (echo.wrapping_sub(peer.tsval) as i32) > 0) {
            return;
        }
        let (edge, from) = (peer.edge, step.obs.seq);
        let proved = echo.is_some_and(|_| peer.facts.has(Fact::Timestamps));
        let overrun = Overrun { frame: segment.frame, ts: segment.ts, from, end, edge, proved, settled: false };
        self.ends[step.me()].rare.overrun = Some(Box::new(overrun));
        self.provisional = true;
    }

    /// Says of an overrun that stands what it is.
    pub(in crate::track) fn settle_overrun(&mut self, step: &mut Step<'_>) {
        for from in [step.from, step.from.reverse()] {
            let Some(overrun) = self.ends[from.index()].rare.overrun.as_deref().filter(|overrun| !overrun.settled)
            else {
                continue;
            };
            let overrun = *overrun;
            let (me, peer) = (&self.ends[from.index()], &self.ends[from.reverse().index()]);
            // What the receiver has taken it had room for: the capture missed the window that said so.
            let taken = me.una >= overrun.end;
            // Its word counts once it can have seen the data: a round trip from here later, and half of one more for queues. What
            // it still lacks then, it has refused, whatever it takes later of another copy.
            let leg = me.leg().unwrap_or_default().0;
            let arrived = Span(leg.saturating_add(leg / 2)).max(REORDER);
            let now = if step.from == from { peer.last_ts } else { step.segment.ts };
            let lacks = step.from == from || step.obs.ack.is_some_and(|ack| ack < overrun.end);
            let refused = lacks && now.since(overrun.ts) > arrived;
            if !taken && !refused {
                continue;
            }
            if let Some(overrun) = self.ends[from.index()].overrun_mut() {
                overrun.settled = true;
            }
            if taken && !overrun.proved {
                continue;
            }
            let mut finding = self.late_finding(Rule::WindowOverrun, (overrun.frame, overrun.ts), from);
            finding.range(overrun.edge.max(overrun.from), overrun.end);
            finding.bytes("bytes", (overrun.end - overrun.edge.max(overrun.from)) as u64);
            finding.confidence(if overrun.proved { Confidence::Certain } else { Confidence::Likely });
            self.amend(step, overrun.frame, vec![finding], &[]);
        }
    }

    /// Takes an edge as it is advertised: it may excuse data that seemed to overrun, or lie left of the one before.
    pub(in crate::track) fn check_edge(&mut self, step: &mut Step<'_>, ack: i64, window: u32) {
        let edge = ack.saturating_add(i64::from(window));
        // A window excuses what was captured shortly before it; what is advertised later the sender did not know.
        if let Some(overrun) = self.ends[step.peer()].rare.overrun.as_deref()
            && !overrun.settled
            && edge.saturating_add(1) >= overrun.end
            && ack <= overrun.from
            && (step.segment.ts.since(overrun.ts) <= REORDER
                || step.segment.frame.saturating_sub(overrun.frame) <= REORDER_FRAMES)
        {
            self.ends[step.peer()].rare.overrun = None;
        }
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        if ack > peer.nxt || step.has(TcpFlags::SYN) {
            return;
        }
        if !me.advertises_later(step, ack) {
            return;
        }
        let quiet = me.closes() || peer.fin().is_some() || self.rare.cut.is_some() || !self.scale_known();
        if me.takes_back(peer, edge) && !quiet {
            let (back, frame) = (me.right_edge.saturating_sub(edge), me.edge_frame);
            step.fire(Rule::WindowShrunk).bytes("back", back as u64).frame("before", frame);
        }
        self.ends[step.me()].move_edge(step, ack, edge);
    }
}

impl Endpoint {
    /// Whether it sent the step's segment after the one with its last edge, whatever the network did: that acknowledges more, or is
    /// further on in numbers, clock or ID.
    pub(in crate::track) fn advertises_later(&self, step: &Step<'_>, ack: i64) -> bool {
        let (last_ack, last_seq) = self.edge_at;
        let seq = step.obs.seq;
        self.right_edge == i64::MIN
            || ack > last_ack
            || ack == last_ack
                && (seq > last_seq || seq == last_seq && SendOrder::of(step.segment).is_after(self.edge_mark, self.ids))
    }

    /// Whether that edge lies further left than its last one.
    // RFC 7323 §2.4: rounding down to the scale's unit may take back less than one unit.
    pub(in crate::track) fn takes_back(&self, peer: &Self, edge: i64) -> bool {
        self.right_edge != i64::MIN && self.right_edge.saturating_sub(edge) >= 1 << self.shift(peer)
    }

    /// Takes the edge that the step's segment advertises for its last one.
    pub(in crate::track) fn move_edge(&mut self, step: &Step<'_>, ack: i64, edge: i64) {
        (self.right_edge, self.edge_at) = (edge, (ack, step.obs.seq));
        (self.edge_mark, self.edge_frame) = (SendOrder::of(step.segment), step.segment.frame);
    }

    /// By how many bits its windows are to be shifted.
    // RFC 7323 §2.2: both must send the option for either to be scaled. §2.3: a shift above 14 is taken for 14.
    pub(in crate::track) fn shift(&self, peer: &Self) -> u8 {
        match (self.wscale, peer.wscale) {
            (Some(shift), Some(_)) => shift.min(14),
            _ => 0,
        }
    }
}
