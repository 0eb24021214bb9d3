//! IPv4 headers, RFC 791.

use std::net::IpAddr;

use pnet_packet::ipv4::Ipv4Packet;

use super::ip::AUTHENTICATION;
use super::layer::{Layers, push};
use super::rest::Rest;
use super::{Fragment, Ip, Layer, LayerName, LengthSource, NotTcp, Stop};

const DONT_FRAGMENT: u8 = 0b010;
const MORE_FRAGMENTS: u8 = 0b001;

/// Reads an IPv4 packet's header and notes the packet.
#[inline]
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Ip<'a>, Stop> {
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
    let mut ip = Ip {
        offset: rest.offset,
        src: IpAddr::V4(fields.get_source()),
        dst: IpAddr::V4(fields.get_destination()),
        ttl: fields.get_ttl(),
        tos: fields.get_dscp() << 2 | fields.get_ecn(),
        id: Some(fields.get_identification()),
        protocol: fields.get_next_level_protocol().0,
        dont_fragment: flags & DONT_FRAGMENT != 0,
        fragment: (more || fragment_offset > 0).then_some(Fragment { offset: fragment_offset, more }),
        header,
        payload: behind.data.get(..payload_len as usize).unwrap_or(behind.data),
        payload_len,
        length_source,
        missing: total_len.saturating_sub(rest.wire_len),
    };
    let is_first = ip.fragment.is_none_or(|fragment| fragment.offset == 0);
    let walked = if ip.protocol == AUTHENTICATION && is_first { authentication(rest, &mut ip) } else { Ok(()) };
    push(layers, Layer::Ip(ip), rest.offset)?;
    walked?;
    Ok(ip)
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
