//! What a line says of a radiotap header: how a wireless frame was received.

use super::integer::decimal;
use super::{Append, BufferWriter};

/// Writes the fields up to the receive flags; of the next three it says only that they are there, and nothing of others.
// https://www.radiotap.org: a word of present bits (each with bit 31 has another behind it), then the fields in the order
// of their bits, aligned to their size, little-endian.
pub(super) fn write(out: &mut BufferWriter<'_>, header: &[u8]) {
    let Some(present) = word(header, 4) else { return };
    let mut fields = Fields { header, at: 8 };
    let mut further = present;
    while further & 0x8000_0000 != 0 {
        let Some(next) = word(header, fields.at) else { return };
        (further, fields.at) = (next, fields.at + 4);
    }
    for bit in (0..18).filter(|bit| present >> bit & 1 != 0) {
        if field(out, &mut fields, bit).is_none() {
            return;
        }
    }
}

/// Writes the field of one present bit; `None` when it is not all there.
fn field(out: &mut BufferWriter<'_>, fields: &mut Fields<'_>, bit: u32) -> Option<()> {
    match bit {
        0 => labelled(out, b"", u64::from_le_bytes(fields.next(8)?), b"us tsft "),
        1 => {
            let [flags] = fields.next(1)?;
            let names =
                [(0x01, "cfp "), (0x02, "short preamble "), (0x04, "wep "), (0x08, "fragmented "), (0x40, "bad-fcs ")];
            for (_, name) in names.iter().filter(|(flag, _)| flags & flag != 0) {
                out.add(name.as_bytes());
            }
        }
        2 => match fields.next(1)? {
            [rate] if rate & 0x80 != 0 => labelled(out, b"MCS ", rate & 0x7f, b" "),
            // In units of 500 kb/s.
            [rate] => labelled(out, b"", rate / 2, if rate & 1 == 0 { b".0 Mb/s " } else { b".5 Mb/s " }),
        },
        3 => {
            let [f0, f1, k0, k1] = fields.next(2)?;
            labelled(out, b"", u16::from_le_bytes([f0, f1]), b" MHz");
            channel(out, u16::from_le_bytes([k0, k1]));
            out.push(b' ');
        }
        4 => {
            let [set, pattern] = fields.next(2)?;
            labelled(out, b"fhset ", set, b" fhpat ");
            labelled(out, b"", pattern, b" ");
        }
        5 => labelled(out, b"", i8::from_le_bytes(fields.next(1)?), b"dBm signal "),
        6 => labelled(out, b"", i8::from_le_bytes(fields.next(1)?), b"dBm noise "),
        7 => labelled(out, b"", u16::from_le_bytes(fields.next(2)?), b" sq "),
        8 => labelled(out, b"", -i32::from(u16::from_le_bytes(fields.next(2)?)), b" tx power "),
        9 => labelled(out, b"", -i32::from(u16::from_le_bytes(fields.next(2)?)), b"dB tx attenuation "),
        10 => labelled(out, b"", i8::from_le_bytes(fields.next(1)?), b"dBm tx power "),
        11 => labelled(out, b"antenna ", u8::from_le_bytes(fields.next(1)?), b" "),
        12 => labelled(out, b"", u8::from_le_bytes(fields.next(1)?), b"dB signal "),
        13 => labelled(out, b"", u8::from_le_bytes(fields.next(1)?), b"dB noise "),
        // Receive flags: the one that was ever given a meaning is not written.
        14 => drop(fields.next::<2>(2)?),
        _ => {
            // Nothing behind a field of unknown length can be found.
            labelled(out, b"[bit ", bit, b"] ");
            return None;
        }
    }
    Some(())
}

/// The kind of a channel, by its flags.
fn channel(out: &mut BufferWriter<'_>, flags: u16) {
    let is = |bits: u16| flags & bits == bits;
    let width: &[u8] = match (is(0x4000), is(0x8000)) {
        (true, _) => b"/10Mhz",
        (_, true) => b"/5Mhz",
        _ => b"",
    };
    let kinds: [(bool, &[u8], bool); 4] = [
        (is(0x0800), b" FHSS", false),
        (is(0x0140), b" 11a", true),
        (is(0x00c0) || is(0x0480), b" 11g", true),
        (is(0x00a0) && !is(0x0480), b" 11b", false),
    ];
    for (_, name, has_width) in kinds.into_iter().filter(|(is, ..)| *is) {
        out.add(name);
        out.add(if has_width { width } else { b"" });
    }
    if is(0x0010) {
        out.add(b" Turbo");
    }
}

fn labelled(out: &mut BufferWriter<'_>, before: &[u8], number: impl itoa::Integer, behind: &[u8]) {
    out.add(before);
    decimal(out, number);
    out.add(behind);
}

fn word(header: &[u8], at: usize) -> Option<u32> {
    header.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

/// The fields of a header, one behind the other.
struct Fields<'a> {
    header: &'a [u8],
    at: usize,
}

impl Fields<'_> {
    /// The next `N` bytes, aligned.
    fn next<const N: usize>(&mut self, alignment: usize) -> Option<[u8; N]> {
        let at = self.at.next_multiple_of(alignment);
        self.at = at + N;
        self.header.get(at..)?.first_chunk().copied()
    }
}
