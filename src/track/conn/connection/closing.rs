//! How a connection closes: nothing is allocated for that before an end does.

use crate::capture::Timestamp;

use crate::track::conn::connection::Connection;
use crate::track::conn::maybe::Maybe;
use crate::track::packed::packed;

/// The frames of a close.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct Closing {
    /// The frame and time of each end's FIN.
    fins: [(u64, Timestamp); 2],
    /// When both FINs were acknowledged.
    time_wait_since: Maybe<Timestamp>,
}

packed!(Closing { fins, time_wait_since });

impl Connection {
    /// The frame and time of an end's FIN; 0 where there was none.
    pub(crate) fn fin_frame(&self, of: usize) -> (u64, Timestamp) {
        self.closing.as_deref().map_or_else(Default::default, |closing| closing.fins[of])
    }

    /// Notes it.
    pub(crate) fn set_fin_frame(&mut self, of: usize, fin: (u64, Timestamp)) {
        self.closing.get_or_insert_default().fins[of] = fin;
    }

    /// When both FINs were acknowledged.
    pub(crate) fn time_wait_since(&self) -> Option<Timestamp> {
        self.closing.as_deref().and_then(|closing| closing.time_wait_since.get())
    }

    /// Notes it.
    pub(crate) fn note_time_wait_since(&mut self, now: Timestamp) {
        self.closing.get_or_insert_default().time_wait_since = Maybe::some(now);
    }
}
