//! What was typed behind `export`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as Group, ValueEnum, ValueHint};

use super::common::{AnalysisArgs, ConfinementArgs};

/// What was typed behind `export`.
#[derive(Debug, Group)]
pub struct ExportArgs {
    /// Capture files (-: standard input): one table of them all, with their names in the column source
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// What a row is: flows (a connection), exchanges (a request and its answer), findings, packets (with what they did) or segments (their headers)
    #[arg(long, value_name = "TABLE", value_enum, hide_possible_values = true)]
    pub table: TableName,
    /// How: csv, tsv, ndjson, arrow (IPC) or parquet; by default what the name behind -o ends in, else csv
    #[arg(long, value_name = "FORMAT", value_enum, hide_possible_values = true)]
    pub format: Option<FormatName>,
    /// These columns, in this order; docs/data.md lists them
    #[arg(long, value_name = "A[,B]", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Write the table to this file (-: standard output)
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, default_value = "-", hide_default_value = true)]
    pub output: PathBuf,
    /// Take the files as one capture, in time order: connections go on from one file to the next
    #[arg(long)]
    pub merge: bool,
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

/// A table.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum TableName {
    /// Connections
    Flows,
    /// Requests and their answers
    Exchanges,
    /// Findings
    Findings,
    /// TCP packets and what they did
    Packets,
    /// TCP segments as their headers stand
    Segments,
}

/// A format.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum FormatName {
    /// Comma-separated values
    Csv,
    /// Values separated by tabs
    Tsv,
    /// An object a line
    Ndjson,
    /// Arrow IPC file
    Arrow,
    /// Parquet
    Parquet,
}
