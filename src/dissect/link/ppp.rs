//! The point-to-point protocol (RFC 1661) in its framings: HDLC (RFC 1662), Cisco's own, and Ethernet (RFC 2516).

use super::mpls;
use crate::dissect::layer::{Layer, Layers, Ppp, PppFraming, Pppoe, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

const ADDRESS: u8 = 0xff;
const CONTROL: u8 = 0x03;

/// PPP with or without HDLC's address and control bytes.
pub(crate) fn ppp<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    match rest.data {
        [ADDRESS, CONTROL, ..] => {
            push(layers, Layer::PppFraming(PppFraming::Hdlc), rest.offset)?;
            protocol(rest.skip(2, LayerName::Link)?, layers)
        }
        // pppd writes the direction in place of the address.
        [direction @ (0 | 1), CONTROL, ..] => {
            push(layers, Layer::PppFraming(PppFraming::Pppd(*direction == 1)), rest.offset)?;
            protocol(rest.skip(2, LayerName::Link)?, layers)
        }
        [ADDRESS | 0 | 1] => Err(rest.short(LayerName::Link, 2)),
        _ => protocol(rest, layers),
    }
}

/// `PPP_HDLC`: PPP or Cisco's HDLC, told apart by the address.
pub(super) fn serial<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    match rest.data.first() {
        Some(0x0f | 0x8f) => cisco(rest, layers),
        _ => {
            let (&[address, control], behind) = rest.split::<2>(LayerName::Link)?;
            push(layers, Layer::PppFraming(PppFraming::Serial(address, control, rest.wire_len)), rest.offset)?;
            protocol(behind, layers)
        }
    }
}

/// `PPP_WITH_DIR`: a byte for the direction, then PPP.
pub(super) fn with_direction<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[direction], behind) = rest.split::<1>(LayerName::Link)?;
    push(layers, Layer::PppFraming(PppFraming::Direction(direction != 0)), rest.offset)?;
    ppp(behind, layers)
}

/// `C_HDLC`: address, control, EtherType.
pub(super) fn cisco<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[address, _, a, b], behind) = rest.split::<4>(LayerName::Link)?;
    let ethertype = u16::from_be_bytes([a, b]);
    push(layers, Layer::PppFraming(PppFraming::Cisco(address, ethertype, rest.wire_len)), rest.offset)?;
    Ok(Next::EtherType(ethertype, behind))
}

/// PPP over Ethernet, behind its EtherType.
pub(super) fn pppoe<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    const SESSION: u8 = 0;
    let (&[_, code, s0, s1, l0, l1], behind) = rest.split::<6>(LayerName::Shim)?;
    if code != SESSION {
        return Err(Stop::Other(NotTcp::EtherType(0x8864)));
    }
    let pppoe = Pppoe { session: u16::from_be_bytes([s0, s1]), len: u16::from_be_bytes([l0, l1]) };
    push(layers, Layer::Pppoe(pppoe), rest.offset)?;
    protocol(behind.promise(u32::from(pppoe.len)), layers)
}

/// PPP's protocol number, and on by it.
fn protocol<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[first], behind) = rest.split::<1>(LayerName::Shim)?;
    // RFC 1661 §6.5: a number may be compressed to its second byte, which alone is odd.
    let (protocol, behind) = if first & 1 == 1 {
        (u16::from(first), behind)
    } else {
        let (&number, behind) = rest.split::<2>(LayerName::Shim)?;
        (u16::from_be_bytes(number), behind)
    };
    push(layers, Layer::Ppp(Ppp { protocol, len: rest.wire_len }), rest.offset)?;
    match protocol {
        0x0021 => Ok(Next::Ipv4(behind)),
        0x0057 => Ok(Next::Ipv6(behind)),
        0x0281 | 0x0283 => mpls::stack(behind, layers),
        other => Err(Stop::Other(NotTcp::PppProtocol(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, ethernet, finds_syn, join, other};
    use super::*;

    #[test]
    fn hdlcs_bytes_and_half_of_the_protocol_may_be_left_out() {
        finds_syn(9, &join(&[&[0xff, 3, 0, 0x21], &SYN]));
        finds_syn(9, &join(&[&[0, 0x57], &SYN6]));
        finds_syn(9, &join(&[&[0x21], &SYN]));
        finds_syn(50, &join(&[&[0xff, 3, 0, 0x21], &SYN]));
        finds_syn(166, &join(&[&[0, 3, 0, 0x21], &SYN]));
        finds_syn(166, &join(&[&[1, 3, 0, 0x57], &SYN6]));
        finds_syn(204, &join(&[&[1, 0xff, 3, 0, 0x21], &SYN]));
        finds_syn(9, &join(&[&[0xff, 3, 0x02, 0x81, 0, 6, 0x41, 0x40], &SYN]));
    }

    #[test]
    fn ciscos_hdlc_has_an_ethertype() {
        for link_type in [50, 104] {
            let bytes = join(&[&[0x8f, 0, 0x86, 0xdd], &SYN6]);
            let layers = finds_syn(link_type, &bytes);
            assert!(matches!(layers[..], [Layer::PppFraming(PppFraming::Cisco(0x8f, 0x86dd, 64))]), "{layers:?}");
        }
    }

    #[test]
    fn pppoe_limits_the_length_and_names_its_session() {
        let session = join(&[&[0x11, 0, 0x12, 0x34, 0, 42, 0, 0x21], &SYN]);
        let bytes = ethernet(0x8864, &join(&[&session, &[0; 4]]));
        let layers = finds_syn(1, &bytes);
        let [_, Layer::Pppoe(pppoe), Layer::Ppp(ppp)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((pppoe.session, pppoe.len, ppp.protocol, ppp.len), (0x1234, 42, 0x21, 42));
        finds_syn(51, &session);
    }

    #[test]
    fn what_is_not_ip_is_named() {
        assert_eq!(other(9, &[0xff, 3, 0xc0, 0x21, 1, 1, 0, 4]), NotTcp::PppProtocol(0xc021));
        assert_eq!(other(51, &[0x11, 9, 0, 0, 0, 0]), NotTcp::EtherType(0x8864));
    }
}
