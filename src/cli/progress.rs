//! How far a long run is: a line on the terminal that goes when the run ends.

use std::io::Write;
use std::time::{Duration, Instant};

/// Packets between two looks at the clock.
const STEP: u64 = 4096;

/// Shows a count, from the first second on, twice a second.
#[derive(Debug)]
pub(super) struct Progress {
    /// When to show it next; none when it is not to be shown.
    due: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// On a terminal only.
    pub(super) fn new(on: bool) -> Self {
        Self { due: on.then(|| Instant::now() + Duration::from_secs(1)), shown: false }
    }

    /// So many packets are done.
    #[inline]
    pub(super) fn packets(&mut self, done: u64) {
        if done.is_multiple_of(STEP) {
            self.look(done);
        }
    }

    #[cold]
    fn look(&mut self, done: u64) {
        let Some(due) = self.due else { return };
        let now = Instant::now();
        if now >= due {
            let _ = write!(std::io::stderr(), "\r{done} packets");
            self.due = Some(now + Duration::from_millis(500));
            self.shown = true;
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
