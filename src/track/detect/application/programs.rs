//! What the programs at both ends did with a network that worked (TC8): writes that wait for acknowledgments, connections that
//! are ended while they idle, and clients that give up. Exchanges have a file of their own.

use crate::capture::{Span, Timestamp};
use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::{Connection, Cut};
use crate::track::conn::exchanges::Turn;
use crate::track::conn::facts::{CutOff, Fact};
use crate::track::conn::programs::{LateAck, Pause, Stalls};
use crate::track::conn::step::Step;
use crate::track::{Direction, Finding, SegmentEffect};

/// RFC 9293 §3.8.6.3 allows half a second; what delays acknowledgments does so for at least this long (Linux 40 ms).
const SHORTEST_DELAY: Span = Span::from_millis(35);
const LONGEST_DELAY: Span = Span::from_millis(500);
/// How soon after an acknowledgment a write that waited for it leaves, besides the way to its host and back.
const AT_ONCE: Span = Span::from_millis(5);
/// An answer to an acknowledgment comes no sooner than this share of the shortest round trip.
const SHORTEST_WAY_PERCENT: i64 = 90;
/// Fewer may be chance.
const FEWEST_STALLS: u32 = 3;
/// Middleboxes forget connections that idle for longer than this (RFC 5382 REQ-5 asks for two hours; 30 s is the least seen).
const LONG_PAUSE: Span = Span::from_secs(30);
/// So many segments without any answer are silence.
const UNANSWERED: u64 = 3;

/// Idle time-outs that are known, with whose they are.
// RFC 5382 §5 asks for two hours and four minutes; these are what vendors document.
const TIME_OUTS: [(Span, &str); 6] = [
    (Span::from_secs(60), "60 s: a proxy's or balancer's (nginx, HAProxy, AWS ALB)"),
    (Span::from_secs(180), "180 s: a mobile network's"),
    (Span::from_secs(300), "300 s: a firewall's"),
    (Span::from_secs(350), "350 s: an AWS NAT gateway's or network balancer's"),
    (Span::from_secs(900), "900 s: a firewall's"),
    (Span::from_secs(3600), "3600 s: a firewall's (Cisco ASA, Linux conntrack behind a balancer)"),
];

impl Connection {
    /// Looks at what a segment that was taken means for the programs; `before` is the time of the segment before it.
    #[inline]
    pub(in crate::track) fn note_application(&mut self, step: &Step<'_>, before: Timestamp) {
        if matches!(step.obs.effect, SegmentEffect::Copy(_) | SegmentEffect::Stray | SegmentEffect::Outside) {
            return;
        }
        let waited = step.segment.ts.since(before);
        if waited >= LONG_PAUSE {
            let packets =
                [0, 1].map(|end: usize| self.ends[end].count.packets.saturating_sub(u64::from(end == step.me())));
            let application = self.rare.application.get_or_insert_default();
            application.pause = Some(Pause { length: waited, frame: step.segment.frame, packets });
        }
        let late = step.obs.acked.as_ref().and_then(|acked| acked.rtt).is_some_and(|rtt| rtt >= SHORTEST_DELAY);
        if late && step.segment.payload_len == 0 {
            self.note_late_ack(step);
        } else if step.segment.payload_len > 0 && self.rare.application.is_some() {
            self.note_write(step);
        }
    }

    /// An acknowledgment of one small segment, and of all that was sent, that was delayed.
    #[inline(never)]
    fn note_late_ack(&mut self, step: &Step<'_>) {
        let (receiver, sender) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let Some(acked) = step.obs.acked.as_ref() else { return };
        let small = acked.bytes > 0 && acked.bytes < u64::from(receiver.mss.max(536));
        let leg = sender.shortest_leg();
        let Some(delay) = acked.rtt.zip(leg).map(|(rtt, leg)| Span(rtt.0.saturating_sub(leg.0))) else { return };
        if small && sender.flight.is_empty() && (SHORTEST_DELAY..=LONGEST_DELAY).contains(&delay) {
            let application = self.rare.application.get_or_insert_default();
            let tsval = step.segment.options.timestamps.map(|(tsval, _)| tsval);
            application.late_ack = Some(LateAck { writer: step.from.reverse(), ts: step.segment.ts, delay, tsval });
        }
    }

    /// New data: whether it waited for the late acknowledgment before it.
    // RFC 896 (Nagle): a small segment waits while an earlier one is unacknowledged; §4.2.3.2 of RFC 1122 lets that acknowledgment wait.
    #[inline(never)]
    fn note_write(&mut self, step: &Step<'_>) {
        let receiver = &self.ends[step.peer()];
        let (way_back, shortest) = (receiver.leg().unwrap_or_default(), receiver.shortest_leg().unwrap_or_default());
        let Some(application) = self.rare.application_mut() else { return };
        let Some(late) = application.late_ack.take() else { return };
        let since = step.segment.ts.since(late.ts);
        let soon = since <= Span(way_back.0.saturating_add(AT_ONCE.0));
        // What was sent before the acknowledgment arrived has not waited for it: it comes sooner than a round trip after it, and
        // echoes an earlier timestamp (RFC 7323 §4.3).
        let echo = step.segment.options.timestamps.map(|(_, echo)| echo);
        let before = since.is_below(SHORTEST_WAY_PERCENT, shortest)
            || late.tsval.zip(echo).is_some_and(|(tsval, echo)| (echo.wrapping_sub(tsval) as i32) < 0);
        if late.writer == step.from && soon && !before && !step.obs.is_retransmission() {
            let stalls = &mut application.stalls;
            stalls.count += 1;
            stalls.total = Span(stalls.total.0.saturating_add(late.delay.0));
            stalls.first.get_or_insert((step.from, step.segment.frame, step.segment.ts));
        }
    }

    /// The findings about the programs that only the end brings; before the last exchange is counted.
    pub(in crate::track) fn conclude_application(&self, found: &mut Vec<Finding>) {
        self.conclude_stalls(found);
        // Where keep-alives were not answered, the host is gone, and everything after that follows from it.
        let gone = |found: &[Finding]| found.iter().any(|finding| finding.rule == Rule::KeepAliveUnanswered);
        if gone(found) || self.rare.found.iter().any(|(rule, _)| *rule == Rule::KeepAliveUnanswered) {
            return;
        }
        let reset = self.rare.cut.filter(|cut| cut.how != CutOff::TimeWaitOver && self.opened());
        if !self.conclude_pause(reset, found)
            && let Some(cut) = reset
        {
            self.conclude_abandoned(cut, found);
        }
    }

    /// Which end's writes waited for delayed acknowledgments, and for how long in all, where that was said.
    pub(in crate::track) fn ack_waits(&self) -> Option<(Direction, Span)> {
        let stalls = self.rare.application.as_deref()?.stalls;
        let (who, ..) = stalls.first.filter(|_| stalls.count >= FEWEST_STALLS)?;
        Some((who, stalls.total))
    }

    /// The last long time without a segment, and whether it is like a middlebox's time-out.
    pub(in crate::track) fn idle_time(&self) -> (Span, bool) {
        let Some(pause) = self.rare.application.as_deref().and_then(|application| application.pause) else {
            return (Span(0), false);
        };
        let called_for = self.rare.cut.is_none_or(|cut| cut.frame != pause.frame);
        (pause.length, called_for && TIME_OUTS.iter().any(|(known, _)| is_near(pause.length, *known)))
    }

    /// Both ends answered while it was being opened.
    fn opened(&self) -> bool {
        self.ends.iter().all(|end| end.facts.has(Fact::Syn))
    }

    fn conclude_stalls(&self, found: &mut Vec<Finding>) {
        let Some(Stalls { count, total, first: Some((from, frame, ts)) }) =
            self.rare.application.as_deref().map(|of| of.stalls)
        else {
            return;
        };
        if count >= FEWEST_STALLS {
            let mut finding = self.late_finding(Rule::DelayedAckStall, (frame, ts), from);
            finding.confidence(Confidence::Likely).word("who", from.sender());
            finding.with("times", crate::track::Value::Count(count.into(), "write")).time("total", total);
            found.push(finding);
        }
    }

    /// After a long pause somebody cut the connection off, or did not answer any more. True when that was said.
    fn conclude_pause(&self, reset: Option<Cut>, found: &mut Vec<Finding>) -> bool {
        let Some(pause) = self.rare.application.as_deref().and_then(|application| application.pause) else {
            return false;
        };
        let sent = [0, 1].map(|end: usize| self.ends[end].count.packets.saturating_sub(pause.packets[end]));
        let (from, at, how) = match reset {
            // Its sender has said nothing since the pause but this.
            Some(cut) if sent[cut.by.index()] <= 1 && self.ends.iter().all(|end| end.fin().is_none()) => {
                (cut.by, (cut.frame, cut.ts), "a RST ended it")
            }
            Some(_) => return false,
            None => {
                let silent = match sent {
                    [more, 0] if more >= UNANSWERED => Direction::FromResponder,
                    [0, more] if more >= UNANSWERED => Direction::FromOriginator,
                    _ => return false,
                };
                // Somebody whose data is acknowledged speaks, though the capture does not show it.
                let [heard, end] = [&self.ends[silent.reverse().index()], &self.ends[silent.index()]];
                let unseen = end.count.packets == 0 || end.trouble().missed_bytes > 0 || !end.rare.gaps.is_empty();
                if heard.flight.is_empty() || unseen {
                    return false;
                }
                (silent, self.last, "nothing was answered any more")
            }
        };
        let mut finding = self.late_finding(Rule::IdleReset, at, from);
        finding.confidence(Confidence::Likely).time("idle", pause.length).word("how", how);
        let known = TIME_OUTS.into_iter().find(|(known, _)| is_near(pause.length, *known));
        // A RST that nothing called for is rather the time-out of who sent it.
        if let Some((_, known)) = known.filter(|_| at.0 != pause.frame) {
            finding.word("like", known);
        }
        found.push(finding);
        true
    }

    /// The client gave up before it had an answer.
    fn conclude_abandoned(&self, cut: Cut, found: &mut Vec<Finding>) {
        let [client, server] = &self.ends;
        let closing = client.fin().is_some() || server.fin().is_some();
        let what = match self.turn {
            Turn::Nobody if client.last_data().is_none() && server.last_data().is_none() => {
                "the handshake, before it sent anything"
            }
            Turn::Request | Turn::Repeated => "its request, before an answer came",
            _ => return,
        };
        // A client that acknowledged what nobody sent resets because of that.
        let confused = self.has_found(Rule::HandshakeWrongAck);
        if cut.by == Direction::FromOriginator && !closing && !confused && self.client_known {
            let mut finding = self.late_finding(Rule::Abandoned, (cut.frame, cut.ts), cut.by);
            let since = client.last_data().unwrap_or(server.last_ts);
            finding.word("what", what).time("waited", cut.ts.since(since));
            found.push(finding);
        }
    }
}

/// At, or a little above: timers of middleboxes run in steps.
fn is_near(pause: Span, known: Span) -> bool {
    (known.0..=known.0.saturating_add(known.0 / 20).saturating_add(1_000_000_000)).contains(&pause.0)
}
