//! VXLAN (RFC 7348), its generic extension, and Geneve (RFC 8926).

use super::super::link;
use super::nsh;
use crate::dissect::layer::{Geneve, Layer, Layers, Vxlan, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, Stop};

/// VXLAN carries Ethernet.
pub(super) fn vxlan<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Option<Next<'a>>, Stop> {
    let (&[flags, r0, r1, r2, a, b, c, _], behind) = rest.split::<8>(LayerName::Tunnel)?;
    if flags & 0x08 == 0 || !behind.may_be_ethernet() {
        return Ok(None);
    }
    let network = u32::from_be_bytes([0, a, b, c]);
    push(
        layers,
        Layer::Vxlan(Vxlan { flags, reserved: u32::from_be_bytes([0, r0, r1, r2]), network, next: None }),
        rest.offset,
    )?;
    Ok(Some(Next::Ethernet(behind)))
}

/// The generic extension names what it carries.
pub(super) fn vxlan_gpe<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Option<Next<'a>>, Stop> {
    let (&[flags, r0, r1, next, a, b, c, _], behind) = rest.split::<8>(LayerName::Tunnel)?;
    let may_be = match next {
        1 | 2 => behind.may_be_ip(),
        3 => behind.may_be_ethernet(),
        4 | 5 => true,
        _ => false,
    };
    if flags & 0x08 == 0 || !may_be {
        return Ok(None);
    }
    let network = u32::from_be_bytes([0, a, b, c]);
    push(
        layers,
        Layer::Vxlan(Vxlan { flags, reserved: u32::from_be_bytes([0, 0, r0, r1]), network, next: Some(next) }),
        rest.offset,
    )?;
    match next {
        3 => Ok(Some(Next::Ethernet(behind))),
        4 => nsh(behind, layers).map(Some),
        5 => link::mpls(behind, layers).map(Some),
        _ => Ok(Some(Next::Ip(behind))),
    }
}

/// Geneve carries what an EtherType says.
pub(super) fn geneve<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Option<Next<'a>>, Stop> {
    let (&[first, flags, p0, p1, a, b, c, _], behind) = rest.split::<8>(LayerName::Tunnel)?;
    let (version, options_len) = (first >> 6, usize::from(first & 0x3f) * 4);
    let protocol = u16::from_be_bytes([p0, p1]);
    if version != 0 {
        return Ok(None);
    }
    let (options, behind) = behind.split_at(options_len, LayerName::Tunnel)?;
    let may_be = match protocol {
        0x6558 => behind.may_be_ethernet(),
        0x0800 | 0x86dd => behind.may_be_ip(),
        _ => false,
    };
    if !may_be {
        return Ok(None);
    }
    let network = u32::from_be_bytes([0, a, b, c]);
    push(layers, Layer::Geneve(Geneve { flags, protocol, network, options }), rest.offset)?;
    Ok(Some(Next::EtherType(protocol, behind)))
}

#[cfg(test)]
mod tests {
    use super::super::super::NotTcp;
    use super::super::super::sample::{SYN, SYN6, datagram, ethernet, finds_syn, join, other};
    use super::*;

    const VXLAN: &[u8] = &[8, 0, 0, 0, 0, 0, 0x64, 0];

    #[test]
    fn vxlan_carries_ethernet_on_both_of_its_ports() {
        for port in [4789, 8472] {
            let bytes = datagram(port, &join(&[VXLAN, &ethernet(0x0800, &SYN)]));
            let layers = finds_syn(1, &bytes);
            let [_, Layer::Ip(_), Layer::Udp(udp), Layer::Vxlan(vxlan), Layer::Ethernet(_)] = layers[..] else {
                panic!("{layers:?}")
            };
            assert_eq!((udp.dst, vxlan.network, vxlan.next), (port, 100, None));
        }
    }

    #[test]
    fn its_extension_names_what_it_carries() {
        finds_syn(1, &datagram(4790, &join(&[&[12, 0, 0, 1, 0, 0, 0x64, 0], &SYN])));
        finds_syn(1, &datagram(4790, &join(&[&[12, 0, 0, 2, 0, 0, 0x64, 0], &SYN6])));
        finds_syn(1, &datagram(4790, &join(&[&[12, 0, 0, 3, 0, 0, 0x64, 0], &ethernet(0x0800, &SYN)])));
        let service = [0x0f, 0xc2, 2, 1, 0, 0, 7, 0xff];
        finds_syn(1, &datagram(4790, &join(&[&[12, 0, 0, 4, 0, 0, 0x64, 0], &service, &SYN])));
        finds_syn(1, &datagram(4790, &join(&[&[12, 0, 0, 5, 0, 0, 0x64, 0, 0, 6, 0x41, 0x40], &SYN])));
    }

    #[test]
    fn geneve_has_options() {
        let header = [2, 0x40, 0x65, 0x58, 0, 0, 0x64, 0, 1, 2, 0x83, 1, 0, 0, 0, 7];
        let bytes = datagram(6081, &join(&[&header, &ethernet(0x86dd, &SYN6)]));
        let layers = finds_syn(1, &bytes);
        let [.., Layer::Geneve(geneve), Layer::Ethernet(_)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((geneve.network, geneve.protocol, geneve.options), (100, 0x6558, &header[8..]));
    }

    #[test]
    fn what_only_shares_the_port_is_udp() {
        let dns = *b"\x12\x34\x81\x80\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x01\0\x01";
        for port in [4789, 4790, 8472, 6081, 2152, 3544] {
            assert_eq!(other(1, &datagram(port, &dns)), NotTcp::IpProtocol(17));
            assert_eq!(other(1, &datagram(port, &dns[..3])), NotTcp::IpProtocol(17));
        }
    }
}
