//! Bytes of a segment that the other capture has shown, in segments cut or joined otherwise.

/// Pieces that are told apart in one segment; 64 KiB in segments of 536 bytes are 123.
const MAX_PIECES: usize = 256;

/// Which bytes of a segment have a counterpart: half-open ranges from its first byte, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Cover(Vec<(u32, u32)>);

impl Cover {
    /// Whether nothing has.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left of so many bytes.
    pub(super) fn rest(&self, len: u32) -> Vec<(u32, u32)> {
        let mut from = 0;
        let mut rest = Vec::new();
        for (low, high) in &self.0 {
            if from < *low {
                rest.push((from, *low));
            }
            from = from.max(*high);
        }
        if from < len {
            rest.push((from, len));
        }
        rest
    }

    /// Bytes that are left of so many.
    pub(super) fn left(&self, len: u32) -> u32 {
        self.rest(len).iter().map(|(low, high)| high - low).sum()
    }

    pub(super) fn add(&mut self, low: u32, high: u32) {
        let at = self.0.partition_point(|(_, end)| *end < low);
        let mut range = (low, high);
        while let Some((from, to)) = self.0.get(at).copied().filter(|(from, _)| *from <= range.1) {
            range = (range.0.min(from), range.1.max(to));
            self.0.remove(at);
        }
        if self.0.len() < MAX_PIECES {
            self.0.insert(at, range);
        }
    }
}

/// What is left in both of two segments, the second one `ahead` bytes ahead of the first: ranges of the first.
pub(super) fn common(first: &Cover, len: u32, second: &Cover, second_len: u32, ahead: i32) -> Vec<(u32, u32)> {
    let ahead = i64::from(ahead);
    let second = second.rest(second_len);
    let mut both = Vec::new();
    for (low, high) in first.rest(len) {
        for (from, to) in &second {
            let low = i64::from(low).max(i64::from(*from) + ahead);
            let high = i64::from(high).min(i64::from(*to) + ahead);
            if low < high {
                both.push((low as u32, high as u32));
            }
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_covered_grows_together_and_the_rest_is_left() {
        let mut cover = Cover::default();
        assert_eq!(cover.rest(10), [(0, 10)]);
        cover.add(2, 4);
        cover.add(6, 8);
        assert_eq!(cover.rest(10), [(0, 2), (4, 6), (8, 10)]);
        cover.add(4, 6);
        assert_eq!((cover.rest(10), cover.left(10)), (vec![(0, 2), (8, 10)], 4));
        cover.add(0, 10);
        assert_eq!(cover.left(10), 0);
    }

    #[test]
    fn two_segments_have_in_common_what_is_left_in_both() {
        let (mut first, second) = (Cover::default(), Cover::default());
        assert_eq!(common(&first, 100, &second, 100, 60), [(60, 100)]);
        assert_eq!(common(&first, 100, &second, 100, -60), [(0, 40)]);
        assert_eq!(common(&first, 100, &second, 100, 100), []);
        first.add(70, 80);
        assert_eq!(common(&first, 100, &second, 100, 60), [(60, 70), (80, 100)]);
    }
}
