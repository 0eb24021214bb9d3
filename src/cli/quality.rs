//! What is wrong with a capture, told to whoever runs the program.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::analyse::{is_damage, kernel_drops};
use crate::capture::{CaptureFault, Drops, Timestamp};
use crate::track::Finding;

use super::output::warn;

/// Losses that go on are not told more often than that.
const PATIENCE: Duration = Duration::from_secs(1);

/// Says where files are cut; what is damaged is an error.
pub(super) fn check_faults(faults: &[CaptureFault]) -> Result<()> {
    for fault in faults {
        if is_damage(fault) {
            bail!(fault.to_string());
        }
        warn(&format!("tcpcheck: {fault}"));
    }
    Ok(())
}

/// What a capture has lost so far, and what of it was told.
#[derive(Debug, Default)]
pub(super) struct Losses {
    seen: Drops,
    told: Drops,
    last: Option<Instant>,
}

impl Losses {
    /// Takes the counters as they are now; true when the capture has lost something since the last look.
    pub(super) fn look(&mut self, now: Drops) -> bool {
        let before = std::mem::replace(&mut self.seen, now);
        now.kernel > before.kernel || now.interface > before.interface
    }

    /// TC907 for what was lost since it was told last, when it is time, in a capture that is at this frame.
    pub(super) fn warn(&mut self, frame: u64, at: Timestamp) -> Option<Finding> {
        if self.last.is_some_and(|last| last.elapsed() < PATIENCE) {
            return None;
        }
        let mut finding = self.rest()?;
        (finding.frame, finding.ts) = (frame, at);
        self.last = Some(Instant::now());
        Some(finding)
    }

    /// TC907 for what has not been told.
    pub(super) fn rest(&mut self) -> Option<Finding> {
        let told = std::mem::replace(&mut self.told, self.seen);
        kernel_drops(Drops {
            received: 0,
            kernel: self.seen.kernel.saturating_sub(told.kernel),
            interface: self.seen.interface.saturating_sub(told.interface),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drops(kernel: u64) -> Drops {
        Drops { received: 0, kernel, interface: 0 }
    }

    #[test]
    fn each_loss_is_told_once_and_soon_ones_together() {
        let mut losses = Losses::default();
        assert!(!losses.look(drops(0)));
        assert!(losses.warn(1, Timestamp(0)).is_none());
        assert!(losses.look(drops(5)));
        let told = losses.warn(9, Timestamp(7)).unwrap();
        assert_eq!((told.frame, told.fact("kernel")), (9, Some(&crate::track::Value::Number(5))));
        // Within a second of it.
        assert!(losses.look(drops(8)));
        assert!(losses.warn(10, Timestamp(8)).is_none());
        assert_eq!(losses.rest().unwrap().fact("kernel"), Some(&crate::track::Value::Number(3)));
        assert!(losses.rest().is_none());
    }
}
