//! IPv6 headers and their extension headers, RFC 8200.

use std::net::IpAddr;

use pnet_packet::ipv6::Ipv6Packet;

use super::ip::{AUTHENTICATION, DESTINATION, FRAGMENT, HOP_BY_HOP, ROUTING};
use crate::dissect::ip::{Fragment, Ip};
use crate::dissect::layer::{Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Carried;
use crate::dissect::stop::{LayerName, LengthSource, NotTcp, Stop};

const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// Reads an IPv6 packet's header with its extension headers, and notes the packet.
#[inline(always)]
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Carried, Stop> {
    let (fixed, behind) = rest.split::<40>(LayerName::Ipv6)?;
    let fields = Ipv6Packet::new(fixed).ok_or(Stop::Other(NotTcp::Unknown))?;
    if fields.get_version() != 6 {
        return Err(Stop::Other(NotTcp::Unknown));
    }
    let by_header = u32::from(fields.get_payload_length());
    let jumbo = if by_header == 0 && fields.get_next_header().0 == HOP_BY_HOP { jumbo_len(behind.data) } else { None };
    let (len, length_source) = match (by_header, jumbo) {
        (_, Some(len)) => (len, LengthSource::Header),
        (0, None) => (behind.wire_len, LengthSource::Frame),
        (len, None) => (len, LengthSource::Header),
    };

    let protocol = fields.get_next_header().0;
    let ip = Ip {
        offset: rest.offset,
        src: IpAddr::V6(fields.get_source()),
        dst: IpAddr::V6(fields.get_destination()),
        ttl: fields.get_hop_limit(),
        tos: fields.get_traffic_class(),
        id: None,
        protocol,
        dont_fragment: false,
        fragment: None,
        header: fixed,
        payload: behind.data.get(..len as usize).unwrap_or(behind.data),
        payload_len: len,
        length_source,
        missing: len.saturating_sub(behind.wire_len),
    };
    push(layers, Layer::Ip(ip), rest.offset)?;
    match layers.last_mut() {
        Some(Layer::Ip(ip)) if is_extension(protocol) => {
            extensions(rest, ip)?;
            Carried::inside(ip.protocol, ip.fragment.map_or(0, |fragment| fragment.offset))
        }
        _ => Carried::inside(protocol, 0),
    }
}

/// Moves extension headers from the payload to the header, one after the other.
#[cold]
fn extensions<'a>(packet: Rest<'a>, ip: &mut Ip<'a>) -> Result<(), Stop> {
    while is_extension(ip.protocol) && ip.fragment.is_none_or(|fragment| fragment.offset == 0) {
        let rest = ip.rest();
        let &[next, len, high, low, id @ ..] = rest.split::<8>(LayerName::Ipv6)?.0;
        let len = match ip.protocol {
            FRAGMENT => 8,
            // RFC 4302 §2.2: the length is in words of 32 bits, minus 2; the others count 8 bytes, minus 1.
            AUTHENTICATION => (usize::from(len) + 2) * 4,
            _ => (usize::from(len) + 1) * 8,
        };
        let behind = rest.skip(len, LayerName::Ipv6)?;
        if ip.protocol == FRAGMENT {
            let word = u16::from_be_bytes([high, low]);
            let (offset, more) = (u32::from(word & 0xfff8), word & 1 != 0);
            // RFC 6946: an atomic fragment is a whole packet.
            ip.fragment = (more || offset > 0).then_some(Fragment {
                offset,
                more,
                id: u32::from_be_bytes(id),
                header_len: ip.header.len().saturating_add(len) as u16,
                protocol: next,
            });
        }
        let header_len = ip.header.len().saturating_add(len);
        ip.header = packet.data.get(..header_len).unwrap_or(ip.header);
        ip.payload = behind.data;
        ip.payload_len = behind.wire_len;
        ip.protocol = next;
    }
    Ok(())
}

fn is_extension(protocol: u8) -> bool {
    matches!(protocol, HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION | MOBILITY | HIP | SHIM6)
}

/// The length that a jumbo payload option gives in a hop-by-hop header.
// RFC 2675 §2: option type 0xc2, length 4, then 32 bits: the packet without its IPv6 header.
fn jumbo_len(options: &[u8]) -> Option<u32> {
    let (&[_, len], mut options) = options.split_first_chunk::<2>()?;
    options = options.get(..usize::from(len) * 8 + 6).unwrap_or(options);
    loop {
        match *options {
            [0, ref behind @ ..] => options = behind,
            [0xc2, 4, a, b, c, d, ..] => return Some(u32::from_be_bytes([a, b, c, d])),
            [_, len, ref behind @ ..] => options = behind.get(usize::from(len)..)?,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{SYN6, finds_syn, frame, join};
    use super::super::{Checksum, Content, LengthSource, dissect};
    use super::*;

    /// The SYN behind extension headers, the first of which is `first`.
    fn extended(first: u8, extensions: &[u8]) -> Vec<u8> {
        let mut bytes = join(&[&SYN6[..40], extensions, &SYN6[40..]]);
        (bytes[5], bytes[6]) = (20 + extensions.len() as u8, first);
        bytes
    }

    #[test]
    fn the_header_is_deconstructed() {
        let mut bytes = SYN6;
        (bytes[0], bytes[1]) = (0x62, 0xe1);
        let dissection = dissect(&frame(229, &bytes));
        let ip = dissection.ip().unwrap();
        assert_eq!((ip.src.to_string(), ip.dst.to_string()), ("fd00::1".into(), "fd00::2".into()));
        assert_eq!((ip.tos, ip.ttl, ip.id, ip.payload_len), (0x2e, 64, None, 20));
    }

    #[test]
    fn extension_headers_are_part_of_the_header() {
        let padding = [6, 0, 1, 4, 0, 0, 0, 0];
        let padding_then_routing = [43, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
        let authentication = [6, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        for (first, extensions) in
            [(0, &padding[..]), (60, &padding), (0, &padding_then_routing), (51, &authentication)]
        {
            let bytes = extended(first, extensions);
            finds_syn(229, &bytes);
            let dissection = dissect(&frame(229, &bytes));
            let ip = dissection.ip().unwrap();
            assert_eq!((ip.header.len(), ip.payload_len, ip.is_extended()), (40 + extensions.len(), 20, true));
        }
    }

    #[test]
    fn a_fragment_header_with_nothing_to_fragment_is_no_fragment() {
        let with = |word: u8| extended(44, &[6, 0, 0, word, 0, 0, 0, 7]);
        let [atomic, first, later] = [with(0), with(1), with(0x19)];
        let content = |bytes| dissect(&frame(229, bytes)).content;
        assert!(matches!(content(&atomic), Content::Tcp(tcp) if !tcp.segment.fragment));
        assert!(matches!(content(&first), Content::Tcp(tcp) if tcp.segment.fragment));
        assert!(matches!(content(&later), Content::Other(NotTcp::LaterFragment)));
    }

    #[test]
    fn without_a_length_the_jumbo_option_or_the_frame_says_it() {
        let mut bytes = extended(0, &[6, 0, 0xc2, 4, 0, 0, 0, 28]);
        bytes[5] = 0;
        bytes.extend([0; 7]);
        let jumbo = dissect(&frame(229, &bytes));
        assert!(matches!(jumbo.content, Content::Tcp(tcp) if tcp.segment.payload_len == 0 && !tcp.segment.offloaded));
        let mut bytes = join(&[&SYN6, &[0; 7]]);
        bytes[5] = 0;
        let big = dissect(&frame(229, &bytes));
        assert_eq!(big.ip().unwrap().length_source, LengthSource::Frame);
        assert!(matches!(big.content, Content::Tcp(tcp) if tcp.segment.payload_len == 7 && tcp.segment.offloaded));
    }

    #[test]
    fn the_checksum_covers_the_final_destination_while_segments_are_left() {
        let checksum = |bytes: &[u8]| match dissect(&frame(229, bytes)).content {
            Content::Tcp(tcp) => tcp.segment.checksum,
            content => panic!("{content:?}"),
        };
        // The SYN's own checksum is for fd00::2; the header has another destination on the way there.
        let mut routed = extended(43, &join(&[&[6, 2, 0, 1, 0, 0, 0, 0], &SYN6[24..40]]));
        assert_eq!(checksum(&routed), Checksum::Correct);
        routed[39] = 9;
        assert_eq!(checksum(&routed), Checksum::Correct);
        routed[43] = 0;
        assert_eq!(checksum(&routed), Checksum::Wrong { expected: 0xa618 });
    }
}
