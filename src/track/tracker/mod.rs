//! The flow tracker: every connection of a capture.

mod ending;
pub(in crate::track) mod flood;
mod options;
mod shard;
mod succession;

use crate::capture::defragment::Lost;
use crate::capture::{Span, Timestamp};
use crate::dissect::{IcmpError, Other, Segment};
use crate::rules::Rule;

use crate::track::conn::connection::{Connection, Path, Remark};
use crate::track::conn::step::{Shared, Step};
use crate::track::detect::capture::copies::digest;
use crate::track::detect::capture::quality::Quality;
use crate::track::detect::capture::unread::Unread;
use crate::track::detect::conclude::Ending;
use crate::track::shared::context::{Isn, Shift};
use crate::track::shared::isn::Isns;
use crate::track::shared::recent::RecentSegment;
use crate::track::store::table::{Age, Slot, Table};
use crate::track::tracker::flood::Floods;
use crate::track::{Event, FlowHash, FlowHasher, IcmpSeen, Observation, SegmentEffect};
pub use options::TrackerOptions;
pub use shard::Shard;

use ending::Limit;
use succession::guess_direction;

/// Time that goes back by less is the disorder of a card's queues.
const BACK: Span = Span::from_millis(10);
/// How many connections before its own end one is prefetched.
const END_LOOKAHEAD: usize = 8;

/// Follows every connection of one capture.
pub struct FlowTracker {
    options: TrackerOptions,
    table: Table,
    quality: Quality,
    isns: Isns,
    unread: Unread,
    floods: Floods,
    shared: Shared,
    /// Connections so far.
    flows: u32,
    started: Option<Timestamp>,
    /// The latest time so far: time-outs never run backwards.
    now: Timestamp,
    /// No connection's time is over before this.
    due: Timestamp,
    /// How many connections each limit has cost.
    evicted: [u64; Limit::COUNT],
    /// Connections that are still to be ended since the capture is over, the first one last.
    left: Vec<Slot>,
    /// A connection showed both directions.
    two_sided: bool,
    /// A connection proves that only one direction was captured.
    one_sided: bool,
}

/// How long a connection is kept that is in this state.
fn age(connection: &Connection) -> Age {
    if connection.is_over() {
        Age::Over
    } else if connection.is_half_open() {
        Age::HalfOpen
    } else {
        Age::Open
    }
}

impl FlowTracker {
    /// A tracker that has seen nothing.
    pub fn new(options: TrackerOptions) -> Self {
        Self {
            options,
            table: Table::new(options.max_hot, options.max_memory),
            quality: Quality::default(),
            isns: Isns::default(),
            unread: Unread::default(),
            floods: Floods::default(),
            shared: Shared { slow_response: options.slow_response, ..Shared::default() },
            flows: 0,
            started: None,
            now: Timestamp::default(),
            due: Timestamp::default(),
            evicted: Default::default(),
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
        self.table.look_ahead(&self.shared.recent);
        self.advance(segment.ts);
        let known = self.table.find(hash, segment);
        let predicted = known.filter(|_| self.options.predicts);
        if !predicted.is_some_and(|slot| self.observe_fast(slot, segment, observation)) {
            self.observe_slow(known, segment, observation);
        }
    }

    /// Prefetches what is known of the connections with these hashes, before a segment of the first is taken.
    pub fn look_ahead(&mut self, hashes: impl Iterator<Item = FlowHash>) {
        self.table.expect(hashes);
    }

    /// A segment that is just what was expected of a settled connection: that stays as it is, whatever its place in the table.
    /// False when it is not, and nothing has been done.
    fn observe_fast(&mut self, slot: Slot, segment: &Segment, observation: &mut Observation) -> bool {
        let Some(connection) = self.table.get(slot) else { return false };
        let from = connection.direction(segment);
        let mut step = Step { segment, from, obs: observation, shared: &mut self.shared };
        if step.shared.icmp.concerns(connection.number) || !connection.takes_fast_path(&step) {
            return false;
        }
        step.obs.flow = connection.number;
        self.quality.observe(&mut step, connection.is_offloaded(from, segment));
        let capacity = connection.flight_capacity();
        connection.observe(&mut step, Path::Fast);
        if connection.flight_capacity() != capacity {
            self.table.weigh(slot);
            self.limit_memory(slot);
        }
        self.table.settle();
        true
    }

    /// A packet that was captured before, at the same time: part of a file that was appended to another one. It counts for nothing,
    /// whether or not its connection is still `known`.
    fn observe_again(&mut self, known: Option<Slot>, segment: &Segment, observation: &mut Observation) -> bool {
        if self.now.since(segment.ts) <= BACK {
            return false;
        }
        self.shared.recent.go_back(segment.frame);
        let digest = digest(segment);
        let same = |passed: &&RecentSegment| {
            passed.ts == digest.ts && (passed.place, passed.ttl) == (digest.place, digest.ttl)
        };
        let Some(passed) = self.shared.recent.before(digest.hash).filter(same).copied() else { return false };
        let (flow, from) = passed.who();
        let mut connection = known.and_then(|slot| self.table.get(slot)).filter(|connection| connection.number == flow);
        if let Some(connection) = &connection {
            let states = connection.shown.unwrap_or_else(|| connection.states());
            (observation.flow, observation.client_known) = (flow, connection.client_known);
            (observation.before, observation.after) = (states, states);
        }
        observation.direction = Some(from);
        observation.effect = SegmentEffect::Copy(passed.frame);
        let mut step = Step { segment, from, obs: observation, shared: &mut self.shared };
        step.fire(Rule::CaptureDuplicate).frame("first", passed.frame);
        self.quality.note_again(&mut step, passed.frame);
        self.quality.observe(&mut step, None);
        if let Some(connection) = &mut connection {
            for finding in &step.obs.findings {
                connection.count_finding(finding.rule, finding.severity);
            }
            self.table.settle();
        }
        true
    }

    fn observe_slow(&mut self, known: Option<Slot>, segment: &Segment, observation: &mut Observation) {
        if self.observe_again(known, segment, observation) {
            return;
        }
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
        let mss = connection.is_offloaded(from, segment);
        self.quality.observe(&mut step, mss);
        connection.observe(&mut step, Path::Slow);
        if mid_stream && segment.flags.is_syn_ack() && step.obs.findings.len() == 1 && step.obs.notes.is_empty() {
            connection.once.note(Remark::StartsWithSynAck, 0);
            step.obs.provisional = true;
        }
        if matches!(step.obs.effect, SegmentEffect::Opens | SegmentEffect::OpensToo | SegmentEffect::Accepts) {
            step.shared.log_shift(|| Shift::Isn(Isn { src: segment.src, dst: segment.dst, seq: segment.seq }));
            if let Some((how, connections)) = self.isns.learn(segment) {
                step.fire(Rule::IsnPredictable).number("connections", connections).word("how", how);
                connection.count_finding(Rule::IsnPredictable, Rule::IsnPredictable.severity());
            }
        }
        if step.shared.icmp.concerns(connection.number) {
            connection.heed_icmp(&mut step);
        }
        self.two_sided |= connection.is_two_sided();
        self.shared.lossy |= connection.was_missed();
        let age = age(connection);
        self.table.set_age(slot, age, self.now);
        if let Some(old) = old {
            self.end(*old, Ending::Replaced);
        }
        self.table.weigh(slot);
        self.limit(slot);
        self.limit_memory(slot);
        self.table.settle();
        // It may have been put at the end of a list: nothing there is due sooner.
        self.due = self.due.min(Timestamp(self.now.0.saturating_add(self.shortest_patience().0)));
    }

    /// Takes a frame that holds no segment.
    #[inline]
    pub fn pass(&mut self, frame: u64, ts: Timestamp, other: Other) {
        self.advance(ts);
        match other {
            Other::Nothing => {}
            Other::Unread(link_type) => self.unread.count(link_type, frame, ts),
            Other::Icmp(error) => self.observe_icmp(frame, ts, error),
        }
    }

    /// Takes an ICMP error, and says which connection it is about.
    #[cold]
    fn observe_icmp(&mut self, frame: u64, ts: Timestamp, error: IcmpError) {
        let quoted = Segment::new(error.src, error.dst, error.seq);
        let slot = self.table.find(self.table.hasher().of(&quoted), &quoted);
        let mut seen = IcmpSeen { frame, ts, error, flow: None, seq: None };
        let mut finding = None;
        if let Some(connection) = slot.and_then(|slot| self.table.get(slot)) {
            let from = connection.direction(&quoted);
            seen.flow = Some((connection.number, from));
            (seen.seq, finding) = connection.take_icmp((frame, ts), &error, from, &mut self.shared.icmp);
            self.table.settle();
        }
        self.shared.events.push_back(Event::Icmp(Box::new(seen)));
        self.shared.events.extend(finding.map(Event::Finding));
    }

    /// Takes note of packets in fragments that came to nothing; once, before the end.
    pub fn lost_fragments(&mut self, lost: Lost) {
        self.shared.events.extend(crate::track::detect::capture::unread::lost_fragments(lost).map(Event::Finding));
    }

    /// Lets capture time go on without a segment.
    #[inline]
    pub fn advance(&mut self, now: Timestamp) {
        self.started.get_or_insert(now);
        if now <= self.now && self.flows > 0 {
            return;
        }
        self.now = now;
        if self.shared.stalls.is_due(now) {
            self.say_stalls(now);
        }
        if now >= self.due {
            self.expire(now);
        }
    }

    /// Ends every connection, one after the other as events are asked for: the capture is over.
    pub fn finish(&mut self) {
        self.say_stalls(Timestamp(i64::MAX));
        self.shared.events.extend(self.unread.findings().map(Event::Finding));
        let mut left = self.table.by_number();
        for slot in &left {
            self.one_sided |= self.table.header(*slot).is_some_and(|header| header.one_sided);
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
            self.table.prefetch_all(self.left.len().checked_sub(END_LOOKAHEAD).and_then(|at| self.left.get(at)));
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

    /// Those of them that are not over: the others are kept for what may still come of them.
    pub fn open(&self) -> usize {
        self.table.len() - self.table.count(Age::Over)
    }

    /// A header that cannot be read, of a connection that is not known: it does not start one.
    fn reject(&mut self, segment: &Segment, observation: &mut Observation) {
        observation.effect = SegmentEffect::Stray;
        observation.direction = Some(guess_direction(segment));
        let mut nobody = Connection::new(0, segment, guess_direction(segment));
        let from = guess_direction(segment);
        let mut step = Step { segment, from, obs: observation, shared: &mut self.shared };
        nobody.check_header(&mut step);
    }
}
