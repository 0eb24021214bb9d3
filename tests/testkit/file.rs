//! Capture files as bytes: classic pcap, and pcapng block by block.

/// A frame to be written: when, its captured bytes, and its length on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Nanoseconds since 1970.
    pub ns: i64,
    pub bytes: Vec<u8>,
    pub wire_len: u32,
}

impl Record {
    /// A frame captured whole.
    pub(crate) fn whole(ns: i64, bytes: Vec<u8>) -> Self {
        Self { ns, wire_len: bytes.len() as u32, bytes }
    }
}

/// Header of a classic file: little-endian, version 2.4.
pub(crate) fn pcap_header(nanoseconds: bool, snaplen: u32, link_type: u32) -> Vec<u8> {
    let magic: u32 = if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut out = magic.to_le_bytes().to_vec();
    out.extend(2u16.to_le_bytes());
    out.extend(4u16.to_le_bytes());
    out.extend([0; 8]);
    out.extend(snaplen.to_le_bytes());
    out.extend(link_type.to_le_bytes());
    out
}

/// A classic file of Ethernet frames with nanoseconds.
pub(crate) fn pcap(records: &[Record]) -> Vec<u8> {
    let mut out = pcap_header(true, 262_144, 1);
    for record in records {
        out.extend((record.ns.div_euclid(1_000_000_000) as u32).to_le_bytes());
        out.extend((record.ns.rem_euclid(1_000_000_000) as u32).to_le_bytes());
        out.extend((record.bytes.len() as u32).to_le_bytes());
        out.extend(record.wire_len.to_le_bytes());
        out.extend(&record.bytes);
    }
    out
}

/// A pcapng block around its body, which is padded to 32 bits.
pub(crate) fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let total = (12 + padded) as u32;
    let mut out = kind.to_le_bytes().to_vec();
    out.extend(total.to_le_bytes());
    out.extend(body);
    out.resize(8 + padded, 0);
    out.extend(total.to_le_bytes());
    out
}

/// A pcapng section header of unknown length.
pub(crate) fn section() -> Vec<u8> {
    let mut body = 0x1a2b_3c4du32.to_le_bytes().to_vec();
    body.extend([1, 0, 0, 0]);
    body.extend([0xff; 8]);
    block(0x0a0d_0d0a, &body)
}

/// A pcapng interface without options: microseconds.
pub(crate) fn interface(link_type: u16, snaplen: u32) -> Vec<u8> {
    let mut body = link_type.to_le_bytes().to_vec();
    body.extend([0, 0]);
    body.extend(snaplen.to_le_bytes());
    block(1, &body)
}

/// A pcapng enhanced packet of a microsecond interface.
pub(crate) fn enhanced_packet(interface: u32, record: &Record) -> Vec<u8> {
    let ticks = (record.ns / 1_000) as u64;
    let mut body = interface.to_le_bytes().to_vec();
    body.extend(((ticks >> 32) as u32).to_le_bytes());
    body.extend((ticks as u32).to_le_bytes());
    body.extend((record.bytes.len() as u32).to_le_bytes());
    body.extend(record.wire_len.to_le_bytes());
    body.extend(&record.bytes);
    block(6, &body)
}
