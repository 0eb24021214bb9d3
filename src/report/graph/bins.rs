//! Bytes over time in columns of equal width, which doubles as time goes on.

/// Most columns.
const MOST: usize = 1024;

/// Bytes of a column.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Bin {
    /// Payload bytes, repeats included.
    pub bytes: u64,
    /// Of these, bytes that had not been seen before.
    pub fresh: u64,
}

/// Bytes over time.
#[derive(Clone, Debug)]
pub struct Bins {
    bins: Vec<Bin>,
    /// Nanoseconds.
    width: i64,
}

impl Default for Bins {
    fn default() -> Self {
        Self { bins: Vec::new(), width: 100_000 }
    }
}

impl Bins {
    /// Adds bytes so many nanoseconds after the beginning.
    pub fn add(&mut self, t: i64, bytes: u64, fresh: u64) {
        let t = t.max(0);
        while t / self.width >= MOST as i64 {
            self.double();
        }
        let at = usize::try_from(t / self.width).unwrap_or(0);
        if self.bins.len() <= at {
            self.bins.resize(at + 1, Bin::default());
        }
        let bin = &mut self.bins[at];
        bin.bytes = bin.bytes.saturating_add(bytes);
        bin.fresh = bin.fresh.saturating_add(fresh);
    }

    /// The same with no more than so many columns: their width in nanoseconds, and they.
    pub fn within(&self, most: usize) -> (i64, Vec<Bin>) {
        let mut coarse = self.clone();
        while coarse.bins.len() > most.max(1) {
            coarse.double();
        }
        (coarse.width, coarse.bins)
    }

    /// Columns kept.
    pub fn len(&self) -> usize {
        self.bins.len()
    }

    fn double(&mut self) {
        let pair = |pair: &[Bin]| {
            pair.iter().fold(Bin::default(), |sum, bin| Bin {
                bytes: sum.bytes.saturating_add(bin.bytes),
                fresh: sum.fresh.saturating_add(bin.fresh),
            })
        };
        self.bins = self.bins.chunks(2).map(pair).collect();
        self.width = self.width.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_lost_however_long_it_takes() {
        let mut bins = Bins::default();
        for at in 0..100_000 {
            bins.add(at * 1_000_000, 10, 9);
        }
        assert!(bins.len() <= MOST);
        let (width, few) = bins.within(100);
        assert!(few.len() <= 100 && width >= 1_000_000_000);
        assert_eq!(few.iter().map(|bin| bin.bytes).sum::<u64>(), 1_000_000);
        assert_eq!(few.iter().map(|bin| bin.fresh).sum::<u64>(), 900_000);
    }
}
