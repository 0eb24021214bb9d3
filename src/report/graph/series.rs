//! Points over time in bounded room: all of them while they are few, and then what shows on a screen.

/// A point, or an upright line from `lo` to `hi`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Dot {
    /// Nanoseconds since the connection began.
    pub t: i64,
    /// Its value, or the lower end.
    pub lo: i64,
    /// The same, or the upper end.
    pub hi: i64,
    /// The frame that it comes from.
    pub frame: u64,
}

impl Dot {
    /// A single value.
    pub fn at(t: i64, value: i64, frame: u64) -> Self {
        Self { t, lo: value, hi: value, frame }
    }
}

/// What becomes of points that fall into one column of the screen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Thinning {
    /// The first, the last, the lowest and the highest stay: a line through them looks as it did.
    #[default]
    Pick,
    /// Those that join each other become one.
    Join,
}

/// Points over time.
#[derive(Clone, Debug, Default)]
pub struct Series {
    dots: Vec<Dot>,
    thinning: Thinning,
    /// Width of a column in nanoseconds; 0 while every point is kept.
    column: i64,
    /// The points of the last column, once points are left out.
    last: Option<Column>,
}

/// What is left of the points of a column while more come.
#[derive(Clone, Copy, Debug)]
struct Column {
    end: i64,
    first: Dot,
    lowest: Dot,
    highest: Dot,
    last: Dot,
}

impl Series {
    /// Without points.
    pub fn new(thinning: Thinning) -> Self {
        Self { thinning, ..Self::default() }
    }

    /// Adds a point; no more than about `most` are kept.
    pub fn push(&mut self, dot: Dot, most: usize) {
        if let Some(column) = self.last.as_mut().filter(|column| dot.t < column.end)
            && column.takes(dot, self.thinning)
        {
            return;
        }
        self.settle();
        if self.dots.len() >= most.max(8) {
            self.thin(most.max(8) / 2);
        }
        if self.column > 0 {
            let end = (dot.t.div_euclid(self.column) + 1).saturating_mul(self.column);
            self.last = Some(Column { end, first: dot, lowest: dot, highest: dot, last: dot });
        } else {
            self.dots.push(dot);
        }
    }

    /// No more points come for now.
    pub fn settle(&mut self) {
        match (self.last.take(), self.thinning) {
            (None, _) => {}
            (Some(column), Thinning::Join) => self.dots.push(column.first),
            (Some(column), Thinning::Pick) => self.dots.extend(column.dots()),
        }
    }

    /// The points that are [settled](Self::settle), in the order in which they came.
    pub fn dots(&self) -> &[Dot] {
        &self.dots
    }

    /// Whether points were left out.
    pub fn is_thinned(&self) -> bool {
        self.column > 0
    }

    /// Leaves no more than about `most` points.
    pub fn thin(&mut self, most: usize) {
        self.settle();
        let Some((first, last)) = self.dots.first().zip(self.dots.last()) else { return };
        let span = last.t.saturating_sub(first.t).max(1);
        // Four points stay of a column at most.
        let least = span / i64::try_from(most.max(4) / 4).unwrap_or(i64::MAX).max(1);
        self.column = self.column.max(1);
        while self.dots.len() > most {
            let before = self.dots.len();
            self.column = if self.column < least { least } else { self.column.saturating_mul(2) };
            self.gather();
            if self.column > span && self.dots.len() >= before {
                match self.thinning {
                    // The points lie apart in one column: there is no more to join.
                    Thinning::Join => self.thinning = Thinning::Pick,
                    // No column is wide enough, whichever way time goes: every second one stays.
                    Thinning::Pick => self.halve(),
                }
            }
        }
    }

    fn halve(&mut self) {
        let mut at = 0_usize;
        self.dots.retain(|_| {
            at = at.wrapping_add(1);
            at % 2 == 1
        });
    }

    fn gather(&mut self) {
        let mut kept = Vec::with_capacity(self.dots.len() / 2);
        let mut rest = &self.dots[..];
        while let Some(first) = rest.first() {
            let column = first.t.div_euclid(self.column);
            let end = rest.iter().position(|dot| dot.t.div_euclid(self.column) != column).unwrap_or(rest.len());
            let (group, behind) = rest.split_at(end);
            match self.thinning {
                Thinning::Pick => kept.extend(picked(group).into_iter().flatten()),
                Thinning::Join => join(group, &mut kept),
            }
            rest = behind;
        }
        self.dots = kept;
    }
}

impl Dot {
    fn joins(&self, other: &Self) -> bool {
        other.lo <= self.hi && other.hi >= self.lo
    }

    fn join(&mut self, other: &Self) {
        self.lo = self.lo.min(other.lo);
        self.hi = self.hi.max(other.hi);
    }
}

impl Column {
    /// Takes one more point, if it can be told with those that are there.
    fn takes(&mut self, dot: Dot, thinning: Thinning) -> bool {
        if thinning == Thinning::Join {
            let joins = self.first.joins(&dot);
            if joins {
                self.first.join(&dot);
            }
            return joins;
        }
        if dot.lo < self.lowest.lo {
            self.lowest = dot;
        }
        if dot.hi > self.highest.hi {
            self.highest = dot;
        }
        self.last = dot;
        true
    }

    /// Its points, each once.
    fn dots(&self) -> impl Iterator<Item = Dot> + use<> {
        let Self { first, lowest, highest, last, .. } = *self;
        let (one, other) = if lowest.frame <= highest.frame { (lowest, highest) } else { (highest, lowest) };
        let mut before = None;
        [first, one, other, last].into_iter().filter(move |dot| before.replace(*dot) != Some(*dot))
    }
}

fn picked(group: &[Dot]) -> Option<impl Iterator<Item = Dot> + use<>> {
    let (first, rest) = group.split_first()?;
    let mut column = Column { end: 0, first: *first, lowest: *first, highest: *first, last: *first };
    for dot in rest {
        column.takes(*dot, Thinning::Pick);
    }
    Some(column.dots())
}

fn join(group: &[Dot], kept: &mut Vec<Dot>) {
    let start = kept.len();
    for dot in group {
        match kept[start..].last_mut() {
            Some(last) if last.joins(dot) => last.join(dot),
            _ => kept.push(*dot),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(thinning: Thinning, dots: impl Iterator<Item = Dot>) -> Series {
        let mut series = Series::new(thinning);
        dots.for_each(|dot| series.push(dot, 1000));
        series.settle();
        series
    }

    #[test]
    fn few_points_stay_as_they_are() {
        let series = series(Thinning::Pick, (0..1000).map(|t| Dot::at(t, t, 1)));
        assert_eq!((series.dots().len(), series.is_thinned()), (1000, false));
    }

    #[test]
    fn of_very_many_the_outline_stays() {
        let peak = |t: i64| if t == 777_777 { 1_000_000 } else { t % 7 };
        let series = series(Thinning::Pick, (0..1_000_000).map(|t| Dot::at(t, peak(t), t as u64)));
        assert!(series.dots().len() <= 1000 && series.is_thinned());
        assert!(series.dots().contains(&Dot::at(777_777, 1_000_000, 777_777)), "the peak is there");
        assert_eq!(series.dots()[0].t, 0);
        assert!(series.dots().is_sorted_by_key(|dot| dot.t));
    }

    #[test]
    fn what_joins_becomes_one_and_covers_the_same() {
        let series = series(Thinning::Join, (0..100_000).map(|t| Dot { t, lo: t * 10, hi: t * 10 + 10, frame: 1 }));
        assert!(series.dots().len() <= 1000);
        let mut upto = 0;
        for dot in series.dots() {
            assert_eq!(dot.lo, upto);
            upto = dot.hi;
        }
        assert_eq!(upto, 1_000_000);
    }

    #[test]
    fn time_that_jumps_to_and_fro_is_thinned_too() {
        for thinning in [Thinning::Pick, Thinning::Join] {
            for far in [1, 1_000_000, i64::MAX] {
                let time = |at: i64| if at % 2 == 0 { far } else { -far };
                let series = series(thinning, (0..10_000).map(|at| Dot::at(time(at), at * 10, at as u64)));
                assert!(series.dots().len() <= 1000, "{thinning:?} {far}: {}", series.dots().len());
            }
        }
    }

    #[test]
    fn points_apart_at_one_time_are_bounded_too() {
        let series =
            series(Thinning::Join, (0..100_000).map(|at| Dot { t: 5, lo: at * 10, hi: at * 10 + 1, frame: 1 }));
        assert!(series.dots().len() <= 1000);
    }
}
