//! Ethernet II, IEEE 802.3 and VLAN tags.

use super::super::layer::{Layers, push};
use super::super::rest::Rest;
use super::super::{Layer, LayerName, Next, NotTcp, Stop};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: u16 = 0x8100;
const PROVIDER_VLAN: u16 = 0x88a8;
const OLD_PROVIDER_VLAN: u16 = 0x9100;

/// An Ethernet header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ethernet<'a> {
    /// Destination address.
    pub dst: &'a [u8; 6],
    /// Source address.
    pub src: &'a [u8; 6],
    /// EtherType; 1500 and below it is a length.
    pub ethertype: u16,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// An IEEE 802.1Q tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Vlan {
    /// The EtherType that announced it: 0x8100, 0x88a8 or 0x9100.
    pub announced: u16,
    /// Priority, drop eligibility and VLAN number: 3, 1 and 12 bits.
    pub tag: u16,
    /// The EtherType behind it.
    pub ethertype: u16,
}

/// Reads an Ethernet header.
#[inline]
pub fn ethernet<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (dst, behind) = rest.split::<6>(LayerName::Link).map_err(|_| rest.short(LayerName::Link, 14))?;
    let (src, behind) = behind.split::<6>(LayerName::Link).map_err(|_| rest.short(LayerName::Link, 14))?;
    let (ethertype, behind) = behind.split::<2>(LayerName::Link).map_err(|_| rest.short(LayerName::Link, 14))?;
    let ethertype = u16::from_be_bytes(*ethertype);
    push(layers, Layer::Ethernet(Ethernet { dst, src, ethertype, len: rest.wire_len }), rest.offset)?;
    Ok(Next::EtherType(ethertype, behind))
}

/// Goes on by an EtherType.
#[inline]
pub fn by_ethertype<'a>(ethertype: u16, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    match ethertype {
        IPV4 => Ok(Next::Ipv4(rest)),
        IPV6 => Ok(Next::Ipv6(rest)),
        VLAN | PROVIDER_VLAN | OLD_PROVIDER_VLAN => {
            let (&[a, b, c, d], behind) = rest.split::<4>(LayerName::Shim)?;
            let (tag, inner) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            push(layers, Layer::Vlan(Vlan { announced: ethertype, tag, ethertype: inner }), rest.offset)?;
            Ok(Next::EtherType(inner, behind))
        }
        other => Err(Stop::Other(NotTcp::EtherType(other))),
    }
}
