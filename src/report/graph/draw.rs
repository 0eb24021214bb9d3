//! The graphs of a connection, as tcptrace and Wireshark draw them.

use crate::report::ladder::bytes;
use crate::report::scale::Scale;
use crate::report::wording::message;
use crate::rules::{Rule, Severity};
use crate::track::{Direction, Finding};

use super::axis::{Axis, Unit};
use super::mark::FindingMark;
use super::plot::{Plot, way_name};
use super::series::{Dot, Series};
use super::trail::TimeSequence;

/// Columns of the throughput.
const COLUMNS: usize = 120;

/// Which graph.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Graph {
    /// Sequence numbers over time.
    TimeSequence,
    /// Round trips over time.
    Rtt,
    /// Bytes in flight against the receiver's window.
    InFlight,
    /// Throughput and goodput.
    Throughput,
}

impl Graph {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::TimeSequence, Self::InFlight, Self::Rtt, Self::Throughput];

    /// What it is called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TimeSequence => "time-sequence",
            Self::Rtt => "rtt",
            Self::InFlight => "in-flight",
            Self::Throughput => "throughput",
        }
    }

    /// It of one direction; nothing where that has no points.
    pub fn plot(self, trail: &TimeSequence, way: Direction) -> Option<Plot> {
        self.plot_on(&Scale::new(trail.end, []), trail, way)
    }

    /// The same along an axis of time that leaves silences out.
    pub(in crate::report) fn plot_on(self, scale: &Scale, trail: &TimeSequence, way: Direction) -> Option<Plot> {
        match self {
            Self::TimeSequence => time_sequence(scale, trail, way),
            Self::Rtt => rtt(scale, trail, way),
            Self::InFlight => in_flight(scale, trail, way),
            Self::Throughput => throughput(scale, trail, way),
        }
    }
}

/// The direction that carried more.
pub fn main_way(trail: &TimeSequence) -> Direction {
    let sum = |way| trail.way(way).bins.within(1).1.first().map_or(0, |bin| bin.bytes);
    match sum(Direction::FromOriginator) > sum(Direction::FromResponder) {
        true => Direction::FromOriginator,
        false => Direction::FromResponder,
    }
}

fn time(trail: &TimeSequence) -> Axis {
    Axis::new(0, trail.end, Unit::Time).with_room()
}

fn bounds<'a>(series: impl IntoIterator<Item = &'a Series>) -> Option<(i64, i64)> {
    let dots = series.into_iter().flat_map(Series::dots);
    dots.fold(None, |bounds: Option<(i64, i64)>, dot| {
        let (low, high) = bounds.unwrap_or((dot.lo, dot.hi));
        Some((low.min(dot.lo), high.max(dot.hi)))
    })
}

fn time_sequence(scale: &Scale, trail: &TimeSequence, direction: Direction) -> Option<Plot> {
    let way = trail.way(direction);
    let (low, high) = bounds([&way.data, &way.again, &way.late])?;
    let edge = bounds([&way.edge]).map_or(high, |(_, edge)| edge);
    // The window's edge may be far above all data, which would be flattened.
    let above = edge.saturating_sub(low) / 3 > high.saturating_sub(low);
    let top = if above { high } else { high.max(edge) };
    let mut plot = Plot::new(
        format!("Time and sequence numbers, {}", way_name(direction)),
        "Each upright stroke is a packet of data: when it passed, and which bytes it carried. The lower line is what the \
         receiver has confirmed, the upper one how far it lets the sender go. Between them is what is on its way. A steady \
         slope is a steady transfer, a flat stretch a wait.",
        time(trail),
        Axis::new(low, top, Unit::Number).with_room(),
        "sequence number",
    )
    .on(scale);
    let edge = if above { "edge of the window (above)" } else { "edge of the window" };
    plot.steps("window", edge, way.edge.dots());
    plot.steps("ack", "confirmed", way.acks.dots());
    plot.bars("sack", "received beyond a gap (SACK)", way.sacks.dots());
    plot.bars("data", "data", way.data.dots());
    plot.bars("again", "again", way.again.dots());
    plot.bars("late", "fills a gap", way.late.dots());
    let other = !trail.way(direction.reverse()).has_data();
    for mark in trail.marks.all().iter().filter(|mark| mark.way == direction || other) {
        // What has no place among these numbers stands at the bottom.
        let (lo, hi) = mark.range.filter(|_| mark.way == direction).unwrap_or((low, low));
        plot.spot(kind(&mark.finding), (mark.t, lo.clamp(low, top), hi.clamp(low, top)), tip(mark), &mark.finding);
    }
    Some(plot)
}

fn rtt(scale: &Scale, trail: &TimeSequence, direction: Direction) -> Option<Plot> {
    let way = trail.way(direction);
    let (_, high) = bounds([&way.rtt])?;
    let mut plot = Plot::new(
        format!("Round trips of what the {} sent", direction.sender()),
        "Each dot is one measured round trip: from a packet passing the capture point to its confirmation coming by. Seen near \
         the receiver it is short, for it leaves out the way to the sender. A rising cloud is a queue that fills.",
        time(trail),
        Axis::new(0, high, Unit::Time).with_room(),
        "round trip",
    )
    .on(scale);
    plot.dots("dot data", "round trip", way.rtt.dots());
    Some(plot)
}

fn in_flight(scale: &Scale, trail: &TimeSequence, direction: Direction) -> Option<Plot> {
    let way = trail.way(direction);
    let (_, high) = bounds([&way.flight])?;
    let window = bounds([&way.window]).map_or(high, |(_, window)| window);
    let above = window / 6 > high;
    let mut plot = Plot::new(
        format!("Bytes in flight, {}", way_name(direction)),
        "The dark line is how much was sent and not yet confirmed, the blue one how much the receiver would take. Where they \
         meet, the receiver holds the sender back; where they stay apart, it is the network or the sending program.",
        time(trail),
        Axis::new(0, if above { high } else { high.max(window) }, Unit::Bytes).with_room(),
        "bytes",
    )
    .on(scale);
    let window = if above { "the receiver's window (above)" } else { "the receiver's window" };
    plot.steps("window", window, way.window.dots());
    plot.steps("data", "in flight", way.flight.dots());
    let stops = |mark: &&FindingMark| {
        mark.way == direction
            && matches!(mark.finding.rule, Rule::ZeroWindow | Rule::ZeroWindowStall | Rule::WindowFull)
    };
    for mark in trail.marks.all().iter().filter(stops) {
        plot.spot(kind(&mark.finding), (mark.t, 0, 0), tip(mark), &mark.finding);
    }
    Some(plot)
}

/// Rates in bits a second over time: with repeats, and without.
pub(super) fn rates(trail: &TimeSequence, direction: Direction) -> (i64, Vec<(Dot, Dot)>) {
    let (width, bins) = trail.way(direction).bins.within(COLUMNS);
    let rate = |bytes: u64| {
        let bits = u128::from(bytes) * 8 * 1_000_000_000 / u128::from(width.unsigned_abs().max(1));
        i64::try_from(bits).unwrap_or(i64::MAX)
    };
    let dots = bins.iter().zip(0..).map(|(bin, at): (_, i64)| {
        let t = at.saturating_mul(width);
        (Dot::at(t, rate(bin.bytes), 0), Dot::at(t, rate(bin.fresh), 0))
    });
    (width, dots.collect())
}

fn throughput(scale: &Scale, trail: &TimeSequence, direction: Direction) -> Option<Plot> {
    let (width, dots) = rates(trail, direction);
    let high = dots.iter().map(|(all, _)| all.hi).max()?;
    let mut plot = Plot::new(
        format!("Throughput, {}", way_name(direction)),
        "How fast data passed. Throughput counts retransmissions, goodput does not: the space between both is waste.",
        time(trail),
        Axis::new(0, high, Unit::Rate).with_room(),
        "bits a second",
    )
    .on(scale);
    // It goes on, at nothing, until the connection ends.
    let closed = |line: &mut dyn Iterator<Item = Dot>| {
        let mut line: Vec<Dot> = line.collect();
        let end = i64::try_from(line.len()).unwrap_or(0).saturating_mul(width);
        if end < trail.end {
            line.extend([Dot::at(end, 0, 0), Dot::at(trail.end, 0, 0)]);
        } else {
            line.extend(line.last().map(|last| Dot { t: trail.end, ..*last }));
        }
        line
    };
    plot.steps("again", "throughput", &closed(&mut dots.iter().map(|(all, _)| *all)));
    plot.steps("data", "goodput", &closed(&mut dots.iter().map(|(_, fresh)| *fresh)));
    Some(plot)
}

/// How a finding is drawn, and what the key calls it.
fn kind(finding: &Finding) -> (&'static str, &'static str) {
    match (finding.rule, finding.severity) {
        (Rule::FastRetransmission, _) => ("mark fast", "fast retransmission"),
        (Rule::TimeoutRetransmission, _) => ("mark timeout", "RTO retransmission"),
        (Rule::SpuriousRetransmission, _) => ("mark spurious", "spurious retransmission"),
        (Rule::TailLossProbe, _) => ("mark probe", "tail loss probe"),
        (Rule::Retransmission, _) => ("mark warning", "retransmission"),
        (Rule::OutOfOrder, _) => ("mark order", "out of order"),
        (Rule::DuplicateAck | Rule::TripleDuplicateAck, _) => ("mark repeat", "duplicate ACK"),
        (Rule::ZeroWindow | Rule::ZeroWindowStall, Severity::Note) => ("mark note", "window closed"),
        (Rule::ZeroWindow | Rule::ZeroWindowStall, _) => ("mark warning", "window closed"),
        (Rule::WindowFull, _) => ("mark note", "window full"),
        (_, Severity::Error) => ("mark error", "error"),
        (_, Severity::Warning) => ("mark warning", "warning"),
        (_, Severity::Note) => ("mark note", "note"),
    }
}

/// What a mark says.
fn tip(mark: &FindingMark) -> String {
    let finding = &mark.finding;
    let mut tip =
        format!("@{} {} {} {}", finding.frame, finding.severity.as_str(), finding.rule.code(), finding.rule.slug());
    tip.push_str(&format!(": {}", message(finding)));
    if let Some((from, to)) = mark.range.filter(|(from, to)| to > from) {
        tip.push_str(&format!("\n{from}:{to}, {}", bytes(to.saturating_sub(from).unsigned_abs())));
    }
    if mark.count > 1 {
        tip.push_str(&format!("\nand {} more of it up to @{}", mark.count - 1, mark.last_frame));
    }
    tip
}
