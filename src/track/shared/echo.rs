//! A capture in which every packet comes again, after the same time, though nothing in it tells the copy from a packet that was sent
//! again: two capture points that look alike, where stacks send no IP ID (TC908).

use std::collections::VecDeque;

use crate::capture::{Span, Timestamp};
use crate::dissect::{Segment, TcpFlags};

use crate::track::shared::recent::{PassingSegment, RecentSegment, RecentSegments};
use crate::track::shared::taps::Route;

/// What came again so far, and what is still expected to.
#[derive(Debug, Default)]
pub(in crate::track) struct Echo {
    /// How long after the first copies the second ones come.
    after: Span,
    /// They come from another place than the first ones, as far as that can be told: what comes twice in one place is the network's.
    elsewhere: bool,
    /// First copies, oldest first, that have not come again.
    waiting: VecDeque<(u64, Timestamp)>,
    /// How many have come again, bare acknowledgments and SYNs among them, and how many have not.
    heard: u32,
    bare: u32,
    syns: u32,
    missed: u32,
    /// It listens from this frame on: where it begins it looks through as many packets as lie between, and not each time it fails.
    rests_until: u64,
}

/// No further apart are two capture points.
const MAX_DISTANCE: Span = Span::from_secs(2);
/// Distances are the same within this.
const SLACK: Span = Span::from_millis(1);
/// More packets than this are not waited for.
const MAX_WAITING: usize = 1_024;
/// Maximum number of the next first copies that may have been overtaken.
const MAX_OVERTAKEN: usize = 16;
/// So many packets that come again in a row, with none that does not, and a bare acknowledgment among them, which no timer sends, are
/// no retransmissions.
const MIN_HEARD: u32 = 4;
/// The same from a SYN on.
const MIN_HEARD_FROM_SYN: u32 = 3;

impl Echo {
    /// Whether there is anything to compare with.
    #[inline]
    pub(crate) fn listens(&self) -> bool {
        self.heard > 0
    }

    /// How many packets have come again in a row.
    pub(crate) fn heard(&self) -> u32 {
        self.heard
    }

    /// Whether everything is known to come again, and a packet `after` its like is its second copy.
    pub(crate) fn returns(&self, route: Route, after: Span) -> bool {
        route.is_elsewhere() == self.elsewhere && self.is_known() && self.is_distance(after)
    }

    fn is_known(&self) -> bool {
        let least = if self.syns > 0 { MIN_HEARD_FROM_SYN } else { MIN_HEARD };
        self.heard >= least && self.bare > 0 && self.missed <= self.heard / 8
    }

    fn is_distance(&self, after: Span) -> bool {
        (after.0 - self.after.0).abs() <= SLACK.0
    }

    /// Takes a packet, and the one like it that passed before.
    pub(crate) fn hear(
        &mut self,
        segment: &Segment,
        seen: &PassingSegment,
        like: Option<&RecentSegment>,
        recent: &RecentSegments,
    ) {
        let after = like.map(|like| seen.ts.since(like.ts));
        if !self.listens() {
            if seen.frame < self.rests_until {
                return;
            }
            let Some(like) = like.filter(|_| after.is_some_and(|after| after.0 > 0 && after <= MAX_DISTANCE)) else {
                return;
            };
            let later = recent.newest_first().take(MAX_WAITING).take_while(|passed| passed.frame > like.frame);
            let mut waiting: VecDeque<(u64, Timestamp)> = later.map(|passed| (passed.hash, passed.ts)).collect();
            waiting.make_contiguous().reverse();
            self.rests_until = seen.frame.saturating_add(waiting.len() as u64);
            if waiting.len() >= MAX_WAITING {
                return;
            }
            let elsewhere = Route::between(like, seen).is_elsewhere();
            *self = Self { after: seen.ts.since(like.ts), elsewhere, waiting, ..self.forgotten() };
            return self.count(segment);
        }
        while let Some((_, ts)) = self.waiting.front().copied()
            && seen.ts.since(ts).0 > self.after.0 + SLACK.0
        {
            self.waiting.pop_front();
            self.missed += 1;
        }
        let same = |(hash, ts): &(u64, Timestamp)| *hash == seen.hash && self.is_distance(seen.ts.since(*ts));
        let at = self.waiting.iter().take(MAX_OVERTAKEN).position(same);
        if let Some(at) = at {
            self.waiting.remove(at);
            self.count(segment);
        } else if self.waiting.len() >= MAX_WAITING || like.is_some() && !self.is_known() {
            // What comes again and again does not come for a second capture point.
            *self = self.forgotten();
        } else {
            self.waiting.push_back((seen.hash, seen.ts));
        }
        if self.missed > self.heard / 8 {
            *self = self.forgotten();
        }
    }

    /// One that has heard nothing.
    fn forgotten(&self) -> Self {
        Self { rests_until: self.rests_until, ..Self::default() }
    }

    fn count(&mut self, segment: &Segment) {
        self.heard = self.heard.saturating_add(1);
        self.bare += u32::from(self.bare == 0 && segment.seq_len() == 0 && segment.flags.0 == TcpFlags::ACK.0);
        self.syns += u32::from(self.syns == 0 && segment.flags.contains(TcpFlags::SYN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::SeqNumber;
    use crate::track::Direction;
    use crate::track::shared::recent::Cursor;
    use crate::track::tracker::flood::tests::syn;

    #[test]
    fn one_that_fails_again_and_again_looks_back_no_further_than_packets_have_passed() {
        let (mut echo, mut recent, mut end) = (Echo::default(), RecentSegments::default(), Cursor::default());
        let (who, mut looked_through) = ((1, Direction::FromOriginator), 0);
        for frame in 1..=10_000_u64 {
            // The same segments in turn, each as far from its like as a capture point would be.
            let (hash, ts) = (frame % 900, Timestamp(frame as i64 * 1_000));
            let (place, ttl, host, seq, payload_len) = (0, 64, 0, SeqNumber(0), 0);
            let seen = PassingSegment { hash, ts, frame, place, ttl, host, seq, payload_len };
            let like = recent.newest_first().take(1_000).find(|passed| passed.hash == seen.hash).copied();
            let silent = !echo.listens();
            echo.hear(&syn(1, 1), &seen, like.as_ref().filter(|_| frame % 3 == 0), &recent);
            if silent && echo.listens() {
                looked_through += echo.waiting.len();
            }
            recent.add(&mut end, who, seen);
        }
        assert!((1..=10_000).contains(&looked_through), "{looked_through}");
    }
}
