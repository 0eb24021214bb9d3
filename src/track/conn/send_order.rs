//! What tells in which order one end sent two segments, whatever the network did to them.

use crate::dissect::Segment;

use crate::track::packed::{Kind, Pack, Packer, Unpacker};
use crate::track::stack::ip_id::Ids;

/// What tells in which order one end sent two segments, whatever the network did to them.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct SendOrder {
    /// Where `clocked`.
    pub tsval: u32,
    pub clocked: bool,
    pub ip_id: u16,
}

impl Pack for SendOrder {
    fn pack(&self, out: &mut Packer) {
        out.flag(self.clocked);
        if self.clocked {
            out.delta(Kind::Clock, self.tsval.into());
        }
        out.delta(Kind::IpId, self.ip_id.into());
    }

    fn unpack(from: &mut Unpacker) -> Self {
        let clocked = from.flag();
        let tsval = if clocked { from.delta(Kind::Clock) as u32 } else { 0 };
        Self { tsval, clocked, ip_id: from.delta(Kind::IpId) as u16 }
    }
}

impl SendOrder {
    pub(crate) fn of(segment: &Segment) -> Self {
        let clock = segment.options.timestamps;
        let tsval = clock.map_or(0, |(tsval, _)| tsval);
        Self { tsval, clocked: clock.is_some(), ip_id: segment.ip_id.unwrap_or(0) }
    }

    /// Whether `self` was sent after `other`: proved, not supposed.
    pub(crate) fn is_after(self, other: Self, ids: Ids) -> bool {
        let clock = if self.clocked && other.clocked { self.tsval.wrapping_sub(other.tsval) as i32 } else { 0 };
        let counted = self.ip_id != 0 && other.ip_id != 0 && ids.ascend();
        clock > 0 || clock == 0 && counted && self.ip_id.wrapping_sub(other.ip_id) as i16 > 0
    }
}
