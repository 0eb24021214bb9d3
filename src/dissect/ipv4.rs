//! IPv4 headers, RFC 791.

use std::net::IpAddr;

use pnet_packet::ipv4::Ipv4Packet;

use super::ip::AUTHENTICATION;
use crate::dissect::ip::{Fragment, Ip};
use crate::dissect::layer::{Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Carried;
use crate::dissect::stop::{LayerName, LengthSource, NotTcp, Stop};

const DONT_FRAGMENT: u8 = 0b010;
const MORE_FRAGMENTS: u8 = 0b001;

/// Reads an IPv4 packet's header and notes the packet.
#[inline(always)]
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Carried, Stop> {
    let (fixed, _) = rest.split::<20>(LayerName::Ipv4)?;
    let fields = Ipv4Packet::new(fixed).ok_or(Stop::Other(NotTcp::Unknown))?;
    if fields.get_version() != 4 {
        return Err(Stop::Other(NotTcp::Unknown));
    }
    let header_len = usize::from(fields.get_header_length()) * 4;
    if header_len < 20 {
        return Err(rest.limit(header_len as u32).short(LayerName::Ipv4, 20));
    }
    let (header, behind) = rest.split_at(header_len, LayerName::Ipv4)?;

    // Segmentation offload hands packets to the capture before their length is filled in.
    let total_len = u32::from(fields.get_total_length());
    let (total_len, length_source) =
        if total_len == 0 { (rest.wire_len, LengthSource::Frame) } else { (total_len, LengthSource::Header) };
    let Some(payload_len) = total_len.checked_sub(header_len as u32) else {
        return Err(rest.limit(total_len).short(LayerName::Ipv4, header_len));
    };

    let flags = fields.get_flags();
    let fragment_offset = u32::from(fields.get_fragment_offset()) * 8;
    let more = flags & MORE_FRAGMENTS != 0;
    let protocol = fields.get_next_level_protocol().0;
    let ip = Ip {
        offset: rest.offset,
        src: IpAddr::V4(fields.get_source()),
        dst: IpAddr::V4(fields.get_destination()),
        ttl: fields.get_ttl(),
        tos: fields.get_dscp() << 2 | fields.get_ecn(),
        id: Some(fields.get_identification()),
        protocol,
        dont_fragment: flags & DONT_FRAGMENT != 0,
        fragment: (more || fragment_offset > 0).then_some(Fragment {
            offset: fragment_offset,
            more,
            id: fields.get_identification().into(),
            header_len: header_len as u16,
            protocol,
        }),
        header,
        payload: behind.data.get(..payload_len as usize).unwrap_or(behind.data),
        payload_len,
        length_source,
        missing: total_len.saturating_sub(rest.wire_len),
    };
    push(layers, Layer::Ip(ip), rest.offset)?;
    match layers.last_mut() {
        Some(Layer::Ip(ip)) if protocol == AUTHENTICATION && fragment_offset == 0 => {
            authentication(rest, ip)?;
            Carried::inside(ip.protocol, fragment_offset)
        }
        _ => Carried::inside(protocol, fragment_offset),
    }
}

/// Moves an authentication header from the payload to the header.
// RFC 4302 §2.2: the length is in words of 32 bits, minus 2.
#[cold]
fn authentication<'a>(packet: Rest<'a>, ip: &mut Ip<'a>) -> Result<(), Stop> {
    let (&[next, len], _) = ip.rest().split::<2>(LayerName::Ipv4)?;
    let behind = ip.rest().skip((usize::from(len) + 2) * 4, LayerName::Ipv4)?;
    let header_len = behind.offset.wrapping_sub(packet.offset) as usize;
    ip.header = packet.data.get(..header_len).unwrap_or(ip.header);
    (ip.payload, ip.payload_len, ip.protocol) = (behind.data, behind.wire_len, next);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{SYN, ethernet, finds_syn, frame, join, other};
    use super::super::{Content, dissect};
    use super::*;

    /// The SYN with these bytes of its header replaced.
    fn syn_with(bytes: &[(usize, u8)]) -> Vec<u8> {
        let mut syn = SYN;
        for &(at, byte) in bytes {
            syn[at] = byte;
        }
        syn.to_vec()
    }

    #[test]
    fn the_header_is_deconstructed() {
        let bytes = syn_with(&[(1, 0xb9), (6, 0), (8, 3)]);
        let dissection = dissect(&frame(101, &bytes));
        let ip = dissection.ip().unwrap();
        assert_eq!((ip.src, ip.dst), ([10, 0, 0, 1].into(), [10, 0, 0, 2].into()));
        assert_eq!((ip.tos, ip.ttl, ip.id, ip.dont_fragment, ip.fragment), (0xb9, 3, Some(1), false, None));
        assert_eq!((ip.payload_len, ip.length_source, ip.missing), (20, LengthSource::Header, 0));
    }

    #[test]
    fn options_and_an_authentication_header_are_part_of_the_header() {
        let options = join(&[&syn_with(&[(0, 0x46), (3, 44)])[..20], &[0x94, 4, 0, 0], &SYN[20..]]);
        finds_syn(228, &options);
        let authentication = [6, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        let bytes = join(&[&syn_with(&[(3, 64), (9, 51)])[..20], &authentication, &SYN[20..]]);
        finds_syn(228, &bytes);
        let dissection = dissect(&frame(228, &bytes));
        let ip = dissection.ip().unwrap();
        assert_eq!((ip.header.len(), ip.protocol, ip.payload_len, ip.is_extended()), (44, 6, 20, true));
    }

    #[test]
    fn lengths_that_cannot_be_are_the_headers_fault() {
        for (bytes, needed, present) in [(syn_with(&[(0, 0x44)]), 20, 16), (syn_with(&[(3, 19)]), 20, 19)] {
            let Content::Cut(short) = dissect(&frame(228, &bytes)).content else { panic!() };
            assert_eq!((short.layer, short.offset, short.needed, short.present), (LayerName::Ipv4, 0, needed, present));
            assert_eq!(short.limit, LengthSource::Header);
        }
        let bytes = syn_with(&[(3, 30)]);
        let Content::TcpCut(tcp, short) = dissect(&frame(228, &bytes)).content else { panic!() };
        assert_eq!((tcp.len(), short.needed, short.present, short.limit), (10, 20, 10, LengthSource::Header));
    }

    #[test]
    fn a_length_beyond_the_frame_is_missing_and_not_cut() {
        let bytes = ethernet(0x0800, &syn_with(&[(3, 140)]));
        let dissection = dissect(&frame(1, &bytes));
        let Content::Tcp(tcp) = dissection.content else { panic!("{:?}", dissection.content) };
        assert_eq!((tcp.segment.payload_len, tcp.payload.len()), (100, 0));
        assert_eq!(dissection.ip().unwrap().missing, 100);
    }

    #[test]
    fn of_a_fragmented_segment_only_the_first_part_has_a_header() {
        let first = syn_with(&[(6, 0x20)]);
        let dissection = dissect(&frame(228, &first));
        let fragment = Fragment { offset: 0, more: true, id: 1, header_len: 20, protocol: 6 };
        assert_eq!(dissection.ip().unwrap().fragment, Some(fragment));
        assert!(matches!(dissection.content, Content::Tcp(tcp) if tcp.segment.fragment));
        assert_eq!(other(228, &syn_with(&[(6, 0), (7, 3)])), NotTcp::LaterFragment);
    }
}
