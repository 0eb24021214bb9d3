//! Challenge ACKs: what an end answers to a segment that it does not accept (TC604).

use crate::capture::Span;
use crate::dissect::TcpFlags;
use crate::rules::{Confidence, Rule};

use crate::track::Value;
use crate::track::conn::connection::Connection;
use crate::track::conn::facts::Fact;
use crate::track::conn::step::Step;
use crate::track::conn::suspicions::ChallengeTrigger;

/// The answer comes within a round trip, and no sooner than this when that is not known.
const PATIENCE: Span = Span::from_secs(1);

impl Connection {
    /// Notes a segment that draws an ACK although it carries no data: a SYN that comes again, or an ACK that is out of date.
    pub(in crate::track) fn note_unacceptable(&mut self, step: &Step<'_>) {
        let segment = step.segment;
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        if segment.payload_len > 0 || segment.flags.intersects(TcpFlags::RST.with(TcpFlags::FIN)) {
            return;
        }
        if segment.flags.contains(TcpFlags::SYN) {
            // RFC 9293 §3.10.7.4, fourth: in a synchronized state any SYN draws a challenge ACK.
            // Where both opened, each answers the other's SYN+ACK anyway.
            let simultaneous = self.ends[0].facts.has(Fact::SynAck) || self.syn_ack().is_none();
            if !simultaneous && me.facts.has(Fact::Syn) && me.facts.has(Fact::SynAcked) && me.count.packets > 0 {
                self.draw(step, if segment.flags.is_syn() { "SYN" } else { "SYN+ACK" });
            }
            return;
        }
        // §3.10.7.4, first: without payload, RCV.NXT =< SEG.SEQ is what makes it acceptable.
        let behind = me.ack().is_some_and(|newest| step.obs.ack.is_some_and(|ack| ack < newest));
        let older = segment.options.timestamps.is_some_and(|(tsval, _)| (tsval.wrapping_sub(me.tsval) as i32) < 0);
        // RFC 7323 §5.3, R1: an older timestamp draws an ACK too; stacks let off what acknowledges as much as the newest.
        let outdated = behind && older && me.facts.has(Fact::Timestamps);
        let passed = peer.ack().is_some_and(|expected| step.obs.seq < expected)
            && me.facts.has(Fact::Numbered)
            && step.obs.seq < me.nxt;
        if outdated || passed {
            self.draw(step, "ACK");
        }
    }

    /// A RST in the window, but not where it is expected.
    // RFC 5961 §3.2: it draws a challenge ACK; outside the window it draws nothing.
    pub(in crate::track) fn draw_by_reset(&mut self, step: &Step<'_>) {
        self.draw(step, "RST");
    }

    fn draw(&mut self, step: &Step<'_>, what: &'static str) {
        let draw = ChallengeTrigger { frame: step.segment.frame, ts: step.segment.ts, what };
        self.rare.suspicions.get_or_insert_default().draws[step.me()] = Some(draw);
    }

    /// Whether a bare ACK that says nothing new answers an unacceptable segment of the other end; said if so.
    pub(in crate::track) fn answers_unacceptable(&mut self, step: &mut Step<'_>, ack: i64) -> bool {
        let patience = Span(self.round_trip().0.saturating_mul(2)).max(PATIENCE);
        let (last, peer) = (self.ends[step.me()].last_ts, step.peer());
        // Old data, or data behind a gap, draws a duplicate ACK: that explains it better.
        let data = self.ends[peer].rare.last_old.is_some_and(|old| old > last);
        let Some(suspicions) = self.rare.suspicions_mut() else { return false };
        let Some(draw) = suspicions.draws[peer].take() else { return false };
        let after = step.segment.ts.since(draw.ts);
        if data || after > patience || after.0 < 0 {
            return false;
        }
        step.fire(Rule::ChallengeAck)
            .frame("answers", draw.frame)
            .word("what", draw.what)
            .time("after", after)
            .with("ack", Value::Number(ack))
            .confidence(Confidence::Likely);
        true
    }
}
