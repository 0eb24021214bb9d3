//! Requests and their answers, told by who sends when: bytes of the client, then bytes of the server, then the client's again.
//!
//! No protocol is decoded. The time between the last byte of a request and the first byte of its answer, less the way to the server
//! and back where the capture is not beside it, is the server's; what repeats of the request cost is told apart from it.

use crate::capture::{Span, Timestamp};
use crate::dissect::TcpFlags;
use crate::rules::{Confidence, Rule, Severity};

use crate::track::conn::connection::Connection;
use crate::track::conn::exchanges::Turn;
use crate::track::conn::step::Step;
use crate::track::shared::waits::{Awaited, PassedOn, Wait};
use crate::track::{Direction, Event, Exchange, ExchangeSummary};

/// An answer that comes sooner than this share of the round trip after a repeat of its request does not answer the repeat.
const SOONEST_PERCENT: i64 = 90;

impl Connection {
    /// Notes that a segment brought new payload, after its numbers were taken; the sender's last data came at `last_data`.
    #[inline]
    pub(in crate::track) fn note_new_data(&mut self, step: &mut Step<'_>, last_data: Option<Timestamp>) {
        if !self.turn.goes_on(step.from) {
            self.take_turn(step);
        } else if self.turn == Turn::Request && last_data.is_some_and(|last| step.segment.ts.since(last) > ONE_WRITE) {
            self.note_another_write(step);
        } else if self.turn == Turn::Answer && last_data.is_some_and(|last| step.segment.ts.since(last) >= OWN_PACE) {
            self.exchanges.get_or_insert_default().unasked = true;
        }
    }

    /// The client sends more, a while after the beginning of its request, and though no answer has come. Where no acknowledgment
    /// has let it do so that is another message, perhaps another request, and nobody can say which of them the answer is for.
    #[inline(never)]
    fn note_another_write(&mut self, step: &Step<'_>) {
        let (client, server) = (&self.ends[0], &self.ends[1]);
        let way_back = server.leg().unwrap_or_default().doubled();
        let clocked = step.segment.ts.since(server.last_ts) <= Span(way_back.0.saturating_add(SLACK.0));
        let waiting = client.flight.len() > 1;
        if let Some(exchanges) = self.exchanges.as_deref_mut().filter(|_| !clocked && !waiting) {
            exchanges.open.overlapping = true;
        }
    }

    /// Notes that a segment carried payload that had been sent before.
    pub(in crate::track) fn note_repeated_data(&mut self, step: &Step<'_>, last_data: Option<Timestamp>) {
        if self.turn == Turn::Request && step.from == Direction::FromOriginator {
            self.turn = Turn::Repeated;
            self.exchanges.get_or_insert_default().sent = last_data;
        }
    }

    #[inline(never)]
    fn take_turn(&mut self, step: &mut Step<'_>) {
        match (self.turn, step.from) {
            // Who speaks first unasked answers nothing: a greeting.
            (Turn::Nobody, Direction::FromResponder) => {}
            (_, Direction::FromResponder) => self.begin_answer(step),
            (Turn::Repeated, Direction::FromOriginator) => self.turn = Turn::Request,
            (_, Direction::FromOriginator) => self.begin_request(step),
        }
    }

    fn begin_request(&mut self, step: &mut Step<'_>) {
        let server = &self.ends[1];
        // It was sent without knowing all of the answer before it.
        let unknown = step.obs.ack.is_some_and(|ack| ack < payload_end(server));
        let starts = step.obs.seq + i64::from(step.has(TcpFlags::SYN));
        // Or it comes at the client's own pace, with requests before it perhaps still unanswered.
        let paced = self.exchanges.as_deref().is_some_and(|before| {
            let waited = step.segment.ts.since(server.last_data().unwrap_or(step.segment.ts));
            before.open.overlapping && waited <= before.open.request
        });
        let replies = self.exchanges.as_deref().is_some_and(|before| before.unasked);
        let overlapping = self.turn == Turn::Answer && (unknown || paced || replies);
        if let Some(exchange) = self.close_exchange() {
            step.shared.events.push_back(Event::Exchange(exchange));
        }
        let exchanges = self.exchanges.get_or_insert_default();
        let number = exchanges.open.number + 1;
        exchanges.open = Exchange {
            number,
            flow: self.number,
            frame: step.segment.frame,
            ts: step.segment.ts,
            overlapping,
            ..Exchange::default()
        };
        (exchanges.starts, exchanges.sent) = ((starts, 0), None);
        self.turn = Turn::Request;
    }

    fn begin_answer(&mut self, step: &mut Step<'_>) {
        let (segment, repeated) = (step.segment, self.turn == Turn::Repeated);
        let client = &self.ends[0];
        let client_end = payload_end(client);
        let last = client.last_data().unwrap_or(segment.ts);
        let leg = client.shortest_leg();
        let answer_start = step.obs.gap.map_or(step.obs.seq, |(from, _)| from);
        // Bytes before these are missing, more than one flight of them: the first one may have come long before.
        let missing = step.obs.gap.is_some_and(|(from, to)| to.saturating_sub(from) > INITIAL_WINDOW);
        let hidden = missing || step.obs.is_retransmission();
        // The server had not seen the request when it sent this.
        let early = step.obs.ack.is_some_and(|ack| ack < client_end);
        let exchanges = self.exchanges.get_or_insert_default();
        let sent = exchanges.sent.filter(|_| repeated).unwrap_or(last);
        let open = &mut exchanges.open;
        open.request_bytes = u64::try_from(client_end - exchanges.starts.0).unwrap_or(0);
        open.request = not_negative(sent.since(open.ts));
        (open.answer_frame, open.overlapping) = (segment.frame, open.overlapping || early);
        exchanges.starts.1 = answer_start;
        exchanges.sent = Some(segment.ts);
        exchanges.unasked &= segment.ts.since(last) >= OWN_PACE;
        let round_trip = leg.unwrap_or_default();
        let soon = segment.ts.since(last).is_below(SOONEST_PERCENT, round_trip);
        let asked = if repeated && soon { sent } else { last };
        open.retransmission = not_negative(asked.since(sent));
        if !open.overlapping && !hidden && leg.is_some() {
            open.server_time = Some(not_negative(Span(segment.ts.since(asked).0.saturating_sub(round_trip.0))));
        }
        let exchange = *open;
        // Where most answers cannot be told from what the server says unasked, this one may be no answer either.
        let answers = exchanges.overlapping.saturating_mul(2) < open.number;
        self.turn = Turn::Answer;
        // Before the acknowledgment that comes with the answer is taken.
        let client = &self.ends[0];
        let acked = (client.una >= client_end).then_some(client.una_ts.max(asked));
        if let Some(time) = exchange.server_time.filter(|time| *time >= Exchange::LONG_POLL) {
            let Span(unasked) = &mut self.rare.application.get_or_insert_default().unasked;
            *unasked = unasked.saturating_add(time.0);
        }
        let slow = exchange.server_time.filter(|time| *time >= step.shared.slow_response);
        if slow.is_some_and(|time| self.pass_on(step, time, sent)) {
            return;
        }
        // Where the connection began before the capture, who asks and who answers is not known: nothing is said then.
        if let Some(time) = exchange.server_time.filter(|_| self.client_known && answers)
            && proven_wait(time, segment.ts, acked) >= step.shared.slow_response
        {
            report_slow_response(step, &exchange, time);
        }
    }

    /// Whether the server waited for somebody else meanwhile, for an answer that took that `time`; the last byte of the request was
    /// `sent` then. The client did wait, however that is: a server that asked for it may have passed this on in turn.
    fn pass_on(&mut self, step: &mut Step<'_>, time: Span, sent: Timestamp) -> bool {
        let (client, server, now) = (self.ends[0].socket.addr, self.ends[1].socket.addr, step.segment.ts);
        let behind = step.shared.waits.of(server, self.number, sent, now);
        let (awaited, root) = behind.map_or((Awaited::Answer, self.number), |wait| (wait.awaited, wait.root));
        step.shared.note_wait(Wait { flow: self.number, host: client, from: sent, to: now, awaited, root });
        if behind.is_some() {
            let so_far = &mut self.rare.application.get_or_insert_default().passed_on;
            let total = so_far.map_or(0, |before| before.total.0).saturating_add(time.0);
            *so_far = Some(PassedOn { total: Span(total), flow: root, awaited });
        }
        behind.is_some()
    }

    /// Counts the exchange under way, whose last byte has come. None when there is none.
    pub(in crate::track) fn close_exchange(&mut self) -> Option<Exchange> {
        let (client, server) = (&self.ends[0], &self.ends[1]);
        let (asked, answered) = (payload_end(client), payload_end(server));
        let last_answer = server.last_data();
        let exchanges = self.exchanges.as_deref_mut()?;
        let open = &mut exchanges.open;
        match std::mem::take(&mut self.turn) {
            Turn::Nobody => return None,
            Turn::Answer => {
                open.answer_bytes = u64::try_from(answered - exchanges.starts.1).unwrap_or(0);
                let first = exchanges.sent.unwrap_or(open.ts);
                open.answer = not_negative(last_answer.unwrap_or(first).since(first));
            }
            Turn::Request | Turn::Repeated => {
                open.request_bytes = u64::try_from(asked - exchanges.starts.0).unwrap_or(0);
                open.request = not_negative(client.last_data().unwrap_or(open.ts).since(open.ts));
            }
        }
        exchanges.overlapping += u32::from(open.overlapping);
        if let Some(time) = open.server_time {
            exchanges.times.add(time);
            exchanges.total = Span(exchanges.total.0.saturating_add(time.0));
            if exchanges.slowest.is_none_or(|slowest| slowest.server_time < open.server_time) {
                exchanges.slowest = Some(*open);
            }
        }
        Some(*open)
    }

    /// The exchanges in numbers, where there were any.
    pub(in crate::track) fn exchange_summary(&self) -> Option<ExchangeSummary> {
        let exchanges = self.exchanges.as_deref().filter(|exchanges| exchanges.open.number > 0)?;
        Some(ExchangeSummary {
            count: exchanges.open.number,
            overlapping: exchanges.overlapping,
            server_time: exchanges.times.summary(),
            server_total: exchanges.total,
            slowest: exchanges.slowest,
        })
    }
}

/// How long of a server's time it had the request for certain: the way to it may have been longer this time than the shortest.
/// `acked` is when a segment acknowledged the request before the answer did.
fn proven_wait(server_time: Span, answered: Timestamp, acked: Option<Timestamp>) -> Span {
    match acked {
        Some(acked) => server_time.min(answered.since(acked)),
        // The acknowledgment waited for the answer, which is what a host may do for so long; after that the request came late.
        None if server_time <= MAX_ACK_DELAY => server_time,
        None => Span(0),
    }
}

/// Says that a server was slow to answer.
fn report_slow_response(step: &mut Step<'_>, exchange: &Exchange, time: Span) {
    let finding = step.fire(Rule::SlowResponse);
    finding.time("server_time", time).bytes("bytes", exchange.request_bytes).frame("request", exchange.frame);
    if exchange.retransmission > Span(0) {
        finding.time("retransmission", exchange.retransmission);
    }
    if time >= Exchange::LONG_POLL {
        finding.severity = Severity::Note;
        let doubt = "perhaps it had nothing to say until then (a notification, long polling)";
        finding.confidence(Confidence::Possible).word("why", doubt);
    }
}

/// RFC 9293 §3.8.6.3: an acknowledgment may wait for half a second.
const MAX_ACK_DELAY: Span = Span::from_millis(500);

/// After so long a silence a server that goes on may have done so without being asked (WebSocket pings, every 15 s or more).
const OWN_PACE: Span = Span::from_secs(5);

/// Pieces of one message are written sooner after each other than this.
const ONE_WRITE: Span = Span::from_millis(20);
/// What a host takes to react.
const SLACK: Span = Span::from_millis(5);

/// RFC 6928 §2: what a sender may send at once, ten segments.
const INITIAL_WINDOW: i64 = 14_600;

/// One past the last payload byte that an end has sent.
fn payload_end(end: &crate::track::conn::endpoint::Endpoint) -> i64 {
    end.fin().map_or(end.nxt, |fin| end.nxt.min(fin - 1))
}

fn not_negative(span: Span) -> Span {
    span.max(Span(0))
}
