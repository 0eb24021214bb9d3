//! When one file of `-w` is full and the next begins.

use std::ffi::OsString;

use super::Span;

/// When one file is full and the next begins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Turns {
    /// A file that has more bytes than this takes no further frame.
    pub bytes: Option<u64>,
    /// A file is for so long, by the frames' own times.
    pub every: Option<Span>,
    /// With `bytes`: so many files, and then the first again. With `every` alone: so many files, and then the end.
    pub files: Option<u32>,
    /// What is run for each file that is finished, with its name as the only argument.
    pub command: Option<OsString>,
}
