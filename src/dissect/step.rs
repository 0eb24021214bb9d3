//! What stands behind a header.

use super::ip;
use super::rest::Rest;
use super::stop::{NotTcp, Stop};

/// What stands behind a layer.
pub(super) enum Next<'a> {
    /// What a `LINKTYPE_` number names.
    LinkType(u16, Rest<'a>),
    /// An Ethernet frame.
    Ethernet(Rest<'a>),
    /// What an EtherType says.
    EtherType(u16, Rest<'a>),
    /// An IP packet of either version.
    Ip(Rest<'a>),
    /// An IPv4 packet.
    Ipv4(Rest<'a>),
    /// An IPv6 packet.
    Ipv6(Rest<'a>),
    /// A network service header.
    Nsh(Rest<'a>),
    /// What an IP packet carries that was read last and that holds no TCP segment.
    Packet,
}

/// What an IP packet carries.
pub(super) enum Carried {
    /// The start of a TCP segment.
    Segment,
    /// Anything else.
    Other,
}

impl Carried {
    /// What a packet of this protocol carries whose payload begins at this offset of the whole.
    #[inline]
    pub(super) fn inside(protocol: u8, fragment_offset: u32) -> Result<Self, Stop> {
        match (protocol, fragment_offset) {
            (ip::TCP, 0) => Ok(Self::Segment),
            (ip::TCP, _) => Err(Stop::Other(NotTcp::LaterFragment)),
            _ => Ok(Self::Other),
        }
    }
}
