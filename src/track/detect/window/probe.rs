//! Probes without an answer: of an idle connection (TC316), and of a window that stays closed (TC312).

use crate::capture::{Span, Timestamp};
use crate::dissect::TcpFlags;
use crate::rules::Rule;

use crate::track::conn::connection::Connection;
use crate::track::conn::endpoint::{Endpoint, RareEnd};
use crate::track::conn::probing::Probing;
use crate::track::conn::step::Step;
use crate::track::detect::conclude::Ended;
use crate::track::shared::recent::RecentSegment;
use crate::track::{Direction, Finding, Note};

impl Endpoint {
    /// Whether its first segments in the capture are keep-alives, as the number that it goes on with shows: one above theirs.
    // RFC 9293 §3.8.4: SEG.SEQ = SND.NXT - 1, so nothing is missing between.
    pub(crate) fn begins_with_keep_alive(&mut self, next: i64) -> bool {
        let first = self.is_mid_stream() && self.low == self.nxt && next == self.nxt + 1;
        if first {
            (self.low, self.nxt, self.una) = (next, next, next);
        }
        first
    }
}

/// So many probes without an answer are no accident.
const MIN_REPEATS: u32 = 3;
/// A window may stay closed for so long.
const STALL: Span = Span::from_secs(5);
/// Maximum number of segments that a probe crosses.
const MAX_CROSSED: usize = 8;
/// An answer that is missing for less may still be on its way.
const ANSWER: Span = Span::from_secs(1);

impl Connection {
    /// Takes any segment as an answer to the other end's probes, and as a witness that the own ones had none.
    pub(in crate::track) fn check_probes(&mut self, step: &mut Step<'_>) {
        if let Some(probing) = self.ends[step.peer()].probing_mut() {
            if !probing.closed {
                self.ends[step.peer()].rare.probing = None;
            } else {
                probing.unanswered = 0;
            }
        }
        let closed = self.closed_for(step.from.reverse(), step.segment.ts);
        let Some(probing) = self.ends[step.me()].probing_mut().filter(|probing| !probing.said) else { return };
        let answered = probing.unanswered < MIN_REPEATS;
        if answered && !(probing.closed && closed.is_some()) {
            return;
        }
        probing.said = true;
        let probing = *probing;
        let mut finding = probing.finding(answered, closed);
        (finding.frame, finding.ts) = (step.segment.frame, step.segment.ts);
        (finding.flow, finding.direction) = (Some(self.number), Some(step.from));
        step.obs.findings.push(finding);
    }

    /// Whether a probe of that end waits for its answer.
    pub(in crate::track) fn is_probed_by(&self, prober: Direction) -> bool {
        self.probe.is_some_and(|(from, _)| from == prober)
    }

    /// Counts this segment when it is a probe.
    pub(in crate::track) fn count_probe(&mut self, step: &Step<'_>) {
        let closed = match step.obs.notes.iter().find(|note| matches!(note, Note::KeepAlive | Note::ZeroWindowProbe)) {
            Some(note) => *note == Note::ZeroWindowProbe,
            None => {
                // Anything but a probe that takes numbers ends an episode of keep-alives.
                if step.segment.seq_len() > 0 {
                    let me = &mut self.ends[step.me()];
                    if let Some(rare) = me.rare.get_mut() {
                        rare.probing.take_if(|probing| !probing.closed);
                    }
                }
                return;
            }
        };
        if self.ends[step.peer()].count.packets == 0 {
            return;
        }
        let now = (step.segment.frame, step.segment.ts);
        let at = (closed && step.segment.payload_len == 1).then_some(step.obs.seq);
        let me = &mut self.ends[step.me()];
        let fresh = Probing { closed, at, unanswered: 0, first: now.1, last: now, said: false };
        let probing = me.rare.probing.get_or_insert_with(|| Box::new(fresh));
        if probing.closed != closed {
            **probing = fresh;
        }
        if probing.unanswered == 0 {
            probing.first = now.1;
        }
        probing.unanswered += 1;
        (probing.last, probing.at) = (now, at);
    }

    /// Whether the other end's window opened so shortly before that the step's sender, which begins at its edge, cannot know.
    pub(in crate::track) fn crosses_the_window(&self, step: &Step<'_>) -> bool {
        let peer = &self.ends[step.peer()];
        let way = peer.leg().unwrap_or_default();
        let mut back = step
            .shared
            .recent
            .back(peer.recent, (self.number, step.from.reverse()), step.segment.frame)
            .take(MAX_CROSSED);
        let received = |passed: &&RecentSegment| !step.segment.ts.since(passed.ts).is_below(90, way);
        let known = back.find(received).and_then(RecentSegment::advert);
        known.is_some_and(|advert| advert.window == 0 && advert.edge == step.obs.seq)
    }

    /// The window opens: whoever probed it is done.
    pub(in crate::track) fn end_stall(&mut self, step: &mut Step<'_>, closed: Span) {
        let limit = self.stall_limit(step.from);
        let prober = &mut self.ends[step.peer()];
        let ends = |rare: &mut RareEnd| rare.probing.take_if(|probing| probing.closed);
        let Some(probing) = prober.rare.get_mut().and_then(ends) else { return };
        if !probing.said && closed > limit && !step.has(TcpFlags::RST) {
            step.fire(Rule::ZeroWindowStall).time("closed", closed);
        }
    }

    /// How long the window of `of` has been closed, where that is too long.
    fn closed_for(&self, of: Direction, now: Timestamp) -> Option<Span> {
        let since = self.ends[of.index()].rare.closed_since?;
        Some(now.since(since)).filter(|closed| *closed > self.stall_limit(of))
    }

    /// Five seconds, or four time-outs of a slow path.
    fn stall_limit(&self, _of: Direction) -> Span {
        STALL.max(Span(self.round_trip().0.saturating_mul(8)))
    }

    /// Probes that had no answer when the capture ended.
    pub(in crate::track) fn conclude_probes(&mut self, ended: Ended, found: &mut Vec<Finding>) {
        for from in [Direction::FromOriginator, Direction::FromResponder] {
            let closed = self.closed_for(from.reverse(), self.last.1);
            let probing = self.ends[from.index()].rare.get_mut().and_then(|rare| rare.probing.take());
            let Some(probing) = probing.filter(|probing| !probing.said) else {
                continue;
            };
            let answered = probing.unanswered < MIN_REPEATS || ended.now.since(probing.last.1) < ANSWER;
            if answered && !(probing.closed && closed.is_some()) {
                continue;
            }
            let mut finding = probing.finding(answered, closed);
            (finding.frame, finding.ts, finding.direction) = (probing.last.0, probing.last.1, Some(from));
            found.push(finding);
        }
    }
}
