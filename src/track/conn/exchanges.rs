//! The requests and answers of one connection, as far as they have come.

use crate::capture::{Span, Timestamp};

use crate::track::conn::rtt::Rtt;
use crate::track::packed::{packed, packed_enum};
use crate::track::{Direction, Exchange};

/// Whose turn it is to send.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::track) enum Turn {
    /// Neither end has sent data yet, or only the server has.
    #[default]
    Nobody,
    /// The client is sending its request.
    Request,
    /// Bytes of the request were repeated: the next new ones, or the answer, settle what that cost.
    Repeated,
    /// The server is sending its answer.
    Answer,
}

packed_enum!(Turn, [Turn::Nobody, Turn::Request, Turn::Repeated, Turn::Answer]);

impl Turn {
    /// Whether new data from there changes nothing.
    #[inline]
    pub(crate) fn goes_on(self, from: Direction) -> bool {
        matches!((self, from), (Self::Request, Direction::FromOriginator) | (Self::Answer, Direction::FromResponder))
    }
}

/// The exchanges of one connection, as far as they have come.
#[derive(Debug, Default)]
pub(in crate::track) struct Exchanges {
    /// The one under way.
    pub open: Exchange,
    /// The client's and the server's number where the request, and the answer, begins.
    pub starts: (i64, i64),
    /// When the last new byte of the request was sent, where some of it was repeated since.
    pub sent: Option<Timestamp>,
    pub overlapping: u32,
    pub total: Span,
    /// Quantiles of server times.
    pub times: Rtt,
    pub slowest: Option<Exchange>,
    /// What the server sent last came after a long silence, perhaps at its own pace: what the client sends now may answer that.
    pub unasked: bool,
}

packed!(Exchanges { open, starts, sent, overlapping, total, times, slowest, unasked });
