//! A connection's time as a row of intervals, each with what the connection waited for.

/// What a connection waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// For its handshake.
    Opening,
    /// For the client's program: it had not sent its request, or not all of it.
    Client,
    /// For the server's program: it had not answered, or not completely.
    Server,
    /// For packets on their way, and for acknowledgments.
    Network,
    /// For a retransmission.
    Repair,
    /// For a receiver whose window was closed.
    Window,
    /// For nothing: no request was open.
    Idle,
}

impl Phase {
    /// All of them, in the order in which they are explained.
    pub(crate) const ALL: [Self; 7] =
        [Self::Opening, Self::Client, Self::Server, Self::Network, Self::Repair, Self::Window, Self::Idle];

    /// What its class is called.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Client => "client",
            Self::Server => "server",
            Self::Network => "network",
            Self::Repair => "repair",
            Self::Window => "window",
            Self::Idle => "idle",
        }
    }

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Repair => "retransmission",
            Self::Window => "window closed",
            _ => self.class(),
        }
    }
}

/// An interval: it begins where the one before it ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Part {
    /// What for.
    pub phase: Phase,
    /// Nanoseconds since the connection's first packet.
    pub end: i64,
}

/// A connection's time, from its first packet to its last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    parts: Vec<Part>,
    /// The last one's end, at hand: each packet asks for it.
    end: i64,
    /// Nanoseconds by phase before any were merged: most connections have no need of it.
    totals: Option<Box<[i64; Phase::ALL.len()]>>,
}

impl Parts {
    /// Adds an interval behind the others; of more than `most` the shortest are merged with those beside them.
    pub(crate) fn push(&mut self, phase: Phase, end: i64, most: usize) {
        let span = end.saturating_sub(self.end);
        if span <= 0 {
            return;
        }
        self.end = end;
        if let Some(totals) = &mut self.totals {
            totals[phase as usize] = totals[phase as usize].saturating_add(span);
        }
        match self.parts.last_mut() {
            Some(last) if last.phase == phase => last.end = end,
            _ => {
                if self.parts.is_empty() {
                    // What most connections have, at once.
                    self.parts.reserve(8);
                }
                self.parts.push(Part { phase, end });
            }
        }
        if self.parts.len() > most {
            self.narrow(most / 2);
        }
    }

    /// Takes back what is behind `to`, as far as it is of these phases: something later tells more of it.
    pub(crate) fn take_back(&mut self, to: i64, of: &[Phase]) {
        while let Some(last) = self.parts.last().copied().filter(|last| last.end > to && of.contains(&last.phase)) {
            let start = self.parts.iter().rev().nth(1).map_or(0, |before| before.end);
            self.end = start.max(to);
            if let Some(totals) = &mut self.totals {
                let total = &mut totals[last.phase as usize];
                *total = total.saturating_sub(last.end.saturating_sub(self.end)).max(0);
            }
            match self.parts.last_mut() {
                Some(last) if start < to => last.end = to,
                _ => drop(self.parts.pop()),
            }
        }
    }

    /// The last one's end.
    #[inline]
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// Nanoseconds of a phase, whatever was merged.
    pub(crate) fn total(&self, phase: Phase) -> i64 {
        match &self.totals {
            Some(totals) => totals[phase as usize],
            None => self.sum(phase),
        }
    }

    fn sum(&self, phase: Phase) -> i64 {
        let own = self.iter().filter(|(_, part)| part.phase == phase);
        own.fold(0, |sum: i64, (start, part)| sum.saturating_add(part.end.saturating_sub(start)))
    }

    /// Each with its beginning.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, Part)> {
        let mut start = 0;
        self.parts.iter().map(move |part| (std::mem::replace(&mut start, part.end), *part))
    }

    /// Leaves no more than so many, the longest.
    pub(crate) fn narrow(&mut self, most: usize) {
        let most = most.max(1);
        let Some(mut left) = self.parts.len().checked_sub(most).filter(|left| *left > 0) else { return };
        if self.totals.is_none() {
            self.totals = Some(Box::new(Phase::ALL.map(|phase| self.sum(phase))));
        }
        let mut spans: Vec<i64> = self.iter().map(|(start, part)| part.end.saturating_sub(start)).collect();
        let longest_gone = *spans.select_nth_unstable(left - 1).1;
        let mut kept: Vec<Part> = Vec::with_capacity(most);
        for (start, part) in self.iter() {
            let goes = left > 0 && part.end.saturating_sub(start) <= longest_gone;
            left -= usize::from(goes);
            match kept.last_mut() {
                Some(last) if goes || last.phase == part.phase => last.end = part.end,
                // The first ones go to the one behind them, which begins where they do.
                None if goes => {}
                _ => kept.push(part),
            }
        }
        self.parts = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_intervals_there_are_they_stay_few_and_cover_the_same_time() {
        let mut parts = Parts::default();
        for at in 1..=100_000_i64 {
            let (phase, span) = match at {
                50_000 => (Phase::Repair, 1_000_000),
                _ if at % 2 == 0 => (Phase::Server, 5),
                _ => (Phase::Network, 5),
            };
            parts.push(phase, parts.end() + span, 64);
        }
        assert!(parts.iter().count() <= 64);
        assert_eq!(parts.end(), 99_999 * 5 + 1_000_000);
        assert_eq!(parts.total(Phase::Network), 50_000 * 5);
        assert!(parts.iter().any(|(start, part)| part.phase == Phase::Repair && part.end - start >= 1_000_000));
        assert!(parts.iter().all(|(start, part)| part.end > start));
    }

    #[test]
    fn a_first_interval_that_is_the_shortest_goes_to_the_one_behind_it() {
        let mut parts = Parts::default();
        parts.push(Phase::Opening, 1, 8);
        for at in 1..=100 {
            parts.push(if at % 2 == 0 { Phase::Server } else { Phase::Client }, at * 10, 8);
        }
        parts.narrow(4);
        assert!((1..=4).contains(&parts.iter().count()));
        assert_eq!((parts.end(), parts.total(Phase::Opening)), (1_000, 1));
    }

    #[test]
    fn what_is_taken_back_can_be_told_anew_and_what_is_not_of_its_phases_stays() {
        let mut parts = Parts::default();
        for (phase, end) in [(Phase::Repair, 10), (Phase::Network, 20), (Phase::Server, 30), (Phase::Network, 40)] {
            parts.push(phase, end, 8);
        }
        parts.take_back(15, &[Phase::Network, Phase::Server]);
        assert_eq!(parts.end(), 15);
        parts.push(Phase::Server, 40, 8);
        parts.take_back(5, &[Phase::Network, Phase::Server]);
        let all: Vec<_> = parts.iter().map(|(start, part)| (start, part.end, part.phase)).collect();
        assert_eq!(all, [(0, 10, Phase::Repair)]);
        assert_eq!((parts.end(), parts.total(Phase::Network)), (10, 0));
    }

    #[test]
    fn equal_neighbours_are_one_and_no_time_is_none() {
        let mut parts = Parts::default();
        for (phase, end) in [(Phase::Opening, 10), (Phase::Opening, 20), (Phase::Server, 20), (Phase::Idle, 30)] {
            parts.push(phase, end, 8);
        }
        let all: Vec<_> = parts.iter().map(|(start, part)| (start, part.end, part.phase)).collect();
        assert_eq!(all, [(0, 20, Phase::Opening), (20, 30, Phase::Idle)]);
    }
}
