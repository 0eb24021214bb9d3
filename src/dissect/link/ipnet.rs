//! Solaris' ipnet devices: packets between zones.

use crate::dissect::layer::{Ipnet, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// Reads the header: version, family, hook, length, two interfaces, two zones.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[_, family, _, _], behind) = rest.split::<4>(LayerName::Link)?;
    let behind = behind.skip(12, LayerName::Link)?;
    let (&[a, b, c, d, e, f, g, h], behind) = behind.split::<8>(LayerName::Link)?;
    let (src, dst) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
    push(layers, Layer::Ipnet(Ipnet { family, src, dst, len: rest.wire_len }), rest.offset)?;
    match family {
        2 => Ok(Next::Ipv4(behind)),
        26 => Ok(Next::Ipv6(behind)),
        _ => Err(Stop::Other(NotTcp::Unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, finds_syn, join, other};
    use super::*;

    #[test]
    fn the_family_says_what_follows() {
        let header = |family| join(&[&[1, family], &[0; 14], &[0, 0, 0, 7, 0, 0, 0, 9]]);
        let bytes = join(&[&header(2), &SYN]);
        let layers = finds_syn(226, &bytes);
        assert!(matches!(layers[..], [Layer::Ipnet(Ipnet { src: 7, dst: 9, len: 64, .. })]), "{layers:?}");
        finds_syn(226, &join(&[&header(26), &SYN6]));
        assert_eq!(other(226, &join(&[&header(1), &SYN])), NotTcp::Unknown);
    }
}
