//! Who does for a confined live check what it cannot do any more: remove its temporary file, and end its command.

use std::path::Path;
use std::process::Child;

use anyhow::Result;

use crate::capture::CaptureError;

/// A broker that lasts as long as the check.
#[cfg(target_os = "linux")]
pub(super) struct Helper(crate::cli::broker::RemoteBroker);

#[cfg(target_os = "linux")]
impl Helper {
    /// Starts it, for this file, which it may remove if it is a `temporary` one, and this command, which may have a process
    /// group of its own.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn spawn(
        file: &Path,
        temporary: bool,
        command: Option<&Child>,
        has_group: bool,
    ) -> Result<Option<Self>> {
        use crate::capture::{Purpose, SaveNames, Turns};
        let names = SaveNames::new(file, Turns::default()).with_purpose(if temporary {
            Purpose::Temporary
        } else {
            Purpose::Findings(Some(0))
        });
        Ok(Some(Self(crate::cli::broker::RemoteBroker::spawn_beside(names, command, has_group)?)))
    }

    /// Where it is asked.
    pub(super) fn socket(&self) -> i32 {
        self.0.socket()
    }

    /// Removes the file.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn discard(&self) -> Result<(), CaptureError> {
        self.0.discard()
    }

    /// Asks the command to end, or ends it.
    ///
    /// # Errors
    /// When it has ended, or is another user's.
    pub(super) fn stop(&self, insist: bool) -> Result<(), CaptureError> {
        self.0.stop(insist)
    }
}

/// Where nothing is confined there is none.
#[cfg(not(target_os = "linux"))]
pub(super) enum Helper {}

#[cfg(not(target_os = "linux"))]
impl Helper {
    /// Starts nothing.
    ///
    /// # Errors
    /// Never.
    pub(super) fn spawn(_: &Path, _: bool, _: Option<&Child>, _: bool) -> Result<Option<Self>> {
        Ok(None)
    }

    /// Never called.
    pub(super) fn socket(&self) -> i32 {
        match *self {}
    }

    /// Never called.
    ///
    /// # Errors
    /// Never.
    pub(super) fn discard(&self) -> Result<(), CaptureError> {
        match *self {}
    }

    /// Never called.
    ///
    /// # Errors
    /// Never.
    pub(super) fn stop(&self, _: bool) -> Result<(), CaptureError> {
        match *self {}
    }
}
