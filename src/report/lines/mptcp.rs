//! A Multipath TCP option's text.
//!
//! What tcpdump lets pass is not what [`Mptcp`](crate::dissect::Mptcp) does: it goes by the option's length and the segment's
//! flags, and knows no MP_TCPRST.

use std::net::IpAddr;

use super::integer::{address, decimal, hex, hex_bytes};
use super::{Append, BufferWriter};
use crate::dissect::TcpFlags;

/// Writes an option by its value, which is all there; false when it cannot be right, which may show late.
pub(super) fn write(out: &mut BufferWriter<'_>, value: &[u8], flags: TcpFlags) -> bool {
    let Some((&head, rest)) = value.split_first() else { return false };
    out.push(b' ');
    decimal(out, value.len() + 2);
    let low = head & 15;
    let mut name = |name: &[u8]| out.add(name);
    let written = match head >> 4 {
        0 => {
            name(b" capable");
            capable(out, low, rest, flags)
        }
        1 => {
            name(b" join");
            join(out, low, rest, flags)
        }
        2 => {
            name(b" dss");
            dss(out, rest, flags)
        }
        3 => {
            name(b" add-addr");
            add_address(out, low, rest)
        }
        4 => {
            name(b" rem-addr");
            remove_address(out, rest)
        }
        5 => {
            name(b" prio");
            priority(out, low, rest)
        }
        6 => {
            name(b" fail");
            fail(out, rest)
        }
        7 => {
            name(b" fast-close");
            fast_close(out, rest)
        }
        _ => {
            name(b" unknown");
            Some(())
        }
    };
    written.is_some()
}

fn capable(out: &mut BufferWriter<'_>, version: u8, rest: &[u8], flags: TcpFlags) -> Option<()> {
    let fits = match rest.len() {
        1 | 9 => flags.contains(TcpFlags::SYN),
        17 | 19 => flags.contains(TcpFlags::ACK) && !flags.contains(TcpFlags::SYN),
        _ => false,
    };
    if !fits {
        return None;
    }
    if version > 1 {
        labelled(out, b" Unknown Version (", version);
        out.push(b')');
        return Some(());
    }
    labelled(out, b" v", version);
    let (bits, keys) = rest.split_first()?;
    if bits & 0x80 != 0 {
        out.add(b" csum");
    }
    if let Some((sender, rest)) = keys.split_first_chunk() {
        out.add(b" {0x");
        hex(out, u64::from_be_bytes(*sender));
        if let Some(receiver) = rest.first_chunk() {
            out.add(b",0x");
            hex(out, u64::from_be_bytes(*receiver));
        }
        out.push(b'}');
    }
    Some(())
}

fn join(out: &mut BufferWriter<'_>, low: u8, rest: &[u8], flags: TcpFlags) -> Option<()> {
    let syn = flags.contains(TcpFlags::SYN);
    let ack = flags.contains(TcpFlags::ACK);
    match rest.len() {
        9 if syn => {}
        13 if syn && ack => {}
        21 if ack => {
            out.add(b" hmac 0x");
            hex_bytes(out, &rest[1..]);
            return Some(());
        }
        _ => return None,
    }
    if low & 1 != 0 {
        out.add(b" backup");
    }
    let (id, rest) = rest.split_first()?;
    labelled(out, b" id ", *id);
    let (first, nonce) = rest.split_at_checked(rest.len() - 4)?;
    out.add(if syn && first.len() == 8 { b" hmac 0x" } else { b" token 0x" });
    hex(out, big_endian(first));
    out.add(b" nonce 0x");
    hex(out, big_endian(nonce));
    Some(())
}

fn dss(out: &mut BufferWriter<'_>, rest: &[u8], flags: TcpFlags) -> Option<()> {
    let (&bits, mut rest) = rest.split_first().filter(|_| !flags.contains(TcpFlags::SYN))?;
    let mut number = |out: &mut BufferWriter<'_>, label: &[u8], len: usize| {
        out.add(label);
        let (number, behind) = rest.split_at_checked(len)?;
        decimal(out, big_endian(number));
        rest = behind;
        Some(())
    };
    if bits & 0x10 != 0 {
        out.add(b" fin");
    }
    if bits & 0x01 != 0 {
        number(out, b" ack ", if bits & 0x02 != 0 { 8 } else { 4 })?;
    }
    if bits & 0x04 != 0 {
        number(out, b" seq ", if bits & 0x08 != 0 { 8 } else { 4 })?;
        let (path_seq, behind) = rest.split_first_chunk::<4>()?;
        labelled(out, b" subseq ", u32::from_be_bytes(*path_seq));
        let (len, behind) = behind.split_first_chunk::<2>()?;
        labelled(out, b" len ", u16::from_be_bytes(*len));
        rest = behind;
        if let Some((checksum, behind)) = rest.split_first_chunk::<2>() {
            out.add(b" csum 0x");
            hex(out, big_endian(checksum));
            rest = behind;
        }
    }
    rest.is_empty().then_some(())
}

fn add_address(out: &mut BufferWriter<'_>, low: u8, rest: &[u8]) -> Option<()> {
    let (&id, rest) = rest.split_first()?;
    // Address, perhaps a port, perhaps an authentication code.
    let (addr, rest) = match rest.len() {
        4 | 6 | 12 | 14 => {
            let (addr, rest) = rest.split_first_chunk::<4>()?;
            (IpAddr::from(*addr), rest)
        }
        16 | 18 | 24 | 26 => {
            let (addr, rest) = rest.split_first_chunk::<16>()?;
            (IpAddr::from(*addr), rest)
        }
        _ => return None,
    };
    out.add(match low {
        0 => b" v1",
        1 => b" v1-echo",
        4 => b" v0-ip4",
        6 => b" v0-ip6",
        _ => b" [bad version/echo]",
    });
    labelled(out, b" id ", id);
    out.push(b' ');
    address(out, addr);
    let (port, code) = rest.split_at(rest.len() % 8);
    if !port.is_empty() {
        labelled(out, b":", big_endian(port));
    }
    if !code.is_empty() {
        out.add(b" hmac 0x");
        hex(out, big_endian(code));
    }
    Some(())
}

fn remove_address(out: &mut BufferWriter<'_>, ids: &[u8]) -> Option<()> {
    if ids.is_empty() {
        return None;
    }
    out.add(b" id");
    for id in ids {
        labelled(out, b" ", *id);
    }
    Some(())
}

fn priority(out: &mut BufferWriter<'_>, low: u8, rest: &[u8]) -> Option<()> {
    if rest.len() > 1 {
        return None;
    }
    out.add(if low & 1 != 0 { b" backup" } else { b" non-backup" });
    if let [id] = rest {
        labelled(out, b" id ", *id);
    }
    Some(())
}

fn fail(out: &mut BufferWriter<'_>, rest: &[u8]) -> Option<()> {
    let [_, number @ ..]: &[u8; 9] = rest.try_into().ok()?;
    labelled(out, b" seq ", u64::from_be_bytes(*number));
    Some(())
}

fn fast_close(out: &mut BufferWriter<'_>, rest: &[u8]) -> Option<()> {
    let [_, key @ ..]: &[u8; 9] = rest.try_into().ok()?;
    out.add(b" key 0x");
    hex(out, u64::from_be_bytes(*key));
    Some(())
}

/// A number of at most 8 bytes.
fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn labelled(out: &mut BufferWriter<'_>, label: &[u8], number: impl itoa::Integer) {
    out.add(label);
    decimal(out, number);
}
