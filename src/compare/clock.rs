//! How far the clock of B is ahead of the clock of A, and how fast that changes.
//!
//! A packet from A to B shows offset + delay, one from B to A offset - delay. Without load the delay is the same again and again,
//! so that the smallest delays of both ways hold the offset between them (F. Cristian, "Probabilistic clock synchronization",
//! 1989), and the lower and the upper convex hull of what the packets show have the drift as their slope (S. Moon et al.,
//! "Estimation and removal of clock skew from network delay measurements", 1999). The offset is taken in the middle, as if an
//! unloaded path took as long in either direction: whether it does cannot be known from two clocks that nobody has set.

use crate::capture::{Span, Timestamp};

use super::Way;

/// Clocks of computers drift by less than this, in parts of one: quartz is within 100 ppm, and ntpd corrects up to 500.
const MAX_DRIFT: f64 = 500e-6;

/// Edges of a hull that are kept; a clock that is a straight line has some tens.
const MAX_HULL: usize = 512;

/// The smallest uncertainty that is stated: timestamps in microseconds are cut.
const RESOLUTION: f64 = 2_000.0;

/// B's clock, seen from A's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// B's first packet, by B's clock.
    start: Timestamp,
    offset: Span,
    drift: f64,
    uncertainty: Option<Span>,
    round_trip: Option<Span>,
}

/// A packet that both captures show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Both {
    /// By A's clock.
    pub a: Timestamp,
    /// By B's clock.
    pub b: Timestamp,
    /// Which way it went.
    pub way: Way,
}

/// What no jitter of clocks explains: packets that contradict each other by more are not by the same clocks.
const CONTRADICTION: f64 = 1e6;

/// Packets that contradict all others and are left out, as wrongly taken for the same, are at most this many, and one in a hundred.
const MAX_WRONG: usize = 16;

/// Minimum number of packets before and behind a step by which a clock is taken to have been set.
const ENOUGH: usize = 10;

/// The packets that one pair of clocks explains, in order of A's time, without the few that contradict all others.
///
/// # Errors
/// Where they are too many: one of the clocks was set, by how much and when.
pub(super) fn consistent(mut both: Vec<Both>) -> Result<Vec<Both>, (Span, Timestamp)> {
    both.sort_by_key(|both| both.a);
    let all = both.clone();
    for _ in 0..=MAX_WRONG.min(all.len() / 100 + 1) {
        let Some((there, back)) = extremes(&both) else { return Ok(both) };
        let without =
            |at: usize| contradiction(both.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, both)| both));
        let gone = if without(there) <= without(back) { there } else { back };
        both.remove(gone);
    }
    if extremes(&both).is_none() {
        return Ok(both);
    }
    // What came before the first packet that contradicts it, and what came from that one on.
    let (mut fits, mut fails) = (0, all.len());
    while fails - fits > 1 {
        let middle = usize::midpoint(fits, fails);
        if contradiction(all[..middle].iter()) < CONTRADICTION { fits = middle } else { fails = middle }
    }
    let (before, behind) = all.split_at(fits);
    // A clock that was set once has two times, each of which is in itself without contradiction.
    if before.len().min(behind.len()) < ENOUGH || contradiction(behind.iter()) >= CONTRADICTION {
        return Ok(all);
    }
    let [before, now] = [before, behind].map(|part| Clock::fit(all[0].b, part).map_or(0, |clock| clock.offset.0));
    Err((Span(now.saturating_sub(before).saturating_abs()), behind[0].a))
}

/// By how much packets contradict each other, however the clocks are: something came before it was sent.
fn contradiction<'b>(both: impl Iterator<Item = &'b Both>) -> f64 {
    let both: Vec<Both> = both.copied().collect();
    let Some((_, [there, back])) = both.first().and_then(|first| points(first.b, &both)) else { return 0.0 };
    if there.is_empty() || back.is_empty() {
        return 0.0;
    }
    let fit = Fit::new(&there, &back);
    -fit.gap(fit.drift)
}

/// The fastest packet of either way, where these contradict each other.
fn extremes(both: &[Both]) -> Option<(usize, usize)> {
    let (_, [there, back]) = points(both.first()?.b, both)?;
    if there.is_empty() || back.is_empty() {
        return None;
    }
    let fit = Fit::new(&there, &back);
    if -fit.gap(fit.drift) < CONTRADICTION {
        return None;
    }
    let fastest = |way: Way| {
        let slope = if way == Way::AToB { fit.drift } else { -fit.drift };
        let origin = both[0].a;
        let height = |both: &Both| {
            let ahead = both.b.since(both.a).0 as f64 * if way == Way::AToB { 1.0 } else { -1.0 };
            ahead - slope * both.a.since(origin).0 as f64
        };
        let of_way = both.iter().enumerate().filter(|(_, both)| both.way == way);
        of_way.min_by(|(_, p), (_, q)| height(p).total_cmp(&height(q))).map(|(at, _)| at)
    };
    fastest(Way::AToB).zip(fastest(Way::BToA))
}

impl Clock {
    /// A clock that is so far ahead of A's, and runs as fast.
    pub fn ahead(start: Timestamp, offset: Span) -> Self {
        Self { start, offset, drift: 0.0, uncertainty: None, round_trip: None }
    }

    /// From packets that both captures show; none without any.
    pub(super) fn fit(start: Timestamp, both: &[Both]) -> Option<Self> {
        let (about, [there, back]) = points(start, both)?;
        let offset = |line: f64| Span(about.saturating_add(line.round() as i64));
        if there.is_empty() || back.is_empty() {
            // One direction bounds the offset on one side only.
            let smallest = |points: &[Point]| points.iter().map(|p| p.y).reduce(f64::min);
            let line = smallest(&there).or_else(|| smallest(&back).map(|smallest| -smallest))?;
            return Some(Self::ahead(start, offset(line)));
        }
        let fit = Fit::new(&there, &back);
        let (line, unsure) = fit.offset();
        Some(Self {
            start,
            offset: offset(line),
            drift: fit.drift,
            uncertainty: Some(Span(unsure.round() as i64)),
            round_trip: Some(Span(fit.gap(fit.drift).max(0.0).round() as i64)),
        })
    }

    /// How far B's clock is ahead of A's, at B's first packet.
    pub fn offset(&self) -> Span {
        self.offset
    }

    /// How much faster B's clock runs, in millionths.
    pub fn drift_ppm(&self) -> f64 {
        self.drift * 1e6
    }

    /// How far the offset may be off if the path takes as long in either direction; none where only one direction shows anything.
    pub fn uncertainty(&self) -> Option<Span> {
        self.uncertainty
    }

    /// The smallest delays of both directions together: half of it is the most that an unequal path can put the offset off.
    pub fn round_trip(&self) -> Option<Span> {
        self.round_trip
    }

    /// A delay that no packet is faster than, as far as is known.
    pub(super) fn floor(&self) -> Option<Span> {
        self.round_trip.zip(self.uncertainty).map(|(trip, unsure)| Span(trip.0 / 2).minus(unsure.doubled()))
    }

    /// An instant of B's clock by A's.
    #[inline]
    pub fn by_a(&self, b: Timestamp) -> Timestamp {
        let elapsed = b.since(self.start).0 as f64;
        let drifted = (elapsed * self.drift / (1.0 + self.drift)) as i64;
        Timestamp(b.0.saturating_sub(self.offset.0).saturating_sub(drifted))
    }
}

/// An offset near the true one, at B's `start`, and what packets of either way are off it.
fn points(start: Timestamp, both: &[Both]) -> Option<(i64, [Vec<Point>; 2])> {
    let mut offsets: Vec<i64> = both.iter().map(|both| both.b.since(both.a).0).collect();
    if offsets.is_empty() {
        return None;
    }
    let middle = offsets.len() / 2;
    let about = *offsets.select_nth_unstable(middle).1;
    let origin = start.0.saturating_sub(about);
    let points = |way| {
        let of_way = both.iter().filter(move |both| both.way == way);
        let mut points: Vec<Point> = of_way
            .map(|both| Point {
                x: both.a.0.saturating_sub(origin) as f64,
                // Both ways as delays, so that the smallest count.
                y: both.b.since(both.a).0.saturating_sub(about) as f64 * if way == Way::AToB { 1.0 } else { -1.0 },
            })
            .collect();
        points.sort_by(|p, q| p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y)));
        points
    };
    Some((about, Way::ALL.map(points)))
}

#[derive(Clone, Copy, Debug)]
struct Point {
    x: f64,
    y: f64,
}

/// Two hulls and the slope that fits both.
struct Fit {
    there: Vec<Point>,
    back: Vec<Point>,
    drift: f64,
    /// Slopes that fit nearly as well.
    slopes: (f64, f64),
    /// How far above the smallest delay the next ones lie.
    noise: f64,
}

impl Fit {
    fn new(there: &[Point], back: &[Point]) -> Self {
        let fit = Self { there: hull(there), back: hull(back), drift: 0.0, slopes: (0.0, 0.0), noise: RESOLUTION };
        let candidates = fit.candidates();
        let gap = |slope: &f64| fit.gap(*slope);
        let best = candidates.iter().copied().max_by(|p, q| gap(p).total_cmp(&gap(q))).unwrap_or(0.0);
        let noise = (fit.spread(there, best) + fit.spread(back, -best)).max(RESOLUTION);
        let good = |slope: f64| gap(&slope) >= gap(&best) - noise;
        let low = edge(&candidates, best, &good);
        let high = edge(&candidates.iter().rev().copied().collect::<Vec<_>>(), best, &good);
        // What is measured in so short a time that no drift explains it too is not said to drift.
        let drift = if good(0.0) { 0.0 } else { (low + high) / 2.0 };
        Self { drift, slopes: (low, high), noise, ..fit }
    }

    /// The slopes of all edges: the best one is among them.
    fn candidates(&self) -> Vec<f64> {
        let slopes = |hull: &[Point], sign: f64| -> Vec<f64> {
            hull.windows(2).map(|pair| sign * (pair[1].y - pair[0].y) / (pair[1].x - pair[0].x)).collect()
        };
        let mut all = slopes(&self.there, 1.0);
        all.extend(slopes(&self.back, -1.0));
        all.extend([-MAX_DRIFT, 0.0, MAX_DRIFT]);
        all.retain(|slope| slope.abs() <= MAX_DRIFT);
        all.sort_by(f64::total_cmp);
        all
    }

    /// The smallest delays both ways, together, if B drifts like that.
    fn gap(&self, slope: f64) -> f64 {
        lowest(&self.there, slope) + lowest(&self.back, -slope)
    }

    /// How far above the lowest point the tenth one lies, of less than a hundred the lowest tenth, and of few the fourth: so far the
    /// lowest may be off itself.
    fn spread(&self, points: &[Point], slope: f64) -> f64 {
        let mut heights: Vec<f64> = points.iter().map(|p| p.y - slope * p.x).collect();
        let rank = (heights.len() / 10).clamp(3, 10).min(heights.len().saturating_sub(1));
        let (below, at, _) = heights.select_nth_unstable_by(rank, f64::total_cmp);
        let lowest = below.iter().copied().reduce(f64::min).unwrap_or(*at);
        *at - lowest
    }

    /// The offset at the start, and how far it may be off.
    fn offset(&self) -> (f64, f64) {
        let middle = |slope: f64| (lowest(&self.there, slope) - lowest(&self.back, -slope)) / 2.0;
        let at = middle(self.drift);
        let (low, high) = self.slopes;
        let drifted = [low, high].map(|slope| (middle(slope) - at).abs()).into_iter().fold(0.0, f64::max);
        // Clocks that no straight line explains contradict themselves by as much.
        let contradiction = (-self.gap(self.drift)).max(0.0);
        (at, self.noise + drifted + contradiction)
    }
}

/// The slope furthest on one side of the best that is still good, between two candidates if need be.
fn edge(candidates: &[f64], best: f64, good: &impl Fn(f64) -> bool) -> f64 {
    let mut bad = None;
    for slope in candidates {
        if good(*slope) {
            let Some(mut bad) = bad else { return *slope };
            let mut fine = *slope;
            for _ in 0..24 {
                let middle = (bad + fine) / 2.0;
                if good(middle) { fine = middle } else { bad = middle }
            }
            return fine;
        }
        bad = Some(*slope);
    }
    best
}

fn lowest(hull: &[Point], slope: f64) -> f64 {
    hull.iter().map(|p| p.y - slope * p.x).fold(f64::INFINITY, f64::min)
}

/// The lower convex hull of points in order of time (A. Andrew's monotone chain).
fn hull(points: &[Point]) -> Vec<Point> {
    let mut hull: Vec<Point> = Vec::new();
    for p in points {
        while let [.., a, b] = hull.as_slice()
            && (b.x - a.x) * (p.y - a.y) <= (p.x - a.x) * (b.y - a.y)
        {
            hull.pop();
        }
        match hull.last() {
            // Of several at one time the lowest comes first.
            Some(last) if last.x == p.x => {}
            _ => hull.push(*p),
        }
    }
    if hull.len() > MAX_HULL {
        let step = hull.len().div_ceil(MAX_HULL);
        return hull.into_iter().step_by(step).collect();
    }
    hull
}
