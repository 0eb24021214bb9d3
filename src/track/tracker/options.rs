//! What a tracker is told beforehand.

use crate::capture::Span;

/// Limits and constants of a tracker.
#[derive(Clone, Copy, Debug)]
pub struct TrackerOptions {
    /// Maximum segment lifetime; TIME-WAIT lasts twice as long.
    pub msl: Span,
    /// Most connections tracked at once.
    pub max_flows: usize,
    /// Maximum memory of all connections together, in bytes.
    pub max_memory: usize,
    /// Most connections tracked at once that have not been answered.
    pub max_half_open: usize,
    /// A connection that was silent for longer, and then does not go on exactly where it stopped, is another one.
    pub idle_timeout: Span,
    /// A server that takes so long to answer is slow (TC801).
    pub slow_response: Span,
    /// Maximum number of hot connections, those heard of last; others are packed while nothing is open of them.
    pub max_hot: usize,
    /// Take segments that are just what was expected without the checks that have nothing to say then. All that is said is the same without this.
    pub predicts: bool,
}

impl Default for TrackerOptions {
    fn default() -> Self {
        Self {
            // RFC 9293 §3.4.2 takes 2 minutes; 30 s is what Linux's TIME-WAIT of 60 s amounts to.
            msl: Span::from_secs(30),
            max_flows: 1_000_000,
            max_memory: 1 << 30,
            max_half_open: 250_000,
            // RFC 5382 REQ-5: an established connection may be idle for 2 hours and 4 minutes.
            idle_timeout: Span::from_secs(7_440),
            slow_response: Span::from_secs(1),
            // About 100 MB: three times the busy connections of a large server.
            max_hot: 64 * 1024,
            predicts: true,
        }
    }
}
