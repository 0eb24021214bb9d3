//! Captures that are left running, between two network namespaces.

mod net;

mod drops;
mod failing;
mod interface;
mod sandbox;
mod signals;

/// An interface whose packets have not come yet: waits until a capture has seen what was sent.
const PORT: u16 = 8080;
