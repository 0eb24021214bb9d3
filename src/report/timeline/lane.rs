//! What a connection waits for, packet by packet.

use crate::capture::{Span, Timestamp};
use crate::dissect::{Segment, TcpFlags};
use crate::rules::{Rule, Severity};
use crate::track::{Amend, Direction, Exchange, Finding, Note, Observation, SegmentEffect, TcpState};

use super::parts::{Parts, Phase};

/// Maximum number of marks of a connection; errors go before warnings.
const MAX_MARKS: usize = 16;

/// A finding on a connection's lane.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Mark {
    /// Nanoseconds since the connection's first packet.
    pub t: i64,
    /// Its frame.
    pub frame: u64,
    /// What fired.
    pub rule: Rule,
    /// Error or warning.
    pub severity: Severity,
}

/// A connection's time, and the errors and warnings in it.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// Its first packet.
    pub start: Timestamp,
    /// What it waited for.
    pub parts: Parts,
    /// Errors and warnings, in the order in which they came.
    pub marks: Vec<Mark>,
}

/// One that may go on.
#[derive(Clone, Debug)]
pub(super) struct OpenLane {
    lane: Lane,
    sides: [Side; 2],
    /// Whose window is closed.
    closed: [bool; 2],
    /// The handshake is over, or the capture does not show it.
    opened: bool,
    /// Who sent data last.
    spoke: Spoke,
    /// When the client sent data last: what comes of the server then is the answer.
    asked: i64,
}

/// Who sent data last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Spoke {
    Nobody,
    Client,
    Server,
}

/// What is known of an end.
#[derive(Clone, Copy, Debug)]
struct Side {
    /// Behind its last byte.
    high: i64,
    /// What the other end has acknowledged of it.
    acked: i64,
    /// The shortest round trip from the capture point to the other end and back; -1 while none was measured.
    rtt: i64,
}

impl Side {
    const NEW: Self = Self { high: i64::MIN, acked: i64::MIN, rtt: -1 };

    fn in_flight(&self) -> bool {
        self.high > self.acked
    }
}

impl OpenLane {
    /// Of a connection whose first packet this is.
    pub(super) fn new(segment: &Segment) -> Self {
        let lane = Lane { start: segment.ts, parts: Parts::default(), marks: Vec::new() };
        let opened = !segment.flags.contains(TcpFlags::SYN);
        Self { lane, sides: [Side::NEW; 2], closed: [false; 2], opened, spoke: Spoke::Nobody, asked: 0 }
    }

    /// Takes a packet; no more than so many parts are kept.
    #[inline]
    pub(super) fn packet(&mut self, segment: &Segment, seen: &Observation, most: usize) {
        let Some(from) = seen.direction.map(|direction| usize::from(direction == Direction::FromResponder)) else {
            return;
        };
        if matches!(seen.effect, SegmentEffect::Copy(_) | SegmentEffect::Stray | SegmentEffect::Outside) {
            return;
        }
        let last = self.lane.parts.end();
        let now = segment.ts.since(self.lane.start).0;
        if now > last {
            self.wait(segment, seen, from, last, now, most);
        }
        self.learn(segment, seen, from);
    }

    /// What the time before this packet went to.
    fn wait(&mut self, segment: &Segment, seen: &Observation, from: usize, last: i64, now: i64, most: usize) {
        let [own, other] = [self.sides[from], self.sides[1 - from]];
        let data = segment.payload_len > 0 && !is_probe(seen);
        let again = seen.retransmitted_bytes > 0 && !is_probe(seen)
            || matches!(seen.effect, SegmentEffect::OpensAgain | SegmentEffect::ClosesAgain);
        let phase = if !self.opened {
            Phase::Opening
        } else if self.closed.contains(&true) {
            Phase::Window
        } else if again {
            Phase::Repair
        } else if data && from == 1 && self.spoke == Spoke::Client {
            // As server times are measured: from a round trip after the last byte of the request on, acknowledged meanwhile or not.
            let arrived = now.min(self.asked.saturating_add(other.rtt.max(0)));
            self.lane.parts.take_back(arrived, &[Phase::Network, Phase::Server]);
            self.lane.parts.push(Phase::Network, arrived, most);
            Phase::Server
        } else if own.in_flight() || other.in_flight() {
            // What acknowledges data with data came a round trip later at the least; the rest was the program's.
            if data && !own.in_flight() {
                let arrived = now.min(last.saturating_add(other.rtt.max(0)));
                self.lane.parts.push(Phase::Network, arrived, most);
                if from == 1 { Phase::Server } else { Phase::Client }
            } else {
                Phase::Network
            }
        } else {
            self.turn(segment, from, data, Span(now.saturating_sub(last)))
        };
        self.lane.parts.push(phase, now, most);
    }

    /// Whose turn it was while nothing was on its way, for that long.
    fn turn(&self, segment: &Segment, from: usize, data: bool, span: Span) -> Phase {
        let ends = segment.flags.contains(TcpFlags::FIN) || from == 1 && segment.flags.contains(TcpFlags::RST);
        match (self.spoke, from, data) {
            // More of an answer; after so long, something that nobody asked for.
            (Spoke::Server, 1, true) if span < Exchange::LONG_POLL => Phase::Server,
            (Spoke::Nobody | Spoke::Client, 0, true) => Phase::Client,
            // Perhaps nothing was to be answered.
            (Spoke::Client, _, false) if ends => Phase::Idle,
            (Spoke::Client, _, false) => Phase::Server,
            _ => Phase::Idle,
        }
    }

    #[inline]
    fn learn(&mut self, segment: &Segment, seen: &Observation, from: usize) {
        let flags = segment.flags;
        if segment.payload_len > 0 && !is_probe(seen) {
            self.spoke = if from == 1 { Spoke::Server } else { Spoke::Client };
            if from == 0 {
                self.asked = segment.ts.since(self.lane.start).0;
            }
            self.opened = true;
            self.sides[from].high = self.sides[from].high.max(seen.seq_end);
        }
        if !self.opened {
            let is_open =
                |state| !matches!(state, TcpState::Closed | TcpState::Listen | TcpState::SynSent | TcpState::SynRecv);
            self.opened = is_open(seen.after.client) && is_open(seen.after.server);
        }
        if !flags.contains(TcpFlags::SYN) && !flags.contains(TcpFlags::RST) {
            self.closed[from] = segment.window == 0;
        }
        let other = &mut self.sides[1 - from];
        if let Some(ack) = seen.ack {
            other.acked = other.acked.max(ack);
        }
        if let Some(rtt) = seen.acked.as_ref().and_then(|acked| acked.rtt) {
            other.rtt = if other.rtt < 0 { rtt.0.max(0) } else { other.rtt.min(rtt.0.max(0)) };
        }
    }

    /// Marks an error or a warning.
    pub(super) fn mark(&mut self, finding: &Finding) {
        let marks = &mut self.lane.marks;
        if finding.severity == Severity::Note {
            return;
        }
        let t = finding.ts.since(self.lane.start).0.max(0);
        let mark = Mark { t, frame: finding.frame, rule: finding.rule, severity: finding.severity };
        if marks.len() < MAX_MARKS {
            marks.push(mark);
        } else if mark.severity == Severity::Error
            && let Some(at) = marks.iter().rposition(|other| other.severity != Severity::Error)
        {
            marks[at] = mark;
        }
    }

    /// Changes what was found on a frame.
    pub(super) fn amend(&mut self, amend: &Amend) {
        self.lane.marks.retain(|mark| mark.frame != amend.frame || amend.replaced().all(|rule| rule != mark.rule));
        amend.details.iter().for_each(|finding| self.mark(finding));
    }

    /// The connection has ended.
    pub(super) fn finish(self) -> Lane {
        self.lane
    }
}

/// Data that says nothing new: a keep-alive, or a probe of a closed window.
fn is_probe(seen: &Observation) -> bool {
    seen.notes.iter().any(|note| matches!(note, Note::KeepAlive | Note::ZeroWindowProbe))
}
