//! The right edge of a window: data beyond it (TC314), and an edge that moves back (TC315).

use crate::capture::{Span, Timestamp};
use crate::dissect::TcpFlags;
use crate::rules::{Confidence, Rule};

use super::claims::{Mark, REORDER, REORDER_FRAMES};
use super::connection::Connection;
use super::step::Step;

/// Data beyond every edge that the receiver was seen to advertise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overrun {
    frame: u64,
    ts: Timestamp,
    from: i64,
    end: i64,
    edge: i64,
    /// Its timestamp proves that no later window was missed.
    proved: bool,
    /// It has been settled: what else goes beyond the same edge is not said again.
    settled: bool,
}

impl Connection {
    /// Data beyond the edge: suspected first, for the capture may hold the window that allows it a little later.
    pub(super) fn check_overrun(&mut self, step: &mut Step<'_>) {
        let (segment, end) = (step.segment, step.obs.seq_end);
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let plain = segment.payload_len > 0 && !step.has(TcpFlags::SYN);
        // RFC 9293 §3.8.6.1: one byte beyond a closed window is a probe.
        if !plain || peer.edge == i64::MIN || end <= peer.edge.saturating_add(1) {
            return;
        }
        let known = me.overrun.as_deref().is_some_and(|overrun| overrun.edge == peer.edge);
        if known || me.holes.first_open().is_some() || peer.closes() || !self.is_whole() {
            return;
        }
        let echo = segment.options.timestamps.map(|(_, tsecr)| tsecr);
        // It echoes a segment that is not in the capture, and that may have opened the window.
        if echo.is_some_and(|echo| (echo.wrapping_sub(peer.tsval) as i32) > 0) {
            return;
        }
        let (edge, from) = (peer.edge, step.obs.seq);
        let proved = echo.is_some_and(|_| peer.facts.timestamps);
        let overrun = Overrun { frame: segment.frame, ts: segment.ts, from, end, edge, proved, settled: false };
        self.ends[step.me()].overrun = Some(Box::new(overrun));
        self.provisional = true;
    }

    /// Says of an overrun that stands what it is.
    pub(super) fn settle_overrun(&mut self, step: &mut Step<'_>) {
        for from in [step.from, step.from.reverse()] {
            let Some(overrun) = self.ends[from.index()].overrun.as_deref().filter(|overrun| !overrun.settled) else {
                continue;
            };
            let overrun = *overrun;
            let (me, peer) = (&self.ends[from.index()], &self.ends[from.reverse().index()]);
            // What the receiver has taken it had room for: the capture missed the window that said so.
            let taken = me.una >= overrun.end;
            // Its word counts once it can have seen the data: a round trip from here later, and half of one more for queues.
            let leg = me.leg().unwrap_or_default().0;
            let arrived = Span(leg.saturating_add(leg / 2)).max(REORDER);
            let held = step.segment.frame.saturating_sub(overrun.frame) > REORDER_FRAMES
                && step.segment.ts.since(overrun.ts) > REORDER
                && peer.last_ts.since(overrun.ts) > arrived;
            if !taken && !held {
                continue;
            }
            if let Some(overrun) = self.ends[from.index()].overrun.as_deref_mut() {
                overrun.settled = true;
            }
            if taken {
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
    pub(super) fn check_edge(&mut self, step: &mut Step<'_>, ack: i64, window: u32) {
        let edge = ack.saturating_add(i64::from(window));
        if let Some(overrun) = self.ends[step.peer()].overrun.as_deref()
            && !overrun.settled
            && edge.saturating_add(1) >= overrun.end
            && ack <= overrun.from
        {
            self.ends[step.peer()].overrun = None;
        }
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        if ack > peer.nxt || step.has(TcpFlags::SYN) {
            return;
        }
        let mark = Mark::of(step.segment);
        // Sent after the one before, whatever the network did: it acknowledges more, or is further on in numbers, clock or ID.
        let last = me.edge_at;
        let after = ack > last.0
            || ack == last.0
                && (step.obs.seq > last.1 || step.obs.seq == last.1 && mark.is_after(me.edge_mark, me.ids));
        if me.right_edge != i64::MIN && !after {
            return;
        }
        let shift = if me.wscale.is_some() && peer.wscale.is_some() { me.wscale.unwrap_or(0).min(14) } else { 0 };
        let back = me.right_edge.saturating_sub(edge);
        let quiet = me.closes() || peer.fin.is_some() || self.cut.is_some() || !self.scale_known();
        // RFC 7323 §2.4: rounding down to the scale's unit may take back less than one unit.
        if me.right_edge != i64::MIN && back >= 1 << shift && !quiet {
            let frame = me.edge_frame;
            step.fire(Rule::WindowShrunk).bytes("back", back as u64).frame("before", frame);
        }
        let me = &mut self.ends[step.me()];
        (me.right_edge, me.edge_at, me.edge_mark) = (edge, (ack, step.obs.seq), mark);
        me.edge_frame = step.segment.frame;
    }
}
