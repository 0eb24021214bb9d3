//! Large segments that never arrive, where smaller ones do: a path whose MTU nobody tells (TC703).
//!
//! The segment at the left edge of the window is followed from copy to copy. A copy is known to be lost once the next one is sent.
//! That all copies of one size were lost says nothing by itself: the path may have been down, or the receiver gone. So a smaller
//! segment of the same direction must have passed, the receiver must have been heard of after the third loss, and no segment as large
//! may have passed at any time.

use crate::capture::Timestamp;
use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::Connection;
use crate::track::conn::path_watch::{LOST, LostSize};
use crate::track::conn::recovery::Retransmission;
use crate::track::conn::step::{Shared, Step};
use crate::track::{Direction, Finding, Value};

/// Segments in flight of which it is asked whether they have passed.
const MAX_IN_FLIGHT: usize = 128;
/// From this number of losses on it is asked each time their number has doubled.
const MANY_LOSSES: u32 = 8;
/// An acknowledgment that comes sooner than this share of the round trip after a copy is not for that copy. The handshake may have been
/// slow, and copies are a timer apart.
const SOONEST_PERCENT: i64 = 50;

impl Connection {
    /// Takes note that the segment at the left edge of the window was sent again.
    pub(in crate::track) fn note_lost_size(&mut self, step: &Step<'_>, sent: &Retransmission) {
        let (segment, me, peer) = (step.segment, &self.ends[step.me()], &self.ends[step.peer()]);
        if sent.bytes == 0 || !sent.seen || sent.from > me.una || peer.rare.closed_since.is_some() {
            return;
        }
        let payload = segment.payload_len.min(self.largest_payload(step));
        let ip = if segment.src.addr.is_ipv4() { 20 } else { 40 };
        let from = me.una;
        let watch = &mut self.rare.path.get_or_insert_default().sizes[step.me()];
        if watch.is_some_and(|watch| watch.confirmed) {
            return;
        }
        let same = watch.filter(|watch| watch.from == from);
        let mut size = same.unwrap_or(LostSize { from, size: payload, last: payload, ..LostSize::default() });
        size.lost = size.lost.saturating_add(1);
        size.size = size.size.min(size.last);
        (size.last, size.sent) = (payload, segment.ts);
        size.headers = ip + u32::from(segment.header_len);
        if size.lost == LOST {
            (size.frame, size.ts) = (segment.frame, segment.ts);
        }
        *watch = Some(size);
        let passed = match u32::from(size.lost) {
            lost if lost > MANY_LOSSES && !lost.is_power_of_two() => 0,
            _ => self.largest_reported(step.from, size.size),
        };
        if let Some(watch) = self.rare.path_mut().and_then(|path| path.sizes[step.me()].as_mut()) {
            watch.passed = watch.passed.max(passed);
        }
    }

    /// Payload that one segment has room for, as both ends agreed: offload shows larger ones.
    fn largest_payload(&self, step: &Step<'_>) -> u32 {
        let mss = self.ends.iter().map(|end| end.mss).filter(|mss| *mss > 0).min().unwrap_or(1460);
        u32::from(mss) + 20 - u32::from(step.segment.header_len).min(u32::from(mss))
    }

    /// Payload of the largest segment below that size which the receiver reports by SACK.
    fn largest_reported(&self, from: Direction, below: u32) -> u32 {
        let end = &self.ends[from.index()];
        let Some(recovery) = end.rare.recovery.as_deref() else { return 0 };
        let newest = end.flight.iter().rev().take(MAX_IN_FLIGHT);
        // Both go from the highest number down.
        let mut ranges = recovery.sacked().iter().rev().peekable();
        let reported = newest.filter(|sent| {
            while ranges.next_if(|(from, _)| *from > sent.from).is_some() {}
            !sent.resent && ranges.peek().is_some_and(|(_, to)| sent.end <= *to)
        });
        let sizes = reported.map(|sent| u32::try_from(sent.end - sent.from).unwrap_or(u32::MAX));
        sizes.filter(|size| *size < below).max().unwrap_or(0)
    }

    /// Takes note that the other end acknowledges new data: the copy that was sent last has passed.
    pub(in crate::track) fn note_size_passed(&mut self, step: &Step<'_>, ack: i64) {
        let leg = self.ends[step.peer()].shortest_leg().unwrap_or_default();
        let Some(watch) = self.rare.path_mut().map(|path| &mut path.sizes[step.peer()]) else { return };
        let Some(size) = watch.as_mut().filter(|size| !size.confirmed && ack > size.from) else { return };
        let too_soon = step.segment.ts.since(size.sent).is_below(SOONEST_PERCENT, leg);
        if size.lost < LOST || size.last >= size.size || too_soon {
            *watch = None;
        } else {
            (size.confirmed, size.passed) = (true, size.passed.max(size.last));
        }
    }

    /// Whether the receiver of that direction was heard of after this time, and seems to get what is small: it repeats nothing.
    fn hears(&self, from: Direction, since: Timestamp) -> bool {
        let receiver = &self.ends[from.reverse().index()];
        let resets = self.rare.cut.is_some_and(|cut| cut.by == from.reverse() && cut.ts > since);
        (resets || receiver.last_ts > since) && receiver.trouble().resent_segments == 0
    }

    /// Which way large segments never arrived, where that was said.
    pub(in crate::track) fn black_hole(&self) -> Option<Direction> {
        self.rare.found.iter().find(|(rule, _)| *rule == Rule::MtuBlackHole)?;
        let sizes = &self.rare.path.as_deref()?.sizes;
        let mut ways = [Direction::FromOriginator, Direction::FromResponder].into_iter();
        ways.find(|from| sizes[from.index()].is_some_and(LostSize::is_proved))
    }

    /// Says where large segments never arrived.
    pub(in crate::track) fn conclude_sizes(&self, shared: &Shared, found: &mut Vec<Finding>) {
        let Some(path) = self.rare.path.as_deref() else { return };
        for from in [Direction::FromOriginator, Direction::FromResponder] {
            let end = &self.ends[from.index()];
            let whole = u32::from(end.largest_passed);
            let size = path.sizes[from.index()].filter(|size| size.is_proved() && whole < size.size);
            let size = size.filter(|size| size.confirmed || self.hears(from, size.ts));
            let Some(size) = size.filter(|_| !shared.icmp.asks_for_smaller(self.number, from)) else { continue };
            let mut finding = self.late_finding(Rule::MtuBlackHole, (size.frame, size.ts), from);
            let packet = |payload: u32| u64::from(payload.saturating_add(size.headers));
            finding
                .bytes("lost", packet(size.size))
                .word("towards", from.reverse().sender())
                .with("times", Value::Count(size.lost.into(), "time"))
                .bytes("passed", packet(size.passed.max(whole)))
                .confidence(Confidence::Likely);
            found.push(finding);
        }
    }
}
