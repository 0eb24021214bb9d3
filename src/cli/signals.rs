//! What signals ask for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

/// Asked for by signals since the program started.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    /// The end: SIGINT, SIGTERM or SIGHUP came.
    pub stop: Arc<AtomicBool>,
    /// The summary so far: SIGUSR1 came.
    summary: Arc<AtomicBool>,
}

impl Signals {
    /// Listens to the signals that end a capture, and to SIGUSR1. The second signal to end ends the program at once.
    pub(super) fn listen(stop: Arc<AtomicBool>) -> io::Result<Self> {
        let signals = Self { stop, ..Self::summary_only()? };
        for signal in [SIGINT, SIGTERM].into_iter().chain(hang_up()) {
            // The first ends the capture, the second the program.
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, signals.stop.clone())?;
            signal_hook::flag::register(signal, signals.stop.clone())?;
        }
        Ok(signals)
    }

    /// Listens to SIGUSR1 alone: what is read to its end anyway ends like any program.
    pub(super) fn summary_only() -> io::Result<Self> {
        let signals = Self::default();
        #[cfg(unix)]
        signal_hook::flag::register(signal_hook::consts::SIGUSR1, signals.summary.clone())?;
        Ok(signals)
    }

    /// Whether to end.
    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether the summary was asked for since the last question.
    pub(super) fn take_summary(&self) -> bool {
        self.summary.load(Ordering::Relaxed) && self.summary.swap(false, Ordering::Relaxed)
    }
}

/// SIGHUP, unless whoever started the program has it ignored, as nohup(1) does.
#[cfg(target_os = "linux")]
fn hang_up() -> Option<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let bit = 1 << (signal_hook::consts::SIGHUP - 1);
    (ignored.unwrap_or(0) & bit == 0).then_some(signal_hook::consts::SIGHUP)
}

#[cfg(not(target_os = "linux"))]
fn hang_up() -> Option<i32> {
    None
}
