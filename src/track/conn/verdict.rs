//! What a repeat, or the filling of a gap, turned out to be.

/// What a repeat, or the filling of a gap, turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) enum Verdict {
    /// A first copy that was overtaken.
    Late,
    /// A first copy that the capture stored behind what came after it.
    Stored,
    /// Sent again.
    Resent,
}
