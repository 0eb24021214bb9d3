//! IEEE 802.11 data frames, bare or behind a radio header.

use super::llc;
use crate::dissect::layer::{Layer, Layers, Wifi, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// What a radio header says about the frame behind it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Radio<'a> {
    /// The radiotap header itself.
    pub header: &'a [u8],
    /// Four bytes of frame check sequence stand at the end.
    pub has_fcs: bool,
    /// The header is padded to a multiple of four bytes.
    pub is_padded: bool,
}

/// `IEEE802_11`: no radio header.
pub(super) fn bare<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    wifi(rest, Radio::default(), layers)
}

/// Radiotap: its length is in bytes 2 and 3, and its flags field says whether an FCS follows the frame.
// https://www.radiotap.org: little-endian, fields aligned to their size, TSFT (8 bytes) and flags (1 byte) come first.
pub(super) fn radiotap<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[_, _, l0, l1, _, _, _, _], _) = rest.split::<8>(LayerName::Link)?;
    let (header, behind) = rest.split_at(usize::from(u16::from_le_bytes([l0, l1])).max(8), LayerName::Link)?;
    let mut radio = Radio { header, ..Radio::default() };
    let mut words = header.get(4..).unwrap_or_default().chunks_exact(4).map(|word| word.first_chunk::<4>());
    let present = u32::from_le_bytes(words.next().flatten().copied().unwrap_or_default());
    if present & 0b10 != 0 {
        let mut more = present;
        let mut fields = 8_usize;
        while more & 0x8000_0000 != 0
            && let Some(Some(word)) = words.next()
        {
            more = u32::from_le_bytes(*word);
            fields = fields.saturating_add(4);
        }
        let flags = if present & 1 != 0 { fields.next_multiple_of(8).saturating_add(8) } else { fields };
        let flags = header.get(flags).copied().unwrap_or_default();
        radio.has_fcs = flags & 0x10 != 0;
        radio.is_padded = flags & 0x20 != 0;
    }
    wifi(behind, radio, layers)
}

/// Prism's monitoring header, or AVS's under the same link type, told apart by the version word.
pub(super) fn prism<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&version, _) = rest.split::<4>(LayerName::Link)?;
    if u32::from_be_bytes(version) & 0xffff_f000 == 0x8021_1000 {
        return avs(rest, layers);
    }
    wifi(rest.skip(144, LayerName::Link)?, Radio::default(), layers)
}

/// AVS's monitoring header: its length is in bytes 4 to 7.
pub(super) fn avs<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[_, _, _, _, a, b, c, d], _) = rest.split::<8>(LayerName::Link)?;
    let len = (u32::from_be_bytes([a, b, c, d]) as usize).max(8);
    wifi(rest.skip(len, LayerName::Link)?, Radio::default(), layers)
}

/// Reads a data frame's header.
// IEEE 802.11-2020 §9.2.4 (frame control), §9.3.2 (data frames).
pub(crate) fn wifi<'a>(rest: Rest<'a>, radio: Radio<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let rest = if radio.has_fcs { rest.without_trailer(4) } else { rest };
    let (&[kind, flags], _) = rest.split::<2>(LayerName::Link)?;
    let is_data = kind & 0b1111 == 0b1000;
    let has_qos = kind & 0x80 != 0;
    let is_empty = kind & 0x40 != 0;
    let has_four_addresses = flags & 0b11 == 0b11;
    let has_ht_control = has_qos && flags & 0x80 != 0;
    if !is_data || is_empty {
        return Err(Stop::Other(NotTcp::Unknown));
    }
    let len = 24 + if has_four_addresses { 6 } else { 0 } + if has_qos { 2 } else { 0 };
    let (qos_end, ht) = (len, if has_ht_control { 4 } else { 0 });
    let len: usize = len + ht;
    let len = if radio.is_padded { len.next_multiple_of(4) } else { len };
    let (header, behind) = rest.split_at(len, LayerName::Link)?;
    push(layers, Layer::Wifi(Wifi { radiotap: radio.header, header }), rest.offset)?;

    let is_protected = flags & 0x40 != 0;
    let is_later_fragment = header.get(22).is_some_and(|sequence| sequence & 0x0f != 0);
    if is_protected {
        return Err(Stop::Other(NotTcp::Encrypted));
    }
    if is_later_fragment {
        return Err(Stop::Other(NotTcp::Unknown));
    }
    let has_aggregate = has_qos && header.get(qos_end.saturating_sub(2)).is_some_and(|qos| qos & 0x80 != 0);
    if has_aggregate {
        // §9.3.2.2.2: the first of several frames: two addresses, a length, then LLC.
        let (&[.., a, b], behind) = behind.split::<14>(LayerName::Link)?;
        return llc::read(behind.limit(u32::from(u16::from_be_bytes([a, b]))), layers);
    }
    llc::read(behind, layers)
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SNAP, SYN, finds_syn, join, other};
    use super::*;

    const ADDRESSES: [u8; 18] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 3];

    /// A data frame with these two bytes of frame control, more behind the sequence number, and the SYN behind LLC.
    fn data(kind: u8, flags: u8, more: &[u8]) -> Vec<u8> {
        join(&[&[kind, flags, 0, 0], &ADDRESSES, &[0x10, 0], more, SNAP, &[8, 0], &SYN])
    }

    #[test]
    fn data_frames_have_three_or_four_addresses_and_perhaps_qos() {
        finds_syn(105, &data(0x08, 1, &[]));
        finds_syn(105, &data(0x08, 3, &[2, 0, 0, 0, 0, 4]));
        finds_syn(105, &data(0x88, 2, &[0, 0]));
        finds_syn(105, &data(0x88, 3, &[2, 0, 0, 0, 0, 4, 0, 0]));
        finds_syn(105, &data(0x88, 0x82, &[0, 0, 0, 0, 0, 0]));
    }

    #[test]
    fn of_an_aggregate_the_first_frame_is_read() {
        finds_syn(105, &data(0x88, 2, &[0x80, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0, 48]));
    }

    #[test]
    fn radiotap_says_whether_an_fcs_follows() {
        // Behind the flags field, which stands behind a time stamp or does not.
        let plain = join(&[&[0, 0, 9, 0, 2, 0, 0, 0, 0x10], &data(0x08, 1, &[]), &[0xde, 0xad, 0xbe, 0xef]]);
        let timed =
            join(&[&[0, 0, 17, 0, 3, 0, 0, 0], &[1; 8], &[0x10], &data(0x08, 1, &[]), &[0xde, 0xad, 0xbe, 0xef]]);
        let padded = join(&[&[0, 0, 9, 0, 2, 0, 0, 0, 0x20], &data(0x88, 1, &[0, 0, 0, 0])]);
        let two_words = join(&[&[0, 0, 13, 0, 2, 0, 0, 0x80, 0, 0, 0, 0, 0], &data(0x08, 1, &[])]);
        for bytes in [plain, timed, padded, two_words] {
            let layers = finds_syn(127, &bytes);
            let [Layer::Wifi(wifi), Layer::Llc(llc)] = layers[..] else { panic!("{layers:?}") };
            assert_eq!((wifi.radiotap.len(), llc.len), (usize::from(bytes[2]), 48));
        }
    }

    #[test]
    fn other_radio_headers_are_passed_by() {
        finds_syn(119, &join(&[&[0, 0, 0, 0x44], &[0; 140], &data(0x08, 1, &[])]));
        let avs = join(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64], &[0; 56], &data(0x08, 1, &[])]);
        finds_syn(119, &avs);
        finds_syn(163, &avs);
    }

    #[test]
    fn what_is_encrypted_or_no_data_is_not_tcp() {
        assert_eq!(other(105, &data(0x08, 0x41, &[])), NotTcp::Encrypted);
        assert_eq!(other(105, &data(0x48, 1, &[])), NotTcp::Unknown);
        assert_eq!(other(105, &data(0x80, 0, &[])), NotTcp::Unknown);
    }
}
