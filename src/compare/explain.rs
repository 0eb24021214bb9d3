//! What the other capture shows of a finding.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::capture::Timestamp;
use crate::dissect::SeqNumber;
use crate::rules::{Rule, Severity};
use crate::track::{Finding, Value};

use super::Side;
use super::comparison::Comparison;
use super::event::PathEvent;
use super::pair::{Half, Pair};

/// Findings that wait at most: what comes beyond that is not explained.
const MAX_FINDINGS: usize = 1 << 16;

/// What the other capture shows of a finding.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Shown {
    /// The bytes, or the SYN or FIN, were lost between the captures before.
    FirstCopyLost,
    /// What they were sent for the first time arrived, and acknowledgments of it were lost between.
    AckLost,
    /// The first copy arrived, and nothing that acknowledged it was lost between.
    FirstCopyArrived,
    /// The missing bytes were lost between the captures.
    LostBetween,
    /// The missing bytes were missing before they came between the captures.
    LostBefore,
    /// Packets overtook each other between the captures.
    OvertakenBetween,
    /// The copy was made between the captures.
    CopiedBetween,
    /// The packet was made between the captures.
    MadeBetween,
    /// The other capture shows the packet too.
    SeenToo,
    /// The other capture shows the bytes that this one missed.
    MissedHere,
    /// The SYNs arrived, and nothing answered there.
    NoAnswerThere,
    /// What answered was lost between the captures.
    AnswerLost,
}

impl Shown {
    /// The word that reports write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstCopyLost => "first-copy-lost",
            Self::AckLost => "ack-lost",
            Self::FirstCopyArrived => "first-copy-arrived",
            Self::LostBetween => "lost-between",
            Self::LostBefore => "lost-before",
            Self::OvertakenBetween => "overtaken-between",
            Self::CopiedBetween => "copied-between",
            Self::MadeBetween => "made-between",
            Self::SeenToo => "seen-too",
            Self::MissedHere => "missed-here",
            Self::NoAnswerThere => "no-answer-there",
            Self::AnswerLost => "answer-lost",
        }
    }

    /// Every word.
    pub const ALL: [Self; 12] = [
        Self::FirstCopyLost,
        Self::AckLost,
        Self::FirstCopyArrived,
        Self::LostBetween,
        Self::LostBefore,
        Self::OvertakenBetween,
        Self::CopiedBetween,
        Self::MadeBetween,
        Self::SeenToo,
        Self::MissedHere,
        Self::NoAnswerThere,
        Self::AnswerLost,
    ];
}

/// A finding of one capture, and what the other one shows of it.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// Whose finding.
    pub side: Side,
    /// Its rule.
    pub rule: Rule,
    /// Its severity.
    pub severity: Severity,
    /// Its frame.
    pub frame: u64,
    /// When.
    pub ts: Timestamp,
    /// Its connection in either capture.
    pub flows: [Option<u32>; 2],
    /// What the other capture shows.
    pub shown: Shown,
    /// The frame of the packet that was lost, where one was: at its sender's side.
    pub other_frame: Option<u64>,
}

/// Findings that wait until it is known what became of the packets before them.
#[derive(Debug, Default)]
pub(super) struct Findings {
    waiting: VecDeque<Pending>,
    by_pair: HashMap<usize, u32, RandomState>,
}

/// A finding that waits.
#[derive(Debug)]
pub(super) struct Pending {
    side: Side,
    pair: usize,
    finding: Finding,
    due: Timestamp,
    withdrawn: bool,
}

impl Findings {
    pub fn wait(&mut self, side: Side, pair: usize, finding: &Finding, due: Timestamp) {
        if is_explained(finding.rule) && self.waiting.len() < MAX_FINDINGS {
            *self.by_pair.entry(pair).or_default() += 1;
            self.waiting.push_back(Pending { side, pair, finding: finding.clone(), due, withdrawn: false });
        }
    }

    pub fn withdraw(&mut self, side: Side, frame: u64, rule: Rule) {
        let of = |one: &&mut Pending| one.side == side && one.finding.frame == frame && one.finding.rule == rule;
        if let Some(found) = self.waiting.iter_mut().rev().take(4096).find(of) {
            found.withdrawn = true;
        }
    }

    /// The next one whose time has come.
    pub fn due(&mut self, now: Timestamp) -> Option<Pending> {
        self.waiting.front().filter(|first| first.due <= now)?;
        let due = self.waiting.pop_front()?;
        if let Some(count) = self.by_pair.get_mut(&due.pair) {
            *count -= 1;
            if *count == 0 {
                self.by_pair.remove(&due.pair);
            }
        }
        Some(due)
    }

    /// Whether one waits for the packets of a pair.
    pub fn wait_for(&self, pair: usize) -> bool {
        self.by_pair.contains_key(&pair)
    }
}

/// Whether another capture can show more of a finding.
fn is_explained(rule: Rule) -> bool {
    use Rule::*;
    matches!(
        rule,
        NoAnswer
            | ConnectionRefused
            | SynRetransmission
            | SynAckRetransmission
            | Retransmission
            | FastRetransmission
            | TimeoutRetransmission
            | TailLossProbe
            | SpuriousRetransmission
            | FinRetransmission
            | SegmentGap
            | LostUpstream
            | OutOfOrder
            | NetworkDuplicate
            | CaptureGap
    ) || is_reset(rule)
}

/// Whether a rule is about a RST.
fn is_reset(rule: Rule) -> bool {
    rule.slug().starts_with("reset")
}

impl Comparison {
    /// Says what the other capture shows of a finding.
    pub(super) fn explain(&mut self, pending: Pending) {
        let Pending { side, pair: key, finding, withdrawn, .. } = pending;
        if let Some(pair) = self.links.pairs.get(key).filter(|pair| pair.is_linked() && !withdrawn)
            && let Some((shown, other_frame)) = shown(pair, side, &finding)
        {
            let explanation = Explanation {
                side,
                rule: finding.rule,
                severity: finding.severity,
                frame: finding.frame,
                ts: finding.ts,
                flows: pair.flows,
                shown,
                other_frame,
            };
            self.totals.explain(&explanation);
            self.events.push_back(PathEvent::Explanation(explanation));
        }
        self.close_if_over(key);
    }
}

/// What shows, and the frame of what was lost.
fn shown(pair: &Pair, side: Side, finding: &Finding) -> Option<(Shown, Option<u64>)> {
    use Rule::*;
    let at = pair.half_from(finding.direction);
    let half = &pair.halves[at];
    let at_sender = pair.way_of(at)?.sender() == side;
    let range = finding.range.zip(half.numbers(side)).map(|((from, to), number)| (number(from), number(to)));
    let lost = lost(half, finding, range, at_sender);
    match finding.rule {
        SegmentGap | LostUpstream => match lost {
            Some(frame) => Some((Shown::LostBetween, Some(frame))),
            None if half.record.overtaken > 0 && !at_sender => Some((Shown::OvertakenBetween, None)),
            None => Some((Shown::LostBefore, None)),
        },
        OutOfOrder => (half.record.overtaken > 0 && !at_sender).then_some((Shown::OvertakenBetween, None)),
        NetworkDuplicate => (half.record.duplicated > 0 && !at_sender).then_some((Shown::CopiedBetween, None)),
        CaptureGap => {
            let (from, to) = range?;
            (!half.was_missed(side.other(), from, to)).then_some((Shown::MissedHere, None))
        }
        NoAnswer => Some(match (half.seen[side.other().index()], &pair.halves[1 - at].losses) {
            (0, _) => (Shown::FirstCopyLost, lost),
            (_, answers) if !answers.is_empty() => (Shown::AnswerLost, answers.first().map(|loss| loss.frame)),
            _ => (Shown::NoAnswerThere, None),
        }),
        ConnectionRefused => Some(made(half, side, finding)),
        rule if is_reset(rule) => Some(made(half, side, finding)),
        _ => Some(again(half, &pair.halves[1 - at], range, lost)),
    }
}

/// Where a packet came from that ends a connection.
fn made(half: &Half, side: Side, finding: &Finding) -> (Shown, Option<u64>) {
    let made = half.inserted.contains(&(side, finding.frame));
    (if made { Shown::MadeBetween } else { Shown::SeenToo }, None)
}

/// Why something was sent again.
fn again(half: &Half, back: &Half, range: Option<(SeqNumber, SeqNumber)>, lost: Option<u64>) -> (Shown, Option<u64>) {
    let covers = |ack: SeqNumber| range.is_none_or(|(_, to)| ack.distance(to) >= 0);
    let ack = back.losses.iter().find(|loss| loss.ack.is_some_and(covers));
    let _ = half;
    match (lost, ack) {
        (Some(frame), _) => (Shown::FirstCopyLost, Some(frame)),
        (None, Some(ack)) => (Shown::AckLost, Some(ack.frame)),
        (None, None) => (Shown::FirstCopyArrived, None),
    }
}

/// The frame of a lost packet with these bytes, before the finding's where both are of one capture.
fn lost(half: &Half, finding: &Finding, range: Option<(SeqNumber, SeqNumber)>, at_sender: bool) -> Option<u64> {
    let first = match finding.fact("first") {
        Some(Value::Frame(frame)) if at_sender => Some(*frame),
        _ => None,
    };
    let same = |loss: &&super::pair::Loss| match (first, range) {
        (Some(first), None) => loss.frame == first,
        (_, Some((from, to))) => {
            let in_time = !at_sender || loss.frame < finding.frame;
            in_time && loss.seq.distance(to) < 0 && loss.end.distance(from) > 0
        }
        (None, None) => loss.begins_or_ends && (!at_sender || loss.frame < finding.frame),
    };
    half.losses.iter().find(same).map(|loss| loss.frame)
}
