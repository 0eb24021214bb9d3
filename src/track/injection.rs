//! Segments that a third party may have sent: RSTs, SYNs and data that the alleged sender knows nothing of (TC215, TC601 to TC603).
//!
//! A segment cannot prove who sent it; what its alleged sender does next can. So the word waits, as an amendment, for that end
//! to go on as if nothing had happened, for longer than the network holds packets back.

use crate::capture::{Span, Timestamp};
use crate::dissect::{SeqNumber, TcpFlags};
use crate::rules::{Confidence, Rule};

use super::challenge::Draw;
use super::connection::Connection;
use super::facts::CutOff;
use super::step::Step;

/// What waits for its alleged sender's reaction. Allocated with the first doubt; by the index of the sender.
#[derive(Debug, Default)]
pub(super) struct Watch {
    reset: [Option<Doubt>; 2],
    syn: [Option<Doubt>; 2],
    outside: [Option<Doubt>; 2],
    /// Unacceptable segments that draw an ACK.
    pub draws: [Option<Draw>; 2],
}

impl Watch {
    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        let Self { reset, syn, outside, draws } = self;
        let doubts = [reset, syn, outside];
        doubts.into_iter().flatten().all(Option::is_none) && draws.iter().all(Option::is_none)
    }
}

/// A segment in doubt.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    rule: Rule,
    frame: u64,
    ts: Timestamp,
    seq: i64,
    raw: SeqNumber,
    /// Where its receiver expected it.
    wanted: SeqNumber,
}

/// The network does not hold packets back for longer, unless the round trip is longer.
const PATIENCE: Span = Span::from_millis(10);

impl Connection {
    /// Both ends are open, as far as the other's segments tell.
    fn is_synchronized(&self) -> bool {
        self.cut.is_none() && self.ends.iter().all(|end| end.facts.syn && end.facts.syn_acked)
    }

    fn doubt(&self, rule: Rule, step: &Step<'_>) -> Doubt {
        let me = &self.ends[step.me()];
        let wanted = me.raw(self.ends[step.peer()].ack.unwrap_or(me.nxt));
        let segment = step.segment;
        Doubt { rule, frame: segment.frame, ts: segment.ts, seq: step.obs.seq, raw: segment.seq, wanted }
    }

    /// A RST on an open connection, at the number that its receiver expects or elsewhere.
    pub(super) fn doubt_reset(&mut self, step: &mut Step<'_>, exact: bool) {
        let me = &self.ends[step.me()];
        if !self.is_synchronized() || !me.facts.numbered || me.low == i64::MAX {
            return;
        }
        // RFC 9293 §3.5.2: an answer to a segment without ACK has number 0, and an answer to one that is out of date has
        // the number which that one acknowledged.
        let explained = step.segment.seq.0 == 0 || (me.low..=me.nxt).contains(&step.obs.seq);
        if !exact && explained {
            return;
        }
        if self.say_forged(step, exact) {
            return;
        }
        let rule = if exact { Rule::ResetInjectionSuspected } else { Rule::ResetBlind };
        let doubt = self.doubt(rule, step);
        self.watch.get_or_insert_default().reset[step.me()] = Some(doubt);
        self.provisional = true;
    }

    /// A RST of which two marks or more are not those of its sender's other segments. True when it is said.
    // A RST without timestamp, with window 0 or with IP ID 0 is what many stacks send: none of these is a mark.
    fn say_forged(&self, step: &mut Step<'_>, exact: bool) -> bool {
        let segment = step.segment;
        let me = &self.ends[step.me()];
        let off = me.path.last_off(segment);
        let clock =
            segment.options.timestamps.filter(|_| me.facts.timestamps).map(|(tsval, _)| tsval).filter(|tsval| {
                // RFC 7323 §5.4: a clock ticks once a millisecond at most; some tick every microsecond.
                let ahead = i64::from(tsval.wrapping_sub(me.tsval) as i32);
                let elapsed = segment.ts.since(me.last_ts).0.max(0) / 1_000;
                ahead < -10_000 || ahead > elapsed.saturating_add(10_000)
            });
        let window = u64::from(segment.window) << me.wscale.unwrap_or(0).min(14);
        let usual = u64::from(me.window);
        let window_off = segment.window != 0 && usual > 0 && (window > usual * 16 || window < usual / 16);
        let window_off = window_off && u64::from(segment.window) != usual;
        let signs = off.map_or(0, |off| off.signs())
            + u32::from(!exact)
            + u32::from(clock.is_some())
            + u32::from(window_off && off.is_some());
        if signs < 2 {
            return false;
        }
        let (last_tsval, at) = (me.tsval, me.raw(self.ends[step.peer()].ack.unwrap_or(me.nxt)));
        let finding = step.fire(Rule::ResetInjectionSuspected);
        finding.confidence(Confidence::Likely);
        if let Some(off) = off {
            off.tell(finding);
        }
        if let Some(tsval) = clock {
            finding.number("tsval", tsval).number("last_tsval", last_tsval);
        }
        if !exact {
            finding.number("seq", segment.seq.0).number("expected", at.0);
        }
        if window_off {
            finding.bytes("window", window).bytes("last_window", usual);
        }
        true
    }

    /// A SYN with another number on an open connection.
    pub(super) fn doubt_syn(&mut self, step: &Step<'_>) {
        if self.is_synchronized() {
            let doubt = self.doubt(Rule::SynBlind, step);
            self.watch.get_or_insert_default().syn[step.me()] = Some(doubt);
            self.provisional = true;
        }
    }

    /// Whether a segment with data lies where no segment of its sender can lie; it does nothing then.
    ///
    /// A capture that loses frames misses windows that the sender knew, so a whole window more is allowed for.
    pub(super) fn is_outside(&mut self, step: &Step<'_>) -> bool {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        if step.segment.payload_len == 0 || step.has(TcpFlags::SYN) || !self.scale_known() || !self.is_synchronized() {
            return false;
        }
        if me.low == i64::MAX || peer.edge == i64::MIN || peer.ack.is_none() || me.fin.is_some() {
            return false;
        }
        let beyond = step.obs.seq > peer.edge.saturating_add(i64::from(peer.window.max(65_535)));
        // No data has a number below the ISN.
        let below = step.obs.seq_end <= 0;
        if beyond || below {
            let doubt = self.doubt(Rule::SeqOutOfWindow, step);
            self.watch.get_or_insert_default().outside[step.me()] = Some(doubt);
            self.provisional = true;
        }
        beyond || below
    }

    /// Whether this end goes on as if what was sent in its name had not been, and says so of that.
    pub(super) fn check_reaction(&mut self, step: &mut Step<'_>) {
        if self.watch.is_none() || step.has(TcpFlags::SYN) {
            return;
        }
        let patience = self.round_trip().max(PATIENCE);
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let (nxt, ack, acked) = (me.nxt, me.ack, peer.ack);
        // The next bytes in order, or an acknowledgment of more than before.
        let next = step.segment.payload_len > 0 && step.obs.seq == nxt;
        let acks = step.obs.seq == nxt && step.obs.ack > ack && step.obs.ack.is_some_and(|ack| ack <= peer.nxt);
        let goes_on = next || acks;
        let taken = self.cut.is_some_and(|cut| cut.by != step.from || cut.how == CutOff::TimeWaitOver);
        let Some(watch) = self.watch.as_deref_mut() else { return };
        let [reset, syn, outside] = [&mut watch.reset, &mut watch.syn, &mut watch.outside];
        // What the other end has acknowledged, it has taken.
        let receiver = outside[step.peer()];
        if receiver.is_some_and(|doubt| step.obs.ack.is_some_and(|ack| ack > doubt.seq && doubt.seq > 0)) {
            outside[step.peer()] = None;
        }
        if !goes_on || taken {
            return;
        }
        let mut said = arrayvec::ArrayVec::<Doubt, 3>::new();
        for slot in [&mut reset[step.me()], &mut syn[step.me()], &mut outside[step.me()]] {
            let Some(doubt) = slot.take_if(|doubt| step.segment.ts.since(doubt.ts) > patience) else { continue };
            if acked.is_some_and(|acked| doubt.rule == Rule::SeqOutOfWindow && doubt.seq > 0 && acked > doubt.seq) {
                continue;
            }
            said.push(doubt);
        }
        for doubt in said {
            self.say_doubt(step, doubt);
        }
    }

    fn say_doubt(&mut self, step: &mut Step<'_>, doubt: Doubt) {
        let mut finding = self.late_finding(doubt.rule, (doubt.frame, doubt.ts), step.from);
        finding.frame("next", step.segment.frame).time("after", step.segment.ts.since(doubt.ts));
        finding.confidence(Confidence::Likely);
        if doubt.rule != Rule::ResetInjectionSuspected {
            finding.number("seq", doubt.raw.0).number("expected", doubt.wanted.0);
        }
        self.amend(step, doubt.frame, vec![finding], &[]);
    }
}
