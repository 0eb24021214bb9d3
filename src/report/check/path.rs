//! The sentences about what the path between two captures did.

use crate::policy::{Judgement, PathDemand, PathFault, PathPlace, State, span_text};

use super::super::compare;
use super::super::units;
use crate::report::phrase::{counted, percent, time};

/// What is expected, in words.
pub(super) fn expected(demand: &PathDemand) -> String {
    let share = |share: crate::policy::Share| percent(u64::from(share.0), 1_000_000);
    match demand {
        PathDemand::Lost(most) => {
            format!("at most {} of the packets lost between the captures, either way", share(*most))
        }
        PathDemand::Duplicated(most) => format!("at most {} of the packets duplicated, either way", share(*most)),
        PathDemand::Overtaken(most) => format!("at most {} of the packets overtaken, either way", share(*most)),
        PathDemand::LongestDelay(limit) => format!("no one-way delay above {}", span_text(*limit)),
        PathDemand::DelayPercentile(limit) => format!("95 of 100 one-way delays at most {}", span_text(*limit)),
        PathDemand::Inserted(0) => "no packet made by something between".to_owned(),
        PathDemand::Inserted(most) => format!("at most {} made by something between", counted(*most, "packet")),
        PathDemand::Changes(changes) if changes.is_empty() => "nothing changed on the way".to_owned(),
        PathDemand::Changes(changes) => format!("nothing changed on the way but {}", changes.join(", ")),
        PathDemand::ClockOffset(limit) => format!("clocks at most {} apart", span_text(*limit)),
    }
}

/// What was found, in words.
pub(super) fn found(demand: &PathDemand, result: &Judgement) -> String {
    let Judgement { of, bad, allowed, .. } = *result;
    let worst = || result.worst.map(time).unwrap_or_default();
    if result.state == State::Poor {
        return match demand {
            PathDemand::Lost(_) | PathDemand::Duplicated(_) | PathDemand::Overtaken(_) => {
                "of no packet both captures can say whether it arrived".to_owned()
            }
            _ => "only one direction shows: how the clocks compare cannot be measured, and so neither can delays"
                .to_owned(),
        };
    }
    let shared = |what: &str| {
        let small =
            if of < 20 && bad > 0 { format!("; below 20 they are counted: {allowed} may be") } else { String::new() };
        format!("found {} ({bad} of {} {what}){small}", percent(bad, of), counted(of, "packet"))
    };
    match demand {
        PathDemand::Lost(_) => shared("lost between the captures, the worse way"),
        PathDemand::Duplicated(_) => shared("duplicated, the worse way"),
        PathDemand::Overtaken(_) => shared("overtaken, the worse way"),
        PathDemand::LongestDelay(_) if bad == 0 => format!("found {} (the longest of {of} one-way delays)", worst()),
        PathDemand::LongestDelay(limit) => {
            format!("found {} ({bad} of {of} one-way delays above {})", worst(), span_text(*limit))
        }
        PathDemand::DelayPercentile(limit) => format!(
            "found {} ({bad} of {of} one-way delays above {}, {allowed} may be; the worse way); the longest {}",
            percent(bad, of),
            span_text(*limit),
            worst()
        ),
        PathDemand::Inserted(_) => format!("found {} made by something between", counted(bad, "packet")),
        PathDemand::Changes(_) if bad == 0 => "nothing else was changed".to_owned(),
        PathDemand::Changes(_) => format!("found {} that may not be", counted(bad, "change")),
        PathDemand::ClockOffset(_) => format!("found {} between the clocks", worst()),
    }
}

/// What is there, and where.
pub(super) fn place(place: &PathPlace) -> String {
    let way =
        place.way.map(|way| format!("{} to {}: ", way.sender().name(), way.receiver().name())).unwrap_or_default();
    let fault = match &place.fault {
        PathFault::Packets { bad, of } => {
            let of = units::written(|out| units::grouped(out, *of));
            format!("{bad} of {of}")
        }
        PathFault::Delays { longest, above } => format!("up to {}, {above} above the limit", time(*longest)),
        PathFault::Made(Some(ending)) => format!("a {} that nobody sent at the other end", ending.name()),
        PathFault::Made(None) => "a packet that nobody sent at the other end".to_owned(),
        PathFault::Changed { what, change, count } => {
            let words = match (*what, change.and_then(compare::changed)) {
                (_, Some(words)) => words,
                ("nat", _) => "addresses or ports are translated".to_owned(),
                ("isn", _) => "sequence numbers are rewritten".to_owned(),
                ("proxy", _) => "the connection ends at something between, which opens another one".to_owned(),
                (other, _) => other.to_owned(),
            };
            let packets = change.map(|_| format!(" in {}", counted(*count, "packet"))).unwrap_or_default();
            format!("{what}: {words}{packets}")
        }
    };
    format!("{way}{fault}, frames of {}", place.side.name())
}
