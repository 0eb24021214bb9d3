//! What holds of a connection once it has ended, or the capture has.

use crate::capture::{Span, Timestamp};
use crate::dissect::IcmpKind;
use crate::rules::{Confidence, Rule, Severity};

use crate::track::conn::connection::Connection;
use crate::track::conn::facts::{CutOff, Fact};
use crate::track::conn::step::Shared;
use crate::track::{DirectionStats, Finding, FlowRecord, Outcome, States, TcpState};

/// Why nothing more is expected of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) enum Ending {
    /// The capture is over.
    CaptureEnds,
    /// Nothing came for too long.
    TimedOut,
    /// A limit of the tracker was reached.
    Evicted,
    /// A new connection took its addresses and ports.
    Replaced,
}

/// What makes absence mean something: how long the capture went on, and whether it shows both directions at all.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Ended {
    pub why: Ending,
    pub now: Timestamp,
    /// Every connection so far shows one direction only.
    pub one_sided: bool,
    /// The capture missed segments of some connection.
    pub lossy: bool,
}

/// RFC 6298 §2.1: the first RTO is a second, so an answer that is missing for less may still be on its way.
const FIRST_RTO: Span = Span::from_secs(1);

impl Connection {
    /// The findings that only the end can bring.
    pub(in crate::track) fn conclude(&mut self, ended: Ended, shared: &Shared) -> Vec<Finding> {
        let mut found = Vec::new();
        if ended.why == Ending::Evicted {
            return found;
        }
        self.conclude_gaps(&mut found);
        self.conclude_reset();
        self.conclude_probes(ended, &mut found);
        self.conclude_opening(ended, &mut found);
        self.conclude_close(ended, &mut found);
        self.conclude_sides(&mut found);
        self.conclude_application(&mut found);
        self.conclude_path(shared, &mut found);
        found.retain(|finding| !shared.silences(finding.rule));
        for finding in &mut found {
            finding.flow = Some(self.number);
            self.count_finding(finding.rule, finding.severity);
        }
        found
    }

    fn conclude_gaps(&mut self, found: &mut Vec<Finding>) {
        for from in [crate::track::Direction::FromOriginator, crate::track::Direction::FromResponder] {
            let end = &mut self.ends[from.index()];
            for gap in end.gaps_mut().map(|gaps| gaps.take_acked(|_| false)).unwrap_or_default() {
                end.note_trouble().missed_bytes += gap.len();
                self.history.gap(from);
                let (frame, ts) = gap.acked.unwrap_or_default();
                let mut finding = Finding::new(Rule::CaptureGap);
                (finding.frame, finding.ts, finding.direction) = (frame, ts, Some(from));
                finding.range(gap.from, gap.to).bytes("bytes", gap.len());
                found.push(finding);
            }
            self.conclude_unseen(from, found);
        }
    }

    /// A RST after which nothing more came was taken.
    fn conclude_reset(&mut self) {
        if let Some(cut) = self.rare.doubtful_reset.filter(|cut| self.rare.cut.is_none() && self.last.0 == cut.frame) {
            self.rare.cut = Some(cut);
        }
    }

    fn conclude_opening(&self, ended: Ended, found: &mut Vec<Finding>) {
        let [client, server] = &self.ends;
        let syn = self.syn();
        if self.is_unanswered() && !ended.one_sided && !self.syn_may_be_answered_yet(ended) {
            let mut finding = Finding::new(Rule::NoAnswer);
            (finding.frame, finding.ts) = syn;
            finding.direction = Some(crate::track::Direction::FromOriginator);
            finding.with("syns", crate::track::Value::Count(client.syns.into(), "SYN")).word("reply", "no reply");
            if client.syns > 1 {
                finding.time("span", self.last_syn().since(syn.1));
            }
            if let Some((frame, reset)) = self.rare.dropped {
                // RFC 9293 §3.10.7.3: in SYN-SENT, what does not acknowledge the SYN is dropped.
                let what = if reset { "a RST" } else { "an ACK" };
                finding.word("answer", what).frame("dropped", frame);
            } else if client.syns == 1 && ended.lossy {
                finding.severity = Severity::Note;
                finding.confidence = Confidence::Possible;
                finding.word("why", "the capture misses segments elsewhere, and perhaps the answer");
            }
            found.push(finding);
        }
        let unfinished = client.facts.has(Fact::SynSeen)
            && server.facts.has(Fact::SynSeen)
            && !server.facts.has(Fact::SynAcked)
            && self.rare.cut.is_none();
        let Some((frame, ts)) = self.syn_ack().filter(|_| unfinished) else { return };
        if ended.now.since(ts) >= FIRST_RTO {
            let mut finding = Finding::new(Rule::HandshakeUnfinished);
            (finding.frame, finding.ts) = (frame, ts);
            finding.direction = Some(crate::track::Direction::FromResponder);
            finding.frame("syn_ack", frame).time("after", ended.now.since(ts));
            found.push(finding);
        }
    }

    fn conclude_close(&self, ended: Ended, found: &mut Vec<Finding>) {
        let seen = |end: &crate::track::conn::endpoint::Endpoint| end.count.packets > 0;
        if self.rare.cut.is_some() {
            return;
        }
        let mut open = true;
        for from in [crate::track::Direction::FromOriginator, crate::track::Direction::FromResponder] {
            let (me, peer) = (&self.ends[from.index()], &self.ends[from.reverse().index()]);
            if me.fin().is_none() {
                continue;
            }
            open = false;
            let (fin, ts) = self.fin_frame(from.index());
            let waited = ended.now.since(ts);
            let rto = me.rtt.summary().map_or(FIRST_RTO, |rtt| Span(rtt.max.0.saturating_mul(2)).max(FIRST_RTO));
            // RFC 6298 §5: a FIN without an acknowledgment goes again. Where it does not, its sender has one, and the capture has
            // not; unless the other end's next words lack it. A direction that was not captured may hold the one for the last.
            let missing = if seen(peer) {
                self.closed_again(from) > 0 || peer.last_ts.since(ts) > rto
            } else {
                self.closed_again(from) > 1
            };
            let rule = if !me.fin_acked() && waited.0 >= rto.0.saturating_mul(4) && missing {
                Rule::FinUnacked
            } else if me.fin_acked() && peer.fin().is_none() && seen(me) && seen(peer) {
                Rule::HalfClosed
            } else {
                continue;
            };
            let mut finding = Finding::new(rule);
            (finding.frame, finding.ts, finding.direction) = (fin, ts, Some(from));
            finding.word("who", from.sender()).frame("fin", fin).time("after", waited);
            found.push(finding);
        }
        let synchronized = self.ends.iter().all(|end| end.facts.has(Fact::Syn) && end.facts.has(Fact::SynAcked));
        if open && synchronized && self.ends.iter().all(seen) && ended.why != Ending::Replaced {
            let mut finding = Finding::new(Rule::NotClosed);
            (finding.frame, finding.ts) = self.last;
            finding.time("after", ended.now.since(self.first.1));
            found.push(finding);
        }
    }

    /// How often an end's FIN was sent again.
    fn closed_again(&self, from: crate::track::Direction) -> u32 {
        let again =
            self.rare.found.iter().find(|(rule, _)| *rule == Rule::FinRetransmission).map_or(0, |(_, count)| *count);
        if self.ends[from.index()].last_ts > self.fin_frame(from.index()).1 { again } else { 0 }
    }

    fn conclude_sides(&self, found: &mut Vec<Finding>) {
        let Some(from) = self.only_side() else { return };
        let mut finding = Finding::new(Rule::OneDirectionOnly);
        (finding.frame, finding.ts, finding.direction) = (self.first.0, self.first.1, Some(from));
        finding
            .number("segments", i64::try_from(self.ends[from.index()].count.packets).unwrap_or(i64::MAX))
            .word("who", from.sender());
        found.push(finding);
    }

    /// The only direction captured, where what it acknowledges proves that there was another.
    pub(in crate::track) fn only_side(&self) -> Option<crate::track::Direction> {
        let [client, server] = &self.ends;
        let from = match (client.count.packets, server.count.packets) {
            (2.., 0) => crate::track::Direction::FromOriginator,
            (0, 2..) => crate::track::Direction::FromResponder,
            _ => return None,
        };
        let (me, peer) = (&self.ends[from.index()], &self.ends[from.reverse().index()]);
        // Acknowledgments that go on, or a connection that goes on from a SYN: somebody answers.
        let answered = peer.una > 1 || (me.facts.has(Fact::SynSeen) && peer.facts.has(Fact::SynAcked));
        answered.then_some(from)
    }

    /// Whether both directions were captured.
    pub(in crate::track) fn is_two_sided(&self) -> bool {
        self.ends.iter().all(|end| end.count.packets > 0)
    }

    /// SYNs and nothing else, but for answers that the client has to drop.
    pub(in crate::track) fn is_unanswered(&self) -> bool {
        let client = &self.ends[0];
        self.is_half_open() && u64::from(client.syns) == client.count.packets
    }

    /// Nothing more was looked for so soon after the SYN that its answer may have been under way.
    pub(in crate::track) fn syn_may_be_answered_yet(&self, ended: Ended) -> bool {
        ended.now.since(self.syn().1) < FIRST_RTO
    }

    /// The connection in numbers.
    pub(in crate::track) fn record(
        &mut self,
        ended: Ended,
        two_msl: Span,
        refused: Option<(IcmpKind, bool)>,
    ) -> FlowRecord {
        for end in &mut self.ends {
            if let Some(since) = end.rare.get_mut().and_then(|rare| rare.closed_since.take()) {
                let closed = self.last.1.since(since).0.max(0);
                let Span(so_far) = &mut end.note_trouble().zero_window;
                *so_far = so_far.saturating_add(closed);
            }
        }
        self.wait_out(ended.now, two_msl);
        let [client, server] = &self.ends;
        let payload = client.count.payload_bytes + server.count.payload_bytes > 0;
        let [to_server, to_client] = [client.rtt.summary(), server.rtt.summary()];
        // The longer of the two legs from here: the shorter one tells where the capture was made, not how far the ends are.
        let rtt = match (to_server, to_client) {
            (Some(a), Some(b)) if b.min > a.min => Some(b),
            (a, b) => a.or(b),
        };
        let (outcome, exchanges) = (self.outcome(), self.exchange_summary());
        let diagnosis = self.diagnose(ended, outcome, exchanges.as_ref(), refused);
        let mut findings = self.rare.get_mut().map(|rare| std::mem::take(&mut rare.found)).unwrap_or_default();
        findings.sort_by_key(|(rule, _)| *rule);
        let [c2s, s2c] = [self.stats(0), self.stats(1)];
        FlowRecord {
            number: self.number,
            client: client.socket,
            server: server.socket,
            client_known: self.client_known,
            outcome,
            first_ts: self.first.1,
            last_ts: self.last.1,
            first_frame: self.first.0,
            last_frame: self.last.0,
            handshake: self.handshake_time(),
            rtt,
            states: self.states(),
            conn_state: self.history.conn_state(payload),
            history: self.history.letters(),
            diagnosis,
            exchanges,
            limited_by: self.limited_by([c2s.unique_bytes, s2c.unique_bytes]),
            longest_idle: self.limits.idle,
            c2s,
            s2c,
            findings,
            regraded: self.rare.get_mut().map(|rare| std::mem::take(&mut rare.regraded)).unwrap_or_default(),
        }
    }

    /// The same of a connection that is tracked on.
    pub(in crate::track) fn record_so_far(
        &mut self,
        ended: Ended,
        two_msl: Span,
        refused: Option<(IcmpKind, bool)>,
    ) -> FlowRecord {
        let record = self.record(ended, two_msl, refused);
        self.rare.found.clone_from(&record.findings);
        self.rare.regraded.clone_from(&record.regraded);
        record
    }

    /// Lets TIME-WAIT end where its time is over.
    // RFC 9293 §3.6.1: TIME-WAIT lasts 2 MSL.
    pub(in crate::track) fn wait_out(&mut self, now: Timestamp, two_msl: Span) {
        let waiting = |state| state == TcpState::TimeWait;
        let States { client, server } = self.states();
        let (frame, ts) = self.last;
        if (waiting(client) || waiting(server)) && now.since(ts) >= two_msl {
            let by = if waiting(client) {
                crate::track::Direction::FromOriginator
            } else {
                crate::track::Direction::FromResponder
            };
            self.rare.cut =
                Some(crate::track::conn::connection::Cut { how: CutOff::TimeWaitOver, by, ttl: 0, frame, ts });
        }
    }

    fn outcome(&self) -> Outcome {
        let [client, server] = &self.ends;
        if client.fin().is_some() && server.fin().is_some() {
            return Outcome::Closed;
        }
        match self.rare.cut {
            Some(cut) if cut.how != CutOff::TimeWaitOver => {
                return match cut.by {
                    // Of a RST alone nothing is known.
                    _ if !client.facts.has(Fact::Syn) && !server.facts.has(Fact::Syn) => Outcome::MidStream,
                    crate::track::Direction::FromResponder if !server.facts.has(Fact::Syn) => Outcome::Refused,
                    crate::track::Direction::FromResponder => Outcome::ResetByServer,
                    crate::track::Direction::FromOriginator => Outcome::ResetByClient,
                };
            }
            _ => {}
        }
        if self.is_unanswered() {
            Outcome::NoAnswer
        } else if !(client.facts.has(Fact::SynSeen) || server.facts.has(Fact::SynSeen)) {
            Outcome::MidStream
        } else if client.fin().is_some() || server.fin().is_some() {
            Outcome::HalfClosed
        } else {
            Outcome::Open
        }
    }

    fn stats(&self, of: usize) -> DirectionStats {
        let end = &self.ends[of];
        let (count, trouble) = (&end.count, end.trouble());
        let start = if end.facts.has(Fact::SynSeen) { 1 } else { end.low.min(end.nxt) };
        let fin = i64::from(end.fin().is_some_and(|fin| end.nxt >= fin));
        let unseen: u64 = end.rare.gaps.overlap(i64::MIN, end.nxt);
        let unique = (end.nxt - start - fin).max(0) as u64;
        DirectionStats {
            packets: count.packets,
            wire_bytes: count.wire_bytes,
            payload_bytes: count.payload_bytes,
            unique_bytes: unique.saturating_sub(unseen),
            missed_bytes: trouble.missed_bytes,
            data_segments: count.data_segments,
            retransmitted_segments: trouble.resent_segments,
            retransmitted_bytes: trouble.resent_bytes,
            out_of_order_segments: trouble.late_segments,
            duplicate_acks: trouble.duplicate_acks,
            zero_window: trouble.zero_window,
            max_in_flight: count.max_in_flight,
            mss: Some(end.mss).filter(|mss| *mss != 0),
            wscale: end.wscale,
            sack: end.facts.has(Fact::SackPermitted),
            timestamps: end.facts.has(Fact::Timestamps),
            syns: end.syns,
        }
    }
}
