//! What a page begins with: the diagnosis in two sentences, and the numbers behind it.

use crate::capture::Span;
use crate::report::phrase::{counted, grouped, percent, time};
use crate::report::summary::{Blamed, Quantiles, Trouble};
use crate::report::{Summary, diagnosis_text};
use crate::track::{Diagnosis, Responsible};

/// The diagnosis.
pub(super) struct Headline {
    /// Whose doing it is: the class of its colour.
    pub who: &'static str,
    /// The same in a word or two.
    pub label: &'static str,
    /// How it went.
    pub first: String,
    /// The worst of it: what comes before the connection, that, and what happened to it.
    pub second: (String, Option<u32>, String),
    /// Others that are responsible.
    pub rows: Vec<Culprit>,
}

/// One that is responsible.
pub(super) struct Culprit {
    /// The class of its colour.
    pub who: &'static str,
    /// It.
    pub label: &'static str,
    /// How many connections it concerns, and what they lost.
    pub what: String,
    /// The worst.
    pub flow: u32,
    /// What happened to that.
    pub text: String,
}

/// A number with what it means.
pub(super) struct Tile {
    /// What it is.
    pub name: &'static str,
    /// It.
    pub value: String,
    /// What of many values it is.
    pub of: &'static str,
    /// More of it.
    pub more: String,
    /// The class of its colour: `fine`, `slow`, `failed` or `unknown`.
    pub state: &'static str,
    /// What that means.
    pub word: String,
}

/// The diagnosis of a capture.
pub(super) fn headline(summary: &Summary) -> Headline {
    let overall = summary.diagnosis();
    let (all, troubled) = summary.causes().judged();
    let causes = summary.causes().in_order();
    let who = overall.responsible;
    let plain = |text: String| (text, None, String::new());
    let (first, second) = match &causes[..] {
        _ if all == 0 => ("No TCP connection is in this capture.".to_owned(), plain(String::new())),
        [] => (sentence(&summary.unblamed()), plain(healthy(summary, all))),
        [(who, Blamed { worst: Some((_, worst)), .. })] if all == 1 => {
            (sentence(&diagnosis_text(worst)), plain(alone(*who, worst, summary)))
        }
        [(_, blamed @ Blamed { worst: Some((flow, worst)), .. }), ..] => (
            several(troubled, all, who, causes.len() > 1),
            (cost(blamed, causes.len() > 1), Some(*flow), format!("{}.", diagnosis_text(worst))),
        ),
        _ => (sentence(&diagnosis_text(&overall)), plain(String::new())),
    };
    let rows = causes.iter().skip(1).filter_map(|(who, blamed)| culprit(*who, blamed));
    let (who, label) = match who {
        _ if all == 0 => ("capture", "Nothing to judge"),
        Responsible::Nothing if summary.has_trouble() => (who.as_str(), "Not slow"),
        _ => (who.as_str(), label(who)),
    };
    Headline { who, label, first, second, rows: rows.collect() }
}

/// `It cost 802 connections 651.254 s; the worst is `.
fn cost(blamed: &Blamed, others: bool) -> String {
    match (blamed.connections, blamed.lost) {
        (1, _) if others => "The worst is ".to_owned(),
        (1, _) => "That is ".to_owned(),
        (some, Span(1..)) => format!("{} lost {} to it; the worst is ", counted(some, "connection"), time(blamed.lost)),
        (some, _) => format!("It struck {}, such as ", counted(some, "connection")),
    }
}

/// `3 of 60 connections failed or were slow, mostly because of the server.`
fn several(troubled: u64, all: u64, who: Responsible, others: bool) -> String {
    let verb = if troubled == 1 { "was" } else { "were" };
    if troubled == 0 {
        return format!(
            "{} of {} cannot be judged: the capture shows too little.",
            grouped(all),
            counted(all, "connection")
        );
    }
    let why = match who {
        Responsible::Capture | Responsible::Nothing => String::new(),
        _ => format!(", {}because of the {}", if others { "mostly " } else { "" }, who.as_str()),
    };
    format!("{} of {} failed or {verb} slow{why}.", grouped(troubled), counted(all, "connection"))
}

/// `60 connections: 58 closed, 2 half closed. Half of the 60 answers came within 1.2 ms, 95 % within 4.0 ms.`
fn healthy(summary: &Summary, all: u64) -> String {
    let ended = match summary.outcomes_text() {
        outcome if all == 1 => format!("1 connection, {}", outcome.trim_start_matches("1 ")),
        outcomes => format!("{}: {outcomes}", counted(all, "connection")),
    };
    match summary.server_times() {
        Some(Quantiles { p50, p95, count }) if count > 1 => {
            format!(
                "{ended}. Half of the {} answers came within {}, 95 % within {}.",
                grouped(count),
                time(p50),
                time(p95)
            )
        }
        Some(Quantiles { p50, .. }) => format!("{ended}. The server answered in {}.", time(p50)),
        None => format!("{ended}. No request and answer could be timed."),
    }
}

/// What it cost the only connection.
fn alone(who: Responsible, worst: &Diagnosis, summary: &Summary) -> String {
    if who == Responsible::Capture {
        return "Capture again, nearer to one end and both directions, to know more.".to_owned();
    }
    match worst.lost {
        Span(1..) => format!("{} of {} were lost to the {}.", time(worst.lost), time(summary.span()), who.as_str()),
        _ => format!("Responsible: the {}.", who.as_str()),
    }
}

fn culprit(who: Responsible, blamed: &Blamed) -> Option<Culprit> {
    let (flow, worst) = blamed.worst?;
    let lost = if blamed.lost > Span(0) { format!(", {} lost", time(blamed.lost)) } else { String::new() };
    let what = format!("{}{lost}", counted(blamed.connections, "connection"));
    Some(Culprit { who: who.as_str(), label: label(who), what, flow, text: diagnosis_text(&worst) })
}

/// What a reader calls it.
pub(super) fn label(who: Responsible) -> &'static str {
    match who {
        Responsible::Network => "Network",
        Responsible::Server => "Server",
        Responsible::Client => "Client",
        Responsible::Receiver => "Receiver",
        Responsible::Capture => "Cannot tell",
        Responsible::Nothing => "Healthy",
    }
}

/// What stands for a number that there is not.
const NONE: &str = "\u{2013}";

/// How many connections failed, of those that can be judged.
fn failures(failed: u64, judgeable: u64) -> Tile {
    let (value, more) = match judgeable {
        0 => (NONE.to_owned(), "none can be judged".to_owned()),
        _ => (grouped(failed), format!("of {}", counted(judgeable, "connection"))),
    };
    let (state, word) = match (failed, judgeable) {
        (_, 0) => ("unknown", "unknown".to_owned()),
        (0, _) => ("fine", "none".to_owned()),
        _ => ("failed", percent(failed, judgeable)),
    };
    Tile { name: "Failed", value, of: "", more, state, word }
}

/// The numbers, in the order of a connection's life.
pub(super) fn tiles(summary: &Summary) -> Vec<Tile> {
    let judgeable = summary.causes().in_judgement();
    let failed = summary.causes().of(Trouble::Failed).connections;
    let round_trips = summary.round_trip_times();
    // The longer side is the path; the other end is where the capture was made.
    let rtt = round_trips.into_iter().flatten().max_by_key(|side| side.p50);
    let (segments, again) = summary.retransmitted();
    let closed = summary.zero_window();
    vec![
        failures(failed, judgeable),
        timed(summary, "Handshake", summary.handshake_times(), Trouble::Opening),
        timed(summary, "Round trip", rtt, Trouble::RoundTrip),
        timed(summary, "Server time", summary.server_times(), Trouble::Server),
        judged(
            summary,
            Trouble::Loss,
            segments > 0,
            again > 0,
            Tile {
                name: "Loss",
                value: if segments > 0 { percent(again, segments) } else { NONE.to_owned() },
                of: "",
                more: match (segments, again) {
                    (0, _) => "no data".to_owned(),
                    _ => format!("{} of {}", grouped(again), counted(segments, "segment")),
                },
                state: "unknown",
                word: String::new(),
            },
        ),
        judged(
            summary,
            Trouble::Window,
            segments > 0,
            closed > Span(0),
            Tile {
                name: "Zero window",
                value: match (segments, closed) {
                    (_, Span(1..)) => time(closed),
                    (0, _) => NONE.to_owned(),
                    _ => "0 s".to_owned(),
                },
                of: "",
                more: match (segments, closed) {
                    (_, Span(1..)) => "windows closed".to_owned(),
                    (0, _) => "no data".to_owned(),
                    _ => "windows open".to_owned(),
                },
                state: "unknown",
                word: String::new(),
            },
        ),
    ]
}

fn timed(summary: &Summary, name: &'static str, times: Option<Quantiles>, kind: Trouble) -> Tile {
    let (value, of, more) = match times {
        Some(Quantiles { p50, count: 1, .. }) => (time(p50), "", "one measured".to_owned()),
        Some(Quantiles { p50, p95, .. }) => (time(p50), "p50", format!("p95 {}", time(p95))),
        None => (NONE.to_owned(), "", "not seen".to_owned()),
    };
    judged(summary, kind, times.is_some(), false, Tile { name, value, of, more, state: "unknown", word: String::new() })
}

/// What a number means goes by the verdicts, which have reasons, and not by limits of its own. What there is of trouble (`some`) is not
/// called fine, though it cost no connection its time.
fn judged(summary: &Summary, kind: Trouble, seen: bool, some: bool, tile: Tile) -> Tile {
    let slow = summary.causes().of(kind).connections;
    match (slow, seen) {
        (0, _) if summary.causes().in_judgement() == 0 => Tile { word: "unknown".to_owned(), ..tile },
        (0, true) if some => Tile { word: "minor".to_owned(), ..tile },
        (0, true) => Tile { state: "fine", word: "fine".to_owned(), ..tile },
        (0, false) => Tile { word: "unknown".to_owned(), ..tile },
        _ => {
            let word = if matches!(kind, Trouble::Loss | Trouble::Window) { "affected" } else { "slow" };
            Tile { state: "slow", word: format!("{} {word}", grouped(slow)), ..tile }
        }
    }
}

/// `Nothing went wrong.`
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
