//! What a line says of the headers between an IP header and its payload.

use std::net::{IpAddr, Ipv6Addr};

use super::integer::{address, decimal, hex, hex_bytes, hex_padded};
use super::{Append, BufferWriter, LineStyle};
use crate::dissect::Ip;

/// IPv6's extension headers, and the authentication header of both versions.
#[inline(never)]
pub(super) fn write(out: &mut BufferWriter<'_>, style: &LineStyle, ip: &Ip<'_>, first: u8) {
    let is_verbose = style.verbose > 0;
    let fixed_len = if ip.is_v4() { usize::from(ip.header.first().copied().unwrap_or(0) & 0x0f) * 4 } else { 40 };
    let mut kind = first;
    let mut rest = ip.header.get(fixed_len..).unwrap_or_default();
    while let [next, len, ..] = *rest {
        let len = match kind {
            44 => 8,
            51 => (usize::from(len) + 2) * 4,
            _ => (usize::from(len) + 1) * 8,
        };
        let Some((header, behind)) = rest.split_at_checked(len) else { return };
        match kind {
            0 | 60 => {
                out.add(if kind == 0 { b"HBH " } else { b"DSTOPT " });
                if is_verbose {
                    v6_options(out, header.get(2..).unwrap_or_default());
                    out.push(b' ');
                }
            }
            43 => routing(out, header, is_verbose),
            44 => {
                let offset = ip.fragment.map_or(0, |fragment| fragment.offset);
                let len = (behind.len() as u32).saturating_add(ip.payload_len);
                fragment_header(out, header, offset, len, is_verbose);
            }
            51 => authentication(out, header, is_verbose),
            _ => {}
        }
        (kind, rest) = (next, behind);
    }
}

fn v6_options(out: &mut BufferWriter<'_>, mut options: &[u8]) {
    while let [kind, behind @ ..] = options {
        if *kind == 0 {
            out.add(b"(pad1)");
            options = behind;
            continue;
        }
        let Some((value, behind)) = behind.split_first().and_then(|(len, b)| b.split_at_checked(usize::from(*len)))
        else {
            return;
        };
        match (*kind, value) {
            (1, _) => out.add(b"(padn)"),
            (5, &[a, b]) => {
                out.add(b"(rtalert: 0x");
                hex_padded(out, u64::from(u16::from_be_bytes([a, b])), 4);
                out.add(b") ");
            }
            (0xc2, &[a, b, c, d]) => {
                out.add(b"(jumbo: ");
                decimal(out, u32::from_be_bytes([a, b, c, d]));
                out.add(b") ");
            }
            (0xc9, value) if value.len() == 16 => {
                out.add(b"(homeaddr: ");
                v6(out, value);
                out.push(b')');
            }
            (kind, value) => {
                out.add(b"(opt_type 0x");
                hex_padded(out, u64::from(kind), 2);
                out.add(b": len=");
                decimal(out, value.len());
                out.push(b')');
            }
        }
        options = behind;
    }
}

fn v6(out: &mut BufferWriter<'_>, bytes: &[u8]) {
    if let Some(&addr) = bytes.first_chunk::<16>() {
        address(out, IpAddr::V6(Ipv6Addr::from(addr)));
    }
}

/// Routing headers of types 0, 2 and 4 (segments); tcpdump stops at others.
fn routing(out: &mut BufferWriter<'_>, header: &[u8], is_verbose: bool) {
    let &[_, len, kind, left, a, b, c, d, ref addresses @ ..] = header else { return };
    out.add(b"RT6 (len=");
    decimal(out, len);
    out.add(b", type=");
    decimal(out, kind);
    out.add(if kind == 0 { b" [Deprecated], segleft=" } else { b", segleft=" });
    decimal(out, left);
    let mut count = addresses.len() / 16;
    if kind == 4 {
        out.add(b", last-entry=");
        decimal(out, a);
        if is_verbose || b != 0 {
            out.add(b", flags=0x");
            hex(out, u64::from(b));
        }
        out.add(b", tag=");
        hex(out, u64::from(u16::from_be_bytes([c, d])));
        count = count.min(usize::from(a) + 1);
    } else {
        let reserved = u32::from_be_bytes([a, b, c, d]);
        if is_verbose || reserved != 0 {
            out.add(b", rsv=0x");
            hex(out, u64::from(reserved));
        }
    }
    for (at, addr) in addresses.chunks_exact(16).take(count).enumerate() {
        out.add(b", [");
        decimal(out, at);
        out.push(b']');
        v6(out, addr);
    }
    out.add(b") ");
}

fn fragment_header(out: &mut BufferWriter<'_>, header: &[u8], offset: u32, len: u32, is_verbose: bool) {
    out.add(b"frag (");
    if is_verbose {
        let id = header.get(4..).and_then(|id| id.first_chunk()).map_or(0, |id| u32::from_be_bytes(*id));
        out.add(b"0x");
        hex_padded(out, u64::from(id), 8);
        out.push(b':');
    }
    decimal(out, offset);
    out.push(b'|');
    decimal(out, len);
    out.add(b") ");
}

fn authentication(out: &mut BufferWriter<'_>, header: &[u8], is_verbose: bool) {
    let &[_, len, _, _, s0, s1, s2, s3, n0, n1, n2, n3, ref icv @ ..] = header else { return };
    out.add(b"AH(");
    if is_verbose {
        out.add(b"length=");
        decimal(out, len);
        out.push(b'(');
        decimal(out, header.len());
        out.add(b"-bytes),");
    }
    out.add(b"spi=0x");
    hex_padded(out, u64::from(u32::from_be_bytes([s0, s1, s2, s3])), 8);
    out.add(b",seq=0x");
    hex(out, u64::from(u32::from_be_bytes([n0, n1, n2, n3])));
    out.add(b",icv=0x");
    hex_bytes(out, icv);
    out.add(b"): ");
}
