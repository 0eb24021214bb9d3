//! pcapng blocks as bytes, in this machine's byte order and with nanoseconds.
//!
//! draft-ietf-opsawg-pcapng describes the format; the section numbers are its.

use super::options::{COMMENT, option, pad};
use super::{ENHANCED_PACKET, INTERFACE_DESCRIPTION, SECTION_HEADER};
use crate::capture::{Block, Frame, Interface};

/// `shb_userappl`, §4.1.
const APPLICATION: u16 = 4;
/// `if_name` and `if_tsresol`, §4.2.
const NAME: u16 = 2;
const RESOLUTION: u16 = 9;

/// Appends a section header, §4.1, with these options before its own.
pub(crate) fn section(out: &mut Vec<u8>, options: &[u8]) {
    block(out, SECTION_HEADER, |out| {
        out.extend(0x1a2b_3c4d_u32.to_ne_bytes());
        out.extend(1_u16.to_ne_bytes());
        out.extend(0_u16.to_ne_bytes());
        // Nobody knows its length yet.
        out.extend((-1_i64).to_ne_bytes());
        out.extend_from_slice(options);
        option(out, APPLICATION, concat!("tcpcheck ", env!("CARGO_PKG_VERSION")).as_bytes());
        end_options(out);
    });
}

/// Appends a block that is neither section nor packet.
pub(crate) fn other(out: &mut Vec<u8>, what: &Block) {
    match what {
        Block::Interface(interface) => description(out, interface),
        Block::Other(kind, body) => block(out, *kind, |out| out.extend_from_slice(body)),
    }
}

/// An interface description, §4.2.
fn description(out: &mut Vec<u8>, interface: &Interface) {
    block(out, INTERFACE_DESCRIPTION, |out| {
        out.extend(interface.link_type.0.to_ne_bytes());
        out.extend([0; 2]);
        out.extend(interface.snaplen.to_ne_bytes());
        out.extend_from_slice(&interface.options);
        if let Some(name) = interface.name.as_ref().filter(|_| interface.options.is_empty()) {
            option(out, NAME, name.as_bytes());
        }
        option(out, RESOLUTION, &[9]);
        end_options(out);
    });
}

/// Appends an enhanced packet, §4.3, with these options and comments.
pub(crate) fn packet(out: &mut Vec<u8>, frame: &Frame<'_>, options: &[u8], comments: &[String]) {
    block(out, ENHANCED_PACKET, |out| {
        out.extend(frame.interface.to_ne_bytes());
        let nanos = frame.ts.0.max(0) as u64;
        out.extend(((nanos >> 32) as u32).to_ne_bytes());
        out.extend((nanos as u32).to_ne_bytes());
        out.extend((frame.data.len() as u32).to_ne_bytes());
        out.extend(frame.wire_len.to_ne_bytes());
        out.extend_from_slice(frame.data);
        pad(out);
        if !options.is_empty() || !comments.is_empty() {
            out.extend_from_slice(options);
            for comment in comments {
                option(out, COMMENT, comment.as_bytes());
            }
            end_options(out);
        }
    });
}

/// The block of these contents, behind others: `out` holds a multiple of 32 bits.
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_ne_bytes());
    out.extend([0; 4]);
    body(out);
    pad(out);
    let length = (out.len().saturating_sub(start).saturating_add(4) as u32).to_ne_bytes();
    out.extend(length);
    if let Some(field) = out.get_mut(start.saturating_add(4)..).and_then(|rest| rest.first_chunk_mut()) {
        *field = length;
    }
}

fn end_options(out: &mut Vec<u8>) {
    out.extend([0; 4]);
}
