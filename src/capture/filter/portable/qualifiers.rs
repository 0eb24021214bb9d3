//! The words before an address or a number: `src host`, `tcp port`.

use super::link::{ARP, Direction, IPV4, IPV6, RARP, SCTP, TCP, UDP};

/// What stands before an address or a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Qualifiers {
    pub(super) protocol: Option<Protocol>,
    pub(super) direction: Option<Direction>,
    pub(super) what: What,
}

/// What an address or a number is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum What {
    Host,
    Net,
    Port,
    PortRange,
    Protocol,
}

/// A protocol that has a name in expressions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Protocol {
    Link,
    Ethertype(u16),
    Ip(u8),
    Ipv4(u8),
    Ipv6(u8),
}

impl Protocol {
    pub(super) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "ether" | "link" => Self::Link,
            "ip" => Self::Ethertype(IPV4),
            "ip6" => Self::Ethertype(IPV6),
            "arp" => Self::Ethertype(ARP),
            "rarp" => Self::Ethertype(RARP),
            "tcp" => Self::Ip(TCP),
            "udp" => Self::Ip(UDP),
            "sctp" => Self::Ip(SCTP),
            "esp" => Self::Ip(50),
            "ah" => Self::Ip(51),
            "pim" => Self::Ip(103),
            "icmp" => Self::Ipv4(1),
            "igmp" => Self::Ipv4(2),
            "igrp" => Self::Ipv4(9),
            "vrrp" | "carp" => Self::Ipv4(112),
            "icmp6" => Self::Ipv6(58),
            _ => return None,
        })
    }
}
