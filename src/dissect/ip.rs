//! IPv4 and IPv6 headers.

use std::net::IpAddr;

/// An IP packet's facts.
#[derive(Clone, Copy, Debug)]
pub struct Ip<'a> {
    /// Where it begins, in bytes from the start of the frame.
    pub offset: u32,
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Type of service, or traffic class: DSCP and the two ECN bits.
    pub tos: u8,
    /// IPv4 identification.
    pub id: Option<u16>,
    /// The protocol of the payload, behind any extension headers.
    pub protocol: u8,
    /// IPv4 don't fragment.
    pub dont_fragment: bool,
    /// Set when the packet is a fragment.
    pub fragment: Option<Fragment>,
    /// The header with its options or extension headers, as captured.
    pub header: &'a [u8],
    /// The payload as captured; bytes behind the packet's own length are left out.
    pub payload: &'a [u8],
    /// The payload's length by the header, or by the frame where the header says 0 (segmentation offload).
    pub payload_len: u32,
    /// Who says `payload_len`.
    pub length_source: LengthSource,
    /// Bytes that the header promises beyond what was on the wire.
    pub missing: u32,
}

/// Where in a fragmented packet this is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fragment {
    /// Offset in bytes.
    pub offset: u32,
    /// More fragments follow.
    pub more: bool,
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
