//! Probes that one end has sent for one reason.

use crate::capture::{Span, Timestamp};
use crate::rules::Rule;

use crate::track::Finding;
use crate::track::packed::packed;

/// Probes that one end has sent for one reason.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Probing {
    /// The other end's window is closed; else the connection is idle.
    pub closed: bool,
    /// The number of the octet that the last one carried, which no timer has sent before.
    pub at: Option<i64>,
    /// Those after the other end's last word: how many, the first one's time, the last one.
    pub unanswered: u32,
    pub first: Timestamp,
    pub last: (u64, Timestamp),
    pub said: bool,
}

packed!(Probing { closed, at, unanswered, first, last, said });

impl Probing {
    pub(crate) fn finding(&self, answered: bool, closed: Option<Span>) -> Finding {
        let mut finding = Finding::new(if self.closed { Rule::ZeroWindowStall } else { Rule::KeepAliveUnanswered });
        if let Some(closed) = closed.filter(|_| self.closed) {
            finding.time("closed", closed);
        }
        if !answered {
            finding.number("probes", self.unanswered).time("span", self.last.1.since(self.first));
        }
        finding
    }
}
