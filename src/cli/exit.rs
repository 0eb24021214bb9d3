//! The exit status: the one place that says what each number means.

use std::process::ExitCode;

use crate::report::check::RunStanding;

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// It did what it was asked to do. Viewing never fails because of what it found.
    Done,
    /// `--fail-on` was reached.
    Failed,
    /// It could not: bad option, filter or file, no permission, not a capture.
    CouldNot,
    /// `check` has judged.
    Judged(RunStanding),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::CouldNot => 2,
            Exit::Judged(standing) => standing.status(),
        })
    }
}
