//! One connection: two ends, and what each segment does to them.
//!
//! The steps are spread over files by subject: `handshake` (TC1), `sequence` (TC2), `acks` (TC3), `close` (TC4), `header` (TC5),
//! `injection`, `challenge` and `path` (TC6), and `conclude` for what holds when it ends.

mod closing;
mod handshake;
mod once;
mod rare;
mod tally;

use std::mem::offset_of;
use std::ops::Range;

use crate::capture::{Span, Timestamp};
use crate::dissect::{Segment, TcpFlags};

use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::exchanges::{Exchanges, Turn};
use crate::track::conn::facts::{self, CutOff, Fact, Finished};
use crate::track::conn::history::History;
use crate::track::conn::limits::Limits;
use crate::track::conn::path_watch::PathWatch;
use crate::track::conn::rare::Rare;
use crate::track::conn::step::Step;
use crate::track::packed::packed;
use crate::track::{Direction, FlowKey, Note, States, TcpState};
use closing::Closing;
use handshake::Handshake;
pub(in crate::track) use once::{Once, Remark};
pub(in crate::track) use rare::RareConnection;

/// A connection, as far as its frames tell.
// In this order in memory too, by cache lines: what each segment needs stands first.
#[repr(C, align(64))]
#[derive(Debug)]
pub(in crate::track) struct Connection {
    pub number: u32,
    /// The client's SYN was seen, or the server's SYN+ACK.
    pub client_known: bool,
    /// Nothing is open: what is expected next needs no checks.
    fast_path_eligible: bool,
    /// The word about this segment may change.
    pub provisional: bool,
    /// Acknowledged holes are waiting for their verdict.
    pub gaps_acked: bool,
    /// No connection before it showed both directions.
    pub alone: bool,
    /// Whose turn it is to send.
    pub(in crate::track) turn: Turn,
    /// Both ends' states after the last segment.
    pub shown: Option<States>,
    /// A keep-alive or zero-window probe that waits for its answer, and who sent it.
    pub probe: Option<(Direction, Note)>,
    pub last: (u64, Timestamp),
    /// What held it back, each way.
    pub limits: Limits,
    pub history: History,
    /// The client's end, then the server's.
    pub ends: [Endpoint; 2],
    /// Requests and their answers so far.
    pub(in crate::track) exchanges: Option<Box<Exchanges>>,
    /// What only few connections need.
    pub rare: Rare<RareConnection>,
    pub first: (u64, Timestamp),
    /// How long the capture had been going on when it began.
    pub age: Span,
    handshake: Handshake,
    /// How it closes, once an end does.
    closing: Option<Box<Closing>>,
    /// Findings that were made once and are not made again.
    pub once: Once,
}

packed!(Connection {
    last, first, handshake, ends, client_known, age, alone, closing, shown, history, limits, probe, gaps_acked, provisional, once,
    fast_path_eligible, turn, exchanges, rare
} at_rest { number });

// What is rare belongs behind a pointer: tens of thousands of connections are hot at once.
const _: () = assert!(size_of::<Connection>() <= 1024, "every connection takes it");

/// How a segment is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) enum Path {
    /// The connection [expects](Connection::expects) it: without checks that cannot say anything.
    Fast,
    /// Whatever it is.
    Slow,
}

/// How, by whom and when a connection was cut off.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Cut {
    pub how: CutOff,
    pub by: Direction,
    /// Time to live of the segment that did.
    pub ttl: u8,
    pub frame: u64,
    pub ts: Timestamp,
}

packed!(Cut { how, by, ttl, ts } delta Frame { frame });

impl Connection {
    /// A connection that starts with `segment`, sent `from` that end; nothing is taken from it yet.
    pub(crate) fn new(number: u32, segment: &Segment, from: Direction) -> Self {
        let (client, server) = match from {
            Direction::FromOriginator => (segment.src, segment.dst),
            Direction::FromResponder => (segment.dst, segment.src),
        };
        Self {
            number,
            ends: [Endpoint::new(client), Endpoint::new(server)],
            client_known: segment.flags.contains(TcpFlags::SYN),
            first: (segment.frame, segment.ts),
            last: (segment.frame, segment.ts),
            age: Span(0),
            alone: true,
            handshake: Handshake::default(),
            closing: None,
            shown: None,
            history: History::default(),
            limits: Limits::default(),
            probe: None,
            rare: Rare::default(),
            turn: Turn::Nobody,
            exchanges: None,
            gaps_acked: false,
            provisional: false,
            once: Once::default(),
            fast_path_eligible: false,
        }
    }

    /// The bytes of it that any expected segment needs, and those that one from there needs.
    pub(crate) const fn needs(from: Direction) -> [Range<usize>; 3] {
        const ENDS: usize = offset_of!(Connection, ends);
        const LENGTH: usize = size_of::<Endpoint>();
        let (sender, receiver) = match from {
            Direction::FromOriginator => (ENDS, ENDS + LENGTH),
            Direction::FromResponder => (ENDS + LENGTH, ENDS),
        };
        [
            0..offset_of!(Self, history) + size_of::<u16>(),
            sender + Endpoint::AS_SENDER.start..sender + Endpoint::AS_SENDER.end,
            receiver + Endpoint::AS_RECEIVER.start..receiver + Endpoint::AS_RECEIVER.end,
        ]
    }

    /// The key of its segments.
    pub(crate) fn key(&self) -> FlowKey {
        FlowKey::new(self.ends[0].socket, self.ends[1].socket)
    }

    /// Whether it can be evicted: nothing is about to be settled.
    pub(crate) fn prepare_eviction(&mut self) -> bool {
        if self.rare.suspect_ack.is_some() || self.rare.pending_syn.is_some() {
            return false;
        }
        if self.rare.path.as_deref().is_some_and(PathWatch::waits) || self.may_turn_up(self.last.1) {
            return false;
        }
        if let Some(rare) = self.rare.get_mut() {
            rare.suspicions.take_if(|suspicions| suspicions.is_empty());
        }
        if self.rare.suspicions.as_deref().is_some_and(|suspicions| !suspicions.draws_nothing()) {
            return false;
        }
        let settled = |end: &Endpoint| end.is_at_rest() && end.facts.has(Fact::Syn) && end.facts.has(Fact::SynAcked);
        let certain = self.rare.suspicions.is_none() && self.rare.early_data.is_none() && !self.gaps_acked;
        if certain && self.ends.iter().all(settled) {
            // Nothing is left that could change a word.
            self.rare.forget_pending();
        }
        true
    }

    /// The memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        let ends = self.ends.iter().map(Endpoint::heap_bytes).sum::<usize>();
        let closing = self.closing.as_ref().map_or(0, |_| size_of::<Closing>());
        size_of::<Self>() + ends + closing + self.rare.heap_bytes() + self.rare.list_bytes()
    }

    /// How many segments in flight its buffers have space for: these alone grow while all goes well.
    pub(crate) fn flight_capacity(&self) -> usize {
        self.ends.iter().map(|end| end.flight.capacity()).sum()
    }

    /// Whether `segment` is between its two ends.
    pub(crate) fn has(&self, segment: &Segment) -> bool {
        segment.is_between(&[self.ends[0].socket, self.ends[1].socket])
    }

    /// Both ends: the one that sends that way, and the other.
    pub(crate) fn pair(&mut self, from: Direction) -> (&mut Endpoint, &mut Endpoint) {
        let [client, server] = &mut self.ends;
        match from {
            Direction::FromOriginator => (client, server),
            Direction::FromResponder => (server, client),
        }
    }

    /// Which end `segment` comes from.
    pub(crate) fn direction(&self, segment: &Segment) -> Direction {
        if segment.src == self.ends[0].socket { Direction::FromOriginator } else { Direction::FromResponder }
    }

    /// Whether a segment is just what was expected next, with nothing open.
    pub(crate) fn takes_fast_path(&self, step: &Step<'_>) -> bool {
        self.fast_path_eligible && self.is_next_in_order(step)
    }

    /// Takes a segment, and says in the step's observation what it did.
    pub(crate) fn observe(&mut self, step: &mut Step<'_>, way: Path) {
        step.obs.flow = self.number;
        step.obs.direction = Some(step.from);
        step.obs.client_known = self.client_known;
        if self.was_silent(step) {
            self.note_silence(step);
        }
        match way {
            Path::Fast => self.take_fast_path(step),
            Path::Slow => {
                step.obs.before = self.shown.unwrap_or_else(|| self.states());
                self.take(step);
                step.obs.after = self.states();
                self.shown = Some(step.obs.after);
                self.note_time_wait(step.segment.ts, step.obs.after);
                self.fast_path_eligible = self.is_fast_path_eligible();
                self.note_recovery(step);
                self.ends.iter_mut().for_each(|end| end.rare.free_unused());
                self.rare.free_unused();
            }
        }
        self.note_application(step, self.last.1);
        self.watch_path(step);
        self.limits.idle = self.limits.idle.max(step.segment.ts.since(self.last.1));
        if !step.obs.findings.is_empty() {
            let shared = &*step.shared;
            step.obs.findings.retain(|finding| !shared.silences(finding.rule));
            self.keep_for_stall(step);
        }
        self.last = (step.segment.frame, self.last.1.max(step.segment.ts));
        for finding in &step.obs.findings {
            self.count_finding(finding.rule, finding.severity);
        }
        step.obs.provisional = std::mem::take(&mut self.provisional);
        if step.obs.provisional {
            self.rare.pending.keep(step.segment.frame, step.obs);
        }
    }

    /// Whether this, its first segment, shows that it began before the capture. True once.
    pub(crate) fn starts_mid_stream(&mut self, segment: &Segment) -> bool {
        let again = self.once.note(Remark::MidStream, 0);
        self.first.0 == segment.frame && !again && !segment.flags.is_syn()
    }

    /// Both ends' states.
    pub(crate) fn states(&self) -> States {
        let state = |own: usize| {
            let [me, peer] = [&self.ends[own], &self.ends[1 - own]];
            let closing = Finished {
                fin_sent: me.fin().is_some(),
                fin_acked: me.fin_acked(),
                peer_fin_arrived: peer.fin_arrived(),
            };
            // The end that cut the connection off back to LISTEN is the other's passive one.
            facts::state(me.facts, peer.facts, own == 1, closing, self.rare.cut.map(|cut| cut.how))
        };
        States { client: state(0), server: state(1) }
    }

    /// Neither end is open any more.
    pub(crate) fn is_over(&self) -> bool {
        let over = |state| matches!(state, TcpState::Closed | TcpState::TimeWait | TcpState::Listen);
        let States { client, server } = self.shown.unwrap_or_else(|| self.states());
        over(client) && over(server)
    }

    /// No answer has come yet.
    pub(crate) fn is_half_open(&self) -> bool {
        self.ends[0].facts.has(Fact::SynSeen) && !self.ends[1].facts.has(Fact::Syn) && self.rare.cut.is_none()
    }
}
