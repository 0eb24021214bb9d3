//! Values of one kind, each of which is likely to be one of the last or near to them: a connection's frames and times are those of
//! a few segments.

/// So many values are kept in mind.
const KEPT: usize = 8;

/// What is said in place of a value. Zero, and what stands for "none", are near to nothing.
const FIXED: [i64; 3] = [0, i64::MIN, i64::MAX];

/// The places that a value may be found at.
pub const PLACES: u64 = (FIXED.len() + KEPT) as u64;

/// Values of one kind, as far as they are kept in mind.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    values: [i64; FIXED.len() + KEPT],
    /// The place of the next new one, and the last one.
    next: usize,
    last: i64,
}

impl Default for Near {
    fn default() -> Self {
        let mut values = [0; FIXED.len() + KEPT];
        values[..FIXED.len()].copy_from_slice(&FIXED);
        Self { values, next: FIXED.len(), last: 0 }
    }
}

impl Near {
    /// Keeps a value in mind that was not found.
    #[inline]
    pub fn keep(&mut self, value: i64) {
        self.last = value;
        self.values[self.next] = value;
        self.next += 1;
        if self.next == self.values.len() {
            self.next = FIXED.len();
        }
    }

    /// Where a value is found.
    #[inline]
    pub fn place(&self, value: i64) -> Option<u64> {
        let at = self.values.iter().position(|known| *known == value)?;
        Some(at as u64)
    }

    /// What is found there, if it is a place.
    #[inline]
    pub fn at(&self, place: u64) -> Option<i64> {
        self.values.get(usize::try_from(place).ok()?).copied()
    }

    /// What a new value is likely to be near to.
    #[inline]
    pub fn last(&self) -> i64 {
        self.last
    }
}
