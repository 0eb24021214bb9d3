//! The rows of packets and of segments.

use super::Kind::{Bool, Float, Signed, Text, Time, Unsigned};
use super::flows::direction;
use super::{Cell, Column, column, number, or_null, text};
use crate::capture::Span;
use crate::dissect::{Checksum, Segment, TcpFlags};
use crate::track::Observation;

/// The columns of `packets`.
#[rustfmt::skip]
pub(super) const PACKETS: &[Column] = &[
    column("source", Text, "The capture file"),
    column("frame", Unsigned, "The frame in the file, from 1"),
    column("ts", Time, "When it was captured"),
    column("flow", Unsigned, "The connection"),
    column("dir", Text, "Who sent it: c2s or s2c"),
    column("src", Text, "Source address"),
    column("sport", Unsigned, "Source port"),
    column("dst", Text, "Destination address"),
    column("dport", Unsigned, "Destination port"),
    column("ip_version", Unsigned, "4 or 6"),
    column("wire_bytes", Unsigned, "Frame bytes on the wire"),
    column("captured_bytes", Unsigned, "Frame bytes captured"),
    column("ttl", Unsigned, "Time to live, or hop limit"),
    column("ip_id", Unsigned, "IPv4 identification"),
    column("flags", Text, "SYN, ACK and so on, with spaces between"),
    column("seq", Signed, "Sequence number, relative and unwrapped"),
    column("seq_end", Signed, "The sequence number behind the payload"),
    column("ack", Signed, "Acknowledgment number, relative and unwrapped"),
    column("seq_raw", Unsigned, "Sequence number of the header"),
    column("ack_raw", Unsigned, "Acknowledgment number of the header"),
    column("payload_bytes", Unsigned, "Payload by the IP header"),
    column("window", Unsigned, "Window field"),
    column("window_bytes", Unsigned, "The window, where the scale is known"),
    column("state_client", Text, "The client's state after it has arrived"),
    column("state_server", Text, "The server's state after it has arrived"),
    column("acked_bytes", Unsigned, "Bytes that it newly acknowledges"),
    column("rtt_ms", Float, "Round trip that its acknowledgment shows"),
    column("retransmitted_bytes", Unsigned, "Bytes of it that were seen before"),
    column("in_flight_bytes", Unsigned, "Bytes in flight this way, this packet included"),
    column("checksum", Text, "correct, partial, wrong or unknown"),
    column("notes", Text, "keep-alive and so on, with spaces between"),
    column("findings", Text, "Codes, as known when it came; the table of findings has the final ones"),
];

/// The columns of `segments`.
#[rustfmt::skip]
pub(super) const SEGMENTS: &[Column] = &[
    column("source", Text, "The capture file"),
    column("frame", Unsigned, "The frame in the file, from 1"),
    column("ts", Time, "When it was captured"),
    column("interface", Unsigned, "The interface that captured it, from 0"),
    column("src", Text, "Source address"),
    column("sport", Unsigned, "Source port"),
    column("dst", Text, "Destination address"),
    column("dport", Unsigned, "Destination port"),
    column("wire_bytes", Unsigned, "Frame bytes on the wire"),
    column("captured_bytes", Unsigned, "Frame bytes captured"),
    column("ttl", Unsigned, "Time to live, or hop limit"),
    column("tos", Unsigned, "Type of service, or traffic class"),
    column("ip_id", Unsigned, "IPv4 identification"),
    column("dont_fragment", Bool, "IPv4 don't fragment"),
    column("seq", Unsigned, "Sequence number"),
    column("ack", Unsigned, "Acknowledgment number, where the ACK flag is set"),
    column("flags", Unsigned, "The twelve bits beside the data offset"),
    column("window", Unsigned, "Window field"),
    column("urgent", Unsigned, "Urgent pointer"),
    column("header_bytes", Unsigned, "TCP header with its options, by the data offset"),
    column("payload_bytes", Unsigned, "Payload by the IP header"),
    column("payload_digest", Unsigned, "Equal payloads have equal ones; none where it was not captured whole"),
    column("checksum", Text, "correct, partial, wrong or unknown"),
    column("mss", Unsigned, "Maximum segment size option"),
    column("wscale", Unsigned, "Window scale option"),
    column("sack_permitted", Bool, "SACK permitted option"),
    column("sack", Text, "SACK blocks: left-right, with spaces between"),
    column("tsval", Unsigned, "Timestamp value"),
    column("tsecr", Unsigned, "Timestamp echo reply"),
];

/// The row of a packet in `source`.
pub fn packet_cells<'a>(source: &'a str, segment: &Segment, seen: &Observation) -> Vec<Cell<'a>> {
    let tracked = seen.flow > 0;
    let if_tracked = |cell: Cell<'static>| if tracked { cell } else { Cell::Null };
    let flags = TcpFlags::NAMES.iter().filter(|(flag, _)| segment.flags.contains(*flag)).map(|(_, name)| *name);
    let own = seen.findings.iter().filter(|finding| finding.frame == segment.frame);
    vec![
        text(source),
        number(segment.frame),
        Cell::Time(segment.ts),
        if_tracked(number(seen.flow)),
        or_null(seen.direction, |dir| text(direction(dir))),
        text(segment.src.addr.to_string()),
        number(segment.src.port),
        text(segment.dst.addr.to_string()),
        number(segment.dst.port),
        number(if segment.src.addr.is_ipv4() { 4_u8 } else { 6 }),
        number(segment.wire_len),
        number(segment.captured_len),
        number(segment.ttl),
        or_null(segment.ip_id, number),
        text(flags.collect::<Vec<_>>().join(" ")),
        if_tracked(Cell::Signed(seen.seq)),
        if_tracked(Cell::Signed(seen.seq_end)),
        if_tracked(or_null(seen.ack, Cell::Signed)),
        number(segment.seq.0),
        or_null(segment.ack, |ack| number(ack.0)),
        number(segment.payload_len),
        number(segment.window),
        or_null(seen.window_bytes, number),
        if_tracked(text(seen.after.client.as_str())),
        if_tracked(text(seen.after.server.as_str())),
        or_null(seen.acked, |acked| number(acked.bytes)),
        or_null(seen.acked.and_then(|acked| acked.rtt), |rtt: Span| Cell::Float(rtt.as_millis_f64())),
        if_tracked(number(seen.retransmitted_bytes)),
        if_tracked(number(seen.in_flight)),
        text(checksum(segment)),
        text(seen.notes.iter().map(|note| note.as_str()).collect::<Vec<_>>().join(" ")),
        text(own.map(|finding| finding.rule.code()).collect::<Vec<_>>().join(" ")),
    ]
}

/// The row of a segment in `source`.
pub fn segment_cells<'a>(source: &'a str, segment: &Segment) -> Vec<Cell<'a>> {
    let options = &segment.options;
    let sack = options.sack.as_slice().iter().map(|(left, right)| format!("{}-{}", left.0, right.0));
    vec![
        text(source),
        number(segment.frame),
        Cell::Time(segment.ts),
        number(segment.interface),
        text(segment.src.addr.to_string()),
        number(segment.src.port),
        text(segment.dst.addr.to_string()),
        number(segment.dst.port),
        number(segment.wire_len),
        number(segment.captured_len),
        number(segment.ttl),
        number(segment.tos),
        or_null(segment.ip_id, number),
        Cell::Bool(segment.dont_fragment),
        number(segment.seq.0),
        or_null(segment.ack, |ack| number(ack.0)),
        number(segment.flags.0),
        number(segment.window),
        number(segment.urgent),
        number(segment.header_len),
        number(segment.payload_len),
        or_null(segment.payload_digest, |digest| number(digest.get())),
        text(checksum(segment)),
        or_null(options.mss, number),
        or_null(options.wscale, number),
        Cell::Bool(options.sack_permitted),
        text(sack.collect::<Vec<_>>().join(" ")),
        or_null(options.timestamps, |(value, _)| number(value)),
        or_null(options.timestamps, |(_, echo)| number(echo)),
    ]
}

fn checksum(segment: &Segment) -> &'static str {
    match segment.checksum {
        Checksum::Correct => "correct",
        Checksum::Partial => "partial",
        Checksum::Wrong { .. } => "wrong",
        Checksum::Unknown => "unknown",
    }
}
