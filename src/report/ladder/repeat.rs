//! The same thing again and again, and its answers: a segment that a timer retransmits, probes of a closed window or of a silent end.
//! The first is a row of its own, what follows is one row together.

use crate::capture::{Span, Timestamp};
use crate::rules::{Rule, Severity};
use crate::track::{Direction, Finding, Note, SegmentEffect};

use super::record::PacketRecord;
use super::row::LadderRow;
use super::story;
use crate::report::phrase::time;

/// What is repeated: who sends it, and of which number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Repeated {
    what: What,
    from: Direction,
    number: i64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Timeout,
    Probe,
    Answer,
}

/// A run of it, behind the first, which has its row.
#[derive(Debug)]
pub(super) struct Repeats {
    of: Repeated,
    answer: Option<Repeated>,
    last: Timestamp,
    /// The first records of the run, for rows of their own where there is too little to fold.
    held: Vec<PacketRecord>,
    newest: Option<PacketRecord>,
    times: u32,
    answers: u32,
    shortest: Span,
    longest: Span,
    interval: Option<Span>,
    doubles: bool,
}

/// Repetitions that are shown one by one; more of them are folded.
const MAX_UNFOLDED: u32 = 1;

impl Repeats {
    /// A run that may begin with this packet.
    pub(super) fn begin(record: &PacketRecord) -> Option<Self> {
        let of = repeated(record).filter(|of| of.what != What::Answer)?;
        Some(Self {
            of,
            answer: None,
            last: record.ts,
            held: Vec::new(),
            newest: None,
            times: 0,
            answers: 0,
            shortest: Span(i64::MAX),
            longest: Span(0),
            interval: None,
            doubles: true,
        })
    }

    /// Takes a packet that is part of it; false where it is not, or where it is the first of its kind and has to be seen.
    pub(super) fn take(&mut self, record: &PacketRecord) -> bool {
        match repeated(record) {
            Some(of) if of == self.of => {
                let interval = record.ts.since(self.last);
                if let Some(Span(before)) = self.interval {
                    // Timers are coarse: one and a half to two and a half times as long.
                    self.doubles &= (before / 2 * 3..=before / 2 * 5).contains(&interval.0);
                }
                (self.interval, self.last) = (Some(interval), record.ts);
                (self.shortest, self.longest) = (self.shortest.min(interval), self.longest.max(interval));
                self.times += 1;
            }
            Some(of) if of.what == What::Answer && self.answer == Some(of) && self.times > 0 => self.answers += 1,
            _ => return false,
        }
        if self.times <= MAX_UNFOLDED {
            self.held.push(record.clone());
        }
        self.newest = Some(record.clone());
        true
    }

    /// Whether a packet is the first answer: it has a row, and those like it are part of the run.
    pub(super) fn is_answered_by(&mut self, record: &PacketRecord) -> bool {
        let answer = repeated(record).filter(|of| of.what == What::Answer && of.from != self.of.from);
        if self.times > 0 || answer.is_none() {
            return false;
        }
        self.answer = answer;
        true
    }

    /// When it began to be folded, where packets are few: they get rows of their own.
    pub(super) fn few(&mut self) -> Option<Vec<PacketRecord>> {
        (self.times <= MAX_UNFOLDED).then(|| std::mem::take(&mut self.held))
    }

    /// `7 more, 0.400 s to 25.600 s apart, doubling`.
    pub(super) fn row(&self) -> Option<LadderRow> {
        let (first, newest) = (self.held.first()?, self.newest.as_ref()?);
        let row = LadderRow::of(first, 0);
        let apart = match (time(self.shortest), time(self.longest)) {
            (shortest, longest) if shortest == longest => format!("{shortest} apart"),
            (shortest, longest) => format!("{shortest} to {longest} apart"),
        };
        let doubling = if self.doubles && self.times > 2 { ", doubling" } else { "" };
        let what = match self.of.what {
            What::Timeout => "more after a timeout",
            What::Probe if self.answers > 0 => "more probes, answered",
            What::Probe | What::Answer => "more probes",
        };
        let label = format!("{} {what}, {apart}{doubling}", self.times);
        let mut findings = first.findings().to_vec();
        if newest.frame != first.frame {
            findings.extend(newest.findings().iter().cloned());
        }
        Some(LadderRow {
            last_frame: newest.frame,
            story: story::repeats(self.of.from, self.times, self.of.what == What::Probe),
            plain: (label.clone(), row.tone),
            label,
            detail: format!("to @{}", newest.frame),
            findings,
            packets: u64::from(self.times) + u64::from(self.answers),
            client: None,
            server: None,
            ..row
        })
    }
}

/// What a packet repeats, where it does.
fn repeated(record: &PacketRecord) -> Option<Repeated> {
    // What was found beside has to be seen.
    let is_news =
        |finding: &Finding| finding.severity == Severity::Error && finding.rule != Rule::RetransmissionExcessive;
    if record.changes_state() || record.findings().iter().any(is_news) {
        return None;
    }
    let of = |what, number| Some(Repeated { what, from: record.from, number });
    for note in &record.extra().notes {
        match note {
            Note::KeepAlive | Note::ZeroWindowProbe => return of(What::Probe, record.seq),
            Note::KeepAliveAck => return of(What::Answer, record.ack?),
            Note::ZeroWindowProbeAck if record.raw_window == 0 => return of(What::Answer, record.ack?),
            Note::ZeroWindowProbeAck | Note::WindowUpdate => {}
        }
    }
    const TIMERS: [Rule; 4] =
        [Rule::TimeoutRetransmission, Rule::SynRetransmission, Rule::SynAckRetransmission, Rule::FinRetransmission];
    let again = matches!(record.effect, SegmentEffect::Data | SegmentEffect::OpensAgain | SegmentEffect::ClosesAgain)
        || record.again > 0;
    (again && TIMERS.iter().any(|rule| record.has(*rule))).then_some(Repeated {
        what: What::Timeout,
        from: record.from,
        number: record.seq,
    })
}
