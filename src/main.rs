//! Parses, runs, and maps what came of it to an exit status.

use std::process::ExitCode;

use clap::Parser;
use tcpcheck::cli::{self, Args, Exit};

fn main() -> ExitCode {
    match cli::main(&Args::parse()) {
        Ok(exit) => exit.into(),
        Err(error) if cli::is_closed_pipe(&error) => Exit::Done.into(),
        Err(error) => {
            cli::warn(&format!("tcpcheck: {}", cli::chain(&error)));
            Exit::CouldNot.into()
        }
    }
}
