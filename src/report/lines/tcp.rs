//! The TCP part of a line: ports, flags, numbers, options, length.

use super::integer::{hex_bytes, labelled, number};
use super::ip::host;
use super::options::{self, End};
use super::relative::Relative;
use super::{Append, BufferWriter, LineStyle, Names};
use crate::dissect::{Checksum, HeaderFault, Ip, LengthSource, Socket, Tcp, TcpFlags};

/// Writes a segment whose fixed fields are all there; where tcpdump comes upon a wrong or cut
/// option list, the answer is how.
#[inline(always)]
pub(super) fn write(
    out: &mut BufferWriter<'_>,
    style: &LineStyle,
    names: &Names,
    relative: &mut Relative,
    ip: &Ip<'_>,
    tcp: &Tcp<'_>,
) -> Option<End> {
    let segment = &tcp.segment;
    let header_len = u32::from(segment.header_len);
    let len = ip.payload_len.wrapping_sub(header_len);
    sockets(out, names, ip, [segment.src, segment.dst]);
    if segment.header_fault == Some(HeaderFault::TooShort) {
        out.add(b" tcp ");
        number(out, len);
        bad_length(out, header_len, b" - too short, < ", 20);
        return None;
    }
    if style.quiet {
        out.add(b"tcp ");
        number(out, len);
    } else {
        out.text(b"Flags [");
        flags(out, segment.flags);
        out.text(b"]");
    }
    // The table of relative numbers takes note of a header that is too long, but -q has no numbers at all.
    let numbers = (!style.quiet && !style.absolute).then(|| relative.numbers(segment));
    if segment.header_fault == Some(HeaderFault::TooLong) {
        bad_length(out, header_len, b" - too long, > ", ip.payload_len);
        return None;
    }
    if style.quiet {
        return None;
    }
    if style.verbose > 0 && !style.no_checksum {
        checksum(out, ip, tcp);
    }

    let (seq, ack, sack_base) = match numbers {
        Some(numbers) => (numbers.seq, numbers.ack, numbers.sack_base),
        None => (segment.seq.0, segment.ack.unwrap_or_default().0, 0),
    };
    let closing = TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::RST);
    if style.verbose > 1 || len > 0 || segment.flags.intersects(closing) {
        labelled(out, b", seq ", seq);
        if len > 0 {
            labelled(out, b":", seq.wrapping_add(len));
        }
    }
    if segment.ack.is_some() {
        labelled(out, b", ack ", ack);
    }
    labelled(out, b", win ", segment.window.into());
    if segment.flags.contains(TcpFlags::URG) {
        labelled(out, b", urg ", segment.urgent.into());
    }
    if header_len > 20 {
        let end = options::write(out, segment, ip.payload, sack_base);
        if end.is_some() {
            return end;
        }
    }
    labelled(out, b", length ", len);
    // The list ended before the cut, so the line is whole; tcpdump stumbles over the cut when it looks for the text.
    (len > 0 && ip.payload.len() < header_len as usize).then_some(End::Cut)
}

/// Writes a segment of which fewer than 20 bytes are there.
pub(super) fn write_cut(out: &mut BufferWriter<'_>, names: &Names, ip: &Ip<'_>, bytes: &[u8]) {
    if let Some((&[a, b, c, d], _)) = bytes.split_first_chunk() {
        let ports = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
        sockets(out, names, ip, [Socket { addr: ip.src, port: ports[0] }, Socket { addr: ip.dst, port: ports[1] }]);
    } else {
        host(out, ip.src, names);
        out.add(b" > ");
        host(out, ip.dst, names);
        out.push(b':');
    }
    out.add(b" [|tcp]");
}

/// `10.0.0.1.1000 > 10.0.0.2.2000: `; behind extension headers, which follow the addresses, the ports alone.
#[inline(always)]
fn sockets(out: &mut BufferWriter<'_>, names: &Names, ip: &Ip<'_>, ends: [Socket; 2]) {
    let with_hosts = !ip.is_extended();
    let [src, dst] = ends;
    socket(out, names, src, with_hosts);
    out.text(b" > ");
    socket(out, names, dst, with_hosts);
    out.text(b": ");
}

#[inline(always)]
fn socket(out: &mut BufferWriter<'_>, names: &Names, socket: Socket, with_host: bool) {
    if with_host {
        host(out, socket.addr, names);
    }
    match (names.port(socket.port), with_host) {
        (None, true) => labelled(out, b".", socket.port.into()),
        (None, false) => number(out, socket.port.into()),
        (Some(name), _) => {
            out.add(if with_host { b"." } else { b"" });
            out.add(name.as_bytes());
        }
    }
}

#[inline]
fn flags(out: &mut BufferWriter<'_>, flags: TcpFlags) {
    let (letters, count) = LETTERS[usize::from(flags.0 & 0xff)];
    out.put(letters, count.into());
}

/// The letters of every set of flags, and how many they are.
const LETTERS: [([u8; 8], u8); 256] = {
    let mut sets = [(*b"none    ", 4); 256];
    let mut set = 1;
    while set < 256 {
        let (mut letters, mut count) = ([b' '; 8], 0);
        let mut at = 0;
        while at < TcpFlags::LETTERS.len() {
            let (flag, letter) = TcpFlags::LETTERS[at];
            if set & flag.0 as usize != 0 {
                letters[count as usize] = letter;
                count += 1;
            }
            at += 1;
        }
        sets[set] = (letters, count);
        set += 1;
    }
    sets
};

#[inline(never)]
fn bad_length<const N: usize>(out: &mut BufferWriter<'_>, header_len: u32, complaint: &[u8; N], bound: u32) {
    labelled(out, b" [bad hdr length ", header_len);
    labelled(out, complaint, bound);
    out.push(b']');
}

/// `, cksum 0x1234 (correct)`, or nothing when it cannot be known.
#[inline(never)]
fn checksum(out: &mut BufferWriter<'_>, ip: &Ip<'_>, tcp: &Tcp<'_>) {
    let Some(&[high, low]) = tcp.header.get(16..18) else { return };
    let jumbo = !ip.is_v4() && ip.length_source == LengthSource::Frame;
    let expected = match tcp.segment.checksum {
        _ if jumbo => return,
        Checksum::Unknown => return,
        Checksum::Correct => None,
        Checksum::Partial => Some(completed(ip.payload)),
        Checksum::Wrong { expected } => Some(expected),
    };
    out.add(b", cksum 0x");
    hex_bytes(out, &[high, low]);
    match expected {
        None => out.add(b" (correct)"),
        Some(expected) => {
            out.add(b" (incorrect -> 0x");
            hex_bytes(out, &expected.to_be_bytes());
            out.push(b')');
        }
    }
}

/// The checksum that a network card would make of a partial one, which stands where the sum belongs and covers the
/// pseudo-header.
// RFC 1071 §1: the ones' complement of the ones' complement sum.
fn completed(segment: &[u8]) -> u16 {
    let (pairs, odd) = segment.as_chunks::<2>();
    let sum: u64 = pairs.iter().map(|&pair| u64::from(u16::from_be_bytes(pair))).sum();
    let mut sum = sum + odd.first().map_or(0, |&byte| u64::from(byte) << 8);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
