//! What headers between one IP packet and the one inside it say.

/// An ERSPAN header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Erspan {
    /// 1, 2 or 3 for type I, II or III.
    pub kind: u8,
    /// The mirroring session; type I has none.
    pub session: Option<u16>,
}

/// A GRE header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gre {
    /// Flags and version.
    pub flags: u16,
    /// EtherType of what is carried.
    pub protocol: u16,
    /// Checksum and offset, 16 bits each.
    pub checksum: Option<u32>,
    /// The key, or in version 1 payload length and call.
    pub key: Option<u32>,
    /// The sequence number.
    pub sequence: Option<u32>,
    /// The acknowledgment number of version 1.
    pub ack: Option<u32>,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// A GTP-U header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gtp {
    /// The tunnel endpoint's identifier.
    pub endpoint: u32,
}

/// A data message's header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct L2tp {
    /// The flags as they stand, with the version in the lowest four bits; over IP, which has neither, version 3 alone.
    pub flags: u16,
    /// The tunnel's number; version 3 has none.
    pub tunnel: u16,
    /// The session's number.
    pub session: u32,
    /// Sequence numbers: of this message, and the next one expected.
    pub sequence: Option<(u16, u16)>,
}

/// A network service header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Nsh<'a> {
    /// The base header: version, flags, time to live, length in words, kind of metadata, next protocol.
    pub base: u32,
    /// The service path header: 24 bits of path, 8 of index.
    pub path: u32,
    /// The context headers.
    pub context: &'a [u8],
}

/// A UDP header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Udp {
    /// Source port.
    pub src: u16,
    /// Destination port.
    pub dst: u16,
    /// Length by the header, in bytes, the header itself included.
    pub len: u16,
}

/// A VXLAN header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Vxlan {
    /// The flags; 0x08 says that the network identifier is valid.
    pub flags: u8,
    /// 24 bits that VXLAN leaves to others: a policy group, or OTV's overlay.
    pub reserved: u32,
    /// The network identifier, 24 bits.
    pub network: u32,
    /// The next protocol, in the generic extension alone.
    pub next: Option<u8>,
}

/// A Geneve header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Geneve<'a> {
    /// The flags: 0x80 control packet, 0x40 critical options.
    pub flags: u8,
    /// EtherType of what is carried.
    pub protocol: u16,
    /// The network identifier, 24 bits.
    pub network: u32,
    /// The options.
    pub options: &'a [u8],
}
