//! A packet in a plain sentence, for a reader to whom TCP is new.

use crate::dissect::TcpFlags;
use crate::rules::Rule;
use crate::track::{Direction, Note, SegmentEffect, TcpState};

use super::record::PacketRecord;

/// What happens here.
pub(super) fn of(record: &PacketRecord, repeats: u32) -> String {
    let (who, other) = names(record.from);
    let mut told = match record.effect {
        SegmentEffect::Opens => format!("{who} asks to open a connection."),
        SegmentEffect::OpensToo => format!("{who} asks to open, too: both ask at once."),
        SegmentEffect::OpensAgain => format!("No answer came in time: {who} says the same again."),
        SegmentEffect::Accepts => format!("{who} agrees, and asks to send in its direction, too."),
        SegmentEffect::Establishes
            if record.after.client == TcpState::Established && record.after.server == TcpState::Established =>
        {
            format!("{who} agrees: the connection is open.")
        }
        SegmentEffect::Establishes => format!("{who} agrees to open."),
        SegmentEffect::Data => data(record, who),
        SegmentEffect::Closes => closes(record, who, other),
        SegmentEffect::ClosesAgain => format!("{who} says again that it has nothing more to send."),
        SegmentEffect::Resets
            if record.before.client == TcpState::SynSent && record.from == Direction::FromResponder =>
        {
            format!("{who} refuses: no program listens there.")
        }
        SegmentEffect::Resets => format!("{who} breaks the connection off, at once and for both."),
        SegmentEffect::Outside => "This lies beyond every window that was captured.".to_owned(),
        SegmentEffect::Stray => "This does not fit the connection.".to_owned(),
        SegmentEffect::Copy(twin) => format!("The capture holds packet @{twin} twice."),
        SegmentEffect::Acks => acks(record, who, other, repeats),
    };
    if record.effect == SegmentEffect::Establishes && record.payload > 0 {
        told.push_str(&format!(" It sends {} bytes along.", record.payload));
    }
    if record.changes_state() {
        match (
            record.effect,
            if record.from == Direction::FromOriginator { record.after.client } else { record.after.server },
        ) {
            (SegmentEffect::Acks, TcpState::TimeWait) => {
                told.push_str(&format!(" {other} is done; {} waits a while for stragglers.", lower(who)));
            }
            (SegmentEffect::Closes, TcpState::LastAck) => told.push_str(" One confirmation is missing."),
            _ => {}
        }
    }
    if record.closes_window() {
        told.push_str(&format!(" Zero window: its receive buffer is full, and {} must wait.", lower(other)));
    }
    told
}

/// Bytes that were not seen.
pub(super) fn missing(from: Direction, first: i64, behind: i64) -> String {
    let (who, _) = names(from);
    format!("Bytes {first} to {} of {} did not pass here.", behind.saturating_sub(1), lower(who))
}

/// A run of data, folded.
pub(super) fn data_run(from: Direction, bytes: u64, segments: u32) -> String {
    let (who, _) = names(from);
    format!("{who} sends {bytes} bytes in {segments} packets.")
}

/// A run of acknowledgments, folded.
pub(super) fn ack_run(from: Direction, ack: i64, count: u32) -> String {
    let (who, _) = names(from);
    format!("{who} confirms, {count} times, by now all up to byte {}.", ack.saturating_sub(1))
}

/// A run of duplicate acknowledgments, folded.
pub(super) fn repeat_run(from: Direction, ack: i64, count: u32) -> String {
    let (who, _) = names(from);
    format!("{who} says {count} more times that it waits for byte {ack}.")
}

/// The same again and again.
pub(super) fn repeats(from: Direction, times: u32, probes: bool) -> String {
    let (who, _) = names(from);
    if probes {
        format!("{who} asks {times} more times.")
    } else {
        format!("{who} waits in vain and sends the same again, {times} more times.")
    }
}

fn data(record: &PacketRecord, who: &str) -> String {
    let (first, last) = (record.seq, record.seq_end.saturating_sub(1));
    if record.has(Rule::SpuriousRetransmission) {
        return format!("{who} sends bytes {first} to {last} again, though they had arrived.");
    }
    if record.has(Rule::FastRetransmission) {
        return format!("{who} sends bytes {first} to {last} again: they were asked for.");
    }
    if record.has(Rule::TimeoutRetransmission) {
        return format!("{who} waited for an answer in vain and sends bytes {first} to {last} again.");
    }
    if record.has(Rule::TailLossProbe) {
        return format!("No answer yet: {} sends bytes {first} to {last} again.", lower(who));
    }
    if record.has(Rule::OutOfOrder) {
        return format!("Bytes {first} to {last} come late: others overtook them.");
    }
    if record.again > 0 {
        return format!("{who} sends bytes {first} to {last} again.");
    }
    let window = if record.has(Rule::WindowFull) { " That is all it may send for now." } else { "" };
    let text = record.extra().excerpt.as_ref().map(|excerpt| format!(" They begin: {excerpt}")).unwrap_or_default();
    format!("{who} sends {} bytes.{text}{window}", record.payload)
}

fn closes(record: &PacketRecord, who: &str, other: &str) -> String {
    let with =
        if record.payload > 0 { format!("{who} sends its last {} bytes and", record.payload) } else { who.to_owned() };
    let second = matches!(
        (record.from, record.before.client, record.before.server),
        (Direction::FromOriginator, TcpState::CloseWait, _) | (Direction::FromResponder, _, TcpState::CloseWait)
    );
    let waiting = matches!(record.before.client, TcpState::FinWait1 | TcpState::FinWait2)
        || matches!(record.before.server, TcpState::FinWait1 | TcpState::FinWait2);
    if second || waiting {
        format!("{with} has nothing more to send, either.")
    } else {
        format!("{with} has nothing more to send. {other} still may.")
    }
}

fn acks(record: &PacketRecord, who: &str, other: &str, repeats: u32) -> String {
    if let Some(note) = record.extra().notes.first() {
        return match note {
            Note::KeepAlive => format!("{who} asks: are you still there?"),
            Note::KeepAliveAck => format!("{who} says that it is still there."),
            Note::ZeroWindowProbe => format!("{who} asks whether there is room again."),
            Note::ZeroWindowProbeAck if record.raw_window > 0 => {
                format!("{who} has room again: {} bytes.", record.room())
            }
            Note::ZeroWindowProbeAck => format!("{who} answers."),
            Note::WindowUpdate => {
                format!("{who} has room for {} bytes now.", record.room())
            }
        };
    }
    let Some(ack) = record.ack else { return format!("{who} sends neither data nor a confirmation.") };
    if repeats > 0 {
        let has = if record.extra().sack.is_empty() { "" } else { ", and has what came behind it" };
        return format!("{who} still waits for byte {ack}{has}.");
    }
    let closed = matches!(
        (record.from, record.after.client, record.after.server),
        (Direction::FromResponder, TcpState::FinWait2 | TcpState::TimeWait | TcpState::Closed, _)
            | (Direction::FromOriginator, _, TcpState::FinWait2 | TcpState::TimeWait | TcpState::Closed)
    );
    match record.acks_new {
        true if closed && record.changes_state() => format!("{who} has got everything, the end included."),
        true => format!("{who} confirms all up to byte {}.", ack.saturating_sub(1)),
        false if record.flags.contains(TcpFlags::ACK) => format!("{who} confirms nothing new to {}.", lower(other)),
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
