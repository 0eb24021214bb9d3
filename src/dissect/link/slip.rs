//! The serial line protocol (RFC 1055), as the captures of old BSDs have it: 16 bytes of the capturing system before the packet.

use crate::dissect::layer::{Layer, Layers, Slip, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, Stop};

/// `SLIP`: direction, and the compressed header.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[direction, compression, ..], behind) = rest.split::<16>(LayerName::Link)?;
    push(layers, Layer::Slip(Slip { direction, compression, len: rest.wire_len }), rest.offset)?;
    Ok(Next::Ip(behind))
}

/// `SLIP_BSDOS`: BSD/OS put nothing of use in there, and IPv4 behind it.
pub(super) fn bsdos<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let behind = rest.skip(16, LayerName::Link)?;
    push(layers, Layer::Envelope(16), rest.offset)?;
    Ok(Next::Ipv4(behind))
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, finds_syn, join};
    use super::*;

    #[test]
    fn sixteen_bytes_stand_before_the_packet() {
        let bytes = join(&[&[1, 0x45], &[0; 14], &SYN]);
        let layers = finds_syn(8, &bytes);
        assert!(matches!(layers[..], [Layer::Slip(Slip { direction: 1, compression: 0x45, len: 56 })]), "{layers:?}");
        finds_syn(8, &join(&[&[0; 16], &SYN6]));
        finds_syn(102, &join(&[&[0; 16], &SYN]));
    }
}
