//! The eleven states of RFC 9293.

use std::fmt;

/// A state of one end of a connection, as far as the frames seen tell.
// RFC 9293 §3.3.2.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum TcpState {
    /// No connection.
    #[default]
    Closed,
    /// Waiting for a SYN.
    Listen,
    /// Sent a SYN, waiting for the answer.
    SynSent,
    /// Received a SYN and answered it, waiting for the acknowledgment.
    SynRecv,
    /// Open.
    Established,
    /// Sent a FIN, not yet acknowledged.
    FinWait1,
    /// Its FIN is acknowledged; waiting for the other's.
    FinWait2,
    /// Received a FIN; may still send.
    CloseWait,
    /// FIN crossed FIN; waiting for the acknowledgment.
    Closing,
    /// Sent its FIN second, waiting for the acknowledgment.
    LastAck,
    /// Both FINs done; waiting 2 MSL for stray segments.
    TimeWait,
}

impl TcpState {
    /// Every state, in the order of their numbers.
    pub(in crate::track) const ALL: [Self; 11] = [
        Self::Closed,
        Self::Listen,
        Self::SynSent,
        Self::SynRecv,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
    ];

    /// The name as reports write it: `SYN_RECV`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN_SENT",
            Self::SynRecv => "SYN_RECV",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN_WAIT_1",
            Self::FinWait2 => "FIN_WAIT_2",
            Self::CloseWait => "CLOSE_WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST_ACK",
            Self::TimeWait => "TIME_WAIT",
        }
    }
}

impl fmt::Display for TcpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
