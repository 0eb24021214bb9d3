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
    /// Columns in which anything was sent, by number.
    bins: Vec<(i64, Bin)>,
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
        if self.bins.len() >= MOST {
            self.double();
        }
        let at = t.max(0) / self.width;
        let bin = match self.bins.last_mut() {
            Some((last, bin)) if *last == at => bin,
            Some((last, _)) if *last > at => {
                // Time went back.
                let place = self.bins.partition_point(|(other, _)| *other < at);
                if self.bins.get(place).is_none_or(|(other, _)| *other != at) {
                    self.bins.insert(place, (at, Bin::default()));
                }
                &mut self.bins[place].1
            }
            _ => {
                self.bins.push((at, Bin::default()));
                &mut self.bins.last_mut().expect("one was just pushed").1
            }
        };
        bin.bytes = bin.bytes.saturating_add(bytes);
        bin.fresh = bin.fresh.saturating_add(fresh);
    }

    /// All columns from the first on, no more than so many: their width in nanoseconds, and they.
    pub fn within(&self, most: usize) -> (i64, Vec<Bin>) {
        let mut coarse = self.clone();
        let most = i64::try_from(most.max(1)).unwrap_or(i64::MAX);
        while coarse.bins.last().is_some_and(|(last, _)| *last >= most) {
            coarse.double();
        }
        let length = coarse.bins.last().map_or(0, |(last, _)| *last + 1);
        let mut bins = vec![Bin::default(); usize::try_from(length).unwrap_or(0)];
        for (at, bin) in coarse.bins {
            if let Some(place) = usize::try_from(at).ok().and_then(|at| bins.get_mut(at)) {
                *place = bin;
            }
        }
        (coarse.width, bins)
    }

    /// Columns kept.
    pub fn len(&self) -> usize {
        self.bins.len()
    }

    fn double(&mut self) {
        self.width = self.width.saturating_mul(2);
        let mut kept: Vec<(i64, Bin)> = Vec::with_capacity(self.bins.len());
        for (at, bin) in self.bins.drain(..) {
            match kept.last_mut() {
                Some((last, sum)) if *last == at / 2 => {
                    sum.bytes = sum.bytes.saturating_add(bin.bytes);
                    sum.fresh = sum.fresh.saturating_add(bin.fresh);
                }
                _ => kept.push((at / 2, bin)),
            }
        }
        self.bins = kept;
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
