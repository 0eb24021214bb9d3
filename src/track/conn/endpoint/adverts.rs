//! The windows that an end advertised.

use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::step::Step;
use crate::track::packed::packed;
use crate::track::shared::recent::{Advert, RecentSegment, RecentSegments};

/// What none of the edges advertised last lies below.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Floor {
    /// Of the edges so far, and of a whole number of them before.
    now: i64,
    before: i64,
    count: u8,
}

packed!(Floor { now, before, count });

/// Maximum number of segments that are looked through for the window that they advertised.
const MAX_ADVERTS: u8 = 32;

impl Default for Floor {
    fn default() -> Self {
        Self { now: i64::MAX, before: i64::MAX, count: 0 }
    }
}

impl Floor {
    fn add(&mut self, edge: i64) {
        if self.count == MAX_ADVERTS {
            *self = Self { now: i64::MAX, before: self.now, count: 0 };
        }
        self.now = self.now.min(edge);
        self.count += 1;
    }
}

impl Endpoint {
    /// Notes a window that it advertised.
    pub(crate) fn advertise(&mut self, advert: Advert, recent: &mut RecentSegments) {
        self.floor.add(advert.edge);
        recent.advertise(self.recent, advert);
    }

    /// The edge of the last window that it advertised lies here or further right, whichever the other end had received.
    pub(crate) fn least_edge(&self) -> i64 {
        self.edge.min(self.floor.now).min(self.floor.before)
    }

    /// The last window that it advertised, as far as the sender of the step's segment had received it: the echo of its timestamp
    /// tells.
    pub(crate) fn window_known_to(&self, step: &Step<'_>) -> (i64, u32) {
        let echoed = step.segment.options.timestamps.and_then(|(_, tsecr)| {
            // Segments are counted, and not only those that advertise a window: looking back may find none of these.
            let back = step
                .shared
                .recent
                .back(self.recent, (step.obs.flow, step.from.reverse()), step.segment.frame)
                .take(MAX_ADVERTS.into());
            back.filter_map(RecentSegment::advert).find(|advert| advert.tsval == tsecr)
        });
        echoed.map_or((self.edge, self.window), |advert| (advert.edge, advert.window))
    }
}
