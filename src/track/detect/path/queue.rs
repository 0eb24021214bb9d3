//! Round trips that grow with the bytes in flight and fall with them: a buffer on the path that fills (TC705).
//!
//! A queue lets segments through all the time, so each acknowledgment comes a little later than the one before. A stall makes many
//! wait at once, and a delayed acknowledgment one: neither is taken for a queue.

use crate::capture::Span;
use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::Connection;
use crate::track::conn::path_watch::Queue;
use crate::track::conn::step::Step;
use crate::track::{Direction, Finding};

/// So many times the shortest round trip, and so much more than it, is long.
const TIMES: i64 = 4;
const LONGER: Span = Span::from_millis(100);
/// Acknowledgments in a row that show a queue and no accident.
const ROW: u16 = 8;
/// Below so many bytes in flight no buffer is full.
const FEWEST_BYTES: u64 = 8 * 1024;

impl Connection {
    /// Takes a round trip that is long, or any of a connection of which something stands out.
    #[inline(never)]
    pub(in crate::track) fn note_queue(&mut self, step: &Step<'_>, rtt: Span) {
        let sender = &self.ends[step.peer()];
        let (Some(least), Some(acked)) = (sender.rtt.min(), step.obs.acked.as_ref()) else { return };
        let limit = Span(least.0.saturating_mul(TIMES)).max(Span(least.0.saturating_add(LONGER.0)));
        // What was in flight when the acknowledged segment was sent, as long as the flight does not change much.
        let in_flight = acked.bytes.saturating_add(sender.in_flight());
        let long = rtt > limit && in_flight >= FEWEST_BYTES;
        if !long && self.rare.path.as_deref().is_none_or(|path| path.queues[step.peer()].is_none()) {
            return;
        }
        let queue = self.rare.path.get_or_insert_default().queues[step.peer()].get_or_insert_default();
        if long {
            queue.add(step, (rtt, limit), in_flight);
        } else {
            queue.row = 0;
            let most = queue.most.0.saturating_sub(least.0);
            let fell = rtt.0.saturating_sub(least.0) <= most / 2 && in_flight <= queue.most_in_flight / 2;
            if queue.most > Span(0) && queue.after.is_none() && fell {
                (queue.after, queue.after_in_flight) = (Some(rtt), in_flight);
            }
        }
    }

    /// Says where round trips grew and fell with the bytes in flight.
    pub(in crate::track) fn conclude_queues(&self, found: &mut Vec<Finding>) {
        for from in [Direction::FromOriginator, Direction::FromResponder] {
            let Some((queue, least)) = self.queue(from) else { continue };
            let Some(rtt) = queue.after else { continue };
            let mut finding = self.late_finding(Rule::QueueBuilds, (queue.frame, queue.ts), from.reverse());
            finding
                .time("least", least)
                .time("most", queue.most)
                .bytes("in_flight", queue.most_in_flight)
                .word("towards", from.reverse().sender())
                .time("after", rtt)
                .bytes("then_in_flight", queue.after_in_flight)
                .confidence(Confidence::Likely);
            found.push(finding);
        }
    }

    /// The queue on the way from there, and the shortest round trip, where the round trips prove one.
    fn queue(&self, from: Direction) -> Option<(Queue, Span)> {
        let queue = self.rare.path.as_deref()?.queues[from.index()].filter(|queue| queue.after.is_some())?;
        Some((queue, self.ends[from.index()].rtt.min()?))
    }

    /// What a queue added to a round trip, on the way from there.
    pub(in crate::track) fn queued(&self, from: Direction) -> Option<Span> {
        self.queue(from).map(|(queue, least)| Span(queue.most.0.saturating_sub(least.0)))
    }
}

impl Queue {
    /// Takes a long round trip.
    fn add(&mut self, step: &Step<'_>, (rtt, limit): (Span, Span), in_flight: u64) {
        let now = step.segment.ts;
        // Acknowledgments that stop, or a round trip that jumps, are a stall's.
        let steady = now.since(self.last).0 <= rtt.0 / 2 && rtt.0.abs_diff(self.last_rtt.0) <= rtt.0.unsigned_abs() / 2;
        if self.row > 0 && steady {
            self.row = self.row.saturating_add(1);
        } else {
            (self.row, self.began) = (u16::from(rtt.0 <= limit.0.saturating_mul(2)), now);
        }
        (self.last, self.last_rtt) = (now, rtt);
        if self.row >= ROW && now.since(self.began) >= LONGER && rtt > self.most {
            (self.most, self.most_in_flight) = (rtt, in_flight);
            (self.frame, self.ts, self.after) = (step.segment.frame, now, None);
        }
    }
}
