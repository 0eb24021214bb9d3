//! Columns of capture time whose width doubles as time goes on.

use crate::capture::{Span, Timestamp};

/// Maximum number of columns; there are more than half of that, once time has passed.
pub(super) const MAX_COLUMNS: usize = 96;

/// A set of columns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ColumnSet(u128);

impl ColumnSet {
    /// Adds one.
    pub(crate) fn insert(&mut self, column: usize) {
        if column < MAX_COLUMNS {
            self.0 |= 1 << column;
        }
    }

    /// Whether it holds one.
    pub(crate) fn has(self, column: usize) -> bool {
        column < MAX_COLUMNS && self.0 >> column & 1 == 1
    }

    /// The first and the last one.
    pub(crate) fn bounds(self) -> Option<(usize, usize)> {
        let last = 127_u32.checked_sub(self.0.leading_zeros())?;
        Some((self.0.trailing_zeros() as usize, last as usize))
    }

    /// Two columns become one, once.
    fn halve(&mut self) {
        let halved = (0..MAX_COLUMNS).filter(|column| self.has(*column));
        self.0 = halved.fold(0, |set, column| set | 1 << (column / 2));
    }
}

/// How time is divided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    /// Where the first one begins.
    pub start: Timestamp,
    /// How wide each is: `2^doublings` of the narrowest.
    width: i64,
    /// How often it has doubled.
    doublings: u32,
}

/// How wide a column is at first, in nanoseconds.
const NARROWEST: i64 = 1_000;

impl Columns {
    /// From then on.
    pub(crate) fn new(start: Timestamp) -> Self {
        Self { start, width: NARROWEST, doublings: 0 }
    }

    /// How often the width has doubled; what was counted by columns before has to be joined as often.
    pub(crate) fn doublings(&self) -> u32 {
        self.doublings
    }

    /// How wide each is.
    pub(crate) fn width(&self) -> Span {
        Span(self.width)
    }

    /// The column of a time; the width doubles until there is one.
    pub(crate) fn reach(&mut self, ts: Timestamp) -> usize {
        let since = ts.since(self.start).0.max(0);
        while since / self.width >= MAX_COLUMNS as i64 {
            self.width = self.width.saturating_mul(2);
            self.doublings += 1;
        }
        self.column(since)
    }

    /// The column of so many nanoseconds behind the start.
    pub(crate) fn column(&self, since: i64) -> usize {
        usize::try_from(since.max(0) / self.width).unwrap_or(0).min(MAX_COLUMNS - 1)
    }
}

/// Columns in which something happened, kept in step with a width that doubles.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct When {
    set: ColumnSet,
    doublings: u32,
}

impl When {
    /// Something happened then.
    pub(super) fn insert(&mut self, columns: &Columns, column: usize) {
        self.keep_up(columns);
        self.set.insert(column);
    }

    /// The columns.
    pub(super) fn set(mut self, columns: &Columns) -> ColumnSet {
        self.keep_up(columns);
        self.set
    }

    fn keep_up(&mut self, columns: &Columns) {
        while self.doublings < columns.doublings {
            self.set.halve();
            self.doublings += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_doubles_and_what_was_counted_stays_where_it_was() {
        let mut columns = Columns::new(Timestamp(0));
        let mut when = When::default();
        for second in 0..100 {
            let column = columns.reach(Timestamp::new(second, 0));
            if second == 50 {
                when.insert(&columns, column);
            }
        }
        let column = columns.column(Timestamp::new(50, 0).since(columns.start).0);
        assert_eq!(when.set(&columns).bounds(), Some((column, column)));
        assert!(columns.column(99_000_000_000) >= MAX_COLUMNS / 2);
    }

    #[test]
    fn no_time_is_beyond_the_last_column() {
        let mut columns = Columns::new(Timestamp(i64::MIN));
        assert!(columns.reach(Timestamp(i64::MAX)) < MAX_COLUMNS);
        assert_eq!(ColumnSet::default().bounds(), None);
    }
}
