//! IP IDs: many stacks count a connection's packets with them, and then they tell the order of sending, and what is missing.

use super::packed::{Kind, Pack, Packer, Unpacker};

/// How the IP IDs of one end run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ids {
    /// The ID furthest on, in the order of sending.
    last: Option<u16>,
    /// How many more its frame took: offload cuts one frame into segments that each get an ID, or joins such.
    more: u16,
    up: u16,
    same: u16,
    other: u16,
    /// Frames of several segments: those whose segments were counted right, and the others.
    right: u8,
    wrong: u8,
}

impl Pack for Ids {
    fn pack(&self, out: &mut Packer) {
        let Self { last, more, up, same, other, right, wrong } = *self;
        out.flag(last.is_some());
        if let Some(last) = last {
            out.near(Kind::IpId, last.into());
        }
        up.pack(out);
        let counted = (u64::from(right) << 8 | u64::from(wrong), u64::from(more) << 16 | u64::from(same), other);
        counted.pack(out);
    }

    fn unpack(from: &mut Unpacker) -> Self {
        let last = from.flag().then(|| from.near(Kind::IpId) as u16);
        let up = Pack::unpack(from);
        let (guesses, equal, other): (u64, u64, u16) = Pack::unpack(from);
        let (right, wrong) = ((guesses >> 8) as u8, guesses as u8);
        Self { last, more: (equal >> 16) as u16, up, same: equal as u16, other, right, wrong }
    }
}

/// Further than this the counter does not get between two packets of one connection, unless others share it.
const NEAR: u16 = 256;
/// An ID of 0 stands for none, but for a counter that comes round.
const BEFORE_ZERO: u16 = 16;

impl Ids {
    /// Takes the ID of a frame with so many segments; `advances` when it goes past all data before it, so that it was not
    /// overtaken.
    pub fn learn(&mut self, id: Option<u16>, segments: u16, advances: bool) {
        let Some(id) = self.usable(id) else { return };
        let step = self.last.map(|last| id.wrapping_sub(last));
        match step {
            None => {}
            Some(0) => self.same = self.same.saturating_add(1),
            Some(1..=NEAR) => self.up = self.up.saturating_add(1),
            _ if advances => self.other = self.other.saturating_add(1),
            _ => {}
        }
        let on = step.is_none_or(|step| step as i16 > 0);
        if on && self.more > 0 {
            let counted = if step == Some(self.more + 1) { &mut self.right } else { &mut self.wrong };
            *counted = counted.saturating_add(1);
        }
        if on || advances {
            (self.last, self.more) = (Some(id), segments.saturating_sub(1));
        }
    }

    /// An ID that means something.
    fn usable(self, id: Option<u16>) -> Option<u16> {
        id.filter(|id| *id != 0 || self.last.is_some_and(|last| last.wrapping_neg() <= BEFORE_ZERO && self.ascend()))
    }

    /// Whether they tell packets apart at all: some stacks send always the same.
    pub fn differ(self) -> bool {
        self.same == 0
    }

    /// Whether they count the connection's packets.
    pub fn ascend(self) -> bool {
        self.up > 0 && self.same == 0 && u32::from(self.up) >= 4 * u32::from(self.other)
    }

    /// The ID of a segment so many before the last one, where frames of several segments count right.
    pub fn back(self, segments: u16) -> Option<u16> {
        let last = self.last.filter(|_| self.ascend() && self.right > 0 && self.right > self.wrong)?;
        Some(last.wrapping_add(self.more).wrapping_sub(segments))
    }

    /// How many packets were sent before this one, and after the last, that have not been seen.
    pub fn skipped(self, id: Option<u16>) -> u16 {
        let known = self.more == 0 || u32::from(self.right) > 4 * u32::from(self.wrong);
        let (Some(id), Some(last)) = (self.usable(id).filter(|_| self.ascend() && known), self.last) else { return 0 };
        let step = id.wrapping_sub(last);
        if step as i16 > 0 { step.saturating_sub(self.more + 1) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ids: &[u16]) -> Ids {
        let mut learnt = Ids::default();
        ids.iter().for_each(|id| learnt.learn(Some(*id), 1, true));
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
}
