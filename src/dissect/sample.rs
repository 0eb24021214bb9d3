//! Hand-made frames for this module's tests: a SYN from port 1000 to port 2000, and what may stand in front of it.

use super::{Content, Dissection, Layer, LengthSource, NotTcp, dissect};
use crate::capture::{Frame, LinkType, Timestamp};

/// In IPv4, from 10.0.0.1 to 10.0.0.2.
pub(super) const SYN: [u8; 40] = *b"\x45\0\0\x28\0\x01\x40\0\x40\x06\x26\xcd\x0a\0\0\x01\x0a\0\0\x02\
    \x03\xe8\x07\xd0\0\0\0\x07\0\0\0\0\x50\x02\x04\0\x8c\x21\0\0";

/// In IPv6, from fd00::1 to fd00::2.
pub(super) const SYN6: [u8; 60] =
    *b"\x60\0\0\0\0\x14\x06\x40\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\
    \x03\xe8\x07\xd0\0\0\0\x07\0\0\0\0\x50\x02\x04\0\xa6\x1f\0\0";

/// LLC and SNAP in front of an EtherType.
pub(super) const SNAP: &[u8] = &[0xaa, 0xaa, 3, 0, 0, 0];

/// Parts one after the other.
pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// An Ethernet frame.
pub(super) fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], &ethertype.to_be_bytes(), payload])
}

/// An IPv4 packet from 192.0.2.1 to 192.0.2.2, in Ethernet.
pub(super) fn packet(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [a, b] = (20 + payload.len() as u16).to_be_bytes();
    let header = [0x45, 0, a, b, 0, 1, 0x40, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    ethernet(0x0800, &join(&[&header, payload]))
}

/// A UDP datagram to a port, in IPv4 in Ethernet.
pub(super) fn datagram(port: u16, payload: &[u8]) -> Vec<u8> {
    let len = (8 + payload.len() as u16).to_be_bytes();
    packet(17, &join(&[&[0x15, 0xb3], &port.to_be_bytes(), &len, &[0, 0], payload]))
}

/// A frame that was captured whole.
pub(super) fn frame(link_type: u16, data: &[u8]) -> Frame<'_> {
    let (link_type, wire_len) = (LinkType(link_type), data.len() as u32);
    Frame { number: 1, ts: Timestamp(0), link_type, interface: 0, wire_len, data }
}

/// What is not TCP in a frame that was captured whole.
#[track_caller]
pub(super) fn other(link_type: u16, bytes: &[u8]) -> NotTcp {
    match dissect(&frame(link_type, bytes)).content {
        Content::Other(what) => what,
        content => panic!("{content:?}"),
    }
}

/// Finds the SYN, and checks that the frame cut anywhere says so; the layers are those above the innermost IP packet.
#[track_caller]
pub(super) fn finds_syn(link_type: u16, bytes: &[u8]) -> Vec<Layer<'_>> {
    let whole = dissect(&frame(link_type, bytes));
    let Content::Tcp(tcp) = &whole.content else { panic!("{:?}", whole.content) };
    assert_eq!((tcp.segment.src.port, tcp.segment.dst.port, tcp.segment.payload_len), (1000, 2000, 0));
    let ip = whole.ip().unwrap();
    assert_eq!(bytes[ip.offset as usize] >> 4, if ip.is_v4() { 4 } else { 6 });
    let end = ip.payload_offset() as usize + 20;
    for len in 0..end {
        let cut = Frame { wire_len: bytes.len() as u32, ..frame(link_type, &bytes[..len]) };
        says_cut(&dissect(&cut), len);
    }
    let mut layers = whole.layers.to_vec();
    layers.pop();
    layers
}

#[track_caller]
fn says_cut(dissection: &Dissection<'_>, len: usize) {
    match &dissection.content {
        Content::Cut(short) | Content::TcpCut(_, short) => {
            assert_eq!((short.offset + short.present) as usize, len, "{short:?}");
            assert_eq!(short.limit, LengthSource::Capture, "cut at {len}: {short:?}");
            assert!(short.needed > short.present, "cut at {len}: {short:?}");
        }
        // UDP that ends before it can be told apart is not taken for a tunnel.
        Content::Other(NotTcp::IpProtocol(17)) => {}
        content => panic!("cut at {len}: {content:?}"),
    }
}
