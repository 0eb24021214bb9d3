//! What packets of one way have to wait for.

use crate::capture::Span;

/// The path's queue: what packets of one way had to wait, lately and at most.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PathQueue {
    pub last: Span,
    /// What the latest packets took that nothing else was like, and the middle one of the three before the last.
    told: [Span; 3],
    usual: Span,
    pub min: Option<Span>,
    pub max: Span,
    /// What delays differ by from one to the next, smoothed as RFC 6298 §2 does.
    variation: Span,
}

impl PathQueue {
    pub(super) fn add(&mut self, delay: Span) {
        let changed = delay.minus(self.last).0.abs();
        self.variation = Span(self.variation.0 + (changed - self.variation.0) / 16);
        self.last = delay;
        self.min = Some(self.min.map_or(delay, |min| min.min(delay)));
        self.max = self.max.max(delay);
    }

    /// Takes the delay of a packet that nothing else was like: what is usual before and after it. One that was held back is passed over.
    pub(super) fn usual(&mut self, delay: Span) -> (Span, Span) {
        let [_, first, second] = self.told;
        self.told = [first, second, delay];
        let mut sorted = self.told;
        sorted.sort_unstable();
        let before = std::mem::replace(&mut self.usual, sorted[1]);
        (before, self.usual)
    }

    /// What delays differ by from one packet to the next.
    pub(super) fn variation(&self) -> Span {
        self.variation
    }

    /// Whether a delay lies in the upper half of all that a queue has made of them, where it has made much.
    pub(super) fn is_long(&self, delay: Span) -> bool {
        let min = self.min.unwrap_or_default();
        let grown = self.max.minus(min);
        grown >= Span::from_millis(5) && delay.minus(min).doubled() >= grown
    }
}
