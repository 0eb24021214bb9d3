//! Tags that a switch's ports and its CPU exchange: Marvell's (DSA) and Broadcom's, in an Ethernet header or before it.

use crate::dissect::layer::{Layer, Layers, SwitchTag, SwitchTagKind, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, Stop};

/// `DSA_TAG_DSA`: Marvell's tag behind the addresses.
pub(super) fn dsa<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    inside(rest, layers, |tag| (SwitchTagKind::Dsa, *tag))
}

/// `DSA_TAG_EDSA`: the same with an EtherType.
pub(super) fn edsa<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    inside(rest, layers, |&[e0, e1, r0, r1, a, b, c, d]| {
        (SwitchTagKind::Edsa(u16::from_be_bytes([e0, e1]), [r0, r1]), [a, b, c, d])
    })
}

/// `DSA_TAG_BRCM`: Broadcom's behind the addresses.
pub(super) fn broadcom<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    inside(rest, layers, |tag| (SwitchTagKind::Broadcom, *tag))
}

/// `DSA_TAG_BRCM_PREPEND`: Broadcom's before the frame.
pub(super) fn broadcom_first<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&tag, behind) = rest.split::<4>(LayerName::Link)?;
    let (kind, len) = (SwitchTagKind::Broadcom, rest.wire_len);
    push(layers, Layer::SwitchTag(SwitchTag { addresses: None, kind, tag, ethertype: 0, len }), rest.offset)?;
    Ok(Next::Ethernet(behind))
}

/// A tag of `N` bytes between the addresses and the EtherType.
fn inside<'a, const N: usize>(
    rest: Rest<'a>,
    layers: &mut Layers<'a>,
    read: impl Fn(&[u8; N]) -> (SwitchTagKind, [u8; 4]),
) -> Result<Next<'a>, Stop> {
    let (dst, behind) = rest.split::<6>(LayerName::Link)?;
    let (src, behind) = behind.split::<6>(LayerName::Link)?;
    let (tag, behind) = behind.split::<N>(LayerName::Link)?;
    let (&ethertype, behind) = behind.split::<2>(LayerName::Link)?;
    let ((kind, tag), ethertype, len) = (read(tag), u16::from_be_bytes(ethertype), rest.wire_len);
    let addresses = Some((dst, src));
    push(layers, Layer::SwitchTag(SwitchTag { addresses, kind, tag, ethertype, len }), rest.offset)?;
    Ok(Next::EtherType(ethertype, behind))
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SNAP, SYN, SYN6, ethernet, finds_syn, join};
    use super::*;

    const ADDRESSES: &[u8] = &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];

    #[test]
    fn a_tag_stands_between_the_addresses_and_the_ethertype() {
        for link_type in [281, 284] {
            finds_syn(link_type, &join(&[ADDRESSES, &[0xc0, 0, 0, 0, 8, 0], &SYN]));
            finds_syn(link_type, &join(&[ADDRESSES, &[0xc0, 0, 0, 0, 0x81, 0, 0, 42, 0x86, 0xdd], &SYN6]));
            finds_syn(link_type, &join(&[ADDRESSES, &[0xc0, 0, 0, 0, 0, 48], SNAP, &[8, 0], &SYN]));
        }
        let bytes = join(&[ADDRESSES, &[0xda, 0xda, 0, 7, 0xc0, 1, 2, 3, 8, 0], &SYN]);
        let layers = finds_syn(285, &bytes);
        let [Layer::SwitchTag(tag)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((tag.kind, tag.tag), (SwitchTagKind::Edsa(0xdada, [0, 7]), [0xc0, 1, 2, 3]));
        assert_eq!((tag.addresses.unwrap().1, tag.ethertype), (&[2, 0, 0, 0, 0, 1], 0x0800));
    }

    #[test]
    fn broadcoms_may_stand_before_the_frame() {
        finds_syn(282, &join(&[&[0x20, 1, 2, 3], &ethernet(0x86dd, &SYN6)]));
    }
}
