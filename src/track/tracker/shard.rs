//! Some of a capture's connections, tracked as if the others were there too: what these change for all is heard from a context.
//!
//! A shard says what its own segments change for all connections. Shards that heard of each other what they then say themselves
//! have done together what one tracker of all connections does.

use std::collections::VecDeque;

use crate::capture::Timestamp;
use crate::dissect::{Other, Segment};
use crate::track::shared::carried::kind_of;
use crate::track::shared::context::{Counted, Isn, Shift, Shifts};
use crate::track::tracker::FlowTracker;
use crate::track::{Event, Observation, TrackerOptions};

/// What is said at the end of a capture.
const END: u64 = u64::MAX >> 1;
/// Answers about frames of other shards are kept apart by this bit.
const ANSWER: u64 = 1 << 63;
/// Packets that come again in a row, from which on it may be that every packet of the capture does.
const ECHOES: u32 = 2;

/// A tracker of some of a capture's connections.
pub struct Shard {
    tracker: FlowTracker,
    /// What the segments of all shards change, oldest first.
    context: VecDeque<Shifts>,
    log: Vec<Shifts>,
    /// By how much all shards have counted otherwise than headers say.
    counted: Counted,
    doubt: Option<&'static str>,
}

/// What is compared to see what a segment has changed.
#[derive(Clone, Copy)]
struct Marks {
    flows: u32,
    flags: [bool; FLAGS.len()],
    due: u32,
    altered: u32,
    hosts: usize,
    bare: u64,
    data: u64,
}

/// What is so of the whole capture from some segment on.
const FLAGS: [Shift; 4] = [Shift::TwoSided, Shift::Lossy, Shift::Skewed, Shift::AcksMissing];

impl Shard {
    /// Of a capture whose first frame came then. None where `context` is not what shards have logged.
    pub fn new(options: TrackerOptions, context: &[u8], started: Timestamp) -> Option<Self> {
        let mut tracker = FlowTracker::new(options);
        tracker.started = Some(started);
        tracker.shared.shifts = Some(Vec::new());
        tracker.shared.stalls.listen();
        let (mut from, mut known) = (context, VecDeque::new());
        while !from.is_empty() {
            let (shifts, rest) = postcard::take_from_bytes::<Shifts>(from).ok()?;
            from = rest;
            if shifts.frame & ANSWER == 0 {
                known.push_back(shifts);
            } else {
                let common = shifts.shifts.contains(&Shift::OneSided);
                tracker.shared.stalls.know_loud(shifts.frame & !ANSWER, common);
            }
        }
        Some(Self { tracker, context: known, log: Vec::new(), counted: Counted::default(), doubt: None })
    }

    /// Takes a segment, and the number of bare acknowledgments and of segments with data before it in the capture.
    pub fn segment(&mut self, segment: &Segment, (bare, data): (u64, u64), observation: &mut Observation) {
        self.hear_until(segment.frame);
        let counts = &mut self.tracker.shared.counts;
        counts.bare = bare.saturating_add_signed(self.counted.bare);
        counts.data = data.saturating_add_signed(self.counted.data);
        let before = self.marks();
        self.tracker.observe(segment, observation);
        self.note(segment, before);
    }

    /// Takes a frame that holds an error about a segment.
    pub fn other(&mut self, frame: u64, ts: Timestamp, other: Other) {
        self.hear_until(frame);
        self.tracker.pass(frame, ts, other);
        self.doubt_what_is_not_shared();
    }

    /// The capture is over, and its last frame came then.
    pub fn finish(&mut self, last: Timestamp) {
        self.hear_until(END);
        self.tracker.advance(last);
        self.doubt_what_is_not_shared();
        self.tracker.finish();
        if self.tracker.one_sided {
            self.log.push(Shifts { frame: END, ts: last, shifts: vec![Shift::OneSided] });
        }
        self.tracker.one_sided |= !self.context.is_empty();
        let answers = self.tracker.shared.stalls.loud();
        self.log.extend(answers.map(|(frame, waiting)| Shifts {
            frame: frame | ANSWER,
            ts: Timestamp(0),
            shifts: if waiting { vec![Shift::OneSided] } else { Vec::new() },
        }));
    }

    /// The next event, oldest first.
    pub fn next_event(&mut self) -> Option<Event> {
        self.tracker.next_event()
    }

    /// What its segments have changed for all connections: by frame, in bytes.
    pub fn log(&self) -> impl Iterator<Item = (u64, Vec<u8>)> {
        // Numbers and lists of known length: it cannot fail.
        self.log.iter().map(|shifts| (shifts.frame, postcard::to_allocvec(shifts).unwrap_or_default()))
    }

    /// Why what it says may not be what a tracker of all connections would say.
    pub fn doubt(&self) -> Option<&'static str> {
        self.doubt
    }

    /// Takes what others changed before that frame.
    fn hear_until(&mut self, frame: u64) {
        while let Some(shifts) = self.context.front()
            && shifts.frame <= frame
            && shifts.frame < END
            && let Some(shifts) = self.context.pop_front()
        {
            // What its own frames change, it finds itself.
            if shifts.frame < frame {
                self.tracker.advance(shifts.ts);
                shifts.shifts.iter().for_each(|shift| self.hear(shifts.ts, shift));
            }
        }
    }

    fn hear(&mut self, ts: Timestamp, shift: &Shift) {
        let tracker = &mut self.tracker;
        let shared = &mut tracker.shared;
        match shift {
            Shift::Began(number) => tracker.flows = tracker.flows.saturating_add(*number),
            Shift::TwoSided => tracker.two_sided = true,
            Shift::OneSided => tracker.one_sided = true,
            Shift::Lossy => shared.lossy = true,
            Shift::Skewed => shared.skewed = true,
            Shift::Due(number) => shared.counts.due = shared.counts.due.saturating_add(*number),
            Shift::AcksMissing => shared.counts.acks_missing = true,
            Shift::Altered(number) => shared.counts.altered = shared.counts.altered.saturating_add(*number),
            Shift::Counted(by) => {
                self.counted.bare += by.bare;
                self.counted.data += by.data;
            }
            Shift::Hosts(number) => shared.stacks.know_others(*number as usize),
            Shift::Tapped(tap) => shared.taps.hear(*tap),
            Shift::Paused(pause) => shared.stalls.note(*pause, &shared.recent),
            Shift::Waited(wait) => shared.waits.note(*wait),
            Shift::Isn(Isn { src, dst, seq }) => {
                tracker.isns.learn(&Segment { ts, ..Segment::new(*src, *dst, *seq) });
            }
            Shift::Said(said) => {
                tracker.quality.hear(said.rule.rule(), said.interface);
            }
        }
    }

    fn marks(&self) -> Marks {
        let FlowTracker { flows, two_sided, shared, .. } = &self.tracker;
        Marks {
            flows: *flows,
            // In the order of `FLAGS`.
            flags: [*two_sided, shared.lossy, shared.skewed, shared.counts.acks_missing],
            due: shared.counts.due,
            altered: shared.counts.altered,
            hosts: shared.stacks.known(),
            bare: shared.counts.bare,
            data: shared.counts.data,
        }
    }

    /// Logs what a segment has changed.
    fn note(&mut self, segment: &Segment, before: Marks) {
        let now = self.marks();
        let mut shifts = self.tracker.shared.shifts.as_mut().map(std::mem::take).unwrap_or_default();
        let set = before.flags.iter().zip(now.flags).map(|(before, now)| now && !before);
        shifts.extend(FLAGS.into_iter().zip(set).filter(|(_, set)| *set).map(|(flag, _)| flag));
        let grown = [
            (now.flows - before.flows, Shift::Began as fn(u32) -> Shift),
            (now.due - before.due, Shift::Due),
            (now.altered - before.altered, Shift::Altered),
            ((now.hosts - before.hosts) as u32, Shift::Hosts),
        ];
        shifts.extend(grown.into_iter().filter(|(by, _)| *by > 0).map(|(by, shift)| shift(by)));
        let (bare, data) = kind_of(segment);
        let by = Counted {
            bare: now.bare as i64 - before.bare as i64 - i64::from(bare),
            data: now.data as i64 - before.data as i64 - i64::from(data),
        };
        if by != Counted::default() {
            self.counted.bare += by.bare;
            self.counted.data += by.data;
            shifts.push(Shift::Counted(by));
        }
        if !shifts.is_empty() {
            self.log.push(Shifts { frame: segment.frame, ts: segment.ts, shifts });
        }
        self.doubt_what_is_not_shared();
    }

    fn doubt_what_is_not_shared(&mut self) {
        let FlowTracker { shared, evicted, one_sided, two_sided, .. } = &self.tracker;
        let doubts = [
            (shared.echo.heard() >= ECHOES, "every packet may come twice"),
            (shared.stalls.is_quiet(), "connections stood still together"),
            (evicted.iter().any(|count| *count > 0), "there are more connections than its limits allow"),
            (*one_sided && !two_sided, "only one direction of some connections was captured"),
            (shared.icmp.is_full(), "there are ICMP errors about too many connections"),
        ];
        let found = doubts.into_iter().find_map(|(doubts, why)| doubts.then_some(why));
        self.doubt = self.doubt.or(found);
    }
}
