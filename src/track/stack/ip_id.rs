//! IP IDs of one end's packets: many stacks count with them, and then they tell the order of sending, and what is missing.
//!
//! What they count is learnt: RFC 6864 §4.1 gives an ID no meaning beyond fragmentation.

use crate::track::packed::{Kind, Pack, Packer, Unpacker};

/// How the IP IDs of one end of a connection run.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct Ids {
    /// The ID furthest on, in the order of sending.
    last: Option<u16>,
    /// How many more its frame took, since offload cuts one frame into segments that each get an ID, or joins such; and how many
    /// went to packets that are known to have been lost behind it.
    more: u16,
    up: u16,
    same: u16,
    other: u16,
    /// Packets in a row that took exactly as many IDs as they have segments.
    run: u16,
    /// Frames of several segments: those whose segments were counted right, and the others.
    right: u8,
    wrong: u8,
}

impl Pack for Ids {
    fn pack(&self, out: &mut Packer) {
        let Self { last, more, up, same, other, run, right, wrong } = *self;
        out.flag(last.is_some());
        if let Some(last) = last {
            out.delta(Kind::IpId, last.into());
        }
        (u64::from(run) << 16 | u64::from(up)).pack(out);
        let counted = (u64::from(right) << 8 | u64::from(wrong), u64::from(more) << 16 | u64::from(same), other);
        counted.pack(out);
    }

    fn unpack(from: &mut Unpacker) -> Self {
        let last = from.flag().then(|| from.delta(Kind::IpId) as u16);
        let counts: u64 = Pack::unpack(from);
        let (guesses, equal, other): (u64, u64, u16) = Pack::unpack(from);
        let (right, wrong) = ((guesses >> 8) as u8, guesses as u8);
        let (up, run) = (counts as u16, (counts >> 16) as u16);
        Self { last, more: (equal >> 16) as u16, up, same: equal as u16, other, run, right, wrong }
    }
}

/// Further than this the counter does not get between two packets of one connection, unless others share it. A counter whose
/// bytes are swapped moves by 256.
const MAX_STEP: u16 = 255;
/// Packets further apart than this are not ordered by their IDs.
const MAX_ORDERED_DISTANCE: u16 = 4_096;
/// An ID of 0 stands for none, but for a counter that comes round.
const WRAP_DISTANCE: u16 = 16;
/// They are compared with those of other connections at every few steps, and more rarely after a while.
const COMPARED_STEPS: u16 = 4;
const MAX_YOUNG: u16 = 64;
/// In place of a run, where that is of no more interest.
const SETTLED: u16 = u16::MAX;

/// Packets in a row that took exactly as many IDs as they have segments.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) struct IdRun {
    /// The packet that it begins with, counted from the connection's first.
    pub start: u16,
    pub length: u16,
}

impl Ids {
    /// Takes the ID of a frame that holds `segments`; `advances` when it goes past all data before it, so that it was not
    /// overtaken. The run when it is time to compare them with those of other connections.
    pub(crate) fn learn(&mut self, id: Option<u16>, segments: u16, advances: bool) -> Option<IdRun> {
        let id = self.usable(id)?;
        let step = self.last.map(|last| id.wrapping_sub(last));
        match step {
            None => {}
            Some(0) => self.same = self.same.saturating_add(1),
            Some(1..=MAX_STEP) => self.up = self.up.saturating_add(1),
            _ if advances => self.other = self.other.saturating_add(1),
            _ => {}
        }
        let on = step.is_none_or(|step| step as i16 > 0);
        let counted = step == Some(self.more + 1);
        if on && self.more > 0 {
            let count = if counted { &mut self.right } else { &mut self.wrong };
            *count = count.saturating_add(1);
        }
        if !(on || advances) {
            return None;
        }
        (self.last, self.more) = (Some(id), segments.saturating_sub(1));
        if self.run == SETTLED {
            return None;
        }
        self.run = if counted { self.run.saturating_add(1).min(SETTLED - 1) } else { 0 };
        let due = self.up.is_multiple_of(COMPARED_STEPS) && (self.is_young() || self.up.is_power_of_two());
        (due && self.up > 0).then_some(IdRun { start: self.up.saturating_sub(self.run), length: self.run })
    }

    /// What they count is known: they need not be compared any more.
    pub(crate) fn settle(&mut self) {
        self.run = SETTLED;
    }

    /// Notes how many packets are known to have been lost behind the last one.
    pub(crate) fn pass_over(&mut self, packets: u16) {
        self.more = self.more.saturating_add(packets).min(i16::MAX as u16);
    }

    /// An ID that means something.
    fn usable(self, id: Option<u16>) -> Option<u16> {
        id.filter(|id| *id != 0 || self.last.is_some_and(|last| last.wrapping_neg() <= WRAP_DISTANCE && self.ascend()))
    }

    /// Whether they tell packets apart at all: some stacks send always the same.
    pub(crate) fn differ(self) -> bool {
        self.same == 0
    }

    /// Whether they grow from packet to packet, so that they tell the order of sending, be it others that make them grow too.
    pub(crate) fn ascend(self) -> bool {
        self.up > 0 && self.same == 0 && u32::from(self.up) >= 4 * u32::from(self.other)
    }

    /// Whether a packet with this ID was sent after one with the other, where they tell. A counter that others use too comes round
    /// while nobody looks.
    pub(crate) fn order(self, id: Option<u16>, other: u16) -> Option<bool> {
        let id = id.filter(|id| *id != 0 && other != 0 && self.ascend())?;
        let step = id.wrapping_sub(other) as i16;
        (step != 0 && step.unsigned_abs() <= MAX_ORDERED_DISTANCE).then_some(step > 0)
    }

    /// The ID of the segment that was sent this many `segments` before the last one, where frames of several segments count right.
    pub(crate) fn back(self, segments: u16) -> Option<u16> {
        let last = self.last.filter(|_| self.ascend() && self.right > 0 && self.right > self.wrong)?;
        Some(last.wrapping_add(self.more).wrapping_sub(segments))
    }

    /// How many IDs went to other packets between the last one and this, to whomever they went: whether the connection has the
    /// counter for itself, only [its host's others](crate::track::stack::host::Stacks) tell.
    pub(crate) fn skipped(self, id: Option<u16>) -> u16 {
        let known = self.more == 0 || u32::from(self.right) > 4 * u32::from(self.wrong);
        let (Some(id), Some(last)) = (self.usable(id).filter(|_| self.ascend() && known), self.last) else { return 0 };
        let step = id.wrapping_sub(last);
        if step as i16 > 0 { step.saturating_sub(self.more + 1) } else { 0 }
    }

    /// Whether this is the ID behind the last one, with nothing lost in between.
    pub(crate) fn is_next(self, id: Option<u16>) -> bool {
        id.is_some() && self.last.map(|last| last.wrapping_add(1)) == id
    }

    /// Whether there is more to learn of them.
    pub(crate) fn is_young(self) -> bool {
        self.up <= MAX_YOUNG
    }

    /// Whether no packet was far from the one before it.
    pub(crate) fn is_steady(self) -> bool {
        self.other == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ids: &[u16]) -> Ids {
        let mut learnt = Ids::default();
        for id in ids {
            learnt.learn(Some(*id), 1, true);
        }
        learnt
    }

    #[test]
    fn a_counter_that_comes_round_skips_nothing() {
        let ids = after(&[65_533, 65_534, 65_535]);
        assert_eq!([ids.skipped(Some(0)), ids.skipped(Some(1)), ids.skipped(Some(4))], [0, 1, 4]);
        assert_eq!(after(&[65_534, 65_535, 0]).skipped(Some(1)), 0);
    }

    #[test]
    fn an_id_of_zero_is_none_elsewhere() {
        let ids = after(&[0, 700, 701]);
        assert_eq!([ids.skipped(Some(0)), ids.skipped(Some(703))], [0, 1]);
    }

    #[test]
    fn a_frame_of_several_segments_takes_several_ids() {
        let mut ids = after(&[10, 11]);
        ids.learn(Some(12), 3, true);
        assert_eq!(ids.skipped(Some(17)), 0, "nobody knows yet how many it took");
        ids.learn(Some(15), 3, true);
        assert_eq!([ids.skipped(Some(18)), ids.skipped(Some(20))], [0, 2]);
    }

    #[test]
    fn a_run_is_of_exact_steps_and_over_with_the_first_that_is_not() {
        let mut ids = after(&[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(ids.learn(Some(9), 1, true), Some(IdRun { start: 0, length: 8 }));
        ids.pass_over(2);
        let runs = [12, 13, 14, 15].map(|id| ids.learn(Some(id), 1, true));
        assert_eq!(runs, [None, None, None, Some(IdRun { start: 0, length: 12 })], "what was lost is known");
        let runs = [17, 18, 19, 20].map(|id| ids.learn(Some(id), 1, true));
        assert_eq!(runs, [None, None, None, Some(IdRun { start: 13, length: 3 })], "a skip, and three steps");
    }

    #[test]
    fn a_counter_with_its_bytes_swapped_tells_nothing() {
        let swapped: Vec<u16> = (1_000..1_020_u16).map(u16::swap_bytes).collect();
        assert!(!after(&swapped).ascend());
    }
}
