//! The internet checksum, and what it says of a segment.

use super::{Checksum, Ip};

/// What the checksum of the TCP segment in `ip` says.
pub fn tcp_checksum(ip: &Ip<'_>) -> Checksum {
    let _ = ip;
    Checksum::Unknown
}
