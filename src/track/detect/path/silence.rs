//! An end that is silent although it has something to answer: told to the machine that compares connections, which knows whether
//! others were silent too.

use crate::capture::{Span, Timestamp};
use crate::rules::Rule;

use crate::track::conn::connection::Connection;
use crate::track::conn::exchanges::Turn;
use crate::track::conn::path_watch::Silence;
use crate::track::conn::sent::Sent;
use crate::track::conn::step::{Shared, Step};
use crate::track::shared::context::Shift;
use crate::track::shared::stall::{JOINT, Kind, Pause, SHORTEST_SILENCE};
use crate::track::{Direction, Finding};

/// Who is silent for longer has another reason than a stall.
const LONGEST_SILENCE: Span = Span::from_secs(30);
/// So many round trips are no silence.
const ROUND_TRIPS: i64 = 4;
/// A program is silent when it takes so many times as long as ever before.
const TIMES: i64 = 4;

impl Connection {
    /// Whether its sender was silent for long when this segment came.
    #[inline]
    pub(in crate::track) fn was_silent(&self, step: &Step<'_>) -> bool {
        step.segment.ts.since(self.ends[step.me()].last_ts) >= SHORTEST_SILENCE
    }

    /// The sender of this segment has not been heard of for long: whether it had something to answer. Before the segment is taken.
    #[inline(never)]
    pub(in crate::track) fn note_silence(&mut self, step: &mut Step<'_>) {
        let (segment, me) = (step.segment, &self.ends[step.me()]);
        if me.count.packets == 0 || step.shared.skewed {
            return;
        }
        let Some((since, kind)) = self.awaited_since(step) else { return };
        let (start, end) = (since.max(me.last_ts), segment.ts);
        let length = end.since(start);
        let trips = self.round_trip().0.saturating_mul(ROUND_TRIPS);
        if !(SHORTEST_SILENCE..=LONGEST_SILENCE).contains(&length) || length.0 < trips {
            return;
        }
        let pause = Pause {
            flow: self.number,
            hosts: [segment.src.addr, segment.dst.addr],
            start,
            end,
            frame: segment.frame,
            kind,
        };
        let Shared { stalls, recent, .. } = &mut *step.shared;
        stalls.note(pause, recent);
        step.shared.log_shift(|| Shift::Paused(pause));
        self.rare.path.get_or_insert_default().silence = Some(Silence { start, end, kind });
        // What is found on this segment may be part of a stall.
        self.provisional = true;
    }

    /// Since when the sender of this segment had something to answer: data of the other end that its host acknowledges now (or it
    /// repeats its own, which that data acknowledges), or a request that its program answers now, which was much quicker before.
    fn awaited_since(&self, step: &Step<'_>) -> Option<(Timestamp, Kind)> {
        let (segment, peer) = (step.segment, &self.ends[step.peer()]);
        let me = &self.ends[step.me()];
        let answers = |sent: &&Sent| {
            let acks = segment.ack.is_some_and(|ack| peer.relative(ack) >= sent.end);
            // What was on its way to its host when all stood still comes first.
            !sent.probe && (acks || me.relative(segment.seq) < me.nxt)
        };
        if let Some(oldest) = peer.flight.front().filter(answers) {
            return Some((oldest.ts, Kind::Host));
        }
        let asked = matches!(self.turn, Turn::Request | Turn::Repeated) && step.from == Direction::FromResponder;
        let usual = self.exchange_summary()?.server_time?.max;
        let since = peer.last_data().filter(|_| asked && segment.payload_len > 0)?;
        (usual.0.saturating_mul(TIMES) <= segment.ts.since(since).0).then_some((since, Kind::Program))
    }

    /// Takes note of whether others were silent too, once all that were have been heard of; and then what was found of this
    /// connection in that time refers to the stall.
    pub(in crate::track) fn settle_silence(&mut self, shared: &mut Shared, now: Timestamp) {
        let Some(path) = self.rare.path_mut() else { return };
        let Some(silence) = path.silence.take_if(|silence| now.since(silence.end) > JOINT.doubled()) else { return };
        let Some(stall) = shared.stalls.stall_of(self.number, silence.end) else { return };
        let length = silence.end.since(silence.start);
        let Span(stalled) = &mut path.stalled[silence.kind as usize];
        *stalled = stalled.saturating_add(length.0);
        for mut finding in shared.stalls.found_between(self.number, (silence.start, silence.end)) {
            if self.rare.pending.holds(finding.frame, finding.rule) {
                let frame = finding.frame;
                finding.frame("stall", stall);
                self.amend_in(shared, frame, vec![finding], &[]);
            }
        }
    }

    /// Has the findings of a segment kept for a while that a stall may explain.
    #[inline(never)]
    pub(in crate::track) fn keep_for_stall(&self, step: &mut Step<'_>) {
        for finding in step.obs.findings.iter().filter(|finding| is_of_waiting(finding)) {
            step.shared.stalls.keep(finding);
        }
    }
}

/// Whether a finding is about time that passed.
fn is_of_waiting(finding: &Finding) -> bool {
    use Rule::*;
    matches!(
        finding.rule,
        SynRetransmission
            | Retransmission
            | FastRetransmission
            | TimeoutRetransmission
            | TailLossProbe
            | AckDelayExcessive
            | SlowResponse
    )
}
