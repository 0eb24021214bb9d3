//! Every way out: what was found, in words, lines, tables and records. Read by nobody but `cli`.

mod wording;

pub use wording::message;
