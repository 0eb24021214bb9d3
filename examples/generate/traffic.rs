//! A capture's worth of connections, interleaved by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use clap::ValueEnum;

use super::connection::{Connection, Habits};
use super::frame::{Pcap, SYN, Segment};
use super::random::Random;

/// What kind of traffic.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Shape {
    /// Many connections of ten packets or so, each gone when it has its answer
    Short,
    /// A few flows that are always sending: growing bursts, an acknowledgment for every second segment
    Large,
    /// Many connections that are all open at once, and take turns
    Concurrent,
    /// SYNs from sources that never answer, beside connections as of `short`
    Flood,
    /// A server's day: many connections that stay, and new ones all the time as of `short`, some of them reset
    Mix,
}

/// A capture to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    pub shape: Shape,
    /// About so many packets; in a flood so many SYNs.
    pub packets: u64,
    pub connections: u64,
    /// Connections a second that begin beside those, in `mix`.
    pub fresh: u64,
    /// Connections open at a time, in `short` and `flood`.
    pub concurrent: u64,
    pub seed: u64,
    /// Bytes of payload in a data segment.
    pub payload: u16,
    /// Of a thousand data segments.
    pub loss: u32,
    /// Of a thousand data segments.
    pub reorder: u32,
    /// Of a thousand connections.
    pub resets: u32,
    /// Of a hundred connections.
    pub ipv6: u32,
}

/// What was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    pub packets: u64,
    pub connections: u64,
    /// Microseconds.
    pub span: u64,
}

/// Microseconds between two rounds of a connection of `mix` that stays: eight packets a second.
const STAYING: u64 = 550_000;

/// Microseconds between two packets of a flood, on average.
const FLOOD: u64 = 2;

impl Traffic {
    /// Writes it all.
    pub(crate) fn write(&self, out: impl Write) -> io::Result<Totals> {
        let mut pcap = Pcap::new(out)?;
        let mut random = Random::new(self.seed);
        let mut due = BinaryHeap::new();
        let mut open: Vec<Connection> = Vec::new();
        let mut begun = 0;
        let at_first =
            if matches!(self.shape, Shape::Short | Shape::Flood) { self.concurrent } else { self.connections };
        let stagger = self.stagger();
        let habits = self.habits();
        // Those of a mix that do not stay are as those of `short`.
        let passing = Habits { think: 0, not_before: 0, burst: 2, ..habits };
        while begun < at_first.min(self.connections) {
            open.push(self.connection(begun, begun * stagger, &mut random));
            due.push(Reverse((begun * stagger, begun as usize)));
            begun += 1;
        }
        let mut flood = (self.shape == Shape::Flood && self.packets > 0).then_some(0);
        let mut sources = 0;
        let mut arrival = (self.shape == Shape::Mix && self.fresh > 0).then_some(0);
        let mut free = Vec::new();
        loop {
            if self.shape == Shape::Mix && pcap.packets >= self.packets {
                break;
            }
            let next = due.peek().map(|Reverse((at, _))| *at);
            if let Some(at) = arrival
                && next.is_none_or(|next| at <= next)
            {
                let slot = free.pop().unwrap_or(open.len());
                let connection = self.connection(begun, at, &mut random);
                begun += 1;
                match open.get_mut(slot) {
                    Some(old) => *old = connection,
                    None => open.push(connection),
                }
                due.push(Reverse((at, slot)));
                arrival = Some(at + random.below(2 * 1_000_000 / self.fresh + 1));
                continue;
            }
            if let Some(at) = flood
                && next.is_none_or(|next| at <= next)
            {
                self.unanswered(sources, at, &mut random, &mut pcap)?;
                sources += 1;
                flood = (sources < self.packets).then(|| at + random.below(2 * FLOOD + 1));
                continue;
            }
            let Some(Reverse((at, slot))) = due.pop() else { break };
            let connection = &mut open[slot];
            if let Some(segment) = connection.take() {
                let (src, dst) = connection.sockets(segment.from);
                pcap.write(src, dst, &segment)?;
            }
            let stays = (slot as u64) < self.connections;
            let habits = if stays { &habits } else { &passing };
            if let Some(at) = connection.due(habits, &mut random) {
                due.push(Reverse((at, slot)));
            } else if self.shape == Shape::Mix {
                free.push(slot);
            } else if begun < self.connections {
                let at = at + random.below(2 * stagger + 1);
                open[slot] = self.connection(begun, at, &mut random);
                due.push(Reverse((at, slot)));
                begun += 1;
            }
        }
        let totals = Totals { packets: pcap.packets, connections: begun, span: pcap.last };
        pcap.finish()?;
        Ok(totals)
    }

    /// Microseconds between the starts of two connections.
    fn stagger(&self) -> u64 {
        match self.shape {
            Shape::Concurrent | Shape::Mix => 4,
            Shape::Large => 1_000,
            // Those that are open at a time begin within one connection's life.
            Shape::Short | Shape::Flood => (50_000 / self.concurrent.max(1)).max(1),
        }
    }

    fn habits(&self) -> Habits {
        let common = Habits {
            payload: self.payload,
            burst: 2,
            grows: false,
            think: 0,
            not_before: 0,
            loss: self.loss,
            reorder: self.reorder,
            resets: self.resets,
        };
        match self.shape {
            Shape::Short | Shape::Flood => common,
            Shape::Large => Habits { burst: 128, grows: true, ..common },
            Shape::Mix => Habits { burst: 3, think: STAYING, ..common },
            // All are open before the first sends; then a packet every microsecond or two.
            Shape::Concurrent => Habits {
                burst: 3,
                think: (8 * self.connections).max(1_000),
                not_before: self.connections * self.stagger() + 50_000,
                ..common
            },
        }
    }

    fn connection(&self, number: u64, at: u64, random: &mut Random) -> Connection {
        let budget = match self.shape {
            Shape::Short | Shape::Flood => random.between(9, 13),
            Shape::Large | Shape::Concurrent => self.packets / self.connections.max(1),
            Shape::Mix if number < self.connections => self.packets,
            Shape::Mix => random.between(9, 13),
        };
        let v6 = random.below(100) < u64::from(self.ipv6);
        Connection::new(sockets(number, v6), at, budget, random)
    }

    /// A SYN from a source of its own.
    fn unanswered(&self, number: u64, at: u64, random: &mut Random, pcap: &mut Pcap<impl Write>) -> io::Result<()> {
        // An odd factor permutes the 24 bits; beyond them the port tells sources apart.
        let host = number.wrapping_mul(0x009e_3779) & 0x00ff_ffff;
        let address = Ipv4Addr::from_bits(((16 + (host % 64) as u32) << 24) | host as u32);
        let port = 1024 + ((number >> 24) * 997 + random.below(997)) as u16 % 60_000;
        let bits = random.bits();
        let segment = Segment {
            at,
            seq: bits as u32,
            tsval: (bits >> 32) as u32,
            ip_id: (bits >> 16) as u16,
            window: 64_240,
            flags: SYN,
            ..Segment::default()
        };
        // All at one port, as an attack is.
        pcap.write(SocketAddr::from((address, port)), server(0, false), &segment)
    }
}

/// The client's and the server's socket of a connection; no two connections have the same.
fn sockets(number: u64, v6: bool) -> [SocketAddr; 2] {
    let (host, port) = ((number % 50_021) as u16, 32_768 + (number / 50_021) as u16);
    let address: IpAddr = if v6 {
        Ipv6Addr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, host]).into()
    } else {
        // From all over: tcpdump keeps addresses that begin alike in one list, and would be measured searching it.
        let network = u32::from(host).wrapping_mul(0x9e37_79b1) >> 16;
        Ipv4Addr::from_bits(((16 + network % 96) << 24) | ((network & 0xff00) << 8) | u32::from(host)).into()
    };
    [SocketAddr::from((address, port)), server(number, v6)]
}

fn server(number: u64, v6: bool) -> SocketAddr {
    let host = (number % 7 + 1) as u16;
    if v6 {
        SocketAddr::from(([0x2001, 0xdb8, 0, 2, 0, 0, 0, host], 443))
    } else {
        SocketAddr::from(([192, 0, 2, host as u8], 443))
    }
}
