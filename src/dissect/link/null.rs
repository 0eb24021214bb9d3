//! BSD loopback: a protocol family in four bytes.

use crate::dissect::layer::{Layer, Layers, Null, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// `NULL`: the family in the byte order of the capturing host, which the frame does not say.
pub(super) fn host_order<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&bytes, _) = rest.split::<4>(LayerName::Link)?;
    // Families are small numbers, so only one of the orders makes one.
    let family = u32::from_le_bytes(bytes);
    read(if family > 0xffff { family.swap_bytes() } else { family }, rest, layers)
}

/// `LOOP`: the family in network byte order.
pub(super) fn network_order<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&bytes, _) = rest.split::<4>(LayerName::Link)?;
    let family = u32::from_be_bytes(bytes);
    read(if family > 0xffff { family.swap_bytes() } else { family }, rest, layers)
}

fn read<'a>(family: u32, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let behind = rest.skip(4, LayerName::Link)?;
    push(layers, Layer::Null(Null { family, len: rest.wire_len }), rest.offset)?;
    match family {
        2 => Ok(Next::Ipv4(behind)),
        // Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS.
        10 | 23 | 24 | 28 | 30 => Ok(Next::Ipv6(behind)),
        _ => Err(Stop::Other(NotTcp::Unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, finds_syn, join, other};
    use super::*;

    #[test]
    fn the_family_is_read_in_either_byte_order() {
        for link_type in [0, 108] {
            finds_syn(link_type, &join(&[&[2, 0, 0, 0], &SYN]));
            finds_syn(link_type, &join(&[&[0, 0, 0, 2], &SYN]));
            for family in [10, 23, 24, 28, 30] {
                let bytes = join(&[&[0, 0, 0, family], &SYN6]);
                let layers = finds_syn(link_type, &bytes);
                let [Layer::Null(null)] = layers[..] else { panic!("{layers:?}") };
                assert_eq!((null.family, null.len), (u32::from(family), 64));
            }
        }
        assert_eq!(other(0, &[7, 0, 0, 0, 0x45]), NotTcp::Unknown);
    }
}
