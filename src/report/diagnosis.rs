//! Whose doing it was, in words.

use crate::capture::Span;
use crate::track::{Diagnosis, Reason};

use super::numerals;

/// A sentence without its full stop: `the server took 2.200 s for 3 answers, 1.800 s for the slowest`.
pub fn diagnosis_text(diagnosis: &Diagnosis) -> String {
    let lost = time(diagnosis.lost);
    match diagnosis.reason {
        Reason::NoReply { syns } => {
            let (count, noun) = (syns, if syns == 1 { "SYN" } else { "SYNs" });
            format!("no reply to {count} {noun}: lost, filtered, or the server is down")
        }
        Reason::Refused => "the server refused it: nothing listens on that port".into(),
        Reason::Reset(direction) => format!("the {} reset the connection", direction.sender()),
        Reason::SlowHandshake => format!("opening waited {lost} for segments that were lost"),
        Reason::Loss { direction, segments } => {
            let noun = if segments == 1 { "segment" } else { "segments" };
            format!("loss towards the {} cost {lost}, {segments} {noun} retransmitted", direction.reverse().sender())
        }
        Reason::SlowAnswers { answers: 1, .. } => format!("the server took {lost} to answer"),
        Reason::SlowAnswers { answers, longest } => {
            format!("the server took {lost} for {answers} answers, {} for the slowest", time(longest))
        }
        Reason::ZeroWindow(direction) => format!("the {}'s receive buffer was full for {lost}", direction.sender()),
        Reason::OneDirection => "only one direction was captured".into(),
        Reason::Gaps => "the capture misses segments".into(),
        Reason::Healthy => "nothing went wrong, and nothing took long".into(),
    }
}

fn time(span: Span) -> String {
    numerals::written(|out| numerals::time(out, span))
}
