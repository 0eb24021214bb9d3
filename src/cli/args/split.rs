//! What was typed behind `split`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as Group, ValueEnum, ValueHint};

use super::common::{AnalysisArgs, ConfinementArgs};

/// What was typed behind `split`.
#[derive(Debug, Group)]
pub struct SplitArgs {
    /// Capture files (-: standard input); several are merged in time order
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Write the parts, and index.ndjson, to this folder, which is made if it is not there, and has to be empty
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
    /// A part for each: flow (connection), host (of the server), port (of the server), or finding (the worst of a connection;
    /// reads files twice)
    #[arg(long, value_name = "KEY", value_enum, hide_possible_values = true)]
    pub by: By,
    /// Only packets that this pcap filter expression takes
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<OsString>,
    /// Limits of the analysis.
    #[command(flatten, next_help_heading = "Analysis")]
    pub analysis: AnalysisArgs,
    /// What is given up before packets are read.
    #[command(flatten, next_help_heading = "Privileges")]
    pub confinement: ConfinementArgs,
}

/// What the packets of a part have in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum By {
    /// Their connection
    Flow,
    /// Their server's address
    Host,
    /// Their server's port
    Port,
    /// The worst finding of their connection
    Finding,
}
