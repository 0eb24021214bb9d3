//! tcpdump's lines: packets, options, and tcpdump 4.99.3's exact text for them (see `tcpdump_parity`).

use jiff::tz::TimeZone;
use proptest::prelude::*;
use tcpcheck::report::lines::{DumpStyle, LineStyle, Lines, StampStyle};
use tcpcheck::{Frame, LinkType, Timestamp, dissect};

use crate::testkit::file::Record;
use crate::testkit::packet::{Opt, Packet, Sum, flags};

/// 2023-11-14 22:13:20 UTC.
pub(crate) const ZERO: i64 = 1_700_000_000_000_000_000;

/// Packets, the options to look at them with, and the text.
pub(crate) struct Case {
    pub name: &'static str,
    pub args: &'static str,
    pub records: Vec<Record>,
    pub expected: &'static str,
}

fn case<R: Into<Record>>(name: &'static str, args: &'static str, records: Vec<R>, expected: &'static str) -> Case {
    let records = records.into_iter().map(Into::into).enumerate().map(|(at, mut record)| {
        record.ns += at as i64 * 1_000_000;
        record
    });
    Case { name, args, records: records.collect(), expected }
}

impl From<Packet> for Record {
    fn from(packet: Packet) -> Self {
        Record::whole(ZERO, packet.frame())
    }
}

/// What `tcpcheck ARGS` prints of the packets.
pub(crate) fn lines(args: &str, records: &[Record]) -> String {
    let mut lines = Lines::in_zone(style(args), TimeZone::UTC);
    let mut out = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let frame = Frame {
            number: at as u64 + 1,
            ts: Timestamp(record.ns),
            link_type: LinkType(1),
            interface: 0,
            wire_len: record.wire_len,
            data: &record.bytes,
        };
        lines.packet(&mut out, &frame, &dissect(&frame));
    }
    String::from_utf8(out).expect("lines are ASCII")
}

fn style(args: &str) -> LineStyle {
    let count = |letter: char| args.chars().filter(|&c| c == letter).count() as u8;
    LineStyle {
        numeric: count('n') > 0,
        stamp: StampStyle::from_count(count('t')),
        verbose: count('v'),
        quiet: count('q') > 0,
        link_header: count('e') > 0,
        absolute: count('S') > 0,
        number: count('#') > 0,
        no_checksum: count('K') > 0,
        dump: DumpStyle { hex: count('x'), hex_ascii: count('X'), ascii: count('A') },
        ..LineStyle::default()
    }
}

/// From 10.0.0.1:1000 to 10.0.0.2:2000.
fn client(letters: &str, seq: u32, ack: u32) -> Packet {
    let mut packet = Packet::new(([10, 0, 0, 1], 1000).into(), ([10, 0, 0, 2], 2000).into());
    (packet.seq, packet.ack) = (seq, ack);
    packet.flags = flags(letters).expect("tcpdump's letters");
    packet
}

/// The other way.
fn server(letters: &str, seq: u32, ack: u32) -> Packet {
    let packet = client(letters, seq, ack);
    Packet { src: packet.dst, dst: packet.src, ..packet }
}

fn data(len: usize, packet: Packet) -> Packet {
    Packet { payload: vec![b'x'; len], ..packet }
}

fn options(options: &[Opt], packet: Packet) -> Packet {
    Packet { options: options.to_vec(), ..packet }
}

/// An ACK with these option bytes.
fn raw(bytes: &[u8]) -> Packet {
    options(&[Opt::Raw(bytes.to_vec())], client(".", 1, 1))
}

/// A SYN with these option bytes.
fn raw_syn(bytes: &[u8]) -> Packet {
    options(&[Opt::Raw(bytes.to_vec())], client("S", 1, 0))
}

/// Only the first bytes of a frame were captured.
fn cut(packet: Packet, len: usize) -> Record {
    let mut record = Record::from(packet);
    record.bytes.truncate(len);
    record
}

/// A handshake, up to the client's ACK.
fn handshake() -> Vec<Packet> {
    vec![client("S", 4_000_000_000, 0), server("S.", 7000, 4_000_000_001), client(".", 4_000_000_001, 7001)]
}

fn then(mut packets: Vec<Packet>, more: Vec<Packet>) -> Vec<Packet> {
    packets.extend(more);
    packets
}

/// The text of each kind of line, as it was printed by tcpdump 4.99.3.
#[rustfmt::skip]
pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("after a handshake both sides count from 1", "-nt",
            then(handshake(), vec![
                data(300, client("P.", 4_000_000_001, 7001)),
                data(1460, server(".", 7001, 4_000_000_301)),
                client("F.", 4_000_000_301, 8461),
                server("F.", 8461, 4_000_000_302),
                client(".", 4_000_000_302, 8462),
            ]), "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 4000000000, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [S.], seq 7000, ack 4000000001, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], seq 1:301, ack 1, win 64240, length 300\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [.], seq 1:1461, ack 301, win 64240, length 1460\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [F.], seq 301, ack 1461, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [F.], seq 1461, ack 302, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1462, win 64240, length 0\n"),
        case("absolute numbers on request", "-ntS",
            then(handshake(), vec![data(300, client("P.", 4_000_000_001, 7001))]), "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 4000000000, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [S.], seq 7000, ack 4000000001, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 7001, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], seq 4000000001:4000000301, ack 7001, win 64240, length 300\n"),
        case("every SYN+ACK is absolute, and the last one counts", "-nt",
            then(handshake(), vec![
                server("S.", 7000, 4_000_000_001),
                client(".", 4_000_000_001, 7001),
                server("S.", 9000, 4_000_000_001),
                data(1, server(".", 9001, 4_000_000_001)),
            ]), "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 4000000000, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [S.], seq 7000, ack 4000000001, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [S.], seq 7000, ack 4000000001, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [S.], seq 9000, ack 4000000001, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [.], seq 1:2, ack 1, win 64240, length 1\n"),
        case("mid-stream the side seen first counts from 0, the other from 1", "-nt",
            vec![
                data(100, client(".", 123_456_789, 987_654_321)),
                server(".", 987_654_321, 123_456_889),
                data(100, client(".", 123_456_889, 987_654_321)),
                data(5, server("P.", 987_654_321, 123_456_989)),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 123456789:123456889, ack 987654321, win 64240, length 100\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [.], ack 100, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 100:200, ack 1, win 64240, length 100\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [P.], seq 1:6, ack 200, win 64240, length 5\n"),
        case("numbers before the base wrap", "-nt",
            vec![
                client(".", 1000, 2000),
                client(".", 999, 1000),
                server("R.", 0, 1000),
                data(10, client(".", 995, 2000)),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 2000, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 4294966297, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [R.], seq 4294965297, ack 0, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 4294967291:5, ack 1, win 64240, length 10\n"),
        case("the end of a range may wrap below its start", "-ntS",
            vec![data(16, client(".", 0xffff_fff8, 1))], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 4294967288:8, ack 1, win 64240, length 16\n"),
        case("a reset without ACK is absolute amid relative numbers", "-nt",
            then(handshake(), vec![
                data(7, client("P.", 4_000_000_001, 7001)),
                client("R", 4_000_000_008, 7001),
                server("R.", 7001, 4_000_000_008),
            ]), "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 4000000000, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [S.], seq 7000, ack 4000000001, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], seq 1:8, ack 1, win 64240, length 7\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [R], seq 4000000008, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [R.], seq 1, ack 8, win 64240, length 0\n"),
        case("a port used again keeps its base until the SYN+ACK", "-nt",
            then(handshake(), vec![
                client("S", 1_000_000, 0),
                client(".", 1_000_001, 7001),
                server("S.", 500, 1_000_001),
                client(".", 1_000_001, 501),
            ]), "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 4000000000, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [S.], seq 7000, ack 4000000001, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1000000, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [S.], seq 500, ack 1000001, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n"),
        case("equal ports: the addresses tell the sides apart", "-nt",
            {
                let both = |packet: Packet| Packet {
                    src: (packet.src.ip(), 179).into(), dst: (packet.dst.ip(), 179).into(), ..packet
                };
                handshake().into_iter().chain([data(19, server("P.", 7001, 4_000_000_001))]).map(both).collect::<Vec<_>>()
            }, "\
IP 10.0.0.1.179 > 10.0.0.2.179: Flags [S], seq 4000000000, win 64240, length 0\n\
IP 10.0.0.2.179 > 10.0.0.1.179: Flags [S.], seq 7000, ack 4000000001, win 64240, length 0\n\
IP 10.0.0.1.179 > 10.0.0.2.179: Flags [.], ack 1, win 64240, length 0\n\
IP 10.0.0.2.179 > 10.0.0.1.179: Flags [P.], seq 1:20, ack 1, win 64240, length 19\n"),
        case("SACK edges count from the other side's base, on the first segment too", "-nt",
            vec![
                options(&[Opt::Sack(vec![(7_000, 8_000), (9_000, 10_000)])], client(".", 500, 6_001)),
                options(&[Opt::Sack(vec![(600, 700)])], server(".", 6_001, 501)),
                options(&[Opt::Sack(vec![(6_500, 6_501)])], client(".", 501, 6_001)),
                options(&[Opt::Sack(vec![(6_500, 6_501)])], client("R", 501, 6_001)),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 6001, win 64240, options [sack 2 {1000:2000}{3000:4000},nop,nop], length 0\n\
IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [.], ack 1, win 64240, options [sack 1 {100:200},nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [sack 1 {500:501},nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [R], seq 501, win 64240, options [sack 1 {6500:6501},nop,nop], length 0\n"),
        case("IPv6", "-nt",
            {
                let v6 = |packet: Packet| Packet {
                    src: if packet.src.port() == 1000 { "[fd00::1]:1000" } else { "[fd00::2]:2000" }.parse().unwrap(),
                    dst: if packet.dst.port() == 1000 { "[fd00::1]:1000" } else { "[fd00::2]:2000" }.parse().unwrap(),
                    ..packet
                };
                then(handshake(), vec![data(300, client("P.", 4_000_000_001, 7001))]).into_iter().map(v6)
                    .collect::<Vec<_>>()
            }, "\
IP6 fd00::1.1000 > fd00::2.2000: Flags [S], seq 4000000000, win 64240, length 0\n\
IP6 fd00::2.2000 > fd00::1.1000: Flags [S.], seq 7000, ack 4000000001, win 64240, length 0\n\
IP6 fd00::1.1000 > fd00::2.2000: Flags [.], ack 1, win 64240, length 0\n\
IP6 fd00::1.1000 > fd00::2.2000: Flags [P.], seq 1:301, ack 1, win 64240, length 300\n"),
        case("flags have a fixed order; AE and the reserved bits have no letter", "-nt",
            vec![
                client("none", 1, 1), client("F", 1, 1), client("SFRPU.EWe", 1, 1), client("PU", 1, 1),
                Packet { flags: 0xf10, ..client(".", 1, 1) }, client("SEW", 1, 0), client("e", 1, 0),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [none], win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [F], seq 1, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [FSRP.UEW], seq 1, ack 1, win 64240, urg 0, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [PU], win 64240, urg 0, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [SEW], seq 1, win 64240, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [none], win 64240, length 0\n"),
        case("an urgent pointer counts with its flag alone", "-nt",
            vec![Packet { urgent: 7, ..client("U.", 1, 1) }, Packet { urgent: 7, ..client(".", 1, 1) }], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.U], ack 1, win 64240, urg 7, length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n"),
        case("quiet lines", "-ntq", vec![client("S", 1, 0), data(12, client("P.", 1, 1))], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: tcp 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: tcp 12\n"),
        case("times of day, without nanoseconds", "-n",
            vec![Record { ns: ZERO + 1_999, ..client("S", 1, 0).into() }, client("S", 1, 0).into()], "\
22:13:20.000001 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n\
22:13:20.001000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n"),
        case("seconds", "-ntt", vec![client("S", 1, 0)], "\
1700000000.000000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n"),
        case("since the packet before", "-nttt",
            vec![Record::from(client("S", 1, 0)), Record { ns: ZERO + 5_000_000_000, ..client("S", 1, 0).into() },
                 Record { ns: ZERO - 1, ..client("S", 1, 0).into() }], "\
\x2000:00:00.000000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n\
\x2000:00:05.001000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n\
-00:00:04.999001 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n"),
        case("dates", "-ntttt", vec![client("S", 1, 0)], "\
2023-11-14 22:13:20.000000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n"),
        case("since the first packet", "-nttttt",
            vec![Record::from(client("S", 1, 0)), Record { ns: ZERO + 5_000_000_000, ..client("S", 1, 0).into() },
                 Record { ns: ZERO - 9_000_000, ..client("S", 1, 0).into() }], "\
\x2000:00:00.000000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n\
\x2000:00:05.001000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n\
-00:00:00.007000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n"),
        case("numbered lines", "-n#", vec![client("S", 1, 0), server("R.", 0, 2)], "\
\x20   1  22:13:20.000000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n\
\x20   2  22:13:20.001000 IP 10.0.0.2.2000 > 10.0.0.1.1000: Flags [R.], seq 0, ack 2, win 64240, length 0\n"),
        case("a data offset below 5", "-nt",
            vec![Packet { data_offset: Some(4), ..data(4, client(".", 1, 1)) },
                 Packet { data_offset: Some(0), ..client(".", 1, 1) }], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000:  tcp 8 [bad hdr length 16 - too short, < 20]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000:  tcp 20 [bad hdr length 0 - too short, < 20]\n"),
        case("a data offset below 5, quietly", "-ntq",
            vec![Packet { data_offset: Some(4), ..data(4, client(".", 1, 1)) }], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000:  tcp 8 [bad hdr length 16 - too short, < 20]\n"),
        case("a data offset beyond the segment is noted by the table all the same", "-nt",
            vec![Packet { data_offset: Some(15), ..client(".", 100, 200) }, client(".", 100, 200)], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.] [bad hdr length 60 - too long, > 20]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n"),
        case("a data offset beyond the segment, quietly", "-ntq",
            vec![Packet { data_offset: Some(15), ..client(".", 1, 1) }], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: tcp 4294967256 [bad hdr length 60 - too long, > 20]\n"),
        case("fewer bytes than a header, by the capture", "-nt",
            vec![cut(client(".", 1, 1), 34), cut(client(".", 1, 1), 37), cut(client(".", 1, 1), 38),
                 cut(client(".", 1, 1), 53), cut(client(".", 1, 1), 54)], "\
IP 10.0.0.1 > 10.0.0.2: [|tcp]\n\
IP 10.0.0.1 > 10.0.0.2: [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000:  [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000:  [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n"),
        case("fewer bytes than a header, by the packet's length", "-nt",
            vec![Packet { total_len: Some(23), ..client(".", 1, 1) }, Packet { total_len: Some(39), ..client(".", 1, 1) }],
            "\
IP 10.0.0.1 > 10.0.0.2: [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000:  [|tcp]\n"),
        case("options cut by the capture", "-nt",
            [54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 65, 66, 70, 71, 73, 75, 77, 81, 82, 90, 93].into_iter().map(|len| {
                cut(options(&[Opt::Raw(vec![1]), Opt::WindowScale(7), Opt::Mss(1460), Opt::Timestamps(1, 2),
                              Opt::Sack(vec![(5, 6)]), Opt::Raw(vec![1, 1]), Opt::Raw(vec![77, 6, 1, 2, 3, 4])],
                            client(".", 1, 1)), len)
            }).collect(), "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [ [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop, [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop, [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale [|tcp]>\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7, [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7, [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss [|tcp]>\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss [|tcp]>\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460, [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460, [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS [|tcp]>\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS [|tcp]>\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS [|tcp]>\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS [|tcp]>\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS val 1 ecr 2, [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS val 1 ecr 2,sack 1  [|tcp]>\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS val 1 ecr 2,sack 1  [|tcp]>\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS val 1 ecr 2,sack 1  [|tcp]>\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS val 1 ecr 2,sack 1 {5:6}, [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS val 1 ecr 2,sack 1 {5:6},nop,nop,unknown-77 0x01020304], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 7,mss 1460,TS val 1 ecr 2,sack 1 {5:6},nop,nop,unknown-77 0x01020304], length 0\n"),
        case("a cut behind Multipath TCP is blamed on it", "-nt",
            vec![cut(options(&[Opt::Raw(vec![30, 4, 0x20, 0]), Opt::Mss(1)], client(".", 1, 1)), 58)], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 4 dss, [|mptcp]\n"),
        case("the usual options", "-nt",
            vec![
                options(&[Opt::Mss(1460), Opt::SackPermitted, Opt::Timestamps(u32::MAX, 0), Opt::Raw(vec![1]), Opt::WindowScale(7)],
                        client("S", 1, 0)),
                options(&[Opt::Raw(vec![1, 1]), Opt::Timestamps(10, 20)], client("S.", 1, 2)),
                options(&[Opt::Mss(1460), Opt::Raw(vec![0, 9, 9, 9])], client("S", 1, 0)),
                options(&[Opt::Sack(vec![(1, 2), (3, 4), (5, 6), (7, 8)])], client("R", 1, 1)),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, options [mss 1460,sackOK,TS val 4294967295 ecr 0,nop,wscale 7], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S.], seq 1, ack 2, win 64240, options [nop,nop,TS val 10 ecr 20], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, options [mss 1460,eol], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [R], seq 1, win 64240, options [sack 4 {1:2}{3:4}{5:6}{7:8},nop,nop], length 0\n"),
        case("obsolete and rare options", "-nt",
            vec![
                raw(&[6, 6, 0, 0, 0, 1]), raw(&[7, 6, 0, 0, 0, 1]), raw(&[11, 6, 0, 0, 0, 1]), raw(&[12, 6, 0, 0, 0, 1]),
                raw(&[13, 6, 0, 0, 0, 1]), raw(&[20, 4, 0x81, 200]), raw(&[28, 4, 0x80, 5]), raw(&[28, 4, 0, 6]),
                raw(&[19, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xf0]),
                raw(&[29, 4, 1, 2]), raw(&[29, 8, 1, 2, 3, 4, 5, 0xf6]), raw(&[29, 3, 1]), raw(&[29, 2]),
                raw(&[34, 2]), raw(&[34, 6, 1, 2, 3, 0xf4]), raw(&[34, 5, 1, 2, 3]),
                raw(&[254, 4, 0xf9, 0x89]), raw(&[254, 8, 0xf9, 0x89, 1, 2, 3, 4]), raw(&[254, 5, 0xf9, 0x89, 1]),
                raw(&[254, 4, 0x0a, 0xbc]), raw(&[254, 2]), raw(&[253, 4, 0xf9, 0x89]),
                raw(&[172, 5, 1, 2, 3]), raw(&[174, 2]), raw(&[9, 2]), raw(&[200, 3, 5]),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [echo 1,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [echoreply 1,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [cc 1,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [ccnew 1,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [ 1,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [scps cap 81 id 200], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [uto 0x8005 983160], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [uto 0x6 3], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [md5 shared secret not supplied with -M, can't check - 0102030405060708090a0b0c0d0e0ff0,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [tcp-ao keyid 1 rnextkeyid 2], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [tcp-ao keyid 1 rnextkeyid 2 mac 0x030405f6], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [tcp-ao (invalid),nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [tcp-ao (invalid),nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [tfo  cookiereq,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [tfo  cookie 010203f4,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [tfo  (invalid),nop,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [exp-tfo cookiereq], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [exp-tfo cookie 01020304], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [exp-tfo (invalid),nop,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [exp-0abc], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [exp[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [unknown-253 0xf989], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [unknown-172 0x010203,nop,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [unknown-174,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [unknown-9,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [unknown-200 0x05,nop], length 0\n"),
        case("lengths that the kind does not have", "-nt",
            vec![
                raw(&[2, 0, 1, 1]), raw(&[2, 1, 1, 1]), raw(&[2, 3, 9, 0]), raw(&[1, 2, 5, 1, 2, 3, 0, 0]), raw(&[2, 40, 1, 1]),
                raw(&[1, 2, 40, 1]), raw(&[1, 1, 1, 2]), raw(&[1, 3, 2, 9]), raw(&[4, 3, 1, 0]), raw(&[4, 6, 1, 1, 1, 1, 1, 1]),
                raw(&[5, 2, 1, 1]), raw(&[5, 9, 1, 2, 3, 4, 5, 6, 7, 1, 1, 1]), raw(&[8, 9, 1, 1, 1, 1, 1, 1, 1, 0]),
                raw(&[8, 12, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1]), raw(&[1, 19, 3, 1]), data(9, raw(&[1, 1, 1, 2])),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mss 2304[len 3]], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,mss 258[len 5],[bad opt]]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,[bad opt]]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,nop,nop, [|tcp]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,wscale 9[len 2]], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [sackOK[len 3],nop,eol], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [sackOK[len 6],nop,nop,nop,nop,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [sack 0 ,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [sack invalid sack,nop,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [TS val 16843009 ecr 16843008[len 9],nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [TS val 1 ecr 2[len 12],nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [nop,md5[bad opt]]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 0:9, ack 1, win 64240, options [nop,nop,nop,[bad opt]]\n"),
        case("an MD5 signature of which the text was not captured", "-nt",
            vec![cut(data(30, raw(&[19, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])), 80)], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 1:31, ack 1, win 64240, options [md5 snaplen too short, can't check - 0102030405060708090a0b0c0d0e0f10,nop,nop], length 30\n"),
        case("Multipath TCP opens", "-nt",
            vec![
                raw_syn(&[30, 4, 0x01, 0x81]), raw_syn(&[30, 12, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 9]),
                raw_syn(&[30, 4, 0x02, 0x81]), raw(&[30, 4, 0x01, 0x81]), raw_syn(&[30, 8, 0x01, 0x81, 0, 0, 0, 0]),
                raw(&[30, 20, 0x01, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9]),
                raw(&[30, 22, 0x01, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 5, 1, 1]),
                raw(&[30, 2, 1, 1]),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, options [mptcp 4 capable v1 csum], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, options [mptcp 12 capable v0 {0x9}], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, options [mptcp 4 capable Unknown Version (2)], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 4 capable[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, options [mptcp 8 capable[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 20 capable v1 {0x102030405060708,0x9}], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 22 capable v1 {0x102030405060708,0x9},nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp[bad opt]\n"),
        case("Multipath TCP joins", "-nt",
            vec![
                raw_syn(&[30, 12, 0x11, 3, 0, 0, 0, 5, 0, 0, 0, 6]),
                options(&[Opt::Raw(vec![30, 16, 0x10, 3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6])], client("S.", 1, 1)),
                raw(&[30, 24, 0x10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]),
                raw(&[30, 12, 0x10, 3, 0, 0, 0, 5, 0, 0, 0, 6]),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, options [mptcp 12 join backup id 3 token 0x5 nonce 0x6], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S.], seq 1, ack 1, win 64240, options [mptcp 16 join id 3 hmac 0x5 nonce 0x6], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 24 join hmac 0x0102030405060708090a0b0c0d0e0f1011121314], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 12 join[bad opt]\n"),
        case("Multipath TCP carries data", "-nt",
            vec![
                raw(&[30, 8, 0x20, 0x01, 0, 0, 1, 0]), raw(&[30, 12, 0x20, 0x03, 0, 0, 0, 1, 0, 0, 0, 0]),
                raw(&[30, 18, 0x20, 0x05, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4, 1, 1]),
                raw(&[30, 28, 0x20, 0x1f, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4, 0xab, 0xcd]),
                raw(&[30, 4, 0x20, 0x01]), raw(&[30, 8, 0x20, 0x04, 0, 0, 0, 1]), raw(&[30, 8, 0x20, 0x00, 0, 0, 0, 0]),
                raw_syn(&[30, 4, 0x20, 0x00]),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 8 dss ack 256], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 12 dss ack 4294967296], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 18 dss ack 1 seq 2 subseq 3 len 4,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 28 dss fin ack 1 seq 2 subseq 3 len 4 csum 0xabcd], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 4 dss ack [bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 8 dss seq 1[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 8 dss[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, options [mptcp 4 dss[bad opt]\n"),
        case("Multipath TCP manages addresses and ends", "-nt",
            vec![
                raw(&[30, 8, 0x30, 5, 1, 2, 3, 4]), raw(&[30, 16, 0x31, 5, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 9]),
                raw(&[30, 10, 0x34, 5, 1, 2, 3, 4, 0, 80, 1, 1]),
                raw(&[30, 20, 0x36, 5, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
                raw(&[30, 30, 0x30, 5, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80, 0, 0, 0, 0, 0, 0, 0, 9, 1, 1]),
                raw(&[30, 8, 0x32, 5, 1, 2, 3, 4]), raw(&[30, 9, 0x30, 5, 1, 2, 3, 4, 5, 1, 1, 1]),
                raw(&[30, 4, 0x40, 5]), raw(&[30, 6, 0x40, 5, 6, 7, 1, 1]), raw(&[30, 3, 0x40, 1]),
                raw(&[30, 3, 0x51, 1]), raw(&[30, 4, 0x50, 9]), raw(&[30, 5, 0x50, 9, 9, 1, 1, 1]),
                raw(&[30, 12, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 7]), raw(&[30, 12, 0x70, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f]),
                raw(&[30, 4, 0x60, 0]), raw(&[30, 4, 0x80, 1]),
            ], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 8 add-addr v1 id 5 1.2.3.4], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 16 add-addr v1-echo id 5 1.2.3.4 hmac 0x9], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 10 add-addr v0-ip4 id 5 1.2.3.4:80,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 20 add-addr v0-ip6 id 5 fd00::1], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 30 add-addr v1 id 5 fd00::1:80 hmac 0x9,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 8 add-addr [bad version/echo] id 5 1.2.3.4], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 9 add-addr[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 4 rem-addr id 5], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 6 rem-addr id 5 6 7,nop,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 3 rem-addr[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 3 prio backup,nop], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 4 prio non-backup id 9], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 5 prio[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 12 fail seq 7], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 12 fast-close key 0x7f], length 0\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 4 fail[bad opt]\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mptcp 4 unknown], length 0\n"),
        case("bytes in hexadecimal", "-ntx", vec![data(5, client("P.", 1, 1))], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], seq 1:6, ack 1, win 64240, length 5\n\
\t0x0000:  4500 002d 0000 4000 4006 26c9 0a00 0001\n\
\t0x0010:  0a00 0002 03e8 07d0 0000 0001 0000 0001\n\
\t0x0020:  5018 faf0 2c29 0000 7878 7878 78\n"),
        case("bytes in hexadecimal, with the link header", "-ntxx", vec![client(".", 1, 1)], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n\
\t0x0000:  0200 0000 0002 0200 0000 0001 0800 4500\n\
\t0x0010:  0028 0000 4000 4006 26ce 0a00 0001 0a00\n\
\t0x0020:  0002 03e8 07d0 0000 0001 0000 0001 5010\n\
\t0x0030:  faf0 9527 0000\n"),
        case("bytes in hexadecimal and ASCII", "-ntX", vec![Packet { payload: b"a b\t\x7f\xff~!".to_vec(), ..client(".", 1, 1) }],
            "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 1:9, ack 1, win 64240, length 8\n\
\t0x0000:  4500 0030 0000 4000 4006 26c6 0a00 0001  E..0..@.@.&.....\n\
\t0x0010:  0a00 0002 03e8 07d0 0000 0001 0000 0001  ................\n\
\t0x0020:  5010 faf0 d3d4 0000 6120 6209 7fff 7e21  P.......a.b...~!\n"),
        case("bytes in ASCII", "-ntA",
            vec![Packet { payload: b"GET /\r\n\ta\x1b[1m \rb\x80\r\r\nx\r".to_vec(), ..client("P.", 1, 1) },
                 Packet { payload: b"x\ry".to_vec(), ..client("P.", 1, 1) }], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], seq 1:23, ack 1, win 64240, length 22\n\
E..>..@.@.&.\n\
...\n\
...............P.......GET /\n\
\ta.[1m .b..\n\
x\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], seq 0:3, ack 1, win 64240, length 3\n\
E..+..@.@.&.\n\
...\n\
...............P.......xy\n"),
        case("bytes where the capture ends within the options: the link header comes along", "-ntx",
            vec![cut(options(&[Opt::Mss(1460), Opt::Timestamps(1, 2)], client(".", 1, 1)), 56),
                 cut(options(&[Opt::Mss(1460), Opt::Timestamps(1, 2)], client(".", 1, 1)), 58)], "\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mss [|tcp]\n\
\t0x0000:  4500 0038 0000 4000 4006 26be 0a00 0001\n\
\t0x0010:  0a00 0002 03e8 07d0 0000 0001 0000 0001\n\
\t0x0020:  9010 faf0 4451 0000 0204\n\
IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, options [mss 1460, [|tcp]\n\
\t0x0000:  0200 0000 0002 0200 0000 0001 0800 4500\n\
\t0x0010:  0038 0000 4000 4006 26be 0a00 0001 0a00\n\
\t0x0020:  0002 03e8 07d0 0000 0001 0000 0001 9010\n\
\t0x0030:  faf0 4451 0000 0204 05b4\n"),
        case("a record shorter on the wire than in the file", "-nttt#",
            vec![client("S", 1, 0).into(), Record { wire_len: 3, ..client("S", 1, 0).into() },
                 Record { wire_len: 0, ..client("S", 1, 0).into() }, client("S", 1, 0).into()], "\
\x20   1   00:00:00.000000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n\
\x20   2  [Invalid header: len(3) < caplen(54)]\n\
\x20   3  [Invalid header: len==0]\n\
\x20   4   00:00:00.003000 IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 1, win 64240, length 0\n"),
        case("checksums of IPv6", "-ntv",
            {
                let v6 = |sum| Packet {
                    src: "[fd00::1]:1000".parse().unwrap(), dst: "[fd00::2]:2000".parse().unwrap(), sum,
                    ..data(3, client("P.", 1, 1))
                };
                vec![v6(Sum::Correct), v6(Sum::Wrong), v6(Sum::Partial)]
            }, "\
IP6 (hlim 64, next-header TCP (6) payload length: 23) fd00::1.1000 > fd00::2.2000: Flags [P.], cksum 0xbea1 (correct), seq 1:4, ack 1, win 64240, length 3\n\
IP6 (hlim 64, next-header TCP (6) payload length: 23) fd00::1.1000 > fd00::2.2000: Flags [P.], cksum 0xebf4 (incorrect -> 0xbea1), seq 0:3, ack 1, win 64240, length 3\n\
IP6 (hlim 64, next-header TCP (6) payload length: 23) fd00::1.1000 > fd00::2.2000: Flags [P.], cksum 0xfa21 (incorrect -> 0xbea1), seq 0:3, ack 1, win 64240, length 3\n"),
        case("checksums", "-ntv",
            [Sum::Correct, Sum::Wrong, Sum::Partial].into_iter().map(|sum| Packet { sum, ..data(3, client("P.", 1, 1)) })
                .map(Record::from).chain([cut(data(3, client("P.", 1, 1)), 55)]).collect(), "\
IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 43)\n\
\x20   10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], cksum 0xa4a3 (correct), seq 1:4, ack 1, win 64240, length 3\n\
IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 43)\n\
\x20   10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], cksum 0xf1f6 (incorrect -> 0xa4a3), seq 0:3, ack 1, win 64240, length 3\n\
IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 43)\n\
\x20   10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], cksum 0x1420 (incorrect -> 0xa4a3), seq 0:3, ack 1, win 64240, length 3\n\
IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 43)\n\
\x20   10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], seq 0:3, ack 1, win 64240, length 3\n"),
        case("checksums left out", "-ntvK", vec![Packet { sum: Sum::Wrong, ..client(".", 1, 1) }], "\
IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 40)\n\
\x20   10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n"),
        case("every number with -vv", "-ntvv", vec![client(".", 1, 1)], "\
IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 40)\n\
\x20   10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], cksum 0x9527 (correct), seq 1, ack 1, win 64240, length 0\n"),
        case("the link header", "-nte", vec![client(".", 1, 1)], "\
02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 54: 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 1, win 64240, length 0\n"),
        case("the link header, quietly", "-nteq", vec![client(".", 1, 1)], "\
02:00:00:00:00:01 > 02:00:00:00:00:02, IPv4, length 54: 10.0.0.1.1000 > 10.0.0.2.2000: tcp 0\n"),
    ]
}

#[test]
fn lines_are_those_of_tcpdump() {
    for case in cases() {
        let got = lines(case.args, &case.records);
        assert_eq!(got, case.expected, "{} ({})", case.name, case.args);
    }
}

// tcpdump 4.99.3 can be built to read on as well; as Debian builds it, it says `bad-len 0`.
#[test]
fn a_total_length_of_0_means_the_rest_of_the_frame() {
    let packet = Packet { total_len: Some(0), ..data(3000, client(".", 1, 1)) };
    let line = "IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 1:3001, ack 1, win 64240, length 3000\n";
    assert_eq!(lines("-nt", &[packet.into()]), line);
}

#[test]
fn a_line_that_is_not_printed_counts_for_numbers_and_times() {
    let mut lines = Lines::in_zone(style("-n#ttt"), TimeZone::UTC);
    let mut out = Vec::new();
    let bytes = client("S", 1, 0).frame();
    let frame = |ms: i64| Frame {
        number: 1,
        ts: Timestamp(ZERO + ms * 1_000_000),
        link_type: LinkType(1),
        interface: 0,
        wire_len: bytes.len() as u32,
        data: &bytes,
    };
    lines.skip(&frame(0));
    lines.packet(&mut out, &frame(5), &dissect(&frame(5)));
    lines.skip(&frame(8));
    lines.packet(&mut out, &frame(10), &dissect(&frame(10)));
    let out = String::from_utf8(out).unwrap();
    let starts: Vec<&str> = out.lines().map(|line| &line[..24]).collect();
    assert_eq!(starts, ["    2   00:00:00.005000 ", "    4   00:00:00.002000 "]);
}

proptest! {
    #[test]
    fn any_bytes_behind_an_ip_header_are_one_line_of_ascii(
        bytes in prop::collection::vec(any::<u8>(), 0..90),
        words in 0_u8..16,
        captured in 0_usize..124,
        args in prop::sample::select(vec!["-n", "-nt", "-nS", "-nq", "-ne", "-nX", "-n#ttt"]),
    ) {
        let mut packet = client(".", 1, 1).frame();
        packet.truncate(34);
        packet.extend(&bytes);
        packet[16..18].copy_from_slice(&(20 + bytes.len() as u16).to_be_bytes());
        if let Some(offset) = packet.get_mut(46) {
            *offset = words << 4 | *offset & 15;
        }
        let wire_len = packet.len() as u32;
        packet.truncate(captured.max(34));
        let text = lines(args, &[Record { ns: ZERO, bytes: packet, wire_len }]);
        let line = text.strip_suffix('\n').expect("a line end");
        let line = line.split_once("\n\t0x0000:").map_or(line, |(line, _)| line);
        prop_assert!(line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{line:?}");
        let ends = [
            line.rsplit_once(", length ").is_some_and(|(_, digits)| digits.bytes().all(|byte| byte.is_ascii_digit())),
            line.rsplit_once(": tcp ").is_some_and(|(_, digits)| digits.bytes().all(|byte| byte.is_ascii_digit())),
            ["[|tcp]", "[|tcp]>", "[|mptcp]", "[|mptcp]>", "[bad opt]", "[bad opt]]", "< 20]"]
                .iter().any(|end| line.ends_with(end)),
            line.contains("too long, > ") && line.ends_with(']'),
        ];
        prop_assert_eq!(ends.iter().filter(|&&end| end).count(), 1, "{}", line);
    }
}
