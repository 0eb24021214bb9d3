//! What a process gives up before it takes the first packet apart: its user's rights, its capabilities, and nearly all
//! system calls. Whoever takes it over through a packet holds a process that can write what was open, and nothing else.
//!
//! On Linux only. What a kernel does not offer is left out: Landlock before 5.13, the system call filter on processors that
//! `calls.rs` does not know.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
mod calls;
mod privileges;
mod user;

use std::os::fd::RawFd;

use anyhow::{Context, Result};
use caps::CapsHashSet;
use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, Scope};

pub use privileges::keep_what_the_broker_needs;
pub use user::User;

/// What stays open to a confined process.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowedDescriptors {
    /// The socket of a broker, to send to.
    pub broker: Option<RawFd>,
    /// The socket of a capture: to receive from, and never to send to.
    pub capture: Option<RawFd>,
}

/// Confines this process, and all threads that it has or will have.
///
/// # Errors
/// When the system refuses what it usually grants: better no capture than one that is less safe than it seems.
pub fn close(user: Option<&User>, doors: AllowedDescriptors) -> Result<()> {
    let refused = "cannot confine this process before it reads packets; --no-sandbox does without";
    let nothing = CapsHashSet::new();
    privileges::bound(&nothing).context(refused)?;
    if let Some(user) = user {
        user.become_it().with_context(|| {
            format!("cannot give up root for the user {}: name another with -Z USER, or see --no-sandbox", user.name())
        })?;
    }
    privileges::keep(&nothing).context(refused)?;
    close_files().context(refused)?;
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
    calls::filter(doors).context(refused)?;
    let _ = doors;
    Ok(())
}

/// No path can be opened any more, whatever the system calls say.
fn close_files() -> Result<()> {
    let newest = ABI::V6;
    Ruleset::default()
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .restrict_self()?;
    Ok(())
}
