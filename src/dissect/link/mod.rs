//! From the link layer to IP: every link type that tcpcheck reads, and the tags and shims between.

mod ethernet;

pub use ethernet::{Ethernet, Vlan};

pub(super) use ethernet::{by_ethertype, ethernet};

use super::rest::Rest;
use super::{LengthSource, Next, NotTcp, Stop};
use crate::capture::Frame;

/// How the frame begins, by its link type.
#[inline]
pub(super) fn outermost<'a>(frame: &Frame<'a>) -> Result<Next<'a>, Stop> {
    let rest = Rest { data: frame.data, offset: 0, wire_len: frame.wire_len, source: LengthSource::Frame };
    match frame.link_type.0 {
        1 => Ok(Next::Ethernet(rest)),
        12 | 14 | 101 => Ok(Next::Ip(rest)),
        228 => Ok(Next::Ipv4(rest)),
        229 => Ok(Next::Ipv6(rest)),
        other => Err(Stop::Other(NotTcp::LinkType(other))),
    }
}
