//! One connection: two ends, and what each segment does to them.
//!
//! The steps are spread over files by subject: `handshake` (TC1), `sequence` (TC2), `acks` (TC3), `close` (TC4), `header` (TC5),
//! `injection`, `challenge` and `path` (TC6), and `conclude` for what holds when it ends.

use std::mem::offset_of;
use std::ops::Range;

use crate::capture::{Span, Timestamp};
use crate::dissect::{Checksum, Segment, TcpFlags};
use crate::rules::{Rule, Severity};

use super::amend::Words;
use super::claims::Claim;
use super::endpoint::Endpoint;
use super::facts::{self, Closing, CutOff};
use super::history::{History, Seen};
use super::injection::Watch;
use super::limits::Limits;
use super::packed::packed;
use super::step::Step;
use super::{Deed, Direction, Event, Finding, FlowKey, Note, States, TcpState};

/// A connection, as far as its frames tell.
// In this order in memory too, by cache lines: what each segment needs stands first.
#[repr(C, align(64))]
#[derive(Debug)]
pub(super) struct Connection {
    pub number: u32,
    /// The client's SYN was seen, or the server's SYN+ACK.
    pub client_known: bool,
    /// Nothing is open: what is expected next needs no checks.
    settled: bool,
    /// The word about this segment may change.
    pub provisional: bool,
    /// Acknowledged holes are waiting for their verdict.
    pub gaps_acked: bool,
    /// No connection before it showed both directions.
    pub alone: bool,
    /// Both ends' states after the last segment.
    pub shown: Option<States>,
    /// A keep-alive or zero-window probe that waits for its answer, and who sent it.
    pub probe: Option<(Direction, Note)>,
    pub last: (u64, Timestamp),
    /// What held it back, each way.
    pub limits: Limits,
    pub history: History,
    /// When both FINs were acknowledged.
    pub time_wait_since: Option<Timestamp>,
    /// The client's end, then the server's.
    pub ends: [Endpoint; 2],
    /// An end claims to have received what the other was not seen to send.
    pub claim: Option<Box<Claim>>,
    /// A SYN that does not belong here unless the other end accepts it.
    pub pending_syn: Option<Box<Segment>>,
    /// Segments that may be a third party's, until their alleged sender's reaction tells.
    pub watch: Option<Box<Watch>>,
    /// What was said of frames whose word may change.
    pub words: Words,
    pub found: Vec<(Rule, u32)>,
    /// Of these, findings whose severity is not their rule's own.
    pub regraded: Vec<(Rule, Severity, u32)>,
    pub first: (u64, Timestamp),
    /// How long the capture had been going on when it began.
    pub age: Span,
    pub handshake: Handshake,
    /// The frame and time of each end's FIN.
    pub fin_frames: [(u64, Timestamp); 2],
    pub cut: Option<Cut>,
    /// A RST in the window but not where the receiver expects it: whether it was taken, only what follows can tell.
    pub doubtful_reset: Option<Cut>,
    /// Findings that were made once and are not made again.
    pub once: Once,
}

packed!(Connection {
    last, first, handshake, ends, client_known, age, alone, fin_frames, cut, doubtful_reset, time_wait_since, shown, history, limits,
    found, regraded, probe, gaps_acked, provisional, once, settled
} at_rest { number, claim, pending_syn, watch, words });

/// How a segment is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// The connection [expects](Connection::expects) it: without checks that cannot say anything.
    Expected,
    /// Whatever it is.
    Any,
}

/// The largest window without scaling.
const MAX_UNSCALED: i64 = 65_535;

/// The frames of the handshake.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    pub syn: (u64, Timestamp),
    pub last_syn: Timestamp,
    pub syn_ack: Option<(u64, Timestamp)>,
    pub last_syn_ack: Timestamp,
    pub done: Option<Span>,
    /// The server's payload that came before the handshake was done: frame and bytes.
    pub early_data: Option<Box<(u64, Timestamp, u32)>>,
}

packed!(Handshake { syn, last_syn, syn_ack, last_syn_ack, done, early_data });

/// How, by whom and when a connection was cut off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub how: CutOff,
    pub by: Direction,
    pub frame: u64,
    pub ts: Timestamp,
}

packed!(Cut { how, by, ts } frames { frame });

/// What is said once a connection, or once a direction, by index.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Once {
    pub ecn: [bool; 2],
    pub timestamp_missing: [bool; 2],
    pub auth: [bool; 2],
    pub mss: [bool; 2],
    pub checksum: [bool; 2],
    pub sack: [bool; 2],
    pub mid_stream: bool,
}

packed!(Once { ecn, timestamp_missing, auth, mss, checksum, sack, mid_stream });

impl Connection {
    /// A connection that starts with `segment`, sent `from` that end; nothing is taken from it yet.
    pub fn new(number: u32, segment: &Segment, from: Direction) -> Self {
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
            fin_frames: Default::default(),
            cut: None,
            doubtful_reset: None,
            time_wait_since: None,
            shown: None,
            history: History::default(),
            limits: Limits::default(),
            found: Vec::new(),
            regraded: Vec::new(),
            probe: None,
            claim: None,
            pending_syn: None,
            watch: None,
            gaps_acked: false,
            words: Words::default(),
            provisional: false,
            once: Once::default(),
            settled: false,
        }
    }

    /// The bytes of it that any expected segment needs, and those that one from there needs.
    pub const fn needs(from: Direction) -> [Range<usize>; 3] {
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
    pub fn key(&self) -> FlowKey {
        FlowKey::new(self.ends[0].socket, self.ends[1].socket)
    }

    /// Whether no word about it is open, and nothing is missing: it can be packed then.
    pub fn rest(&mut self) -> bool {
        if self.claim.is_some() || self.pending_syn.is_some() || !self.ends.iter().all(Endpoint::is_at_rest) {
            return false;
        }
        self.watch.take_if(|watch| watch.is_empty());
        let opened = self.ends.iter().all(|end| end.facts.syn && end.facts.syn_acked);
        if opened && self.watch.is_none() && self.handshake.early_data.is_none() && !self.gaps_acked {
            // Nothing is left that could change a word.
            self.words = Words::default();
        }
        self.watch.is_none() && self.words.is_empty()
    }

    /// Whether `segment` is between its two ends.
    pub fn has(&self, segment: &Segment) -> bool {
        segment.is_between(&[self.ends[0].socket, self.ends[1].socket])
    }

    /// Both ends: the one that sends that way, and the other.
    pub fn pair(&mut self, from: Direction) -> (&mut Endpoint, &mut Endpoint) {
        let [client, server] = &mut self.ends;
        match from {
            Direction::FromOriginator => (client, server),
            Direction::FromResponder => (server, client),
        }
    }

    /// Which end `segment` comes from.
    pub fn direction(&self, segment: &Segment) -> Direction {
        if segment.src == self.ends[0].socket { Direction::FromOriginator } else { Direction::FromResponder }
    }

    /// Whether a segment is just what was expected next, with nothing open.
    pub fn expects(&self, step: &Step<'_>) -> bool {
        self.settled && self.is_expected(step)
    }

    /// Takes a segment, and says in the step's observation what it did.
    pub fn observe(&mut self, step: &mut Step<'_>, way: Way) {
        step.obs.flow = self.number;
        step.obs.direction = Some(step.from);
        step.obs.client_known = self.client_known;
        match way {
            Way::Expected => self.take_expected(step),
            Way::Any => {
                step.obs.before = self.shown.unwrap_or_else(|| self.states());
                self.take(step);
                step.obs.after = self.states();
                self.shown = Some(step.obs.after);
                self.note_time_wait(step.segment.ts, step.obs.after);
                self.settled = self.is_settled();
            }
        }
        self.limits.idle = self.limits.idle.max(step.segment.ts.since(self.last.1));
        self.last = (step.segment.frame, self.last.1.max(step.segment.ts));
        for finding in &step.obs.findings {
            self.count_finding(finding.rule, finding.severity);
        }
        step.obs.provisional = std::mem::take(&mut self.provisional);
        if step.obs.provisional {
            self.words.keep(step.segment.frame, step.obs);
        }
    }

    /// Changes what was said of an earlier frame.
    pub(super) fn amend(&mut self, step: &mut Step<'_>, frame: u64, add: Vec<Finding>, withdraw: &[Rule]) {
        let Some(amend) = self.words.change(self.number, frame, add, withdraw) else { return };
        for (rule, severity) in amend.withdrawn.iter().chain(&amend.changed) {
            self.uncount_finding(*rule, *severity);
        }
        for finding in &amend.details {
            self.count_finding(finding.rule, finding.severity);
        }
        step.shared.events.push_back(Event::Amend(amend));
    }

    /// A finding about an earlier frame of this connection.
    pub(super) fn late_finding(&self, rule: Rule, at: (u64, Timestamp), from: Direction) -> Finding {
        let mut finding = Finding::new(rule);
        (finding.frame, finding.ts) = at;
        (finding.flow, finding.direction) = (Some(self.number), Some(from));
        finding
    }

    /// Whether this, its first segment, shows that it began before the capture. True once.
    pub fn starts_mid_stream(&mut self, segment: &Segment) -> bool {
        let first = self.first.0 == segment.frame && !self.once.mid_stream;
        self.once.mid_stream = true;
        first && !segment.flags.is_syn() && !segment.flags.contains(TcpFlags::RST)
    }

    fn take(&mut self, step: &mut Step<'_>) {
        if self.is_copy(step) {
            self.place(step);
            self.note_unacceptable(step);
            return self.write_history(step, false);
        }
        self.check_header(step);
        let damaged = self.check_checksum(step);
        self.number_ends(step);
        self.place(step);
        self.write_history(step, damaged);
        if !self.is_meaningful(step) {
            step.obs.deed = Deed::Stray;
            return;
        }
        self.count(step);
        let advances = step.obs.seq >= self.ends[step.me()].nxt && step.segment.seq_len() > 0;
        if damaged {
            return self.take_damaged(step);
        }
        self.settle_claim(step);
        self.settle_overrun(step);
        self.settle_renege(step);
        self.settle_gaps(step);
        self.check_path(step);
        self.check_probes(step);
        if step.has(TcpFlags::RST) {
            return self.reset(step);
        }
        self.check_reaction(step);
        if step.has(TcpFlags::SYN) {
            if !self.open(step) {
                step.obs.deed = Deed::Stray;
                return;
            }
        } else if !self.synchronize(step) {
            step.obs.deed = Deed::Stray;
            return;
        }
        if self.cut.is_some() {
            self.check_after_reset(step);
        }
        if self.is_outside(step) {
            step.obs.deed = Deed::Stray;
            return;
        }
        self.check_timestamps(step);
        let before = self.before(step);
        if !self.probes(step) {
            self.note_unacceptable(step);
            self.send(step);
        }
        self.count_probe(step);
        self.check_overrun(step);
        self.acknowledge(step);
        self.advertise(step);
        if step.has(TcpFlags::FIN) {
            self.finish_direction(step);
        }
        self.account(step, before);
        self.leave(step, advances);
    }

    /// Notes what a segment that was taken leaves behind; `advances` when it goes past all data before it.
    pub(super) fn leave(&mut self, step: &mut Step<'_>, advances: bool) {
        let segments = self.segments_in(step);
        let me = &mut self.ends[step.me()];
        me.ids.learn(step.segment.ip_id, segments, advances);
        step.obs.in_flight = me.in_flight();
        me.count.max_in_flight = me.count.max_in_flight.max(step.obs.in_flight);
        me.last_ts = step.segment.ts;
        me.last_frame = step.segment.frame;
    }

    /// A segment that its receiver drops. Its sender sent these bytes all the same, so the copy that follows is a repeat.
    fn take_damaged(&mut self, step: &mut Step<'_>) {
        let me = &self.ends[step.me()];
        // The sequence number may be what is damaged.
        let plausible =
            (me.una.saturating_sub(MAX_UNSCALED)..=me.nxt.saturating_add(MAX_UNSCALED)).contains(&step.obs.seq);
        let plain = !step.segment.flags.intersects(TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::RST));
        if plausible && plain {
            self.send(step);
        } else {
            step.obs.deed = Deed::Stray;
        }
    }

    /// Gives both ends numbers to count from, where this segment is the first to tell.
    fn number_ends(&mut self, step: &Step<'_>) {
        let (segment, syn) = (step.segment, step.has(TcpFlags::SYN));
        let me = &mut self.ends[step.me()];
        if !me.facts.numbered && (syn || !step.has(TcpFlags::RST)) {
            me.start_at(segment.seq, i64::from(!syn));
        }
        let peer = &mut self.ends[step.peer()];
        if let Some(ack) = segment.ack
            && !peer.facts.numbered
            && !(step.has(TcpFlags::RST) && ack.0 == 0)
        {
            peer.start_at(ack, 1);
            peer.low = i64::MAX;
        }
    }

    /// Says where in both ends' numbers the segment lies.
    fn place(&self, step: &mut Step<'_>) {
        let segment = step.segment;
        let [me, peer] = [&self.ends[step.me()], &self.ends[step.peer()]];
        step.obs.seq = if me.facts.numbered { me.relative(segment.seq) } else { 1 };
        step.obs.seq_end = step.obs.seq + i64::from(segment.payload_len);
        step.obs.ack = segment.ack.filter(|_| peer.facts.numbered).map(|ack| peer.relative(ack));
    }

    fn write_history(&mut self, step: &Step<'_>, corrupt: bool) {
        let me = &self.ends[step.me()];
        self.history.observe(
            step.segment,
            Seen {
                from: step.from,
                seq: step.obs.seq,
                repeats: step.segment.payload_len > 0
                    && step.obs.seq + i64::from(step.segment.seq_len()) <= me.nxt
                    && me.count.packets > 0,
                zero_window: step.segment.window == 0 && !step.has(TcpFlags::RST),
                corrupt,
            },
        );
    }

    /// Whether the segment can do anything at all to an end that obeys RFC 9293.
    fn is_meaningful(&self, step: &Step<'_>) -> bool {
        let flags = step.segment.flags;
        let (syn, fin, rst) =
            (flags.contains(TcpFlags::SYN), flags.contains(TcpFlags::FIN), flags.contains(TcpFlags::RST));
        // §3.10.7.4, fifth: "if the ACK bit is off, drop the segment".
        let acks = flags.contains(TcpFlags::ACK) || syn || rst;
        step.segment.header_fault.is_none() && acks && !(syn && (fin || rst)) && !(fin && rst)
    }

    /// Counts a segment.
    pub(super) fn count(&mut self, step: &Step<'_>) {
        let segment = step.segment;
        let me = &mut self.ends[step.me()];
        let count = &mut me.count;
        count.packets += 1;
        count.wire_bytes += u64::from(segment.wire_len);
        count.payload_bytes += u64::from(segment.payload_len);
        count.data_segments += u64::from(segment.payload_len > 0);
        if segment.flags.contains(TcpFlags::SYN) {
            me.syns += 1;
        }
        me.facts.good_checksum |= matches!(segment.checksum, Checksum::Correct | Checksum::Partial);
    }

    /// Takes back what was counted of a segment that belongs to another connection.
    pub fn disown(&mut self, segment: &Segment) {
        let end = &mut self.ends[self.direction(segment).index()];
        end.syns -= u32::from(segment.flags.contains(TcpFlags::SYN));
        let count = &mut end.count;
        count.packets -= 1;
        count.wire_bytes -= u64::from(segment.wire_len);
        count.payload_bytes -= u64::from(segment.payload_len);
        count.data_segments -= u64::from(segment.payload_len > 0);
    }

    pub fn count_finding(&mut self, rule: Rule, severity: Severity) {
        match self.found.iter_mut().find(|(found, _)| *found == rule) {
            Some((_, count)) => *count += 1,
            None => self.found.push((rule, 1)),
        }
        if severity == rule.severity() {
            return;
        }
        match self.regraded.iter_mut().find(|(found, grade, _)| (*found, *grade) == (rule, severity)) {
            Some((.., count)) => *count += 1,
            None => self.regraded.push((rule, severity, 1)),
        }
    }

    fn uncount_finding(&mut self, rule: Rule, severity: Severity) {
        if let Some((_, count)) = self.found.iter_mut().find(|(found, _)| *found == rule) {
            *count = count.saturating_sub(1);
        }
        self.found.retain(|(_, count)| *count > 0);
        let regraded = self.regraded.iter_mut();
        for (.., count) in regraded.filter(|(found, grade, _)| (*found, *grade) == (rule, severity)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Both ends' states.
    pub fn states(&self) -> States {
        let state = |own: usize| {
            let [me, peer] = [&self.ends[own], &self.ends[1 - own]];
            let closing =
                Closing { fin_sent: me.fin.is_some(), fin_acked: me.fin_acked(), peer_fin_arrived: peer.fin_arrived() };
            // The end that cut the connection off back to LISTEN is the other's passive one.
            facts::state(me.facts, peer.facts, own == 1, closing, self.cut.map(|cut| cut.how))
        };
        States { client: state(0), server: state(1) }
    }

    /// Neither end is open any more.
    pub fn is_over(&self) -> bool {
        let over = |state| matches!(state, TcpState::Closed | TcpState::TimeWait | TcpState::Listen);
        let States { client, server } = self.shown.unwrap_or_else(|| self.states());
        over(client) && over(server)
    }

    /// No answer has come yet.
    pub fn is_half_open(&self) -> bool {
        self.ends[0].facts.syn_seen && !self.ends[1].facts.syn && self.cut.is_none()
    }

    fn note_time_wait(&mut self, now: Timestamp, states: States) {
        if self.time_wait_since.is_none() && self.cut.is_none() {
            let States { client, server } = states;
            if client == TcpState::TimeWait || server == TcpState::TimeWait {
                self.time_wait_since = Some(now);
            }
        }
    }
}
