//! Acknowledgments and windows: what is acknowledged, asked for again, and allowed (TC3).

use arrayvec::ArrayVec;

use crate::capture::Span;
use crate::dissect::{SeqNumber, TcpFlags};
use crate::rules::Rule;

use crate::track::conn::connection::Connection;
use crate::track::conn::facts::Fact;
use crate::track::conn::gaps::Gap;
use crate::track::conn::sent::Sent;
use crate::track::conn::step::Step;
use crate::track::shared::recent::Advert;
use crate::track::{Acked, Note, Value};

/// An observation names at most so many acknowledged frames.
const MAX_FRAMES: usize = 64;

impl Connection {
    /// Takes the acknowledgment number and the SACK blocks.
    pub(in crate::track) fn acknowledge(&mut self, step: &mut Step<'_>) {
        let Some(ack) = step.obs.ack else { return };
        self.check_ack(step, ack);
        self.check_sack(step, ack);
        self.acknowledge_unseen(step, ack);
        if ack > self.ends[step.peer()].nxt {
            return;
        }
        self.check_renege(step, ack);
        self.start_below(step, ack);
        let (news, dsack) = self.take_sack(step, ack);
        // RFC 2883 §4: an answer to a keep-alive with a garbage octet reports that octet, which is no data of anybody's.
        let peer = &self.ends[step.peer()];
        let first = peer.is_mid_stream() && (peer.low, peer.nxt) == (ack - 1, ack);
        let probed = (first || self.is_probed_by(step.from.reverse()))
            && dsack == Some((ack - 1, ack))
            && step.segment.options.sack.as_slice().len() == 1;
        let (news, dsack) = if probed { (false, None) } else { (news, dsack) };
        if let Some(duplicate) = dsack {
            self.say_dsack(step, duplicate);
        }
        self.settle_resent(step, ack, dsack);
        let peer = &self.ends[step.peer()];
        if ack > peer.una {
            self.settle_damaged(step, ack);
            let slowest = self.acknowledge_new(step, ack);
            self.forget_asked(step, ack);
            let lacking = |recovery: &crate::track::conn::recovery::Recovery| {
                recovery.highest_sacked().is_some_and(|to| to > ack)
            };
            if news && self.ends[step.peer()].rare.recovery.as_deref().is_some_and(lacking) {
                self.note_asked(step, ack);
            }
            self.check_ack_delay(step, slowest);
            if dsack.is_some() && self.ends[step.me()].ids.skipped(step.segment.ip_id) > 0 {
                // It answers a duplicate, and the IP ID skips one: the same number had been sent before, in an acknowledgment
                // that was lost on its way here.
                self.say_duplicate_ack(step, ack, false);
            }
        } else if ack == peer.una {
            self.acknowledge_same(step, ack, news);
        }
        self.mark_ack(step, ack);
        let me = &mut self.ends[step.me()];
        me.set_ack(me.ack().map_or(ack, |old| old.max(ack)));
        let peer = &mut self.ends[step.peer()];
        let una = peer.una;
        if let Some(recovery) = peer.recovery_mut() {
            recovery.acknowledge(una, dsack.is_some());
            if recovery.is_quiet() {
                peer.rare.recovery = None;
            }
        }
    }

    /// Takes a receiver's first acknowledgment for what it is, where the capture began amid data that it lacks.
    fn start_below(&mut self, step: &Step<'_>, ack: i64) {
        let first = self.ends[step.me()].ack().is_none() && !step.has(TcpFlags::SYN);
        let peer = &mut self.ends[step.peer()];
        if first && !peer.facts.has(Fact::SynSeen) && ack < peer.una {
            peer.una = ack;
        }
    }

    /// Takes the SACK blocks: whether they say something new, and the duplicate that they report.
    fn take_sack(&mut self, step: &Step<'_>, ack: i64) -> (bool, Option<(i64, i64)>) {
        let blocks = step.segment.options.sack.as_slice();
        let digest = blocks
            .iter()
            .fold(0u64, |sum, (left, right)| sum.rotate_left(7) ^ (u64::from(left.0) << 32 | u64::from(right.0)));
        let me = &mut self.ends[step.me()];
        let news = digest != me.rare.sack_digest && !blocks.is_empty();
        if digest != me.rare.sack_digest {
            me.rare.sack_digest = digest;
        }
        let peer = &mut self.ends[step.peer()];
        let relative = |block: &(SeqNumber, SeqNumber)| (peer.relative(block.0), peer.relative(block.1));
        let ranges: ArrayVec<(i64, i64), 4> =
            blocks.iter().map(relative).filter(|(left, right)| left < right).collect();
        // RFC 2883 §4: a first block below the ack, or inside the second, reports a duplicate.
        let dsack = ranges
            .first()
            .copied()
            .filter(|(left, right)| *right <= ack || ranges.get(1).is_some_and(|(a, b)| a <= left && right <= b));
        for (left, right) in ranges.iter().skip(usize::from(dsack.is_some())) {
            if *left > ack && *right <= peer.nxt {
                if peer.rare.recovery.get_or_insert_default().sack(*left, *right) {
                    let (frame, ts) = (step.segment.frame, step.segment.ts);
                    peer.rare.resends.get_or_insert_default().report(*left, *right, frame, ts);
                }
                if let Some(gaps) = peer.gaps_mut() {
                    gaps.ask_below(*right, step.segment.ts);
                }
            }
        }
        (news, dsack)
    }

    /// Numbers that the other end must have sent without being captured.
    fn acknowledge_unseen(&mut self, step: &Step<'_>, ack: i64) {
        let edge = self.ends[step.me()].edge;
        let peer = &self.ends[step.peer()];
        let beyond_window = edge != i64::MIN && peer.facts.has(Fact::SynSeen) && ack > edge.saturating_add(1);
        if ack <= peer.nxt || beyond_window && !self.is_confirmed(step, ack) {
            return;
        }
        let peer = &mut self.ends[step.peer()];
        if ack <= peer.nxt || peer.begins_with_keep_alive(ack) {
            return;
        }
        if peer.count.packets > 0 && peer.low != i64::MAX {
            // The acknowledgment is the other end's: its ID and clock say nothing of what is missing.
            peer.rare.gaps.open(Gap {
                ip_id: 0,
                tsval: None,
                announced: true,
                ..Gap::before(step.segment, peer.nxt, ack)
            });
        }
        peer.nxt = ack;
    }

    /// New numbers are acknowledged; returns the longest round trip before that.
    fn acknowledge_new(&mut self, step: &mut Step<'_>, ack: i64) -> Option<Span> {
        let peer = &mut self.ends[step.peer()];
        let was = peer.una.max(peer.low.min(peer.nxt));
        let syn = peer.facts.has(Fact::SynSeen) && was < 1 && ack >= 1;
        let fin = peer.fin().is_some_and(|fin| was < fin && ack >= fin);
        let timed = !self.is_skewed();
        let slowest = self.acknowledge_flight(step, ack, (was, syn, fin), timed);
        if self.rare.path.is_some() {
            self.note_size_passed(step, ack);
        }
        let peer = &mut self.ends[step.peer()];
        if peer.facts.has(Fact::Syn) && ack >= 1 {
            peer.facts.note(Fact::SynAcked);
        }
        if peer.gaps_mut().is_some_and(|gaps| gaps.acknowledge(ack, (step.segment.frame, step.segment.ts))) {
            self.gaps_acked = true;
            self.provisional = true;
        }
        self.probe = self.probe.filter(|(prober, _)| *prober == step.from);
        slowest
    }

    /// The same on a settled connection, which has neither a SYN nor a FIN to be acknowledged, and nothing missing.
    pub(in crate::track) fn acknowledge_next(&mut self, step: &mut Step<'_>, ack: i64) -> Option<Span> {
        let was = self.ends[step.peer()].una;
        self.acknowledge_flight(step, ack, (was, false, false), true)
    }

    /// What was sent up to there has arrived; round trips are `timed` where both directions have one clock.
    fn acknowledge_flight(
        &mut self,
        step: &mut Step<'_>,
        ack: i64,
        (was, syn, fin): (i64, bool, bool),
        timed: bool,
    ) -> Option<Span> {
        let ts = step.segment.ts;
        let peer = &mut self.ends[step.peer()];
        let bytes = ((ack - was).max(0) - i64::from(syn) - i64::from(fin)).max(0) as u64;
        let acked = step.obs.acked.insert(Acked { syn, fin, bytes, rtt: None });
        let frames = &mut step.obs.acked_frames;
        let slowest = peer.rtt.max();
        let oldest = peer.flight.front().map(|sent| sent.ts);
        let (mut newest, mut resent, mut largest) = (None, false, 0);
        let mut land = |sent: &Sent| {
            newest = Some(sent.ts);
            resent |= sent.resent;
            largest = largest.max(if sent.resent { 0 } else { sent.end - sent.from });
            if frames.len() == MAX_FRAMES {
                frames.remove(0);
            }
            frames.push(sent.frame);
        };
        if peer.flight.back().is_some_and(|last| last.end <= ack) {
            let landed = std::mem::take(&mut peer.flight);
            landed.iter().for_each(&mut land);
            step.shared.give_back(landed);
        } else {
            let landed = peer.flight.partition_point(|sent| sent.end <= ack);
            peer.flight.drain(..landed).for_each(|sent| land(&sent));
        }
        // What was not captured may have been acknowledged before, as little seen as itself. And where the capture's clock goes back,
        // or one direction is stored late, no time between both means anything.
        let whole = peer.rare.gaps.is_empty() || peer.rare.gaps.overlap(was, ack) == 0;
        let rtt = newest.map(|sent| ts.since(sent)).filter(|rtt| timed && whole && !resent && rtt.0 >= 0);
        if let Some(rtt) = rtt {
            acked.rtt = Some(rtt);
            peer.rtt.add(rtt);
            peer.smoothed.add(rtt);
        }
        // Offload joins segments: what is longer than this field holds is none of the wire's.
        peer.largest_passed = peer.largest_passed.max(u16::try_from(largest).unwrap_or(u16::MAX));
        (peer.una, peer.una_ts) = (ack, ts);
        if let Some(rare) = self.ends[step.me()].rare.get_mut() {
            rare.dup_acks_in_row = 0;
        }
        if let Some(oldest) = oldest {
            self.check_carried(step, ts.since(oldest));
        }
        slowest
    }

    fn acknowledge_same(&mut self, step: &mut Step<'_>, ack: i64, sack_news: bool) {
        let segment = step.segment;
        let quiet = segment.payload_len == 0
            && !segment.flags.intersects(TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::RST));
        if !quiet || !step.obs.notes.is_empty() || self.ends[step.me()].ack() != Some(ack) {
            return;
        }
        if let Some((_, probe)) = self.probe.filter(|(prober, _)| *prober != step.from && !sack_news) {
            self.probe = None;
            step.obs.notes.push(if probe == Note::KeepAlive { Note::KeepAliveAck } else { Note::ZeroWindowProbeAck });
            return;
        }
        if segment.options.mptcp_signal {
            // RFC 8684 §3: what only carries options of Multipath TCP says nothing of loss.
            return;
        }
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let same_window = me.window == self.scaled_window(step);
        // RFC 5681 §2, (a) to (e). A receiver that tunes its buffer changes the window with every ACK, so what it reports
        // by SACK counts in place of (e); and old data draws one though nothing is outstanding.
        let drawn = peer.nxt > ack || peer.rare.last_old.is_some_and(|old| old > me.last_ts);
        // A receiver that has read makes its window larger; one that closes it has had something to refuse.
        let refuses = drawn && step.segment.window == 0;
        if same_window && !sack_news && self.answers_unacceptable(step, ack) {
            return;
        }
        if sack_news || refuses || same_window && (drawn || !segment.options.sack.is_empty()) {
            self.say_duplicate_ack(step, ack, same_window);
        } else if !same_window {
            step.obs.notes.push(Note::WindowUpdate);
        }
    }

    fn say_duplicate_ack(&mut self, step: &mut Step<'_>, ack: i64, same_window: bool) {
        if step.segment.seq_len() > 0 {
            return;
        }
        let peer = &mut self.ends[step.peer()];
        if step.segment.options.sack.is_empty()
            && let Some(gaps) = peer.gaps_mut()
        {
            // Without SACK, all that is missing may be meant.
            gaps.ask_below(i64::MAX, step.segment.ts);
        }
        let selective = self.ends.iter().all(|end| end.facts.has(Fact::SackPermitted));
        // With SACK, one without a block asks for nothing: it refuses what the closed window has no room for.
        if !selective || !step.segment.options.sack.is_empty() {
            self.note_asked(step, ack);
        }
        let outstanding = self.ends[step.peer()].nxt > ack;
        let me = &mut self.ends[step.me()];
        // RFC 5681 §2, (a): with nothing outstanding it is no signal of loss.
        me.rare.dup_acks_in_row += u32::from(same_window && outstanding);
        me.note_trouble().duplicate_acks += 1;
        let nth = me.rare.dup_acks_in_row;
        let rule = if nth == 3 && same_window && outstanding { Rule::TripleDuplicateAck } else { Rule::DuplicateAck };
        let finding = step.fire(rule);
        if nth > 0 {
            finding.number("nth", nth);
        }
        finding.with("ack", Value::Number(ack));
    }

    /// Takes the window that the sender advertises.
    pub(in crate::track) fn advertise(&mut self, step: &mut Step<'_>) {
        let window = self.scaled_window(step);
        let segment = step.segment;
        let known = step.has(TcpFlags::SYN) || self.scale_known();
        step.obs.window_bytes = known.then_some(u64::from(window));
        let ack = step.obs.ack;
        if let Some(ack) = ack.filter(|_| known) {
            self.check_edge(step, ack, window);
        }
        let me = &mut self.ends[step.me()];
        if let Some(ack) = ack.filter(|_| known) {
            me.edge = me.edge.max(ack.saturating_add(i64::from(window)));
            me.max_window = me.max_window.max(window);
        }
        if ack.is_some_and(|ack| me.ack().is_some_and(|newest| ack < newest)) {
            return;
        }
        me.window = window;
        if let Some(ack) = ack.filter(|_| known) {
            let edge = ack.saturating_add(i64::from(window));
            match segment.options.timestamps {
                Some((tsval, _)) => {
                    me.advertise(Advert { tsval, edge, window }, &mut step.shared.recent);
                }
                // Nothing echoes it.
                None => step.shared.recent.advertise(me.recent, Advert { tsval: 0, edge, window }),
            }
        }
        let done = self.ends[step.peer()].fin();
        let me = &mut self.ends[step.me()];
        match me.rare.closed_since {
            // A side that has sent its FIN has nothing left that a closed window could stop (Windows says 0 in TIME-WAIT).
            None if window == 0
                && !step.has(TcpFlags::SYN)
                && ack.is_some_and(|ack| done.is_none_or(|fin| ack < fin)) =>
            {
                me.rare.closed_since = Some(segment.ts);
                let before = segment.ts.since(self.first.1);
                let who = step.from.sender();
                step.fire(Rule::ZeroWindow).word("who", who).time("before", before);
            }
            Some(since) if window > 0 => {
                let closed = Span(segment.ts.since(since).0.max(0));
                let Span(so_far) = &mut me.note_trouble().zero_window;
                *so_far = so_far.saturating_add(closed.0);
                me.rare.closed_since = None;
                self.end_stall(step, closed);
            }
            _ => {}
        }
    }

    /// Both SYNs were seen, so both know the other's scale.
    pub(in crate::track) fn scale_known(&self) -> bool {
        self.ends.iter().all(|end| end.facts.has(Fact::SynSeen))
    }

    // RFC 7323 §2.2: the window of a SYN is never scaled.
    pub(in crate::track) fn scaled_window(&self, step: &Step<'_>) -> u32 {
        let shift = if step.has(TcpFlags::SYN) { 0 } else { self.ends[step.me()].shift(&self.ends[step.peer()]) };
        u32::from(step.segment.window) << shift
    }
}
