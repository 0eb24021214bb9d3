//! What an end has sent that is not acknowledged yet.

use crate::capture::Timestamp;
use crate::dissect::{Checksum, Segment};
use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::sent::Sent;

/// More unacknowledged segments than this are not told apart: the oldest are merged.
const MAX_FLIGHT: usize = 4096;

/// More segments than this that go out again in one become one here. An IP packet has room for 44 of 1,460 bytes; of many small ones
/// each repetition would go through all of them.
const MAX_RESENT_AT_ONCE: usize = 64;

/// What fills a gap with more segments than this on either side of it is not told apart: each one would move all of them.
const MAX_MOVED: usize = 512;

impl Endpoint {
    /// Notes that `from..end` went out in this segment for the first time.
    pub(crate) fn send(&mut self, from: i64, end: i64, segment: &Segment) {
        let undamaged = !matches!(segment.checksum, Checksum::Wrong { .. });
        let whole = end - from == i64::from(segment.seq_len()) && undamaged;
        let sent = Sent {
            from,
            end,
            frame: segment.frame,
            ts: segment.ts,
            last_ts: segment.ts,
            ip_id: segment.ip_id.unwrap_or(0),
            probe: false,
            resent: false,
            digest: segment.payload_digest.filter(|_| whole),
        };
        if self.flight.len() >= MAX_FLIGHT {
            self.flight.pop_front();
        }
        match self.flight.back() {
            Some(last) if last.end > end => {
                let at = self.flight.partition_point(|other| other.end < end);
                if at.min(self.flight.len() - at) <= MAX_MOVED {
                    self.flight.insert(at, sent);
                }
            }
            _ => self.flight.push_back(sent),
        }
    }

    /// What carried the number `at` first, where it waits for its acknowledgment.
    pub(crate) fn first_copy(&self, at: i64) -> Option<Sent> {
        let first = self.flight.get(self.flight.partition_point(|sent| sent.end <= at))?;
        (first.from <= at).then_some(*first)
    }

    /// The octet with which a closed window was probed, where it comes last and begins at `from`.
    pub(crate) fn probe_at(&self, from: i64) -> Option<&Sent> {
        self.flight.back().filter(|last| last.probe && last.from == from && last.end == self.nxt)
    }

    /// Notes that what was sent last only probes a closed window.
    pub(crate) fn mark_probe(&mut self, from: i64) {
        if let Some(last) = self.flight.back_mut().filter(|last| last.from == from && last.end == from + 1) {
            last.probe = true;
        }
    }

    /// Forgets the octet with which a closed window was probed: it is sent now, with what follows it.
    pub(crate) fn take_back_probe(&mut self, from: i64) {
        if self.probe_at(from).is_some() {
            self.flight.pop_back();
            self.nxt = from;
        }
    }

    /// Whether something of `from..end` that waits for its acknowledgment went out again before.
    pub(crate) fn has_resent(&self, from: i64, end: i64) -> bool {
        let first = self.flight.partition_point(|sent| sent.end <= from);
        self.flight.range(first..).take_while(|sent| sent.from < end).any(|sent| sent.resent)
    }

    /// Notes that `from..end` went out again.
    pub(crate) fn resend(&mut self, from: i64, end: i64, now: Timestamp) {
        let first = self.flight.partition_point(|sent| sent.end <= from);
        let mut touched = 0;
        for sent in self.flight.range_mut(first..) {
            (sent.resent, sent.last_ts) = (true, now);
            touched += 1;
            if sent.end >= end {
                break;
            }
        }
        if touched > MAX_RESENT_AT_ONCE
            && let Some(last) = self.flight.get(first + touched - 1).copied()
            && let Some(whole) = self.flight.get_mut(first)
        {
            (whole.end, whole.probe, whole.digest) = (last.end, false, None);
            self.flight.drain(first + 1..first + touched);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Socket;

    /// An end that has sent this number of segments of one byte each.
    fn sender(segments: i64) -> Endpoint {
        let mut end = Endpoint::new(Socket { addr: std::net::Ipv4Addr::LOCALHOST.into(), port: 80 });
        for at in 0..segments {
            let frame = at as u64 + 1;
            end.flight.push_back(Sent {
                from: at,
                end: at + 1,
                frame,
                ts: Timestamp(at),
                last_ts: Timestamp(at),
                ip_id: 0,
                probe: false,
                resent: false,
                digest: None,
            });
        }
        end
    }

    #[test]
    fn few_segments_that_go_out_again_in_one_are_told_apart() {
        let mut end = sender(100);
        end.resend(10, 13, Timestamp(500));
        assert_eq!(end.flight.len(), 100);
        assert_eq!(end.first_copy(12).map(|sent| (sent.frame, sent.resent)), Some((13, true)));
        assert_eq!(end.first_copy(13).map(|sent| (sent.frame, sent.resent)), Some((14, false)));
    }

    #[test]
    fn what_fills_a_gap_deep_among_thousands_of_segments_moves_none_of_them() {
        for (segments, told_apart) in [(900, true), (4_000, false)] {
            let mut end = sender(segments);
            let middle = segments / 2;
            end.flight.remove(middle as usize);
            end.send(middle, middle + 1, &crate::track::tracker::flood::tests::syn(1, 1));
            assert_eq!(end.first_copy(middle).is_some(), told_apart);
            assert!(end.flight.iter().is_sorted_by_key(|sent| sent.from));
        }
    }

    #[test]
    fn many_segments_that_go_out_again_in_one_become_one() {
        let mut end = sender(4_000);
        end.resend(1_000, 3_000, Timestamp(5_000));
        assert_eq!(end.flight.len(), 2_001);
        let whole = end.first_copy(2_500).unwrap();
        assert_eq!((whole.from, whole.end, whole.frame, whole.resent), (1_000, 3_000, 1_001, true));
        assert_eq!(end.first_copy(3_000).map(|sent| sent.frame), Some(3_001));
    }
}
