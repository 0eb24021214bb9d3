//! Hot connections, side by side in blocks: a slot for one more is found and given back without the allocator.

use std::ops::Range;

use prefetch_index::prefetch_index;

use crate::track::Direction;
use crate::track::conn::connection::Connection;

/// How many slots are allocated at a time.
const BLOCK: usize = 64;

/// A connection's place in the slab.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) struct HotIndex(u32);

impl HotIndex {
    /// That of no connection.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// Space for a connection.
#[repr(C)]
#[derive(Debug, Default)]
struct HotSlot {
    /// Where it begins: nothing itself, and a name for each cache line behind it.
    lines: [CacheLine; 0],
    connection: Option<Connection>,
}

const _: () = assert!(size_of::<HotSlot>() == size_of::<Connection>(), "a connection begins where its slot begins");

#[repr(align(64))]
#[derive(Debug)]
struct CacheLine(#[expect(dead_code, reason = "it is only its size")] [u8; 64]);

/// The hot slab.
#[derive(Debug, Default)]
pub(in crate::track) struct HotSlab {
    blocks: Vec<Box<[HotSlot]>>,
    free: Vec<HotIndex>,
}

impl HotSlab {
    pub(crate) fn put(&mut self, connection: Connection) -> HotIndex {
        if self.free.is_empty() {
            let first = self.blocks.len() * BLOCK;
            self.blocks.push((0..BLOCK).map(|_| HotSlot::default()).collect());
            self.free.extend((first..first + BLOCK).rev().map(|index| HotIndex(index as u32)));
        }
        let index = self.free.pop().unwrap_or(HotIndex::NONE);
        if let Some(place) = self.place(index) {
            *place = Some(connection);
        }
        index
    }

    #[inline]
    pub(crate) fn get(&self, HotIndex(at): HotIndex) -> Option<&Connection> {
        self.slot(at)?.connection.as_ref()
    }

    /// Has what the fast path needs of a connection for a segment from there prefetched, and waits for none of it.
    #[inline]
    pub(crate) fn prefetch(&self, HotIndex(at): HotIndex, from: Direction) {
        // Each way with ranges that are known beforehand: no loop is left of it.
        let prefetch = |needs: [Range<usize>; 3]| {
            let Some(slot) = self.slot(at) else { return };
            for Range { start, end } in needs {
                let lines = start / size_of::<CacheLine>()..end.div_ceil(size_of::<CacheLine>());
                lines.for_each(|line| prefetch_index(&slot.lines, line));
            }
        };
        match from {
            Direction::FromOriginator => prefetch(const { Connection::needs(Direction::FromOriginator) }),
            Direction::FromResponder => prefetch(const { Connection::needs(Direction::FromResponder) }),
        }
    }

    /// The same with all of it.
    pub(crate) fn prefetch_all(&self, HotIndex(at): HotIndex) {
        let Some(slot) = self.slot(at) else { return };
        (0..size_of::<HotSlot>() / size_of::<CacheLine>()).for_each(|line| prefetch_index(&slot.lines, line));
    }

    /// Has a connection's page found.
    #[inline]
    pub(crate) fn find(&self, HotIndex(at): HotIndex) {
        if let Some(slot) = self.slot(at) {
            prefetch_index(&slot.lines, 0);
        }
    }

    #[inline]
    fn slot(&self, at: u32) -> Option<&HotSlot> {
        self.blocks.get(at as usize / BLOCK)?.get(at as usize % BLOCK)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: HotIndex) -> Option<&mut Connection> {
        self.place(index)?.as_mut()
    }

    pub(crate) fn take(&mut self, index: HotIndex) -> Option<Connection> {
        let connection = self.place(index)?.take();
        self.free.push(index);
        connection
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len() * BLOCK - self.free.len()
    }

    fn place(&mut self, HotIndex(at): HotIndex) -> Option<&mut Option<Connection>> {
        Some(&mut self.blocks.get_mut(at as usize / BLOCK)?.get_mut(at as usize % BLOCK)?.connection)
    }
}
