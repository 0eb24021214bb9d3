//! FDDI: a frame control byte, two addresses, LLC.

use super::llc;
use crate::dissect::layer::{Fddi, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// Reads the header.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (header, behind) = rest.split::<13>(LayerName::Link)?;
    let [control, dst @ .., _, _, _, _, _, _] = header;
    let [_, _, _, _, _, _, _, src @ ..] = header;
    push(layers, Layer::Fddi(Fddi { control: *control, dst, src, len: rest.wire_len }), rest.offset)?;
    // Frame control 0101xxxx is an LLC frame.
    if control & 0xf0 == 0x50 { llc::read(behind, layers) } else { Err(Stop::Other(NotTcp::Unknown)) }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SNAP, SYN, finds_syn, join, other};
    use super::*;

    #[test]
    fn llc_frames_are_read_and_others_are_not() {
        let addresses = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
        let bytes = join(&[&[0x54], &addresses, SNAP, &[8, 0], &SYN]);
        let layers = finds_syn(10, &bytes);
        let [Layer::Fddi(fddi), Layer::Llc(_)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((fddi.control, fddi.src, fddi.len), (0x54, &[2, 0, 0, 0, 0, 1], 61));
        assert_eq!(other(10, &join(&[&[0x41], &addresses, SNAP])), NotTcp::Unknown);
    }
}
