//! What a verdict shows of a connection besides its numbers: the frames in which they came about.

use crate::capture::{Span, Timestamp};
use crate::dissect::{Segment, TcpFlags};
use crate::track::{Amend, Direction, Exchange, Finding, Observation, SegmentEffect, TcpState};

/// Findings kept of each rule; all are counted.
const MAX_KEPT: usize = 4;

/// A connection under way.
#[derive(Debug)]
pub(super) struct Following {
    /// Where it belongs.
    pub section: usize,
    /// The longest that a round trip may take: at most, and for 95 of 100.
    limits: [Option<Span>; 2],
    /// The longest that a server may take to answer, likewise.
    response_limits: [Option<Span>; 2],
    /// Round trips from here to the server and back, and to the client and back.
    legs: [Leg; 2],
    /// Server times, with the frame of the answer.
    pub responses: Leg,
    /// The frame that completed the handshake.
    pub established: Option<u64>,
    /// The frames around the longest time without a segment.
    pub idle: (Span, [u64; 2]),
    /// The frames that closed and opened a window for the longest time.
    pub closed: (Span, [u64; 2]),
    /// Since when and which frame each side has its window closed.
    closing: [Option<(Timestamp, u64)>; 2],
    last: (Timestamp, u64),
    /// Both ends are done.
    pub over: bool,
    /// Some of its findings.
    pub findings: Vec<Finding>,
}

/// Times of one kind: round trips one way, or answers of a server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leg {
    pub samples: u64,
    /// How many are above each limit.
    pub above: [u64; 2],
    min: Span,
    /// The longest, and the frame that ended it.
    pub worst: (Span, u64),
}

impl Following {
    pub(super) fn new(
        section: usize,
        limits: [Option<Span>; 2],
        response_limits: [Option<Span>; 2],
        segment: &Segment,
    ) -> Self {
        Self {
            section,
            limits,
            response_limits,
            responses: Leg::default(),
            legs: [Leg::default(); 2],
            established: None,
            idle: (Span(0), [0; 2]),
            closed: (Span(0), [0; 2]),
            closing: [None; 2],
            last: (segment.ts, segment.frame),
            over: false,
            findings: Vec::new(),
        }
    }

    pub(super) fn segment(&mut self, segment: &Segment, seen: &Observation) {
        let (now, frame) = (segment.ts, segment.frame);
        let at = usize::from(seen.direction == Some(Direction::FromOriginator));
        if let Some(rtt) = seen.acked.as_ref().and_then(|acked| acked.rtt) {
            self.legs[at].add(rtt, frame, self.limits);
        }
        if seen.effect == SegmentEffect::Establishes {
            self.established = Some(frame);
        }
        let idle = now.since(self.last.0);
        if idle > self.idle.0 {
            self.idle = (idle, [self.last.1, frame]);
        }
        self.last = (now, frame);
        if !segment.flags.intersects(TcpFlags::SYN) && !segment.flags.intersects(TcpFlags::RST) {
            match (segment.window, self.closing[at]) {
                (0, None) => self.closing[at] = Some((now, frame)),
                (1.., Some((since, from))) => {
                    self.closing[at] = None;
                    self.close(now.since(since), [from, frame]);
                }
                _ => {}
            }
        }
        let done = |state| matches!(state, TcpState::Closed | TcpState::TimeWait | TcpState::Listen);
        self.over = done(seen.after.client) && done(seen.after.server);
        for finding in &seen.findings {
            self.keep(finding);
        }
    }

    /// Takes a request and its answer.
    pub(super) fn exchange(&mut self, exchange: &Exchange) {
        if let Some(time) = exchange.server_time {
            self.responses.add(time, exchange.answer_frame, self.response_limits);
        }
    }

    fn close(&mut self, span: Span, frames: [u64; 2]) {
        if span > self.closed.0 {
            self.closed = (span, frames);
        }
    }

    /// The connection has ended: windows stay closed until its last segment.
    pub(super) fn end(&mut self) {
        for (since, from) in std::mem::take(&mut self.closing).into_iter().flatten() {
            self.close(self.last.0.since(since), [from, self.last.1]);
        }
    }

    pub(super) fn keep(&mut self, finding: &Finding) {
        if self.findings.iter().filter(|kept| kept.rule == finding.rule).count() < MAX_KEPT {
            self.findings.push(finding.clone());
        }
    }

    pub(super) fn amend(&mut self, amend: &Amend) {
        self.findings.retain(|kept| !amend.removes(kept));
        for finding in &amend.details {
            self.keep(finding);
        }
        self.findings.sort_by_key(|kept| kept.frame);
    }

    /// The longer leg: the shorter one tells where the capture was made, not how far the ends are.
    pub(super) fn round_trips(&self) -> Leg {
        let [to_server, to_client] = self.legs;
        match (to_server.samples, to_client.samples) {
            (1.., 1..) if to_client.min > to_server.min => to_client,
            (0, _) => to_client,
            _ => to_server,
        }
    }
}

impl Leg {
    fn add(&mut self, rtt: Span, frame: u64, limits: [Option<Span>; 2]) {
        if self.samples == 0 || rtt < self.min {
            self.min = rtt;
        }
        if self.samples == 0 || rtt > self.worst.0 {
            self.worst = (rtt, frame);
        }
        self.samples += 1;
        for (above, limit) in self.above.iter_mut().zip(limits) {
            *above += u64::from(limit.is_some_and(|limit| rtt > limit));
        }
    }
}
