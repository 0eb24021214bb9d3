//! What was typed behind `compare`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as Group, ValueHint};

use super::common::{AnalysisArgs, Color, ConfinementArgs};

/// What was typed behind `compare`.
#[derive(Debug, Group)]
pub struct CompareArgs {
    /// Captures of the same traffic, in the order of the path: two, or more of a chain
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required = true, num_args = 2..)]
    pub files: Vec<PathBuf>,
    /// NDJSON for programs: records of the clocks, of each connection and direction, and of what findings have to do with it
    #[arg(long)]
    pub json: bool,
    /// A record of each packet too: its frame in either capture, what became of it, and how long it took
    #[arg(long, requires = "json")]
    pub packets: bool,
    /// Draw the connection of that number in the first capture, at both capture points side by side
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "json")]
    pub flow: Option<u32>,
    /// Write a page for a browser: the verdict, delays over time, and the connection of --flow, or else that in the most trouble
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "json")]
    pub output: Option<PathBuf>,
    /// Only packets that this pcap filter expression takes, in both captures
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<OsString>,
    /// Colour: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, hide_possible_values = true)]
    pub color: Color,
    /// Limits of the analysis.
    #[command(flatten, next_help_heading = "Analysis")]
    pub analysis: AnalysisArgs,
    /// What is given up before packets are read.
    #[command(flatten, next_help_heading = "Privileges")]
    pub confinement: ConfinementArgs,
}
