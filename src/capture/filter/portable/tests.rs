//! What is compiled here means what it means to libpcap.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::super::expression::{self, Program as Libpcap};
use super::super::loopback;
use super::Program as Predicate;
use crate::capture::{LinkType, Next, open};

/// Expressions in which each word that is known stands at least once.
const EXPRESSIONS: &[&str] = &[
    "tcp",
    "udp or icmp or icmp6",
    "not (udp or icmp) and ip",
    "ip6",
    "arp or rarp",
    "sctp or ah or esp or pim or igmp or igrp or vrrp or carp",
    "port 80",
    "tcp port 80 or 443 or 40000",
    "udp port 4789 or tcp src port 80",
    "src port 80",
    "src or dst port 40000",
    "src and dst port 80",
    "dst port http or https",
    "tcp port (80 or 22)",
    "not port 80 or 22",
    "portrange 1-1023",
    "dst portrange 40000-40010",
    "tcp portrange 80",
    "host 10.9.0.1",
    "src 10.9.0.1 or 127.0.0.1",
    "src or dst host 10.9.0.2",
    "src and dst 127.0.0.1",
    "ip host 10.9.0.1 and not dst host 10.9.0.2",
    "arp host 10.9.0.1",
    "host 10.9",
    "host ::1 or fd00:9::1 or fd00::1",
    "ip6 src host fd00:9::1",
    "net 10",
    "src net 10.0.0.0/8",
    "dst net 10.9.0.0 mask 255.255.255.0",
    "net 127.0.0.0/8 or 10.9.0.0/30",
    "net 0.0.0.0/0",
    "net fd00::/8 or ::1/128",
    "net ::/0 or 192.168",
    "ip6 net fe80::/10",
    "ether host 00:00:00:00:00:00",
    "ether src 2:0:0:0:0:1 or ether dst 02-00-00-00-00-02",
    "ether broadcast or ether multicast or broadcast or multicast",
    "ip multicast or ip6 multicast",
    "ether proto 0x800",
    "ether proto \\ip6 or \\arp",
    "ip proto 6 or 17",
    "ip6 proto \\tcp",
    "proto 6",
    "less 60",
    "greater 100 and less 200",
    "len > 100 && length <= 1514",
    "vlan",
    "vlan 5 and tcp",
    "vlan and vlan and port 80",
    "not vlan and ip",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "tcp[13] = 2 or tcp[13] == 18",
    "tcp[tcpflags] == tcp-ack and not src net 10",
    "ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) != 0",
    "((ip[2:2] - ((ip[0] & 0xf) << 2)) - ((tcp[12] & 0xf0) >> 2)) > 100",
    "ip6[6] = 6 and ip6[53] & 2 != 0",
    "ether[0] & 1 = 0 and ip[16] >= 224",
    "ether[12:2] % 7 = ip[1] * 3 / 2",
    "ether[12:4] ^ 0x1234 > 0x08000000",
    "link[0:4] | 010 < 5 + 3 * 2",
    "udp[4:2] > 20 or icmp[icmptype] = icmp-echo",
    "icmp6[icmp6type] = icmp6-echo",
    "tcp[ip[0] & 0xf] > 3",
    "-ip[8] + 70 > 5",
    "1 << 3 | 4 & 12 = ip[0] >> 2",
    "ip[8] % ip[9] = 1",
    "100 / ip[1] = 1",
    "ip and (tcp[0:2] = 80 or (tcp[2:2] = 80 and greater 60))",
    "(port 80 or (host 10.9.0.1 and not port 22)) and not (src 10.9.0.2 or less 50)",
    "port 80 and 40000",
    "tcp and (ip host 10.9.0.1 or ip6 host ::1)",
];

/// An expression as both compile it for a link type.
struct Pair {
    text: &'static str,
    ours: Predicate,
    theirs: Libpcap,
}

impl Pair {
    /// Those that libpcap takes on the link type; none where a filter needs libpcap, which [`super::compile`] says.
    fn all(link_type: LinkType) -> Vec<Self> {
        if super::link::Link::of(link_type).is_none() {
            return Vec::new();
        }
        let pair = |text: &&'static str| {
            let theirs = expression::compile(text, link_type).ok()?;
            let ours = super::compile(text, link_type).unwrap_or_else(|e| panic!("{text} on {link_type}: {e:?}"));
            Some(Self { text, ours, theirs })
        };
        EXPRESSIONS.iter().filter_map(pair).collect()
    }

    fn check(&self, link_type: LinkType, data: &[u8], wire_len: u32) -> Result<(), TestCaseError> {
        let mut copy = Vec::new();
        let translated = if link_type == LinkType::NULL { loopback::translate(data, &mut copy) } else { data };
        let (ours, theirs) = (self.ours.accepts(data, wire_len), self.theirs.accepts(translated, wire_len));
        prop_assert_eq!(ours, theirs, "{} on {}, {:02x?}", self.text, link_type, data);
        Ok(())
    }
}

/// The frames of a capture, and its link types.
fn frames(path: &Path) -> Vec<(LinkType, u32, Vec<u8>)> {
    let mut source = open(path).expect("a capture");
    let mut frames = Vec::new();
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        frames.push((frame.link_type, frame.wire_len, frame.data.to_vec()));
    }
    frames
}

#[test]
fn expressions_mean_the_same_on_every_capture() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let (mut compared, mut pairs) = (0, HashMap::new());
    for folder in ["link", "open", "capture", "healthy"] {
        for entry in fixtures.join(folder).read_dir().expect("fixtures") {
            let path = entry.expect("a fixture").path();
            // The first ones show every kind of packet that there is in it.
            for (link_type, wire_len, data) in frames(&path).into_iter().take(12) {
                for pair in pairs.entry(link_type.0).or_insert_with(|| Pair::all(link_type)).iter() {
                    pair.check(link_type, &data, wire_len).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn every_expression_is_known_to_libpcap_on_ethernet() {
    for text in EXPRESSIONS {
        expression::compile(text, LinkType::EN10MB).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    }
}

/// Beginnings of frames: Ethernet with IPv4, IPv6, ARP and tags, from there on anything.
fn start() -> impl Strategy<Value = Vec<u8>> {
    let ether = |kind: &[u8]| [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], kind].concat();
    let v4 = |protocol| {
        [&[0x45, 0, 0, 60, 0, 1, 0, 0, 64, protocol, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2], &[0, 80, 156, 64][..]].concat()
    };
    let v6 = |next| [&[0x60, 0, 0, 0, 0, 20, next, 64], &[0xfd; 32][..], &[0, 80, 156, 64, 6]].concat();
    let starts = [
        ether(&[]),
        [ether(&[8, 0]), v4(6)].concat(),
        [ether(&[8, 0]), v4(17)].concat(),
        [ether(&[8, 0]), v4(1)].concat(),
        [ether(&[0x86, 0xdd]), v6(6)].concat(),
        [ether(&[0x86, 0xdd]), v6(44)].concat(),
        [ether(&[0x81, 0, 0, 5, 8, 0]), v4(6)].concat(),
        [ether(&[0x88, 0xa8, 0, 5, 0x81, 0, 0, 7, 8, 0]), v4(6)].concat(),
        ether(&[8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 9, 0, 1]),
    ];
    prop::sample::select(starts.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Changed and cut anywhere: a byte that is not there rejects a frame in the same place.
    #[test]
    fn expressions_mean_the_same_on_any_frame(
        start in start(),
        rest in prop::collection::vec(any::<u8>(), 0..40),
        changes in prop::collection::vec((0..60_usize, any::<u8>()), 0..3),
        cut in 0..80_usize,
        raw in any::<bool>(),
    ) {
        let mut data = [start, rest].concat();
        for (at, value) in changes {
            if let Some(byte) = data.get_mut(at) {
                *byte = value;
            }
        }
        data.truncate(cut);
        let (link_type, skipped) = if raw { (LinkType(101), 14) } else { (LinkType::EN10MB, 0) };
        let data = data.get(skipped..).unwrap_or_default();
        static PAIRS: LazyLock<[Vec<Pair>; 2]> = LazyLock::new(|| [LinkType::EN10MB, LinkType(101)].map(Pair::all));
        for pair in PAIRS[usize::from(raw)].iter() {
            pair.check(link_type, data, 100)?;
        }
    }

    /// Any words: where both take them, they mean the same.
    #[test]
    fn any_words_mean_the_same_or_are_refused(words in prop::collection::vec(prop::sample::select(WORDS), 1..9), start in start()) {
        let text = words.join(" ");
        if let (Ok(ours), Ok(theirs)) =
            (super::compile(&text, LinkType::EN10MB), expression::compile(&text, LinkType::EN10MB))
        {
            prop_assert_eq!(ours.accepts(&start, 60), theirs.accepts(&start, 60), "{}, {:02x?}", text, start);
        }
    }
}

const WORDS: &[&str] = &[
    "tcp", "udp", "ip", "ip6", "src", "dst", "port", "host", "net", "10.9.0.1", "10.9", "fd00::1", "80", "and", "or",
    "not", "(", ")", "tcp[0:2]", "ip[9]", "=", "6", "vlan", "len", ">", "&", "+", "proto", "arp", "ether", "less",
    "\\tcp",
];
