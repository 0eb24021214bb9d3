//! What an interface itself counts as lost.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The counters that libpcap adds up for `dropped by interface`; it opens their files anew each time, which a process that
/// may not open files cannot.
const LOST: [&str; 2] = ["rx_missed_errors", "rx_fifo_errors"];

/// Counters of an interface, open.
#[derive(Debug, Default)]
pub(super) struct Counters {
    files: Vec<File>,
    before: u64,
    last: u64,
}

impl Counters {
    /// Of an interface of that name and number; empty where the system has none.
    pub(super) fn open(name: &str, index: u32) -> Self {
        let folder = Path::new("/sys/class/net").join(name);
        // Where /sys is another network namespace's, an interface of that name is another one.
        let own = std::fs::read_to_string(folder.join("ifindex")).is_ok_and(|text| text.trim() == index.to_string());
        if !own {
            return Self::default();
        }
        let files = LOST.iter().filter_map(|name| File::open(folder.join("statistics").join(name)).ok()).collect();
        let mut counters = Self { files, ..Self::default() };
        counters.before = counters.sum().unwrap_or(0);
        counters
    }

    /// Packets lost since the capture began.
    pub(super) fn lost(&mut self) -> u64 {
        if let Some(sum) = self.sum() {
            self.last = sum.saturating_sub(self.before);
        }
        self.last
    }

    /// None once the interface has gone.
    fn sum(&self) -> Option<u64> {
        self.files.iter().try_fold(0_u64, |sum, file| {
            let mut text = [0; 24];
            let length = file.read_at(&mut text, 0).ok()?;
            let number: u64 = std::str::from_utf8(text.get(..length)?).ok()?.trim().parse().ok()?;
            Some(sum.saturating_add(number))
        })
    }
}
