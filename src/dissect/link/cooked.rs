//! Linux cooked capture (`SLL` and `SLL2`): what `-i any` gives.

use super::super::layer::{Layers, push};
use super::super::rest::Rest;
use super::super::{Layer, LayerName, Next, NotTcp, Stop};
use super::llc;

/// A cooked header of either version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cooked<'a> {
    /// The interface's index (version 2 alone).
    pub interface: Option<u32>,
    /// 0 to us, 1 broadcast, 2 multicast, 3 between others, 4 from us.
    pub packet_type: u16,
    /// The device's type (`ARPHRD_…`).
    pub device_type: u16,
    /// The sender's link address, as far as the header has room for it.
    pub address: &'a [u8],
    /// EtherType, or one of Linux's own numbers below 1536.
    pub protocol: u16,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// `SLL`, 16 bytes.
pub fn version1<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (header, behind) = rest.split::<16>(LayerName::Link)?;
    let [t0, t1, d0, d1, _, len, address @ .., p0, p1] = header;
    let cooked = Cooked {
        interface: None,
        packet_type: u16::from_be_bytes([*t0, *t1]),
        device_type: u16::from_be_bytes([*d0, *d1]),
        address: address.get(..usize::from(*len)).unwrap_or(address),
        protocol: u16::from_be_bytes([*p0, *p1]),
        len: rest.wire_len,
    };
    push(layers, Layer::Cooked(cooked), rest.offset)?;
    by_protocol(cooked, behind, layers)
}

/// `SLL2`, 20 bytes.
pub fn version2<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (header, behind) = rest.split::<20>(LayerName::Link)?;
    let [p0, p1, _, _, i0, i1, i2, i3, d0, d1, packet_type, len, address @ ..] = header;
    let cooked = Cooked {
        interface: Some(u32::from_be_bytes([*i0, *i1, *i2, *i3])),
        packet_type: u16::from(*packet_type),
        device_type: u16::from_be_bytes([*d0, *d1]),
        address: address.get(..usize::from(*len)).unwrap_or(address),
        protocol: u16::from_be_bytes([*p0, *p1]),
        len: rest.wire_len,
    };
    push(layers, Layer::Cooked(cooked), rest.offset)?;
    by_protocol(cooked, behind, layers)
}

fn by_protocol<'a>(cooked: Cooked<'_>, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    /// Devices whose protocol field is no EtherType: netlink and wireless monitoring.
    const OTHER_DEVICES: [u16; 4] = [801, 802, 803, 824];
    /// Linux's number for IEEE 802.2.
    const LLC: u16 = 4;
    match cooked.protocol {
        _ if OTHER_DEVICES.contains(&cooked.device_type) => Err(Stop::Other(NotTcp::Unknown)),
        LLC => llc::read(rest, layers),
        0..=1535 => Err(Stop::Other(NotTcp::EtherType(cooked.protocol))),
        ethertype => Ok(Next::EtherType(ethertype, rest)),
    }
}
