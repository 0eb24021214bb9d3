//! GTP's user plane, 3GPP TS 29.281.

use crate::dissect::layer::{Gtp, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, Stop};

/// Reads a G-PDU; GTP's own messages carry no packet.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Option<Next<'a>>, Stop> {
    const PACKET: u8 = 255;
    let (&[flags, message, l0, l1, a, b, c, d], behind) = rest.split::<8>(LayerName::Tunnel)?;
    // §5.1: version 1, protocol type GTP.
    if flags >> 4 != 0b0011 || message != PACKET {
        return Ok(None);
    }
    let mut payload = behind.limit(u32::from(u16::from_be_bytes([l0, l1])));
    if flags & 0b111 != 0 {
        // Sequence number, N-PDU number and the type of the first extension header; all there when one is.
        let (&[_, _, _, mut extension], mut behind) = payload.split::<4>(LayerName::Tunnel)?;
        // §5.2.1: an extension header's first byte is its length in words, its last one the next header's type.
        while flags & 0b100 != 0 && extension != 0 {
            let words = behind.data.first().copied().ok_or_else(|| behind.short(LayerName::Tunnel, 4))?;
            let (header, next) = behind.split_at(usize::from(words.max(1)) * 4, LayerName::Tunnel)?;
            extension = header.last().copied().unwrap_or(0);
            behind = next;
        }
        payload = behind;
    }
    if !payload.may_be_ip() {
        return Ok(None);
    }
    push(layers, Layer::Gtp(Gtp { endpoint: u32::from_be_bytes([a, b, c, d]) }), rest.offset)?;
    Ok(Some(Next::Ip(payload)))
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, datagram, finds_syn, join};
    use super::*;

    #[test]
    fn a_packet_may_have_a_sequence_number_and_extension_headers() {
        let bytes = datagram(2152, &join(&[&[0x30, 0xff, 0, 40, 0, 0, 0, 7], &SYN]));
        let layers = finds_syn(1, &bytes);
        assert!(matches!(layers[..], [.., Layer::Gtp(Gtp { endpoint: 7 })]), "{layers:?}");
        finds_syn(1, &datagram(2152, &join(&[&[0x32, 0xff, 0, 64, 0, 0, 0, 7, 0, 1, 0, 0], &SYN6])));
        let extended = [0x34, 0xff, 0, 52, 0, 0, 0, 7, 0, 0, 0, 0x85, 1, 0, 9, 0x40, 1, 0, 0, 0];
        finds_syn(1, &datagram(2152, &join(&[&extended, &SYN])));
    }
}
