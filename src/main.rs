//! Parses, runs, and maps what came of it to an exit status.

fn main() {}
