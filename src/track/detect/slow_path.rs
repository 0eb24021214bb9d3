//! What a segment goes through that is not just what was expected: one check after the other.

use crate::capture::Timestamp;
use crate::dissect::TcpFlags;
use crate::track::conn::connection::Connection;
use crate::track::conn::facts::Fact;
use crate::track::conn::history::HistorySegment;
use crate::track::conn::step::Step;
use crate::track::detect::capture::copies::Copied;
use crate::track::{SegmentEffect, States, TcpState};

/// The largest window without scaling.
const MAX_UNSCALED: i64 = 65_535;

impl Connection {
    /// Takes a segment, whatever it is.
    pub(in crate::track) fn take(&mut self, step: &mut Step<'_>) {
        if let Some(copied) = self.take_copy(step) {
            self.place(step);
            if copied == Copied::Delivered {
                self.note_unacceptable(step);
            }
            return self.write_history(step, false);
        }
        self.check_header(step);
        self.number_ends(step);
        self.place(step);
        let damaged = self.check_checksum(step);
        self.write_history(step, damaged);
        if !self.is_meaningful(step) {
            step.obs.effect = SegmentEffect::Stray;
            return;
        }
        self.count(step);
        let advances = step.obs.seq >= self.ends[step.me()].nxt && step.segment.seq_len() > 0;
        if damaged {
            return self.take_damaged(step);
        }
        self.settle_pending(step);
        self.check_path(step);
        self.check_probes(step);
        self.ends[step.me()].begins_with_keep_alive(step.obs.seq);
        if step.has(TcpFlags::RST) {
            return self.reset(step);
        }
        self.check_reaction(step);
        let is_taken = if step.has(TcpFlags::SYN) { self.open(step) } else { self.synchronize(step) };
        if !is_taken {
            step.obs.effect = SegmentEffect::Stray;
            return;
        }
        if self.rare.cut.is_some() {
            self.check_after_reset(step);
        }
        if self.is_outside(step) {
            step.obs.effect = SegmentEffect::Outside;
            return;
        }
        self.check_timestamps(step);
        let before = self.before(step);
        if !self.probes(step) {
            self.note_unacceptable(step);
            self.send_payload(step);
        }
        self.count_probe(step);
        self.check_overrun(step);
        self.acknowledge(step);
        self.advertise(step);
        self.say_given_up(step);
        if step.has(TcpFlags::FIN) {
            self.finish_direction(step);
        }
        self.account(step, before);
        self.leave(step, advances);
    }

    /// Settles what was left open until a later segment.
    fn settle_pending(&mut self, step: &mut Step<'_>) {
        self.give_up_unseen(step.segment.ts);
        self.settle_claim(step);
        self.settle_overrun(step);
        self.settle_renege(step);
        self.settle_gaps(step);
    }

    /// Takes the segment's numbers, payload and flags, and whose turn it is.
    fn send_payload(&mut self, step: &mut Step<'_>) {
        let me = &self.ends[step.me()];
        let (known, last_data) = (me.nxt, me.last_data());
        self.send(step);
        if step.segment.payload_len == 0 {
            return;
        }
        if self.ends[step.me()].nxt > known {
            self.note_new_data(step, last_data);
        } else if step.obs.is_retransmission() {
            self.note_repeated_data(step, last_data);
        }
    }

    /// Notes what a segment that was taken leaves behind; `advances` when it goes past all data before it.
    pub(in crate::track) fn leave(&mut self, step: &mut Step<'_>, advances: bool) {
        let segments = self.segments_in(step);
        let paused = advances && step.segment.payload_len > 0 && self.has_paused(step);
        let me = &mut self.ends[step.me()];
        if paused && me.ids.is_young() && me.ids.is_next(step.segment.ip_id) {
            step.shared.stacks.note_pause(step.segment, true);
        }
        if let Some(run) = me.ids.learn(step.segment.ip_id, segments, advances)
            && step.shared.stacks.note(step.segment, (self.number, step.from), run)
        {
            me.ids.settle();
        }
        step.obs.in_flight = me.in_flight();
        me.count.max_in_flight = me.count.max_in_flight.max(step.obs.in_flight);
        me.last_ts = step.segment.ts;
        me.last_frame = step.segment.frame;
    }

    /// Notes since when an end is in TIME-WAIT.
    pub(in crate::track) fn note_time_wait(&mut self, now: Timestamp, states: States) {
        if self.time_wait_since().is_none() && self.rare.cut.is_none() {
            let States { client, server } = states;
            if client == TcpState::TimeWait || server == TcpState::TimeWait {
                self.note_time_wait_since(now);
            }
        }
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
            step.obs.effect = SegmentEffect::Stray;
        }
    }

    /// Gives both ends numbers to count from, where this segment is the first to tell.
    fn number_ends(&mut self, step: &Step<'_>) {
        let (segment, syn) = (step.segment, step.has(TcpFlags::SYN));
        let me = &mut self.ends[step.me()];
        if !me.facts.has(Fact::Numbered) && (syn || !step.has(TcpFlags::RST)) {
            // As tcpdump counts: the SYN, or the first byte of a connection that had begun before, is 0.
            me.start_at(segment.seq, 0);
        }
        let peer = &mut self.ends[step.peer()];
        if let Some(ack) = segment.ack
            && !peer.facts.has(Fact::Numbered)
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
        step.obs.seq = if me.facts.has(Fact::Numbered) { me.relative(segment.seq) } else { 1 };
        step.obs.seq_end = step.obs.seq + i64::from(segment.payload_len);
        step.obs.ack = segment.ack.filter(|_| peer.facts.has(Fact::Numbered)).map(|ack| peer.relative(ack));
    }

    fn write_history(&mut self, step: &Step<'_>, corrupt: bool) {
        let me = &self.ends[step.me()];
        self.history.observe(
            step.segment,
            HistorySegment {
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
}
