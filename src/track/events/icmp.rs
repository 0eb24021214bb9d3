//! An ICMP error, and the connection that it is about.

use crate::capture::Timestamp;
use crate::dissect::IcmpError;

use crate::track::Direction;

/// An ICMP error, and the connection that it is about.
#[derive(Clone, Copy, Debug)]
pub struct IcmpSeen {
    /// Its frame.
    pub frame: u64,
    /// When it was captured.
    pub ts: Timestamp,
    /// What it says.
    pub error: IcmpError,
    /// The connection with the addresses and ports that it quotes, and who sent what is quoted.
    pub flow: Option<(u32, Direction)>,
    /// The quoted sequence number, relative, where that was in flight or just had been: the error is about that connection.
    pub seq: Option<i64>,
}
