//! The packets of all connections as they come, until it is known whose points are wanted.
//!
//! Most connections are over, and no worse than others, before anything has to be made of their packets: until then a packet
//! costs no more than a line in this list.

use std::mem;

use hashbrown::HashSet;

use crate::report::ladder::PacketRecord;

/// Packets kept, of all connections together: at first, and at most.
const FIRST: usize = 1 << 16;
const MOST: usize = 1 << 19;

/// A packet with findings takes as much room as so many others.
const HEAVY: usize = 5;

/// Of a packet whose word changes, the frame is mostly among the last.
const NEAR: usize = 4096;

/// Packets in the order of their frames.
#[derive(Debug)]
pub(super) struct Log {
    records: Vec<PacketRecord>,
    /// It is full with so many; one with findings takes the room of several.
    room: usize,
    taken: usize,
    /// Connections whose packets nobody will ask for.
    forgotten: HashSet<u32, foldhash::fast::RandomState>,
}

impl Default for Log {
    fn default() -> Self {
        Self { records: Vec::new(), room: FIRST, taken: 0, forgotten: HashSet::default() }
    }
}

impl Log {
    /// Adds a packet.
    pub(super) fn push(&mut self, record: PacketRecord) {
        self.taken += if record.findings().is_empty() { 1 } else { HEAVY };
        self.records.push(record);
    }

    /// Whether packets have to be taken out before more come.
    pub(super) fn is_full(&self) -> bool {
        self.taken >= self.room
    }

    /// The packet of a frame, if it is still here.
    pub(super) fn find(&mut self, flow: u32, frame: u64) -> Option<&mut PacketRecord> {
        let near = self.records.len().saturating_sub(NEAR);
        let within = if self.records.get(near).is_some_and(|record| record.frame <= frame) { near.. } else { 0.. };
        let records = self.records.get_mut(within)?;
        let at = records.binary_search_by_key(&frame, |record| record.frame).ok()?;
        records.get_mut(at).filter(|record| record.flow == flow)
    }

    /// Nobody will ask for the packets of a connection, which is over.
    pub(super) fn forget(&mut self, flow: u32) {
        self.forgotten.insert(flow);
    }

    /// Takes out all packets that somebody may ask for, connection by connection.
    pub(super) fn drain(&mut self, mut take: impl FnMut(Group<'_>)) {
        let forgotten = mem::take(&mut self.forgotten);
        let wanted = self.records.iter().zip(0_u32..).filter(|(record, _)| !forgotten.contains(&record.flow));
        let mut order: Vec<(u32, u32)> = wanted.map(|(record, at)| (record.flow, at)).collect();
        order.sort_unstable();
        for places in order.chunk_by(|(flow, _), (next, _)| flow == next) {
            if let Some((flow, _)) = places.first() {
                take(Group { flow: *flow, records: &mut self.records, places });
            }
        }
        self.records.clear();
        self.taken = 0;
        self.room = MOST.min(2 * self.room);
    }
}

/// The packets of one connection, in order.
pub(super) struct Group<'l> {
    /// The connection.
    pub flow: u32,
    records: &'l mut [PacketRecord],
    places: &'l [(u32, u32)],
}

impl Group<'_> {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// They, to look at.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &PacketRecord> {
        self.places.iter().filter_map(|(_, at)| self.records.get(*at as usize))
    }

    /// They, to keep.
    pub(super) fn take(self) -> impl Iterator<Item = PacketRecord> {
        let Self { records, places, .. } = self;
        places.iter().filter_map(|(_, at)| records.get_mut(*at as usize).map(PacketRecord::take))
    }
}
