//! What stands before the innermost IP packet: link layers and tunnels.

use super::{LineStyle, Names, ip};
use crate::capture::Frame;
use crate::dissect::{Dissection, Ip, Layer};

/// Writes everything between the time stamp and the addresses of the innermost IP packet.
pub fn write(
    out: &mut Vec<u8>,
    style: &LineStyle,
    names: &Names,
    frame: &Frame<'_>,
    dissection: &Dissection<'_>,
    innermost: &Ip<'_>,
) {
    let _ = frame;
    ip::write(out, style, names, innermost);
    let _ = dissection;
}

/// Where the packet begins behind the link-layer header, for `-x` and its like.
pub fn header_len(dissection: &Dissection<'_>) -> usize {
    let outermost = dissection.layers.iter().find_map(|layer| match layer {
        Layer::Ip(ip) => Some(ip.offset as usize),
        _ => None,
    });
    outermost.unwrap_or_default()
}
