//! What a line says of the options in an IPv4 header.

use std::net::IpAddr;

use super::integer::{address, decimal};
use super::{Append, BufferWriter};

/// Writes them one by one, up to one whose length cannot be right.
pub(super) fn write(out: &mut BufferWriter<'_>, mut options: &[u8]) {
    const EOL: u8 = 0;
    const NOP: u8 = 1;
    let mut separator: &[u8] = b"";
    while let [kind, behind @ ..] = options {
        out.add(separator);
        separator = b",";
        match kind {
            0 => out.add(b"EOL"),
            1 => out.add(b"NOP"),
            7 => out.add(b"RR"),
            68 => out.add(b"timestamp"),
            82 => out.add(b"traceroute"),
            130 => out.add(b"security"),
            131 => out.add(b"LSRR"),
            137 => out.add(b"SSRR"),
            148 => out.add(b"RA"),
            _ => {
                out.add(b"unknown ");
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

fn bad(out: &mut BufferWriter<'_>, what: &[u8], number: u8) {
    out.add(what);
    decimal(out, number);
    out.push(b']');
}

/// The addresses of a route option; those before the pointer have a comma behind them.
fn route(out: &mut BufferWriter<'_>, option: &[u8]) {
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
fn timestamps(out: &mut BufferWriter<'_>, option: &[u8]) {
    let len = option.len();
    let &[_, _, pointer, kind, ref entries @ ..] = option else { return bad(out, b"[bad length ", len as u8) };
    out.add(b" TS{");
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
            out.add([&b"TSONLY"[..], b"TS+ADDR", b"", b"PRESPEC"][usize::from(kind)]);
            at = 4;
            let mut separator: &[u8] = b" ";
            for entry in entries.chunks_exact(entry_len) {
                if end == at {
                    separator = b" ^ ";
                }
                out.add(separator);
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
        out.add(b" ^ ");
    }
    if overflow > 0 {
        out.add(b" [");
        decimal(out, overflow);
        out.add(b" hops not recorded]} ");
    } else {
        out.push(b'}');
    }
}

fn router_alert(out: &mut BufferWriter<'_>, option: &[u8]) {
    match *option {
        [_, _, a, b, ..] => {
            if (a, b) != (0, 0) {
                out.add(b" value ");
                decimal(out, u16::from_be_bytes([a, b]));
            }
        }
        _ => bad(out, b" [bad length ", option.len() as u8),
    }
}
