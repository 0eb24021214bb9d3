//! What was typed behind `anonymize`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as Group, ValueHint};

use super::common::ConfinementArgs;

/// What was typed behind `anonymize`.
#[derive(Debug, Group)]
pub struct AnonymizeArgs {
    /// Capture files (-: standard input); several are merged in time order
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Write the packets to this file (-: standard output); pcapng if its name ends in .pcapng
    #[arg(short, long = "write", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub write: PathBuf,
    /// Take the secret from this file: the same secret gives the same pseudonyms. By default it is drawn, and forgotten
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
    /// Leave ports as they are
    #[arg(long)]
    pub keep_ports: bool,
    /// Move all times by so many seconds, back with a minus
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true, hide_default_value = true)]
    pub shift: i64,
    /// Only packets that this pcap filter expression takes
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<OsString>,
    /// What is given up before packets are read.
    #[command(flatten, next_help_heading = "Privileges")]
    pub confinement: ConfinementArgs,
}
