//! Numbers and addresses as digits, appended to a buffer: no allocation, no `std::fmt`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use super::super::numerals::integer as decimal;

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
pub fn address(out: &mut Vec<u8>, addr: IpAddr) {
    match addr {
        IpAddr::V4(addr) => v4(out, addr),
        IpAddr::V6(addr) => v6(out, addr),
    }
}

fn v4(out: &mut Vec<u8>, addr: Ipv4Addr) {
    let [a, b, c, d] = addr.octets();
    decimal(out, a);
    for octet in [b, c, d] {
        out.push(b'.');
        decimal(out, octet);
    }
}

/// The longest run of two or more zero groups becomes `::`; an IPv4 address in the low bits is written as one.
// RFC 5952 §4.2, but for the last: of `::/96` only `::ffff:0:0/96` has it in §5.
fn v6(out: &mut Vec<u8>, addr: Ipv6Addr) {
    let groups = addr.segments();
    let zeros = longest_run_of_zeros(&groups);
    let holds_v4 = zeros == (0, 6) || (zeros == (0, 5) && groups[5] == 0xffff);
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
        hex(out, u64::from(groups[at]));
        at += 1;
        separate = true;
    }
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
}
