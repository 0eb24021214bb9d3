//! Why bytes could not be read: which layer, how much it needed, how much was there.

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
    pub limit: super::LengthSource,
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
