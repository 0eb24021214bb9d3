//! What Juniper's routers put before the frames that they capture: a magic number, flags, extensions, and for some kinds of
//! interface cards a cookie.

use super::{frame_relay, llc, ppp};
use crate::dissect::layer::{Card, Juniper, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

impl Card {
    /// tcpdump's name of it, where a cookie may follow.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Ethernet | Self::Ppp | Self::FrameRelay | Self::Hdlc => None,
            Self::Pppoe => Some("PPPoE"),
            Self::PppoeAtm => Some("PPPoE ATM"),
            Self::Atm1 => Some("ATM1"),
            Self::Atm2 => Some("ATM2"),
            Self::Monitor => Some("MONITOR"),
            Self::Services => Some("AS"),
            Self::Ggsn => Some("GGSN"),
        }
    }

    fn cookie_len(self) -> usize {
        match self {
            Self::Atm1 => 4,
            Self::Atm2 | Self::Monitor | Self::Services | Self::Ggsn => 8,
            _ => 0,
        }
    }
}

const NO_LINK_HEADER: u8 = 0x02;
const EXTENDED: u8 = 0x80;

/// Reads a frame of that card.
pub(super) fn read<'a>(card: Card, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[m, g, c, flags], mut behind) = rest.split::<4>(LayerName::Link)?;
    if [m, g, c] != *b"MGC" {
        return Err(Stop::Other(NotTcp::Unknown));
    }
    if flags & EXTENDED != 0 {
        let (&len, extensions) = behind.split::<2>(LayerName::Link)?;
        behind = extensions.skip(u16::from_be_bytes(len).into(), LayerName::Link)?;
    }
    let header_len = |behind: Rest<'_>| behind.offset.wrapping_sub(rest.offset) as u16;
    if flags & NO_LINK_HEADER != 0 {
        // Four bytes of address family, then the packet.
        let packet = behind.skip(4, LayerName::Link)?;
        let header_len = header_len(packet);
        push(layers, Layer::Juniper(Juniper { flags, card, cookie: &[], header_len, next: [0; 8] }), rest.offset)?;
        return Ok(Next::Ip(packet));
    }
    let (cookie, behind) = cookie(card, behind)?;
    let mut next = [0; 8];
    next.iter_mut().zip(behind.data).for_each(|(to, from)| *to = *from);
    let juniper = Juniper { flags, card, cookie, header_len: header_len(behind), next };
    push(layers, Layer::Juniper(juniper), rest.offset)?;
    match card {
        Card::Ethernet | Card::Pppoe => Ok(Next::Ethernet(behind)),
        Card::Ppp => ppp::ppp(behind, layers),
        Card::FrameRelay => frame_relay::read(behind, layers),
        Card::Hdlc => ppp::cisco(behind, layers),
        Card::PppoeAtm => {
            let (&ethertype, behind) = behind.split::<2>(LayerName::Link)?;
            Ok(Next::EtherType(u16::from_be_bytes(ethertype), behind))
        }
        Card::Atm1 | Card::Atm2 if behind.data.starts_with(&[0xaa]) => llc::read(behind, layers),
        Card::Atm1 | Card::Atm2 | Card::Monitor | Card::Services | Card::Ggsn => Ok(Next::Ip(behind)),
    }
}

/// A card's cookie. Cookies of a link services card and of a services card show by their first byte, whatever the card.
fn cookie<'a>(card: Card, rest: Rest<'a>) -> Result<(&'a [u8], Rest<'a>), Stop> {
    const LINK_SERVICES: u8 = 0x54;
    const SERVICES: u8 = 0x47;
    if card.name().is_none() {
        return Ok((&[], rest));
    }
    let len = match rest.data.first() {
        Some(&LINK_SERVICES) => card.cookie_len() + 2,
        Some(&SERVICES) => 8,
        Some(_) => card.cookie_len(),
        None => return Err(rest.short(LayerName::Link, 1)),
    };
    rest.split_at(len, LayerName::Link)
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SNAP, SYN, SYN6, ethernet, finds_syn, join, other};
    use super::*;

    #[test]
    fn each_cards_frames_are_read() {
        let with = |behind: &[&[u8]]| join(&[b"MGC\x01", &behind.concat()]);
        finds_syn(178, &with(&[&ethernet(0x0800, &SYN)]));
        finds_syn(179, &with(&[&[0xff, 3, 0, 0x21], &SYN]));
        finds_syn(180, &with(&[&[0x18, 0x41, 3, 0xcc], &SYN]));
        finds_syn(181, &with(&[&[0x0f, 0, 8, 0], &SYN]));
        let session = join(&[&[0x11, 0, 0x12, 0x34, 0, 42, 0, 0x21], &SYN]);
        finds_syn(167, &with(&[&ethernet(0x8864, &session)]));
        finds_syn(168, &with(&[&[0x88, 0x64], &session]));
        finds_syn(137, &with(&[&[0, 0, 0, 1], SNAP, &[8, 0], &SYN]));
        finds_syn(135, &with(&[&[0; 8], &SYN]));
        for link_type in [133, 136, 164] {
            finds_syn(link_type, &with(&[&[1, 0, 2, 0, 0, 7, 0, 0], &SYN6]));
        }
    }

    #[test]
    fn extensions_are_passed_by_and_the_link_header_may_be_missing() {
        finds_syn(178, &join(&[b"MGC\x81", &[0, 4, 3, 1, 1, 0], &ethernet(0x86dd, &SYN6)]));
        finds_syn(178, &join(&[b"MGC\x03", &[0, 0, 0, 2], &SYN]));
        assert_eq!(other(178, &join(&[b"MGD\x01", &ethernet(0x0800, &SYN)])), NotTcp::Unknown);
    }
}
