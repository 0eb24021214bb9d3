//! What the other capture shows of a finding.

use crate::dissect::SeqNumber;
use crate::rules::Rule;
use crate::track::{Finding, Value};

use super::Side;
use super::comparison::Comparison;
use super::event::PathEvent;
use super::explanation::{Explanation, Shown};
use super::findings::{Pending, is_reset};
use super::pair::{Half, Pair};

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
