//! tcpdump's lines: packets, options, and tcpdump 4.99.3's exact text for them (see `tcpdump_parity`).

use jiff::tz::TimeZone;
use tcpcheck::report::lines::{LineStyle, Lines, StampStyle};
use tcpcheck::{Frame, LinkType, Timestamp, dissect};

use crate::testkit::file::Record;
use crate::testkit::packet::{Opt, Packet, Sum, flags};

/// 2023-11-14 22:13:20 UTC.
pub const ZERO: i64 = 1_700_000_000_000_000_000;

/// Packets, the options to look at them with, and the text.
pub struct Case {
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
pub fn lines(args: &str, records: &[Record]) -> String {
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
    let mut style = LineStyle::default();
    style.numeric = count('n') > 0;
    style.stamp = StampStyle::from_count(count('t'));
    style.verbose = count('v');
    style.quiet = count('q') > 0;
    style.link_header = count('e') > 0;
    style.absolute = count('S') > 0;
    style.number = count('#') > 0;
    style.no_checksum = count('K') > 0;
    style.dump.hex = count('x');
    style.dump.hex_ascii = count('X');
    style.dump.ascii = count('A');
    style
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
pub fn cases() -> Vec<Case> {
    vec![
        case("after a handshake both sides count from 1", "-nt",
            then(handshake(), vec![
                data(300, client("P.", 4_000_000_001, 7001)),
                data(1460, server(".", 7001, 4_000_000_301)),
                client("F.", 4_000_000_301, 8461),
                server("F.", 8461, 4_000_000_302),
                client(".", 4_000_000_302, 8462),
            ]), "EXPECT"),
        case("absolute numbers on request", "-ntS",
            then(handshake(), vec![data(300, client("P.", 4_000_000_001, 7001))]), "EXPECT"),
        case("every SYN+ACK is absolute, and the last one counts", "-nt",
            then(handshake(), vec![
                server("S.", 7000, 4_000_000_001),
                client(".", 4_000_000_001, 7001),
                server("S.", 9000, 4_000_000_001),
                data(1, server(".", 9001, 4_000_000_001)),
            ]), "EXPECT"),
        case("mid-stream the side seen first counts from 0, the other from 1", "-nt",
            vec![
                data(100, client(".", 123_456_789, 987_654_321)),
                server(".", 987_654_321, 123_456_889),
                data(100, client(".", 123_456_889, 987_654_321)),
                data(5, server("P.", 987_654_321, 123_456_989)),
            ], "EXPECT"),
        case("numbers before the base wrap", "-nt",
            vec![
                client(".", 1000, 2000),
                client(".", 999, 1000),
                server("R.", 0, 1000),
                data(10, client(".", 995, 2000)),
            ], "EXPECT"),
        case("the end of a range may wrap below its start", "-ntS",
            vec![data(16, client(".", 0xffff_fff8, 1))], "EXPECT"),
        case("a reset without ACK is absolute amid relative numbers", "-nt",
            then(handshake(), vec![
                data(7, client("P.", 4_000_000_001, 7001)),
                client("R", 4_000_000_008, 7001),
                server("R.", 7001, 4_000_000_008),
            ]), "EXPECT"),
        case("a port used again keeps its base until the SYN+ACK", "-nt",
            then(handshake(), vec![
                client("S", 1_000_000, 0),
                client(".", 1_000_001, 7001),
                server("S.", 500, 1_000_001),
                client(".", 1_000_001, 501),
            ]), "EXPECT"),
        case("equal ports: the addresses tell the sides apart", "-nt",
            {
                let both = |packet: Packet| Packet {
                    src: (packet.src.ip(), 179).into(), dst: (packet.dst.ip(), 179).into(), ..packet
                };
                handshake().into_iter().chain([data(19, server("P.", 7001, 4_000_000_001))]).map(both).collect::<Vec<_>>()
            }, "EXPECT"),
        case("SACK edges count from the other side's base, on the first segment too", "-nt",
            vec![
                options(&[Opt::Sack(vec![(7_000, 8_000), (9_000, 10_000)])], client(".", 500, 6_001)),
                options(&[Opt::Sack(vec![(600, 700)])], server(".", 6_001, 501)),
                options(&[Opt::Sack(vec![(6_500, 6_501)])], client(".", 501, 6_001)),
                options(&[Opt::Sack(vec![(6_500, 6_501)])], client("R", 501, 6_001)),
            ], "EXPECT"),
        case("IPv6", "-nt",
            {
                let v6 = |packet: Packet| Packet {
                    src: if packet.src.port() == 1000 { "[fd00::1]:1000" } else { "[fd00::2]:2000" }.parse().unwrap(),
                    dst: if packet.dst.port() == 1000 { "[fd00::1]:1000" } else { "[fd00::2]:2000" }.parse().unwrap(),
                    ..packet
                };
                then(handshake(), vec![data(300, client("P.", 4_000_000_001, 7001))]).into_iter().map(v6)
                    .collect::<Vec<_>>()
            }, "EXPECT"),
        case("flags have a fixed order; AE and the reserved bits have no letter", "-nt",
            vec![
                client("none", 1, 1), client("F", 1, 1), client("SFRPU.EWe", 1, 1), client("PU", 1, 1),
                Packet { flags: 0xf10, ..client(".", 1, 1) }, client("SEW", 1, 0), client("e", 1, 0),
            ], "EXPECT"),
        case("an urgent pointer counts with its flag alone", "-nt",
            vec![Packet { urgent: 7, ..client("U.", 1, 1) }, Packet { urgent: 7, ..client(".", 1, 1) }], "EXPECT"),
        case("quiet lines", "-ntq", vec![client("S", 1, 0), data(12, client("P.", 1, 1))], "EXPECT"),
        case("times of day, without nanoseconds", "-n",
            vec![Record { ns: ZERO + 1_999, ..client("S", 1, 0).into() }, client("S", 1, 0).into()], "EXPECT"),
        case("seconds", "-ntt", vec![client("S", 1, 0)], "EXPECT"),
        case("since the packet before", "-nttt",
            vec![Record::from(client("S", 1, 0)), Record { ns: ZERO + 5_000_000_000, ..client("S", 1, 0).into() },
                 Record { ns: ZERO - 1, ..client("S", 1, 0).into() }], "EXPECT"),
        case("dates", "-ntttt", vec![client("S", 1, 0)], "EXPECT"),
        case("since the first packet", "-nttttt",
            vec![Record::from(client("S", 1, 0)), Record { ns: ZERO + 5_000_000_000, ..client("S", 1, 0).into() },
                 Record { ns: ZERO - 9_000_000, ..client("S", 1, 0).into() }], "EXPECT"),
        case("numbered lines", "-n#", vec![client("S", 1, 0), server("R.", 0, 2)], "EXPECT"),
        case("a data offset below 5", "-nt",
            vec![Packet { data_offset: Some(4), ..data(4, client(".", 1, 1)) },
                 Packet { data_offset: Some(0), ..client(".", 1, 1) }], "EXPECT"),
        case("a data offset below 5, quietly", "-ntq",
            vec![Packet { data_offset: Some(4), ..data(4, client(".", 1, 1)) }], "EXPECT"),
        case("a data offset beyond the segment is noted by the table all the same", "-nt",
            vec![Packet { data_offset: Some(15), ..client(".", 100, 200) }, client(".", 100, 200)], "EXPECT"),
        case("a data offset beyond the segment, quietly", "-ntq",
            vec![Packet { data_offset: Some(15), ..client(".", 1, 1) }], "EXPECT"),
        case("fewer bytes than a header, by the capture", "-nt",
            vec![cut(client(".", 1, 1), 34), cut(client(".", 1, 1), 37), cut(client(".", 1, 1), 38),
                 cut(client(".", 1, 1), 53), cut(client(".", 1, 1), 54)], "EXPECT"),
        case("fewer bytes than a header, by the packet's length", "-nt",
            vec![Packet { total_len: Some(23), ..client(".", 1, 1) }, Packet { total_len: Some(39), ..client(".", 1, 1) }],
            "EXPECT"),
        case("a total length of 0 means the rest of the frame", "-nt",
            vec![Packet { total_len: Some(0), ..data(3000, client(".", 1, 1)) }], "EXPECT"),
        case("options cut by the capture", "-nt",
            [54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 65, 66, 70, 71, 73, 75, 77, 81, 82, 90, 93].into_iter().map(|len| {
                cut(options(&[Opt::Raw(vec![1]), Opt::WindowScale(7), Opt::Mss(1460), Opt::Timestamps(1, 2),
                              Opt::Sack(vec![(5, 6)]), Opt::Raw(vec![1, 1]), Opt::Raw(vec![77, 6, 1, 2, 3, 4])],
                            client(".", 1, 1)), len)
            }).collect(), "EXPECT"),
        case("a cut behind Multipath TCP is blamed on it", "-nt",
            vec![cut(options(&[Opt::Raw(vec![30, 4, 0x20, 0]), Opt::Mss(1)], client(".", 1, 1)), 58)], "EXPECT"),
        case("the usual options", "-nt",
            vec![
                options(&[Opt::Mss(1460), Opt::SackPermitted, Opt::Timestamps(u32::MAX, 0), Opt::Raw(vec![1]), Opt::WindowScale(7)],
                        client("S", 1, 0)),
                options(&[Opt::Raw(vec![1, 1]), Opt::Timestamps(10, 20)], client("S.", 1, 2)),
                options(&[Opt::Mss(1460), Opt::Raw(vec![0, 9, 9, 9])], client("S", 1, 0)),
                options(&[Opt::Sack(vec![(1, 2), (3, 4), (5, 6), (7, 8)])], client("R", 1, 1)),
            ], "EXPECT"),
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
            ], "EXPECT"),
        case("lengths that the kind does not have", "-nt",
            vec![
                raw(&[2, 0, 1, 1]), raw(&[2, 1, 1, 1]), raw(&[2, 3, 9, 0]), raw(&[1, 2, 5, 1, 2, 3, 0, 0]), raw(&[2, 40, 1, 1]),
                raw(&[1, 2, 40, 1]), raw(&[1, 1, 1, 2]), raw(&[1, 3, 2, 9]), raw(&[4, 3, 1, 0]), raw(&[4, 6, 1, 1, 1, 1, 1, 1]),
                raw(&[5, 2, 1, 1]), raw(&[5, 9, 1, 2, 3, 4, 5, 6, 7, 1, 1, 1]), raw(&[8, 9, 1, 1, 1, 1, 1, 1, 1, 0]),
                raw(&[8, 12, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1]), raw(&[1, 19, 3, 1]), data(9, raw(&[1, 1, 1, 2])),
            ], "EXPECT"),
        case("an MD5 signature of which the text was not captured", "-nt",
            vec![cut(data(30, raw(&[19, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])), 80)], "EXPECT"),
        case("Multipath TCP opens", "-nt",
            vec![
                raw_syn(&[30, 4, 0x01, 0x81]), raw_syn(&[30, 12, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 9]),
                raw_syn(&[30, 4, 0x02, 0x81]), raw(&[30, 4, 0x01, 0x81]), raw_syn(&[30, 8, 0x01, 0x81, 0, 0, 0, 0]),
                raw(&[30, 20, 0x01, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9]),
                raw(&[30, 22, 0x01, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 5, 1, 1]),
                raw(&[30, 2, 1, 1]),
            ], "EXPECT"),
        case("Multipath TCP joins", "-nt",
            vec![
                raw_syn(&[30, 12, 0x11, 3, 0, 0, 0, 5, 0, 0, 0, 6]),
                options(&[Opt::Raw(vec![30, 16, 0x10, 3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6])], client("S.", 1, 1)),
                raw(&[30, 24, 0x10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]),
                raw(&[30, 12, 0x10, 3, 0, 0, 0, 5, 0, 0, 0, 6]),
            ], "EXPECT"),
        case("Multipath TCP carries data", "-nt",
            vec![
                raw(&[30, 8, 0x20, 0x01, 0, 0, 1, 0]), raw(&[30, 12, 0x20, 0x03, 0, 0, 0, 1, 0, 0, 0, 0]),
                raw(&[30, 18, 0x20, 0x05, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4, 1, 1]),
                raw(&[30, 28, 0x20, 0x1f, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4, 0xab, 0xcd]),
                raw(&[30, 4, 0x20, 0x01]), raw(&[30, 8, 0x20, 0x04, 0, 0, 0, 1]), raw(&[30, 8, 0x20, 0x00, 0, 0, 0, 0]),
                raw_syn(&[30, 4, 0x20, 0x00]),
            ], "EXPECT"),
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
            ], "EXPECT"),
        case("bytes in hexadecimal", "-ntx", vec![data(5, client("P.", 1, 1))], "EXPECT"),
        case("bytes in hexadecimal, with the link header", "-ntxx", vec![client(".", 1, 1)], "EXPECT"),
        case("bytes in hexadecimal and ASCII", "-ntX", vec![Packet { payload: b"a b\t\x7f\xff~!".to_vec(), ..client(".", 1, 1) }],
            "EXPECT"),
        case("bytes in ASCII", "-ntA",
            vec![Packet { payload: b"GET /\r\n\ta\x1b[1m \rb\x80\r\r\nx\r".to_vec(), ..client("P.", 1, 1) },
                 Packet { payload: b"x\ry".to_vec(), ..client("P.", 1, 1) }], "EXPECT"),
        case("checksums of IPv6", "-ntv",
            {
                let v6 = |sum| Packet {
                    src: "[fd00::1]:1000".parse().unwrap(), dst: "[fd00::2]:2000".parse().unwrap(), sum,
                    ..data(3, client("P.", 1, 1))
                };
                vec![v6(Sum::Correct), v6(Sum::Wrong), v6(Sum::Partial)]
            }, "EXPECT"),
        case("checksums", "-ntv",
            [Sum::Correct, Sum::Wrong, Sum::Partial].into_iter().map(|sum| Packet { sum, ..data(3, client("P.", 1, 1)) })
                .map(Record::from).chain([cut(data(3, client("P.", 1, 1)), 55)]).collect(), "EXPECT"),
        case("checksums left out", "-ntvK", vec![Packet { sum: Sum::Wrong, ..client(".", 1, 1) }], "EXPECT"),
        case("every number with -vv", "-ntvv", vec![client(".", 1, 1)], "EXPECT"),
        case("the link header", "-nte", vec![client(".", 1, 1)], "EXPECT"),
        case("the link header, quietly", "-nteq", vec![client(".", 1, 1)], "EXPECT"),
    ]
}

#[test]
fn lines_are_those_of_tcpdump() {
    for case in cases() {
        let got = lines(case.args, &case.records);
        assert_eq!(got, case.expected, "{} ({})", case.name, case.args);
    }
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
