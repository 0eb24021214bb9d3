//! Appending many small pieces to a buffer.
//!
//! A `Vec` looks at its capacity, its pointer and its length for each piece, all in memory. A [`Pen`] writes into a room of
//! fixed size and hands it on when it is full or the pen is put down, so that a piece is a comparison, a store and an addition.

/// What text is appended to, in pieces that are most often short.
pub trait Text {
    /// The first `count` bytes of a chunk; all are copied, so the count costs nothing.
    fn put<const N: usize>(&mut self, chunk: [u8; N], count: usize);

    /// The first bytes of two chunks, one behind the other.
    #[inline]
    fn put_two<const A: usize, const B: usize>(&mut self, a: ([u8; A], usize), b: ([u8; B], usize)) {
        self.put(a.0, a.1);
        self.put(b.0, b.1);
    }

    /// All of these bytes.
    fn add(&mut self, bytes: &[u8]);

    /// The same byte so many times.
    fn fill(&mut self, byte: u8, count: usize) {
        for _ in 0..count {
            self.put([byte], 1);
        }
    }
}

impl Text for Vec<u8> {
    #[inline]
    fn put<const N: usize>(&mut self, chunk: [u8; N], count: usize) {
        let len = self.len() + count;
        self.extend_from_slice(&chunk);
        self.truncate(len);
    }

    #[inline]
    fn add(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Bytes that a pen holds before it hands them on.
const ROOM: usize = 512;

/// Where a pen writes. To clear it takes longer than a short text, so it is kept from one to the next.
#[derive(Clone, Debug)]
pub struct Room([u8; ROOM]);

impl Default for Room {
    #[inline]
    fn default() -> Self {
        Self([0; ROOM])
    }
}

/// A text in the making: behind what stands in `out`, and there when the pen is dropped.
#[derive(Debug)]
pub struct Pen<'a> {
    room: &'a mut [u8; ROOM],
    at: usize,
    out: &'a mut Vec<u8>,
}

impl<'a> Pen<'a> {
    /// Goes on behind what is there.
    #[inline]
    pub fn new(room: &'a mut Room, out: &'a mut Vec<u8>) -> Self {
        Self { room: &mut room.0, at: 0, out }
    }

    /// Appends a byte.
    #[inline]
    pub fn push(&mut self, byte: u8) {
        self.put([byte], 1);
    }

    /// Appends text that is known while compiling.
    #[inline(always)]
    pub fn text<const N: usize>(&mut self, text: &[u8; N]) {
        self.put(*text, N);
    }

    /// Bytes so far, with those that stood there before.
    #[inline]
    pub fn len(&self) -> usize {
        self.out.len() + self.at
    }

    /// All that is written so far, to look at or to change.
    #[inline]
    pub fn written(&mut self) -> &mut Vec<u8> {
        self.hand_on();
        self.out
    }

    /// Empties the room.
    fn hand_on(&mut self) {
        self.out.extend_from_slice(self.room.get(..self.at).unwrap_or_default());
        self.at = 0;
    }

    /// Appends to a room that may be too full for it.
    #[cold]
    #[inline(never)]
    fn put_beyond<const N: usize>(&mut self, chunk: [u8; N], count: usize) {
        self.written().put(chunk, count);
    }
}

impl Pen<'_> {
    #[cold]
    #[inline(never)]
    fn put_two_beyond<const A: usize, const B: usize>(&mut self, a: ([u8; A], usize), b: ([u8; B], usize)) {
        self.written().put_two(a, b);
    }
}

impl Text for Pen<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, chunk: [u8; N], count: usize) {
        const { assert!(N <= ROOM) };
        let at = self.at;
        match self.room.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
            Some(place) => {
                *place = chunk;
                self.at = at + count;
            }
            None => self.put_beyond(chunk, count),
        }
    }

    #[inline(always)]
    fn put_two<const A: usize, const B: usize>(&mut self, a: ([u8; A], usize), b: ([u8; B], usize)) {
        const { assert!(A + B <= ROOM) };
        let (at, behind) = (self.at, self.at + a.1);
        if at <= ROOM - A - B && a.1 <= A {
            self.room[at..at + A].copy_from_slice(&a.0);
            self.room[behind..behind + B].copy_from_slice(&b.0);
            self.at = behind + b.1;
        } else {
            self.put_two_beyond(a, b);
        }
    }

    #[inline]
    fn add(&mut self, bytes: &[u8]) {
        // A word is the two halves that it begins and ends with.
        if let (Some(first), Some(last), 4..=8) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>(), bytes.len()) {
            self.put(*first, bytes.len() - 4);
            return self.put(*last, 4);
        }
        if let (Some(first), Some(last), 9..=16) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>(), bytes.len()) {
            self.put(*first, bytes.len() - 8);
            return self.put(*last, 8);
        }
        match self.room.get_mut(self.at..).and_then(|rest| rest.get_mut(..bytes.len())) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.at += bytes.len();
            }
            None => self.written().extend_from_slice(bytes),
        }
    }
}

impl Drop for Pen<'_> {
    #[inline]
    fn drop(&mut self) {
        self.hand_on();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same pieces by pen and by hand.
    #[test]
    fn all_pieces_arrive_in_order_however_long_they_are() {
        let pieces: Vec<Vec<u8>> = (0..600_usize).map(|len| vec![b'a' + (len % 26) as u8; len * 7 % 601]).collect();
        for most in [0, 1, 511, 512, 513, 600] {
            let (mut penned, mut plain) = (b"before".to_vec(), b"before".to_vec());
            let mut room = Room::default();
            let mut pen = Pen::new(&mut room, &mut penned);
            for (at, piece) in pieces.iter().enumerate() {
                let piece = &piece[..piece.len().min(most)];
                pen.add(piece);
                pen.put(*b"0123456789abcdef", at % 17);
                pen.text(b", ");
                plain.extend_from_slice(piece);
                plain.put(*b"0123456789abcdef", at % 17);
                plain.add(b", ");
            }
            assert_eq!(pen.written(), &plain);
            drop(pen);
            assert_eq!(penned, plain);
        }
    }
}
