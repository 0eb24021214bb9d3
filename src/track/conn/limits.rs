//! What held a transfer back, so far: both directions' accounts.

use crate::capture::{Span, Timestamp};

use crate::track::conn::account::Account;
use crate::track::conn::maybe::Maybe;
use crate::track::packed::packed;

/// The accounts of both directions.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct Limits {
    /// When both could send.
    pub opened: Maybe<Timestamp>,
    /// The longest time without any segment.
    pub idle: Span,
    pub accounts: [Account; 2],
}

packed!(Limits { accounts, opened, idle });

impl Limits {
    /// Both ends could send.
    pub(crate) fn is_opened(&self) -> bool {
        self.opened.get().is_some()
    }
}
