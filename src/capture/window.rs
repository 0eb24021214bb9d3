//! A window on an input: the bytes from the reader's place on, as many as are asked for, in one piece.

use std::io::{self, ErrorKind, Read};

/// The first size of the window, in bytes. Larger records make it grow, as far as their bytes really arrive.
const FIRST_SIZE: usize = 128 * 1024;

/// A buffer of its own over any input. It is never larger than twice the largest piece asked for (or [`FIRST_SIZE`]).
pub(super) struct Window {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where the buffer begins in the input.
    base: u64,
    ended: bool,
}

impl Window {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, buffer: vec![0; FIRST_SIZE], start: 0, end: 0, base: 0, ended: false }
    }

    /// Where the window begins, in bytes from the start of the input.
    pub(super) fn offset(&self) -> u64 {
        self.base.saturating_add(self.start as u64)
    }

    /// The bytes in sight.
    #[inline]
    pub(super) fn sight(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// How many bytes are in sight. After [`want`](Self::want) has said no, these are all that are left.
    #[inline]
    pub(super) fn in_sight(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// The first `n` bytes, if that many are in sight.
    #[inline]
    pub(super) fn peek(&self, n: usize) -> Option<&[u8]> {
        self.sight().get(..n)
    }

    /// Brings `n` bytes into sight; `false` when the input ends before. Waits for no more than that.
    #[inline]
    pub(super) fn want(&mut self, n: usize) -> io::Result<bool> {
        if n <= self.in_sight() {
            return Ok(true);
        }
        self.refill(n)
    }

    /// Moves past `n` bytes that are in sight and lends them.
    #[inline]
    pub(super) fn take(&mut self, n: usize) -> &[u8] {
        self.take_behind(0, n)
    }

    /// Moves past `n` bytes that are in sight and lends those behind the first `skip`.
    #[inline]
    pub(super) fn take_behind(&mut self, skip: usize, n: usize) -> &[u8] {
        let from = self.start;
        self.start = from.saturating_add(n).min(self.end);
        self.buffer.get(from.saturating_add(skip)..self.start).unwrap_or_default()
    }

    /// Moves past `n` bytes without holding them; gives how many there were.
    pub(super) fn skip(&mut self, n: u64) -> io::Result<u64> {
        let mut left = n;
        while left > 0 {
            if !self.want(1)? {
                break;
            }
            let step = self.in_sight().min(usize::try_from(left).unwrap_or(usize::MAX));
            left = left.saturating_sub(self.take(step).len() as u64);
        }
        Ok(n.saturating_sub(left))
    }

    #[cold]
    fn refill(&mut self, n: usize) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end = self.in_sight();
        self.base = self.offset();
        self.start = 0;
        while self.end < n {
            if self.ended {
                return Ok(false);
            }
            if self.end == self.buffer.len() {
                self.buffer.resize(self.buffer.len().saturating_mul(2), 0);
            }
            match self.input.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end = self.end.saturating_add(read).min(self.buffer.len()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    self.ended = true;
                    return Err(e);
                }
            }
        }
        Ok(true)
    }
}

/// Hands on the bytes from the window's place on; for what unpacks them.
impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.in_sight() == 0 {
            self.want(1)?;
        }
        let n = self.in_sight().min(buffer.len());
        // As `Read for &[u8]` does it, which cannot panic.
        self.take(n).read(buffer)
    }
}
