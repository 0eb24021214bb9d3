//! Linux netfilter log: the packet is one of several type-length-value records.

use crate::dissect::layer::{Layer, Layers, Nflog, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// Walks the records to the packet.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    const PAYLOAD: u16 = 9;
    let (&[family, version, a, b], mut records) = rest.split::<4>(LayerName::Link)?;
    let resource = u16::from_be_bytes([a, b]);
    push(layers, Layer::Nflog(Nflog { family, version, resource, len: rest.wire_len }), rest.offset)?;
    // Records are in the byte order of the capturing host; types are small numbers.
    let is_big_endian = records.data.get(2) == Some(&0);
    loop {
        let (&[l0, l1, t0, t1], _) = records.split::<4>(LayerName::Link)?;
        let (len, kind) = if is_big_endian {
            (u16::from_be_bytes([l0, l1]), u16::from_be_bytes([t0, t1]))
        } else {
            (u16::from_le_bytes([l0, l1]), u16::from_le_bytes([t0, t1]))
        };
        let Some(value_len) = len.checked_sub(4) else {
            return Err(records.limit(u32::from(len)).short(LayerName::Link, 4));
        };
        if kind == PAYLOAD {
            let packet = records.skip(4, LayerName::Link)?.limit(u32::from(value_len));
            return match family {
                2 => Ok(Next::Ipv4(packet)),
                10 => Ok(Next::Ipv6(packet)),
                _ => Err(Stop::Other(NotTcp::Unknown)),
            };
        }
        records = records.skip(usize::from(len).next_multiple_of(4), LayerName::Link)?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, finds_syn, join, other};
    use super::*;

    #[test]
    fn the_packet_is_found_among_other_records_in_either_byte_order() {
        let little = join(&[&[2, 0, 0, 5, 7, 0, 10, 0, b'p', b'f', 0, 0, 44, 0, 9, 0], &SYN]);
        let layers = finds_syn(239, &little);
        let [Layer::Nflog(nflog)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((nflog.family, nflog.resource, nflog.len), (2, 5, 56));
        finds_syn(239, &join(&[&[10, 0, 0, 0, 0, 64, 0, 9], &SYN6]));
    }

    #[test]
    fn a_record_of_no_length_does_not_hold_the_reader_up() {
        let dissection = crate::dissect(&super::super::super::sample::frame(239, &[2, 0, 0, 0, 0, 0, 1, 0]));
        assert!(matches!(dissection.content, crate::dissect::Content::Cut(_)), "{:?}", dissection.content);
        assert_eq!(other(239, &join(&[&[7, 0, 0, 0, 44, 0, 9, 0], &SYN])), NotTcp::Unknown);
    }
}
