//! Which connection a segment belongs to.

use crate::dissect::Socket;

use super::packed::packed_enum;

/// A connection's two ends, whichever way a segment goes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct FlowKey {
    low: Socket,
    high: Socket,
}

impl FlowKey {
    /// The key of a segment from `src` to `dst`; the same for its answers.
    pub fn new(src: Socket, dst: Socket) -> Self {
        if src <= dst { Self { low: src, high: dst } } else { Self { low: dst, high: src } }
    }
}

/// Which end of a connection sent a segment. The originator (client) is the one that sent the first SYN.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// Client to server.
    FromOriginator,
    /// Server to client.
    FromResponder,
}

packed_enum!(Direction, [Direction::FromOriginator, Direction::FromResponder]);

impl Direction {
    /// 0 from the client, 1 from the server.
    pub(super) fn index(self) -> usize {
        match self {
            Self::FromOriginator => 0,
            Self::FromResponder => 1,
        }
    }

    /// Who sends that way.
    pub fn sender(self) -> &'static str {
        match self {
            Self::FromOriginator => "client",
            Self::FromResponder => "server",
        }
    }

    /// The other way.
    pub fn reverse(self) -> Self {
        match self {
            Self::FromOriginator => Self::FromResponder,
            Self::FromResponder => Self::FromOriginator,
        }
    }
}
