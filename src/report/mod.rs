//! Every way out: what was found, in words, lines, tables and records. Read by nobody but `cli`.

pub mod lines;
mod wording;

pub use wording::message;
