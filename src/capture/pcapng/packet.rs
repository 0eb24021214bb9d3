//! The three blocks that hold packets.

use std::ops::Range;

use crate::capture::bytes::{ByteOrder, Fields};

use super::options::Options;

/// A block's head: type and length.
const HEAD: usize = 8;

/// Where in its block a packet is, and what the block says of it.
pub(super) struct Packet {
    /// Counted from the section's first.
    pub(super) interface: u32,
    /// In the interface's units; a simple packet has no time.
    pub(super) ticks: Option<u64>,
    pub(super) wire_len: u32,
    /// The packet's bytes, counted from the start of the block.
    pub(super) data: Range<usize>,
    /// Packets of its interface that were lost just before it, as far as the block's fixed fields say.
    pub(super) dropped: u64,
}

impl Packet {
    /// Enhanced Packet Block, draft-ietf-opsawg-pcapng §4.3.
    #[inline]
    pub(super) fn enhanced(body: &[u8], order: ByteOrder) -> Option<Self> {
        let mut fields = Fields::new(body, order);
        let interface = fields.u32()?;
        Self::timed(interface, 0, fields, body.len())
    }

    /// Packet Block, draft-ietf-opsawg-pcapng appendix A: as the enhanced one, with a drop count beside the interface.
    pub(super) fn obsolete(body: &[u8], order: ByteOrder) -> Option<Self> {
        let mut fields = Fields::new(body, order);
        let interface = fields.u16()?;
        // All ones: not known.
        let dropped = Some(fields.u16()?).filter(|dropped| *dropped != u16::MAX).unwrap_or(0);
        Self::timed(u32::from(interface), dropped.into(), fields, body.len())
    }

    #[inline]
    fn timed(interface: u32, dropped: u64, mut fields: Fields, body: usize) -> Option<Self> {
        let (high, low) = (fields.u32()?, fields.u32()?);
        let (captured, wire_len) = (fields.u32()? as usize, fields.u32()?);
        let ticks = Some((u64::from(high) << 32) | u64::from(low));
        Some(Self { interface, ticks, wire_len, data: place(body, fields.rest().len(), captured)?, dropped })
    }

    /// Simple Packet Block, draft-ietf-opsawg-pcapng §4.4: of the first interface, cut at its snapshot length.
    pub(super) fn simple(body: &[u8], order: ByteOrder, snaplen: u32) -> Option<Self> {
        let mut fields = Fields::new(body, order);
        let wire_len = fields.u32()?;
        let most = if snaplen == 0 { wire_len } else { wire_len.min(snaplen) };
        let there = fields.rest().len();
        let data = place(body.len(), there, there.min(most as usize))?;
        Some(Self { interface: 0, ticks: None, wire_len, data, dropped: 0 })
    }

    /// Whether more stands in its block, of this length, than the packet, or it was said without.
    #[inline]
    pub(super) fn says_more(&self, length: usize) -> bool {
        self.dropped > 0 || self.data.end.next_multiple_of(4).saturating_add(4) < length
    }

    /// Packets of its interface that were lost just before it (`epb_dropcount`).
    pub(super) fn lost_before(&self, block: &[u8], order: ByteOrder) -> u64 {
        const DROP_COUNT: u16 = 4;
        let behind = block.get(self.data.end.next_multiple_of(4)..).and_then(|rest| rest.split_last_chunk::<4>());
        let options = Options::new(behind.map(|(options, _)| options).unwrap_or_default(), order);
        let counts =
            options.filter(|(code, _)| *code == DROP_COUNT).filter_map(|(_, value)| Fields::new(value, order).u64());
        counts.fold(self.dropped, u64::saturating_add)
    }
}

/// The first `captured` of the `rest` bytes that end the body.
#[inline]
fn place(body: usize, rest: usize, captured: usize) -> Option<Range<usize>> {
    if captured > rest {
        return None;
    }
    let start = HEAD.saturating_add(body.checked_sub(rest)?);
    Some(start..start.saturating_add(captured))
}
