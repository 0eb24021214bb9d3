//! IEEE 802.11 data frames, bare or behind a radio header.

use super::super::layer::{Layers, push};
use super::super::rest::Rest;
use super::super::{Layer, LayerName, Next, NotTcp, Stop};
use super::llc;

/// An 802.11 data frame's header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wifi<'a> {
    /// The header that the capturing system put in front; empty when there is none.
    pub radio: &'a [u8],
    /// Frame control, duration, addresses, sequence control, QoS and HT control.
    pub header: &'a [u8],
}

/// What a radio header says about the frame behind it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Radio<'a> {
    /// The header itself.
    pub header: &'a [u8],
    /// Four bytes of frame check sequence stand at the end.
    pub has_fcs: bool,
    /// The header is padded to a multiple of four bytes.
    pub is_padded: bool,
}

/// Radiotap: its length is in bytes 2 and 3, and its flags field says whether an FCS follows the frame.
// https://www.radiotap.org: little-endian, fields aligned to their size, TSFT (8 bytes) and flags (1 byte) come first.
pub fn radiotap<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
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
pub fn prism<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&version, _) = rest.split::<4>(LayerName::Link)?;
    if u32::from_be_bytes(version) & 0xffff_f000 == 0x8021_1000 {
        return avs(rest, layers);
    }
    let (header, behind) = rest.split_at(144, LayerName::Link)?;
    wifi(behind, Radio { header, ..Radio::default() }, layers)
}

/// AVS's monitoring header: its length is in bytes 4 to 7.
pub fn avs<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[_, _, _, _, a, b, c, d], _) = rest.split::<8>(LayerName::Link)?;
    let len = (u32::from_be_bytes([a, b, c, d]) as usize).max(8);
    let (header, behind) = rest.split_at(len, LayerName::Link)?;
    wifi(behind, Radio { header, ..Radio::default() }, layers)
}

/// Reads a data frame's header.
// IEEE 802.11-2020 §9.2.4 (frame control), §9.3.2 (data frames).
pub fn wifi<'a>(rest: Rest<'a>, radio: Radio<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
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
    push(layers, Layer::Wifi(Wifi { radio: radio.header, header }), rest.offset)?;

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
