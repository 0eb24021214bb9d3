//! A row of a ladder: an arrow for a packet or a run of them, or words across.

use crate::capture::{Span, Timestamp};
use crate::rules::{Rule, Severity};
use crate::track::{Direction, Finding, Note, SegmentEffect, TcpState};

use super::super::phrase::time;
use super::super::{units, wording::message};
use super::record::PacketRecord;
use super::story;

/// A row.
#[derive(Clone, Debug)]
pub struct LadderRow {
    /// Its first packet's time.
    pub ts: Timestamp,
    /// Its first packet; 0 for words that belong to none.
    pub frame: u64,
    /// Its last packet: the same where it is one.
    pub last_frame: u64,
    /// Where the arrow comes from; words across have none.
    pub from: Option<Direction>,
    /// The state that the client enters.
    pub client: Option<TcpState>,
    /// The state that the server enters.
    pub server: Option<TcpState>,
    /// What stands on the arrow.
    pub label: String,
    /// The same without what was found, and how it looks then.
    pub(super) plain: (String, Tone),
    /// What stands there too where there is room.
    pub detail: String,
    /// The same in a plain sentence, for a reader to whom TCP is new.
    pub story: String,
    /// How it looks.
    pub tone: Tone,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The window that its sender announces, in bytes where the scale is known.
    pub window: Option<u64>,
    /// Bytes in flight its way.
    pub in_flight: u64,
    /// Packets that it shows: one, a run of them, or none.
    pub packets: u64,
    /// It stands for packets that are left out.
    pub left_out: Option<LeftOut>,
}

/// Packets that are left out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LeftOut {
    /// How many.
    pub packets: u64,
    /// On how many of them something was found.
    pub found: u64,
}

impl LeftOut {
    /// Leaves a row out.
    pub fn add(&mut self, row: &LadderRow) {
        let more = row.left_out.unwrap_or(Self { packets: row.packets, found: u64::from(row.matters()) });
        self.packets += more.packets;
        self.found += more.found;
    }
}

/// How a row looks; the words say the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// Of little weight: duplicate acknowledgments, silence.
    Quiet,
    /// It opens or closes the connection.
    Turn,
    /// Bytes that are not there.
    Missing,
    /// Something was found.
    Found(Severity),
    /// It resets the connection.
    Reset,
}

impl LadderRow {
    /// Words across the ladder.
    pub fn across(ts: Timestamp, label: String, story: String, tone: Tone) -> Self {
        Self {
            ts,
            frame: 0,
            last_frame: 0,
            from: None,
            client: None,
            server: None,
            plain: (label.clone(), tone),
            label,
            detail: String::new(),
            story,
            tone,
            findings: Vec::new(),
            window: None,
            in_flight: 0,
            packets: 0,
            left_out: None,
        }
    }

    /// The bytes that are missing before a packet.
    pub fn missing(record: &PacketRecord, (from, to): (i64, i64)) -> Self {
        let mut label = range(from, to);
        label.push_str("  ");
        label.push_str(&bytes(to.saturating_sub(from).try_into().unwrap_or(0)));
        label.push_str(if record.has(Rule::LostUpstream) { " lost before the capture" } else { " not seen" });
        Self { from: None, ..Self::across(record.ts, label, story::missing(record.from, from, to), Tone::Missing) }
    }

    /// A time without packets.
    pub fn silence(ts: Timestamp, span: Span) -> Self {
        let label = format!("{} of silence", time(span));
        let story = format!("Nothing passes for {}.", time(span));
        Self::across(ts, label, story, Tone::Quiet)
    }

    /// Packets that are left out.
    pub fn omitted(ts: Timestamp, left_out: LeftOut) -> Self {
        let LeftOut { packets, found } = left_out;
        let packets = if packets == 1 { "1 packet".to_owned() } else { format!("{packets} packets") };
        let found = if found > 0 { format!(", something found on {found}") } else { String::new() };
        let (label, story) = (format!("{packets} left out{found}"), format!("{packets} not shown here."));
        Self { left_out: Some(left_out), ..Self::across(ts, label, story, Tone::Quiet) }
    }

    /// A single packet; `repeats`: how often its acknowledgment has been repeated by now.
    pub fn of(record: &PacketRecord, repeats: u32) -> Self {
        let mut row = Self {
            ts: record.ts,
            frame: record.frame,
            last_frame: record.frame,
            from: Some(record.from),
            client: (record.before.client != record.after.client).then_some(record.after.client),
            server: (record.before.server != record.after.server).then_some(record.after.server),
            label: String::new(),
            plain: (effect(record, repeats), tone(record, repeats)),
            detail: detail(record),
            story: story::of(record, repeats),
            tone: Tone::Plain,
            findings: record.findings().to_vec(),
            window: Some(record.room().into()),
            in_flight: record.in_flight.into(),
            packets: 1,
            left_out: None,
        };
        row.regard();
        row
    }

    /// A finding that comes when its packet's row is gone.
    pub fn later(finding: &Finding) -> Self {
        let words = mark(std::slice::from_ref(finding)).unwrap_or_default();
        let place = if finding.frame > 0 { format!("@{}: ", finding.frame) } else { String::new() };
        Self::across(finding.ts, format!("{place}{words}"), message(finding), Tone::Found(finding.severity))
    }

    /// Words and looks by what was found.
    pub fn regard(&mut self) {
        let (label, tone) = &self.plain;
        (self.label, self.tone) = (label.clone(), *tone);
        if let Some(word) = mark(&self.findings) {
            self.label.push_str("  ");
            self.label.push_str(&word);
        }
        let worst = self.findings.iter().filter(|finding| is_told(finding)).map(|finding| finding.severity).max();
        match (worst, tone) {
            (_, Tone::Reset) | (None, _) | (Some(Severity::Note), Tone::Turn) => {}
            (Some(severity), _) => self.tone = Tone::Found(severity),
        }
    }

    /// Whether it happens at one time.
    pub fn is_timed(&self) -> bool {
        self.from.is_some() || self.tone != Tone::Quiet
    }

    /// Whether it is worth its place where not all rows have one.
    pub fn matters(&self) -> bool {
        self.tone.matters()
    }
}

/// Whether a packet's row would be.
pub(super) fn matters(record: &PacketRecord) -> bool {
    tone(record, 0).matters() || record.findings().iter().any(is_told)
}

impl Tone {
    fn matters(self) -> bool {
        self != Self::Plain && self != Self::Quiet
    }
}

/// What a packet does, in the shortest words.
fn effect(record: &PacketRecord, repeats: u32) -> String {
    let mut label = String::new();
    let numbered = |name: &str| {
        let mut label = format!("{name}  seq {}", record.seq);
        if let Some(ack) = record.ack {
            label.push_str(&format!(" ack {ack}"));
        }
        label
    };
    let syn = if record.ack.is_some() { "SYN+ACK" } else { "SYN" };
    match record.effect {
        SegmentEffect::Opens | SegmentEffect::OpensToo | SegmentEffect::Accepts => label = numbered(syn),
        SegmentEffect::OpensAgain => label = format!("{syn} again"),
        SegmentEffect::Closes => label = format!("FIN  seq {}", record.seq_end),
        SegmentEffect::ClosesAgain => label = format!("FIN again  seq {}", record.seq_end),
        SegmentEffect::Resets => label = format!("RST  seq {}", record.seq),
        SegmentEffect::Stray => label = numbered("unexpected"),
        SegmentEffect::Outside => label = numbered("beyond the window"),
        SegmentEffect::Copy(twin) => return format!("@{twin} once more"),
        SegmentEffect::Data | SegmentEffect::Establishes | SegmentEffect::Acks => {}
    }
    if record.payload > 0 && !matches!(record.effect, SegmentEffect::Acks) {
        label.push_str(if label.is_empty() { "" } else { "  " });
        label.push_str(&range(record.seq, record.seq_end));
        label.push_str("  ");
        label.push_str(&bytes(record.payload.into()));
        if record.again > 0 && record.findings().is_empty() {
            label.push_str(" again");
        }
    }
    for note in &record.extra().notes {
        label.push_str(if label.is_empty() { "" } else { ", " });
        label.push_str(match note {
            Note::KeepAlive => "keep-alive",
            Note::KeepAliveAck => "keep-alive answered",
            Note::ZeroWindowProbe => "zero-window probe",
            Note::ZeroWindowProbeAck => "probe answered",
            Note::WindowUpdate => "window update",
        });
        if *note == Note::WindowUpdate {
            label.push(' ');
            label.push_str(&bytes(record.room().into()));
        }
    }
    if label.is_empty() {
        label = record.ack.map_or_else(|| "no flags".to_owned(), |ack| format!("ack {ack}"));
        if repeats > 0 {
            label.push_str(&format!("  dup {repeats}"));
        }
    }
    if record.closes_window() {
        label.push_str(", window 0");
    } else if record.extra().notes.contains(&Note::ZeroWindowProbeAck) {
        label.push_str(&format!(", window {}", bytes(record.room().into())));
    }
    let below = |(_, to): &&(i64, i64)| record.ack.is_some_and(|ack| *to <= ack);
    // RFC 2883 §4: a block at or below the acknowledgment reports bytes that came twice.
    for (word, of) in [(", SACK", false), (", D-SACK", true)] {
        let mut blocks = record.extra().sack.iter().filter(|block| below(block) == of).peekable();
        if blocks.peek().is_some() {
            label.push_str(word);
        }
        for (from, to) in blocks {
            label.push(' ');
            label.push_str(&range(*from, *to));
        }
    }
    label
}

/// What is told of a packet where there is room.
fn detail(record: &PacketRecord) -> String {
    let mut parts = Vec::new();
    if let (Some(mss), _) = record.announces {
        parts.push(format!("mss {mss}"));
    }
    if let (_, Some(scale)) = record.announces {
        parts.push(format!("wscale {scale}"));
    }
    if let Some(excerpt) = &record.extra().excerpt {
        parts.push(format!("\"{excerpt}\""));
    }
    if let Some(frame) = record.extra().fills {
        parts.push(format!("fills the gap of @{frame}"));
    }
    if let Some(rtt) = record.rtt {
        parts.push(format!("rtt {}", time(rtt)));
    }
    parts.join("  ")
}

/// How a packet looks on which nothing was found.
fn tone(record: &PacketRecord, repeats: u32) -> Tone {
    match record.effect {
        SegmentEffect::Resets => Tone::Reset,
        SegmentEffect::Opens | SegmentEffect::OpensToo | SegmentEffect::Accepts | SegmentEffect::Closes => Tone::Turn,
        SegmentEffect::Copy(_) => Tone::Quiet,
        _ if repeats > 0 => Tone::Quiet,
        _ => Tone::Plain,
    }
}

/// The words for the worst that was found, in capitals from a warning on: one label a row, and its cause.
pub(super) fn mark(findings: &[Finding]) -> Option<String> {
    let told = findings.iter().filter(|finding| is_told(finding));
    let worst = told.min_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.rule))?;
    let mut words = word(worst);
    if words.starts_with(RETRANSMISSION)
        && worst.rule != Rule::SpuriousRetransmission
        && findings.iter().any(|finding| finding.rule == Rule::SpuriousRetransmission)
    {
        words.push_str(", not needed");
    }
    Some(match worst.severity {
        Severity::Note => words,
        _ => capitals(&words),
    })
}

const RETRANSMISSION: &str = "retransmission";

/// Whether a finding is written on its packet: not where the row tells it anyhow.
fn is_told(finding: &Finding) -> bool {
    use Rule::{Dsack, DuplicateAck, LostUpstream, SegmentGap, TripleDuplicateAck};
    !matches!(finding.rule, SegmentGap | LostUpstream | DuplicateAck | TripleDuplicateAck | Dsack)
}

/// What is written on a packet for a finding.
fn word(finding: &Finding) -> String {
    match finding.rule {
        Rule::SynRetransmission | Rule::SynAckRetransmission | Rule::FinRetransmission => {
            format!("{RETRANSMISSION} after a timeout")
        }
        Rule::FastRetransmission => format!("{RETRANSMISSION} after dup ACKs"),
        Rule::TimeoutRetransmission => format!("{RETRANSMISSION} after a timeout"),
        Rule::SpuriousRetransmission => format!("{RETRANSMISSION} not needed"),
        rule => rule.slug().replace('-', " "),
    }
}

/// `RETRANSMISSION after a timeout`: its cause stays as it is.
fn capitals(words: &str) -> String {
    match words.strip_prefix(RETRANSMISSION) {
        Some(cause) => format!("{}{cause}", RETRANSMISSION.to_uppercase()),
        None => words.to_uppercase(),
    }
}

/// `1:301`.
pub(super) fn range(from: i64, to: i64) -> String {
    format!("{from}:{to}")
}

/// `1460 B`.
pub(crate) fn bytes(number: u64) -> String {
    units::written(|out| units::bytes(out, number))
}
