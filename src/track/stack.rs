//! What the IP IDs of a host count, learnt from its connections: one of them alone cannot tell.
//!
//! Stacks have a counter for the whole host (Windows), one for each destination (Solaris), one for each connection (Linux), the
//! first with its bytes swapped, random numbers, or always 0. Only a connection's own counter shows by a skip that one of its
//! packets is missing.

use std::collections::HashMap;
use std::net::IpAddr;

use arrayvec::ArrayVec;
use foldhash::fast::RandomState;

use crate::dissect::Segment;

use super::Direction;

/// One end of a connection.
type End = (u32, Direction);

/// Hosts whose connections were seen to count for themselves, and what tells. Bounded: of further hosts nothing is learnt.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    hosts: HashMap<Host, Counters, RandomState>,
}

/// A host as one destination sees it. Others may stand behind the same address; a stack begins at a time to live of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Host {
    addr: IpAddr,
    towards: IpAddr,
    ttl: u8,
}

/// The counters of one host's connections.
#[derive(Debug)]
enum Counters {
    /// Runs that were noted last, oldest first.
    Unknown(ArrayVec<Run, MAX_RUNS>),
    /// Each connection has its own.
    Separate,
}

/// So many packets of an end in a row have taken exactly as many IDs as they have segments.
#[derive(Clone, Copy, Debug)]
struct Run {
    end: End,
    length: u16,
}

const MAX_RUNS: usize = 8;
const MAX_HOSTS: usize = 4096;

impl Host {
    fn of(segment: &Segment) -> Self {
        // Stacks begin at 32, 64, 128 or 255, and no path is as long as half of that.
        let ttl = segment.ttl.checked_next_power_of_two().unwrap_or(u8::MAX);
        Self { addr: segment.src.addr, towards: segment.dst.addr, ttl }
    }
}

impl Stacks {
    /// Notes that the run of this segment's end has come to this length.
    pub fn note_run(&mut self, segment: &Segment, end: End, length: u16) {
        let host = Host::of(segment);
        if self.hosts.len() >= MAX_HOSTS && !self.hosts.contains_key(&host) {
            return;
        }
        let counters = self.hosts.entry(host).or_insert(Counters::Unknown(ArrayVec::new()));
        let Counters::Unknown(runs) = counters else { return };
        let noted = runs.iter().rposition(|run| run.end == end);
        // It went on while another connection sent, which took none of its IDs.
        if noted.is_some_and(|at| runs[at].length < length && runs[at..].iter().any(|run| run.end != end)) {
            *counters = Counters::Separate;
            return;
        }
        if let Some(at) = noted {
            runs.remove(at);
        } else if runs.is_full() {
            runs.remove(0);
        }
        runs.push(Run { end, length });
    }

    /// Whether the connections of this segment's sender were seen to count for themselves.
    pub fn count_separately(&self, segment: &Segment) -> bool {
        matches!(self.hosts.get(&Host::of(segment)), Some(Counters::Separate))
    }
}
