//! A request and its answer.

use crate::capture::{Span, Timestamp};

use crate::track::RttSummary;
use crate::track::packed::packed;

/// A request and its answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Exchange {
    /// The connection.
    pub flow: u32,
    /// Number within its connection, from 1.
    pub number: u32,
    /// Frame of the first byte of the request.
    pub frame: u64,
    /// When that passed the capture point.
    pub ts: Timestamp,
    /// Payload bytes of the request, each counted once.
    pub request_bytes: u64,
    /// First to last byte of the request, each seen for the first time.
    pub request: Span,
    /// Frame of the first byte of the answer; 0 when none came.
    pub answer_frame: u64,
    /// Payload bytes of the answer, each counted once.
    pub answer_bytes: u64,
    /// First to last byte of the answer.
    pub answer: Span,
    /// Last byte of the request to first byte of the answer, less the round trip to the server and less `retransmission`. None
    /// where it cannot be told: no answer, overlapping, or the first copy of the answer was not seen.
    pub server_time: Option<Span>,
    /// How much later the answer came because bytes of the request had to be retransmitted.
    pub retransmission: Span,
    /// Both sides sent at once, or a request was sent before the answer to the one before it was complete.
    pub overlapping: bool,
}

impl Exchange {
    /// Nobody waits for an answer for longer than this by default (curl, browsers and proxies give up after 30 to 300 s), but for
    /// one that is to come when there is news.
    pub const LONG_POLL: Span = Span::from_secs(30);
}

packed!(Exchange {
    flow, number, ts, request_bytes, request, answer_bytes, answer, server_time, retransmission, overlapping
} delta Frame { frame, answer_frame });

/// A connection's exchanges in numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ExchangeSummary {
    /// Requests, answered or not.
    pub count: u32,
    /// Of these, those that overlap and are not timed.
    pub overlapping: u32,
    /// The server times of the others; none where none was measured.
    pub server_time: Option<RttSummary>,
    /// All server times together.
    pub server_total: Span,
    /// The exchange with the longest server time.
    pub slowest: Option<Exchange>,
}
