//! What leaves tcpcheck as a capture: which packets, and what is said of them.

mod anonymize;
#[cfg(feature = "columnar")]
mod cluster;
mod connection;
mod pcapng;
mod split;
mod tables;
mod traffic;

use std::path::Path;

use tcpcheck::capture::{Next, open};

/// A packet as a capture holds it: nanoseconds, link type, length on the wire, bytes.
pub(crate) type Kept = (i64, u16, u32, Vec<u8>);

/// The packets of a capture file.
pub(crate) fn packets(path: &Path) -> Vec<Kept> {
    let mut source = open(path).unwrap_or_else(|error| panic!("{error}"));
    let mut packets = Vec::new();
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        packets.push((frame.ts.0, frame.link_type.0, frame.wire_len, frame.data.to_vec()));
    }
    packets
}
