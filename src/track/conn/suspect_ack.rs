//! An acknowledgment of numbers that were not captured.

use crate::capture::{Span, Timestamp};
use crate::rules::Rule;

use crate::track::Direction;

/// Numbers that an end claims to have received, beyond all that the other end was seen to send.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct SuspectAck {
    /// Who claims it.
    pub by: Direction,
    pub rule: Rule,
    pub frame: u64,
    pub ts: Timestamp,
    /// The number claimed, and what the other end had sent.
    pub to: i64,
    pub nxt: i64,
    /// It lies beyond all that the claimer ever allowed.
    pub beyond_window: bool,
    /// The claimer's right edge before.
    pub edge: i64,
}

/// How long data may still turn up that the capture holds after its acknowledgment: 3 frames and 10 ms.
pub(in crate::track) const REORDER_FRAMES: u64 = 3;

pub(in crate::track) const REORDER: Span = Span::from_millis(10);
