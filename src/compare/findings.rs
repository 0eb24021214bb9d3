//! One capture's findings that wait for what the other shows of them.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::capture::Timestamp;
use crate::rules::Rule;
use crate::track::Finding;

use super::Side;

/// Findings that wait at most: what comes beyond that is not explained.
const MAX_FINDINGS: usize = 1 << 16;

/// Findings that wait until it is known what became of the packets before them.
#[derive(Debug, Default)]
pub(super) struct Findings {
    waiting: VecDeque<Pending>,
    by_pair: HashMap<usize, u32, RandomState>,
}

/// A finding that waits.
#[derive(Debug)]
pub(super) struct Pending {
    pub side: Side,
    pub pair: usize,
    pub finding: Finding,
    pub due: Timestamp,
    pub withdrawn: bool,
}

impl Findings {
    pub(super) fn wait(&mut self, side: Side, pair: usize, finding: &Finding, due: Timestamp) {
        if is_explained(finding.rule) && self.waiting.len() < MAX_FINDINGS {
            *self.by_pair.entry(pair).or_default() += 1;
            self.waiting.push_back(Pending { side, pair, finding: finding.clone(), due, withdrawn: false });
        }
    }

    pub(super) fn withdraw(&mut self, side: Side, frame: u64, rule: Rule) {
        let of = |one: &&mut Pending| one.side == side && one.finding.frame == frame && one.finding.rule == rule;
        if let Some(found) = self.waiting.iter_mut().rev().take(4096).find(of) {
            found.withdrawn = true;
        }
    }

    /// The next one whose time has come.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<Pending> {
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
    pub(super) fn wait_for(&self, pair: usize) -> bool {
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
pub(super) fn is_reset(rule: Rule) -> bool {
    rule.slug().starts_with("reset")
}
