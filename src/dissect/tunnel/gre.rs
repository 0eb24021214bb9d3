//! Generic routing encapsulation: RFC 2784 and RFC 2890, and version 1 for PPTP, RFC 2637.

use super::super::link;
use super::erspan;
use crate::dissect::layer::{Gre, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACK: u16 = 0x0080;

/// Reads a GRE header.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[f0, f1, p0, p1], mut behind) = rest.split::<4>(LayerName::Tunnel)?;
    let (flags, protocol) = (u16::from_be_bytes([f0, f1]), u16::from_be_bytes([p0, p1]));
    let version = flags & 7;
    let mut word = |present: bool| {
        if !present {
            return Ok(None);
        }
        let (&word, next) = behind.split::<4>(LayerName::Tunnel)?;
        behind = next;
        Ok::<_, Stop>(Some(u32::from_be_bytes(word)))
    };
    // RFC 1701: checksum and offset are there when either of them, or routing, is.
    let checksum = word(flags & (CHECKSUM | ROUTING) != 0)?;
    let key = word(flags & KEY != 0)?;
    let sequence = word(flags & SEQUENCE != 0)?;
    let ack = word(version == 1 && flags & ACK != 0)?;
    push(layers, Layer::Gre(Gre { flags, protocol, checksum, key, sequence, ack, len: rest.wire_len }), rest.offset)?;
    if version == 0 && flags & ROUTING != 0 {
        behind = skip_routes(behind)?;
    }
    match protocol {
        _ if version > 1 => Err(Stop::Other(NotTcp::EtherType(protocol))),
        0x88be if sequence.is_none() => erspan::version1(behind, layers),
        0x88be => erspan::version2(behind, layers),
        0x22eb => erspan::version3(behind, layers),
        // WCCP may put four bytes of its own in front of the packet.
        0x883e if behind.may_be_ip() => Ok(Next::Ip(behind)),
        0x883e => Ok(Next::Ip(behind.skip(4, LayerName::Tunnel)?)),
        // Aruba's access points send wireless frames by GRE.
        0x8200..=0x82ff | 0x9000 => link::wifi(behind, link::Radio::default(), layers),
        _ => Ok(Next::EtherType(protocol, behind)),
    }
}

/// Source route entries: family, offset, length, and as many bytes; an entry of length 0 ends them.
// RFC 1701, "Routing".
fn skip_routes(mut rest: Rest<'_>) -> Result<Rest<'_>, Stop> {
    loop {
        let (&[a, b, _, len], behind) = rest.split::<4>(LayerName::Tunnel)?;
        rest = behind.skip(usize::from(len), LayerName::Tunnel)?;
        if [a, b, len] == [0, 0, 0] {
            return Ok(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, ethernet, finds_syn, join, other, packet};
    use super::*;

    #[test]
    fn each_flag_adds_a_word() {
        let plain = packet(47, &join(&[&[0, 0, 0x86, 0xdd], &SYN6]));
        assert!(matches!(finds_syn(1, &plain)[..], [.., Layer::Gre(Gre { key: None, sequence: None, len: 64, .. })]));
        let header = [0xb0, 0, 8, 0, 0x12, 0x34, 0, 0, 0, 0, 0, 42, 0, 0, 0, 7];
        let bytes = packet(47, &join(&[&header, &SYN]));
        let layers = finds_syn(1, &bytes);
        let [.., Layer::Gre(gre)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((gre.checksum, gre.key, gre.sequence, gre.ack), (Some(0x1234_0000), Some(42), Some(7), None));
    }

    #[test]
    fn ethernet_mpls_and_the_routes_of_old_are_carried() {
        finds_syn(1, &packet(47, &join(&[&[0, 0, 0x65, 0x58], &ethernet(0x0800, &SYN)])));
        finds_syn(1, &packet(47, &join(&[&[0, 0, 0x88, 0x47, 0, 6, 0x41, 0x40], &SYN])));
        let routes = [0x40, 0, 8, 0, 0, 0, 0, 0, 0, 2, 0, 4, 10, 0, 0, 9, 0, 0, 0, 0];
        finds_syn(1, &packet(47, &join(&[&routes, &SYN])));
        finds_syn(1, &packet(47, &join(&[&[0, 0, 0x88, 0x3e, 1, 2, 3, 4], &SYN])));
    }

    #[test]
    fn version_1_carries_ppp() {
        let header = [0x30, 0x81, 0x88, 0x0b, 0, 44, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 3, 0, 0x21];
        let bytes = packet(47, &join(&[&header, &SYN]));
        let layers = finds_syn(1, &bytes);
        let [.., Layer::Gre(gre), Layer::PppFraming(_), Layer::Ppp(_)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((gre.key, gre.sequence, gre.ack), (Some(44 << 16 | 7), Some(1), Some(2)));
    }

    #[test]
    fn an_unknown_protocol_is_named() {
        assert_eq!(other(1, &packet(47, &[0, 0, 0x12, 0x34, 0, 0])), NotTcp::EtherType(0x1234));
        assert_eq!(other(1, &packet(47, &[0, 2, 8, 0, 0x45, 0])), NotTcp::EtherType(0x0800));
    }
}
