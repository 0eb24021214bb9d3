//! Bytes to facts: no state, no judgement, no allocation, and no input that makes it panic.
//!
//! [`dissect`] reads one frame from the outside in and reports every layer up to the innermost IP packet. What cannot be
//! read says why, as a [`Shortfall`]. Only a [`Reader`] remembers something between frames: fragments of IP packets.

// Nothing that a stranger wrote may make it panic. Arithmetic is on lengths of at most 32 bits, widened before they are added; tests and
// fuzzing run with overflow checks.
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod checksum;
mod flags;
mod icmp;
mod ip;
mod ipv4;
mod ipv6;
mod layer;
mod link;
mod mptcp;
pub mod options;
mod place;
mod reader;
mod rest;
mod segment;
mod seq;
mod step;
mod stop;
mod tcp;
mod tunnel;

pub use checksum::{expected_header_checksum, tcp_checksum, udp_checksum};
pub use flags::TcpFlags;
pub use icmp::{IcmpError, IcmpKind};
pub use ip::{Fragment, Ip};
pub use layer::{
    Arcnet, Atm, Card, Cooked, Erspan, Ethernet, Fddi, FrameRelay, Geneve, Gre, Gtp, Infiniband, Ipnet, Juniper, L2tp,
    Llc, LongAddresses, Mpls, Nflog, Nsh, Null, Ppp, PppFraming, Pppoe, Slip, Snap, SwitchTag, SwitchTagKind,
    TokenRing, Udp, Vlan, Vxlan, Wifi,
};
pub use layer::{Content, Dissection, Layer, MAX_LAYERS, Other, Tcp};
pub use mptcp::{DataNumber, Mapping, Mptcp};
pub use options::{OptionError, TcpOption, TcpOptions};
pub use reader::Reader;
pub use segment::{Checksum, HeaderFault, OptionFacts, OptionFault, OptionFaultKind, SackBlocks, Segment, Socket};
pub use seq::SeqNumber;
pub use stop::{LayerName, LengthSource, NotTcp, Shortfall};

use crate::capture::Frame;
use layer::Layers;
use rest::Rest;
use step::{Carried, Next};
use stop::Stop;

/// Reads a frame down to its TCP segment, or to the reason why there is none.
///
/// Where every nanosecond counts, [`Dissection::read`] saves moving the result, which is large.
pub fn dissect<'a>(frame: &Frame<'a>) -> Dissection<'a> {
    let mut dissection = Dissection::new();
    dissection.read(frame);
    dissection
}

impl<'a> Dissection<'a> {
    /// Reads a frame in place of what was read before.
    #[inline]
    pub fn read(&mut self, frame: &Frame<'a>) {
        self.layers.clear();
        match descend(frame, &mut self.layers) {
            Ok(()) => {
                if let Some(Layer::Ip(ip)) = self.layers.last() {
                    tcp::dissect(frame, ip, &mut self.content);
                }
            }
            Err(Stop::Cut(shortfall)) => self.content = Content::Cut(shortfall),
            Err(Stop::Other(what)) => {
                // Asked last: most packets without TCP are no errors.
                let error = match (what, self.layers.last()) {
                    (NotTcp::IpProtocol(1 | 58), Some(Layer::Ip(ip))) => icmp::read(ip),
                    _ => None,
                };
                self.content = error.map_or(Content::Other(what), Content::Icmp);
            }
        }
    }
}

/// Pushes every layer down to an IP packet that carries the start of a TCP segment.
#[inline]
fn descend<'a>(frame: &Frame<'a>, layers: &mut Layers<'a>) -> Result<(), Stop> {
    let rest = Rest { data: frame.data, offset: 0, wire_len: frame.wire_len, source: LengthSource::Frame };
    if frame.link_type.0 != link::ETHERNET {
        return go_on(link::by_link_type(frame.link_type.0, rest, layers)?, layers);
    }
    // The way of most frames; what it does not know goes the long way.
    let (ethertype, rest) = link::ethernet(rest, layers)?;
    let carried = match ethertype {
        link::IPV4 => ipv4::read(rest, layers)?,
        link::IPV6 => ipv6::read(rest, layers)?,
        other => return go_on(Next::EtherType(other, rest), layers),
    };
    match carried {
        Carried::Segment => Ok(()),
        Carried::Other => go_on(Next::Packet, layers),
    }
}

/// Goes on by what stands behind the layers read so far.
#[inline(never)]
fn go_on<'a>(mut next: Next<'a>, layers: &mut Layers<'a>) -> Result<(), Stop> {
    loop {
        next = match next {
            Next::LinkType(number, rest) => link::by_link_type(number, rest, layers)?,
            Next::Nsh(rest) => tunnel::nsh(rest, layers)?,
            Next::Ethernet(rest) => {
                let (ethertype, rest) = link::ethernet(rest, layers)?;
                Next::EtherType(ethertype, rest)
            }
            Next::EtherType(ethertype, rest) => link::by_ethertype(ethertype, rest, layers)?,
            Next::Ip(rest) => match rest.version() {
                Some(4) => Next::Ipv4(rest),
                Some(6) => Next::Ipv6(rest),
                Some(_) => return Err(Stop::Other(NotTcp::Unknown)),
                None => return Err(rest.short(LayerName::Ipv4, 1)),
            },
            Next::Ipv4(rest) => match ipv4::read(rest, layers)? {
                Carried::Segment => return Ok(()),
                Carried::Other => Next::Packet,
            },
            Next::Ipv6(rest) => match ipv6::read(rest, layers)? {
                Carried::Segment => return Ok(()),
                Carried::Other => Next::Packet,
            },
            Next::Packet => match layers.last() {
                Some(&Layer::Ip(ip)) => tunnel::carried(&ip, layers)?,
                _ => return Err(Stop::Other(NotTcp::Unknown)),
            },
        };
    }
}

#[cfg(test)]
mod sample;

#[cfg(test)]
mod tests {
    use super::sample::{SYN, datagram, ethernet, finds_syn, frame, join, other, packet};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ethernets_padding_is_not_payload() {
        let bytes = join(&[&ethernet(0x0800, &SYN), &[0; 6]]);
        finds_syn(1, &bytes);
        let dissection = dissect(&frame(1, &bytes));
        let Content::Tcp(tcp) = dissection.content else { panic!("{:?}", dissection.content) };
        assert_eq!((tcp.segment.payload_len, tcp.payload.len()), (0, 0));
        assert_eq!(dissection.ip().map(|ip| ip.offset), Some(14));
    }

    #[test]
    fn a_frame_cut_anywhere_says_which_layer_needed_more() {
        let bytes = ethernet(0x0800, &SYN);
        for len in 0..54 {
            let cut = Frame { wire_len: 54, ..frame(1, &bytes[..len]) };
            let (Content::Cut(short) | Content::TcpCut(_, short)) = dissect(&cut).content else { panic!("{len}") };
            let expected = match len {
                0..14 => (LayerName::Link, 14),
                14..34 => (LayerName::Ipv4, 34),
                _ => (LayerName::Tcp, 54),
            };
            assert_eq!((short.layer, short.offset + short.needed), expected, "cut at {len}");
        }
    }

    #[test]
    fn a_total_length_of_0_means_the_rest_of_the_frame() {
        let mut bytes = join(&[&ethernet(0x0800, &SYN), &[0; 6]]);
        bytes[17] = 0;
        let dissection = dissect(&frame(1, &bytes));
        let Content::Tcp(tcp) = dissection.content else { panic!("{:?}", dissection.content) };
        assert!(tcp.segment.offloaded);
        assert_eq!(tcp.segment.payload_len, 6);
    }

    #[test]
    fn raw_packets_show_their_version() {
        for link_type in [12, 14, 101] {
            finds_syn(link_type, &SYN);
            finds_syn(link_type, &sample::SYN6);
            assert_eq!(other(link_type, &[0x50; 40]), NotTcp::Unknown);
        }
    }

    #[test]
    fn what_is_not_tcp_is_named() {
        assert_eq!(other(147, &SYN), NotTcp::LinkType(147));
        assert_eq!(other(1, &packet(132, &[0; 12])), NotTcp::IpProtocol(132));
        assert_eq!(other(1, &datagram(53, &[0; 12])), NotTcp::IpProtocol(17));
    }

    #[test]
    fn packets_inside_packets_end_at_a_depth() {
        let mut inner = SYN.to_vec();
        for _ in 0..20 {
            inner = packet(4, &inner)[14..].to_vec();
        }
        let Content::Cut(short) = dissect(&frame(101, &inner)).content else { panic!() };
        assert_eq!((short.layer, short.offset, short.present), (LayerName::Depth, 320, 16));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0..=link::READERS.len(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let link_type = link::READERS.get(at).map_or(147, |(number, _)| *number);
            dissect(&frame(link_type, &bytes));
        }

        #[test]
        fn no_change_to_a_tunnel_makes_it_panic(
            kind in 0..9,
            changes in prop::collection::vec((0..200_usize, any::<u8>()), 0..6),
            wire_len in 0..300_u32,
            len in 0..200_usize,
        ) {
            let inner = ethernet(0x0800, &SYN);
            let mut bytes = match kind {
                0 => datagram(4789, &join(&[&[8, 0, 0, 0, 0, 0, 0x64, 0], &inner])),
                1 => datagram(6081, &join(&[&[0, 0, 0x65, 0x58, 0, 0, 0x64, 0], &inner])),
                2 => datagram(2152, &join(&[&[0x30, 0xff, 0, 40, 0, 0, 0, 7], &SYN])),
                3 => packet(47, &join(&[&[0xb0, 0, 8, 0, 0x12, 0x34, 0, 0, 0, 0, 0, 42, 0, 0, 0, 7], &SYN])),
                4 => ethernet(0x8100, &join(&[&[0, 7, 0x88, 0x64, 0x11, 0, 0, 1, 0, 42, 0, 0x21], &SYN])),
                5 => packet(41, &sample::SYN6),
                6 => ethernet(0x894f, &join(&[&[0x0f, 0xc3, 2, 1, 0, 0, 7, 0xff, 0, 0, 0, 0], &SYN])),
                7 => datagram(1701, &join(&[&[0x42, 2, 0, 56, 0, 1, 0, 2, 0, 2, 0, 0, 0xff, 3, 0, 0x21], &SYN])),
                _ => packet(115, &join(&[&[0, 0, 0, 7, 1, 2, 3, 4], &inner])),
            };
            for (at, byte) in changes {
                if let Some(to) = bytes.get_mut(at) {
                    *to = byte;
                }
            }
            bytes.truncate(len);
            dissect(&Frame { wire_len, ..frame(1, &bytes) });
        }
    }
}
