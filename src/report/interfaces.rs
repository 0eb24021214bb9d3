//! Names of interfaces by their index, for captures of all interfaces at once.

#[cfg(target_os = "linux")]
use std::fs;

/// Loopback's index in every network namespace (Linux, `LOOPBACK_IFINDEX`).
const LOOPBACK: u32 = 1;

/// What interfaces are called on the machine that captured. A capture file tells only their indexes, and what this machine calls
/// its own interfaces by these, as tcpdump does, would be wrong for another one's.
#[derive(Clone, Debug, Default)]
pub(super) struct Interfaces(Vec<(u32, Box<str>)>);

impl Interfaces {
    /// This machine's.
    #[cfg(target_os = "linux")]
    pub(super) fn local() -> Self {
        let entries = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
        let named = entries.filter_map(|entry| {
            let index = fs::read_to_string(entry.path().join("ifindex")).ok()?.trim().parse().ok()?;
            let name = entry.file_name().into_string().ok()?;
            name.bytes().all(|byte| byte.is_ascii_graphic()).then_some((index, name.into()))
        });
        Self(named.collect())
    }

    /// Only Linux captures on all interfaces at once.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn local() -> Self {
        Self::default()
    }

    /// The name of one, if it is known.
    pub(super) fn name(&self, index: u32) -> Option<&str> {
        let known = self.0.iter().find(|(known, _)| *known == index).map(|(_, name)| &**name);
        known.or((index == LOOPBACK).then_some("lo"))
    }
}
