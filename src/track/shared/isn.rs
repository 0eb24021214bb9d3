//! Initial sequence numbers, by host: whether they can be guessed (TC605).

use std::collections::VecDeque;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::capture::Timestamp;
use crate::dissect::{Segment, Socket};

/// The hosts that opened or accepted connections; bounded, the one that came first goes first.
#[derive(Default)]
pub(in crate::track) struct Isns {
    hosts: HashMap<IpAddr, Host, RandomState>,
    order: VecDeque<IpAddr>,
}

/// The ISNs of one host.
#[derive(Debug)]
struct Host {
    isn: u32,
    ts: Timestamp,
    /// The other end and the own port: ISNs of one connection after the other between these may well follow a clock.
    // RFC 6528 §3: ISN = M + F(localip, localport, remoteip, remoteport, secretkey), with M the 4 µs timer.
    last: (Socket, u16),
    connections: u32,
    /// Steps in a row that are 0, that are a multiple of 64,000 or 65,536, and that fit one clock's rate.
    same: u8,
    stepped: u8,
    clocked: u8,
    /// Numbers a second.
    rate: f64,
    said: bool,
}

const MAX_HOSTS: usize = 4_096;

/// Five ISNs make four steps; a rate needs one more, since it is not known beforehand.
const STEPS: u8 = 4;
/// Steps over less time than this say little of a clock: a capture's own times are not that exact.
const CLOCK: i64 = 100_000_000;

impl Isns {
    /// Takes a SYN or SYN+ACK of a new connection. Once a host: how its ISNs can be guessed, and from how many that is known.
    pub(crate) fn learn(&mut self, segment: &Segment) -> Option<(&'static str, u32)> {
        let addr = segment.src.addr;
        if let Some(host) = self.hosts.get_mut(&addr) {
            return host.learn(segment);
        }
        if self.hosts.len() >= MAX_HOSTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.hosts.remove(&oldest);
        }
        self.order.push_back(addr);
        let host = Host {
            isn: segment.seq.0,
            ts: segment.ts,
            last: (segment.dst, segment.src.port),
            connections: 1,
            same: 0,
            stepped: 0,
            clocked: 0,
            rate: 0.0,
            said: false,
        };
        self.hosts.insert(addr, host);
        None
    }
}

impl Host {
    fn learn(&mut self, segment: &Segment) -> Option<(&'static str, u32)> {
        let between = (segment.dst, segment.src.port);
        if self.said || std::mem::replace(&mut self.last, between) == between {
            (self.isn, self.ts) = (segment.seq.0, segment.ts);
            return None;
        }
        let step = segment.seq.0.wrapping_sub(self.isn);
        let took = segment.ts.since(self.ts).0;
        (self.isn, self.ts) = (segment.seq.0, segment.ts);
        self.connections = self.connections.saturating_add(1);
        let next = |so_far: u8, holds: bool| if holds { so_far.saturating_add(1) } else { 0 };
        self.same = next(self.same, step == 0);
        let round = step.is_multiple_of(64_000) || step.is_multiple_of(65_536);
        self.stepped = next(self.stepped, step != 0 && step < 1 << 31 && round);
        self.clock(step, took);
        let how = if self.same >= STEPS {
            "always the same"
        } else if self.stepped >= STEPS {
            "steps of 64,000 or 65,536"
        } else if self.clocked > STEPS {
            "a clock's, whatever the addresses and ports"
        } else {
            return None;
        };
        self.said = true;
        Some((how, self.connections))
    }

    fn clock(&mut self, step: u32, took: i64) {
        if step == 0 || step >= 1 << 31 || took < CLOCK {
            self.clocked = 0;
            return;
        }
        let seconds = took as f64 / 1e9;
        let (rate, expected) = (f64::from(step) / seconds, self.rate * seconds);
        // A thousandth, and a tenth of a millisecond for when the packets were captured.
        let off = (f64::from(step) - expected).abs();
        let fits = off <= expected / 1e3 + self.rate / 1e4;
        self.clocked = if self.clocked > 0 && fits { self.clocked.saturating_add(1) } else { 1 };
        self.rate = rate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::tracker::flood::tests::syn;

    /// What is said after so many SYNs, a second apart, from ports of their own.
    fn said(isn: impl Fn(u32) -> u32, count: u32) -> Vec<(&'static str, u32)> {
        let mut isns = Isns::default();
        (0..count).filter_map(|n| isns.learn(&syn(n, isn(n)))).collect()
    }

    #[test]
    fn five_isns_that_can_be_guessed_are_said_once() {
        assert_eq!(said(|_| 1000, 9), [("always the same", 5)]);
        assert_eq!(said(|n| 77 + 64_000 * n, 9), [("steps of 64,000 or 65,536", 5)]);
        // RFC 793's clock of 4 µs, from whose rate none is off by more than the capture's own times are.
        assert_eq!(said(|n| 250_000 * n + n % 3, 9), [("a clock's, whatever the addresses and ports", 6)]);
        assert_eq!(said(|_| 1000, 4), []);
    }

    #[test]
    fn isns_that_jump_are_not_predictable() {
        assert_eq!(said(|n| n.wrapping_mul(0x9e37_79b9) ^ (n << 7), 200), []);
        // One host after the other, as RFC 6528 has it: each its own offset.
        assert_eq!(said(|n| (250_000 * n).wrapping_add((n ^ n << 13).wrapping_mul(0x9e37_79b1)), 200), []);
    }

    #[test]
    fn hosts_beyond_the_limit_push_out_the_first() {
        let mut isns = Isns::default();
        for n in 0..10_000_u32 {
            let mut syn = syn(n, 1);
            syn.src.addr = std::net::Ipv4Addr::from_bits(n).into();
            isns.learn(&syn);
        }
        assert_eq!((isns.hosts.len(), isns.order.len()), (MAX_HOSTS, MAX_HOSTS));
    }
}
