//! The internet checksum (RFC 1071), and what it says of a segment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use super::ip::{AUTHENTICATION, DESTINATION, FRAGMENT, ROUTING, TCP, UDP};
use crate::dissect::ip::Ip;
use crate::dissect::segment::Checksum;

/// What the checksum of the TCP segment in `ip` says.
// RFC 9293 §3.1: the sum goes over a pseudo-header (addresses, protocol, length), the header and the payload.
pub fn tcp_checksum(ip: &Ip<'_>) -> Checksum {
    if is_whole(ip) { checksum(ip, TCP, 16, words(ip.payload)) } else { Checksum::Unknown }
}

/// What [`tcp_checksum`] says, and a digest of the payload behind the header of `header_len` bytes (a multiple of 4).
///
/// The digest is what adding up gives on its way to the checksum, folded to 32 bits, so it costs nothing. Equal
/// bytes have equal digests; other bytes may, when their words are the same in another order.
#[inline]
pub(super) fn tcp_checksum_and_digest(ip: &Ip<'_>, header_len: usize) -> (Checksum, Option<NonZeroU32>) {
    let Some((header, payload)) = ip.payload.split_at_checked(header_len).filter(|_| is_whole(ip)) else {
        return (tcp_checksum(ip), None);
    };
    let of_header = match header.len() {
        // Without options, and with the timestamps that most segments have.
        20 => of_few::<5>(header),
        32 => of_few::<8>(header),
        _ => words(header),
    };
    if payload.is_empty() {
        return (checksum(ip, TCP, 16, of_header), None);
    }
    let of_payload = words(payload);
    let (digest, carry) = (of_payload as u32).overflowing_add((of_payload >> 32) as u32);
    let digest = NonZeroU32::new(digest.wrapping_add(carry.into())).unwrap_or(NonZeroU32::MAX);
    (checksum(ip, TCP, 16, add(of_header, of_payload)), Some(digest))
}

/// What the checksum of the UDP datagram in `ip` says; a sender that made none left 0, which counts as wrong here.
pub fn udp_checksum(ip: &Ip<'_>) -> Checksum {
    if is_whole(ip) { checksum(ip, UDP, 6, words(ip.payload)) } else { Checksum::Unknown }
}

/// Whether all of the packet's payload was captured, and is no fragment.
#[inline]
fn is_whole(ip: &Ip<'_>) -> bool {
    ip.payload.len() as u64 >= u64::from(ip.payload_len) && ip.fragment.is_none()
}

/// What the checksum of `ip`'s payload says, whose field is `at` bytes behind its start, and whose [`words`] are these.
#[inline(always)]
fn checksum(ip: &Ip<'_>, protocol: u8, at: usize, words: u64) -> Checksum {
    let (Some(addresses), Some(&field)) =
        (pseudo_addresses(ip), ip.payload.get(at..).and_then(|field| field.first_chunk()))
    else {
        return Checksum::Unknown;
    };
    // All in the order of the bytes as they stand, as `words` has them.
    let field = u16::from_ne_bytes(field);
    let without_length = add(addresses, u64::from(u16::from(protocol).to_be()));
    let pseudo = add(without_length, u64::from(ip.payload_len.to_be()));
    let all = add(pseudo, words);
    if fold(all) == 0xffff {
        return Checksum::Correct;
    }
    // A sender that leaves the sum to its card fills in the pseudo-header's, not inverted: Linux with the segment's length,
    // and for large sends to be cut up by the card some without it.
    if protocol == TCP && (field == fold(pseudo) || field == fold(without_length)) {
        return Checksum::Partial;
    }
    // Taking the field out again is adding its complement.
    Checksum::Wrong { expected: u16::from_be(!fold(add(all, u64::from(!field)))) }
}

/// The checksum that an IPv4 header should carry, when the one that it carries is wrong.
pub fn expected_header_checksum(header: &[u8]) -> Option<u16> {
    let field = u16::from_ne_bytes(*header.get(10..12)?.first_chunk()?);
    let all = words(header);
    (fold(all) != 0xffff).then(|| u16::from_be(!fold(add(all, u64::from(!field)))))
}

/// The [`words`] of both addresses that count; none when a routing header's kind is not known.
#[inline]
fn pseudo_addresses(ip: &Ip<'_>) -> Option<u64> {
    match (ip.is_v4(), ip.header.len()) {
        (true, 20) => Some(of_few::<2>(ip.header.get(12..)?)),
        (false, 40) => Some(of_few::<8>(ip.header.get(8..)?)),
        _ => further_addresses(ip),
    }
}

/// As [`pseudo_addresses`], where options or extension headers may have others.
#[cold]
fn further_addresses(ip: &Ip<'_>) -> Option<u64> {
    match (ip.src, ip.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let dst = source_route_end(ip.header).unwrap_or(dst);
            Some(add(words(&src.octets()), words(&dst.octets())))
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            let (src, dst) = lasting_addresses(ip.header, src, dst)?;
            Some(add(words(&src.octets()), words(&dst.octets())))
        }
        _ => None,
    }
}

/// The last hop of an IPv4 source route that has not been used up.
// RFC 791 §3.1: "If the pointer is greater than the length, the source route is empty".
fn source_route_end(header: &[u8]) -> Option<Ipv4Addr> {
    let len = usize::from(header.first()? & 0x0f) * 4;
    let mut options = header.get(20..len)?;
    loop {
        match *options {
            [1, ref behind @ ..] => options = behind,
            [131 | 137, len, pointer, ..] if len >= 7 => {
                let end = options.get(..usize::from(len))?.last_chunk::<4>()?;
                return (pointer <= len).then_some(Ipv4Addr::from(*end));
            }
            [kind, len, ..] if kind >= 2 && len >= 2 => options = options.get(usize::from(len)..)?,
            _ => return None,
        }
    }
}

/// The addresses that IPv6's extension headers put in place of the header's own.
fn lasting_addresses(header: &[u8], mut src: Ipv6Addr, mut dst: Ipv6Addr) -> Option<(Ipv6Addr, Ipv6Addr)> {
    let mut kind = *header.get(6)?;
    let mut rest = header.get(40..)?;
    while let [next, len, ..] = *rest {
        let len = match kind {
            FRAGMENT => 8,
            AUTHENTICATION => (usize::from(len) + 2) * 4,
            _ => (usize::from(len) + 1) * 8,
        };
        let (extension, behind) = rest.split_at_checked(len)?;
        match kind {
            ROUTING => dst = route_end(extension, dst)?,
            DESTINATION => src = home_address(extension).unwrap_or(src),
            _ => {}
        }
        (kind, rest) = (next, behind);
    }
    Some((src, dst))
}

/// The final destination that a routing header gives.
// RFC 8200 §8.1: "the Destination Address used in the pseudo-header is that of the final destination".
fn route_end(extension: &[u8], dst: Ipv6Addr) -> Option<Ipv6Addr> {
    let &[_, _, kind, left, ..] = extension else { return None };
    let addresses = extension.get(8..)?;
    let end = match (kind, left) {
        (_, 0) => return Some(dst),
        (0 | 2, _) => addresses.last_chunk::<16>()?,
        // RFC 8754 §2: the list is reversed, its first entry is the last segment.
        (4, _) => addresses.first_chunk::<16>()?,
        _ => return None,
    };
    Some(Ipv6Addr::from(*end))
}

/// The home address option, which replaces the source.
// RFC 6275 §6.3: option type 0xc9, length 16.
fn home_address(extension: &[u8]) -> Option<Ipv6Addr> {
    let mut options = extension.get(2..)?;
    loop {
        match *options {
            [0, ref behind @ ..] => options = behind,
            [0xc9, 16, ref behind @ ..] => return behind.first_chunk::<16>().map(|addr| Ipv6Addr::from(*addr)),
            [_, len, ref behind @ ..] => options = behind.get(usize::from(len)..)?,
            _ => return None,
        }
    }
}

/// The ones' complement sum of words in the machine's byte order; what is missing at the end counts as zeros.
///
/// Folded to 16 bits it is the sum of the words of 16 bits, right but for a swap (RFC 1071 §2 B and C). Sixteen sums go side by
/// side, for which a compiler finds vector instructions: of whole words of 32 bits, where carries are lost, and of their upper
/// halves, which have room for theirs and say what the lower halves come to.
#[inline(never)]
fn words(bytes: &[u8]) -> u64 {
    /// So many blocks have room in 32 bits: 16 sums of as many numbers of 16 bits.
    const ROOM: usize = 4096;
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut sum = last_words(bytes, rest);
    for blocks in blocks.chunks(ROOM) {
        let (mut wholes, mut uppers) = ([0_u32; 16], [0_u32; 16]);
        for block in blocks {
            let (words, _) = block.as_chunks::<4>();
            for ((word, whole), upper) in words.iter().zip(&mut wholes).zip(&mut uppers) {
                let word = u32::from_ne_bytes(*word);
                *whole = whole.wrapping_add(word);
                *upper = upper.wrapping_add(word >> 16);
            }
        }
        let (mut lower, mut upper) = (0_u32, 0_u32);
        for (whole, above) in wholes.iter().zip(&uppers) {
            lower = lower.wrapping_add(whole.wrapping_sub(above << 16));
            upper = upper.wrapping_add(*above);
        }
        sum = add(sum, u64::from(lower) + (u64::from(upper) << 16));
    }
    sum
}

/// As [`words`], of fewer than 64 bytes that `bytes` end with.
#[inline(always)]
fn last_words(bytes: &[u8], rest: &[u8]) -> u64 {
    let (words, last) = rest.as_chunks::<8>();
    let sum = words.iter().fold(0, |sum, word| add(sum, u64::from_ne_bytes(*word)));
    if last.is_empty() {
        return sum;
    }
    // What stands before them is pushed out, and zeros come behind.
    let word = match bytes.last_chunk() {
        Some(word) => u64::from_le_bytes(*word) >> (64 - 8 * last.len()),
        None => last.iter().rfold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    add(sum, u64::from_ne_bytes(word.to_le_bytes()))
}

/// As [`words`], of the first `N` words of 32 bits.
#[inline]
fn of_few<const N: usize>(bytes: &[u8]) -> u64 {
    let (words, _) = bytes.as_chunks::<4>();
    words.first_chunk::<N>().map_or(0, |words| words.iter().map(|word| u64::from(u32::from_ne_bytes(*word))).sum())
}

/// The ones' complement sum of two.
#[inline]
fn add(a: u64, b: u64) -> u64 {
    let (sum, carry) = a.overflowing_add(b);
    sum.wrapping_add(carry.into())
}

/// Adds the upper half to the lower, and the carry, until 16 bits are left.
#[inline]
fn fold(sum: u64) -> u16 {
    let (sum, carry) = (sum as u32).overflowing_add((sum >> 32) as u32);
    let sum = sum.wrapping_add(carry.into());
    let (sum, carry) = (sum as u16).overflowing_add((sum >> 16) as u16);
    sum.wrapping_add(carry.into())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{SYN, frame, join};
    use super::super::{Content, dissect};
    use super::*;
    use crate::capture::Frame;

    /// As RFC 1071 §1 says it, word by word.
    fn slow(bytes: &[u8]) -> u16 {
        bytes.chunks(2).fold(0_u32, |sum, pair| {
            let word = u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
            let sum = sum + word;
            (sum & 0xffff) + (sum >> 16)
        }) as u16
    }

    #[test]
    fn the_rfcs_example_sums_to_ddf2() {
        // RFC 1071 §3.
        assert_eq!(u16::from_be(fold(words(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]))), 0xddf2);
    }

    #[test]
    fn an_ipv4_header_names_the_checksum_that_it_should_have() {
        // The example of a well-known encyclopaedia: 0xb861.
        let mut header = *b"\x45\0\0\x73\0\0\x40\0\x40\x11\xb8\x61\xc0\xa8\0\x01\xc0\xa8\0\xc7";
        assert_eq!(expected_header_checksum(&header), None);
        header[11] = 0;
        assert_eq!(expected_header_checksum(&header), Some(0xb861));
    }

    #[test]
    fn a_segments_checksum_is_correct_partial_wrong_or_unknown() {
        let checksum = |bytes: &[u8], wire_len: u32| {
            let frame = Frame { wire_len, ..frame(101, bytes) };
            match dissect(&frame).content {
                Content::Tcp(tcp) => tcp.segment.checksum,
                content => panic!("{content:?}"),
            }
        };
        let mut bytes = SYN;
        assert_eq!(checksum(&bytes, 40), Checksum::Correct);
        (bytes[36], bytes[37]) = (0xff, 0xff);
        assert_eq!(checksum(&bytes, 40), Checksum::Wrong { expected: 0x8c21 });
        // 10.0.0.1, 10.0.0.2, protocol 6, with the length of 20 and without.
        (bytes[36], bytes[37]) = (0x14, 0x1d);
        assert_eq!(checksum(&bytes, 40), Checksum::Partial);
        (bytes[36], bytes[37]) = (0x14, 0x09);
        assert_eq!(checksum(&bytes, 40), Checksum::Partial);
        bytes[3] = 41;
        assert_eq!(checksum(&bytes, 41), Checksum::Unknown);
    }

    #[test]
    fn an_ipv4_source_route_has_the_final_destination() {
        // The SYN's own checksum is for 10.0.0.2, the end of the route.
        let route = |pointer: u8| {
            let mut bytes = join(&[&SYN[..20], &[1, 131, 7, pointer, 10, 0, 0, 2], &SYN[20..]]);
            (bytes[0], bytes[3], bytes[19]) = (0x47, 48, 9);
            bytes
        };
        let checksum = |bytes: &[u8]| match dissect(&frame(101, bytes)).content {
            Content::Tcp(tcp) => tcp.segment.checksum,
            content => panic!("{content:?}"),
        };
        assert_eq!(checksum(&route(4)), Checksum::Correct);
        assert_eq!(checksum(&route(8)), Checksum::Wrong { expected: 0x8c1a });
    }

    #[test]
    fn wide_adds_equal_adding_word_by_word_for_every_short_length_and_place() {
        let bytes: Vec<u8> = (0..400_u32).map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect();
        for from in 0..9 {
            for to in from..bytes.len() {
                let bytes = &bytes[from..to];
                assert_eq!(u16::from_be(fold(words(bytes))), slow(bytes), "{from}..{to}");
            }
        }
    }

    #[test]
    fn no_carry_is_lost_in_the_largest_frames() {
        for len in [64 * 1024, 16 * 1024 * 1024 + 7] {
            let bytes = vec![0xff; len];
            assert_eq!(u16::from_be(fold(words(&bytes))), slow(&bytes), "{len}");
        }
    }

    proptest::proptest! {
        #[test]
        fn wide_adds_equal_adding_word_by_word(bytes: Vec<u8>) {
            proptest::prop_assert_eq!(u16::from_be(fold(words(&bytes))), slow(&bytes));
        }
    }
}
