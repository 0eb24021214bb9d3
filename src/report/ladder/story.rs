//! A packet in a plain sentence, for a reader to whom TCP is new.

use crate::dissect::TcpFlags;
use crate::rules::Rule;
use crate::track::{Direction, Note, SegmentEffect, TcpState};

use super::hop::Hop;

/// What happens here.
pub fn of(hop: &Hop, repeats: u32) -> String {
    let (who, other) = names(hop.from);
    let mut told = match hop.effect {
        SegmentEffect::Opens => format!("{who} asks to open a connection."),
        SegmentEffect::OpensToo => format!("{who} asks to open, too: both ask at once."),
        SegmentEffect::OpensAgain => format!("No answer came in time: {who} says the same again."),
        SegmentEffect::Accepts => format!("{who} agrees, and asks to send in its direction, too."),
        SegmentEffect::Establishes
            if hop.after.client == TcpState::Established && hop.after.server == TcpState::Established =>
        {
            format!("{who} agrees: the connection is open.")
        }
        SegmentEffect::Establishes => format!("{who} agrees to open."),
        SegmentEffect::Data => data(hop, who),
        SegmentEffect::Closes => closes(hop, who, other),
        SegmentEffect::ClosesAgain => format!("{who} says again that it has nothing more to send."),
        SegmentEffect::Resets if hop.before.client == TcpState::SynSent && hop.from == Direction::FromResponder => {
            format!("{who} refuses: no program listens there.")
        }
        SegmentEffect::Resets => format!("{who} breaks the connection off, at once and for both."),
        SegmentEffect::Outside => "This lies beyond every window that was captured.".to_owned(),
        SegmentEffect::Stray => "This does not fit the connection.".to_owned(),
        SegmentEffect::Copy(twin) => format!("The capture holds packet @{twin} twice."),
        SegmentEffect::Acks => acks(hop, who, other, repeats),
    };
    if hop.effect == SegmentEffect::Establishes && hop.payload > 0 {
        told.push_str(&format!(" It sends {} bytes along.", hop.payload));
    }
    if hop.changes_state() {
        match (hop.effect, if hop.from == Direction::FromOriginator { hop.after.client } else { hop.after.server }) {
            (SegmentEffect::Acks, TcpState::TimeWait) => {
                told.push_str(&format!(" {other} is done; {} waits a while for stragglers.", lower(who)));
            }
            (SegmentEffect::Closes, TcpState::LastAck) => told.push_str(" One confirmation is missing."),
            _ => {}
        }
    }
    if hop.closes_window() {
        told.push_str(&format!(" Zero window: its receive buffer is full, and {} must wait.", lower(other)));
    }
    told
}

/// Bytes that were not seen.
pub fn missing(from: Direction, first: i64, behind: i64) -> String {
    let (who, _) = names(from);
    format!("Bytes {first} to {} of {} did not pass here.", behind.saturating_sub(1), lower(who))
}

/// A run of data, folded.
pub fn data_run(from: Direction, bytes: u64, segments: u32) -> String {
    let (who, _) = names(from);
    format!("{who} sends {bytes} bytes in {segments} packets.")
}

/// A run of acknowledgments, folded.
pub fn ack_run(from: Direction, ack: i64, count: u32) -> String {
    let (who, _) = names(from);
    format!("{who} confirms, {count} times, by now all up to byte {}.", ack.saturating_sub(1))
}

/// A run of duplicate acknowledgments, folded.
pub fn repeat_run(from: Direction, ack: i64, count: u32) -> String {
    let (who, _) = names(from);
    format!("{who} says {count} more times that it waits for byte {ack}.")
}

fn data(hop: &Hop, who: &str) -> String {
    let (first, last) = (hop.seq, hop.seq_end.saturating_sub(1));
    if hop.has(Rule::SpuriousRetransmission) {
        return format!("{who} sends bytes {first} to {last} again, though they had arrived.");
    }
    if hop.has(Rule::FastRetransmission) {
        return format!("{who} sends bytes {first} to {last} again: they were asked for.");
    }
    if hop.has(Rule::TimeoutRetransmission) {
        return format!("{who} waited for an answer in vain and sends bytes {first} to {last} again.");
    }
    if hop.has(Rule::TailLossProbe) {
        return format!("No answer yet: {} sends bytes {first} to {last} again.", lower(who));
    }
    if hop.has(Rule::OutOfOrder) {
        return format!("Bytes {first} to {last} come late: others overtook them.");
    }
    if hop.again > 0 {
        return format!("{who} sends bytes {first} to {last} again.");
    }
    let window = if hop.has(Rule::WindowFull) { " That is all it may send for now." } else { "" };
    let text = hop.extra().excerpt.as_ref().map(|excerpt| format!(" They begin: {excerpt}")).unwrap_or_default();
    format!("{who} sends {} bytes.{text}{window}", hop.payload)
}

fn closes(hop: &Hop, who: &str, other: &str) -> String {
    let with = if hop.payload > 0 { format!("{who} sends its last {} bytes and", hop.payload) } else { who.to_owned() };
    let second = matches!(
        (hop.from, hop.before.client, hop.before.server),
        (Direction::FromOriginator, TcpState::CloseWait, _) | (Direction::FromResponder, _, TcpState::CloseWait)
    );
    let waiting = matches!(hop.before.client, TcpState::FinWait1 | TcpState::FinWait2)
        || matches!(hop.before.server, TcpState::FinWait1 | TcpState::FinWait2);
    if second || waiting {
        format!("{with} has nothing more to send, either.")
    } else {
        format!("{with} has nothing more to send. {other} still may.")
    }
}

fn acks(hop: &Hop, who: &str, other: &str, repeats: u32) -> String {
    if let Some(note) = hop.extra().notes.first() {
        return match note {
            Note::KeepAlive => format!("{who} asks: are you still there?"),
            Note::KeepAliveAck => format!("{who} says that it is still there."),
            Note::ZeroWindowProbe => format!("{who} asks whether there is room again."),
            Note::ZeroWindowProbeAck if hop.raw_window > 0 => {
                format!("{who} has room again: {} bytes.", hop.room())
            }
            Note::ZeroWindowProbeAck => format!("{who} answers."),
            Note::WindowUpdate => {
                format!("{who} has room for {} bytes now.", hop.room())
            }
        };
    }
    let Some(ack) = hop.ack else { return format!("{who} sends neither data nor a confirmation.") };
    if repeats > 0 {
        let has = if hop.extra().sack.is_empty() { "" } else { ", and has what came behind it" };
        return format!("{who} still waits for byte {ack}{has}.");
    }
    let closed = matches!(
        (hop.from, hop.after.client, hop.after.server),
        (Direction::FromResponder, TcpState::FinWait2 | TcpState::TimeWait | TcpState::Closed, _)
            | (Direction::FromOriginator, _, TcpState::FinWait2 | TcpState::TimeWait | TcpState::Closed)
    );
    match hop.acks_new {
        true if closed && hop.changes_state() => format!("{who} has got everything, the end included."),
        true => format!("{who} confirms all up to byte {}.", ack.saturating_sub(1)),
        false if hop.flags.contains(TcpFlags::ACK) => format!("{who} confirms nothing new to {}.", lower(other)),
        false => String::new(),
    }
}

fn names(from: Direction) -> (&'static str, &'static str) {
    match from {
        Direction::FromOriginator => ("The client", "The server"),
        Direction::FromResponder => ("The server", "The client"),
    }
}

fn lower(who: &str) -> String {
    who.replace("The ", "the ")
}
