//! Segments that a third party may have sent, until their alleged sender reacts.

use crate::capture::Timestamp;
use crate::dissect::SeqNumber;
use crate::rules::Rule;
use crate::track::packed::packed;
use arrayvec::ArrayVec;

/// A segment that its receiver does not accept, and answers with an ACK.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct ChallengeTrigger {
    pub frame: u64,
    pub ts: Timestamp,
    pub what: &'static str,
}

/// What waits for its alleged sender's reaction. Allocated with the first doubt; by the index of the sender.
#[derive(Debug, Default)]
pub(in crate::track) struct PendingSuspicions {
    pub reset: [Option<SuspectSegment>; 2],
    pub syn: [Option<SuspectSegment>; 2],
    pub outside: [Option<SuspectSegment>; 2],
    /// The acknowledgment of each end that lies a window and more beyond all that the other was seen to send.
    pub ahead: [Option<i64>; 2],
    /// Unacceptable segments that draw an ACK.
    pub draws: [Option<ChallengeTrigger>; 2],
    /// Segments whose checksum does not hold.
    pub damaged: [ArrayVec<Damaged, MAX_DAMAGED>; 2],
}

// What is to draw an ACK draws it soon: until then its connection stays hot.
packed!(PendingSuspicions { reset, syn, outside, ahead, damaged } at_rest { draws });

/// A segment whose checksum does not hold, until it is acknowledged or comes again.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Damaged {
    pub frame: u64,
    pub ts: Timestamp,
    pub seq: i64,
    pub end: i64,
    /// What the checksum should be.
    pub expected: u16,
}

packed!(Damaged { ts, seq, end, expected } delta Frame { frame });

/// So many of them are waited for.
pub(in crate::track) const MAX_DAMAGED: usize = 8;

impl PendingSuspicions {
    /// Nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { reset, syn, outside, ahead, draws, damaged } = self;
        let doubts = [reset, syn, outside];
        let quiet = ahead.iter().all(Option::is_none) && draws.iter().all(Option::is_none);
        doubts.into_iter().flatten().all(Option::is_none) && quiet && damaged.iter().all(ArrayVec::is_empty)
    }

    /// Nothing waits for the ACK that it draws.
    pub(crate) fn draws_nothing(&self) -> bool {
        self.draws.iter().all(Option::is_none)
    }

    /// Those of an end that are acknowledged; they are no longer waited for.
    pub(crate) fn take_damaged(&mut self, of: usize, ack: i64) -> ArrayVec<Damaged, MAX_DAMAGED> {
        let (taken, left) = std::mem::take(&mut self.damaged[of]).into_iter().partition(|damaged| damaged.end <= ack);
        self.damaged[of] = left;
        taken
    }
}

/// A segment in doubt.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct SuspectSegment {
    pub rule: Rule,
    pub frame: u64,
    pub ts: Timestamp,
    /// Its numbers, and whether it ends with a FIN.
    pub seq: i64,
    pub end: i64,
    pub fin: bool,
    /// It and those that go on behind it, and the last one of them.
    pub segments: u32,
    pub last: (u64, Timestamp),
    pub raw: SeqNumber,
    /// All that the other end had sent by then.
    pub peer_nxt: i64,
    /// Where its receiver expected it.
    pub wanted: SeqNumber,
}

packed!(SuspectSegment { rule, ts, seq, end, fin, segments, last, raw, peer_nxt, wanted } delta Frame { frame });

impl SuspectSegment {
    /// Another segment follows on it.
    pub(crate) fn go_on(&mut self, next: &Self) {
        (self.end, self.fin, self.last) = (next.end, next.fin, next.last);
        self.segments += 1;
    }
}
