//! Packets to rows: runs of plain data one way, and of plain acknowledgments the other, become one row each.

use crate::capture::{Span, Timestamp};
use crate::dissect::TcpFlags;
use crate::rules::Rule;
use crate::track::{Direction, SegmentEffect};

use super::record::{Extra, PacketRecord};
use super::repeat::Repeats;
use super::row::{LadderRow, Tone, bytes, range};
use super::story;

/// A longer time without packets gets a row.
const SILENCE: Span = Span::from_secs(1);

/// Folds packets as they come.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    /// Folds nothing.
    full: bool,
    data: Option<FoldedRun>,
    acks: Option<FoldedRun>,
    /// What a timer sends again and again.
    again: Option<Repeats>,
    /// How often each side has repeated its acknowledgment.
    repeats: [u32; 2],
    last: Option<Timestamp>,
}

/// A run of packets that become one row.
#[derive(Debug)]
struct FoldedRun {
    class: Class,
    first: PacketRecord,
    last: PacketRecord,
    first_repeat: u32,
    count: u32,
    bytes: u64,
}

/// What may be folded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Class {
    Data,
    Ack,
    Repeat,
}

impl Fold {
    /// Folds runs, or nothing when `full`.
    pub(crate) fn new(full: bool) -> Self {
        Self { full, ..Self::default() }
    }

    /// Takes a packet, and appends the rows that are settled.
    pub(crate) fn push(&mut self, record: &PacketRecord, out: &mut Vec<LadderRow>) {
        if let Some(again) = self.again.as_mut().filter(|_| !self.full) {
            if again.take(record) {
                self.pass(record);
                return;
            }
            if !again.is_answered_by(record) {
                self.end_repeats(out);
            }
        }
        self.draw(record, out);
        if self.again.is_none() && !self.full {
            self.again = Repeats::begin(record);
        }
    }

    /// Appends the rows of what was repeated.
    fn end_repeats(&mut self, out: &mut Vec<LadderRow>) {
        let Some(mut again) = self.again.take() else { return };
        match again.few() {
            Some(records) => {
                // Their times are told by what stands before them.
                let last = self.last.take();
                records.iter().for_each(|record| self.draw(record, out));
                self.last = last;
            }
            None => out.extend(again.row()),
        }
    }

    fn draw(&mut self, record: &PacketRecord, out: &mut Vec<LadderRow>) {
        if let Some(last) = self.last
            && record.ts.since(last) >= SILENCE
        {
            self.flush_runs(out);
            out.push(LadderRow::silence(last, record.ts.since(last)));
        }
        let repeats = self.pass(record);
        let Some(class) = class(record).filter(|_| !self.full) else {
            self.flush_runs(out);
            out.extend(record.extra().gap.map(|gap| LadderRow::missing(record, gap)));
            out.push(LadderRow::of(record, repeats));
            return;
        };
        let run = if class == Class::Data { &mut self.data } else { &mut self.acks };
        match run {
            Some(run) if run.goes_on_with(class, record) => return run.extend(record),
            _ => {}
        }
        // An acknowledgment that comes while data runs belongs below it; anything else ends both.
        if !(class != Class::Data
            && self.acks.is_none()
            && self.data.as_ref().is_some_and(|d| d.first.from != record.from))
        {
            self.flush_runs(out);
        }
        let run = FoldedRun {
            class,
            first: record.clone(),
            bytes: record.payload.into(),
            last: record.clone(),
            first_repeat: repeats,
            count: 1,
        };
        *(if class == Class::Data { &mut self.data } else { &mut self.acks }) = Some(run);
    }

    /// Takes note of a packet that has no row; says how often its acknowledgment has been repeated by now.
    pub(crate) fn pass(&mut self, record: &PacketRecord) -> u32 {
        self.last = Some(record.ts);
        let repeats = &mut self.repeats[record.side()];
        if is_repeat(record) {
            *repeats = repeats.saturating_add(1);
            return *repeats;
        }
        if record.acks_new {
            *repeats = 0;
        }
        0
    }

    /// Appends the rows that were still open.
    pub(crate) fn flush(&mut self, out: &mut Vec<LadderRow>) {
        self.end_repeats(out);
        self.flush_runs(out);
    }

    fn flush_runs(&mut self, out: &mut Vec<LadderRow>) {
        out.extend(self.data.take().map(|run| run.row()));
        out.extend(self.acks.take().map(|run| run.row()));
    }
}

/// Whether it repeats an acknowledgment that asks for something.
fn is_repeat(record: &PacketRecord) -> bool {
    record.has(Rule::DuplicateAck) || record.has(Rule::TripleDuplicateAck)
}

/// What a packet may be folded as; nothing for one that has to be seen.
fn class(record: &PacketRecord) -> Option<Class> {
    let loud = TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::RST).with(TcpFlags::URG);
    let Extra { gap, fills, sack, notes, findings, .. } = record.extra();
    if record.changes_state() || record.flags.intersects(loud) || !notes.is_empty() || record.closes_window() {
        return None;
    }
    let twice = sack.iter().any(|(_, to)| record.ack.is_some_and(|ack| *to <= ack));
    match record.effect {
        SegmentEffect::Data if record.again == 0 && gap.is_none() && fills.is_none() && findings.is_empty() => {
            Some(Class::Data)
        }
        SegmentEffect::Acks if record.acks_new && findings.is_empty() && sack.is_empty() => Some(Class::Ack),
        SegmentEffect::Acks if is_repeat(record) && findings.len() == 1 && !twice => Some(Class::Repeat),
        _ => None,
    }
}

impl FoldedRun {
    fn goes_on_with(&self, class: Class, record: &PacketRecord) -> bool {
        let same = self.class == class && self.first.from == record.from;
        same && match class {
            Class::Data => self.last.seq_end == record.seq && record.extra().excerpt.is_none(),
            Class::Ack => true,
            Class::Repeat => self.last.ack == record.ack,
        }
    }

    fn extend(&mut self, record: &PacketRecord) {
        self.count += 1;
        self.bytes += u64::from(record.payload);
        self.last.clone_from(record);
    }

    fn row(self) -> LadderRow {
        let Self { class, first, last, first_repeat, count, bytes: sum } = self;
        if count == 1 {
            return LadderRow::of(&first, first_repeat);
        }
        let from: Direction = first.from;
        let ack = last.ack.unwrap_or(0);
        let (label, told) = match class {
            Class::Data => (
                format!("{}  {} in {count} segments", range(first.seq, last.seq_end), bytes(sum)),
                story::data_run(from, sum, count),
            ),
            Class::Ack => (format!("ack {ack}  in {count} ACKs"), story::ack_run(from, ack, count)),
            Class::Repeat => {
                let newest = LadderRow::of(&last, 0).label;
                let sack = newest.split_once(", ").map(|(_, sack)| format!(", {sack}")).unwrap_or_default();
                (
                    format!("ack {ack}  dup {first_repeat}..{}{sack}", first_repeat + count - 1),
                    story::repeat_run(from, ack, count),
                )
            }
        };
        let single = LadderRow::of(&first, first_repeat);
        let mut findings = first.findings().to_vec();
        findings.extend(last.findings().iter().cloned());
        let tone = if class == Class::Repeat { Tone::Quiet } else { Tone::Plain };
        LadderRow {
            last_frame: last.frame,
            plain: (label.clone(), tone),
            label,
            detail: format!("to @{}", last.frame),
            story: told,
            tone,
            findings,
            packets: count.into(),
            window: Some(last.room().into()),
            in_flight: last.in_flight.into(),
            ..single
        }
    }
}
