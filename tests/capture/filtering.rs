//! Filter expressions: what they accept, and how they are refused.

use proptest::prelude::*;
use tcpcheck::capture::{Filter, Frame, LinkType, Timestamp};

fn frame(link_type: u16, wire_len: u32, data: &[u8]) -> Frame<'_> {
    Frame { number: 1, ts: Timestamp(0), link_type: LinkType(link_type), interface: 0, wire_len, data }
}

/// An Ethernet frame with a TCP segment from 10.0.0.1:80 to 10.0.0.2:1234.
fn segment() -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
    frame.extend([0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend([0, 80, 4, 210, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x12, 0, 9, 0, 0, 0, 0]);
    frame
}

fn accepts(expression: &str, frame: &Frame) -> bool {
    Filter::compile(expression).unwrap().accepts(frame).unwrap()
}

fn refusal(expression: &str) -> String {
    Filter::compile(expression).expect_err(expression).to_string()
}

#[test]
fn expressions_accept_what_they_describe() {
    let segment = segment();
    let frame = frame(1, 54, &segment);
    for yes in ["", "  ", "tcp", "tcp port 80", "src host 10.0.0.1 and dst port 1234", "tcp[tcpflags] & tcp-syn != 0"] {
        assert!(accepts(yes, &frame), "{yes}");
    }
    for no in ["udp", "port 81", "ip6", "tcp[13] = 2", "vlan"] {
        assert!(!accepts(no, &frame), "{no}");
    }
}

#[test]
fn lengths_are_those_on_the_wire_however_little_was_captured() {
    let segment = segment();
    let snapped = frame(1, 1514, &segment);
    assert!(accepts("greater 1000", &snapped));
    assert!(!accepts("less 1000", &snapped));
    assert!(accepts("len = 1514", &snapped));
}

#[test]
fn one_filter_serves_several_link_types() {
    let segment = segment();
    let mut filter = Filter::compile("tcp port 80").unwrap();
    assert!(filter.accepts(&frame(1, 54, &segment)).unwrap());
    // Raw IP is 101 in a file and another number in libpcap.
    assert!(filter.accepts(&frame(101, 40, &segment[14..])).unwrap());
    assert!(filter.accepts(&frame(228, 40, &segment[14..])).unwrap());
    let cooked = [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], &segment[14..]].concat();
    assert!(filter.accepts(&frame(113, 56, &cooked)).unwrap());
    let null = [&2_u32.to_ne_bytes(), &segment[14..]].concat();
    assert!(filter.accepts(&frame(0, 44, &null)).unwrap());
}

#[test]
fn loopback_frames_of_machines_with_other_numbers_are_understood() {
    let ip = &segment()[14..];
    let ipv6 = [&[0x60, 0, 0, 0, 0, 20, 6, 64], &[0; 32][..], &ip[20..]].concat();
    for swap in [false, true] {
        let family = |n: u32| if swap { n.swap_bytes() } else { n }.to_ne_bytes();
        let v4 = [&family(2), ip].concat();
        assert!(accepts("tcp port 80 and ip", &frame(0, 44, &v4)));
        for number in [10, 24, 28, 30] {
            let v6 = [&family(number), &ipv6[..]].concat();
            assert!(accepts("tcp port 80 and ip6", &frame(0, 64, &v6)), "{number}");
        }
        assert!(!accepts("ip6 or tcp", &frame(0, 44, &[&family(7), ip].concat())));
    }
    assert!(!accepts("tcp", &frame(0, 2, &[2, 0])));
}

#[test]
fn an_expression_for_another_link_type_is_taken_and_refused_when_ethernet_comes() {
    let mut filter = Filter::compile("wlan type mgt").unwrap();
    assert!(!filter.accepts(&frame(105, 30, &[8; 30])).unwrap());
    let words = filter.accepts(&frame(1, 54, &segment())).unwrap_err().to_string();
    assert!(words.contains("frame 1 is EN10MB (Ethernet)") && words.contains("wlan type mgt"), "{words}");
}

#[test]
fn directions_are_refused_where_a_file_does_not_have_them() {
    let mut filter = Filter::compile("inbound").unwrap();
    let words = filter.accepts(&frame(1, 54, &segment())).unwrap_err().to_string();
    assert!(words.contains("known only while capturing"), "{words}");
    let cooked = [&[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], &segment()[14..]].concat();
    assert!(accepts("outbound", &frame(113, 56, &cooked)));
}

#[test]
fn a_refusal_points_at_the_place() {
    assert_eq!(refusal("tcp prot 80"), "filter expression: syntax error\n  tcp prot 80\n      ^");
    assert_eq!(refusal("tcp port 80 and (udp foo)").lines().last(), Some("                       ^"));
    assert_eq!(refusal("tcp[13 & 2 != 0").lines().last(), Some("             ^"));
    assert_eq!(refusal("tcp port 80 )").lines().last(), Some("              ^"));
    assert_eq!(refusal("  host 1.2.3.4 && && port 1").lines().last(), Some("                  ^"));
    assert_eq!(refusal("tcp port no-such-service or udp").lines().last(), Some("           ^"));
    assert_eq!(refusal("tcp and udp"), "filter expression: expression rejects all packets\n  tcp and udp");
    assert_eq!(refusal("tcp port").lines().last(), Some("          ^ something is missing here"));
    assert_eq!(refusal("tcp and (port 80").lines().last(), Some("                  ^ something is missing here"));
}

#[test]
fn odd_expressions_are_refused_without_harm() {
    for odd in
        ["\0", "tcp\0", "é", "tcp \u{1b}[31m", "((((((((", "]", "tcp[", "\\", "'", "port 70000", "host 1.2.3.4.5"]
    {
        let words = refusal(odd);
        assert!(words.starts_with("filter expression: "), "{words}");
        assert!(!words[..words.len() - 1].contains(['\0', '\u{1b}']), "{words:?}");
    }
}

#[test]
fn filters_compile_on_several_threads_at_once() {
    let threads: Vec<_> = (0..8)
        .map(|n| {
            std::thread::spawn(move || (0..50).all(|i| Filter::compile(&format!("tcp port {}", n * 100 + i)).is_ok()))
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}

const EXPRESSIONS: [&str; 14] = [
    "tcp",
    "tcp port 80",
    "not (udp or icmp)",
    "ip6 and ip6[53] & 2 != 0",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not src and dst net 10",
    "vlan and tcp",
    "mpls and ip",
    "pppoes and tcp port 80",
    "ether[0] & 1 = 0 and ip[16] >= 224",
    "ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) != 0",
    "ip protochain 6",
    "ip6 protochain 6",
    "portrange 1-1023 and greater 40 and less 200",
    "ether[12:2] % 7 = ip[1] * 3 / 2",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Where both lengths are equal, libpcap's own machine can be asked.
    #[test]
    fn libpcaps_machine_accepts_the_same(
        start in 0..4_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..90),
        changes in prop::collection::vec((0..54_usize, any::<u8>()), 0..4),
    ) {
        let mut data = segment();
        for (at, value) in changes {
            data[at] = value;
        }
        data.truncate([0, 14, 34, 54][start]);
        data.extend(bytes);
        let dead = pcap::Capture::dead(pcap::Linktype(1)).unwrap();
        for expression in EXPRESSIONS {
            let theirs = dead.compile(expression, true).unwrap().filter(&data);
            prop_assert_eq!(accepts(expression, &frame(1, data.len() as u32, &data)), theirs, "{}", expression);
        }
    }

    #[test]
    fn any_expression_compiles_or_is_refused(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..9)) {
        let text = words.join(" ");
        match Filter::compile(&text) {
            Ok(mut filter) => drop(filter.accepts(&frame(1, 54, &segment()))),
            Err(e) => prop_assert!(e.to_string().starts_with("filter expression: ")),
        }
    }
}

const WORDS: [&str; 30] = [
    "tcp", "udp", "ip6", "port", "host", "1.2.3.4", "::1", "80", "and", "or", "not", "(", ")", "[", "]", "&", "&&",
    "|", "!=", "=", "+", "/", "<<", "0", "vlan", "mpls", "greater", "len", "é", "'",
];
