//! When connections end: their time is over, the capture is, or there are too many.

use crate::capture::{Span, Timestamp};
use crate::dissect::Socket;
use crate::rules::Rule;
use crate::track::conn::connection::Connection;
use crate::track::detect::conclude::{Ended, Ending};
use crate::track::store::table::{Age, Slot};
use crate::track::tracker::FlowTracker;
use crate::track::{Event, Finding, FlowRecord, Value};

/// In the order in which connections are let go whose time is over.
// RFC 9293 §3.6: silence ends no open connection.
const AGES: [Age; 2] = [Age::Over, Age::HalfOpen];

/// A connection that was never answered is given up after so long (RFC 5382 REQ-5: 4 minutes).
const HALF_OPEN_TIMEOUT: Span = Span::from_secs(240);

/// Why a connection is given up early.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) enum Limit {
    Flows,
    HalfOpen,
    Memory,
}

impl Limit {
    pub(in crate::track) const COUNT: usize = 3;

    fn pending(self) -> &'static str {
        match self {
            Self::Flows => "the limit of connections tracked at once",
            Self::HalfOpen => "the limit of connections not yet answered",
            Self::Memory => "the limit of memory for connections",
        }
    }
}

impl FlowTracker {
    fn patience(&self, age: Age) -> Span {
        match age {
            Age::Over => self.options.msl.doubled(),
            Age::HalfOpen => HALF_OPEN_TIMEOUT,
            Age::Open => Span(i64::MAX),
        }
    }

    pub(in crate::track) fn shortest_patience(&self) -> Span {
        AGES.into_iter().map(|age| self.patience(age)).min().unwrap_or_default()
    }

    /// Lets the connections go whose time is over.
    pub(in crate::track) fn expire(&mut self, now: Timestamp) {
        self.due = Timestamp(i64::MAX);
        for age in AGES {
            let patience = self.patience(age);
            while let Some((slot, queued)) = self.table.oldest(age) {
                if now.since(queued) < patience {
                    self.due = self.due.min(Timestamp(queued.0.saturating_add(patience.0)));
                    break;
                }
                let last = self.table.header(slot).map_or(queued, |header| header.last);
                if now.since(last) < patience {
                    self.table.requeue(slot, now);
                } else {
                    self.remove(slot, Ending::TimedOut);
                }
            }
        }
    }

    /// Says the stalls that are over.
    #[cold]
    pub(in crate::track) fn say_stalls(&mut self, now: Timestamp) {
        let stalls = self.shared.stalls.settle(now);
        self.shared.events.extend(stalls.into_iter().map(Event::Finding));
    }

    /// Lets a connection go whose time was over before this segment came. True when it did.
    pub(in crate::track) fn forget_if_over(&mut self, slot: Slot) -> bool {
        let (now, two_msl) = (self.now, self.options.msl.doubled());
        let over = self
            .table
            .get(slot)
            .is_some_and(|connection| connection.is_over() && now.since(connection.last.1) > two_msl);
        if over {
            self.remove(slot, Ending::TimedOut);
        }
        over
    }

    /// The connection of an age that was not heard of for longest.
    fn idlest(&mut self, age: Age) -> Option<Slot> {
        loop {
            let (slot, queued) = self.table.oldest(age)?;
            // It was heard of since: each packet puts one connection back at most.
            if self.table.header(slot).is_none_or(|header| header.last <= queued) {
                return Some(slot);
            }
            self.table.requeue(slot, self.now);
        }
    }

    /// Gives up connections beyond the limits: unanswered ones first, then those that are over, then the one idle for longest.
    pub(in crate::track) fn limit(&mut self, newest: Slot) {
        while self.table.len() > self.options.max_flows.max(1)
            || self.table.count(Age::HalfOpen) > self.options.max_half_open.max(1)
        {
            let half_open = self.table.count(Age::HalfOpen) > self.options.max_half_open.max(1);
            let Some(victim) = self.idlest_but(newest) else { return };
            if half_open && let Some((target, attempts)) = self.floods.look(&self.table) {
                self.say_flood(newest, target, attempts);
            }
            self.give_up(victim, if half_open { Limit::HalfOpen } else { Limit::Flows });
        }
    }

    /// Gives up connections beyond the limit of memory: those that cannot be evicted first, and then as [`limit`](Self::limit) does.
    #[inline]
    pub(in crate::track) fn limit_memory(&mut self, newest: Slot) {
        while self.table.is_too_large() {
            let stuck = self.table.evict_idle(newest);
            if stuck.is_none() && !self.table.is_too_large() {
                return;
            }
            let Some(victim) = stuck.or_else(|| self.idlest_but(newest)) else { return };
            self.give_up(victim, Limit::Memory);
        }
    }

    /// The one that would be missed least: unanswered ones first, then those that are over, then the one idle for longest.
    fn idlest_but(&mut self, newest: Slot) -> Option<Slot> {
        let ages = [Age::HalfOpen, Age::Over, Age::Open];
        ages.into_iter().find_map(|age| {
            let first = self.idlest(age)?;
            if first != newest {
                return Some(first);
            }
            // Time went back, or it is the only one of its age.
            self.table.requeue(first, self.now);
            self.idlest(age).filter(|slot| *slot != newest)
        })
    }

    fn give_up(&mut self, victim: Slot, limit: Limit) {
        let evicted = &mut self.evicted[limit as usize];
        *evicted = evicted.saturating_add(1);
        if *evicted == 1 {
            self.say_limited(victim, limit);
        }
        self.remove(victim, Ending::Evicted);
    }

    fn say_flood(&mut self, newest: Slot, target: Socket, attempts: usize) {
        let mut finding = Finding::new(Rule::SynFlood);
        if let Some(connection) = self.table.get(newest).filter(|newest| newest.ends[1].socket == target) {
            finding.flow = Some(connection.number);
            (finding.frame, finding.ts) = connection.last;
            connection.count_finding(Rule::SynFlood, Rule::SynFlood.severity());
        } else {
            finding.ts = self.now;
        }
        finding.number("attempts", i64::try_from(attempts).unwrap_or(i64::MAX)).number("port", target.port);
        self.shared.events.push_back(Event::Finding(finding));
    }

    fn say_limited(&mut self, victim: Slot, limit: Limit) {
        let value = match limit {
            Limit::Flows => self.options.max_flows,
            Limit::HalfOpen => self.options.max_half_open,
            Limit::Memory => self.options.max_memory,
        };
        let value = match limit {
            Limit::Memory => Value::Bytes(value as u64),
            Limit::Flows | Limit::HalfOpen => Value::Number(i64::try_from(value).unwrap_or(i64::MAX)),
        };
        let mut finding = Finding::new(Rule::StateLimited);
        if let Some(connection) = self.table.get(victim) {
            finding.flow = Some(connection.number);
            (finding.frame, finding.ts) = connection.last;
        }
        finding
            .word("limit", limit.pending())
            .with("value", value)
            .word("what", "this connection is the first to be given up early, others follow");
        self.shared.events.push_back(Event::Finding(finding));
    }

    pub(in crate::track) fn remove(&mut self, slot: Slot, why: Ending) {
        if let Some(connection) = self.table.remove(slot) {
            self.end(connection, why);
        }
    }

    pub(in crate::track) fn end(&mut self, mut connection: Connection, why: Ending) {
        self.one_sided |= connection.only_side().is_some();
        let ended =
            Ended { why, now: self.now, one_sided: self.one_sided && !self.two_sided, lossy: self.shared.lossy };
        if why == Ending::Evicted {
            connection.count_finding(Rule::StateLimited, Rule::StateLimited.severity());
        }
        connection.settle_silence(&mut self.shared, Timestamp(i64::MAX));
        let mut findings = connection.conclude(ended, &self.shared);
        let refused = self.shared.icmp.unreachable(connection.number, connection.ends[1].socket.addr);
        if self.shared.icmp.concerns(connection.number) {
            self.shared.icmp.explain(connection.number, &mut findings);
            self.shared.icmp.forget(connection.number);
        }
        for finding in findings {
            self.shared.events.push_back(Event::Finding(finding));
        }
        if let Some(exchange) = connection.close_exchange() {
            self.shared.events.push_back(Event::Exchange(exchange));
        }
        let record = connection.record(ended, self.options.msl.doubled(), refused);
        self.shared.events.push_back(Event::Ended(Box::new(record)));
    }

    /// The records of connections that are over and had a segment since then; they are tracked on, and end when their time is over.
    pub fn over_since(&mut self, since: Timestamp) -> Vec<FlowRecord> {
        let ended = Ended {
            why: Ending::CaptureEnds,
            now: self.now,
            one_sided: self.one_sided && !self.two_sided,
            lossy: self.shared.lossy,
        };
        let mut records = Vec::new();
        for slot in self.table.places(Age::Over) {
            if self.table.header(slot).is_none_or(|header| header.last < since) {
                continue;
            }
            let (Some(connection), icmp) = (self.table.get(slot), &self.shared.icmp) else { continue };
            let refused = icmp.unreachable(connection.number, connection.ends[1].socket.addr);
            records.push(connection.record_so_far(ended, self.options.msl.doubled(), refused));
        }
        records
    }

    pub(in crate::track) fn say_evicted(&mut self) {
        let [flows, half_open, memory] = self.evicted;
        for (limit, evicted) in [(Limit::Flows, flows.saturating_add(half_open)), (Limit::Memory, memory)] {
            if evicted < 2 {
                continue;
            }
            let mut finding = Finding::new(Rule::StateLimited);
            finding
                .word("limit", limit.pending())
                .with("value", Value::Count(evicted.try_into().unwrap_or(i64::MAX), "time"))
                .word("what", "as many connections were given up early, unanswered ones first");
            finding.ts = self.now;
            self.shared.events.push_back(Event::Finding(finding));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::tracker::flood::tests::syn;
    use crate::track::{FlowTracker, Observation, TrackerOptions};

    #[test]
    fn beyond_the_limit_the_connection_goes_that_is_idle_for_longest() {
        let mut tracker = FlowTracker::new(TrackerOptions { max_flows: 2, ..TrackerOptions::default() });
        let mut ended = Vec::new();
        // The first one is heard of again before the third comes.
        for (at, n) in [0, 1, 0, 2].into_iter().enumerate() {
            let mut segment = syn(n, 1000);
            (segment.frame, segment.ts) = (at as u64 + 1, Timestamp(at as i64 * 1_000_000_000));
            tracker.observe(&segment, &mut Observation::default());
            ended.extend(std::iter::from_fn(|| tracker.next_event()).filter_map(|event| match event {
                Event::Ended(record) => Some(record.number),
                _ => None,
            }));
        }
        assert_eq!(ended, [2]);
        assert_eq!(tracker.live(), 2);
    }
}
