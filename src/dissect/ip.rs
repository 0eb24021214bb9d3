//! IPv4 and IPv6 headers.

use std::net::IpAddr;

use crate::dissect::rest::Rest;
use crate::dissect::stop::LengthSource;

/// The protocol number of TCP.
pub(super) const TCP: u8 = 6;
/// The protocol number of UDP.
pub(super) const UDP: u8 = 17;

/// IPv6 extension headers by their protocol numbers; the authentication header goes with IPv4 too.
pub(super) const HOP_BY_HOP: u8 = 0;
pub(super) const ROUTING: u8 = 43;
pub(super) const FRAGMENT: u8 = 44;
pub(super) const AUTHENTICATION: u8 = 51;
pub(super) const DESTINATION: u8 = 60;

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
    /// The header with its options and extension headers; it is all there.
    pub header: &'a [u8],
    /// The payload as captured; bytes behind the packet's own length are left out.
    pub payload: &'a [u8],
    /// The payload's length by the header, or by the frame where the header says 0 (segmentation offload). Extension
    /// headers are not counted.
    pub payload_len: u32,
    /// Who says `payload_len`.
    pub length_source: LengthSource,
    /// Bytes that the header promises beyond what was on the wire.
    pub missing: u32,
}

impl<'a> Ip<'a> {
    /// Where the payload begins, in bytes from the start of the frame.
    pub fn payload_offset(&self) -> u32 {
        self.offset.wrapping_add(self.header.len() as u32)
    }

    /// Whether extension headers stand between the IP header and its payload.
    pub fn is_extended(&self) -> bool {
        let first = self.header.get(if self.is_v4() { 9 } else { 6 });
        first.is_some_and(|&first| first != self.protocol)
    }

    /// Whether this is IPv4.
    pub fn is_v4(&self) -> bool {
        self.src.is_ipv4()
    }

    /// The payload, to be read on.
    pub(super) fn rest(&self) -> Rest<'a> {
        let source = self.length_source;
        Rest { data: self.payload, offset: self.payload_offset(), wire_len: self.payload_len, source }
    }
}

/// Where in a fragmented packet this is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fragment {
    /// Offset in bytes.
    pub offset: u32,
    /// More fragments follow.
    pub more: bool,
    /// What all fragments of a packet have in common.
    pub id: u32,
    /// Bytes of the headers that stand in front of each fragment's data.
    pub header_len: u16,
    /// The protocol of what the fragments make.
    pub protocol: u8,
}
