//! Connections at hand, side by side in blocks: room for one more is found and given back without the allocator.

use std::ops::Range;

use prefetch_index::prefetch_index;

use crate::track::Direction;
use crate::track::conn::connection::Connection;

/// So many connections are allocated at a time.
const BLOCK: usize = 64;

/// A connection's place among those at hand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) struct Seat(u32);

impl Seat {
    /// Where there is no connection.
    pub const NOBODY: Self = Self(u32::MAX);
}

/// Room for a connection.
#[repr(C)]
#[derive(Debug, Default)]
struct Room {
    /// Where it begins: nothing itself, and a name for each cache line behind it.
    lines: [CacheLine; 0],
    connection: Option<Connection>,
}

const _: () = assert!(size_of::<Room>() == size_of::<Connection>(), "a connection begins where its room begins");

#[repr(align(64))]
#[derive(Debug)]
struct CacheLine(#[expect(dead_code, reason = "it is only its size")] [u8; 64]);

/// The connections at hand.
#[derive(Debug, Default)]
pub(in crate::track) struct Awake {
    blocks: Vec<Box<[Room]>>,
    free: Vec<Seat>,
}

impl Awake {
    pub fn put(&mut self, connection: Connection) -> Seat {
        if self.free.is_empty() {
            let first = self.blocks.len() * BLOCK;
            self.blocks.push((0..BLOCK).map(|_| Room::default()).collect());
            self.free.extend((first..first + BLOCK).rev().map(|seat| Seat(seat as u32)));
        }
        let seat = self.free.pop().unwrap_or(Seat::NOBODY);
        if let Some(place) = self.place(seat) {
            *place = Some(connection);
        }
        seat
    }

    #[inline]
    pub fn get(&self, Seat(at): Seat) -> Option<&Connection> {
        self.room(at)?.connection.as_ref()
    }

    /// Has what an expected segment from there needs of a connection brought near, and waits for none of it.
    #[inline]
    pub fn bring_near(&self, Seat(at): Seat, from: Direction) {
        // Each way with ranges that are known beforehand: no loop is left of it.
        let bring = |needs: [Range<usize>; 3]| {
            let Some(room) = self.room(at) else { return };
            for Range { start, end } in needs {
                let lines = start / size_of::<CacheLine>()..end.div_ceil(size_of::<CacheLine>());
                lines.for_each(|line| prefetch_index(&room.lines, line));
            }
        };
        match from {
            Direction::FromOriginator => bring(const { Connection::needs(Direction::FromOriginator) }),
            Direction::FromResponder => bring(const { Connection::needs(Direction::FromResponder) }),
        }
    }

    /// The same with all of it.
    pub fn bring_all_near(&self, Seat(at): Seat) {
        let Some(room) = self.room(at) else { return };
        (0..size_of::<Room>() / size_of::<CacheLine>()).for_each(|line| prefetch_index(&room.lines, line));
    }

    /// Has a connection's page found.
    #[inline]
    pub fn find(&self, Seat(at): Seat) {
        if let Some(room) = self.room(at) {
            prefetch_index(&room.lines, 0);
        }
    }

    #[inline]
    fn room(&self, at: u32) -> Option<&Room> {
        self.blocks.get(at as usize / BLOCK)?.get(at as usize % BLOCK)
    }

    #[inline]
    pub fn get_mut(&mut self, seat: Seat) -> Option<&mut Connection> {
        self.place(seat)?.as_mut()
    }

    pub fn take(&mut self, seat: Seat) -> Option<Connection> {
        let connection = self.place(seat)?.take();
        self.free.push(seat);
        connection
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.blocks.len() * BLOCK - self.free.len()
    }

    fn place(&mut self, Seat(at): Seat) -> Option<&mut Option<Connection>> {
        Some(&mut self.blocks.get_mut(at as usize / BLOCK)?.get_mut(at as usize % BLOCK)?.connection)
    }
}
