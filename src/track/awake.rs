//! Connections at hand, side by side in blocks: room for one more is found and given back without the allocator.

use super::connection::Connection;

/// So many connections are allocated at a time.
const BLOCK: usize = 64;

/// A connection's place among those at hand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Seat(u32);

/// The connections at hand.
#[derive(Debug, Default)]
pub(super) struct Awake {
    blocks: Vec<Box<[Option<Connection>]>>,
    free: Vec<Seat>,
}

impl Awake {
    pub fn put(&mut self, connection: Connection) -> Seat {
        if self.free.is_empty() {
            let first = self.blocks.len() * BLOCK;
            self.blocks.push((0..BLOCK).map(|_| None).collect());
            self.free.extend((first..first + BLOCK).rev().map(|seat| Seat(seat as u32)));
        }
        let seat = self.free.pop().unwrap_or(Seat(0));
        if let Some(place) = self.place(seat) {
            *place = Some(connection);
        }
        seat
    }

    #[inline]
    pub fn get(&self, Seat(at): Seat) -> Option<&Connection> {
        self.blocks.get(at as usize / BLOCK)?.get(at as usize % BLOCK)?.as_ref()
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
        self.blocks.get_mut(at as usize / BLOCK)?.get_mut(at as usize % BLOCK)
    }
}
