//! Whose doing it was, in words.

use crate::track::{Diagnosis, Reason};

use super::phrase::time;

/// Whose doing it was, and why: `server: the server took 2.200 s for 3 answers, 1.800 s for the slowest`.
pub fn verdict_text(diagnosis: &Diagnosis) -> String {
    format!("{}: {}", diagnosis.responsible.as_str(), diagnosis_text(diagnosis))
}

/// A sentence without its full stop: `the server took 2.200 s for 3 answers, 1.800 s for the slowest`.
pub fn diagnosis_text(diagnosis: &Diagnosis) -> String {
    let lost = time(diagnosis.lost);
    match diagnosis.reason {
        Reason::NoReply { syns } => {
            let (count, noun) = (syns, if syns == 1 { "SYN" } else { "SYNs" });
            format!("no reply to {count} {noun}: lost, filtered, or the server is down")
        }
        Reason::Unreachable { icmp } => format!("ICMP answered the SYN: {}", icmp.name()),
        Reason::Refused => "the server refused it: nothing listens on that port".into(),
        Reason::Reset(direction) => format!("the {} reset the connection", direction.sender()),
        Reason::SlowHandshake => format!("opening waited {lost} for segments that were lost"),
        Reason::Loss { direction, segments } => {
            let end = direction.reverse().sender();
            format!("loss towards the {end} cost {lost}, {} retransmitted", count_of(segments))
        }
        Reason::LateAcks { direction, segments } => {
            let (end, again) = (direction.reverse().sender(), count_of(segments));
            format!(
                "acknowledgments for the {end} were lost or late: it waited {lost} and retransmitted {again} for nothing"
            )
        }
        Reason::Missing { direction, bytes } => {
            let end = direction.reverse().sender();
            format!("{bytes} B towards the {end} never arrived, though it asked for them for {lost}")
        }
        Reason::BlackHole(direction) => {
            let end = direction.reverse().sender();
            format!(
                "large packets towards the {end} vanish, and nobody says that they are too large: a black hole of the path MTU"
            )
        }
        Reason::PathMtuIgnored(direction) => {
            let end = direction.sender();
            format!(
                "packets of the {end} are too large for the path, and it did not heed the ICMP error that says so: {lost} lost"
            )
        }
        Reason::Stall { program: false } => {
            format!("stood still for {lost} together with other connections: a host or the path")
        }
        Reason::Stall { program: true } => {
            format!("the server's programs stood still for {lost}, for other connections too")
        }
        Reason::Queue(direction) => {
            format!("a buffer on the way to the {} delays packets by up to {lost}", direction.reverse().sender())
        }
        Reason::IdleTimeout { idle } => format!("idle for {}, and then cut off", time(idle)),
        Reason::GaveUp { asked: true } => format!("the client gave up after {lost} without an answer"),
        Reason::GaveUp { asked: false } => format!("the client gave up after {lost}, before it sent anything"),
        Reason::DelayedAcks(direction) => {
            format!("writes of the {} waited {lost} for delayed acknowledgments", direction.sender())
        }
        Reason::SlowAnswers { answers: 1, .. } => format!("the server took {lost} to answer"),
        Reason::SlowAnswers { answers, longest } => {
            format!("the server took {lost} for {answers} answers, {} for the slowest", time(longest))
        }
        Reason::PassedOn { flow } => format!("the server took {lost} to answer, for it waited itself: see flow {flow}"),
        Reason::ZeroWindow(direction) => format!("the {}'s receive buffer was full for {lost}", direction.sender()),
        Reason::OneDirection => "only one direction was captured".into(),
        Reason::Gaps => "the capture misses segments".into(),
        Reason::LateSynAck => format!("the SYN+ACK came {lost} later than the path explains"),
        Reason::DoubtfulReset(direction) => {
            format!("a RST ended it that is perhaps not the {}'s", direction.sender())
        }
        Reason::RolesUnknown { waited } => {
            format!(
                "it began before the capture: whether the {} between messages were answers is not known",
                time(waited)
            )
        }
        Reason::Quiet { silent } => {
            format!("nothing went wrong; the server was silent for {}, and perhaps had nothing to say", time(silent))
        }
        Reason::Unanswered { waited } => {
            format!(
                "nothing is known to have gone wrong; what the client sent last was not answered for {}",
                time(waited)
            )
        }
        Reason::EndedEarly => "the capture ended before an answer to the SYN was due".into(),
        Reason::Healthy => "nothing went wrong, and nothing took long".into(),
    }
}

/// `1 segment`, `2 segments`.
fn count_of(segments: u64) -> String {
    format!("{segments} segment{}", if segments == 1 { "" } else { "s" })
}
