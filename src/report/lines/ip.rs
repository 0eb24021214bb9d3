//! The IP part of a line.

use super::{LineStyle, Names};
use crate::dissect::Ip;

/// Writes what stands before the addresses.
pub fn write(out: &mut Vec<u8>, style: &LineStyle, names: &Names, ip: &Ip<'_>) {
    let _ = (style, names);
    out.extend_from_slice(if ip.is_v4() { b"IP ".as_slice() } else { b"IP6 " });
}
