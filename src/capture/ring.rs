//! The last frames of a capture, in memory.

use std::collections::VecDeque;

use super::{Frame, OwnedFrame, Span};

/// How much is kept where a length of time is asked for, in bytes.
const MOST: u64 = 256 << 20;

/// What a frame takes besides its bytes.
const OVERHEAD: u64 = std::mem::size_of::<OwnedFrame>() as u64;

/// How far back frames are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Extent {
    /// Frames that are no older than the latest by more than this; 256 MiB at most.
    Time(Span),
    /// So many bytes of memory.
    Bytes(u64),
}

/// Keeps the last frames.
#[derive(Debug)]
pub struct Ring {
    extent: Extent,
    frames: VecDeque<OwnedFrame>,
    bytes: u64,
}

impl Ring {
    /// Keeps nothing yet.
    pub fn new(extent: Extent) -> Self {
        Self { extent, frames: VecDeque::new(), bytes: 0 }
    }

    /// Keeps a frame, and forgets those that are too old for it.
    pub fn push(&mut self, frame: &Frame<'_>) {
        self.bytes = self.bytes.saturating_add(OVERHEAD).saturating_add(frame.data.len() as u64);
        self.frames.push_back(OwnedFrame::from(frame));
        let (span, bytes) = match self.extent {
            Extent::Time(span) => (span, MOST),
            Extent::Bytes(bytes) => (Span(i64::MAX), bytes),
        };
        // The latest stays in any case: a file around it is not empty.
        while self.frames.len() > 1
            && let Some(first) = self.frames.front()
            // A clock that was set back makes nothing old.
            && (self.bytes > bytes || frame.ts.since(first.ts()) > span)
        {
            self.bytes = self.bytes.saturating_sub(OVERHEAD).saturating_sub(first.captured_len() as u64);
            self.frames.pop_front();
        }
    }

    /// The frames, oldest first.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        self.frames.iter().map(OwnedFrame::lend)
    }

    /// The number of the oldest.
    pub fn first(&self) -> Option<u64> {
        self.frames.front().map(OwnedFrame::number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{LinkType, Timestamp};

    fn kept(extent: Extent, seconds: &[i64]) -> Vec<i64> {
        let mut ring = Ring::new(extent);
        for (number, second) in (1..).zip(seconds) {
            let (ts, data) = (Timestamp(second * 1_000_000_000), [0; 100]);
            ring.push(&Frame { number, ts, link_type: LinkType::EN10MB, interface: 0, wire_len: 100, data: &data });
        }
        ring.frames().map(|frame| frame.ts.seconds()).collect()
    }

    #[test]
    fn frames_go_when_they_are_too_old_for_the_latest() {
        assert_eq!(kept(Extent::Time(Span::from_secs(3)), &[1, 2, 3, 4, 5]), [2, 3, 4, 5]);
        assert_eq!(kept(Extent::Time(Span::from_secs(3)), &[1, 100]), [100]);
    }

    #[test]
    fn frames_go_when_there_is_no_room_for_them() {
        assert_eq!(kept(Extent::Bytes(2 * (100 + OVERHEAD)), &[1, 2, 3]), [2, 3]);
        assert_eq!(kept(Extent::Bytes(1), &[1, 2, 3]), [3]);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_frame_old() {
        assert_eq!(kept(Extent::Time(Span::from_secs(3)), &[100, 101, 50, 51]), [100, 101, 50, 51]);
    }
}
