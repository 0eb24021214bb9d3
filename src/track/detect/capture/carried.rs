//! What a capture cannot carry: counted over all connections, said once (TC912, TC915), and then rules stay silent.

use crate::capture::Span;
use crate::rules::Rule;

use crate::track::Value;
use crate::track::conn::connection::{Connection, Remark};
use crate::track::conn::facts::Fact;
use crate::track::conn::step::{Shared, Step};
use crate::track::shared::carried::{BARE_RATIO, MIN_ALTERED, MIN_DUE};

/// RFC 9293 §3.8.6.3: "the delay MUST be less than 0.5 seconds".
const MAX_ACK_DELAY: Span = Span::from_millis(500);

impl Shared {
    /// Whether this capture cannot carry a rule.
    pub(crate) fn silences(&self, rule: Rule) -> bool {
        self.counts.silences(rule, self.skewed)
    }
}

impl Connection {
    /// Data is acknowledged, the oldest of which was sent so long ago: whether an acknowledgment had been due before, and whether its
    /// checksum can be right.
    pub(in crate::track) fn check_carried(&mut self, step: &mut Step<'_>, oldest: Span) {
        let Some(acked) = step.obs.acked.as_ref().filter(|acked| acked.bytes > 0) else { return };
        let leg = self.ends[step.peer()].leg().unwrap_or_default();
        let patience = MAX_ACK_DELAY.0.saturating_add(leg.0).saturating_add(leg.0 / 2);
        // An acknowledgment that comes late says so itself (TC306). One that goes with data, or that acknowledges data just sent too,
        // is not the one that was due.
        let newest = acked.rtt.is_some_and(|rtt| step.segment.payload_len > 0 || rtt.0 <= patience);
        if oldest.0 > patience && newest && self.ends[step.peer()].rare.recovery.is_none() {
            self.note_due(step);
        }
        if self.once.has(Remark::Checksum, step.peer()) && !self.ends[step.peer()].facts.has(Fact::GoodChecksum) {
            self.note_altered(step);
        }
    }

    /// Notes an acknowledgment that was due and is not here.
    pub(in crate::track) fn note_due(&mut self, step: &mut Step<'_>) {
        if !self.scale_known() || step.shared.skewed {
            return;
        }
        let counts = &mut step.shared.counts;
        counts.due = counts.due.saturating_add(1);
        if counts.due < MIN_DUE || counts.bare.saturating_mul(BARE_RATIO) > counts.data || counts.acks_missing {
            return;
        }
        counts.acks_missing = true;
        let (due, bare, all) = (counts.due, counts.bare, counts.bare + counts.data);
        step.fire(Rule::AcksMissing)
            .with("due", Value::Count(due.into(), "acknowledgment"))
            .number("bare", i64::try_from(bare).unwrap_or(i64::MAX))
            .number("segments", i64::try_from(all).unwrap_or(i64::MAX));
    }

    /// Notes data that its receiver took, though its checksum does not hold.
    pub(in crate::track) fn note_altered(&mut self, step: &mut Step<'_>) {
        let counts = &mut step.shared.counts;
        counts.altered = counts.altered.saturating_add(1);
        if counts.altered == MIN_ALTERED {
            step.fire(Rule::PayloadAltered);
        }
    }
}
