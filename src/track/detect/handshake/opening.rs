//! The three-way handshake: SYN, SYN+ACK, ACK (TC1).

use crate::capture::Span;
use crate::dissect::{Segment, TcpFlags};
use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::{Connection, Remark};
use crate::track::conn::facts::Fact;
use crate::track::conn::recovery::{Need, Resent};
use crate::track::conn::recovery_cause::RetransmissionCause;
use crate::track::conn::step::Step;
use crate::track::shared::waits::{Awaited, Wait};
use crate::track::{Direction, SegmentEffect};

impl Connection {
    /// A segment with SYN. False when it does nothing.
    pub(in crate::track) fn open(&mut self, step: &mut Step<'_>) -> bool {
        if step.has(TcpFlags::ACK) { self.accept(step) } else { self.open_actively(step) }
    }

    fn open_actively(&mut self, step: &mut Step<'_>) -> bool {
        let segment = step.segment;
        if self.is_own_syn(segment, step.from) {
            self.open_late(step);
            return true;
        }
        let peer_syn = self.ends[step.peer()].facts.has(Fact::SynSeen);
        let half_open = self.is_half_open();
        let me = &mut self.ends[step.me()];
        let ts = segment.ts;
        if me.facts.has(Fact::SynSeen) && step.obs.seq == 0 {
            self.open_again(step);
            return true;
        }
        if me.facts.has(Fact::SynSeen) && !half_open {
            // RFC 9293 §3.10.7.4, fourth: a SYN in a synchronized state draws a challenge ACK and changes nothing.
            self.rare.pending_syn = Some(Box::new(*segment));
            self.doubt_syn(step);
            self.note_unacceptable(step);
            return false;
        }
        if me.facts.has(Fact::Syn) && !me.facts.has(Fact::SynSeen) {
            self.rare.pending_syn = Some(Box::new(*segment));
            return false;
        }
        if me.facts.has(Fact::SynSeen) {
            let old = me.raw(0);
            let (first, first_ts) = self.syn();
            step.fire(Rule::SynIsnChanged)
                .number("isn", segment.seq.0)
                .number("old_isn", old.0)
                .frame("first", first)
                .time("after", ts.since(first_ts));
        }
        let me = &mut self.ends[step.me()];
        me.start_at(segment.seq, 0);
        me.facts.note(Fact::Syn);
        me.facts.note(Fact::SynSeen);
        (step.obs.seq, step.obs.seq_end) = (0, i64::from(segment.payload_len));
        if peer_syn {
            self.note_syn_again(ts);
            step.obs.effect = SegmentEffect::OpensToo;
            let syn = self.syn().0;
            step.fire(Rule::SimultaneousOpen).frame("syn", syn);
        } else {
            step.obs.effect = SegmentEffect::Opens;
            self.set_syn(segment);
        }
        self.learn_syn_options(segment, step.from);
        if segment.payload_len > 0 && segment.options.fast_open.is_none() {
            step.fire(Rule::DataBeforeEstablished)
                .bytes("bytes", u64::from(segment.payload_len))
                .word("where", "on the SYN");
        }
        true
    }

    /// The same SYN once more.
    fn open_again(&mut self, step: &mut Step<'_>) {
        step.obs.effect = SegmentEffect::OpensAgain;
        let (nth, after) = (self.ends[step.me()].syns, step.segment.ts.since(self.last_syn()));
        let (answer, dropped) = (self.syn_ack(), self.rare.dropped);
        self.note_syn_again(step.segment.ts);
        let finding = step.fire(Rule::SynRetransmission);
        finding.number("nth", nth).time("after", after);
        if let Some((frame, _)) = dropped {
            finding.frame("dropped", frame);
        }
        if let Some((frame, _)) = answer {
            finding.frame("answer", frame);
            step.fire(Rule::SpuriousRetransmission).word("why", "the SYN had arrived, since it had been answered");
        } else {
            self.remember_opening(step);
        }
    }

    /// A repeated SYN or SYN+ACK: the timestamp that its answer echoes may tell that the first one had arrived.
    fn remember_opening(&mut self, step: &Step<'_>) {
        let segment = step.segment;
        self.ends[step.me()].rare.recovery.get_or_insert_default().remember(Resent {
            from: 0,
            end: 1,
            frame: segment.frame,
            ts: segment.ts,
            tsval: segment.options.timestamps.map(|(tsval, _)| tsval),
            kind: RetransmissionCause::Unknown,
            seen_before: true,
            acked: None,
            word: Need::Open,
        });
        self.provisional = true;
    }

    fn accept(&mut self, step: &mut Step<'_>) -> bool {
        let segment = step.segment;
        let (peer_facts, wanted) = {
            let peer = &self.ends[step.peer()];
            (peer.facts, peer.raw(1 + i64::from(peer.rare.syn_data)))
        };
        let me = &self.ends[step.me()];
        // Opening simultaneously, each end sends one of its own.
        let again = self.syn_ack().filter(|_| me.facts.has(Fact::SynAck));
        if let Some((first, _)) = again {
            return self.accept_again(step, first);
        }
        let beyond_opening =
            me.facts.has(Fact::SynAcked) || me.facts.has(Fact::SynSeen) && me.count.packets > u64::from(me.syns);
        if beyond_opening && me.low != i64::MAX && step.obs.seq != 0 {
            // RFC 9293 §3.10.7.4, fourth: a SYN in a synchronized state changes nothing. Who has sent what comes after its SYN
            // keeps its numbers, acknowledged or not.
            return false;
        }
        let ack = step.obs.ack.unwrap_or(0);
        if peer_facts.has(Fact::SynSeen) && !(1..=1 + i64::from(self.ends[step.peer()].rare.syn_data)).contains(&ack) {
            // RFC 9293 §3.10.7.3: in SYN-SENT an ack outside ISS+1 .. SND.NXT draws a RST.
            let syn = self.syn().0;
            step.fire(Rule::SynAckWrongAck)
                .number("ack", segment.ack.unwrap_or_default().0)
                .frame("syn", syn)
                .number("wanted", wanted.0);
            return false;
        }
        step.obs.effect = SegmentEffect::Accepts;
        let me = &mut self.ends[step.me()];
        if step.obs.seq != 0 {
            // Numbered from what the other end acknowledged; its own word is better.
            me.start_at(segment.seq, 0);
            (step.obs.seq, step.obs.seq_end) = (0, i64::from(segment.payload_len));
        }
        me.facts.note(Fact::Syn);
        me.facts.note(Fact::SynSeen);
        me.facts.note(Fact::SynAck);
        let waited = segment.ts.since(self.last_syn());
        let peer = &mut self.ends[step.peer()];
        if peer.facts.has(Fact::SynSeen) {
            peer.note_handshake_leg(waited);
        } else {
            peer.facts.note(Fact::Syn);
            peer.facts.note(Fact::SynAcked);
        }
        let rejected = u64::from(peer.rare.syn_data).saturating_sub((ack - 1).max(0) as u64);
        self.set_syn_ack(segment);
        self.note_syn_ack_ack(ack);
        self.learn_syn_options(segment, step.from);
        self.check_unsolicited(step);
        if rejected > 0 {
            let syn = self.syn().0;
            step.fire(Rule::TfoDataRejected).bytes("bytes", rejected).frame("syn", syn);
        }
        true
    }

    /// A SYN+ACK after that in frame `first`: the same once more, or another. False when it does nothing.
    fn accept_again(&mut self, step: &mut Step<'_>, first: u64) -> bool {
        let (segment, me) = (step.segment, &self.ends[step.me()]);
        let (nth, acked, seq, ack) = (me.syns, me.facts.has(Fact::SynAcked), me.raw(0), self.syn_ack_ack());
        let after = segment.ts.since(self.last_syn_ack());
        self.note_syn_ack_again(segment.ts);
        if step.obs.seq == 0 && step.obs.ack == Some(ack) {
            step.obs.effect = SegmentEffect::OpensAgain;
            step.fire(Rule::SynAckRetransmission).number("nth", nth).time("after", after);
            self.remember_opening(step);
            return true;
        }
        let old_ack = self.ends[step.peer()].raw(ack);
        if acked {
            self.note_unacceptable(step);
        } else if step.obs.seq != 0 {
            // Which of them counts, the client's acknowledgment tells.
            self.rare.pending_syn = Some(Box::new(*segment));
        }
        step.fire(Rule::SynAckChanged)
            .number("seq", segment.seq.0)
            .number("ack", segment.ack.unwrap_or_default().0)
            .frame("first", first)
            .number("old_seq", seq.0)
            .number("old_ack", old_ack.0);
        false
    }

    /// A SYN+ACK of which the SYN should have been captured.
    fn check_unsolicited(&mut self, step: &mut Step<'_>) {
        // A SYN is that much older than its answer only if its first repetition was lost too (RFC 6298 §2: RTO 1 s or more).
        let should_be_there = self.age >= SYN_AGE && !self.alone && !step.shared.lossy;
        if !self.ends[step.peer()].facts.has(Fact::SynSeen) && should_be_there {
            let age = self.age;
            step.fire(Rule::SynAckUnsolicited).time("into", age).confidence(Confidence::Likely);
            self.provisional = true;
        }
    }

    /// What a segment without SYN proves about the handshake that must have come before it. False when it does nothing.
    pub(in crate::track) fn synchronize(&mut self, step: &mut Step<'_>) -> bool {
        let (me, peer) = (self.ends[step.me()].facts, self.ends[step.peer()].facts);
        if me.has(Fact::Syn) && me.has(Fact::SynAcked) && peer.has(Fact::Syn) && peer.has(Fact::SynAcked) {
            return true;
        }
        self.take_other_syn_ack(step);
        if self.waits_for_third(step) {
            return self.complete(step);
        }
        let acks_nothing = step.obs.ack.is_none_or(|ack| ack < 1 || ack > self.ends[step.peer()].nxt);
        if !me.has(Fact::SynSeen) && peer.has(Fact::SynSeen) && !peer.has(Fact::SynAcked) && acks_nothing {
            // RFC 9293 §3.10.7.3: in SYN-SENT an unacceptable ack does nothing (it is an older connection's challenge ACK).
            self.rare.dropped = Some((step.segment.frame, false));
            return false;
        }
        if let Some((frame, _)) = self.syn_ack().filter(|_| peer.has(Fact::SynSeen) && !me.has(Fact::SynSeen)) {
            // It takes the SYN+ACK, so it did send a SYN.
            self.amend(step, frame, Vec::new(), &[Rule::SynAckUnsolicited]);
        }
        if !(me.has(Fact::SynSeen) && peer.has(Fact::SynSeen)) {
            // Only an end whose SYN was answered sends segments without SYN: the rest of the handshake was not captured.
            for end in &mut self.ends {
                end.facts.note(Fact::Syn);
                end.facts.note(Fact::SynAcked);
            }
        }
        true
    }

    /// The server has sent its SYN+ACK (or, opening simultaneously, both their SYNs), and this is the first answer.
    fn waits_for_third(&self, step: &Step<'_>) -> bool {
        let (me, peer) = (&self.ends[step.me()].facts, &self.ends[step.peer()].facts);
        me.has(Fact::SynSeen) && peer.has(Fact::SynSeen) && !peer.has(Fact::SynAcked)
    }

    fn complete(&mut self, step: &mut Step<'_>) -> bool {
        let peer = &self.ends[step.peer()];
        let Some(ack) = step.obs.ack else { return false };
        let (syn_ack, _) = self.syn_ack().unwrap_or(self.syn());
        let first_own = step.obs.seq == 1 + i64::from(self.ends[step.me()].rare.syn_data)
            && self.ends[step.me()].nxt <= step.obs.seq;
        // It echoes something newer than the SYN+ACK, so it answers what the capture missed.
        let newer =
            |(_, tsecr): (u32, u32)| peer.facts.has(Fact::Timestamps) && tsecr.wrapping_sub(peer.tsval) as i32 > 0;
        let missed = ack > peer.nxt && step.segment.options.timestamps.is_some_and(newer);
        if (ack < 1 || ack > peer.nxt) && first_own && peer.nxt >= 1 && !missed {
            let (wanted, raw) = (peer.raw(1), step.segment.ack.unwrap_or_default());
            step.fire(Rule::HandshakeWrongAck)
                .number("ack", raw.0)
                .frame("syn_ack", syn_ack)
                .number("wanted", wanted.0);
            return false;
        }
        if ack < 1 || ack > peer.nxt {
            return ack > peer.nxt;
        }
        step.obs.effect = SegmentEffect::Establishes;
        self.rare.take_pending_syn(|other| other.flags.is_syn_ack());
        if step.segment.payload_len > 0 && self.syn_ack().is_some() && self.ends[step.me()].rare.syn_data == 0 {
            // RFC 9293 §3.5: the third segment goes at once, and data, as a rule, behind it.
            self.note_due(step);
        }
        if self.syn_ack().is_some() {
            let answered = step.segment.ts.since(self.last_syn_ack());
            self.ends[step.peer()].note_handshake_leg(answered);
        }
        if self.handshake_time().is_none() && self.syn().0 != 0 && self.ends[0].facts.has(Fact::SynSeen) {
            let (from, to) = (self.syn().1, step.segment.ts);
            self.note_handshake(to.since(from));
            if to.since(from) >= step.shared.slow_response {
                let (flow, host) = (self.number, self.ends[0].socket.addr);
                step.shared.note_wait(Wait { flow, host, from, to, awaited: Awaited::Handshake, root: flow });
            }
        }
        if let Some(early) = self.rare.get_mut().and_then(|rare| rare.early_data.take())
            && ack == 1
        {
            let (frame, ts, bytes) = *early;
            let mut finding = self.late_finding(Rule::DataBeforeEstablished, (frame, ts), step.from.reverse());
            finding.bytes("bytes", u64::from(bytes)).word("where", "from the server").confidence(Confidence::Likely);
            self.amend(step, frame, vec![finding], &[]);
        }
        true
    }

    /// The client acknowledges a later SYN+ACK with another number: that one opens the connection, and the first is nobody's.
    fn take_other_syn_ack(&mut self, step: &mut Step<'_>) {
        if self.ends[step.peer()].closes() {
            // RFC 9293 §3.6: a connection that is being closed has been opened, with the numbers that it has.
            return;
        }
        let taken = |other: &Segment| {
            let acked = step.segment.ack == Some(other.seq.plus(1));
            acked && other.flags.is_syn_ack() && other.src == step.segment.dst
        };
        let Some(other) = self.rare.take_pending_syn(|other| taken(other)) else { return };
        let peer = &mut self.ends[step.peer()];
        peer.start_at(other.seq, 0);
        peer.flight.clear();
        peer.send(0, 1, &other);
        peer.nxt = 1;
        (peer.edge, peer.right_edge) = (i64::MIN, i64::MIN);
        peer.tsval = other.options.timestamps.map_or(0, |(tsval, _)| tsval);
        peer.forget_first_tsval();
        self.set_syn_ack(&other);
        self.learn_syn_options(&other, step.from.reverse());
        step.obs.ack = Some(1);
    }

    /// Takes what only a SYN may say.
    pub(in crate::track) fn learn_syn_options(&mut self, syn: &Segment, from: Direction) {
        let (options, flags) = (&syn.options, syn.flags);
        let [own, other] = [from, from.reverse()].map(Direction::index);
        // What was cut off, or said on an earlier SYN, may have permitted it: nothing is said of the other end's SACK blocks.
        let permitted_before = self.ends[own].facts.has(Fact::SackPermitted) && !options.sack_permitted;
        if options.cut || permitted_before {
            self.once.note(Remark::Sack, other);
        }
        let me = &mut self.ends[own];
        me.mss = options.mss.unwrap_or(0);
        me.wscale = options.wscale;
        if me.rare.syn_data != syn.payload_len {
            me.rare.syn_data = syn.payload_len;
        }
        me.facts.set(Fact::SackPermitted, options.sack_permitted);
        me.facts.set(Fact::Timestamps, options.timestamps.is_some());
        me.facts.set(Fact::Md5, options.md5);
        me.facts.set(Fact::Ao, options.ao);
        let ace = (flags.0 >> 6) & 7;
        if flags.is_syn() {
            // RFC 3168 §6.1.1: ECE and CWR ask for ECN. RFC 9768 §3.1.1: AE, CWR and ECE ask for accurate ECN.
            me.facts.set(Fact::Ecn, ace == 0b011);
            me.facts.set(Fact::AccEcn, ace == 0b111);
        } else {
            let loss_reports = self.ends[other].facts;
            let me = &mut self.ends[own];
            me.facts.set(Fact::Ecn, (loss_reports.has(Fact::Ecn) || loss_reports.has(Fact::AccEcn)) && ace == 0b001);
            // RFC 9768 §3.1.2, table 2: 010, 011, 100 and 110 accept.
            me.facts.set(Fact::AccEcn, loss_reports.has(Fact::AccEcn) && matches!(ace, 0b010 | 0b011 | 0b100 | 0b110));
        }
    }
}

/// How long a capture must have gone on before a SYN+ACK without its SYN is remarkable.
const SYN_AGE: Span = Span::from_secs(3);
