//! Numbers and addresses as digits, appended to a buffer: no allocation, no `std::fmt`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use super::numerals::integer as decimal;

/// In decimal, of up to 32 bits: what a line is full of.
#[inline]
pub fn number(out: &mut Vec<u8>, number: u32) {
    // Digits go into a chunk of fixed size, for copying so many bytes as there happen to be is a call.
    let mut chunk = [0; 16];
    let count = number.checked_ilog10().map_or(1, |log| log as usize + 1);
    let mut left = number;
    let mut pairs = chunk[..count].rchunks_exact_mut(2);
    for pair in &mut pairs {
        pair.copy_from_slice(&PAIRS[(left % 100) as usize]);
        left /= 100;
    }
    if let [digit] = pairs.into_remainder() {
        *digit = b'0' + left as u8;
    }
    chunk_of(out, &chunk, count);
}

/// In decimal, of up to 64 bits.
#[inline]
pub fn count(out: &mut Vec<u8>, count: u64) {
    match u32::try_from(count) {
        Ok(small) => number(out, small),
        Err(_) => decimal(out, count),
    }
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

/// So many digits, with zeros in front.
#[inline]
pub fn digits<const N: usize>(number: u32) -> [u8; N] {
    let mut text = [b'0'; N];
    let mut left = number;
    let mut pairs = text.rchunks_exact_mut(2);
    for pair in &mut pairs {
        pair.copy_from_slice(&PAIRS[(left % 100) as usize]);
        left /= 100;
    }
    if let [digit] = pairs.into_remainder() {
        *digit = b'0' + (left % 10) as u8;
    }
    text
}

/// The first `count` bytes of a chunk.
#[inline]
pub fn chunk_of<const N: usize>(out: &mut Vec<u8>, chunk: &[u8; N], count: usize) {
    let len = out.len() + count;
    out.extend_from_slice(chunk);
    out.truncate(len);
}

/// In decimal, with zeros (or whatever `pad` is) in front up to a width.
pub fn padded(out: &mut Vec<u8>, number: u64, width: usize, pad: u8) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number).as_bytes();
    out.extend(std::iter::repeat_n(pad, width.saturating_sub(digits.len())));
    out.extend_from_slice(digits);
}

/// Two digits, with a zero in front where it needs one; above 99 the last two.
pub fn two(out: &mut Vec<u8>, number: u8) {
    out.extend_from_slice(&[b'0' + number / 10 % 10, b'0' + number % 10]);
}

/// Every byte in two hexadecimal digits.
pub fn hex_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        out.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
    }
}

/// In hexadecimal without zeros in front.
pub fn hex(out: &mut Vec<u8>, number: u64) {
    let digits = (64 - number.leading_zeros()).div_ceil(4).max(1);
    for at in (0..digits).rev() {
        out.push(hex_digit((number >> (at * 4)) as u8 & 15));
    }
}

/// In hexadecimal, with zeros in front up to a width.
pub fn hex_padded(out: &mut Vec<u8>, number: u64, width: u32) {
    let digits = (64 - number.leading_zeros()).div_ceil(4).max(width);
    for at in (0..digits).rev() {
        out.push(hex_digit((number >> (at * 4)) as u8 & 15));
    }
}

/// The digit of a number below 16.
pub fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }
}

/// An address as tcpdump writes it.
#[inline]
pub fn address(out: &mut Vec<u8>, addr: IpAddr) {
    match addr {
        IpAddr::V4(addr) => v4(out, addr),
        // RFC 5952 §5, but for the last: of `::/96` only `::ffff:0:0/96` ends like that there.
        IpAddr::V6(addr) => v6(out, addr, |zeros, before| zeros == (0, 6) || (zeros == (0, 5) && before == 0xffff)),
    }
}

/// An address as `IpAddr` writes itself: as RFC 5952 says.
#[inline]
pub fn address_as_std(out: &mut Vec<u8>, addr: IpAddr) {
    match addr {
        IpAddr::V4(addr) => v4(out, addr),
        IpAddr::V6(addr) => v6(out, addr, |zeros, before| zeros == (0, 5) && before == 0xffff),
    }
}

fn v4(out: &mut Vec<u8>, addr: Ipv4Addr) {
    let mut chunk = [0; 20];
    let mut at = 0;
    for octet in addr.octets() {
        let (text, len) = &OCTETS[usize::from(octet)];
        chunk[at..at + 4].copy_from_slice(text);
        at += len;
    }
    chunk_of(out, &chunk, at - 1);
}

/// Every octet in decimal with a dot behind it, and its length.
const OCTETS: [([u8; 4], usize); 256] = {
    let mut octets = [([0; 4], 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let mut at = 0;
        let mut digit = if octet > 99 { 0 } else { 2 - (octet > 9) as usize };
        while digit < 3 {
            octets[octet].0[at] = b'0' + digits[digit] as u8;
            at += 1;
            digit += 1;
        }
        octets[octet].0[at] = b'.';
        octets[octet].1 = at + 1;
        octet += 1;
    }
    octets
};

/// The longest run of two or more zero groups becomes `::`; an IPv4 address in the low bits is written as one, where the
/// run of zeros and the group before the last two say that it is one.
// RFC 5952 §4.2.
fn v6(out: &mut Vec<u8>, addr: Ipv6Addr, holds_v4: impl Fn((usize, usize), u16) -> bool) {
    let groups = addr.segments();
    let zeros = longest_run_of_zeros(&groups);
    let holds_v4 = holds_v4(zeros, groups[5]);
    let mut at = 0;
    let mut separate = false;
    while at < 8 {
        if at == zeros.0 && zeros.1 >= 2 {
            out.extend_from_slice(b"::");
            at += zeros.1;
            separate = false;
            continue;
        }
        if separate {
            out.push(b':');
        }
        if at == 6 && holds_v4 {
            let [.., a, b, c, d] = addr.octets();
            return v4(out, Ipv4Addr::new(a, b, c, d));
        }
        group(out, groups[at]);
        at += 1;
        separate = true;
    }
}

/// Four hexadecimal digits, without zeros in front.
fn group(out: &mut Vec<u8>, group: u16) {
    let digits = [group >> 12, group >> 8 & 15, group >> 4 & 15, group & 15].map(|digit| hex_digit(digit as u8));
    let zeros = (group.leading_zeros() / 4).min(3) as usize;
    let mut chunk = [0; 8];
    chunk[..4].copy_from_slice(&digits);
    let shifted = u64::from_le_bytes(chunk) >> (zeros * 8);
    chunk_of(out, &shifted.to_le_bytes(), 4 - zeros);
}

/// Where the first of the longest runs begins, and how long it is.
fn longest_run_of_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let mut best = (0, 0);
    let mut run = 0;
    for (at, &group) in groups.iter().enumerate() {
        run = if group == 0 { run + 1 } else { 0 };
        if run > best.1 {
            best = (at + 1 - run, run);
        }
    }
    best
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
