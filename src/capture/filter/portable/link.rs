//! Where the headers of a link type are, and what libpcap asks of them (its `gencode.c`).

use std::net::Ipv6Addr;

use super::predicate::{Arithmetic, Base, Comparison, Operator, Predicate};
use crate::capture::LinkType;

pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
pub(super) const ARP: u16 = 0x0806;
pub(super) const RARP: u16 = 0x8035;

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const SCTP: u8 = 132;

/// Tags of IEEE 802.1Q and 802.1ad, and the number used before the latter.
const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// Next header of IPv6: a fragment (RFC 8200 §4.5).
const FRAGMENT: u8 = 44;

/// `AF_INET`, and `AF_INET6` of Linux, NetBSD and OpenBSD, FreeBSD, macOS.
const FAMILY_IPV4: &[u32] = &[2];
const FAMILY_IPV6: &[u32] = &[10, 24, 28, 30];

/// Which end of a packet.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Direction {
    Source,
    Destination,
    #[default]
    Either,
    Both,
}

/// How a frame tells what is in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Protocol {
    /// An Ethertype there.
    Ethertype(u32),
    /// PPP's number (RFC 1661 §2) there.
    Ppp(u32),
    /// BSD loopback's address family.
    Family,
    /// The version of the IP header.
    Version,
    /// Always this one.
    Always(u16),
}

/// The headers of a frame, as far as the expression has come: a `vlan` moves what follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    protocol: Protocol,
    /// Where the network header begins.
    network: u32,
    pub(super) is_ethernet: bool,
}

impl Link {
    /// None for a link type that needs libpcap.
    pub(super) fn of(link_type: LinkType) -> Option<Self> {
        let (protocol, network) = match link_type.0 {
            1 => (Protocol::Ethertype(12), 14),
            0 | 108 => (Protocol::Family, 4),
            9 | 50 | 166 => (Protocol::Ppp(2), 4),
            101 => (Protocol::Version, 0),
            228 => (Protocol::Always(IPV4), 0),
            229 => (Protocol::Always(IPV6), 0),
            113 => (Protocol::Ethertype(14), 16),
            276 => (Protocol::Ethertype(0), 20),
            _ => return None,
        };
        Some(Self { protocol, network, is_ethernet: link_type == LinkType::EN10MB })
    }

    /// A protocol by its Ethertype.
    pub(super) fn carries(&self, ethertype: u16) -> Predicate {
        match (self.protocol, ethertype) {
            (Protocol::Ethertype(at), _) => equal(load(at, 2), ethertype.into()),
            (Protocol::Ppp(at), IPV4) => equal(load(at, 2), 0x21),
            (Protocol::Ppp(at), IPV6) => equal(load(at, 2), 0x57),
            (Protocol::Ppp(at), other) => equal(load(at, 2), other.into()),
            (Protocol::Family, IPV4) => Predicate::Family(FAMILY_IPV4),
            (Protocol::Family, IPV6) => Predicate::Family(FAMILY_IPV6),
            (Protocol::Version, IPV4) => equal(masked(load(self.network, 1), 0xf0), 0x40),
            (Protocol::Version, IPV6) => equal(masked(load(self.network, 1), 0xf0), 0x60),
            (Protocol::Always(always), other) => Predicate::Constant(always == other),
            (Protocol::Family | Protocol::Version, _) => Predicate::Constant(false),
        }
    }

    /// A tag, and with it the number; what is asked afterwards is behind it. Ethernet alone has them.
    pub(super) fn vlan(&mut self, number: Option<u32>) -> Option<Predicate> {
        let Protocol::Ethertype(at) = self.protocol else { return None };
        let tag = Predicate::any(TAGS.map(|tag| self.carries(tag)));
        let numbered = number.map(|number| equal(masked(self.load(0, 2), 0x0fff), number));
        (self.protocol, self.network) = (Protocol::Ethertype(at.checked_add(4)?), self.network.checked_add(4)?);
        Some(Predicate::all(std::iter::once(tag).chain(numbered)))
    }

    /// A protocol by its number in IPv4.
    pub(super) fn ipv4(&self, protocol: u8) -> Predicate {
        Predicate::all([self.carries(IPV4), equal(self.load(9, 1), protocol.into())])
    }

    /// A protocol by its number in IPv6, in a fragment too.
    pub(super) fn ipv6(&self, protocol: u8) -> Predicate {
        let next = |number: u8| equal(self.load(6, 1), number.into());
        let in_fragment = Predicate::all([next(FRAGMENT), equal(self.load(40, 1), protocol.into())]);
        Predicate::all([self.carries(IPV6), Predicate::any([next(protocol), in_fragment])])
    }

    pub(super) fn ip(&self, protocol: u8) -> Predicate {
        Predicate::any([self.ipv4(protocol), self.ipv6(protocol)])
    }

    /// An IPv4 packet that is no later fragment (RFC 791 §3.1).
    pub(super) fn not_fragment(&self) -> Predicate {
        equal(masked(self.load(6, 2), 0x1fff), 0)
    }

    /// An address in IPv4, ARP or RARP.
    pub(super) fn address_v4(&self, ethertype: u16, address: u32, mask: u32, direction: Direction) -> Predicate {
        let (source, destination) = if ethertype == IPV4 { (12, 16) } else { (14, 24) };
        let at = |offset| {
            let field = self.load(offset, 4);
            let field = if mask == u32::MAX { field } else { masked(field, mask) };
            // All zero bits are equal to what is not even loaded.
            if mask == 0 { Predicate::Constant(true) } else { equal(field, address) }
        };
        Predicate::all([self.carries(ethertype), ends(direction, &|| at(source), &|| at(destination))])
    }

    pub(super) fn address_v6(&self, address: Ipv6Addr, prefix: u32, direction: Direction) -> Predicate {
        let bits = address.to_bits();
        let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
        let at = |offset: u32| {
            let words = (0..4_u32).filter_map(|word| {
                let shift = 96_u32.saturating_sub(word.saturating_mul(32));
                let (mask, value) = ((mask >> shift) as u32, (bits >> shift) as u32);
                let field = self.load(offset.saturating_add(word.saturating_mul(4)), 4);
                let field = if mask == u32::MAX { field } else { masked(field, mask) };
                (mask != 0).then(|| equal(field, value))
            });
            Predicate::all(std::iter::once(Predicate::Constant(true)).chain(words))
        };
        Predicate::all([self.carries(IPV6), ends(direction, &|| at(8), &|| at(24))])
    }

    /// A hardware address in an Ethernet header.
    pub(super) fn hardware(&self, address: [u8; 6], direction: Direction) -> Predicate {
        let [a, b, c, d, e, f] = address;
        let at = |offset: u32| {
            Predicate::all([
                equal(load(offset.saturating_add(2), 4), u32::from_be_bytes([c, d, e, f])),
                equal(load(offset, 2), u16::from_be_bytes([a, b]).into()),
            ])
        };
        ends(direction, &|| at(6), &|| at(0))
    }

    /// Ports from one to another, of these protocols.
    pub(super) fn ports(&self, protocols: &[u8], first: u32, last: u32, direction: Direction) -> Predicate {
        let within = |field: &dyn Fn() -> Arithmetic| match first == last {
            true => equal(field(), first),
            false => Predicate::all([
                Predicate::Compare(Comparison::AtLeast, field(), Arithmetic::Number(first)),
                Predicate::Compare(Comparison::AtMost, field(), Arithmetic::Number(last)),
            ]),
        };
        let v6 = protocols.iter().map(|protocol| {
            let at = |offset: u32| within(&|| self.load(offset.saturating_add(40), 2));
            let ends = ends(direction, &|| at(0), &|| at(2));
            Predicate::all([equal(self.load(6, 1), (*protocol).into()), ends])
        });
        let v4 = protocols.iter().map(|protocol| {
            let at = |offset: u32| within(&|| self.behind_ipv4(Arithmetic::Number(offset), 2));
            let ends = ends(direction, &|| at(0), &|| at(2));
            Predicate::all([equal(self.load(9, 1), (*protocol).into()), self.not_fragment(), ends])
        });
        Predicate::any([
            Predicate::all([self.carries(IPV6), Predicate::any(v6)]),
            Predicate::all([self.carries(IPV4), Predicate::any(v4)]),
        ])
    }

    /// Bytes of the network header.
    pub(super) fn load(&self, offset: u32, size: u32) -> Arithmetic {
        load(self.network.saturating_add(offset), size)
    }

    /// Bytes of the frame.
    pub(super) fn in_frame(index: Arithmetic, size: u32) -> Arithmetic {
        Arithmetic::Load { base: Base::Fixed(0), index: Box::new(index), size }
    }

    /// Bytes from the network header on, so many behind its beginning.
    pub(super) fn in_network(&self, behind: u32, index: Arithmetic, size: u32) -> Arithmetic {
        let base = Base::Fixed(self.network.saturating_add(behind));
        Arithmetic::Load { base, index: Box::new(index), size }
    }

    /// Bytes behind the IPv4 header.
    pub(super) fn behind_ipv4(&self, index: Arithmetic, size: u32) -> Arithmetic {
        Arithmetic::Load { base: Base::BehindIpv4(self.network), index: Box::new(index), size }
    }
}

/// A comparison of the ends that are meant.
fn ends(direction: Direction, source: &dyn Fn() -> Predicate, destination: &dyn Fn() -> Predicate) -> Predicate {
    match direction {
        Direction::Source => source(),
        Direction::Destination => destination(),
        Direction::Either => Predicate::any([source(), destination()]),
        Direction::Both => Predicate::all([source(), destination()]),
    }
}

fn load(at: u32, size: u32) -> Arithmetic {
    Arithmetic::Load { base: Base::Fixed(at), index: Box::new(Arithmetic::Number(0)), size }
}

pub(super) fn masked(field: Arithmetic, mask: u32) -> Arithmetic {
    Arithmetic::Binary(Operator::And, Box::new(field), Box::new(Arithmetic::Number(mask)))
}

fn equal(field: Arithmetic, value: u32) -> Predicate {
    Predicate::Compare(Comparison::Equal, field, Arithmetic::Number(value))
}
