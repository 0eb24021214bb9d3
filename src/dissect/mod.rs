//! Bytes to facts: no state, no judgement, no allocation, and no input that makes it panic.
//!
//! [`dissect`] reads one frame from the outside in and reports every layer up to the innermost IP packet. What cannot be
//! read says why, as a [`Shortfall`].

mod checksum;
mod flags;
mod ip;
mod ipv4;
mod ipv6;
mod layer;
mod link;
mod mptcp;
pub mod options;
mod rest;
mod segment;
mod seq;
mod shortfall;
mod tcp;
mod tunnel;

pub use checksum::{expected_header_checksum, tcp_checksum, udp_checksum};
pub use flags::TcpFlags;
pub use ip::{Fragment, Ip, LengthSource};
pub use layer::{Content, Dissection, Layer, MAX_LAYERS, NotTcp};
pub use link::{
    Arcnet, Cooked, Ethernet, Fddi, Infiniband, Llc, Mpls, Nflog, Null, Ppp, PppFraming, Pppoe, Vlan, Wifi,
};
pub use mptcp::{DataNumber, Mapping, Mptcp};
pub use options::{OptionError, TcpOption, TcpOptions};
pub use segment::{Checksum, HeaderFault, OptionFacts, OptionFault, OptionFaultKind, SackBlocks, Segment, Socket};
pub use seq::SeqNumber;
pub use shortfall::{LayerName, Shortfall};
pub use tcp::Tcp;
pub use tunnel::{Erspan, Geneve, Gre, Gtp, Udp, Vxlan};

use arrayvec::ArrayVec;

use crate::capture::Frame;
use layer::Layers;
use rest::Rest;

/// Reads a frame down to its TCP segment, or to the reason why there is none.
pub fn dissect<'a>(frame: &Frame<'a>) -> Dissection<'a> {
    let mut dissection = Dissection { layers: ArrayVec::new(), content: Content::Other(NotTcp::Unknown) };
    dissection.content = match descend(frame, &mut dissection.layers) {
        Ok(ip) => tcp::dissect(frame, &ip),
        Err(Stop::Cut(shortfall)) => Content::Cut(shortfall),
        Err(Stop::Other(what)) => Content::Other(what),
    };
    dissection
}

/// Pushes every layer; the answer is the innermost IP packet, if it carries the start of a TCP segment.
fn descend<'a>(frame: &Frame<'a>, layers: &mut Layers<'a>) -> Result<Ip<'a>, Stop> {
    let mut next = link::outermost(frame, layers)?;
    loop {
        next = match next {
            Next::Ethernet(rest) => link::ethernet(rest, layers)?,
            Next::EtherType(ethertype, rest) => link::by_ethertype(ethertype, rest, layers)?,
            Next::Ip(rest) => match rest.version() {
                Some(4) => Next::Ipv4(rest),
                Some(6) => Next::Ipv6(rest),
                Some(_) => return Err(Stop::Other(NotTcp::Unknown)),
                None => return Err(rest.short(LayerName::Ipv4, 1)),
            },
            Next::Ipv4(rest) => Next::Packet(ipv4::read(rest, layers)?),
            Next::Ipv6(rest) => Next::Packet(ipv6::read(rest, layers)?),
            Next::Packet(ip) if ip.protocol == ip::TCP => {
                return if ip.fragment.is_some_and(|fragment| fragment.offset > 0) {
                    Err(Stop::Other(NotTcp::LaterFragment))
                } else {
                    Ok(ip)
                };
            }
            Next::Packet(ip) => tunnel::carried(&ip, layers)?,
        };
    }
}

/// What stands behind a layer.
enum Next<'a> {
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
    /// The payload of an IP packet that has been read.
    Packet(Ip<'a>),
}

/// Why there is no TCP segment.
enum Stop {
    /// A layer is not all there.
    Cut(Shortfall),
    /// Something else is carried.
    Other(NotTcp),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{LinkType, Timestamp};

    /// A SYN from 10.0.0.1:1000 to 10.0.0.2:2000 in IPv4 in Ethernet, padded to 60 bytes.
    const SYN: [u8; 60] = *b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0\
        \x45\0\0\x28\0\x01\x40\0\x40\x06\x26\xce\x0a\0\0\x01\x0a\0\0\x02\
        \x03\xe8\x07\xd0\0\0\0\x07\0\0\0\0\x50\x02\x04\0\0\0\0\0\
        \0\0\0\0\0\0";

    fn frame(link_type: u16, data: &[u8]) -> Frame<'_> {
        let (link_type, wire_len) = (LinkType(link_type), data.len() as u32);
        Frame { number: 1, ts: Timestamp(0), link_type, interface: 0, wire_len, data }
    }

    #[test]
    fn a_segment_in_ethernet_is_found_and_padding_is_not_payload() {
        let dissection = dissect(&frame(1, &SYN));
        let Content::Tcp(tcp) = dissection.content else { panic!("{:?}", dissection.content) };
        assert_eq!(tcp.segment.payload_len, 0);
        assert!(tcp.payload.is_empty());
        assert_eq!((tcp.segment.src.port, tcp.segment.dst.port), (1000, 2000));
        assert!(tcp.segment.flags.is_syn());
        assert_eq!(dissection.ip().map(|ip| ip.offset), Some(14));
    }

    #[test]
    fn a_frame_cut_anywhere_says_which_layer_needed_more() {
        for len in 0..54 {
            let mut frame = frame(1, &SYN[..len]);
            frame.wire_len = 60;
            let (layer, needed) = match dissect(&frame).content {
                Content::Cut(short) => {
                    assert_eq!(short.present as usize, len - short.offset as usize);
                    assert_eq!(short.limit, LengthSource::Capture);
                    (short.layer, short.offset + short.needed)
                }
                Content::TcpCut(bytes, short) => {
                    assert_eq!(bytes.len(), len - 34);
                    (short.layer, short.offset + short.needed)
                }
                other => panic!("{other:?}"),
            };
            let expected = match len {
                0..14 => (LayerName::Link, 14),
                14..34 => (LayerName::Ipv4, 34),
                _ => (LayerName::Tcp, 54),
            };
            assert_eq!((layer, needed), expected, "cut at {len}");
        }
    }

    #[test]
    fn a_total_length_of_0_means_the_rest_of_the_frame() {
        let mut bytes = SYN;
        bytes[17] = 0;
        let dissection = dissect(&frame(1, &bytes));
        let Content::Tcp(tcp) = dissection.content else { panic!("{:?}", dissection.content) };
        assert!(tcp.segment.offloaded);
        assert_eq!(tcp.segment.payload_len, 6);
    }
}
