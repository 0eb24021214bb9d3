//! Addresses and ports that are used again: whether a segment belongs to the connection that is there, or to another (TC114, TC115).

use crate::capture::Span;
use crate::dissect::{Segment, SeqNumber, TcpFlags};
use crate::rules::Rule;

use crate::track::conn::connection::Connection;
use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::facts::{CutOff, Fact};
use crate::track::conn::step::Step;
use crate::track::{Direction, Value};

/// What a SYN on known addresses and ports means.
pub(in crate::track) enum Reuse {
    /// It belongs to the connection as it is.
    Same,
    /// It opens a new one.
    New,
    /// Only the other end's answer can tell.
    Undecided,
}

/// No stack asks again sooner once it was refused (Windows waits for half a second): an earlier SYN was on its way already.
const SOONEST_RETRY: Span = Span::from_millis(100);

/// The largest window (RFC 7323 §2.3).
const MAX_WINDOW: i64 = 1 << 30;

impl Connection {
    /// Whether a SYN (without ACK) starts another connection than this one.
    pub(crate) fn reuse(&self, segment: &Segment, msl: Span, idle: Span) -> Reuse {
        let from = self.direction(segment);
        if self.is_own_syn(segment, from) {
            return Reuse::Same;
        }
        let me = &self.ends[from.index()];
        let peer = &self.ends[from.reverse().index()];
        if me.facts.has(Fact::SynSeen) && me.relative(segment.seq) == 0 && me.raw(0) == segment.seq {
            // RFC 9293 §3.10.7.3: a RST that acknowledges the SYN ends the attempt. Whoever tries again afterwards, be it with the
            // same number, opens another connection.
            let refused = self.rare.cut.is_some_and(|cut| {
                cut.how == CutOff::Reset
                    && cut.by != from
                    && !peer.facts.has(Fact::Syn)
                    && segment.ts.since(cut.ts) >= SOONEST_RETRY
            });
            let forgotten = self.is_over() && segment.ts.since(self.last.1) > Span(msl.0.saturating_mul(2));
            return if refused || forgotten { Reuse::New } else { Reuse::Same };
        }
        if self.is_over() || me.fin().is_some() || segment.ts.since(self.last.1) > idle {
            return Reuse::New;
        }
        if from == Direction::FromResponder && self.is_half_open() && !me.facts.has(Fact::SynSeen) {
            return Reuse::Same;
        }
        if self.is_half_open() && peer.count.packets == 0 {
            // The same attempt goes on for as long as its back-off may take; after that it is another one.
            let waited = segment.ts.since(self.last_syn());
            let so_far = self.last_syn().since(self.syn().1).0.max(1_000_000_000);
            return if waited.0 <= so_far.saturating_mul(4) { Reuse::Same } else { Reuse::New };
        }
        Reuse::Undecided
    }

    /// Whether neither number of a segment can be this connection's, which is over, or ends, or has been silent for that
    /// long: another one has taken its ports.
    pub(crate) fn is_foreign(&self, segment: &Segment, silence: Span) -> bool {
        let over = self.ends.iter().any(|end| end.fin().is_some()) || self.is_over();
        let silent = segment.ts.since(self.last.1) > silence;
        let known = self.ends.iter().all(|end| end.facts.has(Fact::SynSeen));
        if !(over || silent) || segment.flags.contains(TcpFlags::RST) || !known {
            return false;
        }
        let from = self.direction(segment);
        let Some(ack) = segment.ack else { return false };
        let ends = [(&self.ends[from.index()], segment.seq), (&self.ends[from.reverse().index()], ack)];
        let elsewhere = ends.iter().all(|(end, seq)| !(0..=end.nxt).contains(&end.relative(*seq)));
        // What the capture missed meanwhile has moved both numbers on, and neither back nor by more than the largest window.
        let far = |(end, seq): &(&Endpoint, SeqNumber)| {
            !(0..=end.nxt.saturating_add(MAX_WINDOW)).contains(&end.relative(*seq))
        };
        elsewhere && (over || ends.iter().any(far))
    }

    /// Whether a segment goes on exactly where both ends had stopped: with the next number, one that waits for its acknowledgment, or a
    /// keep-alive's.
    pub(crate) fn is_continued_by(&self, segment: &Segment) -> bool {
        let from = self.direction(segment);
        let [me, peer] = [&self.ends[from.index()], &self.ends[from.reverse().index()]];
        let goes_on = |end: &Endpoint, seq| (end.una.min(end.nxt) - 1..=end.nxt).contains(&end.relative(seq));
        let known = |end: &Endpoint| end.facts.has(Fact::Numbered);
        (!known(me) || goes_on(me, segment.seq)) && segment.ack.is_none_or(|ack| !known(peer) || goes_on(peer, ack))
    }

    /// Whether a SYN+ACK opens another connection: its sender was in the middle of this one, whose own opening would lie before all
    /// that was seen of it.
    pub(crate) fn is_opened_anew(&self, segment: &Segment) -> bool {
        let from = self.direction(segment);
        let [me, peer] = [&self.ends[from.index()], &self.ends[from.reverse().index()]];
        let later = me.relative(segment.seq) >= me.low;
        let acks_later = segment.ack.is_some_and(|ack| peer.facts.has(Fact::Numbered) && peer.relative(ack) > peer.nxt);
        segment.flags.is_syn_ack() && me.is_mid_stream() && (later || acks_later)
    }

    /// This connection began on the addresses and ports of an older one.
    pub(crate) fn check_reuse(&self, old: &Connection, step: &mut Step<'_>, two_msl: Span) {
        let segment = step.segment;
        let (last, last_ts) = old.last;
        step.fire(Rule::PortReused)
            .number("old_flow", old.number)
            .frame("last", last)
            .time("after", segment.ts.since(last_ts));
        let Some(since) = old.time_wait_since().filter(|_| segment.flags.is_syn()) else { return };
        if segment.ts.since(since) > two_msl {
            return;
        }
        let before = &old.ends[old.direction(segment).index()];
        let above = before.relative(segment.seq) > before.nxt;
        let newer = segment
            .options
            .timestamps
            .filter(|_| before.facts.has(Fact::Timestamps))
            .map(|(tsval, _)| (tsval, tsval.wrapping_sub(before.tsval) as i32 > 0));
        // RFC 6191 §2: either of the two makes the old segments recognisable.
        if above || newer.is_some_and(|(_, newer)| newer) {
            return;
        }
        let old_seq = before.raw(before.nxt);
        let old_tsval = before.tsval;
        let finding = step.fire(Rule::TimeWaitReuseUnsafe);
        finding.number("isn", segment.seq.0).number("old_seq", old_seq.0);
        if let Some((tsval, _)) = newer {
            finding.with("tsval", Value::Number(tsval.into())).number("old_tsval", old_tsval);
        }
    }
}
