//! Headers of the capturing system that say how to read on, and little else.

use super::{Radio, wifi};
use crate::dissect::layer::{Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// `ENC`: OpenBSD's and FreeBSD's IPsec interface: family, two more words, then IP.
pub(super) fn enc<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let behind = rest.skip(12, LayerName::Link)?;
    push(layers, Layer::Envelope(12), rest.offset)?;
    Ok(Next::Ip(behind))
}

/// `PFLOG`: OpenBSD's packet filter log: length (padded to four bytes), family, …, then IP.
pub(super) fn pflog<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[len, ..], _) = rest.split::<4>(LayerName::Link)?;
    let len = usize::from(len).next_multiple_of(4).max(4);
    let behind = rest.skip(len, LayerName::Link)?;
    push(layers, Layer::Envelope(len as u32), rest.offset)?;
    Ok(Next::Ip(behind))
}

/// `PKTAP`: what macOS gives for several interfaces: length, kind, and the link type of what follows, little-endian.
pub(super) fn pktap<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[a, b, c, d, _, _, _, _, l0, l1, l2, l3], _) = rest.split::<12>(LayerName::Link)?;
    let len = u32::from_le_bytes([a, b, c, d]).max(12);
    let behind = rest.skip(len as usize, LayerName::Link)?;
    push(layers, Layer::Envelope(len), rest.offset)?;
    inner(u32::from_le_bytes([l0, l1, l2, l3]), behind)
}

/// `PPI`: version, flags, length and the link type of what follows, little-endian.
pub(super) fn ppi<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[_, _, a, b, l0, l1, l2, l3], _) = rest.split::<8>(LayerName::Link)?;
    let len = u32::from(u16::from_le_bytes([a, b])).max(8);
    let (header, behind) = rest.split_at(len as usize, LayerName::Link)?;
    push(layers, Layer::Envelope(len), rest.offset)?;
    match u32::from_le_bytes([l0, l1, l2, l3]) {
        // The first field is usually 802.11-Common (2), whose flags say whether there is a frame check sequence.
        105 => {
            let has_fcs = header.get(8..10) == Some(&[2, 0]) && header.get(20).is_some_and(|flags| flags & 1 != 0);
            wifi(behind, Radio { has_fcs, ..Radio::default() }, layers)
        }
        other => inner(other, behind),
    }
}

/// `SYMANTEC_FIREWALL`: an EtherType among 44 bytes of which nothing else is known.
pub(super) fn symantec<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (header, behind) = rest.split::<44>(LayerName::Link)?;
    let [_, _, _, _, _, _, a, b, ..] = *header;
    let ethertype = u16::from_be_bytes([a, b]);
    push(layers, Layer::Typed(ethertype, rest.wire_len), rest.offset)?;
    Ok(Next::EtherType(ethertype, behind))
}

/// `NETANALYZER`: Hilscher's header of 4 bytes, then Ethernet.
pub(super) fn netanalyzer<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    push(layers, Layer::Envelope(4), rest.offset)?;
    Ok(Next::Ethernet(rest.skip(4, LayerName::Link)?))
}

/// `NETANALYZER_TRANSPARENT`: the same, with Ethernet's preamble.
pub(super) fn netanalyzer_transparent<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    push(layers, Layer::Envelope(12), rest.offset)?;
    Ok(Next::Ethernet(rest.skip(12, LayerName::Link)?))
}

/// Goes on by another link type, so long as that is no envelope again.
fn inner(link_type: u32, rest: Rest<'_>) -> Result<Next<'_>, Stop> {
    match u16::try_from(link_type) {
        Ok(149 | 192 | 258) | Err(_) => Err(Stop::Other(NotTcp::Unknown)),
        Ok(link_type) => Ok(Next::LinkType(link_type, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SNAP, SYN, SYN6, ethernet, finds_syn, join, other};
    use super::*;

    #[test]
    fn envelopes_are_passed_by() {
        finds_syn(109, &join(&[&[2, 0, 0, 0], &[0; 8], &SYN]));
        finds_syn(117, &join(&[&[61, 24, 0, 0], &[0; 60], &SYN6]));
        finds_syn(258, &join(&[&[16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], &ethernet(0x0800, &SYN)]));
        finds_syn(192, &join(&[&[0, 0, 8, 0, 1, 0, 0, 0], &ethernet(0x0800, &SYN)]));
        finds_syn(99, &join(&[&[0; 6], &[8, 0], &[0; 36], &SYN]));
        finds_syn(240, &join(&[&[0; 4], &ethernet(0x0800, &SYN)]));
        finds_syn(241, &join(&[&[0; 4], &[0x55; 7], &[0xd5], &ethernet(0x86dd, &SYN6)]));
    }

    #[test]
    fn ppi_says_whether_a_wireless_frame_has_an_fcs() {
        let header = [&[0, 0, 32, 0, 105, 0, 0, 0, 2, 0, 20, 0], &[0; 8][..], &[1, 0], &[0; 10]].concat();
        let data = join(&[&[8, 1, 0, 0], &[2; 18], &[0, 0], SNAP, &[8, 0], &SYN, &[1, 2, 3, 4]]);
        let bytes = join(&[&header, &data]);
        let layers = finds_syn(192, &bytes);
        let [_, Layer::Wifi(_), Layer::Llc(llc)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!(llc.len, 48);
    }

    #[test]
    fn an_envelope_in_an_envelope_is_refused() {
        assert_eq!(other(192, &[0, 0, 8, 0, 192, 0, 0, 0, 0, 0, 8, 0, 1, 0, 0, 0]), NotTcp::Unknown);
    }
}
