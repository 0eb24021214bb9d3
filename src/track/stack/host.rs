//! What the IP IDs of a host count, learnt from its connections: one of them alone cannot tell.
//!
//! Stacks have a counter for the whole host (Windows), one for each destination (Solaris), one for each connection (Linux), the
//! first with its bytes swapped, random numbers, or always 0. Only a connection's own counter shows by a skip that one of its
//! packets is missing.

use std::collections::HashMap;
use std::net::IpAddr;

use arrayvec::ArrayVec;
use foldhash::fast::RandomState;

use crate::capture::{Span, Timestamp};
use crate::dissect::Segment;

use crate::track::Direction;
use crate::track::stack::ip_id::IdRun;

/// One end of a connection.
type End = (u32, Direction);

/// Hosts whose connections were seen to count for themselves, and what tells. Bounded: of further hosts nothing is learnt.
#[derive(Debug, Default)]
pub(in crate::track) struct Stacks {
    hosts: HashMap<Host, Counters, RandomState>,
    /// Number of those that only other trackers know.
    others: usize,
}

/// A host as one destination sees it. Others may stand behind the same address; a stack begins at a time to live of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Host {
    addr: IpAddr,
    towards: IpAddr,
    ttl: u8,
}

/// What one host's connections show of their counters.
#[derive(Debug, Default)]
struct Counters {
    /// Each connection has its own.
    separate: bool,
    /// Runs that were noted last, oldest first.
    runs: ArrayVec<(End, IdRun), MAX_RUNS>,
    /// The ID that was noted last, of which end and when, and how many notes in a row no common counter explains.
    last: Option<(End, u16, Timestamp)>,
    unexplained: u8,
    /// New data after a pause: how often its ID was the next one, and how often IDs had gone to other packets.
    next: u16,
    skips: u16,
    /// Packets that were sent again and had not passed here before: losses that data behind them shows.
    losses: u16,
}

/// Minimum length of a run: a shorter one may be an accident.
const MIN_RUN: u16 = 8;
const MAX_RUNS: usize = 8;
const MAX_HOSTS: usize = 4096;
/// Within this time a host sends at most so many packets as the range says, and they are reordered by at most its lower end.
const MAX_INTERVAL: Span = Span::from_millis(10);
const COMMON_STEPS: std::ops::RangeInclusive<i16> = -256..=4_096;
/// Minimum number of notes in a row that no common counter explains: fewer may be an accident.
const MIN_UNEXPLAINED: u8 = 3;
/// Skips after a pause mean lost packets as long as they are at most this many times as frequent as the losses that are seen
/// otherwise, or pauses without a skip are this many times as frequent.
const SKIP_RATIO: u16 = 3;

impl Host {
    fn of(segment: &Segment) -> Self {
        // Stacks begin at 32, 64, 128 or 255, and no path is as long as half of that.
        let ttl = segment.ttl.checked_next_power_of_two().unwrap_or(u8::MAX);
        Self { addr: segment.src.addr, towards: segment.dst.addr, ttl }
    }
}

impl Stacks {
    fn counters(&mut self, segment: &Segment) -> Option<&mut Counters> {
        let host = Host::of(segment);
        if self.hosts.len() + self.others >= MAX_HOSTS && !self.hosts.contains_key(&host) {
            return None;
        }
        Some(self.hosts.entry(host).or_default())
    }

    /// How many hosts are known here.
    pub(crate) fn known(&self) -> usize {
        self.hosts.len()
    }

    /// That many more are known to other trackers.
    pub(crate) fn know_others(&mut self, number: usize) {
        self.others = self.others.saturating_add(number);
    }

    /// Notes the ID of this segment of an end, and how long a run it ends. Whether its host's connections count each for itself.
    #[cold]
    pub(crate) fn note(&mut self, segment: &Segment, end: End, run: IdRun) -> bool {
        let (Some(counters), Some(id)) = (self.counters(segment), segment.ip_id) else { return false };
        if !counters.separate {
            counters.separate = counters.compare_ids(end, id, segment.ts) || counters.compare_runs(end, run);
        }
        counters.separate
    }

    /// Notes whether new data after a pause has the next ID.
    #[cold]
    pub(crate) fn note_pause(&mut self, segment: &Segment, next: bool) {
        let Some(counters) = self.counters(segment) else { return };
        let count = if next { &mut counters.next } else { &mut counters.skips };
        *count = count.saturating_add(1);
    }

    /// Notes that a packet of this segment's sender was lost before the capture point.
    #[cold]
    pub(crate) fn note_loss(&mut self, segment: &Segment) {
        if let Some(counters) = self.counters(segment) {
            counters.losses = counters.losses.saturating_add(1);
        }
    }

    /// Whether a skip in the IDs of this segment's sender shows that one of its connection's packets is missing: its connections
    /// were seen to count each for itself, and its IDs skip no more than packets are lost.
    pub(crate) fn skips_are_losses(&self, segment: &Segment) -> bool {
        self.hosts.get(&Host::of(segment)).is_some_and(Counters::skips_are_losses)
    }
}

impl Counters {
    fn skips_are_losses(&self) -> bool {
        let credible = self.losses.saturating_mul(SKIP_RATIO).saturating_add(self.next / SKIP_RATIO);
        self.separate && self.skips.max(1) <= credible
    }

    /// Whether connections in turn use IDs that no common counter gives out.
    fn compare_ids(&mut self, end: End, id: u16, now: Timestamp) -> bool {
        let last = self.last.replace((end, id, now));
        let Some((_, last, _)) = last.filter(|(other, _, ts)| *other != end && now.since(*ts) <= MAX_INTERVAL) else {
            return false;
        };
        let explained = COMMON_STEPS.contains(&(id.wrapping_sub(last) as i16));
        self.unexplained = if explained { 0 } else { self.unexplained + 1 };
        self.unexplained >= MIN_UNEXPLAINED
    }

    /// Whether a run went on while another connection sent, which took none of its IDs.
    fn compare_runs(&mut self, end: End, run: IdRun) -> bool {
        let noted = self.runs.iter().rposition(|(other, _)| *other == end);
        if let Some(at) = noted {
            let goes_on = self.runs[at].1.start == run.start;
            if goes_on && self.runs[at..].iter().any(|(other, _)| *other != end) {
                return true;
            }
            self.runs.remove(at);
        }
        if run.length >= MIN_RUN {
            if self.runs.is_full() {
                self.runs.remove(0);
            }
            self.runs.push((end, run));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::Direction::FromOriginator;

    const A: End = (1, FromOriginator);
    const B: End = (2, FromOriginator);

    #[test]
    fn a_run_that_goes_on_while_another_connection_sends_has_a_counter_of_its_own() {
        let mut counters = Counters::default();
        let mut compare = |end, start, length| counters.compare_runs(end, IdRun { start, length });
        assert!(!compare(A, 0, 8) && !compare(B, 0, 8) && !compare(B, 0, 12));
        assert!(compare(A, 0, 12));
    }

    #[test]
    fn a_run_that_begins_anew_shows_nothing() {
        let mut counters = Counters::default();
        let runs = [(A, 0, 8), (B, 0, 8), (A, 12, 3), (B, 12, 3), (A, 12, 11), (B, 12, 2), (A, 30, 9)];
        assert!(!runs.map(|(end, start, length)| counters.compare_runs(end, IdRun { start, length })).contains(&true));
    }

    #[test]
    fn ids_far_apart_at_once_come_from_no_common_counter() {
        let mut counters = Counters::default();
        let mut compare = |end, id| counters.compare_ids(end, id, Timestamp(0));
        assert!(
            ![(A, 100), (B, 101), (A, 140), (B, 139), (A, 160), (B, 30_000), (A, 161)]
                .map(|(e, id)| compare(e, id))
                .contains(&true)
        );
        assert!(compare(B, 30_001));
    }

    #[test]
    fn skips_are_losses_where_they_are_rare_or_losses_are_not() {
        let counters = |next, skips, losses| Counters { separate: true, next, skips, losses, ..Counters::default() };
        assert!(counters(3, 0, 0).skips_are_losses() && counters(3, 1, 0).skips_are_losses());
        assert!(!counters(2, 0, 0).skips_are_losses() && !counters(5, 2, 0).skips_are_losses());
        assert!(counters(0, 3, 1).skips_are_losses() && !counters(0, 4, 1).skips_are_losses());
        assert!(!Counters { next: 9, losses: 9, ..Counters::default() }.skips_are_losses());
    }
}
