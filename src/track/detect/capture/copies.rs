//! One packet seen twice: captured twice (TC908, TC913), or delivered twice by the network (TC213).

use std::hash::{BuildHasher, Hasher};

use crate::capture::Span;
use crate::dissect::{Segment, TcpFlags};
use crate::rules::Rule;

use crate::track::SegmentEffect;
use crate::track::conn::connection::Connection;
use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::facts::Fact;
use crate::track::conn::step::Step;
use crate::track::shared::context::Shift;
use crate::track::shared::recent::{PassingSegment, RecentSegment, host_mark};
use crate::track::shared::taps::{Route, Tap};
use crate::track::timing::MIN_RTO;

/// How a packet came twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) enum Copied {
    /// Into the capture.
    Captured,
    /// To its receiver.
    Delivered,
}

/// Maximum time between two captures of one packet in one place.
const MAX_CAPTURE_DELAY: Span = Span::from_millis(1);
/// Maximum time for which the network, or the way between two capture points that are not known yet, delays a packet.
const MAX_DUPLICATE_DELAY: Span = Span::from_secs(2);
/// The same where nothing in the packet tells it from others.
const MAX_PLAIN_DELAY: Span = Span::from_millis(100);
/// Minimum time after which a SYN is retransmitted: stacks wait for some tenths of a second at least.
const MIN_SYN_INTERVAL: Span = Span::from_millis(50);
/// Maximum number of one end's last segments that are compared.
const MAX_COMPARED: usize = 128;
/// Minimum number of copies that show that everything is captured twice.
const MIN_COPIES: u32 = 3;

impl Connection {
    /// Whether this segment is one of the last, seen again; it is left out of everything if so.
    pub(in crate::track) fn take_copy(&mut self, step: &mut Step<'_>) -> Option<Copied> {
        let digest = digest(step.segment);
        // What is cut off its options cannot be compared.
        let comparable = !step.segment.options.cut && self.repeats(step);
        let like = if comparable { self.like(step, &digest) } else { None };
        self.listen(step, &digest, like.as_ref());
        let twin = like.and_then(|_| self.twin(step, &digest));
        self.note_recent(step, digest);
        let Some(twin) = twin else { return self.is_part_of_a_frame(step) };
        if self.contradicted(step).is_some() {
            // Two packets after all: somebody else sent one of them.
            return None;
        }
        let (route, after) = (Route::between(&twin, &digest), digest.ts.since(twin.ts));
        Some(self.say_copy(step, twin.frame, route, after))
    }

    /// Says whether a packet was captured twice or delivered twice.
    fn say_copy(&mut self, step: &mut Step<'_>, first: u64, route: Route, after: Span) -> Copied {
        step.obs.effect = SegmentEffect::Copy(first);
        let trouble = self.ends[step.me()].note_trouble();
        trouble.copies += u32::from(!route.is_elsewhere());
        // A frame that has no room for what its IP header says was cut on its way into the capture.
        let segment = step.segment;
        let cut = segment.payload_len > 0 && segment.payload_digest.is_none() && !segment.is_cut();
        let returns = step.shared.echo.returns(route, after);
        let captured = route.is_elsewhere() || cut || returns || self.comes_twice(step, after);
        let rule = if captured { Rule::CaptureDuplicate } else { Rule::NetworkDuplicate };
        let finding = step.fire(rule);
        finding.frame("first", first);
        if after.0 >= 0 {
            finding.time("after", after);
        }
        if !captured {
            return Copied::Delivered;
        }
        step.shared.taps.learn(route, after);
        step.shared.log_shift(|| Shift::Tapped(Tap::new(route, after)));
        if step.shared.taps.first_time(route) {
            let finding = step.fire(Rule::CapturedTwice);
            match route.hops() {
                Some(hops) => finding.number("hops", hops),
                None => finding.word("where", "on another link or interface"),
            };
            if after.0 >= 0 {
                finding.time("after", after);
            }
        }
        Copied::Captured
    }

    /// Whether a packet that comes again in the same place, `after` its first copy, is a second capture: the network delivers a packet
    /// twice now and then, a mirror port that copies packets where they come in and where they go out doubles everything.
    fn comes_twice(&self, step: &Step<'_>, after: Span) -> bool {
        let [me, peer] = [&self.ends[step.me()], &self.ends[step.peer()]];
        let the_rule = |end: &Endpoint| u64::from(end.trouble().copies) * 2 >= end.count.packets;
        let several = me.trouble().copies + peer.trouble().copies >= MIN_COPIES;
        the_rule(me) && (after <= MAX_CAPTURE_DELAY || several && the_rule(peer))
    }

    /// Whether packets come twice in one place as a rule, in this connection or in the whole capture.
    fn is_doubled(&self, step: &Step<'_>, after: Span) -> bool {
        let shared = &*step.shared;
        self.comes_twice(step, after) || shared.taps.copies_here().saturating_mul(3) >= shared.counts.segments()
    }

    /// Remembers a segment that cannot be a copy.
    pub(in crate::track) fn pass(&mut self, step: &mut Step<'_>) {
        let digest = digest(step.segment);
        if step.shared.echo.listens() {
            self.listen(step, &digest, None);
        }
        self.note_recent(step, digest);
    }

    /// Learns whether every packet comes again.
    fn listen(&self, step: &mut Step<'_>, digest: &PassingSegment, like: Option<&RecentSegment>) {
        let shared = &mut *step.shared;
        shared.echo.hear(step.segment, digest, like, &shared.recent);
    }

    /// The last packet of its sender that was the same.
    fn like(&self, step: &Step<'_>, digest: &PassingSegment) -> Option<RecentSegment> {
        self.alike(step, digest).next().copied()
    }

    /// The last packets of its sender that were the same.
    fn alike<'s>(&self, step: &'s Step<'_>, digest: &PassingSegment) -> impl Iterator<Item = &'s RecentSegment> {
        let recent = &step.shared.recent;
        recent.alike(digest.hash, (self.number, step.from), step.segment.frame).chain(recent.before(digest.hash))
    }

    fn note_recent(&mut self, step: &mut Step<'_>, digest: PassingSegment) {
        let me = &mut self.ends[step.me()];
        step.shared.recent.add(&mut me.recent, (self.number, step.from), digest);
    }

    /// Whether a frame that offload joined has brought this very segment: the IP ID tells which of its segments this is, counted
    /// back from the last one.
    fn is_part_of_a_frame(&mut self, step: &mut Step<'_>) -> Option<Copied> {
        let (segment, me) = (step.segment, &self.ends[step.me()]);
        let end = if me.facts.has(Fact::Numbered) {
            me.relative(segment.seq) + i64::from(segment.payload_len)
        } else {
            return None;
        };
        let from = end - i64::from(segment.payload_len);
        if segment.payload_len == 0 || me.rare.gaps.has_any(from, end) || from < me.low {
            return None;
        }
        let first = me.first_copy(from).filter(|first| first.from <= from && end <= first.end);
        let joined = first.map_or(me.last_data_frame, |first| first.frame);
        let alone = first.is_some_and(|first| first.end - first.from <= end - from);
        let after = segment.ts.since(first.map(|first| first.ts).or(me.last_data()).unwrap_or(me.last_ts));
        if alone || after > MAX_DUPLICATE_DELAY {
            return None;
        }
        let digest = digest(segment);
        let last =
            |kept| step.shared.recent.back(me.recent, (self.number, step.from), segment.frame).take(kept).skip(1);
        // That its numbers were acknowledged does not tell that they were captured.
        let whole = last(MAX_COMPARED)
            .find(|passed| passed.frame == joined)
            .filter(|passed| passed.holds(segment.seq, segment.payload_len))
            .copied()?;
        let left_with_it = self.left_with(step, &whole, (first.is_some(), end), after);
        if !left_with_it && !self.is_counted_back(step, end) {
            return None;
        }
        Some(self.say_copy(step, joined, Route::between(&whole, &digest), after))
    }

    /// Whether the IP ID is that of the segment that ends at `end`, counted back from the last one.
    fn is_counted_back(&self, step: &Step<'_>, end: i64) -> bool {
        let (segment, me) = (step.segment, &self.ends[step.me()]);
        let behind = u32::try_from(me.nxt - end).ok().map(|bytes| bytes.div_ceil(segment.payload_len.max(1)));
        let behind = behind.and_then(|behind| u16::try_from(behind).ok());
        segment.ip_id.zip(behind).is_some_and(|(id, behind)| me.ids.back(behind) == Some(id))
    }

    /// Whether a segment that ends at `end` left with the `whole` frame that holds its bytes, `after` which it comes: in the same
    /// tick, with the same acknowledgment and window, and too soon for any feedback. Where IP IDs are not counted, that is all there is.
    fn left_with(&self, step: &Step<'_>, whole: &RecentSegment, (in_flight, end): (bool, i64), after: Span) -> bool {
        let (segment, me) = (step.segment, &self.ends[step.me()]);
        if me.ids.back(0).is_some() || after.0 < 0 || !after.is_below(70, self.round_trip()) {
            return false;
        }
        // Of what is acknowledged by now only the last frame is known, where it was new.
        let new = end == me.nxt && me.rare.last_old.is_none_or(|old| old < whole.ts);
        let (Some(said), Some((tsval, _)), Some(ack)) = (whole.advert(), segment.options.timestamps, segment.ack)
        else {
            return false;
        };
        let window = self.scaled_window(step);
        let edge = self.ends[step.peer()].relative(ack).saturating_add(window.into());
        (in_flight || new) && (said.tsval, said.edge, said.window) == (tsval, edge, window)
    }

    /// Whether the segment takes no new number and acknowledges nothing new: only then is it worth looking.
    fn repeats(&self, step: &Step<'_>) -> bool {
        let (segment, me) = (step.segment, &self.ends[step.me()]);
        if !me.facts.has(Fact::Numbered) || me.recent.is_none() {
            return false;
        }
        let new_data =
            segment.seq_len() > 0 && me.relative(segment.seq).saturating_add(i64::from(segment.seq_len())) > me.nxt;
        let new_ack = segment.ack.is_some_and(|ack| {
            let peer = &self.ends[step.peer()];
            peer.facts.has(Fact::Numbered) && me.ack().is_some_and(|old| peer.relative(ack) > old)
        });
        !new_data && !new_ack
    }

    /// The packet that this segment is, seen before. A copy from another capture point is told by that first.
    fn twin(&self, step: &Step<'_>, digest: &PassingSegment) -> Option<RecentSegment> {
        let mut here = None;
        for other in self.alike(step, digest) {
            let (route, after) = (Route::between(other, digest), digest.ts.since(other.ts));
            if route.is_elsewhere() && self.was_captured_before(step, route, after) {
                return Some(*other);
            } else if !route.is_elsewhere() && here.is_none() {
                here = Some(*other);
            }
        }
        here.filter(|other| self.came_before(step, other, digest))
    }

    /// Whether its like was captured elsewhere on its way.
    fn was_captured_before(&self, step: &Step<'_>, route: Route, after: Span) -> bool {
        let taps = &step.shared.taps;
        if taps.turns_back(route) {
            return false;
        }
        let segment = step.segment;
        let told_apart = self.numbers_packets(step) || segment.options.timestamps.is_some();
        let longest = if told_apart { MAX_DUPLICATE_DELAY } else { MAX_PLAIN_DELAY };
        taps.reaches(route, after) || step.shared.echo.returns(route, after) || after.0.saturating_abs() <= longest.0
    }

    /// Whether its sender's IP IDs tell packets apart.
    fn numbers_packets(&self, step: &Step<'_>) -> bool {
        step.segment.ip_id.is_some_and(|id| id != 0) && self.ends[step.me()].ids.differ()
    }

    /// Whether it is the packet that passed in the same place before.
    fn came_before(&self, step: &Step<'_>, twin: &RecentSegment, digest: &PassingSegment) -> bool {
        let me = &self.ends[step.me()];
        let after = digest.ts.since(twin.ts);
        let segment = step.segment;
        let route = Route::between(twin, digest);
        let returns = step.shared.echo.returns(route, after);
        // RFC 9293 §3.8.1: what is sent again unchanged may keep its IP ID. No timer is shorter than this.
        let longest = if segment.seq_len() > 0 && !returns { MIN_RTO } else { MAX_DUPLICATE_DELAY };
        if after > longest || after.0 < 0 {
            return false;
        }
        if returns {
            return true;
        }
        let known = step.shared.taps.reaches(route, after) && (route.is_elsewhere() || self.is_doubled(step, after));
        if self.numbers_packets(step) || known {
            return true;
        }
        // Without an IP ID, only what a sender would not say twice in the same words: its clock has gone on by the time it
        // repeats anything. A bare acknowledgment may well be repeated within a tick, unless SACK makes each one different.
        let takes_numbers = segment.seq_len() > 0;
        if !takes_numbers && self.may_be_drawn(step, twin) {
            return false;
        }
        let soon = after.is_below(70, self.round_trip());
        let sacks = !segment.options.sack.is_empty();
        // Where the round trip is shorter than a tick, what is sent again within one is the same to the last bit.
        let fine = |(tsval, _): &(u32, u32)| me.ticks_within(*tsval, segment.ts, self.round_trip());
        let certain = match segment.options.timestamps.filter(fine) {
            // A closed window refuses data without SACK.
            Some(_) => takes_numbers || sacks || me.facts.has(Fact::SackPermitted) && segment.window > 0,
            // A SYN that came again is answered again, and the timer may answer it too.
            None if segment.flags.is_syn_ack() => after <= MAX_CAPTURE_DELAY,
            // Nobody repeats a SYN so soon.
            None if step.has(TcpFlags::SYN) => after < MIN_SYN_INTERVAL,
            None if takes_numbers => soon,
            None => after <= MAX_PLAIN_DELAY && self.is_surpassed(step),
        };
        certain && !segment.flags.contains(TcpFlags::RST)
    }

    /// Whether a bare acknowledgment may answer what the other end sent since its like passed.
    fn may_be_drawn(&self, step: &Step<'_>, twin: &RecentSegment) -> bool {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        if !self.ends.iter().all(|end| end.facts.has(Fact::SackPermitted)) {
            return peer.last_data_frame > twin.frame;
        }
        // RFC 2018 §4: data in order is answered by a higher number, and data behind a gap by SACK. By the same words again only
        // old data, where its receiver does not report that, a probe, and what lies beyond the window.
        let way = peer.leg().unwrap_or_default().doubled();
        let old = peer.rare.last_old.is_some_and(|old| twin.ts.since(old) <= way);
        let probed = self.probe.is_some_and(|(prober, _)| prober != step.from);
        let beyond = me.edge != i64::MIN && peer.nxt > me.edge;
        old || probed || beyond
    }

    /// Whether a bare acknowledgment, which its receiver has no SACK in, was sent before what its sender has sent since.
    // RFC 9293 §3.10.7.4: it carries SND.NXT and RCV.NXT. A keep-alive does not.
    fn is_surpassed(&self, step: &Step<'_>) -> bool {
        let (segment, me, peer) = (step.segment, &self.ends[step.me()], &self.ends[step.peer()]);
        let selective = self.ends.iter().all(|end| end.facts.has(Fact::SackPermitted));
        let Some(ack) = segment.ack.filter(|_| selective && peer.facts.has(Fact::Numbered) && segment.window > 0)
        else {
            return false;
        };
        let seq = me.relative(segment.seq);
        let probes = seq < me.una;
        !probes && (seq < me.nxt || me.ack().is_some_and(|newest| peer.relative(ack) < newest))
    }
}

/// All of a segment that the network does not change on its way.
pub(in crate::track) fn digest(segment: &Segment) -> PassingSegment {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    hasher.write_u64(u64::from(segment.seq.0) << 32 | u64::from(segment.ack.unwrap_or_default().0));
    hasher.write_u64(
        u64::from(segment.flags.0) << 48
            | u64::from(segment.window) << 32
            | u64::from(segment.ip_id.unwrap_or_default()) << 16
            | u64::from(segment.header_len),
    );
    let (tsval, tsecr) = segment.options.timestamps.unwrap_or_default();
    hasher.write_u64(u64::from(tsval) << 32 | u64::from(tsecr));
    hasher.write_u64(
        u64::from(segment.payload_len) << 32 | u64::from(segment.src.port) << 16 | u64::from(segment.dst.port),
    );
    for (left, right) in segment.options.sack.as_slice() {
        hasher.write_u64(u64::from(left.0) << 32 | u64::from(right.0));
    }
    let place = segment.place ^ segment.interface.wrapping_mul(0x9e37_79b9);
    let host = host_mark(segment.src.addr) | u16::from(segment.payload_len > 0);
    let (seq, payload_len) = (segment.seq, segment.payload_len);
    PassingSegment {
        hash: hasher.finish(),
        ts: segment.ts,
        frame: segment.frame,
        ttl: segment.ttl,
        place,
        host,
        seq,
        payload_len,
    }
}
