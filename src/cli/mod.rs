//! One run of the program: what was typed ([`args`]), what that means here ([`plan`]), the run, and its exit status.

pub mod args;

pub use args::Args;
