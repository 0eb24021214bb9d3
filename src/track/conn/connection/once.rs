//! What was said of a connection, and is not said again.

use crate::track::packed::{Pack, Packer, Unpacker};

/// What is said once a connection, or once a direction.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) enum Remark {
    Ecn,
    TimestampMissing,
    TimestampEcho,
    Auth,
    Mss,
    Checksum,
    Sack,
    Gaps,
    /// It was looked at whether it began before the capture.
    MidStream,
    /// It begins with a SYN+ACK, of which nothing is said but that: its SYN may be stored behind it.
    StartsWithSynAck,
}

/// Which of them were said: a bit for each, and each direction.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct Once(u32);

impl Once {
    fn bit(remark: Remark, direction: usize) -> u32 {
        1 << (2 * remark as usize + direction)
    }

    /// Whether it was noted of that direction (0 where it is about both).
    pub(crate) fn has(self, remark: Remark, direction: usize) -> bool {
        self.0 & Self::bit(remark, direction) != 0
    }

    /// Notes it, and says whether it was noted before.
    pub(crate) fn note(&mut self, remark: Remark, direction: usize) -> bool {
        let noted = self.has(remark, direction);
        self.0 |= Self::bit(remark, direction);
        noted
    }

    /// Takes it back, and says whether it was noted.
    pub(crate) fn take(&mut self, remark: Remark, direction: usize) -> bool {
        let noted = self.has(remark, direction);
        self.0 &= !Self::bit(remark, direction);
        noted
    }
}

impl Pack for Once {
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
    }

    fn unpack(from: &mut Unpacker) -> Self {
        Self(Pack::unpack(from))
    }
}
