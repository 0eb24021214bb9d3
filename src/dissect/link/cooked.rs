//! Linux cooked capture (`SLL` and `SLL2`): what `-i any` gives.

use super::llc;
use crate::dissect::layer::{Cooked, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// `SLL`, 16 bytes.
pub(super) fn version1<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
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
pub(super) fn version2<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
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

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SNAP, SYN, SYN6, finds_syn, join, other};
    use super::*;

    const V1: &[u8] = &[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];

    #[test]
    fn version_1_says_direction_device_and_address() {
        let bytes = join(&[V1, &[8, 0], &SYN]);
        let layers = finds_syn(113, &bytes);
        let [Layer::Cooked(cooked)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((cooked.packet_type, cooked.device_type, cooked.interface), (4, 1, None));
        assert_eq!(cooked.address, &[2, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn version_2_says_the_interface_too() {
        let bytes = join(&[&[0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &SYN6]);
        let layers = finds_syn(276, &bytes);
        let [Layer::Cooked(cooked)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((cooked.packet_type, cooked.interface, cooked.protocol), (0, Some(3), 0x86dd));
        assert!(cooked.address.is_empty());
    }

    #[test]
    fn tags_and_llc_may_follow() {
        finds_syn(113, &join(&[V1, &[0x81, 0, 0, 0x2a, 8, 0], &SYN]));
        finds_syn(113, &join(&[V1, &[0, 4], SNAP, &[8, 0], &SYN]));
    }

    #[test]
    fn netlink_and_linuxs_own_protocols_are_not_tcp() {
        assert_eq!(other(113, &join(&[V1, &[0, 1], &SYN])), NotTcp::EtherType(1));
        let netlink = [0, 4, 0x03, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
        assert_eq!(other(113, &join(&[&netlink, &SYN])), NotTcp::Unknown);
    }
}
