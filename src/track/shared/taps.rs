//! Capture points: how copies of one packet lie to each other when a capture has two of them (TC913).

use crate::capture::Span;
use serde::{Deserialize, Serialize};

use crate::track::shared::recent::{PassingSegment, RecentSegment};

/// From which capture point to which a packet went, as two copies of it show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) struct Route {
    from: u32,
    to: u32,
    /// By how much the second copy's time to live is lower.
    hops: i16,
}

impl Route {
    pub(crate) fn between(first: &RecentSegment, second: &PassingSegment) -> Self {
        Self { from: first.place, to: second.place, hops: i16::from(first.ttl) - i16::from(second.ttl) }
    }

    /// Whether the copies were captured in two places: a packet that the network delivers twice takes one way.
    pub(crate) fn is_elsewhere(self) -> bool {
        self.hops != 0 || self.from != self.to
    }

    /// Routers between both, where they can be told.
    pub(crate) fn hops(self) -> Option<i16> {
        Some(self.hops).filter(|hops| *hops != 0)
    }

    fn back(self) -> Self {
        Self { from: self.to, to: self.from, hops: -self.hops }
    }
}

/// A packet that was captured twice, as other trackers hear of it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) struct Tap {
    pub from: u32,
    pub to: u32,
    pub hops: i16,
    pub after: Span,
}

impl Tap {
    pub(crate) fn new(Route { from, to, hops }: Route, after: Span) -> Self {
        Self { from, to, hops, after }
    }
}

/// Copies that went one way.
#[derive(Clone, Copy, Debug)]
struct KnownRoute {
    route: Route,
    copies: u32,
    least: Span,
    most: Span,
}

/// Routes that are told apart; the least used one makes room.
const MAX_ROUTES: usize = 64;
/// Minimum number of copies that make a route known.
const MIN_COPIES: u32 = 2;
/// Distances are the same within this, and as much again as the longest one.
const SLACK: Span = Span::from_millis(1);

/// What copies have shown so far.
#[derive(Debug, Default)]
pub(in crate::track) struct Taps {
    routes: Vec<KnownRoute>,
    said: bool,
}

impl Taps {
    /// Takes a copy.
    pub(crate) fn learn(&mut self, route: Route, after: Span) {
        if let Some(known) = self.routes.iter_mut().find(|known| known.route == route) {
            known.copies = known.copies.saturating_add(1);
            (known.least, known.most) = (known.least.min(after), known.most.max(after));
            return;
        }
        if self.routes.len() >= MAX_ROUTES
            && let Some(least) = (0..self.routes.len()).min_by_key(|at| self.routes[*at].copies)
        {
            self.routes.swap_remove(least);
        }
        self.routes.push(KnownRoute { route, copies: 1, least: after, most: after });
    }

    /// Takes a copy that another tracker has seen.
    pub(crate) fn hear(&mut self, Tap { from, to, hops, after }: Tap) {
        let route = Route { from, to, hops };
        self.learn(route, after);
        self.first_time(route);
    }

    fn known(&self, route: Route) -> Option<&KnownRoute> {
        self.routes.iter().find(|known| known.route == route && known.copies >= MIN_COPIES)
    }

    /// Whether copies are known to go that way in about that time.
    pub(crate) fn reaches(&self, route: Route, after: Span) -> bool {
        self.known(route).is_some_and(|known| {
            let slack = known.most.0.saturating_add(SLACK.0);
            (known.least.0.saturating_sub(slack)..=known.most.0.saturating_add(slack)).contains(&after.0)
        })
    }

    /// How many copies were captured where their first copy was.
    pub(crate) fn copies_here(&self) -> u64 {
        self.routes.iter().filter(|known| !known.route.is_elsewhere()).map(|known| u64::from(known.copies)).sum()
    }

    /// Whether copies are known to go the other way: the earlier one is the second copy of another packet then.
    pub(crate) fn turns_back(&self, route: Route) -> bool {
        self.known(route.back()).is_some() && self.known(route).is_none()
    }

    /// Whether this capture has two capture points, said once.
    pub(crate) fn first_time(&mut self, route: Route) -> bool {
        route.is_elsewhere() && self.known(route).is_some() && !std::mem::replace(&mut self.said, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTE: Route = Route { from: 1, to: 2, hops: 1 };

    fn learnt(times: &[i64]) -> Taps {
        let mut taps = Taps::default();
        times.iter().for_each(|ms| taps.learn(ROUTE, Span::from_millis(*ms)));
        taps
    }

    #[test]
    fn two_copies_make_a_route_known_at_about_their_distance() {
        assert!(!learnt(&[25]).reaches(ROUTE, Span::from_millis(25)));
        let taps = learnt(&[25, 30]);
        assert!(taps.reaches(ROUTE, Span::from_millis(40)) && !taps.reaches(ROUTE, Span::from_millis(200)));
        assert!(taps.turns_back(ROUTE.back()) && !taps.turns_back(ROUTE));
    }

    #[test]
    fn routes_without_end_take_no_more_room() {
        let mut taps = learnt(&[3, 3, 3]);
        for from in 0..1000 {
            taps.learn(Route { from, ..ROUTE }, Span::from_millis(1));
        }
        assert!(taps.routes.len() <= MAX_ROUTES && taps.reaches(ROUTE, Span::from_millis(3)));
    }
}
