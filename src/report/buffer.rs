//! Appending many small pieces to a buffer.
//!
//! A `Vec` looks at its capacity, its pointer and its length for each piece, all in memory. A [`BufferWriter`] writes into a room of
//! fixed size and hands it on when it is full or the pen is put down, so that a piece is a comparison, a store and an addition.

/// What text is appended to, in pieces that are most often short.
pub(super) trait Append {
    /// The first `count` bytes of a chunk; all are copied, so the count costs nothing.
    fn put<const N: usize>(&mut self, chunk: [u8; N], count: usize);

    /// All of these bytes.
    fn add(&mut self, bytes: &[u8]);

    /// Text whose length is known while compiling.
    #[inline]
    fn text<const N: usize>(&mut self, text: &[u8; N]) {
        self.put(*text, N);
    }

    /// The first `count` of eight bytes, of which the first is the lowest.
    #[inline]
    fn word(&mut self, word: u64, count: usize) {
        self.put(word.to_le_bytes(), count);
    }

    /// A text, and behind it the first bytes of a word.
    #[inline]
    fn text_and_word<const N: usize>(&mut self, text: &[u8; N], word: u64, count: usize) {
        self.text(text);
        self.word(word, count);
    }

    /// The first bytes of two words, one behind the other.
    #[inline]
    fn words(&mut self, first: (u64, usize), second: (u64, usize)) {
        self.word(first.0, first.1);
        self.word(second.0, second.1);
    }

    /// The same byte so many times.
    fn fill(&mut self, byte: u8, count: usize) {
        for _ in 0..count {
            self.put([byte], 1);
        }
    }
}

impl Append for Vec<u8> {
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
const ROOM: usize = 1024;

/// Where a pen writes. To clear it takes longer than a short text, so it is kept from one to the next.
#[derive(Clone, Debug)]
pub(super) struct SpareCapacity([u8; ROOM]);

impl Default for SpareCapacity {
    #[inline]
    fn default() -> Self {
        Self([0; ROOM])
    }
}

/// A text in the making: behind what stands in `out`, and there when the pen is dropped.
#[derive(Debug)]
pub(super) struct BufferWriter<'a> {
    room: &'a mut [u8; ROOM],
    at: usize,
    out: &'a mut Vec<u8>,
}

impl<'a> BufferWriter<'a> {
    /// Goes on behind what is there.
    #[inline]
    pub(super) fn new(room: &'a mut SpareCapacity, out: &'a mut Vec<u8>) -> Self {
        Self { room: &mut room.0, at: 0, out }
    }

    /// Appends a byte.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.put([byte], 1);
    }

    /// The first `count` bytes of a chunk that is kept somewhere: as [`put`](Text::put), without moving it twice.
    #[inline(always)]
    pub(super) fn copy<const N: usize>(&mut self, chunk: &[u8; N], count: usize) {
        match self.place() {
            Some(place) => {
                *place = *chunk;
                self.at += count;
            }
            None => self.add_beyond(chunk.get(..count).unwrap_or(chunk)),
        }
    }

    /// Bytes whose number is known where this is compiled into its caller.
    #[inline(always)]
    pub(super) fn known(&mut self, bytes: &[u8]) {
        let end = self.at + bytes.len();
        match self.room.get_mut(self.at..end) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.at = end;
            }
            None => self.add_beyond(bytes),
        }
    }

    /// Bytes so far, with those that stood there before.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.out.len() + self.at
    }

    /// All that is written so far, to look at or to change.
    #[inline]
    pub(super) fn written(&mut self) -> &mut Vec<u8> {
        self.hand_on();
        self.out
    }

    /// Empties the room.
    fn hand_on(&mut self) {
        self.out.extend_from_slice(self.room.get(..self.at).unwrap_or_default());
        self.at = 0;
    }

    /// The next `N` bytes of the room, unless it is too full.
    #[inline(always)]
    fn place<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.room.get_mut(self.at..)?.first_chunk_mut()
    }

    // What goes beyond the room has ways of its own, so that on the usual way nothing has to lie ready for them.

    #[cold]
    #[inline(never)]
    fn add_beyond(&mut self, bytes: &[u8]) {
        self.written().extend_from_slice(bytes);
    }

    #[cold]
    #[inline(never)]
    fn word_beyond(&mut self, word: u64, count: usize) {
        self.written().word(word, count);
    }
}

impl Append for BufferWriter<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, chunk: [u8; N], count: usize) {
        match self.place() {
            Some(place) => {
                *place = chunk;
                self.at += count;
            }
            None => self.add_beyond(chunk.get(..count).unwrap_or(&chunk)),
        }
    }

    #[inline(always)]
    fn text<const N: usize>(&mut self, text: &[u8; N]) {
        self.copy(text, N);
    }

    #[inline(always)]
    fn word(&mut self, word: u64, count: usize) {
        match self.place() {
            Some(place) => {
                *place = word.to_le_bytes();
                self.at += count;
            }
            None => self.word_beyond(word, count),
        }
    }

    #[inline(always)]
    fn text_and_word<const N: usize>(&mut self, text: &[u8; N], word: u64, count: usize) {
        let at = self.at;
        if at < ROOM - N - 8 {
            self.room[at..at + N].copy_from_slice(text);
            self.room[at + N..at + N + 8].copy_from_slice(&word.to_le_bytes());
            self.at = at + N + count;
        } else {
            self.add_beyond(text);
            self.word_beyond(word, count);
        }
    }

    #[inline(always)]
    fn words(&mut self, first: (u64, usize), second: (u64, usize)) {
        let (at, behind) = (self.at, self.at + first.1);
        if at < ROOM - 16 && first.1 <= 8 {
            self.room[at..at + 8].copy_from_slice(&first.0.to_le_bytes());
            self.room[behind..behind + 8].copy_from_slice(&second.0.to_le_bytes());
            self.at = behind + second.1;
        } else {
            self.word_beyond(first.0, first.1);
            self.word_beyond(second.0, second.1);
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
        self.known(bytes);
    }
}

impl Drop for BufferWriter<'_> {
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
        let pieces: Vec<Vec<u8>> =
            (0..600_usize).map(|len| vec![b'a' + (len % 26) as u8; len * 7 % (ROOM + 201)]).collect();
        for most in [0, 1, ROOM - 1, ROOM, ROOM + 1, ROOM + 200] {
            let (mut penned, mut plain) = (b"before".to_vec(), b"before".to_vec());
            let mut room = SpareCapacity::default();
            let mut pen = BufferWriter::new(&mut room, &mut penned);
            for (at, piece) in pieces.iter().enumerate() {
                let piece = &piece[..piece.len().min(most)];
                pen.add(piece);
                pen.put(*b"0123456789abcdef", at % 17);
                pen.words((u64::from_le_bytes(*b"ABCDEFGH"), at % 9), (u64::from_le_bytes(*b"01234567"), at / 9 % 9));
                pen.text_and_word(b"text", u64::from_le_bytes(*b"ABCDEFGH"), at % 9);
                pen.text(b", ");
                plain.extend_from_slice(piece);
                plain.extend(&b"0123456789abcdef"[..at % 17]);
                plain.extend(&b"ABCDEFGH"[..at % 9]);
                plain.extend(&b"01234567"[..at / 9 % 9]);
                plain.extend(b"text");
                plain.extend(&b"ABCDEFGH"[..at % 9]);
                plain.extend(b", ");
            }
            assert_eq!(pen.written(), &plain);
            drop(pen);
            assert_eq!(penned, plain);
        }
    }
}
