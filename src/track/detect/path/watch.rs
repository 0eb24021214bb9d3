//! What is watched of the path of one connection. Most connections have nothing of it: it is allocated with the first thing that
//! stands out.

use crate::capture::Span;

use crate::track::Finding;
use crate::track::conn::connection::Connection;
use crate::track::conn::step::{Shared, Step};

/// A round trip from which on it may be one that a queue has made longer.
// A queue that is worth a word adds 100 ms to a round trip.
const LONG: Span = Span::from_millis(100);

impl Connection {
    /// Looks at what a segment that was taken tells of the path.
    #[inline]
    pub(in crate::track) fn watch_path(&mut self, step: &mut Step<'_>) {
        let watch = self.rare.path.as_deref();
        let (queued, silent) =
            watch.map_or((false, false), |path| (path.queues[step.peer()].is_some(), path.silence.is_some()));
        let rtt = step.obs.acked.as_ref().and_then(|acked| acked.rtt);
        if let Some(rtt) = rtt.filter(|rtt| *rtt >= LONG || queued) {
            self.note_queue(step, rtt);
        }
        if silent {
            self.settle_silence(step.shared, step.segment.ts);
        }
    }

    /// What the path did that only the end shows.
    pub(in crate::track) fn conclude_path(&self, shared: &Shared, found: &mut Vec<Finding>) {
        self.conclude_proxies(found);
        if self.rare.path.is_some() {
            self.conclude_sizes(shared, found);
            self.conclude_queues(found);
        }
    }
}
