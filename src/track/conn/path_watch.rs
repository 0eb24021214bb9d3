//! What is watched of the path of one connection. Most connections have nothing of it: it is allocated with the first thing that
//! stands out.

use crate::capture::{Span, Timestamp};
use crate::track::packed::{packed, packed_enum};
use crate::track::shared::stall::Kind;

/// What stands out on the path of one connection; of two, the client's direction comes first.
#[derive(Debug, Default)]
pub(in crate::track) struct PathWatch {
    /// The size of segments that were lost again and again.
    pub sizes: [Option<LostSize>; 2],
    /// Round trips that grow with the bytes in flight.
    pub queues: [Option<Queue>; 2],
    /// An end was silent although it had something to answer; whether others were so too is not known yet.
    pub silence: Option<Silence>,
    /// How long an end was silent together with other connections: while its host acknowledged nothing, and while only its program
    /// said nothing.
    pub stalled: [Span; 2],
}

packed!(PathWatch { sizes, queues, silence, stalled });

impl PathWatch {
    /// Whether it is not known yet if a silence was part of a stall.
    pub(crate) fn waits(&self) -> bool {
        self.silence.is_some()
    }
}

/// A segment that was lost again and again.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct LostSize {
    /// Its first byte.
    pub from: i64,
    /// Payload of the smallest copy that was lost, and of the copy that was sent last.
    pub size: u32,
    pub last: u32,
    /// Length of headers, in bytes.
    pub headers: u32,
    /// Copies that were lost.
    pub lost: u16,
    /// The largest payload that is known to have passed while these copies were lost.
    pub passed: u32,
    /// The copy that followed the third loss.
    pub frame: u64,
    pub ts: Timestamp,
    /// When the last copy was sent.
    pub sent: Timestamp,
    /// A smaller copy brought the bytes across.
    pub confirmed: bool,
}

packed!(LostSize { from, size, last, headers, lost, passed, ts, sent, confirmed } delta Frame { frame });

impl LostSize {
    /// Enough copies were lost, of a size that every path need not take, and a smaller segment has passed.
    pub(crate) fn is_proved(self) -> bool {
        self.lost >= LOST && self.size > SMALLEST && self.passed > 0
    }
}

/// Round trips of one direction that are longer than without bytes in flight.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct Queue {
    /// Acknowledgments in a row with a long round trip, when the first of them came, and the last of them with its round trip.
    pub row: u16,
    pub began: Timestamp,
    pub last: Timestamp,
    pub last_rtt: Span,
    /// The longest round trip in a row that is long enough, the bytes in flight then, and the acknowledgment that shows it.
    pub most: Span,
    pub most_in_flight: u64,
    pub frame: u64,
    pub ts: Timestamp,
    /// A round trip after that, with fewer bytes in flight.
    pub after: Option<Span>,
    pub after_in_flight: u64,
}

packed!(Queue { row, began, last, last_rtt, most, most_in_flight, ts, after, after_in_flight } delta Frame { frame });

/// An end's silence that is over.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Silence {
    pub start: Timestamp,
    pub end: Timestamp,
    pub kind: Kind,
}

packed!(Silence { start, end, kind });

packed_enum!(Kind, [Kind::Host, Kind::Program]);

/// Copies that must be lost.
pub(in crate::track) const LOST: u16 = 3;

/// Payload that every path takes: 576 bytes is what any host has to take (RFC 791 §3.2), with the longest headers in use.
pub(in crate::track) const SMALLEST: u32 = 496;
