//! Which connection each packet belongs to, those that hold no TCP header included: the later fragments of a segment, and ICMP
//! messages that quote one.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::capture::{Frame, LinkType, Timestamp};
use crate::dissect::{Content, Dissection, Ip, Layer, NotTcp, Socket, dissect};
use crate::track::FlowRecord;

/// Fragmented packets that are remembered; RFC 791 §3.2 lets a receiver give up on one after 15 s.
const MAX_DATAGRAMS: usize = 4096;

/// Says which connection a packet belongs to.
#[derive(Debug, Default)]
pub(super) struct Membership {
    /// The connections that are open, by their ends in order.
    connections: HashMap<[Socket; 2], u32>,
    /// The fragmented packets seen last, and their connections; 0 for none.
    datagrams: HashMap<Datagram, u32>,
    /// The same, oldest first.
    oldest: VecDeque<Datagram>,
}

/// What the fragments of one packet have in common (RFC 791 §3.2, RFC 8200 §4.5).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Datagram {
    src: IpAddr,
    dst: IpAddr,
    id: u32,
}

/// A packet's connection, as far as that is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    /// That one, or none.
    Known(Option<u32>),
    /// That of the packet of which it is a fragment.
    Of(Datagram),
}

impl Membership {
    /// A connection has ended: its addresses and ports may become another's.
    pub(super) fn ended(&mut self, flow: &FlowRecord) {
        let ends = ordered(flow.client, flow.server);
        if self.connections.get(&ends) == Some(&flow.number) {
            self.connections.remove(&ends);
        }
    }

    /// The connection, as soon as that is known.
    pub(super) fn known(&self, owner: Owner) -> Option<Option<u32>> {
        match owner {
            Owner::Known(flow) => Some(flow),
            Owner::Of(datagram) => self.datagrams.get(&datagram).map(|flow| Some(*flow).filter(|flow| *flow > 0)),
        }
    }

    /// Whose a packet is, whose segment belongs to the connection `flow` if it holds one.
    pub(super) fn owner(&mut self, dissection: &Dissection<'_>, flow: Option<u32>) -> Owner {
        let packets =
            || dissection.layers.iter().filter_map(|layer| if let Layer::Ip(ip) = layer { Some(ip) } else { None });
        if let (Content::Tcp(tcp), Some(flow)) = (&dissection.content, flow) {
            self.connections.insert(ordered(tcp.segment.src, tcp.segment.dst), flow);
        }
        let flow = flow.or_else(|| quoted(dissection).and_then(|ends| self.connections.get(&ends).copied()));
        for datagram in packets().filter_map(Datagram::of) {
            match (flow, self.datagrams.get(&datagram)) {
                (Some(flow), _) => self.remember(datagram, flow),
                (None, Some(0)) => {}
                (None, Some(known)) => return Owner::Known(Some(*known)),
                (None, None) if may_be_part_of_tcp(dissection) => return Owner::Of(datagram),
                (None, None) => self.remember(datagram, 0),
            }
        }
        Owner::Known(flow)
    }

    fn remember(&mut self, datagram: Datagram, flow: u32) {
        if self.datagrams.insert(datagram, flow).is_none() {
            self.oldest.push_back(datagram);
        }
        if self.oldest.len() > MAX_DATAGRAMS
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.datagrams.remove(&oldest);
        }
    }
}

/// Whether a fragment that completes no segment may be a part of a packet that holds one: of TCP, or of a tunnel.
fn may_be_part_of_tcp(dissection: &Dissection<'_>) -> bool {
    let later = |ip: &Ip<'_>| ip.fragment.is_some_and(|fragment| fragment.offset > 0);
    match dissection.content {
        Content::Tcp(ref tcp) => tcp.segment.fragment,
        Content::Other(NotTcp::LaterFragment) | Content::TcpCut(..) | Content::Cut(_) => true,
        Content::Other(NotTcp::IpProtocol(protocol)) => {
            TUNNELS.contains(&protocol) && dissection.ip().is_some_and(later)
        }
        _ => false,
    }
}

/// IP protocols that may carry IP: in IP, UDP, IPv6, GRE, EtherIP, MPLS.
const TUNNELS: [u8; 6] = [4, 17, 41, 47, 97, 137];

impl Datagram {
    /// Of which packet this is a fragment, if it is one.
    fn of(ip: &Ip<'_>) -> Option<Self> {
        ip.fragment?;
        let id = ip.id.map(u32::from).or_else(|| ipv6_identification(ip.header))?;
        Some(Self { src: ip.src, dst: ip.dst, id })
    }
}

/// The identification in an IPv6 header's fragment extension (RFC 8200 §4.5).
fn ipv6_identification(header: &[u8]) -> Option<u32> {
    let (mut next, mut at) = (*header.get(6)?, 40_usize);
    loop {
        let extension = header.get(at..)?.first_chunk::<8>()?;
        let length = match next {
            44 => return extension.last_chunk().map(|id| u32::from_be_bytes(*id)),
            // RFC 4302 §2.2: the length is in words of 32 bits, minus 2; the others count 8 bytes, minus 1.
            51 => (usize::from(extension[1]) + 2) * 4,
            _ => (usize::from(extension[1]) + 1) * 8,
        };
        (next, at) = (extension[0], at.saturating_add(length));
    }
}

/// The ends of the connection whose segment an ICMP message quotes.
fn quoted(dissection: &Dissection<'_>) -> Option<[Socket; 2]> {
    let ip = dissection.ip()?;
    // RFC 792: destination unreachable, source quench, redirect, time exceeded, parameter problem; RFC 4443 §2.1: errors are
    // below 128. Type, code, checksum and 4 bytes more stand before the quoted packet.
    let (header, quote) = ip.payload.split_first_chunk::<8>()?;
    match (ip.protocol, header[0]) {
        (1, 3 | 4 | 5 | 11 | 12) | (58, 1..=127) => {}
        _ => return None,
    }
    let frame = Frame {
        number: 0,
        ts: Timestamp::default(),
        link_type: LinkType::RAW,
        interface: 0,
        wire_len: u32::MAX,
        data: quote,
    };
    let inner = dissect(&frame);
    let (src, dst) = match inner.content {
        Content::Tcp(tcp) => (tcp.segment.src, tcp.segment.dst),
        // RFC 792: 8 bytes of the segment are enough for both ports.
        Content::TcpCut(&[s0, s1, d0, d1, ..], _) => {
            let ip = inner.ip()?;
            let socket = |addr, port| Socket { addr, port: u16::from_be_bytes(port) };
            (socket(ip.src, [s0, s1]), socket(ip.dst, [d0, d1]))
        }
        _ => return None,
    };
    Some(ordered(src, dst))
}

fn ordered(a: Socket, b: Socket) -> [Socket; 2] {
    if a <= b { [a, b] } else { [b, a] }
}
