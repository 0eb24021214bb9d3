//! Why the reading of a frame ends before TCP: bytes that are not there, or another protocol.

/// A layer that could not be read to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shortfall {
    /// The layer that needed more.
    pub layer: LayerName,
    /// Where it begins, in bytes from the start of the frame.
    pub offset: u32,
    /// Bytes that it needs.
    pub needed: u32,
    /// Bytes that are there.
    pub present: u32,
    /// Who set the limit: the capture, or a length field of an outer layer.
    pub limit: LengthSource,
}

/// The layers that can fall short.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LayerName {
    /// The link layer, by its link type.
    Link,
    /// A tag or shim between link and network: VLAN, MPLS, PPPoE, LLC.
    Shim,
    /// A tunnel's header.
    Tunnel,
    /// IPv4.
    Ipv4,
    /// IPv6 and its extension headers.
    Ipv6,
    /// TCP.
    Tcp,
    /// Too many layers inside one another.
    Depth,
}

/// Who set a length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LengthSource {
    /// A length field.
    Header,
    /// The frame's length on the wire: the header said 0.
    Frame,
    /// The number of captured bytes.
    Capture,
}

/// What a frame without TCP is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotTcp {
    /// A link type that tcpcheck does not read.
    LinkType(u16),
    /// An EtherType other than IP.
    EtherType(u16),
    /// A PPP protocol other than IP.
    PppProtocol(u16),
    /// An IP protocol other than TCP.
    IpProtocol(u8),
    /// A fragment of TCP other than the first.
    LaterFragment,
    /// An encrypted frame of a wireless network.
    Encrypted,
    /// Anything else that is not IP.
    Unknown,
}

/// Why there is no TCP segment.
pub(super) enum Stop {
    /// A layer is not all there.
    Cut(Shortfall),
    /// Something else is carried.
    Other(NotTcp),
}
