//! Names that expressions have for numbers.

use super::link::{SCTP, TCP, UDP};

/// Offsets and values in headers.
const CONSTANTS: [(&str, u32); 41] = [
    ("icmptype", 0),
    ("icmpcode", 1),
    ("icmp-echoreply", 0),
    ("icmp-unreach", 3),
    ("icmp-sourcequench", 4),
    ("icmp-redirect", 5),
    ("icmp-echo", 8),
    ("icmp-routeradvert", 9),
    ("icmp-routersolicit", 10),
    ("icmp-timxceed", 11),
    ("icmp-paramprob", 12),
    ("icmp-tstamp", 13),
    ("icmp-tstampreply", 14),
    ("icmp-ireq", 15),
    ("icmp-ireqreply", 16),
    ("icmp-maskreq", 17),
    ("icmp-maskreply", 18),
    ("icmp6type", 0),
    ("icmp6code", 1),
    ("icmp6-destinationunreach", 1),
    ("icmp6-packettoobig", 2),
    ("icmp6-timeexceeded", 3),
    ("icmp6-parameterproblem", 4),
    ("icmp6-echo", 128),
    ("icmp6-echoreply", 129),
    ("icmp6-multicastlistenerquery", 130),
    ("icmp6-multicastlistenerdone", 132),
    ("icmp6-routersolicit", 133),
    ("icmp6-routeradvert", 134),
    ("icmp6-neighborsolicit", 135),
    ("icmp6-neighboradvert", 136),
    ("icmp6-redirect", 137),
    ("tcpflags", 13),
    ("tcp-fin", 0x01),
    ("tcp-syn", 0x02),
    ("tcp-rst", 0x04),
    ("tcp-push", 0x08),
    ("tcp-ack", 0x10),
    ("tcp-urg", 0x20),
    ("tcp-ece", 0x40),
    ("tcp-cwr", 0x80),
];

/// Words of pcap-filter(7) that only libpcap compiles.
const LIBPCAP_ONLY: [&str; 42] = [
    "aarp",
    "addr1",
    "addr2",
    "addr3",
    "addr4",
    "address1",
    "address2",
    "address3",
    "address4",
    "atalk",
    "byte",
    "clnp",
    "csnp",
    "decnet",
    "dir",
    "direction",
    "esis",
    "gateway",
    "geneve",
    "ifindex",
    "ifname",
    "inbound",
    "ipx",
    "isis",
    "iso",
    "lane",
    "lat",
    "llc",
    "mopdl",
    "moprc",
    "mpls",
    "netbeui",
    "on",
    "outbound",
    "pppoed",
    "pppoes",
    "protochain",
    "reason",
    "ruleset",
    "stp",
    "subtype",
    "type",
];

pub(super) fn constant(name: &str) -> Option<u32> {
    CONSTANTS.iter().find(|(constant, _)| *constant == name).map(|(_, value)| *value)
}

pub(super) fn needs_libpcap(word: &str) -> bool {
    LIBPCAP_ONLY.contains(&word)
}

/// A protocol's number in IP, for `proto \tcp`.
pub(super) fn ip_protocol(name: &str) -> Option<u8> {
    Some(match name {
        "icmp" => 1,
        "igmp" => 2,
        "tcp" => TCP,
        "udp" => UDP,
        "esp" => 50,
        "ah" => 51,
        "icmp6" => 58,
        "sctp" => SCTP,
        _ => return None,
    })
}

/// The port of a service by services(5), and its protocols. TCP's where the two have different ones, as libpcap takes it.
pub(super) fn service(name: &str) -> Option<(u32, &'static [u8])> {
    let text = std::fs::read_to_string("/etc/services").ok()?;
    let port = |protocol: &str| {
        text.lines().find_map(|line| {
            let mut fields = line.split('#').next().unwrap_or_default().split_whitespace();
            let (first, port) = (fields.next()?, fields.next()?);
            let (port, of) = port.split_once('/')?;
            (of == protocol && (first == name || fields.any(|alias| alias == name))).then(|| port.parse().ok())?
        })
    };
    match (port("tcp"), port("udp")) {
        (Some(tcp), Some(udp)) if tcp == udp => Some((tcp, &[TCP, UDP, SCTP])),
        (Some(tcp), _) => Some((tcp, &[TCP])),
        (None, Some(udp)) => Some((udp, &[UDP])),
        (None, None) => None,
    }
}
