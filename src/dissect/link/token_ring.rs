//! Token Ring (IEEE 802.5): access and frame control, two addresses, perhaps a route, LLC.

use super::llc;
use crate::dissect::layer::{Layer, Layers, TokenRing, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// The source address's bit that announces a route.
const ROUTED: u8 = 0x80;
/// Frame type: LLC.
const LLC: u8 = 0x01;

/// Reads the header.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&control, behind) = rest.split::<2>(LayerName::Link)?;
    let (dst, behind) = behind.split::<6>(LayerName::Link)?;
    let (&source, behind) = behind.split::<6>(LayerName::Link)?;
    let [first, others @ ..] = source;
    let (route, behind) = match first & ROUTED {
        0 => (&[][..], behind),
        _ => {
            // The lower five bits of the first byte are the length, these two bytes included.
            let (&[control, _], _) = behind.split::<2>(LayerName::Link)?;
            behind.split_at(usize::from(control & 0x1f).max(2), LayerName::Link)?
        }
    };
    let [a, b, c, d, e] = others;
    let src = [first & !ROUTED, a, b, c, d, e];
    push(layers, Layer::TokenRing(TokenRing { control, dst, src, route, len: rest.wire_len }), rest.offset)?;
    let [_, frame] = control;
    if frame >> 6 == LLC { llc::read(behind, layers) } else { Err(Stop::Other(NotTcp::Unknown)) }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SNAP, SYN, finds_syn, join, other};
    use super::*;

    #[test]
    fn a_route_may_stand_behind_the_addresses() {
        let bytes = join(&[&[0x10, 0x40], &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], SNAP, &[8, 0], &SYN]);
        let layers = finds_syn(6, &bytes);
        let [Layer::TokenRing(ring), Layer::Llc(_)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((ring.src, ring.route, ring.len), ([2, 0, 0, 0, 0, 1], &[][..], 62));
        let routed = [0x82, 0, 0, 0, 0, 1, 0x06, 0x30, 0, 0x11, 0, 0x20];
        let bytes = join(&[&[0x10, 0x40], &[2, 0, 0, 0, 0, 2], &routed, SNAP, &[8, 0], &SYN]);
        let layers = finds_syn(6, &bytes);
        let [Layer::TokenRing(ring), Layer::Llc(_)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((ring.src, ring.route), ([2, 0, 0, 0, 0, 1], &routed[6..]));
    }

    #[test]
    fn the_rings_own_frames_are_not_tcp() {
        assert_eq!(other(6, &join(&[&[0x10, 0x00], &[2; 12], SNAP, &[8, 0], &SYN])), NotTcp::Unknown);
    }
}
