//! SYN floods: half-open attempts towards one address and port, as many as the table's limit for all of them (TC607).

use crate::dissect::Socket;

use crate::track::store::table::{Age, Table};

/// The targets of floods so far. Nothing is counted packet by packet: only when the table's limit for half-open connections is
/// reached does somebody look whom they go to.
#[derive(Default)]
pub(in crate::track) struct Floods {
    told: Vec<Socket>,
    /// So many evictions later it is worth looking again.
    patience: usize,
}

/// So many targets are told.
const MAX_TOLD: usize = 64;

impl Floods {
    /// The limit was reached once more: who is the target of most half-open attempts, of how many, and whether that is news.
    // RFC 4987 §2: half-open connections fill the listener's backlog, of one port.
    pub(crate) fn look(&mut self, table: &Table) -> Option<(Socket, usize)> {
        if self.patience > 0 || self.told.len() >= MAX_TOLD {
            self.patience = self.patience.saturating_sub(1);
            return None;
        }
        let half_open = table.count(Age::HalfOpen);
        self.patience = half_open;
        // The majority vote: each that differs takes one away from the one that leads.
        let (mut leader, mut lead) = (None, 0_usize);
        for target in table.targets(Age::HalfOpen) {
            if lead == 0 {
                leader = Some(target);
            }
            lead = if leader == Some(target) { lead + 1 } else { lead - 1 };
        }
        let target = leader?;
        let attempts = table.targets(Age::HalfOpen).filter(|other| *other == target).count();
        if attempts * 2 <= half_open || self.told.contains(&target) {
            return None;
        }
        self.told.push(target);
        Some((target, attempts))
    }
}

#[cfg(test)]
pub(in crate::track) mod tests {
    use crate::capture::{Span, Timestamp};
    use crate::dissect::{Checksum, OptionFacts, Segment, SeqNumber, TcpFlags};
    use crate::rules::Rule;
    use crate::track::{Event, FlowTracker, Observation, TrackerOptions};

    use super::*;

    /// The `n`th SYN, one a second, each from a port of its own.
    pub(crate) fn syn(n: u32, isn: u32) -> Segment {
        Segment {
            frame: u64::from(n) + 1,
            ts: Timestamp(i64::from(n) * 1_000_000_000),
            interface: 0,
            place: 0,
            wire_len: 54,
            captured_len: 54,
            src: Socket { addr: [10, 0, 0, 1].into(), port: 1024 + n as u16 },
            dst: Socket { addr: [10, 0, 0, 2].into(), port: 80 },
            ttl: 64,
            tos: 0,
            ip_id: None,
            dont_fragment: true,
            fragment: false,
            seq: SeqNumber(isn),
            ack: None,
            flags: TcpFlags::SYN,
            window: 1024,
            urgent: 0,
            header_len: 20,
            payload_len: 0,
            offloaded: false,
            header_fault: None,
            checksum: Checksum::Correct,
            payload_digest: None,
            options: OptionFacts::default(),
        }
    }

    /// How often a flood is told when so many SYNs go to a port each.
    fn floods(targets: impl Fn(u32) -> u16, count: u32) -> usize {
        let options = TrackerOptions { max_half_open: 20, ..TrackerOptions::default() };
        assert!(options.idle_timeout > Span::from_secs(0));
        let mut tracker = FlowTracker::new(options);
        let mut told = 0;
        for n in 0..count {
            let mut syn = syn(n, n.wrapping_mul(0x9e37_79b9));
            syn.ts = Timestamp(i64::from(n));
            syn.dst.port = targets(n);
            tracker.observe(&syn, &mut Observation::default());
            while let Some(event) = tracker.next_event() {
                told += usize::from(matches!(&event, Event::Finding(finding) if finding.rule == Rule::SynFlood));
            }
        }
        told
    }

    #[test]
    fn more_half_open_attempts_to_one_port_than_the_table_takes_are_a_flood_told_once() {
        assert_eq!(floods(|_| 80, 500), 1);
    }

    #[test]
    fn neither_few_attempts_nor_many_to_many_ports_are_a_flood() {
        assert_eq!(floods(|_| 80, 20), 0);
        assert_eq!(floods(|n| n as u16, 500), 0);
    }
}
