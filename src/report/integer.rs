//! Numbers and addresses as digits, appended to a text: no allocation, no `std::fmt`.
//!
//! Digits are made in a register, eight at a time, and copied in chunks of fixed size, for copying so many bytes as there
//! happen to be is a call.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::buffer::Append;

/// In decimal, of up to 32 bits: what a line is full of.
#[inline]
pub(super) fn number(out: &mut impl Append, number: u32) {
    match short_number(number) {
        Some((digits, count)) => out.word(digits, count),
        None => long_number(out, number),
    }
}

/// The same behind a label.
#[inline(always)]
pub(super) fn labelled<const N: usize>(out: &mut impl Append, label: &[u8; N], number: u32) {
    match short_number(number) {
        Some((digits, count)) => out.text_and_word(label, digits, count),
        None => {
            out.text(label);
            long_number(out, number);
        }
    }
}

/// The digits of a number of up to eight, and how many they are.
#[inline(always)]
fn short_number(number: u32) -> Option<(u64, usize)> {
    if number >= 100_000_000 {
        return None;
    }
    let digits = eight_digits(number);
    // The last digit is written even if it is a zero.
    let zeros = (digits | 1 << 56).trailing_zeros() / 8;
    Some(((digits | ZEROS) >> (zeros * 8), 8 - zeros as usize))
}

/// Of nine or ten digits.
#[inline(never)]
fn long_number(out: &mut impl Append, number: u32) {
    let top = number / 100_000_000;
    let pair = u16::from_le_bytes(PAIRS[(top % 100) as usize]);
    let zeros = u32::from(top < 10);
    let eight = eight_digits(number % 100_000_000) | ZEROS;
    out.words((u64::from(pair >> (zeros * 8)), 2 - zeros as usize), (eight, 8));
}

/// Two digits of every number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// In decimal, of up to 64 bits.
#[inline]
pub(super) fn count(out: &mut impl Append, count: u64) {
    match u32::try_from(count) {
        Ok(small) => number(out, small),
        Err(_) => decimal(out, count),
    }
}

/// The same behind a label.
#[inline(always)]
pub(super) fn labelled_count<const N: usize>(out: &mut impl Append, label: &[u8; N], count: u64) {
    match u32::try_from(count) {
        Ok(small) => labelled(out, label, small),
        Err(_) => {
            out.text(label);
            decimal(out, count);
        }
    }
}

/// In decimal, of any size and sign.
pub(super) fn decimal(out: &mut impl Append, number: impl itoa::Integer) {
    out.add(itoa::Buffer::new().format(number).as_bytes());
}

/// In decimal, with a sign where it is below zero.
#[inline]
pub(super) fn signed(out: &mut impl Append, number: i64) {
    match u64::try_from(number) {
        Ok(number) => count(out, number),
        Err(_) => decimal(out, number),
    }
}

/// Eight ASCII zeros.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The eight digits of a number below 100,000,000, a byte each, the first in the lowest byte.
// Halves of four digits, then pairs, then digits are parted side by side. A division by 100 or 10 is a multiplication and a
// shift that are exact for what can stand in their part; to subtract the quotient's multiple and to move what is left to the
// upper part is one multiplication.
#[inline]
fn eight_digits(number: u32) -> u64 {
    let halves = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = (halves << 16).wrapping_sub(hundreds.wrapping_mul((100 << 16) - 1));
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    (pairs << 8).wrapping_sub(tens.wrapping_mul((10 << 8) - 1))
}

/// So many digits, up to nine, with zeros in front; above that the last ones.
#[inline]
pub(super) fn digits<const N: usize>(number: u32) -> [u8; N] {
    const { assert!(N <= 9) };
    let mut text = [b'0' + (number / 100_000_000 % 10) as u8; 9];
    text[1..].copy_from_slice(&(eight_digits(number % 100_000_000) | ZEROS).to_le_bytes());
    text.last_chunk().copied().unwrap_or([b'0'; N])
}

/// In decimal, with zeros (or whatever `pad` is) in front up to a width.
pub(super) fn padded(out: &mut impl Append, number: u64, width: usize, pad: u8) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number).as_bytes();
    out.fill(pad, width.saturating_sub(digits.len()));
    out.add(digits);
}

/// Two digits, with a zero in front where it needs one; above 99 the last two.
pub(super) fn two(out: &mut impl Append, number: u8) {
    out.put([b'0' + number / 10 % 10, b'0' + number % 10], 2);
}

/// Every byte in two hexadecimal digits.
pub(super) fn hex_bytes(out: &mut impl Append, bytes: &[u8]) {
    for byte in bytes {
        out.put([hex_digit(byte >> 4), hex_digit(byte & 15)], 2);
    }
}

/// In hexadecimal without zeros in front.
pub(super) fn hex(out: &mut impl Append, number: u64) {
    hex_padded(out, number, 1);
}

/// In hexadecimal, with zeros in front up to a width.
pub(super) fn hex_padded(out: &mut impl Append, number: u64, width: u32) {
    let digits = (64 - number.leading_zeros()).div_ceil(4).max(width);
    for at in (0..digits).rev() {
        out.put([hex_digit((number >> (at * 4)) as u8 & 15)], 1);
    }
}

/// The digit of a number below 16.
pub(super) fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }
}

/// An address as tcpdump writes it.
#[inline]
pub(super) fn address(out: &mut impl Append, addr: IpAddr) {
    match addr {
        IpAddr::V4(addr) => v4(out, addr),
        // RFC 5952 §5, but for the last: of `::/96` only `::ffff:0:0/96` ends like that there.
        IpAddr::V6(addr) => v6(out, addr, |zeros, before| zeros == (0, 6) || (zeros == (0, 5) && before == 0xffff)),
    }
}

/// An address as `IpAddr` writes itself: as RFC 5952 says.
#[inline]
pub(super) fn address_as_std(out: &mut impl Append, addr: IpAddr) {
    match addr {
        IpAddr::V4(addr) => v4(out, addr),
        IpAddr::V6(addr) => v6(out, addr, |zeros, before| zeros == (0, 5) && before == 0xffff),
    }
}

#[inline]
fn v4(out: &mut impl Append, addr: Ipv4Addr) {
    let [a, b, c, d] = addr.octets().map(|octet| OCTETS[usize::from(octet)]);
    let pair = |first: Octet, second: Octet| u64::from(first.text) | u64::from(second.text) << (first.len * 8 % 64);
    out.words((pair(a, b), (a.len + b.len) as usize), (pair(c, d), (c.len + d.len - 1) as usize));
}

/// An octet in decimal with a dot behind it, the first digit in the lowest byte.
#[derive(Clone, Copy)]
struct Octet {
    text: u32,
    len: u32,
}

/// Every octet.
const OCTETS: [Octet; 256] = {
    let mut octets = [Octet { text: 0, len: 0 }; 256];
    let mut octet = 0;
    while octet < 256 {
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let (mut text, mut len) = (0, 0);
        let mut digit = if octet > 99 { 0 } else { 2 - (octet > 9) as usize };
        while digit < 3 {
            text |= (b'0' as u32 + digits[digit] as u32) << (len * 8);
            len += 1;
            digit += 1;
        }
        octets[octet] = Octet { text: text | (b'.' as u32) << (len * 8), len: len + 1 };
        octet += 1;
    }
    octets
};

/// The longest run of two or more zero groups becomes `::`; an IPv4 address in the low bits is written as one, where the
/// run of zeros and the group before the last two say that it is one.
// RFC 5952 §4.2.
#[inline]
fn v6(out: &mut impl Append, addr: Ipv6Addr, holds_v4: impl Fn((usize, usize), u16) -> bool) {
    let groups = addr.segments();
    let zeros = longest_run_of_zeros(&groups);
    let holds_v4 = holds_v4(zeros, groups[5]);
    let (before, behind) = if zeros.1 >= 2 { (zeros.0, zeros.0 + zeros.1) } else { (8, 8) };
    let (before, behind) = (groups.get(..before).unwrap_or(&groups), groups.get(behind..).unwrap_or_default());
    for (at, &group) in before.iter().enumerate() {
        let last = at == 7;
        self::group(out, group, !last);
    }
    if before.len() < 8 {
        if before.is_empty() { out.text(b"::") } else { out.text(b":") }
    }
    if holds_v4 {
        // Of the groups behind the zeros the last two are written in the other way.
        if let [ffff, _, _] = behind {
            self::group(out, *ffff, true);
        }
        let [.., a, b, c, d] = addr.octets();
        return v4(out, Ipv4Addr::new(a, b, c, d));
    }
    if let [first @ .., last] = behind {
        for &group in first {
            self::group(out, group, true);
        }
        self::group(out, *last, false);
    }
}

/// Four hexadecimal digits, without zeros in front, and a colon if more follows.
#[inline]
fn group(out: &mut impl Append, group: u16, more: bool) {
    // Nibbles are spread, a byte each, and turned round; those above 9 are letters.
    let bytes = (u32::from(group) | u32::from(group) << 8) & 0x00ff_00ff;
    let nibbles = ((bytes | bytes << 4) & 0x0f0f_0f0f).swap_bytes();
    let letters = (nibbles + 0x0606_0606) >> 4 & 0x0101_0101;
    let text = nibbles + 0x3030_3030 + letters * u32::from(b'a' - b'0' - 10);
    let zeros = (group | 1).leading_zeros() / 4;
    let with_colon = (u64::from(text) | u64::from(b':') << 32) >> (zeros * 8);
    out.word(with_colon, 4 - zeros as usize + usize::from(more));
}

/// Where the first of the longest runs begins, and how long it is.
#[inline]
fn longest_run_of_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let mut runs = groups.iter().rev().fold(0_u32, |bits, &group| bits << 1 | u32::from(group == 0));
    let (mut first, mut len) = (0, 0);
    // A bit for each place where a run of one group begins, then of two, and so on.
    while runs != 0 {
        (first, len) = (runs.trailing_zeros() as usize, len + 1);
        runs &= runs >> 1;
    }
    (first, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_in_hexadecimal_have_no_zeros_in_front() {
        for (number, expected) in [(0, "0"), (9, "9"), (0x1f, "1f"), (0x102, "102"), (u64::MAX, "ffffffffffffffff")] {
            assert_eq!(text(|out| hex(out, number)), expected);
        }
    }

    #[test]
    fn numbers_have_all_their_digits() {
        for n in (0..=32).map(|bits| ((1_u64 << bits) - 1) as u32).chain((0..10).map(|power| 10_u32.pow(power))) {
            assert_eq!(text(|out| number(out, n)), n.to_string());
            assert_eq!(text(|out| count(out, u64::from(n) << 8)), (u64::from(n) << 8).to_string());
        }
    }

    #[test]
    fn every_octet_is_written() {
        for octet in 0..=255 {
            let addr = Ipv4Addr::new(octet, 255 - octet, octet / 10, octet / 100);
            assert_eq!(text(|out| address(out, addr.into())), addr.to_string());
        }
    }

    #[test]
    fn padding_never_cuts() {
        assert_eq!(text(|out| padded(out, 7, 5, b' ')), "    7");
        assert_eq!(text(|out| padded(out, 1_234_567, 6, b'0')), "1234567");
    }

    #[test]
    fn addresses_are_written_as_tcpdump_does() {
        // What tcpdump 4.99.3 prints for each.
        for (addr, expected) in [
            ("255.0.10.1", "255.0.10.1"),
            ("::", "::"),
            ("::1", "::1"),
            ("::1:0", "::0.1.0.0"),
            ("::102:304", "::1.2.3.4"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("::fffe:102:304", "::fffe:102:304"),
            ("1::", "1::"),
            ("fd00::1", "fd00::1"),
            ("1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"),
            ("1:0:0:2:0:0:3:4", "1::2:0:0:3:4"),
            ("0:0:1:0:0:0:1:0", "0:0:1::1:0"),
            ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ] {
            assert_eq!(text(|out| address(out, addr.parse().unwrap())), expected);
        }
    }

    #[test]
    fn addresses_are_written_as_they_write_themselves() {
        for addr in [
            "255.0.10.1",
            "::",
            "::1",
            "::1:0",
            "::102:304",
            "::ffff:1.2.3.4",
            "::fffe:102:304",
            "1::",
            "fd00::1",
            "1:0:2:0:3:0:4:0",
            "1:0:0:2:0:0:3:4",
            "0:0:1:0:0:0:1:0",
            "1:2:3:4:5:6:0:0",
            "2001:db8:0:1:1:1:1:1",
            "::ffff:0:0",
            "f:10:100:1000:a0:b00:c000:ffff",
        ] {
            let addr: IpAddr = addr.parse().unwrap();
            assert_eq!(text(|out| address_as_std(out, addr)), addr.to_string());
        }
    }
}
