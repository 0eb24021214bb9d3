//! A path over time: delays and losses in as many steps as a picture has room for.

use crate::capture::{Span, Timestamp};

/// Steps at most; where there are more, two become one.
const MAX_STEPS: usize = 512;

/// The first width of a step.
const FIRST_WIDTH: Span = Span::from_millis(1);

/// What happened in equal steps of time.
#[derive(Clone, Debug)]
pub struct Timeline {
    start: Timestamp,
    width: Span,
    steps: Vec<Step>,
}

/// What happened in one of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Step {
    /// Packets that arrived.
    pub arrived: u64,
    /// Packets that were lost.
    pub lost: u64,
    /// The shortest delay.
    pub min: Span,
    /// The longest delay.
    pub max: Span,
    sum: i64,
}

impl Step {
    /// The mean delay.
    pub fn mean(&self) -> Option<Span> {
        (self.arrived > 0).then(|| Span(self.sum / i64::try_from(self.arrived).unwrap_or(i64::MAX)))
    }

    fn add(&mut self, other: &Self) {
        if other.arrived > 0 {
            self.min = if self.arrived == 0 { other.min } else { self.min.min(other.min) };
            self.max = if self.arrived == 0 { other.max } else { self.max.max(other.max) };
        }
        self.arrived += other.arrived;
        self.lost += other.lost;
        self.sum = self.sum.saturating_add(other.sum);
    }
}

impl Timeline {
    /// From then on.
    pub fn new(start: Timestamp) -> Self {
        Self { start, width: FIRST_WIDTH, steps: Vec::new() }
    }

    /// A packet that was sent then and took so long.
    pub(super) fn arrived(&mut self, ts: Timestamp, delay: Span) {
        self.add(ts, &Step { arrived: 1, min: delay, max: delay, sum: delay.0, ..Step::default() });
    }

    /// A packet that was sent then and was lost.
    pub(super) fn lost(&mut self, ts: Timestamp) {
        self.add(ts, &Step { lost: 1, ..Step::default() });
    }

    fn add(&mut self, ts: Timestamp, step: &Step) {
        let elapsed = ts.since(self.start).0.max(0);
        while elapsed / self.width.0 >= MAX_STEPS as i64 {
            self.width = self.width.doubled();
            let halves = std::mem::take(&mut self.steps);
            self.steps = halves
                .chunks(2)
                .map(|pair| {
                    let mut one = Step::default();
                    pair.iter().for_each(|half| one.add(half));
                    one
                })
                .collect();
        }
        let at = (elapsed / self.width.0) as usize;
        if self.steps.len() <= at {
            self.steps.resize(at + 1, Step::default());
        }
        self.steps[at].add(step);
    }

    /// When each step begins, and what happened in it.
    pub fn steps(&self) -> impl Iterator<Item = (Timestamp, &Step)> {
        self.steps
            .iter()
            .enumerate()
            .map(|(at, step)| (Timestamp(self.start.0.saturating_add(self.width.0.saturating_mul(at as i64))), step))
    }

    /// How long a step is.
    pub fn width(&self) -> Span {
        self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_become_one_where_there_are_too_many() {
        let mut timeline = Timeline::new(Timestamp(0));
        for second in 0..1000 {
            timeline.arrived(Timestamp::new(second, 0), Span::from_millis(10 + second));
        }
        timeline.lost(Timestamp::new(999, 5));
        assert_eq!(timeline.width(), Span::from_millis(2048));
        let steps: Vec<_> = timeline.steps().map(|(_, step)| *step).collect();
        assert!(steps.len() <= MAX_STEPS);
        assert_eq!((steps.iter().map(|step| step.arrived).sum::<u64>(), steps.last().unwrap().lost), (1000, 1));
        assert_eq!((steps[0].min, steps[0].max), (Span::from_millis(10), Span::from_millis(12)));
        assert_eq!(steps[0].mean(), Some(Span::from_millis(11)));
    }
}
