//! Segments that a third party may have sent: RSTs, SYNs and data that the alleged sender knows nothing of (TC215, TC601 to TC603).
//!
//! A segment cannot prove who sent it; what its alleged sender does next can. So the word waits, as an amendment, for that end
//! to go on as if nothing had happened, for longer than the network holds packets back.

use arrayvec::ArrayVec;

use crate::capture::{Span, Timestamp};
use crate::dissect::TcpFlags;
use crate::rules::{Confidence, Rule};

use crate::track::Direction;
use crate::track::conn::connection::Connection;
use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::facts::{CutOff, Fact};
use crate::track::conn::gaps::Gap;
use crate::track::conn::step::Step;
use crate::track::conn::suspicions::{Damaged, SuspectSegment};

/// So many segments in a row are no accident, and a blind attacker's hardly.
const MIN_SEGMENTS: u32 = 4;

/// The network does not hold packets back for longer, unless the round trip is longer.
const PATIENCE: Span = Span::from_millis(10);

impl Connection {
    /// Both ends are open, as far as the other's segments tell.
    fn is_synchronized(&self) -> bool {
        self.rare.cut.is_none() && self.ends.iter().all(|end| end.facts.has(Fact::Syn) && end.facts.has(Fact::SynAcked))
    }

    fn doubt(&self, rule: Rule, step: &Step<'_>) -> SuspectSegment {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let wanted = me.raw(peer.ack().unwrap_or(me.nxt));
        let segment = step.segment;
        let seq = step.obs.seq;
        SuspectSegment {
            rule,
            frame: segment.frame,
            ts: segment.ts,
            seq,
            end: seq.saturating_add(i64::from(segment.seq_len())),
            fin: step.has(TcpFlags::FIN),
            segments: 1,
            last: (segment.frame, segment.ts),
            raw: segment.seq,
            peer_nxt: peer.nxt,
            wanted,
        }
    }

    /// Waits for what becomes of a segment with data whose checksum does not hold.
    pub(in crate::track) fn watch_damaged(&mut self, step: &Step<'_>, expected: u16) {
        let segment = step.segment;
        if segment.payload_len == 0 {
            return;
        }
        let end = step.obs.seq.saturating_add(i64::from(segment.seq_len()));
        let damaged = Damaged { frame: segment.frame, ts: segment.ts, seq: step.obs.seq, end, expected };
        let _ = self.rare.suspicions.get_or_insert_default().damaged[step.me()].try_push(damaged);
        self.provisional = true;
    }

    /// Something in this connection was said to be a third party's RST.
    pub(in crate::track) fn is_forgery_suspected(&self) -> bool {
        self.rare.found.iter().any(|(rule, _)| *rule == Rule::ResetInjectionSuspected)
    }

    /// A RST on an open connection, at the number that its receiver expects or elsewhere.
    pub(in crate::track) fn doubt_reset(&mut self, step: &mut Step<'_>, exact: bool) {
        let me = &self.ends[step.me()];
        if !self.is_synchronized() || !me.facts.has(Fact::Numbered) || me.low == i64::MAX {
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
        self.rare.suspicions.get_or_insert_default().reset[step.me()] = Some(doubt);
        self.provisional = true;
    }

    /// A RST of which two marks or more are not those of its sender's other segments. True when it is said.
    // A RST without timestamp, with window 0 or with IP ID 0 is what many stacks send: none of these is a mark.
    fn say_forged(&self, step: &mut Step<'_>, exact: bool) -> bool {
        let segment = step.segment;
        let me = &self.ends[step.me()];
        let off = me.rare.off_path.as_deref().filter(|off| off.frame == segment.frame).copied();
        let clock =
            segment.options.timestamps.filter(|_| me.facts.has(Fact::Timestamps)).map(|(tsval, _)| tsval).filter(
                |tsval| {
                    // RFC 7323 §5.4: a clock ticks once a millisecond at most; some tick every microsecond.
                    let ahead = i64::from(tsval.wrapping_sub(me.tsval) as i32);
                    let elapsed = segment.ts.since(me.last_ts).0.max(0) / 1_000;
                    ahead < -10_000 || ahead > elapsed.saturating_add(10_000)
                },
            );
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
        let (last_tsval, at) = (me.tsval, me.raw(self.ends[step.peer()].ack().unwrap_or(me.nxt)));
        let finding = step.fire(Rule::ResetInjectionSuspected);
        finding.confidence(Confidence::Likely);
        if let Some(off) = off {
            off.add_to(finding);
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
    pub(in crate::track) fn doubt_syn(&mut self, step: &Step<'_>) {
        if self.is_synchronized() {
            let doubt = self.doubt(Rule::SynBlind, step);
            self.rare.suspicions.get_or_insert_default().syn[step.me()] = Some(doubt);
            self.provisional = true;
        }
    }

    /// Whether a segment with data lies where no segment of its sender can lie; it does nothing then.
    ///
    /// A capture that loses frames misses windows that the sender knew, so a whole window more is allowed for.
    pub(in crate::track) fn is_outside(&mut self, step: &Step<'_>) -> bool {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        if step.segment.payload_len == 0 || step.has(TcpFlags::SYN) || !self.scale_known() || !self.is_synchronized() {
            return false;
        }
        if me.low == i64::MAX || peer.edge == i64::MIN || peer.ack().is_none() || me.fin().is_some() {
            return false;
        }
        if self.lags(step.from.reverse()) {
            // Its receiver's windows are stored late.
            return false;
        }
        let seq = step.obs.seq;
        // What goes on without a gap is its sender's, and the capture lacks windows.
        let beyond = seq > peer.edge.saturating_add(peer.reach()) && seq != me.nxt;
        // No data has a number below the ISN.
        let below = step.obs.seq_end <= 0;
        let reach = peer.reach();
        if !beyond && !below {
            if let Some(suspicions) = self.rare.suspicions_mut() {
                suspicions.ahead[step.peer()] = None;
            }
            return false;
        }
        let doubt = self.doubt(Rule::SeqOutOfWindow, step);
        let suspicions = self.rare.suspicions.get_or_insert_default();
        let near = |ack: i64| (ack.saturating_sub(reach)..=ack.saturating_add(reach)).contains(&seq);
        if beyond && suspicions.ahead[step.peer()].is_some_and(near) {
            self.skip(step.from, seq, (doubt.frame, doubt.ts));
            return false;
        }
        let outside = &mut suspicions.outside[step.me()];
        match outside {
            Some(first) if first.end == seq => first.go_on(&doubt),
            // Sent again.
            Some(first) if (first.seq..first.end).contains(&seq) => {}
            _ => *outside = Some(doubt),
        }
        // Who goes on from there, segment after segment, has sent what lies before: only the capture has not.
        if let Some(first) = outside.take_if(|first| first.segments >= MIN_SEGMENTS) {
            self.skip(step.from, first.seq, (first.frame, first.ts));
            self.ends[step.me()].nxt = seq;
            return false;
        }
        self.provisional = true;
        true
    }

    /// An acknowledgment beyond all that was sent and all that was allowed. True where the other end has sent as far as that, so
    /// that the capture misses what lies before: what both of them say was not made up.
    pub(in crate::track) fn is_confirmed(&mut self, step: &Step<'_>, ack: i64) -> bool {
        let (from, reach) = (step.from.reverse(), self.ends[step.me()].reach());
        let suspicions = self.rare.suspicions.get_or_insert_default();
        let near = |doubt: &mut SuspectSegment| (doubt.seq..=doubt.end.saturating_add(reach)).contains(&ack);
        let Some(sent) = suspicions.outside[step.peer()].take_if(near) else {
            suspicions.ahead[step.me()] = Some(ack);
            return false;
        };
        self.skip(from, sent.seq, (sent.frame, sent.ts));
        let second = self.ends[step.me()].fin_arrived();
        let sender = &mut self.ends[from.index()];
        sender.nxt = sent.end;
        if sent.fin {
            sender.set_fin(sent.end);
            sender.facts.set(Fact::ClosesSecond, second);
            self.set_fin_frame(from.index(), sent.last);
        }
        true
    }

    /// An end goes on from there: what lies between was not captured.
    fn skip(&mut self, from: Direction, to: i64, (opener, opened): (u64, Timestamp)) {
        if let Some(suspicions) = self.rare.suspicions_mut() {
            suspicions.ahead[from.reverse().index()] = None;
        }
        let sender = &mut self.ends[from.index()];
        sender.rare.gaps.open(Gap {
            from: sender.nxt,
            to,
            opener,
            opened,
            ip_id: 0,
            tsval: None,
            announced: true,
            asked: None,
            acked: None,
        });
        sender.nxt = to;
    }

    /// Whether this end goes on as if what was sent in its name had not been, and says so of that.
    pub(in crate::track) fn check_reaction(&mut self, step: &mut Step<'_>) {
        if self.rare.suspicions.is_none() || step.has(TcpFlags::SYN) {
            return;
        }
        let patience = self.round_trip().max(PATIENCE);
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let (nxt, ack, acked) = (me.nxt, me.ack(), peer.ack());
        // The next bytes in order, or an acknowledgment of more than before.
        let next = step.segment.payload_len > 0 && step.obs.seq == nxt;
        let acks = step.obs.seq == nxt && step.obs.ack > ack && step.obs.ack.is_some_and(|ack| ack <= peer.nxt);
        let goes_on = next || acks;
        // A RST may overtake what was sent before it: data below its number, or an acknowledgment of what had come by then.
        let overtaken = |doubt: &SuspectSegment| {
            let data = next && step.obs.seq >= doubt.seq;
            doubt.rule == Rule::ResetInjectionSuspected && !data && step.obs.ack.is_none_or(|ack| ack <= doubt.peer_nxt)
        };
        let taken = self.rare.cut.is_some_and(|cut| cut.by != step.from || cut.how == CutOff::TimeWaitOver);
        let Some(suspicions) = self.rare.suspicions_mut() else { return };
        let [reset, syn, outside] = [&mut suspicions.reset, &mut suspicions.syn, &mut suspicions.outside];
        // What the other end has acknowledged, it has taken.
        let receiver = outside[step.peer()];
        let allowed = me.edge.saturating_add(1);
        if receiver
            .is_some_and(|doubt| step.obs.ack.is_some_and(|ack| ack > doubt.seq && doubt.seq > 0 && ack <= allowed))
        {
            outside[step.peer()] = None;
        }
        if !goes_on || taken {
            return;
        }
        let mut said = ArrayVec::<SuspectSegment, 3>::new();
        for slot in [&mut reset[step.me()], &mut syn[step.me()], &mut outside[step.me()]] {
            let due = |doubt: &mut SuspectSegment| step.segment.ts.since(doubt.ts) > patience && !overtaken(doubt);
            let Some(doubt) = slot.take_if(due) else { continue };
            if acked.is_some_and(|acked| doubt.rule == Rule::SeqOutOfWindow && doubt.seq > 0 && acked > doubt.seq) {
                continue;
            }
            said.push(doubt);
        }
        for doubt in said {
            self.say_doubt(step, doubt);
        }
    }

    fn say_doubt(&mut self, step: &mut Step<'_>, doubt: SuspectSegment) {
        let mut finding = self.late_finding(doubt.rule, (doubt.frame, doubt.ts), step.from);
        finding.frame("next", step.segment.frame).time("after", step.segment.ts.since(doubt.ts));
        finding.confidence(Confidence::Likely);
        if doubt.rule != Rule::ResetInjectionSuspected {
            finding.number("seq", doubt.raw.0).number("expected", doubt.wanted.0);
        }
        self.amend(step, doubt.frame, vec![finding], &[]);
    }
}

impl Endpoint {
    /// How far beyond its window it may have had data: windows that the capture missed are no larger than the largest without
    /// scaling, or the last one.
    fn reach(&self) -> i64 {
        i64::from(self.window.max(65_535))
    }
}
