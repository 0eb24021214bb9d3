//! Numbers that were acknowledged and not captured until then: missed by the capture (TC910), or stored behind their own
//! acknowledgment because one direction comes late (TC914).

use crate::capture::Timestamp;
use crate::dissect::Segment;
use crate::rules::Rule;

use crate::track::conn::connection::{Connection, Remark};
use crate::track::conn::facts::Fact;
use crate::track::conn::gaps::Gap;
use crate::track::conn::step::Step;
use crate::track::conn::suspect_ack::REORDER;
use crate::track::conn::unseen::Unseen;
use crate::track::conn::unseen::{Found, MAX_LATENESS, MIN_LAG, MIN_LATE, Missing};
use crate::track::conn::verdict::Verdict;
use crate::track::{Amend, Direction, Event, Finding, SegmentEffect};

impl Connection {
    /// Keeps a hole that was acknowledged and not filled so far: it may be yet where that end's segments come late.
    pub(in crate::track) fn note_missed(&mut self, from: Direction, gap: &Gap, late: bool) {
        let end = &mut self.ends[from.index()];
        end.note_trouble().missed_bytes += gap.len();
        let (frame, ts) = gap.acked.unwrap_or_default();
        end.rare.unseen.get_or_insert_default().add(Missing {
            from: gap.from,
            to: gap.to,
            frame,
            ts,
            ip_id: gap.ip_id,
            tsval: gap.tsval,
            counted: true,
            said: !late,
        });
    }

    /// Notes what was acknowledged before the first segment of its sender was captured, which goes up to `from`.
    pub(in crate::track) fn note_acked_before(&mut self, step: &mut Step<'_>, from: i64) {
        let (to, acked) = (self.ends[step.me()].nxt, &self.ends[step.peer()]);
        // The SYN+ACK answers the SYN; of other numbers only the last acknowledgment is known.
        let answer = self.syn_ack().filter(|_| from == 0 && !step.segment.flags.is_syn_ack());
        let (frame, ts) = answer.unwrap_or((acked.last_frame, acked.last_ts));
        let missing = Missing { from, to, frame, ts, ip_id: 0, tsval: None, counted: false, said: false };
        if from < to {
            self.ends[step.me()].rare.unseen.get_or_insert_default().add(missing);
        }
        self.note_late(step, ts);
    }

    /// Takes what of a segment's numbers was acknowledged before it was captured.
    pub(in crate::track) fn take_unseen(&mut self, step: &Step<'_>, from: i64, to: i64) -> Option<Found> {
        self.ends[step.me()].unseen_mut()?.take(from, to)
    }

    /// Whether numbers that were acknowledged before are captured for the first time because the capture stored them late, or
    /// because their sender sent them again.
    pub(in crate::track) fn judge_unseen(&self, step: &Step<'_>, found: &Found) -> (Verdict, &'static str) {
        let (segment, me, missing) = (step.segment, &self.ends[step.me()], &found.missing);
        let stored = |older: bool| if older { Verdict::Stored } else { Verdict::Resent };
        // What its sender sent behind them was captured before: that tells which left first.
        if let Some(after) = me.ids.order(segment.ip_id, missing.ip_id) {
            return (stored(!after), "ip-id");
        }
        if let (Some((tsval, _)), Some(other)) = (segment.options.timestamps, missing.tsval) {
            return (stored((tsval.wrapping_sub(other) as i32) <= 0), "timestamp");
        }
        // Nothing of what its sender sent behind them was captured, so it may well come in order.
        (stored(self.is_last_of(step, missing.to)), "seen")
    }

    /// Whether times tell nothing, since one direction is late, but nothing that its sender sent behind it was captured before.
    pub(in crate::track) fn comes_late_in_order(&self, step: &Step<'_>) -> bool {
        let end = step.obs.seq + i64::from(step.segment.seq_len());
        (step.shared.skewed || self.is_late(step.from)) && self.is_last_of(step, end)
    }

    /// Whether no number from `end` on was captured, as far as they are known from acknowledgments.
    fn is_last_of(&self, step: &Step<'_>, end: i64) -> bool {
        let me = &self.ends[step.me()];
        let last =
            me.rare.unseen.as_deref().and_then(|unseen| unseen.ranges.back()).map_or(end, |last| last.to.max(end));
        last.saturating_add(me.rare.gaps.overlap(last, me.nxt) as i64) >= me.nxt
    }

    /// Takes back what was said and counted of numbers that turned up, and notes that they came late.
    pub(in crate::track) fn say_stored(&mut self, step: &mut Step<'_>, found: &Found) {
        let Found { counted, missing, .. } = *found;
        // The same bound as for an evicted connection: what is said of one must not depend on whether it was.
        let amendable = self.last.1.since(missing.ts) <= MAX_LATENESS;
        let me = &mut self.ends[step.me()];
        let trouble = me.note_trouble();
        trouble.missed_bytes = trouble.missed_bytes.saturating_sub(counted);
        if missing.said && amendable {
            let left = me.rare.unseen.iter().flat_map(|unseen| &unseen.ranges);
            let left = left.filter(|left| left.frame == missing.frame && left.said);
            let bytes: i64 = left.map(|left| left.to - left.from).sum();
            let mut finding = self.late_finding(Rule::CaptureGap, (missing.frame, missing.ts), step.from);
            finding.bytes("bytes", bytes.max(0) as u64);
            let (add, withdraw) = if bytes > 0 { (vec![finding], &[][..]) } else { (vec![], &[Rule::CaptureGap][..]) };
            self.amend(step, missing.frame, add, withdraw);
        }
        self.note_late(step, missing.ts);
    }

    /// Notes a first copy that was captured behind its acknowledgment, which came at `acked`.
    pub(in crate::track) fn note_late(&mut self, step: &mut Step<'_>, acked: Timestamp) {
        let after = step.segment.ts.since(acked);
        let unseen = self.ends[step.me()].rare.unseen.get_or_insert_default();
        unseen.behind = unseen.behind.saturating_add(1);
        unseen.lag = unseen.lag.max(after);
        let lag = unseen.lag;
        if unseen.behind >= MIN_LATE && lag >= MIN_LAG && self.is_mostly_behind(step.from) && !step.shared.skewed {
            step.shared.skewed = true;
            let who = step.from.sender();
            step.fire(Rule::DirectionsSkewed).word("who", who).time("lag", lag);
        }
    }

    fn is_mostly_behind(&self, from: Direction) -> bool {
        let end = &self.ends[from.index()];
        end.rare.unseen.as_deref().is_some_and(|unseen| u64::from(unseen.behind) * 2 >= end.count.data_segments)
    }

    /// Whether that end's segments were stored behind what answers them, as a rule.
    pub(in crate::track) fn is_late(&self, from: Direction) -> bool {
        let unseen = self.ends[from.index()].rare.unseen.as_deref();
        unseen.is_some_and(|unseen| unseen.behind > 1 && unseen.lag > REORDER) && self.is_mostly_behind(from)
    }

    /// Whether either end's are: times between both ends mean nothing then.
    pub(in crate::track) fn is_skewed(&self) -> bool {
        [Direction::FromOriginator, Direction::FromResponder].into_iter().any(|from| self.is_late(from))
    }

    /// Whether that end has sent anything that was stored late: what it acknowledges and allows may be older than it seems.
    pub(in crate::track) fn lags(&self, from: Direction) -> bool {
        self.ends[from.index()].rare.unseen.as_deref().is_some_and(|unseen| unseen.behind > 0)
    }

    /// Whether what TC910 was said of may yet be captured, late.
    pub(in crate::track) fn may_turn_up(&self, now: Timestamp) -> bool {
        let fresh = |missing: &Missing| missing.said && now.since(missing.ts) <= MAX_LATENESS;
        self.ends.iter().filter_map(|end| end.rare.unseen.as_deref()).any(|unseen| unseen.ranges.iter().any(fresh))
    }

    /// Forgets what does not come any more, of directions that are not late.
    pub(in crate::track) fn give_up_unseen(&mut self, now: Timestamp) {
        for from in [Direction::FromOriginator, Direction::FromResponder] {
            let behind = self.is_mostly_behind(from);
            let late = |unseen: &Unseen| behind && unseen.lag >= MIN_LAG;
            let over = |missing: &Missing| (missing.said || !missing.counted) && now.since(missing.ts) > MAX_LATENESS;
            if let Some(rare) = self.ends[from.index()].rare.get_mut() {
                rare.unseen.take_if(|unseen| !late(unseen) && unseen.ranges.iter().all(over));
            }
        }
    }

    /// What was missed of late directions, and can be said only now.
    pub(in crate::track) fn conclude_unseen(&mut self, from: Direction, found: &mut Vec<Finding>) {
        let Some(unseen) = self.ends[from.index()].rare.get_mut().and_then(|rare| rare.unseen.take()) else { return };
        for missing in unseen.ranges.iter().filter(|missing| missing.counted && !missing.said) {
            let mut finding = Finding::new(Rule::CaptureGap);
            (finding.frame, finding.ts, finding.direction) = (missing.frame, missing.ts, Some(from));
            finding.range(missing.from, missing.to).bytes("bytes", (missing.to - missing.from) as u64);
            found.push(finding);
        }
    }

    /// The SYN of a connection of which later segments were stored first.
    pub(in crate::track) fn open_late(&mut self, step: &mut Step<'_>) {
        step.obs.effect = SegmentEffect::Opens;
        let me = &mut self.ends[step.me()];
        me.facts.note(Fact::Syn);
        me.facts.note(Fact::SynSeen);
        self.client_known = true;
        self.set_syn(step.segment);
        // What the server sent meanwhile came after the client's acknowledgment, which is stored behind it too.
        if let Some(rare) = self.rare.get_mut() {
            rare.early_data = None;
        }
        self.learn_syn_options(step.segment, step.from);
        if self.once.take(Remark::StartsWithSynAck, 0) {
            self.take_back_mid_stream(step);
        }
    }

    /// The connection does not begin before the capture after all.
    fn take_back_mid_stream(&mut self, step: &mut Step<'_>) {
        self.uncount_finding(Rule::StartsMidStream, Rule::StartsMidStream.severity());
        step.shared.events.push_back(Event::Amend(Amend {
            frame: self.first.0,
            flow: self.number,
            notes: Vec::new(),
            findings: Vec::new(),
            details: Vec::new(),
            changed: Vec::new(),
            withdrawn: vec![(Rule::StartsMidStream, Rule::StartsMidStream.severity())],
        }));
    }

    /// Whether a SYN is the one that this connection began with, though what came after it was stored first.
    pub(in crate::track) fn is_own_syn(&self, segment: &Segment, from: Direction) -> bool {
        let me = &self.ends[from.index()];
        let opened = me.facts.has(Fact::Syn) && !me.facts.has(Fact::SynSeen);
        segment.flags.is_syn() && me.facts.has(Fact::Numbered) && opened && me.raw(0) == segment.seq
    }
}
