//! What a line says of IP headers.

use std::net::IpAddr;

use super::integer::{address, decimal, hex, hex_padded};
use super::{Append, BufferWriter, LineStyle, Names, extensions, ip_options};
use crate::dissect::{Ip, expected_header_checksum};

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Writes everything of a packet up to where its payload begins; the addresses only where TCP or UDP do not write them.
#[inline(always)]
pub(super) fn write(out: &mut BufferWriter<'_>, style: &LineStyle, names: &Names, ip: &Ip<'_>) {
    if !style.link_header {
        if ip.is_v4() { out.text(b"IP ") } else { out.text(b"IP6 ") }
    }
    if ip.missing > 0 {
        out.add(if ip.is_v4() { b"truncated-ip - " } else { b"truncated-ip6 - " });
        decimal(out, ip.missing);
        out.add(if ip.is_v4() { b" bytes missing! " } else { b" bytes missing!" });
    }
    if style.verbose > 0 {
        if ip.is_v4() { v4_fields(out, ip, style) } else { v6_fields(out, ip) }
    }
    let first = first_protocol(ip);
    if !matches!(first, TCP | UDP) {
        host(out, ip.src, names);
        out.add(b" > ");
        host(out, ip.dst, names);
        out.add(b": ");
    }
    if first != ip.protocol {
        extensions::write(out, style, ip, first);
    }
}

/// Writes what is said of a fragment of TCP that is not the first, behind its headers.
#[cold]
pub(super) fn write_fragment(out: &mut BufferWriter<'_>, style: &LineStyle, names: &Names, ip: &Ip<'_>) {
    if !ip.is_v4() {
        // The fragment header has said it, and a space behind it.
        out.written().pop();
        return;
    }
    host(out, ip.src, names);
    out.add(b" > ");
    host(out, ip.dst, names);
    out.add(if style.numeric { b": ip-proto-6" } else { b": tcp" });
}

/// An address, by its name where it has one.
#[inline(always)]
pub(super) fn host(out: &mut BufferWriter<'_>, addr: IpAddr, names: &Names) {
    match names.host(addr) {
        Some(name) => out.add(name.as_bytes()),
        None => address(out, addr),
    }
}

/// The protocol that the IP header itself names.
#[inline(always)]
fn first_protocol(ip: &Ip<'_>) -> u8 {
    ip.header.get(if ip.is_v4() { 9 } else { 6 }).copied().unwrap_or(ip.protocol)
}

#[inline(never)]
fn v4_fields(out: &mut BufferWriter<'_>, ip: &Ip<'_>, style: &LineStyle) {
    let (header_len, total_len, flags) = match *ip.header {
        [first, _, l0, l1, _, _, flags, ..] => (usize::from(first & 0x0f) * 4, u16::from_be_bytes([l0, l1]), flags),
        _ => (0, 0, 0),
    };
    out.add(b"(tos 0x");
    hex(out, u64::from(ip.tos));
    out.add([&b""[..], b",ECT(1)", b",ECT(0)", b",CE"][usize::from(ip.tos & 3)]);
    if ip.ttl > 0 {
        out.add(b", ttl ");
        decimal(out, ip.ttl);
    }
    out.add(b", id ");
    decimal(out, ip.id.unwrap_or(0));
    out.add(b", offset ");
    decimal(out, ip.fragment.map_or(0, |fragment| fragment.offset));
    out.add(b", flags [");
    let mut separator: &[u8] = b"";
    for (bit, name) in [(0x20, &b"+"[..]), (0x40, b"DF"), (0x80, b"rsvd")] {
        if flags & bit != 0 {
            out.add(separator);
            out.add(name);
            separator = b", ";
        }
    }
    if flags & 0xe0 == 0 {
        out.add(b"none");
    }
    out.add(b"], proto ");
    protocol(out, first_protocol(ip));
    out.add(b", length ");
    decimal(out, total_len);
    if let Some(options) = ip.header.get(20..header_len).filter(|options| !options.is_empty()) {
        out.add(b", options (");
        ip_options::write(out, options);
        out.push(b')');
    }
    if !style.no_checksum
        && let Some(header) = ip.header.get(..header_len)
        && let Some(expected) = expected_header_checksum(header)
    {
        let is = header.get(10..12).and_then(|field| field.first_chunk()).map_or(0, |field| u16::from_be_bytes(*field));
        out.add(b", bad cksum ");
        hex(out, u64::from(is));
        out.add(b" (->");
        hex(out, u64::from(expected));
        out.add(b")!");
    }
    out.add(b")\n    ");
}

#[inline(never)]
fn v6_fields(out: &mut BufferWriter<'_>, ip: &Ip<'_>) {
    let (flow_label, payload_len) = match *ip.header {
        [_, a, b, c, l0, l1, ..] => (u32::from_be_bytes([0, a & 0x0f, b, c]), u16::from_be_bytes([l0, l1])),
        _ => (0, 0),
    };
    out.push(b'(');
    if ip.tos > 0 {
        out.add(b"class 0x");
        hex_padded(out, u64::from(ip.tos), 2);
        out.add(b", ");
    }
    if flow_label > 0 {
        out.add(b"flowlabel 0x");
        hex_padded(out, u64::from(flow_label), 5);
        out.add(b", ");
    }
    out.add(b"hlim ");
    decimal(out, ip.ttl);
    out.add(b", next-header ");
    protocol(out, first_protocol(ip));
    out.add(b" payload length: ");
    decimal(out, payload_len);
    out.add(b") ");
}

/// `TCP (6)`: those protocols that can stand in front of a TCP segment.
fn protocol(out: &mut BufferWriter<'_>, number: u8) {
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
    out.add(name.as_bytes());
    out.add(b" (");
    decimal(out, number);
    out.push(b')');
}
