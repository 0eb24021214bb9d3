//! Closing and resetting (TC4).

use crate::dissect::TcpFlags;
use crate::rules::{Rule, Severity};

use crate::track::conn::connection::{Connection, Cut};
use crate::track::conn::facts::{CutOff, Fact};
use crate::track::conn::step::Step;
use crate::track::{Direction, SegmentEffect, States, TcpState};

/// Where a RST lies for its receiver.
enum Place {
    /// Where it is expected.
    Exact,
    /// In the window: a receiver that follows RFC 5961 asks back.
    InWindow,
    /// Outside: dropped.
    Outside,
}

impl Connection {
    /// A segment with FIN.
    pub(in crate::track) fn finish_direction(&mut self, step: &mut Step<'_>) {
        let end = step.obs.seq + i64::from(step.segment.seq_len());
        let peer = &self.ends[step.peer()];
        // A number beyond all that was sent is not taken (§3.10.7.4, fifth): it does not tell whether the other's FIN had come,
        // so what is known of that stays.
        let told = peer.fin().zip(step.obs.ack.filter(|ack| *ack <= peer.nxt));
        let second = told.map_or(peer.fin_arrived(), |(fin, ack)| ack >= fin);
        let crosses = told.is_some() && !second;
        let theirs = self.fin_frame(step.peer()).0;
        let (first, _) = self.fin_frame(step.me());
        let acked = self.ends[step.peer()].ack();
        let me = &mut self.ends[step.me()];
        let beyond = me.nxt - end;
        // RFC 9293 §3.10.7.4, first: what lies below RCV.NXT is dropped, and so is a FIN there that is not a copy of the one taken.
        // It lies there if the other end has acknowledged more, or if its number is the SYN's.
        let dropped = acked.is_some_and(|ack| ack > end) || me.facts.has(Fact::SynSeen) && end <= 1;
        match me.fin() {
            // RFC 9293 §3.10.7.4, eighth: what lies below RCV.NXT closes nothing. Numbers that were never seen prove nothing, though.
            None if beyond > 0 && me.rare.gaps.overlap(end, me.nxt) == 0 && me.trouble().missed_bytes == 0 => {
                let fin = step.segment.frame;
                step.fire(Rule::DataAfterFin).bytes("bytes", beyond as u64).frame("fin", fin);
            }
            None if dropped => {}
            None => {
                me.set_fin(end);
                if acked.is_none_or(|ack| ack < end) {
                    // Where the capture began above the FIN, nothing has acknowledged it so far.
                    me.una = me.una.min(end - 1);
                }
                me.facts.set(Fact::ClosesSecond, second);
                step.obs.effect = SegmentEffect::Closes;
                self.set_fin_frame(step.me(), (step.segment.frame, step.segment.ts));
                if crosses {
                    step.fire(Rule::SimultaneousClose).frame("fin", theirs);
                }
            }
            Some(fin) if fin == end => {
                step.obs.effect = SegmentEffect::ClosesAgain;
                step.fire(Rule::FinRetransmission).frame("first", first);
            }
            Some(fin) => {
                let old = me.raw(fin - 1);
                let new = me.raw(end - 1);
                step.fire(Rule::FinSeqChanged).number("seq", new.0).frame("fin", first).number("old_seq", old.0);
            }
        }
    }

    /// New bytes beyond the sender's own FIN.
    pub(in crate::track) fn check_after_fin(&mut self, step: &mut Step<'_>) {
        let (fin_frame, _) = self.fin_frame(step.me());
        let Some(fin) = self.ends[step.me()].fin() else { return };
        // The FIN's own number lies behind the last byte.
        let beyond = step.obs.seq_end - (fin - 1).max(step.obs.seq);
        if step.segment.payload_len > 0 && beyond > 0 && !step.has(TcpFlags::SYN) {
            step.fire(Rule::DataAfterFin).bytes("bytes", beyond as u64).frame("fin", fin_frame);
        }
    }

    /// A segment with RST.
    pub(in crate::track) fn reset(&mut self, step: &mut Step<'_>) {
        step.obs.effect = SegmentEffect::Resets;
        let (frame, ts) = (step.segment.frame, step.segment.ts);
        let before = self.states();
        let cut = Cut { how: self.cut_off(step, before), by: step.from, ttl: step.segment.ttl, frame, ts };
        let place = self.judge_reset_place(step);
        if self.rare.cut.is_none() {
            self.doubt_reset(step, matches!(place, Place::Exact));
        }
        match place {
            Place::Exact if self.rare.cut.is_none() => {
                self.judge_reset(step, before);
                self.rare.cut = Some(cut);
            }
            Place::InWindow if self.rare.cut.is_none() => {
                self.rare.doubtful_reset = Some(cut);
                self.draw_by_reset(step);
                step.obs.effect = SegmentEffect::Stray;
            }
            _ => {
                if self.is_half_open() && step.from == Direction::FromResponder {
                    self.rare.dropped = Some((frame, true));
                }
                step.obs.effect = SegmentEffect::Stray;
            }
        }
    }

    /// Where the RST lies for the end that it goes to.
    fn judge_reset_place(&self, step: &Step<'_>) -> Place {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        if peer.facts.has(Fact::SynSeen) && !peer.facts.has(Fact::SynAcked) && !me.facts.has(Fact::Syn) {
            // RFC 9293 §3.10.7.3: in SYN-SENT a RST is valid if its ack acknowledges the SYN.
            let acks_syn = step.obs.ack.is_some_and(|ack| (1..=peer.nxt).contains(&ack));
            return if acks_syn { Place::Exact } else { Place::Outside };
        }
        if me.facts.has(Fact::SynSeen) && !me.facts.has(Fact::SynAcked) && !peer.facts.has(Fact::SynSeen) {
            // §3.10.7.3: an answer that acks something else draws a RST with that number; the attempt itself goes on.
            return if (0..=me.nxt).contains(&step.obs.seq) { Place::Exact } else { Place::Outside };
        }
        if !me.facts.has(Fact::Numbered) {
            return Place::Exact;
        }
        let seq = step.obs.seq;
        // RFC 5961 §3.2: at RCV.NXT it resets; elsewhere in the window it draws a challenge ACK. What the sender would use next
        // counts as well: a frame that was not captured may have moved RCV.NXT.
        if peer.ack() == Some(seq) || seq == me.nxt || Some(seq) == me.fin().map(|fin| fin - 1) {
            return Place::Exact;
        }
        let Some(left) = peer.ack() else { return Place::Outside };
        let right = if self.scale_known() && peer.edge != i64::MIN {
            peer.edge
        } else {
            left.saturating_add(i64::from(peer.window.max(1)) << 14)
        };
        if (left..right).contains(&seq) { Place::InWindow } else { Place::Outside }
    }

    fn cut_off(&self, step: &Step<'_>, before: States) -> CutOff {
        // RFC 9293 §3.10.7.4: SYN-RECEIVED after a passive OPEN returns to LISTEN.
        let passive = before.server == TcpState::SynRecv && self.ends[1].facts.has(Fact::SynSeen);
        let simultaneous = self.syn_ack().is_none();
        if step.me() == 0 && passive && !simultaneous { CutOff::BackToListen } else { CutOff::Reset }
    }

    fn judge_reset(&mut self, step: &mut Step<'_>, before: States) {
        let [sender, receiver] = match step.me() {
            0 => [before.client, before.server],
            _ => [before.server, before.client],
        };
        let ts = step.segment.ts;
        if self.is_half_open() && step.me() == 1 {
            let after = ts.since(self.last_syn());
            let port = self.ends[1].socket.port;
            step.fire(Rule::ConnectionRefused).time("after", after).number("port", port);
            return;
        }
        if !self.ends[0].facts.has(Fact::SynSeen) && self.syn_ack().is_some() && step.me() == 0 && !self.client_spoke()
        {
            // It has not sent a SYN, or is gone since: an answer that nobody waits for.
            return;
        }
        if !self.ends.iter().any(|end| end.facts.has(Fact::Syn)) {
            // Nothing but RSTs: an answer to something that was not captured.
            return;
        }
        let both_closed = self.ends.iter().all(|end| end.fin().is_some());
        let who = step.from.sender();
        let me = &self.ends[step.me()];
        // RFC 1337: the RST of TIME-WAIT's hazards answers a segment, and its sender knows the connection no more. One that
        // cannot have had the acknowledgment of its FIN when it sent the RST ends its own part with it.
        let to_sender = self.ends[step.peer()].leg().unwrap_or_default();
        let gone = sender == TcpState::Closed && !ts.since(me.una_ts).is_below(90, to_sender);
        if receiver == TcpState::TimeWait && gone {
            let after = ts.since(self.time_wait_since().unwrap_or(ts));
            let waiting = step.from.reverse().sender();
            step.fire(Rule::TimeWaitAssassinated).word("who", waiting).time("after", after);
        } else if let (Some(_), (fin, fin_ts)) = (me.fin(), self.fin_frame(step.me())) {
            if !both_closed || !gone {
                step.fire(Rule::ResetAfterFin).word("who", who).time("after", ts.since(fin_ts)).frame("fin", fin);
            }
        } else if !both_closed && sender != TcpState::Closed {
            let state = sender.as_str();
            let after = ts.since(self.last.1);
            let outstanding = self.outstanding(step);
            let by_client = step.from == Direction::FromOriginator;
            let finding = step.fire(Rule::Reset);
            finding.word("who", who).word("state", state).time("after", after);
            if outstanding > 0 {
                finding.bytes("outstanding", outstanding);
            } else if by_client {
                // Nothing was cut off: a client that is done may end so.
                finding.severity = Severity::Note;
                finding.word("why", "all that was sent had been acknowledged");
            }
        }
    }

    /// Bytes of both sides that were sent and, with what this segment says, not acknowledged; SYN and FIN are none.
    fn outstanding(&self, step: &Step<'_>) -> u64 {
        let bytes = |of: usize, acked: i64| {
            let end = &self.ends[of];
            let fin = end.fin().is_some_and(|fin| end.nxt >= fin);
            let first = if end.facts.has(Fact::SynSeen) { 1 } else { end.low };
            u64::try_from(end.nxt - i64::from(fin) - first.max(acked)).unwrap_or(0)
        };
        let [me, peer] = [step.me(), step.peer()];
        let said = step.obs.ack.filter(|ack| *ack <= self.ends[peer].nxt).unwrap_or(i64::MIN);
        bytes(me, self.ends[me].una) + bytes(peer, self.ends[peer].una.max(said))
    }

    fn client_spoke(&self) -> bool {
        self.ends[0].count.packets > 1
    }

    /// The sender of a RST goes on sending.
    pub(in crate::track) fn check_after_reset(&mut self, step: &mut Step<'_>) {
        let Some(cut) = self.rare.cut.filter(|cut| cut.by == step.from && cut.how != CutOff::TimeWaitOver) else {
            return;
        };
        // What was sent before may have been overtaken; and a RST of another origin says nothing of this end.
        let own = step.segment.ttl == cut.ttl && !self.is_forgery_suspected();
        if step.segment.payload_len > 0 && step.obs.seq >= self.ends[step.me()].nxt && own {
            let (bytes, after) = (u64::from(step.segment.payload_len), step.segment.ts.since(cut.ts));
            step.fire(Rule::DataAfterReset).bytes("bytes", bytes).time("after", after).frame("reset", cut.frame);
        }
    }
}
