//! IPv6 headers and their extension headers, RFC 8200.

use std::net::IpAddr;

use pnet_packet::ipv6::Ipv6Packet;

use super::ip::{AUTHENTICATION, DESTINATION, FRAGMENT, HOP_BY_HOP, ROUTING};
use super::layer::{Layers, push};
use super::rest::Rest;
use super::{Fragment, Ip, Layer, LayerName, LengthSource, NotTcp, Stop};

const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// Reads an IPv6 packet's header with its extension headers, and notes the packet.
#[inline]
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Ip<'a>, Stop> {
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

    let mut ip = Ip {
        offset: rest.offset,
        src: IpAddr::V6(fields.get_source()),
        dst: IpAddr::V6(fields.get_destination()),
        ttl: fields.get_hop_limit(),
        tos: fields.get_traffic_class(),
        id: None,
        protocol: fields.get_next_header().0,
        dont_fragment: false,
        fragment: None,
        header: fixed,
        payload: behind.data.get(..len as usize).unwrap_or(behind.data),
        payload_len: len,
        length_source,
        missing: len.saturating_sub(behind.wire_len),
    };
    if is_extension(ip.protocol) {
        // The packet is worth naming even where an extension header is cut.
        let walked = extensions(rest, &mut ip);
        push(layers, Layer::Ip(ip), rest.offset)?;
        walked?;
    } else {
        push(layers, Layer::Ip(ip), rest.offset)?;
    }
    Ok(ip)
}

/// Moves extension headers from the payload to the header, one after the other.
#[cold]
fn extensions<'a>(packet: Rest<'a>, ip: &mut Ip<'a>) -> Result<(), Stop> {
    while is_extension(ip.protocol) && ip.fragment.is_none_or(|fragment| fragment.offset == 0) {
        let rest = ip.rest();
        let &[next, len, high, low, ..] = rest.split::<8>(LayerName::Ipv6)?.0;
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
            ip.fragment = (more || offset > 0).then_some(Fragment { offset, more });
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
