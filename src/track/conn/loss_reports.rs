//! Acknowledgments that tell of a gap, for as long as an answer to them may pass.

use crate::capture::{Span, Timestamp};
use std::collections::VecDeque;

use crate::track::packed::packed;

/// The acknowledgments of one end that told of a gap, oldest first. Allocated with the first, and gone with the last.
#[derive(Debug, Default)]
pub(in crate::track) struct LossReports {
    pub list: VecDeque<LossReport>,
}

packed!(LossReports { list });

/// Numbers that one acknowledgment asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct LossReport {
    /// From the acknowledgment number …
    pub from: i64,
    /// … to the highest number that has arrived.
    pub to: i64,
    pub ts: Timestamp,
    pub tsval: Option<u32>,
}

packed!(LossReport { from, to, ts, tsval });

/// More are not told apart: the oldest one goes.
pub(in crate::track) const MAX_REPORTS: usize = 64;

impl LossReports {
    pub(crate) fn add(&mut self, ask: LossReport) {
        // In one tick of the clock the last one says it all.
        let same = |last: &&mut LossReport| last.tsval.is_some() && last.tsval == ask.tsval && last.from == ask.from;
        if let Some(last) = self.list.back_mut().filter(same) {
            *last = ask;
            return;
        }
        if self.list.len() >= MAX_REPORTS {
            self.list.pop_front();
        }
        self.list.push_back(ask);
    }

    /// Lets go of what lies below `ack` and was asked for longer than `patience` ago.
    pub(crate) fn forget(&mut self, ack: i64, now: Timestamp, patience: Span) {
        self.list.retain(|ask| ask.to > ack || now.since(ask.ts) < patience);
    }

    /// The lowest number that was asked for of late.
    pub(crate) fn lowest(&self) -> Option<i64> {
        self.list.iter().map(|ask| ask.from).min()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.list.capacity() * size_of::<LossReport>()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_acknowledged_and_old_is_forgotten() {
        let mut loss_reports = LossReports::default();
        let ask = |to, ms: i64| LossReport { from: 1, to, ts: Timestamp(ms * 1_000_000), tsval: None };
        [ask(100, 0), ask(200, 10), ask(300, 20)].into_iter().for_each(|ask| loss_reports.add(ask));
        loss_reports.forget(200, Timestamp(25_000_000), Span::from_millis(20));
        assert_eq!(loss_reports.list.iter().map(|ask| ask.to).collect::<Vec<_>>(), [200, 300]);
        loss_reports.forget(300, Timestamp(90_000_000), Span::from_millis(20));
        assert!(loss_reports.is_empty());
    }
}
