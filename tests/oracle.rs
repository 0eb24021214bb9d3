//! The dissector against etherparse: on frames of both versions of IP, whole and damaged, built here and from captures, they find
//! the same segment.

use std::net::IpAddr;

use etherparse::{LaxNetSlice, LaxSlicedPacket, PacketBuilder, TransportSlice};
use proptest::prelude::*;
use tcpcheck::capture::{Frame, LinkType, Timestamp};
use tcpcheck::dissect::{Content, Dissection, Layer, LengthSource, dissect};

use crate::tshark::Changed;

fn frame(data: &[u8]) -> Frame<'_> {
    let wire_len = data.len() as u32;
    Frame { number: 1, ts: Timestamp(0), link_type: LinkType(1), interface: 0, wire_len, data }
}

/// A segment in Ethernet, perhaps with a VLAN tag, in IPv4 or IPv6.
fn build(is_v6: bool, vlan: Option<u16>, fields: (u32, u32, u16), payload: &[u8]) -> Vec<u8> {
    let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let (seq, ack, window) = fields;
    let (v4, v6) = ((([10, 0, 0, 1], [10, 0, 0, 2]), 64), (([0xfd; 16], [0xfc; 16]), 64));
    let ip = match vlan.and_then(|id| etherparse::VlanId::try_new(id & 0xfff).ok()) {
        Some(id) if is_v6 => ethernet.single_vlan(id).ipv6(v6.0.0, v6.0.1, v6.1),
        Some(id) => ethernet.single_vlan(id).ipv4(v4.0.0, v4.0.1, v4.1),
        None if is_v6 => ethernet.ipv6(v6.0.0, v6.0.1, v6.1),
        None => ethernet.ipv4(v4.0.0, v4.0.1, v4.1),
    };
    let builder = ip.tcp(443, 51000, seq, window).ack(ack).psh();
    let mut bytes = Vec::new();
    builder.write(&mut bytes, payload).unwrap();
    bytes
}

/// Compares what both say; etherparse's answer is the reference wherever it has one.
fn compare(bytes: &[u8], dissection: &Dissection<'_>) -> Result<(), TestCaseError> {
    let Ok(theirs) = LaxSlicedPacket::from_ethernet(bytes) else { return Ok(()) };
    let Some(TransportSlice::Tcp(theirs_tcp)) = &theirs.transport else { return Ok(()) };
    let (src, dst): (IpAddr, IpAddr) = match &theirs.net {
        Some(LaxNetSlice::Ipv4(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        Some(LaxNetSlice::Ipv6(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        _ => return Ok(()),
    };
    // A total length of 0 is a packet yet to be cut up here, and an error there.
    if dissection.ip().is_some_and(|ip| ip.length_source != LengthSource::Header) {
        return Ok(());
    }
    // A header whose own lengths contradict each other ends the matter here; there it is passed over.
    if matches!(dissection.content, Content::Cut(short) if short.limit == LengthSource::Header) {
        return Ok(());
    }
    let Content::Tcp(tcp) = &dissection.content else {
        return Err(TestCaseError::fail(format!("etherparse found TCP, we {:?}", dissection.content)));
    };
    let segment = &tcp.segment;
    prop_assert_eq!((segment.src.addr, segment.dst.addr), (src, dst));
    prop_assert_eq!((segment.src.port, segment.dst.port), (theirs_tcp.source_port(), theirs_tcp.destination_port()));
    prop_assert_eq!(segment.seq.0, theirs_tcp.sequence_number());
    prop_assert_eq!(segment.window, theirs_tcp.window_size());
    prop_assert_eq!(segment.header_len, theirs_tcp.data_offset() * 4);
    prop_assert_eq!(segment.flags.0 & 0xff, u16::from(bytes_of_flags(theirs_tcp)));
    prop_assert_eq!(tcp.payload, theirs_tcp.payload());
    Ok(())
}

fn bytes_of_flags(tcp: &etherparse::TcpSlice<'_>) -> u8 {
    tcp.slice()[13]
}

proptest! {
    #[test]
    fn a_whole_frame_gives_what_was_put_in(
        is_v6: bool,
        vlan: Option<u16>,
        fields: (u32, u32, u16),
        payload in prop::collection::vec(any::<u8>(), 0..64),
        padding in 0..8_usize,
    ) {
        let mut bytes = build(is_v6, vlan, fields, &payload);
        bytes.extend(vec![0; padding]);
        let dissection = dissect(&frame(&bytes));
        let Content::Tcp(tcp) = &dissection.content else { panic!("{:?}", dissection.content) };
        prop_assert_eq!((tcp.segment.seq.0, tcp.segment.ack.map(|ack| ack.0)), (fields.0, Some(fields.1)));
        prop_assert_eq!(tcp.segment.window, fields.2);
        prop_assert_eq!(tcp.payload, &payload[..]);
        prop_assert_eq!(tcp.segment.checksum, tcpcheck::dissect::Checksum::Correct);
        compare(&bytes, &dissection)?;
    }

    #[test]
    fn a_damaged_frame_gives_what_etherparse_finds_in_it(
        is_v6: bool,
        vlan: Option<u16>,
        payload in prop::collection::vec(any::<u8>(), 0..16),
        changes in prop::collection::vec((12..80_usize, any::<u8>()), 0..3),
        len in 0..100_usize,
    ) {
        let mut bytes = build(is_v6, vlan, (1, 2, 3), &payload);
        for (at, byte) in changes {
            if let Some(to) = bytes.get_mut(at) {
                *to = byte;
            }
        }
        bytes.truncate(len.max(54));
        compare(&bytes, &dissect(&frame(&bytes)))?;
    }
}

#[test]
fn changed_frames_of_captures_give_what_etherparse_finds_in_them() {
    let mut compared = 0;
    for Changed { number, link_type, wire_len, data } in crate::tshark::changed_frames() {
        if link_type != 1 {
            continue;
        }
        let dissection = dissect(&Frame { wire_len, ..frame(&data) });
        // It takes no tunnel apart: there its innermost packet is our outermost one.
        if dissection.layers.iter().filter(|layer| matches!(layer, Layer::Ip(_))).count() > 1 {
            continue;
        }
        compared += u32::from(matches!(dissection.content, Content::Tcp(_)));
        compare(&data, &dissection).unwrap_or_else(|e| panic!("mutation {number}: {e}"));
    }
    assert!(compared > 1_000 || std::env::var("MUTATIONS").is_ok(), "{compared}");
}
