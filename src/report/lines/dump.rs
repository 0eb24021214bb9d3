//! A packet's bytes behind its line: `-x`, `-X`, `-A`.

use super::DumpStyle;
use super::integer::{hex_bytes, hex_digit};

/// Bytes a line.
const ROW: usize = 16;

/// Writes the frame's bytes, each line behind a line end; those of the link-layer header only when asked for twice.
pub(super) fn write(out: &mut Vec<u8>, style: DumpStyle, frame: &[u8], link_len: usize) {
    let packet = frame.get(link_len..).unwrap_or_default();
    let chosen = |count: u8| if count > 1 { frame } else { packet };
    match style {
        DumpStyle { hex_ascii: count @ 1.., .. } => rows(out, chosen(count), true),
        DumpStyle { hex: count @ 1.., .. } => rows(out, chosen(count), false),
        DumpStyle { ascii: count @ 1.., .. } => ascii(out, chosen(count)),
        _ => {}
    }
}

fn rows(out: &mut Vec<u8>, bytes: &[u8], with_ascii: bool) {
    for (at, row) in bytes.chunks(ROW).enumerate() {
        out.extend_from_slice(b"\n\t0x");
        let offset = at * ROW;
        if offset > 0xffff {
            out.push(hex_digit((offset >> 16) as u8 & 15));
        }
        hex_bytes(out, &(offset as u16).to_be_bytes());
        out.extend_from_slice(b": ");
        let begin = out.len();
        for pair in row.chunks(2) {
            out.push(b' ');
            hex_bytes(out, pair);
        }
        if with_ascii {
            // Where the text begins in a whole row.
            out.resize(begin + ROW / 2 * 5 + 2, b' ');
            out.extend(row.iter().map(|&byte| if byte.is_ascii_graphic() { byte } else { b'.' }));
        }
    }
}

/// Printable bytes, spaces, tabs and line ends as they are. A carriage return is dropped before a line end, and where at most
/// one byte follows. A line end before a `#` is written as a dot: lines that begin so are tcpcheck's own.
fn ascii(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'\n');
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'#' if at == 0 => out.push(b'.'),
            b'\r' if matches!(bytes.get(at + 1..), None | Some([] | [_] | [b'\n', ..])) => {}
            b'\n' if bytes.get(at + 1) == Some(&b'#') => out.push(b'.'),
            b'\t' | b'\n' | b' ' => out.push(byte),
            _ if byte.is_ascii_graphic() => out.push(byte),
            _ => out.push(b'.'),
        }
    }
}
