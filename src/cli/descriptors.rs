//! How many files a process may have open at once.

use anyhow::{Result, bail};

/// Files that are open beside captures: outputs, sockets, and what each thread reads.
const BESIDE: u64 = 128;

/// Lets this process have that many captures open, if the system allows it.
///
/// # Errors
/// When it does not; `instead` says what to do then.
pub(super) fn allow(captures: usize, instead: &str) -> Result<()> {
    // Each is opened once, and read by a descriptor of its own.
    let wanted = (captures as u64).saturating_mul(2).saturating_add(BESIDE);
    let most = raise(wanted);
    if captures > 1 && most < wanted {
        bail!("{captures} captures, and a process may have {most} files open here (ulimit -Hn): {instead}");
    }
    Ok(())
}

/// Raises the limit to that number of files as far as the system allows; gives how many there may be.
#[cfg(unix)]
fn raise(wanted: u64) -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|now| now < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |most| most.min(wanted)));
        let _ = setrlimit(Resource::Nofile, limit);
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(not(unix))]
fn raise(_: u64) -> u64 {
    u64::MAX
}
