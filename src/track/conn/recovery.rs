//! What one direction needs while it recovers from loss: SACKed ranges, what was sent again, and the gaps not yet explained.
//!
//! Allocated with the first trouble of a direction, and bounded: a hostile sender pushes out its own oldest entries.

use std::collections::VecDeque;

use crate::capture::Timestamp;

use crate::track::conn::recovery_cause::RetransmissionCause;
use crate::track::packed::{packed, packed_enum};

/// Evidence about one direction's losses.
#[derive(Debug, Default)]
pub(in crate::track) struct Recovery {
    /// Ranges that the receiver reports by SACK, in order and apart from each other.
    sacked: Vec<(i64, i64)>,
    /// What was sent again and may yet prove needless.
    pub resent: VecDeque<Resent>,
    /// The lowest end of those that are not acknowledged, and when the first of the others is to go: nothing changes before.
    pub lowest_open: i64,
    pub next_gone: Timestamp,
    /// Gaps whose cause is not yet known.
    pub gaps: Vec<UnexplainedGap>,
    /// The receiver seems to have given up what it had reported.
    pub reneged: Option<Renege>,
    /// The sender recovers by timer until this is acknowledged (RFC 6298).
    pub timer_until: Option<i64>,
    /// A tail-loss probe is out, with these numbers below it (RFC 8985 §7.4: TLP.end_seq).
    pub probe_until: Option<i64>,
    /// The sender recovers by feedback until this is acknowledged (RFC 6675).
    pub fast_until: Option<i64>,
    /// So many segments went out above all that was seen, and died before the capture point: they come next.
    pub hidden: u16,
}

packed!(Recovery {
    sacked,
    resent,
    lowest_open,
    next_gone,
    gaps,
    reneged,
    timer_until,
    probe_until,
    fast_until,
    hidden
});

/// A range that was sent again.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Resent {
    pub from: i64,
    pub end: i64,
    pub frame: u64,
    pub ts: Timestamp,
    pub tsval: Option<u32>,
    /// What was said of why it was sent.
    pub kind: RetransmissionCause,
    /// All of it had been seen before at the capture point.
    pub seen_before: bool,
    /// It has been acknowledged since, and waits for a D-SACK only.
    pub acked: Option<Timestamp>,
    pub word: Need,
}

packed!(Resent { from, end, ts, tsval, kind, seen_before, acked, word } delta Frame { frame });

/// Whether it was needed to send a segment again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) enum Need {
    /// That is not known yet.
    Open,
    /// The receiver took this copy.
    Needed,
    /// It had the bytes, and that has been said.
    Needless,
}

packed_enum!(Need, [Need::Open, Need::Needed, Need::Needless]);

/// A segment that was sent again, in full or in part.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Retransmission {
    pub from: i64,
    pub end: i64,
    /// Payload bytes that go again.
    pub bytes: u64,
    /// All of it was seen before; else its first copy was lost before the capture point.
    pub seen: bool,
    /// It has been sent again before.
    pub again: bool,
    /// The first copy.
    pub first: Option<(u64, Timestamp)>,
    /// When it was sent the last time before.
    pub last: Timestamp,
    /// Packets of its sender that were lost before the capture point, just before this one.
    pub lost: u16,
    /// The rung of the ladder that decided.
    pub rung: &'static str,
}

/// An acknowledgment that stops inside a reported range.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Renege {
    pub frame: u64,
    pub ts: Timestamp,
    pub ack: i64,
    pub from: i64,
    pub to: i64,
    /// When the sender sent what is asked for again.
    pub resent: Option<Timestamp>,
}

packed!(Renege { ts, ack, from, to, resent } delta Frame { frame });

/// A gap in what was captured, by the frame that went past it.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct UnexplainedGap {
    pub opener: u64,
    pub opened: Timestamp,
    pub from: i64,
    pub to: i64,
    /// Numbers of it that have not turned up.
    pub missing: u64,
    /// Some of it was sent again: the first copy was lost before the capture point.
    pub lost: bool,
}

packed!(UnexplainedGap { opened, from, to, missing, lost } delta Frame { opener });

const MAX_SACKED: usize = 128;
const MAX_RESENT: usize = 256;
const MAX_GAPS: usize = 256;

/// Maximum number of the last segments sent again that are looked through: each one more would look through all.
const MAX_LOOKED_THROUGH: usize = 64;

impl Recovery {
    /// Adds a range that the receiver has. True when it is news.
    pub(crate) fn sack(&mut self, from: i64, to: i64) -> bool {
        if self.is_sacked(from, to) {
            return false;
        }
        let first = self.sacked.partition_point(|(_, b)| *b < from);
        let touched = first..self.sacked.partition_point(|(a, _)| *a <= to).max(first);
        let joined = self.sacked.get(touched.clone()).unwrap_or_default();
        let from = joined.first().map_or(from, |(a, _)| from.min(*a));
        let to = joined.last().map_or(to, |(_, b)| to.max(*b));
        self.sacked.splice(touched, [(from, to)]);
        if self.sacked.len() > MAX_SACKED {
            self.sacked.remove(0);
        }
        true
    }

    /// Whether the receiver has said that it has all of this.
    pub(crate) fn is_sacked(&self, from: i64, to: i64) -> bool {
        let below = self.sacked.partition_point(|(a, _)| *a <= from);
        self.sacked[..below].last().is_some_and(|(_, b)| to <= *b)
    }

    /// The range that the receiver has given up again when its acknowledgment stops at `ack`; all it reported is doubtful then.
    pub(crate) fn renege(&mut self, ack: i64) -> Option<(i64, i64)> {
        let range = self.sacked.iter().copied().find(|(from, to)| *from <= ack && ack < *to)?;
        self.sacked.clear();
        Some(range)
    }

    /// The highest number that the receiver has reported.
    pub(crate) fn highest_sacked(&self) -> Option<i64> {
        self.sacked.last().map(|(_, to)| *to)
    }

    /// Lets go of what a cumulative acknowledgment covers.
    pub(crate) fn acknowledge(&mut self, ack: i64, duplicate: bool) {
        // §7.4.2: the episode ends once something above it is acknowledged, or the probe is reported as a duplicate.
        self.probe_until = self.probe_until.filter(|until| ack <= *until && !duplicate);
        self.sacked.drain(..self.sacked.partition_point(|(_, to)| *to <= ack));
        self.timer_until = self.timer_until.filter(|until| *until > ack);
        self.fast_until = self.fast_until.filter(|until| *until > ack);
    }

    /// Something is sent again for this reason, up to `end`, with numbers out up to `nxt` and so many segments `hidden` above them;
    /// `expired` when the timer has just run out.
    pub(crate) fn go_on(&mut self, kind: RetransmissionCause, (nxt, end): (i64, i64), hidden: u16, expired: bool) {
        match kind {
            RetransmissionCause::Fast => {
                if self.fast_until.is_none() && self.timer_until.is_none() {
                    self.hidden = self.hidden.max(hidden);
                }
                // What RACK finds lost in a recovery by timer turns it into one by feedback.
                (self.timer_until, self.probe_until) = (None, None);
                self.fast_until = self.fast_until.or(Some(nxt));
            }
            RetransmissionCause::Timeout => {
                self.timer_until = self.timer_until.filter(|_| !expired).or(Some(nxt));
                self.probe_until = None;
            }
            RetransmissionCause::TailProbe => self.probe_until = Some(nxt.max(end)),
            RetransmissionCause::Icmp | RetransmissionCause::Unknown => {}
        }
    }

    pub(crate) fn remember(&mut self, resent: Resent) {
        if self.resent.len() >= MAX_RESENT {
            self.resent.pop_front();
        }
        self.lowest_open = self.lowest_open.min(resent.end);
        self.resent.push_back(resent);
    }

    /// When these numbers were last sent again, be they acknowledged since or not.
    pub(crate) fn last_resent(&self, from: i64, end: i64) -> Option<Timestamp> {
        self.last_copy(from, end).map(|resent| resent.ts)
    }

    /// What was last sent again of these numbers.
    pub(crate) fn last_copy(&self, from: i64, end: i64) -> Option<&Resent> {
        self.newest_resent().find(|resent| resent.from < end && from < resent.end)
    }

    /// The same, to be changed.
    pub(crate) fn last_copy_mut(&mut self, from: i64, end: i64) -> Option<&mut Resent> {
        let mut newest = self.resent.iter_mut().rev().take(MAX_LOOKED_THROUGH);
        newest.find(|resent| resent.from < end && from < resent.end)
    }

    /// What was sent again of late, newest first.
    pub(crate) fn newest_resent(&self) -> impl Iterator<Item = &Resent> {
        self.resent.iter().rev().take(MAX_LOOKED_THROUGH)
    }

    /// What the receiver has said that it has.
    pub(crate) fn sacked(&self) -> &[(i64, i64)] {
        &self.sacked
    }

    /// Whether an acknowledgment at that time may settle something of what was sent again.
    pub(crate) fn may_settle(&self, ack: i64, now: Timestamp) -> bool {
        ack >= self.lowest_open || now >= self.next_gone
    }

    /// Adds a gap; the oldest one is returned when there are too many.
    pub(crate) fn open(&mut self, gap: UnexplainedGap) -> Option<UnexplainedGap> {
        let oldest = (self.gaps.len() >= MAX_GAPS).then(|| self.gaps.remove(0));
        self.gaps.push(gap);
        oldest
    }

    /// Something is known to be missing, or is being sent again.
    pub(crate) fn is_under_way(&self) -> bool {
        self.timer_until.is_some() || self.fast_until.is_some() || !self.sacked.is_empty()
    }

    /// The memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        let Self { sacked, resent, gaps, .. } = self;
        let lists = sacked.capacity() * size_of::<(i64, i64)>() + resent.capacity() * size_of::<Resent>();
        size_of::<Self>() + lists + gaps.capacity() * size_of::<UnexplainedGap>()
    }

    /// Nothing is left to wait for.
    pub(crate) fn is_quiet(&self) -> bool {
        self.sacked.is_empty()
            && self.resent.is_empty()
            && self.gaps.is_empty()
            && self.reneged.is_none()
            && self.timer_until.is_none()
            && self.probe_until.is_none()
            && self.fast_until.is_none()
            && self.hidden == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sacked_ranges_that_touch_become_one() {
        let mut recovery = Recovery::default();
        assert!(recovery.sack(10, 20) && recovery.sack(30, 40) && recovery.sack(20, 30));
        assert!(!recovery.sack(12, 38));
        assert!(recovery.is_sacked(10, 40));
        recovery.acknowledge(40, false);
        assert!(recovery.is_quiet());
    }
}
