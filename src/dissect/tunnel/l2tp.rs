//! The layer two tunneling protocol: version 2 (RFC 2661), and version 3 (RFC 3931) over UDP and over IP.

use super::super::link;
use crate::dissect::layer::{L2tp, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, Stop};

impl L2tp {
    /// The protocol's version.
    pub fn version(self) -> u16 {
        self.flags & 0x0f
    }
}

const CONTROL: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;

/// Reads a data message over UDP, of either version.
pub(super) fn over_udp<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Option<Next<'a>>, Stop> {
    let (&flags, behind) = rest.split::<2>(LayerName::Tunnel)?;
    let flags = u16::from_be_bytes(flags);
    match flags & 0x0f {
        2 if flags & CONTROL == 0 => version2(flags, rest, layers),
        // RFC 3931 §4.1.2: two reserved bytes, then as over IP.
        3 if flags & CONTROL == 0 => {
            let behind = behind.skip(2, LayerName::Tunnel)?;
            version3(rest.offset, flags, behind, layers)
        }
        _ => Ok(None),
    }
}

/// Reads a data message over IP. RFC 3931 §4.1.1: session 0 is the control connection.
pub(super) fn over_ip<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Option<Next<'a>>, Stop> {
    version3(rest.offset, 3, rest, layers)
}

// RFC 2661 §3.1: length, tunnel, session, Ns and Nr, offset size and padding; all but the numbers are optional.
fn version2<'a>(flags: u16, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Option<Next<'a>>, Stop> {
    let mut behind = rest.skip(2, LayerName::Tunnel)?;
    if flags & LENGTH != 0 {
        let (&len, _) = behind.split::<2>(LayerName::Tunnel)?;
        behind = rest.limit(u16::from_be_bytes(len).into()).skip(4, LayerName::Tunnel)?;
    }
    let (&[t0, t1, s0, s1], mut behind) = behind.split::<4>(LayerName::Tunnel)?;
    let mut sequence = None;
    if flags & SEQUENCE != 0 {
        let (&[a, b, c, d], next) = behind.split::<4>(LayerName::Tunnel)?;
        (sequence, behind) = (Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))), next);
    }
    if flags & OFFSET != 0 {
        let (&size, next) = behind.split::<2>(LayerName::Tunnel)?;
        behind = next.skip(u16::from_be_bytes(size).into(), LayerName::Tunnel)?;
    }
    let (tunnel, session) = (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([s0, s1]).into());
    push(layers, Layer::L2tp(L2tp { flags, tunnel, session, sequence }), rest.offset)?;
    link::ppp(behind, layers).map(Some)
}

/// Session, cookie, perhaps a sublayer, and the frame: only the session's two ends know how long the middle is, so it is found
/// by where an Ethernet frame or a packet begins.
// RFC 3931 §4.1: a cookie has 0, 4 or 8 bytes; §4.6: the default sublayer has 4.
fn version3<'a>(offset: u32, flags: u16, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Option<Next<'a>>, Stop> {
    let (&session, behind) = rest.split::<4>(LayerName::Tunnel)?;
    let session = u32::from_be_bytes(session);
    if session == 0 {
        return Ok(None);
    }
    for between in [0, 4, 8, 12] {
        let frame = behind.skip(between, LayerName::Tunnel)?;
        if frame.may_be_ethernet() {
            push(layers, Layer::L2tp(L2tp { flags, tunnel: 0, session, sequence: None }), offset)?;
            return Ok(Some(Next::Ethernet(frame)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::super::NotTcp;
    use super::super::super::sample::{SYN, SYN6, datagram, ethernet, finds_syn, join, other, packet};
    use super::*;

    #[test]
    fn version_2_carries_ppp_behind_optional_fields() {
        let bytes = datagram(1701, &join(&[&[0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x21], &SYN]));
        let layers = finds_syn(1, &bytes);
        let [.., Layer::L2tp(l2tp), Layer::PppFraming(_), Layer::Ppp(_)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((l2tp.version(), l2tp.tunnel, l2tp.session, l2tp.sequence), (2, 1, 2, None));
        let all = [0x4a, 2, 0, 78, 0, 1, 0, 2, 0, 7, 0, 9, 0, 2, 0xee, 0xee, 0, 0x57];
        let bytes = datagram(1701, &join(&[&all, &SYN6, &[0; 9]]));
        let layers = finds_syn(1, &bytes);
        let [.., Layer::L2tp(l2tp), Layer::Ppp(ppp)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((l2tp.sequence, ppp.len), (Some((7, 9)), 62));
    }

    #[test]
    fn version_3_carries_ethernet_behind_a_cookie_of_any_length() {
        let frame = ethernet(0x0800, &SYN);
        for between in [0, 4, 8, 12] {
            let middle = &[0xc0; 12][..between];
            let bytes = packet(115, &join(&[&[0, 0, 0, 7], middle, &frame]));
            let whole = crate::dissect(&super::super::super::sample::frame(1, &bytes));
            assert!(whole.segment().is_some(), "{between}: {:?}", whole.content);
            let bytes = datagram(1701, &join(&[&[0, 3, 0, 0, 0, 0, 0, 7], middle, &frame]));
            let whole = crate::dissect(&super::super::super::sample::frame(1, &bytes));
            let Some(Layer::L2tp(l2tp)) = whole.layers.iter().find(|layer| matches!(layer, Layer::L2tp(_))) else {
                panic!("{:?}", whole.layers)
            };
            assert_eq!((l2tp.version(), l2tp.session), (3, 7));
        }
    }

    #[test]
    fn control_messages_are_not_tcp() {
        assert_eq!(other(1, &datagram(1701, &[0xc8, 2, 0, 12, 0, 1, 0, 0, 0, 0, 0, 0])), NotTcp::IpProtocol(17));
        assert_eq!(other(1, &packet(115, &join(&[&[0; 4], &[0xc8, 3], &[0; 30]]))), NotTcp::IpProtocol(115));
    }
}
