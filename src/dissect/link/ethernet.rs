//! Ethernet II, IEEE 802.3, and the tags that stand behind an EtherType.

use super::{IPV4, IPV6, llc, mpls, ppp};
use crate::dissect::layer::{Ethernet, Layer, Layers, Vlan, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// Reads an Ethernet header: its EtherType, and what is behind it.
#[inline]
pub(crate) fn ethernet<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<(u16, Rest<'a>), Stop> {
    let (header, behind) = rest.split::<14>(LayerName::Link)?;
    let [dst @ .., _, _, _, _, _, _, a, b] = header;
    let [_, _, _, _, _, _, src @ .., _, _] = header;
    let ethertype = u16::from_be_bytes([*a, *b]);
    push(layers, Layer::Ethernet(Ethernet { dst, src, ethertype, len: rest.wire_len }), rest.offset)?;
    Ok((ethertype, behind))
}

/// Goes on by an EtherType.
#[inline]
pub(crate) fn by_ethertype<'a>(ethertype: u16, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    match ethertype {
        IPV4 => Ok(Next::Ipv4(rest)),
        IPV6 => Ok(Next::Ipv6(rest)),
        other => by_rarer_ethertype(other, rest, layers),
    }
}

fn by_rarer_ethertype<'a>(ethertype: u16, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    match ethertype {
        0..=1500 => llc::read(rest.limit(u32::from(ethertype)), layers),
        0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => {
            let (&[a, b, c, d], behind) = rest.split::<4>(LayerName::Shim)?;
            let (tag, ethertype) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            push(layers, Layer::Vlan(Vlan { tag, ethertype }), rest.offset)?;
            Ok(Next::EtherType(ethertype, behind))
        }
        0x8847 | 0x8848 => mpls::stack(rest, layers),
        0x8864 => ppp::pppoe(rest, layers),
        0x880b => ppp::ppp(rest, layers),
        0x6558 => Ok(Next::Ethernet(rest)),
        0x894f => Ok(Next::Nsh(rest)),
        // VNTag: 4 bytes, then an EtherType.
        0x8926 => tag::<6>(ethertype, rest, layers),
        // IEEE 802.1BR §7.5: an E-TAG has 6 bytes, then an EtherType.
        0x893f => tag::<8>(ethertype, rest, layers),
        // FabricPath: 16 bits of tree and hop limit, then the frame itself.
        0x8903 => {
            push(layers, Layer::Tag(ethertype), rest.offset)?;
            Ok(Next::Ethernet(rest.skip(2, LayerName::Shim)?))
        }
        // IEEE 802.1Q §9.7: an I-TAG has 4 bytes, then the frame itself.
        0x88e7 => {
            push(layers, Layer::Tag(ethertype), rest.offset)?;
            Ok(Next::Ethernet(rest.skip(4, LayerName::Shim)?))
        }
        other => Err(Stop::Other(NotTcp::EtherType(other))),
    }
}

/// A tag that ends with an EtherType, `N` bytes in all.
fn tag<'a, const N: usize>(announced: u16, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (header, behind) = rest.split::<N>(LayerName::Shim)?;
    push(layers, Layer::Tag(announced), rest.offset)?;
    match header.last_chunk::<2>() {
        Some(&ethertype) => Ok(Next::EtherType(u16::from_be_bytes(ethertype), behind)),
        None => Err(Stop::Other(NotTcp::EtherType(announced))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SNAP, SYN, SYN6, ethernet as frame, finds_syn, join, other};
    use super::*;

    #[test]
    fn an_ethernet_header_names_both_addresses_and_the_ethertype() {
        let bytes = frame(0x86dd, &SYN6);
        let layers = finds_syn(1, &bytes);
        let [Layer::Ethernet(ethernet)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((ethernet.dst, ethernet.src), (&[2, 0, 0, 0, 0, 2], &[2, 0, 0, 0, 0, 1]));
        assert_eq!((ethernet.ethertype, ethernet.len), (0x86dd, 74));
    }

    #[test]
    fn vlan_tags_nest() {
        for outer in [0x8100, 0x88a8, 0x9100] {
            let bytes = frame(outer, &join(&[&[0x60, 0x64, 0x81, 0x00, 0x10, 0x2a, 0x08, 0x00], &SYN]));
            let layers = finds_syn(1, &bytes);
            let [_, Layer::Vlan(first), Layer::Vlan(second)] = layers[..] else { panic!("{layers:?}") };
            assert_eq!((first.tag, first.ethertype), (0x6064, 0x8100));
            assert_eq!((second.tag, second.ethertype), (0x102a, 0x0800));
        }
    }

    #[test]
    fn a_length_in_place_of_an_ethertype_leads_to_llc_and_cuts_the_padding_off() {
        let bytes = join(&[&frame(48, &join(&[SNAP, &[8, 0], &SYN])), &[0; 9]]);
        let layers = finds_syn(1, &bytes);
        let [_, Layer::Llc(llc)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((llc.snap, llc.len), (Some((0, 0x0800)), 48));
    }

    #[test]
    fn switches_tags_are_passed_by() {
        finds_syn(1, &frame(0x8926, &join(&[&[0, 0, 0, 0, 8, 0], &SYN])));
        finds_syn(1, &frame(0x893f, &join(&[&[0, 0, 0, 0, 0, 0, 8, 0], &SYN])));
        finds_syn(1, &frame(0x8903, &join(&[&[0, 0x64], &frame(0x0800, &SYN)])));
        finds_syn(1, &frame(0x88e7, &join(&[&[0, 0, 0, 7], &frame(0x86dd, &SYN6)])));
        finds_syn(1, &frame(0x6558, &frame(0x0800, &SYN)));
    }

    #[test]
    fn an_unknown_ethertype_is_named() {
        assert_eq!(other(1, &frame(0x0806, &[0; 28])), NotTcp::EtherType(0x0806));
    }

    #[test]
    fn an_ethertype_does_not_overrule_the_version() {
        assert_eq!(other(1, &frame(0x0800, &SYN6)), NotTcp::Unknown);
        assert_eq!(other(1, &frame(0x86dd, &SYN)), NotTcp::Unknown);
    }
}
