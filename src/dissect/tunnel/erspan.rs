//! ERSPAN: mirrored Ethernet frames in GRE, draft-foschiano-erspan.

use crate::dissect::layer::{Erspan, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// Type I has no header of its own.
pub(super) fn version1<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    push(layers, Layer::Erspan(Erspan { kind: 1, session: None }), rest.offset)?;
    Ok(Next::Ethernet(rest))
}

/// Type II: 8 bytes.
pub(super) fn version2<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[_, _, a, b, ..], behind) = rest.split::<8>(LayerName::Tunnel)?;
    push(layers, Layer::Erspan(Erspan { kind: 2, session: session(a, b) }), rest.offset)?;
    Ok(Next::Ethernet(behind))
}

/// Type III: 12 bytes, and 8 more where the last bit says so. It may carry IP without Ethernet.
pub(super) fn version3<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[_, _, a, b, .., kind, last], behind) = rest.split::<12>(LayerName::Tunnel)?;
    push(layers, Layer::Erspan(Erspan { kind: 3, session: session(a, b) }), rest.offset)?;
    let behind = if last & 1 != 0 { behind.skip(8, LayerName::Tunnel)? } else { behind };
    // Bits P and FT: frame type 0 is Ethernet, 2 is IP.
    match kind >> 2 & 0x1f {
        0 => Ok(Next::Ethernet(behind)),
        2 => Ok(Next::Ip(behind)),
        _ => Err(Stop::Other(NotTcp::Unknown)),
    }
}

fn session(a: u8, b: u8) -> Option<u16> {
    Some(u16::from_be_bytes([a, b]) & 0x3ff)
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, ethernet, finds_syn, join, packet};
    use super::*;

    #[test]
    fn mirrored_frames_of_all_three_types() {
        let frame = ethernet(0x0800, &SYN);
        let kinds: [(&[u8], Erspan); 4] = [
            (&[0, 0, 0x88, 0xbe], Erspan { kind: 1, session: None }),
            (&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0x64, 0, 5, 0, 0, 0, 0], Erspan { kind: 2, session: Some(5) }),
            (
                &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0x64, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
                Erspan { kind: 3, session: Some(5) },
            ),
            (
                &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0x64, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
                Erspan { kind: 3, session: Some(5) },
            ),
        ];
        for (header, expected) in kinds {
            let bytes = packet(47, &join(&[header, &frame]));
            let layers = finds_syn(1, &bytes);
            let [.., Layer::Erspan(erspan), Layer::Ethernet(_)] = layers[..] else { panic!("{layers:?}") };
            assert_eq!(erspan, expected);
        }
    }
}
