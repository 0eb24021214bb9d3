//! Where processes are not confined: on systems other than Linux.

use anyhow::{Result, bail};

/// Whom a process runs as in the end: the one who started it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User;

impl User {
    /// Nobody else.
    ///
    /// # Errors
    /// When one is asked for.
    pub fn of(asked: Option<&str>) -> Result<Option<Self>> {
        match asked {
            Some(name) => bail!("-Z {name}: not on this system"),
            None => Ok(None),
        }
    }
}

/// What stays open to a confined process.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowedDescriptors {
    /// The socket of a broker.
    pub broker: Option<i32>,
    /// The socket of a capture.
    pub capture: Option<i32>,
}

/// Confines nothing.
///
/// # Errors
/// Never.
pub fn close(_: Option<&User>, _: AllowedDescriptors) -> Result<()> {
    Ok(())
}
