//! Where on its way a frame was captured, as far as the headers below IP tell.

use std::hash::{BuildHasher, Hasher};

use crate::capture::Frame;

/// Headers as long as this below an IP packet are those of one link; what is longer holds a tunnel.
const LONGEST_LINK: usize = 26;
/// So much of a tunnelled frame belongs to its link.
const OUTER_LINK: usize = 16;

/// A digest of the link layer's addresses and tags in front of the IP packet at `ip`: copies of one packet that differ in it were
/// captured in two places, or sent twice over the link.
#[inline]
pub(super) fn place(frame: &Frame<'_>, ip: u32) -> u32 {
    let ip = ip as usize;
    let link = match frame.link_type.0 {
        // Ethernet with its tags, and Linux's cooked headers, which say whether a packet comes or goes.
        1 | 113 | 276 => frame.data.get(..if ip <= LONGEST_LINK { ip } else { OUTER_LINK }),
        105 => return wifi(frame.data),
        127 => {
            let header =
                frame.data.get(2..4).and_then(|len| len.first_chunk()).map_or(0, |len| u16::from_le_bytes(*len));
            return wifi(frame.data.get(usize::from(header)..).unwrap_or_default());
        }
        _ => None,
    };
    digest(&[link.unwrap_or_default()])
}

/// IEEE 802.11-2020 §9.2.4: frame control, with the bit that says "retry", and three addresses; duration and sequence number are
/// each frame's own.
fn wifi(header: &[u8]) -> u32 {
    digest(&[header.get(..2).unwrap_or_default(), header.get(4..22).unwrap_or_default()])
}

#[inline]
fn digest(parts: &[&[u8]]) -> u32 {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    parts.iter().for_each(|part| hasher.write(part));
    hasher.finish() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{LinkType, Timestamp};

    fn placed(link_type: u16, data: &[u8], ip: u32) -> u32 {
        let frame =
            Frame { number: 1, ts: Timestamp(0), link_type: LinkType(link_type), interface: 0, wire_len: 60, data };
        place(&frame, ip)
    }

    #[test]
    fn addresses_and_tags_tell_places_apart_and_what_is_above_does_not() {
        let mut bytes = [0u8; 60];
        let plain = placed(1, &bytes, 14);
        bytes[14..].fill(9);
        assert_eq!(placed(1, &bytes, 14), plain);
        assert_ne!(placed(1, &bytes, 18), plain, "a tag");
        bytes[11] = 1;
        assert_ne!(placed(1, &bytes, 14), plain, "an address");
    }

    #[test]
    fn the_retry_bit_tells_a_frame_that_was_sent_twice_over_the_air_and_its_sequence_number_does_not() {
        let mut bytes = [0u8; 60];
        let once = placed(105, &bytes, 32);
        bytes[22] = 0x10;
        assert_eq!(placed(105, &bytes, 32), once);
        bytes[1] = 8;
        assert_ne!(placed(105, &bytes, 32), once);
        let radio = [&[0, 0, 9, 0, 0, 0, 0, 0, 0], &bytes[..]].concat();
        assert_eq!(placed(127, &radio, 41), placed(105, &bytes, 32));
        for cut in 0..radio.len() {
            placed(127, &radio[..cut], 41);
        }
    }
}
