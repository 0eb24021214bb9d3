//! Holes in a capture: it shows nothing for a while, in which what has passed it has arrived at the other capture all the same.

use std::collections::VecDeque;

use crate::capture::{Span, Timestamp};

/// A shorter silence is not looked at.
const SHORTEST: Span = Span::from_millis(10);

/// Silences of the latest time are known, of longer than any packet waits.
const KNOWN: Span = Span::from_secs(30);

/// When a capture shows nothing.
#[derive(Debug, Default)]
pub(super) struct Silences {
    last: Option<Timestamp>,
    over: VecDeque<Silence>,
    /// Whether the one that is not over is a hole, once that was asked, by when it began.
    present: Option<(Timestamp, bool)>,
}

/// One of them, and whether it is a hole, once that was asked.
#[derive(Clone, Copy, Debug)]
struct Silence {
    from: Timestamp,
    to: Timestamp,
    hole: Option<bool>,
}

impl Silences {
    /// The capture shows a packet.
    pub(super) fn end(&mut self, now: Timestamp) {
        let last = self.last.replace(now).unwrap_or(now);
        if now.since(last) < SHORTEST {
            return;
        }
        while self.over.front().is_some_and(|first| now.since(first.to) > KNOWN) {
            self.over.pop_front();
        }
        let hole = self.present.filter(|(from, _)| *from == last).map(|(_, hole)| hole);
        self.over.push_back(Silence { from: last, to: now, hole });
    }

    /// The silence at an instant: its first and last one.
    pub(super) fn around(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        if let Some(last) = self.last.filter(|last| *last < at) {
            return Some((last, Timestamp(i64::MAX)));
        }
        let silence = self.over.get(self.over.partition_point(|one| one.to <= at))?;
        (silence.from < at).then_some((silence.from, silence.to))
    }

    /// Whether the silence that began then is a hole, where that is known.
    pub(super) fn is_hole(&self, from: Timestamp) -> Option<bool> {
        match self.over.binary_search_by_key(&from, |one| one.from) {
            Ok(found) => self.over[found].hole,
            Err(_) => self.present.filter(|(present, _)| *present == from).map(|(_, hole)| hole),
        }
    }

    /// Remembers whether it is one.
    pub(super) fn judge(&mut self, from: Timestamp, hole: bool) {
        match self.over.binary_search_by_key(&from, |one| one.from) {
            Ok(found) => self.over[found].hole = Some(hole),
            Err(_) => self.present = Some((from, hole)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_between_two_packets_that_are_far_apart() {
        let at = |ms: i64| Timestamp(ms * 1_000_000);
        let mut silences = Silences::default();
        [0, 5, 100, 104].into_iter().for_each(|ms| silences.end(at(ms)));
        assert_eq!(silences.around(at(50)), Some((at(5), at(100))));
        assert_eq!((silences.around(at(3)), silences.around(at(100))), (None, None));
        assert_eq!(silences.around(at(200)), Some((at(104), Timestamp(i64::MAX))));
        silences.judge(at(104), true);
        silences.end(at(300));
        assert_eq!((silences.is_hole(at(104)), silences.is_hole(at(5))), (Some(true), None));
    }
}
