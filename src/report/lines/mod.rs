//! tcpdump's line for a TCP packet, byte for byte as tcpdump 4.99.3 writes it, up to and including `length N`.
//!
//! What applications say behind the length (`: HTTP: …`) is left out. Nothing but printable ASCII that is made here ever
//! gets into a line: the packet's own bytes appear as numbers, and with `-A` and `-X` with `.` for whatever cannot be printed.

mod style;

pub use style::{DumpStyle, LineStyle, StampStyle};
