//! What one end asked the other to send again: acknowledgments that tell of a gap, for as long as an answer to them may pass.

use std::collections::VecDeque;

use crate::capture::{Span, Timestamp};

use super::connection::Connection;
use super::packed::packed;
use super::recovery::Repeat;
use super::step::Step;

/// The acknowledgments of one end that told of a gap, oldest first. Allocated with the first, and gone with the last.
#[derive(Debug, Default)]
pub(super) struct Asked {
    list: VecDeque<Ask>,
}

packed!(Asked { list });

/// Numbers that one acknowledgment asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    /// From the acknowledgment number …
    pub from: i64,
    /// … to the highest number that has arrived.
    pub to: i64,
    pub ts: Timestamp,
    pub tsval: Option<u32>,
}

packed!(Ask { from, to, ts, tsval });

/// More are not told apart: the oldest one goes.
const KEPT: usize = 64;

impl Asked {
    pub fn add(&mut self, ask: Ask) {
        // In one tick of the clock the last one says it all.
        let same = |last: &&mut Ask| last.tsval.is_some() && last.tsval == ask.tsval && last.from == ask.from;
        if let Some(last) = self.list.back_mut().filter(same) {
            *last = ask;
            return;
        }
        if self.list.len() >= KEPT {
            self.list.pop_front();
        }
        self.list.push_back(ask);
    }

    /// Lets go of what lies below `ack` and was asked for longer than `patience` ago.
    pub fn forget(&mut self, ack: i64, now: Timestamp, patience: Span) {
        self.list.retain(|ask| ask.to > ack || now.since(ask.ts) < patience);
    }

    /// The lowest number that was asked for of late.
    pub fn lowest(&self) -> Option<i64> {
        self.list.iter().map(|ask| ask.from).min()
    }

    pub fn heap_bytes(&self) -> usize {
        self.list.capacity() * size_of::<Ask>()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl Connection {
    /// Notes that the sender of this segment lacks numbers from `ack` on.
    pub(super) fn note_asked(&mut self, step: &Step<'_>, ack: i64) {
        let peer = &mut self.ends[step.peer()];
        let arrived = peer.recovery.as_deref().and_then(|recovery| recovery.highest_sacked());
        let tsval = step.segment.options.timestamps.map(|(tsval, _)| tsval);
        let ask = Ask { from: ack, to: arrived.unwrap_or(peer.nxt), ts: step.segment.ts, tsval };
        peer.asked.get_or_insert_default().add(ask);
    }

    /// Lets go of what has been acknowledged for so long that nobody answers it any more.
    pub(super) fn forget_asked(&mut self, step: &Step<'_>, ack: i64) {
        let patience = Span(self.round_trip().0.saturating_mul(2)).max(Span::from_millis(200));
        let asked = &mut self.ends[step.peer()].asked;
        if let Some(list) = asked.as_deref_mut() {
            list.forget(ack, step.segment.ts, patience);
            *asked = asked.take().filter(|list| !list.is_empty());
        }
    }

    /// Whether the receiver asked for it, though what it asked for may have been acknowledged here since: the sender had not yet
    /// heard of that.
    pub(super) fn was_asked_for(&self, step: &Step<'_>, sent: Repeat) -> bool {
        let Some(asked) = self.ends[step.me()].asked.as_deref() else { return false };
        let echo = step.segment.options.timestamps.map(|(_, tsecr)| tsecr);
        let to_sender = self.ends[step.peer()].leg().unwrap_or_default();
        asked.list.iter().filter(|ask| ask.from <= sent.from && sent.end <= ask.to).any(|ask| {
            match ask.tsval.zip(echo) {
                // The sender echoes the newest that it has received.
                Some((tsval, echo)) => echo.wrapping_sub(tsval) as i32 >= 0,
                None => !step.segment.ts.since(ask.ts).is_below(90, to_sender),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_acknowledged_and_old_is_forgotten() {
        let mut asked = Asked::default();
        let ask = |to, ms: i64| Ask { from: 1, to, ts: Timestamp(ms * 1_000_000), tsval: None };
        [ask(100, 0), ask(200, 10), ask(300, 20)].into_iter().for_each(|ask| asked.add(ask));
        asked.forget(200, Timestamp(25_000_000), Span::from_millis(20));
        assert_eq!(asked.list.iter().map(|ask| ask.to).collect::<Vec<_>>(), [200, 300]);
        asked.forget(300, Timestamp(90_000_000), Span::from_millis(20));
        assert!(asked.is_empty());
    }
}
