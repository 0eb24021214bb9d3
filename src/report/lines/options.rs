//! The options of a line.
//!
//! This is a walk of its own beside [`TcpOptions`](crate::dissect::TcpOptions), for tcpdump goes on behind the value that it
//! expects of a kind and not behind the length that it read, and reads on into the payload when a kind is the header's last
//! byte. Where it stops, it says so in several ways; [`End`] has them.

use super::integer::{hex, hex_bytes, labelled, number};
use super::mptcp;
use super::{Append, BufferWriter};
use crate::dissect::Segment;
use crate::dissect::options::kind;

/// Bytes of a header without options.
const FIXED_LEN: usize = 20;

/// Why a line ends inside its options.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// An option that cannot be right.
    Bad,
    /// The capture ends in an option's value.
    CutValue,
    /// The capture ends where something else was expected.
    Cut,
}

/// Writes `, options [...]`. `packet` is the segment as captured; what the edges of SACK blocks count from is `sack_base`.
///
/// Where the line ends here, the answer is why.
#[inline(always)]
pub(super) fn write(out: &mut BufferWriter<'_>, segment: &Segment, packet: &[u8], sack_base: u32) -> Option<End> {
    let left = usize::from(segment.header_len).saturating_sub(FIXED_LEN);
    // What nearly every segment of nearly every connection has, and nothing else.
    if let (12, Some([[kind::NOP, kind::NOP, kind::TIMESTAMPS, 10], value, echo])) =
        (left, packet.get(FIXED_LEN..).and_then(|options| options.as_chunks().0.first_chunk::<3>()))
    {
        labelled(out, b", options [nop,nop,TS val ", u32::from_be_bytes(*value));
        labelled(out, b" ecr ", u32::from_be_bytes(*echo));
        out.text(b"]");
        return None;
    }
    write_each(out, segment, packet, sack_base, left)
}

/// As [`write`], option by option; `left` bytes are theirs.
#[inline(never)]
fn write_each(
    out: &mut BufferWriter<'_>,
    segment: &Segment,
    packet: &[u8],
    sack_base: u32,
    left: usize,
) -> Option<End> {
    let mut walk = Walk { out, segment, packet, at: FIXED_LEN, left, layer: b"tcp", sack_base };
    walk.out.add(b", options [");
    let mut first = true;
    let end = loop {
        if walk.left == 0 {
            break None;
        }
        if !first {
            walk.out.push(b',');
        }
        match walk.option() {
            Ok(kind::END) => break None,
            Ok(_) => first = false,
            Err(end) => break Some(end),
        }
    };
    let layer = walk.layer;
    match end {
        None => out.push(b']'),
        Some(End::Bad) => out.add(if first { b"[bad opt]" } else { b"[bad opt]]" }),
        Some(cut) => {
            out.add(b" [|");
            out.add(layer);
            out.add(if cut == End::CutValue && !first { b"]>" } else { b"]" });
        }
    }
    end
}

/// A walk over the options.
struct Walk<'a, 'b, 'p> {
    out: &'b mut BufferWriter<'p>,
    segment: &'b Segment,
    packet: &'a [u8],
    /// The next byte.
    at: usize,
    /// Bytes of the header from there on.
    left: usize,
    /// Who a cut is blamed on.
    layer: &'static [u8],
    sack_base: u32,
}

impl<'a> Walk<'a, '_, '_> {
    /// Writes one option and steps behind it; the answer is its kind.
    fn option(&mut self) -> Result<u8, End> {
        let kind = self.byte()?;
        self.left -= 1;
        if kind <= kind::NOP {
            self.out.add(if kind == kind::NOP { b"nop" } else { b"eol" });
            return Ok(kind);
        }
        let len = self.byte()?;
        let Some(given) = usize::from(len).checked_sub(2).filter(|_| usize::from(len) <= self.left + 1) else {
            return Err(End::Bad);
        };
        self.left -= 1;
        let used = self.value(kind, given)?;
        self.at += used;
        self.left -= used;
        if used != given {
            self.put(b"[len ");
            number(self.out, u32::from(len));
            self.out.push(b']');
        }
        Ok(kind)
    }

    /// Writes an option's name and value, of `given` bytes by its length; the answer is how many bytes the kind has.
    fn value(&mut self, kind: u8, given: usize) -> Result<usize, End> {
        match kind {
            kind::TIMESTAMPS => {
                self.put(b"TS");
                let value = self.take(8)?;
                self.put(b" val ");
                number(self.out, u32_at(value, 0));
                self.put(b" ecr ");
                number(self.out, u32_at(value, 4));
                Ok(8)
            }
            kind::MSS => {
                self.put(b"mss");
                let value = self.take(2)?;
                self.number(u32::from(value[0]) << 8 | u32::from(value[1]));
                Ok(2)
            }
            kind::WINDOW_SCALE => {
                self.put(b"wscale");
                let value = self.take(1)?;
                self.number(u32::from(value[0]));
                Ok(1)
            }
            kind::SACK_PERMITTED => {
                self.put(b"sackOK");
                Ok(0)
            }
            kind::SACK => self.sack(given),
            kind::ECHO | kind::ECHO_REPLY | kind::CC | kind::CC_NEW | kind::CC_ECHO => {
                match kind {
                    kind::ECHO => self.put(b"echo"),
                    kind::ECHO_REPLY => self.put(b"echoreply"),
                    kind::CC => self.put(b"cc"),
                    kind::CC_NEW => self.put(b"ccnew"),
                    _ => {}
                }
                let value = self.take(4)?;
                self.number(u32_at(value, 0));
                Ok(4)
            }
            kind::MD5 => {
                self.put(b"md5");
                let value = self.take(16)?;
                let whole = usize::from(self.segment.header_len) + self.segment.payload_len as usize;
                match self.packet.len() < whole {
                    true => self.put(b" snaplen too short, can't check - "),
                    false => self.put(b" shared secret not supplied with -M, can't check - "),
                }
                hex_bytes(self.out, value);
                Ok(16)
            }
            kind::SCPS => {
                self.put(b"scps");
                let value = self.take(2)?;
                self.put(b" cap ");
                hex_bytes(self.out, &value[..1]);
                self.put(b" id");
                self.number(u32::from(value[1]));
                Ok(2)
            }
            kind::USER_TIMEOUT => {
                self.put(b"uto");
                let value = self.take(2)?;
                let field = u32::from(value[0]) << 8 | u32::from(value[1]);
                self.put(b" 0x");
                hex(self.out, u64::from(field));
                // tcpdump takes the last bit for the unit; RFC 5482 §3.3 has the first.
                self.number((field >> 1) * if field & 1 == 1 { 60 } else { 1 });
                Ok(2)
            }
            kind::AUTHENTICATION => self.authentication(given),
            kind::MULTIPATH => {
                self.put(b"mptcp");
                let value = self.take(given)?;
                self.layer = b"mptcp";
                if mptcp::write(self.out, value, self.segment.flags) { Ok(given) } else { Err(End::Bad) }
            }
            kind::FAST_OPEN => {
                self.put(b"tfo");
                let cookie = self.take(given)?;
                self.out.push(b' ');
                self.cookie(cookie);
                Ok(given)
            }
            kind::EXPERIMENT_2 => {
                self.put(b"exp");
                let value = self.take(given)?;
                let Some((id, rest)) = value.split_first_chunk::<2>() else { return Err(End::Bad) };
                self.out.push(b'-');
                if *id == [0xf9, 0x89] {
                    self.put(b"tfo");
                    self.cookie(rest);
                } else {
                    hex_bytes(self.out, id);
                }
                Ok(given)
            }
            _ => {
                self.put(b"unknown-");
                number(self.out, u32::from(kind));
                if given > 0 {
                    self.bytes_one_by_one(b" 0x", 0, given)?;
                }
                Ok(given)
            }
        }
    }

    fn sack(&mut self, given: usize) -> Result<usize, End> {
        self.put(b"sack");
        if !given.is_multiple_of(8) {
            self.put(b" invalid sack");
            return Ok(given);
        }
        self.number(given as u32 / 8);
        self.out.push(b' ');
        for block in 1..=given / 8 {
            let edges = self.take(block * 8)?;
            let [left, right] = [8, 4].map(|back| u32_at(edges, edges.len() - back).wrapping_sub(self.sack_base));
            self.out.push(b'{');
            number(self.out, left);
            self.out.push(b':');
            number(self.out, right);
            self.out.push(b'}');
        }
        Ok(given)
    }

    fn authentication(&mut self, given: usize) -> Result<usize, End> {
        self.put(b"tcp-ao");
        if given < 2 {
            self.put(b" (invalid)");
            return Ok(given);
        }
        let key_id = self.take(1)?[0];
        self.put(b" keyid");
        self.number(u32::from(key_id));
        let next_key_id = self.take(2)?[1];
        self.put(b" rnextkeyid");
        self.number(u32::from(next_key_id));
        if given > 2 {
            self.bytes_one_by_one(b" mac 0x", 2, given)?;
        }
        Ok(given)
    }

    /// A Fast Open cookie, or its request.
    fn cookie(&mut self, cookie: &[u8]) {
        match cookie.len() {
            0 => self.put(b" cookiereq"),
            4..=16 if cookie.len().is_multiple_of(2) => {
                self.put(b" cookie ");
                hex_bytes(self.out, cookie);
            }
            _ => self.put(b" (invalid)"),
        }
    }

    /// A value's bytes from `from` to `to`, as many as are there.
    fn bytes_one_by_one<const N: usize>(&mut self, before: &[u8; N], from: usize, to: usize) -> Result<(), End> {
        self.put(before);
        for at in from..to {
            let value = self.take(at + 1)?;
            hex_bytes(self.out, &value[at..]);
        }
        Ok(())
    }

    fn put<const N: usize>(&mut self, text: &[u8; N]) {
        self.out.text(text);
    }

    /// A number with a space before it.
    fn number(&mut self, value: u32) {
        self.out.push(b' ');
        number(self.out, value);
    }

    /// The next byte, whichever part of the packet it belongs to.
    fn byte(&mut self) -> Result<u8, End> {
        let byte = *self.packet.get(self.at).ok_or(End::Cut)?;
        self.at += 1;
        Ok(byte)
    }

    /// The first `n` bytes of the value at hand.
    fn take(&self, n: usize) -> Result<&'a [u8], End> {
        if n > self.left {
            return Err(End::Bad);
        }
        self.packet.get(self.at..self.at + n).ok_or(End::CutValue)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().map_or(0, u32::from_be_bytes)
}
