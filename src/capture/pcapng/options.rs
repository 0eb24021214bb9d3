//! Options at the end of a block, draft-ietf-opsawg-pcapng §3.5: read, and brought into this machine's byte order.

use crate::capture::bytes::{ByteOrder, Fields};

/// The code of a comment, in every block.
pub(crate) const COMMENT: u16 = 1;

/// A number in the other byte order: options whose values are numbers.
type Width = fn(u16, usize) -> usize;

/// The options at the end of a block; a malformed one ends them.
pub(super) struct Options<'a> {
    pub(super) fields: Fields<'a>,
}

impl<'a> Options<'a> {
    pub(super) fn new(bytes: &'a [u8], order: ByteOrder) -> Self {
        Self { fields: Fields::new(bytes, order) }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (code, length) = (self.fields.u16()?, usize::from(self.fields.u16()?));
        if code == 0 {
            return None;
        }
        let value = self.fields.bytes(length)?;
        let padding = length.wrapping_neg() & 3;
        self.fields.bytes(padding.min(self.fields.rest().len()));
        Some((code, value))
    }
}

/// Appends those options that `keep` takes, in this machine's byte order; `width` says how long a number is that a value is
/// made of, 1 for text.
pub(super) fn append(
    out: &mut Vec<u8>,
    bytes: &[u8],
    order: ByteOrder,
    width: Width,
    mut keep: impl FnMut(u16, &[u8]) -> bool,
) {
    for (code, value) in Options::new(bytes, order) {
        if keep(code, value) {
            put(out, code, value.len(), |out| native(out, value, order, width(code, value.len())));
        }
    }
}

/// Appends an option; a value that is too long is cut.
pub(crate) fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    put(out, code, value.len(), |out| out.extend_from_slice(value));
}

fn put(out: &mut Vec<u8>, code: u16, length: usize, value: impl FnOnce(&mut Vec<u8>)) {
    out.extend(code.to_ne_bytes());
    out.extend((length as u16).to_ne_bytes());
    value(out);
    pad(out);
}

/// Fills up to a multiple of four bytes.
pub(super) fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

/// Appends numbers of so many bytes in this machine's byte order; a rest stays as it is.
pub(super) fn native(out: &mut Vec<u8>, value: &[u8], order: ByteOrder, width: usize) {
    if width < 2 || order == ByteOrder::NATIVE {
        return out.extend_from_slice(value);
    }
    for number in value.chunks(width) {
        match number.len() == width {
            true => out.extend(number.iter().rev()),
            false => out.extend(number),
        }
    }
}

/// The numbers among a packet's options, draft-ietf-opsawg-pcapng §4.3: flags, drop count, packet identifier, queue.
pub(super) fn of_packet(code: u16, length: usize) -> usize {
    match code {
        2 | 4 | 5 | 6 => length,
        _ => 1,
    }
}

/// The numbers among an interface's options, draft-ietf-opsawg-pcapng §4.2: speed, time zone, speeds each way.
pub(super) fn of_interface(code: u16, length: usize) -> usize {
    match code {
        8 | 10 | 16 | 17 => length,
        _ => 1,
    }
}

/// A section's options are texts.
pub(super) fn texts(_: u16, _: usize) -> usize {
    1
}
