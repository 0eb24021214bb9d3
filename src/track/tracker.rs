//! The flow tracker: every connection of a capture.

use crate::capture::{Span, Timestamp};
use crate::dissect::{Segment, Socket, TcpFlags};
use crate::rules::Rule;

use super::conclude::{Ended, Ending};
use super::connection::{Connection, Way};
use super::flood::Floods;
use super::handshake::Reuse;
use super::isn::Isns;
use super::quality::Quality;
use super::step::{Shared, Step};
use super::table::{Age, Slot, Table};
use super::{Amend, Deed, Direction, Finding, FlowHash, FlowHasher, FlowRecord, Observation};

/// Limits and constants of a tracker.
#[derive(Clone, Copy, Debug)]
pub struct TrackerOptions {
    /// Maximum segment lifetime; TIME-WAIT lasts twice as long.
    pub msl: Span,
    /// Most connections tracked at once.
    pub max_flows: usize,
    /// Most connections tracked at once that have not been answered.
    pub max_half_open: usize,
    /// A connection without traffic for so long is forgotten.
    pub idle_timeout: Span,
    /// So many connections are at hand at once, those heard of last; others are packed while nothing is open of them.
    pub max_awake: usize,
    /// Take segments that are just what was expected without the checks that have nothing to say then. All that is said is the same without this.
    pub predicts: bool,
}

impl Default for TrackerOptions {
    fn default() -> Self {
        Self {
            // RFC 9293 §3.4.2 takes 2 minutes; 30 s is what Linux's TIME-WAIT of 60 s amounts to.
            msl: Span::from_secs(30),
            max_flows: 1_000_000,
            max_half_open: 250_000,
            // RFC 5382 REQ-5: an established connection may be idle for 2 hours and 4 minutes.
            idle_timeout: Span::from_secs(7_440),
            max_awake: 20 * 1024,
            predicts: true,
        }
    }
}

/// So many connections before its own end one is brought near.
const SOON: usize = 8;

/// In the order in which connections are let go whose time is over.
const AGES: [Age; 3] = [Age::Over, Age::HalfOpen, Age::Open];

/// A connection that was never answered is given up after so long (RFC 5382 REQ-5: 4 minutes).
const HALF_OPEN_TIMEOUT: Span = Span::from_secs(240);

/// Something that did not come with a segment.
#[derive(Clone, Debug)]
pub enum Event {
    /// A rule fired on a connection as a whole, or on the tracker.
    Finding(Finding),
    /// A frame's word has changed.
    Amend(Amend),
    /// A connection has ended, or was forgotten.
    Ended(Box<FlowRecord>),
}

/// Follows every connection of one capture.
pub struct FlowTracker {
    options: TrackerOptions,
    table: Table,
    quality: Quality,
    isns: Isns,
    floods: Floods,
    shared: Shared,
    /// Connections so far.
    flows: u32,
    started: Option<Timestamp>,
    /// The latest time so far: time-outs never run backwards.
    now: Timestamp,
    /// No connection's time is over before this.
    due: Timestamp,
    evicted: u64,
    /// Connections that are still to be ended since the capture is over, the first one last.
    left: Vec<Slot>,
    /// A connection showed both directions.
    two_sided: bool,
    /// A connection proves that only one direction was captured.
    one_sided: bool,
}

impl FlowTracker {
    /// A tracker that has seen nothing.
    pub fn new(options: TrackerOptions) -> Self {
        Self {
            options,
            table: Table::new(options.max_awake),
            quality: Quality::default(),
            isns: Isns::default(),
            floods: Floods::default(),
            shared: Shared::default(),
            flows: 0,
            started: None,
            now: Timestamp::default(),
            due: Timestamp::default(),
            evicted: 0,
            left: Vec::new(),
            two_sided: false,
            one_sided: false,
        }
    }

    /// Takes the next segment, and says in `observation` what it did. Events may be waiting afterwards.
    pub fn observe(&mut self, segment: &Segment, observation: &mut Observation) {
        self.observe_hashed(segment, self.hasher().of(segment), observation);
    }

    /// Says where this tracker looks for a segment's connection: what [`observe_hashed`](Self::observe_hashed) wants to know.
    pub fn hasher(&self) -> &FlowHasher {
        self.table.hasher()
    }

    /// Takes the next segment, whose hash this tracker's [`hasher`](Self::hasher) has made.
    pub fn observe_hashed(&mut self, segment: &Segment, hash: FlowHash, observation: &mut Observation) {
        observation.clear();
        self.table.look_ahead(&self.shared.trail);
        self.advance(segment.ts);
        let known = self.table.find(hash, segment);
        let predicted = known.filter(|_| self.options.predicts);
        if !predicted.is_some_and(|slot| self.observe_expected(slot, segment, observation)) {
            self.observe_any(known, segment, observation);
        }
    }

    /// Brings near what is known of the connections with these hashes, before a segment of the first is taken.
    pub fn look_ahead(&mut self, hashes: impl Iterator<Item = FlowHash>) {
        self.table.expect(hashes);
    }

    /// A segment that is just what was expected of a settled connection: that stays as it is, whatever its place in the table.
    /// False when it is not, and nothing has been done.
    fn observe_expected(&mut self, slot: Slot, segment: &Segment, observation: &mut Observation) -> bool {
        let Some(connection) = self.table.get(slot) else { return false };
        let from = connection.direction(segment);
        let mut step = Step { segment, from, obs: observation, shared: &mut self.shared };
        if !connection.expects(&step) {
            return false;
        }
        step.obs.flow = connection.number;
        self.quality.observe(&mut step, connection.is_offloaded(from, segment.payload_len, segment.wire_len));
        connection.observe(&mut step, Way::Expected);
        self.table.settle();
        true
    }

    fn observe_any(&mut self, known: Option<Slot>, segment: &Segment, observation: &mut Observation) {
        let known = known.filter(|slot| !self.forget_if_over(*slot));
        if segment.header_fault.is_some() && known.is_none() {
            return self.reject(segment, observation);
        }
        let (slot, old) = match known {
            Some(slot) => self.continue_or_replace(slot, segment),
            None => (self.begin(segment), None),
        };
        let Some(connection) = self.table.get(slot) else { return };
        let from = connection.direction(segment);
        let mut step = Step { segment, from, obs: observation, shared: &mut self.shared };
        step.obs.flow = connection.number;
        if let Some(old) = &old {
            connection.check_reuse(old, &mut step, self.options.msl.doubled());
        }
        let mid_stream = connection.starts_mid_stream(segment);
        if mid_stream {
            let finding = step.fire(Rule::StartsMidStream);
            if !segment.flags.is_syn_ack() {
                finding.word("client", "who has the higher port");
            }
        }
        let mss = connection.is_offloaded(from, segment.payload_len, segment.wire_len);
        self.quality.observe(&mut step, mss);
        connection.observe(&mut step, Way::Any);
        if matches!(step.obs.deed, Deed::Opens | Deed::OpensToo | Deed::Accepts)
            && let Some((how, connections)) = self.isns.learn(segment)
        {
            step.fire(Rule::IsnPredictable).number("connections", connections).word("how", how);
            connection.count_finding(Rule::IsnPredictable, Rule::IsnPredictable.severity());
        }
        self.two_sided |= connection.is_two_sided();
        self.shared.lossy |= connection.was_missed();
        let age = if connection.is_over() {
            Age::Over
        } else if connection.is_half_open() {
            Age::HalfOpen
        } else {
            Age::Open
        };
        self.table.set_age(slot, age, self.now);
        if let Some(old) = old {
            self.end(*old, Ending::Replaced);
        }
        self.limit(slot);
        self.table.settle();
        // It may have been put at the end of a list: nothing there is due sooner.
        self.due = self.due.min(Timestamp(self.now.0.saturating_add(self.shortest_patience().0)));
    }

    fn patience(&self, age: Age) -> Span {
        match age {
            Age::Over => self.options.msl.doubled(),
            Age::HalfOpen => HALF_OPEN_TIMEOUT,
            Age::Open => self.options.idle_timeout,
        }
    }

    fn shortest_patience(&self) -> Span {
        AGES.into_iter().map(|age| self.patience(age)).min().unwrap_or_default()
    }

    /// Lets capture time go on without a segment (a frame that holds no TCP).
    #[inline]
    pub fn advance(&mut self, now: Timestamp) {
        self.started.get_or_insert(now);
        if now <= self.now && self.flows > 0 {
            return;
        }
        self.now = now;
        if now >= self.due {
            self.expire(now);
        }
    }

    /// Lets the connections go whose time is over.
    fn expire(&mut self, now: Timestamp) {
        self.due = Timestamp(i64::MAX);
        for age in AGES {
            let patience = self.patience(age);
            while let Some((slot, queued)) = self.table.oldest(age) {
                if now.since(queued) < patience {
                    self.due = self.due.min(Timestamp(queued.0.saturating_add(patience.0)));
                    break;
                }
                let last = self.table.label(slot).map_or(queued, |label| label.last);
                if now.since(last) < patience {
                    self.table.requeue(slot, now);
                } else {
                    self.remove(slot, Ending::TimedOut);
                }
            }
        }
    }

    /// Ends every connection, one after the other as events are asked for: the capture is over.
    pub fn finish(&mut self) {
        let mut left = self.table.by_number();
        for slot in &left {
            self.one_sided |= self.table.label(*slot).is_some_and(|label| label.one_sided);
        }
        left.reverse();
        self.left = left;
    }

    /// The capture has lost packets, of which connection cannot be told: what is missing from now on is held against nobody.
    pub fn capture_lost(&mut self) {
        self.shared.lossy = true;
    }

    /// The next event, oldest first.
    #[inline]
    pub fn next_event(&mut self) -> Option<Event> {
        if self.shared.events.is_empty() && self.left.is_empty() { None } else { self.event_at_hand() }
    }

    fn event_at_hand(&mut self) -> Option<Event> {
        while self.shared.events.is_empty()
            && let Some(slot) = self.left.pop()
        {
            self.table.bring_all_near(self.left.len().checked_sub(SOON).and_then(|at| self.left.get(at)));
            // One at a time: their records together may need more room than the connections.
            self.remove(slot, Ending::CaptureEnds);
            if self.left.is_empty() {
                self.say_evicted();
            }
        }
        self.shared.events.pop_front()
    }

    /// Connections tracked now.
    pub fn live(&self) -> usize {
        self.table.len()
    }

    fn say_evicted(&mut self) {
        if self.evicted > 1 {
            let mut finding = Finding::new(Rule::StateLimited);
            finding
                .word("limit", "the limit of connections tracked at once")
                .with("value", super::Value::Count(self.evicted.try_into().unwrap_or(i64::MAX), "time"))
                .word("what", "as many connections were given up early, unanswered ones first");
            finding.ts = self.now;
            self.shared.events.push_back(Event::Finding(finding));
        }
    }

    /// A header that cannot be read, of a connection that is not known: it does not start one.
    fn reject(&mut self, segment: &Segment, observation: &mut Observation) {
        observation.deed = Deed::Stray;
        observation.direction = Some(guess_direction(segment));
        let mut nobody = Connection::new(0, segment, guess_direction(segment));
        let from = guess_direction(segment);
        let mut step = Step { segment, from, obs: observation, shared: &mut self.shared };
        nobody.check_header(&mut step);
    }

    fn begin(&mut self, segment: &Segment) -> Slot {
        self.flows = self.flows.saturating_add(1);
        let mut connection = Connection::new(self.flows, segment, guess_direction(segment));
        connection.age = segment.ts.since(self.started.unwrap_or(segment.ts));
        connection.alone = !self.two_sided;
        self.table.insert(connection, Age::Open, self.now)
    }

    /// The connection that a segment on known addresses and ports belongs to; the old one too when that is a new one.
    fn continue_or_replace(&mut self, slot: Slot, segment: &Segment) -> (Slot, Option<Box<Connection>>) {
        let msl = self.options.msl;
        let Some(connection) = self.table.get(slot) else { return (slot, None) };
        if segment.flags.is_syn() {
            return match connection.reuse(segment, msl) {
                Reuse::New => {
                    let old = self.table.remove(slot).map(Box::new);
                    (self.begin(segment), old)
                }
                Reuse::Same | Reuse::Undecided => (slot, None),
            };
        }
        if connection.is_foreign(segment) || connection.is_opened_anew(segment) {
            // Its SYN was not captured.
            let old = self.table.remove(slot).map(Box::new);
            return (self.begin(segment), old);
        }
        // The answer to a SYN that seemed not to belong: the other end took it, so a new connection has begun.
        let accepted = |syn: &Segment| {
            segment.flags.is_syn_ack()
                && segment.src == syn.dst
                && segment.ack == Some(syn.seq.plus(1 + syn.payload_len))
        };
        let Some(syn) = connection.pending_syn.take_if(|syn| accepted(syn)) else { return (slot, None) };
        // The SYN is the new connection's, so it is not counted twice; what was said of it stays where it was said.
        let old = self.table.remove(slot).map(|mut old| {
            old.disown(&syn);
            Box::new(old)
        });
        let slot = self.begin(&syn);
        let mut unheard = Observation::default();
        if let Some(connection) = self.table.get(slot) {
            let from = connection.direction(&syn);
            let mut step = Step { segment: &syn, from, obs: &mut unheard, shared: &mut self.shared };
            connection.observe(&mut step, Way::Any);
            connection.found.clear();
            connection.regraded.clear();
        }
        (slot, old)
    }

    /// Lets a connection go whose time was over before this segment came. True when it did.
    fn forget_if_over(&mut self, slot: Slot) -> bool {
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

    /// Gives up connections beyond the limits: unanswered ones first, then those that are over, then the oldest.
    fn limit(&mut self, newest: Slot) {
        while self.table.len() > self.options.max_flows.max(1)
            || self.table.count(Age::HalfOpen) > self.options.max_half_open.max(1)
        {
            let half_open = self.table.count(Age::HalfOpen) > self.options.max_half_open.max(1);
            let victim = [Age::HalfOpen, Age::Over, Age::Open]
                .into_iter()
                .filter_map(|age| self.table.oldest(age))
                .map(|(slot, _)| slot)
                .find(|slot| *slot != newest);
            let Some(victim) = victim else { return };
            if half_open && let Some((target, attempts)) = self.floods.look(&self.table) {
                self.say_flood(newest, target, attempts);
            }
            self.evicted += 1;
            if self.evicted == 1 {
                self.say_limited(victim, half_open);
            }
            self.remove(victim, Ending::Evicted);
        }
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

    fn say_limited(&mut self, victim: Slot, half_open: bool) {
        let (limit, value) = if half_open {
            ("the limit of connections not yet answered", self.options.max_half_open)
        } else {
            ("the limit of connections tracked at once", self.options.max_flows)
        };
        let mut finding = Finding::new(Rule::StateLimited);
        if let Some(connection) = self.table.get(victim) {
            finding.flow = Some(connection.number);
            (finding.frame, finding.ts) = connection.last;
        }
        finding
            .word("limit", limit)
            .number("value", i64::try_from(value).unwrap_or(i64::MAX))
            .word("what", "this connection is the first to be given up early, others follow");
        self.shared.events.push_back(Event::Finding(finding));
    }

    fn remove(&mut self, slot: Slot, why: Ending) {
        if let Some(connection) = self.table.remove(slot) {
            self.end(connection, why);
        }
    }

    fn end(&mut self, mut connection: Connection, why: Ending) {
        self.one_sided |= connection.only_side().is_some();
        let ended =
            Ended { why, now: self.now, one_sided: self.one_sided && !self.two_sided, lossy: self.shared.lossy };
        if why == Ending::Evicted {
            connection.count_finding(Rule::StateLimited, Rule::StateLimited.severity());
        }
        for finding in connection.conclude(ended) {
            self.shared.events.push_back(Event::Finding(finding));
        }
        let record = connection.record(ended, self.options.msl.doubled());
        self.shared.events.push_back(Event::Ended(Box::new(record)));
    }
}

/// Which way the first segment of a connection goes, by its flags, and failing that by the ports: clients use the higher ones.
fn guess_direction(segment: &Segment) -> Direction {
    let from_server = if segment.flags.intersects(TcpFlags::SYN) {
        segment.flags.is_syn_ack()
    } else {
        segment.src.port < segment.dst.port
    };
    if from_server { Direction::FromResponder } else { Direction::FromOriginator }
}
