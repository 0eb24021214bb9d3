//! What a line says of IP headers.

use std::net::{IpAddr, Ipv6Addr};

use super::digits::{address, decimal, hex, hex_bytes, hex_padded};
use super::{LineStyle, Names};
use crate::dissect::{Fragment, Ip, expected_header_checksum};

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Writes everything of a packet up to where its payload begins; the addresses only where TCP or UDP do not write them.
pub fn write(out: &mut Vec<u8>, style: &LineStyle, names: &Names, ip: &Ip<'_>) {
    if !style.link_header {
        out.extend_from_slice(if ip.is_v4() { b"IP " } else { b"IP6 " });
    }
    if ip.missing > 0 {
        out.extend_from_slice(if ip.is_v4() { b"truncated-ip - " } else { b"truncated-ip6 - " });
        decimal(out, ip.missing);
        out.extend_from_slice(if ip.is_v4() { b" bytes missing! " } else { b" bytes missing!" });
    }
    if style.verbose > 0 {
        if ip.is_v4() { v4_fields(out, ip, style) } else { v6_fields(out, ip) }
    }
    let first = first_protocol(ip);
    if !matches!(first, TCP | UDP) {
        host(out, ip.src, names);
        out.extend_from_slice(b" > ");
        host(out, ip.dst, names);
        out.extend_from_slice(b": ");
    }
    if first != ip.protocol {
        extensions(out, ip, first, style);
    }
}

/// An address, by its name where it has one.
pub fn host(out: &mut Vec<u8>, addr: IpAddr, names: &Names) {
    match names.host(addr) {
        Some(name) => out.extend_from_slice(name.as_bytes()),
        None => address(out, addr),
    }
}

/// The protocol that the IP header itself names.
fn first_protocol(ip: &Ip<'_>) -> u8 {
    ip.header.get(if ip.is_v4() { 9 } else { 6 }).copied().unwrap_or(ip.protocol)
}

fn v4_fields(out: &mut Vec<u8>, ip: &Ip<'_>, style: &LineStyle) {
    let (header_len, total_len, flags) = match *ip.header {
        [first, _, l0, l1, _, _, flags, ..] => (usize::from(first & 0x0f) * 4, u16::from_be_bytes([l0, l1]), flags),
        _ => (0, 0, 0),
    };
    out.extend_from_slice(b"(tos 0x");
    hex(out, u64::from(ip.tos));
    out.extend_from_slice([&b""[..], b",ECT(1)", b",ECT(0)", b",CE"][usize::from(ip.tos & 3)]);
    if ip.ttl > 0 {
        out.extend_from_slice(b", ttl ");
        decimal(out, ip.ttl);
    }
    out.extend_from_slice(b", id ");
    decimal(out, ip.id.unwrap_or(0));
    out.extend_from_slice(b", offset ");
    decimal(out, ip.fragment.map_or(0, |fragment| fragment.offset));
    out.extend_from_slice(b", flags [");
    let mut separator: &[u8] = b"";
    for (bit, name) in [(0x20, &b"+"[..]), (0x40, b"DF"), (0x80, b"rsvd")] {
        if flags & bit != 0 {
            out.extend_from_slice(separator);
            out.extend_from_slice(name);
            separator = b", ";
        }
    }
    if flags & 0xe0 == 0 {
        out.extend_from_slice(b"none");
    }
    out.extend_from_slice(b"], proto ");
    protocol(out, first_protocol(ip));
    out.extend_from_slice(b", length ");
    decimal(out, total_len);
    if let Some(options) = ip.header.get(20..header_len).filter(|options| !options.is_empty()) {
        out.extend_from_slice(b", options (");
        v4_options(out, options);
        out.push(b')');
    }
    if !style.no_checksum
        && let Some(header) = ip.header.get(..header_len)
        && let Some(expected) = expected_header_checksum(header)
    {
        let is = header.get(10..12).and_then(|field| field.first_chunk()).map_or(0, |field| u16::from_be_bytes(*field));
        out.extend_from_slice(b", bad cksum ");
        hex(out, u64::from(is));
        out.extend_from_slice(b" (->");
        hex(out, u64::from(expected));
        out.extend_from_slice(b")!");
    }
    out.extend_from_slice(b")\n    ");
}

fn v6_fields(out: &mut Vec<u8>, ip: &Ip<'_>) {
    let (flow_label, payload_len) = match *ip.header {
        [_, a, b, c, l0, l1, ..] => (u32::from_be_bytes([0, a & 0x0f, b, c]), u16::from_be_bytes([l0, l1])),
        _ => (0, 0),
    };
    out.push(b'(');
    if ip.tos > 0 {
        out.extend_from_slice(b"class 0x");
        hex_padded(out, u64::from(ip.tos), 2);
        out.extend_from_slice(b", ");
    }
    if flow_label > 0 {
        out.extend_from_slice(b"flowlabel 0x");
        hex_padded(out, u64::from(flow_label), 5);
        out.extend_from_slice(b", ");
    }
    out.extend_from_slice(b"hlim ");
    decimal(out, ip.ttl);
    out.extend_from_slice(b", next-header ");
    protocol(out, first_protocol(ip));
    out.extend_from_slice(b" payload length: ");
    decimal(out, payload_len);
    out.extend_from_slice(b") ");
}

/// `TCP (6)`: those protocols that can stand in front of a TCP segment.
fn protocol(out: &mut Vec<u8>, number: u8) {
    let name = match number {
        0 => "Options",
        4 => "IPIP",
        6 => "TCP",
        17 => "UDP",
        41 => "IPv6",
        43 => "Routing",
        44 => "Fragment",
        47 => "GRE",
        51 => "AH",
        135 => "Mobility",
        _ => "unknown",
    };
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b" (");
    decimal(out, number);
    out.push(b')');
}

fn v4_options(out: &mut Vec<u8>, mut options: &[u8]) {
    const EOL: u8 = 0;
    const NOP: u8 = 1;
    let mut separator: &[u8] = b"";
    while let [kind, behind @ ..] = options {
        out.extend_from_slice(separator);
        separator = b",";
        match kind {
            0 => out.extend_from_slice(b"EOL"),
            1 => out.extend_from_slice(b"NOP"),
            7 => out.extend_from_slice(b"RR"),
            68 => out.extend_from_slice(b"timestamp"),
            82 => out.extend_from_slice(b"traceroute"),
            130 => out.extend_from_slice(b"security"),
            131 => out.extend_from_slice(b"LSRR"),
            137 => out.extend_from_slice(b"SSRR"),
            148 => out.extend_from_slice(b"RA"),
            _ => {
                out.extend_from_slice(b"unknown ");
                decimal(out, *kind);
            }
        }
        match *kind {
            EOL => return,
            NOP => options = behind,
            kind => {
                // A length byte beyond the header is read from the segment by tcpdump; here there is none.
                let len = behind.first().copied().unwrap_or(0);
                let Some((option, behind)) = options.split_at_checked(usize::from(len)).filter(|_| len >= 2) else {
                    return bad(out, b" [bad length ", len);
                };
                match kind {
                    7 | 131 | 137 => route(out, option),
                    68 => timestamps(out, option),
                    148 => router_alert(out, option),
                    _ => {}
                }
                options = behind;
            }
        }
    }
}

fn bad(out: &mut Vec<u8>, what: &[u8], number: u8) {
    out.extend_from_slice(what);
    decimal(out, number);
    out.push(b']');
}

/// The addresses of a route option; those before the pointer have a comma behind them.
fn route(out: &mut Vec<u8>, option: &[u8]) {
    let len = option.len();
    let &[_, _, pointer, ref addresses @ ..] = option else { return bad(out, b" [bad length ", len as u8) };
    if (len + 1) & 3 != 0 {
        bad(out, b" [bad length ", len as u8);
    }
    let end = usize::from(pointer).wrapping_sub(1);
    if end < 3 || end.wrapping_add(1) & 3 != 0 || end > len + 1 {
        bad(out, b" [bad ptr ", pointer);
    }
    for (at, addr) in addresses.chunks_exact(4).enumerate() {
        out.push(b' ');
        if let Some(&addr) = addr.first_chunk::<4>() {
            address(out, IpAddr::from(addr));
        }
        if end > 3 + at * 4 {
            out.push(b',');
        }
    }
}

/// The entries of a timestamp option; `^` stands where the next one will go.
fn timestamps(out: &mut Vec<u8>, option: &[u8]) {
    let len = option.len();
    let &[_, _, pointer, kind, ref entries @ ..] = option else { return bad(out, b"[bad length ", len as u8) };
    out.extend_from_slice(b" TS{");
    let (overflow, kind) = (kind >> 4, kind & 0x0f);
    let entry_len = if kind == 0 { 4 } else { 8 };
    if (len - 4) & (entry_len - 1) != 0 {
        bad(out, b"[bad length ", len as u8);
    }
    let end = usize::from(pointer).wrapping_sub(1);
    if end < 4 || end.wrapping_sub(4) & (entry_len - 1) != 0 || end > len + 1 {
        bad(out, b"[bad ptr ", pointer);
    }
    let mut at = 0;
    match kind {
        0 | 1 | 3 => {
            out.extend_from_slice([&b"TSONLY"[..], b"TS+ADDR", b"", b"PRESPEC"][usize::from(kind)]);
            at = 4;
            let mut separator: &[u8] = b" ";
            for entry in entries.chunks_exact(entry_len) {
                if end == at {
                    separator = b" ^ ";
                }
                out.extend_from_slice(separator);
                separator = b" ";
                decimal(out, entry.last_chunk::<4>().map_or(0, |time| u32::from_be_bytes(*time)));
                out.push(b'@');
                if let (8, Some(&addr)) = (entry_len, entry.first_chunk::<4>()) {
                    address(out, IpAddr::from(addr));
                }
                at += entry_len;
            }
        }
        _ => bad(out, b"[bad ts type ", kind),
    }
    if end == at {
        out.extend_from_slice(b" ^ ");
    }
    if overflow > 0 {
        out.extend_from_slice(b" [");
        decimal(out, overflow);
        out.extend_from_slice(b" hops not recorded]} ");
    } else {
        out.push(b'}');
    }
}

fn router_alert(out: &mut Vec<u8>, option: &[u8]) {
    match *option {
        [_, _, a, b, ..] => {
            if (a, b) != (0, 0) {
                out.extend_from_slice(b" value ");
                decimal(out, u16::from_be_bytes([a, b]));
            }
        }
        _ => bad(out, b" [bad length ", option.len() as u8),
    }
}

/// IPv6's extension headers, and the authentication header of both versions.
fn extensions(out: &mut Vec<u8>, ip: &Ip<'_>, first: u8, style: &LineStyle) {
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
                out.extend_from_slice(if kind == 0 { b"HBH " } else { b"DSTOPT " });
                if is_verbose {
                    v6_options(out, header.get(2..).unwrap_or_default());
                    out.push(b' ');
                }
            }
            43 => routing(out, header, is_verbose),
            44 => {
                let fragment = ip.fragment.unwrap_or(Fragment { offset: 0, more: false });
                let len = (behind.len() as u32).saturating_add(ip.payload_len);
                fragment_header(out, header, fragment, len, is_verbose);
            }
            51 => authentication(out, header, is_verbose),
            _ => {}
        }
        (kind, rest) = (next, behind);
    }
}

fn v6_options(out: &mut Vec<u8>, mut options: &[u8]) {
    while let [kind, behind @ ..] = options {
        if *kind == 0 {
            out.extend_from_slice(b"(pad1)");
            options = behind;
            continue;
        }
        let Some((value, behind)) = behind.split_first().and_then(|(len, b)| b.split_at_checked(usize::from(*len)))
        else {
            return;
        };
        match (*kind, value) {
            (1, _) => out.extend_from_slice(b"(padn)"),
            (5, &[a, b]) => {
                out.extend_from_slice(b"(rtalert: 0x");
                hex_padded(out, u64::from(u16::from_be_bytes([a, b])), 4);
                out.extend_from_slice(b") ");
            }
            (0xc2, &[a, b, c, d]) => {
                out.extend_from_slice(b"(jumbo: ");
                decimal(out, u32::from_be_bytes([a, b, c, d]));
                out.extend_from_slice(b") ");
            }
            (0xc9, value) if value.len() == 16 => {
                out.extend_from_slice(b"(homeaddr: ");
                v6(out, value);
                out.push(b')');
            }
            (kind, value) => {
                out.extend_from_slice(b"(opt_type 0x");
                hex_padded(out, u64::from(kind), 2);
                out.extend_from_slice(b": len=");
                decimal(out, value.len());
                out.push(b')');
            }
        }
        options = behind;
    }
}

fn v6(out: &mut Vec<u8>, bytes: &[u8]) {
    if let Some(&addr) = bytes.first_chunk::<16>() {
        address(out, IpAddr::V6(Ipv6Addr::from(addr)));
    }
}

/// Routing headers of types 0, 2 and 4 (segments); tcpdump stops at others.
fn routing(out: &mut Vec<u8>, header: &[u8], is_verbose: bool) {
    let &[_, len, kind, left, a, b, c, d, ref addresses @ ..] = header else { return };
    out.extend_from_slice(b"RT6 (len=");
    decimal(out, len);
    out.extend_from_slice(b", type=");
    decimal(out, kind);
    out.extend_from_slice(if kind == 0 { b" [Deprecated], segleft=" } else { b", segleft=" });
    decimal(out, left);
    let mut count = addresses.len() / 16;
    if kind == 4 {
        out.extend_from_slice(b", last-entry=");
        decimal(out, a);
        if is_verbose || b != 0 {
            out.extend_from_slice(b", flags=0x");
            hex(out, u64::from(b));
        }
        out.extend_from_slice(b", tag=");
        hex(out, u64::from(u16::from_be_bytes([c, d])));
        count = count.min(usize::from(a) + 1);
    } else {
        let reserved = u32::from_be_bytes([a, b, c, d]);
        if is_verbose || reserved != 0 {
            out.extend_from_slice(b", rsv=0x");
            hex(out, u64::from(reserved));
        }
    }
    for (at, addr) in addresses.chunks_exact(16).take(count).enumerate() {
        out.extend_from_slice(b", [");
        decimal(out, at);
        out.push(b']');
        v6(out, addr);
    }
    out.extend_from_slice(b") ");
}

fn fragment_header(out: &mut Vec<u8>, header: &[u8], fragment: Fragment, len: u32, is_verbose: bool) {
    out.extend_from_slice(b"frag (");
    if is_verbose {
        let id = header.get(4..).and_then(|id| id.first_chunk()).map_or(0, |id| u32::from_be_bytes(*id));
        out.extend_from_slice(b"0x");
        hex_padded(out, u64::from(id), 8);
        out.push(b':');
    }
    decimal(out, fragment.offset);
    out.push(b'|');
    decimal(out, len);
    out.extend_from_slice(b") ");
}

fn authentication(out: &mut Vec<u8>, header: &[u8], is_verbose: bool) {
    let &[_, len, _, _, s0, s1, s2, s3, n0, n1, n2, n3, ref icv @ ..] = header else { return };
    out.extend_from_slice(b"AH(");
    if is_verbose {
        out.extend_from_slice(b"length=");
        decimal(out, len);
        out.push(b'(');
        decimal(out, header.len());
        out.extend_from_slice(b"-bytes),");
    }
    out.extend_from_slice(b"spi=0x");
    hex_padded(out, u64::from(u32::from_be_bytes([s0, s1, s2, s3])), 8);
    out.extend_from_slice(b",seq=0x");
    hex(out, u64::from(u32::from_be_bytes([n0, n1, n2, n3])));
    out.extend_from_slice(b",icv=0x");
    hex_bytes(out, icv);
    out.extend_from_slice(b"): ");
}
