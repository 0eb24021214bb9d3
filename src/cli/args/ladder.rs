//! What was typed behind `ladder`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as Group, ValueEnum, ValueHint};

use super::common::{AnalysisArgs, Color, ConfinementArgs};

/// What was typed behind `ladder`.
#[derive(Debug, Group)]
pub struct LadderArgs {
    /// Draw as it happens, on this interface
    #[arg(short, long, value_name = "INTERFACE", conflicts_with_all = ["read", "worst"])]
    pub interface: Option<OsString>,
    /// Read packets from a file (-: standard input); repeat to merge several in time order
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub read: Vec<PathBuf>,
    /// Draw the connection of that number, as the other views count them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "worst")]
    pub flow: Option<u32>,
    /// Draw the connection in the most trouble. Reads files twice
    #[arg(long)]
    pub worst: bool,
    /// A row for every packet: fold no runs of data
    #[arg(long)]
    pub full: bool,
    /// How: text, mermaid (for a pull request) or svg
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LadderFormat::Text, hide_possible_values = true)]
    pub format: LadderFormat,
    /// Draw with signs of ASCII alone
    #[arg(long)]
    pub ascii: bool,
    /// Columns of a line, 60 to 160; the terminal's otherwise
    #[arg(long, value_name = "N")]
    pub columns: Option<usize>,
    /// Show the beginning of payloads that are text
    #[arg(short = 'A')]
    pub payload: bool,
    /// Addresses and ports as numbers, not by name
    #[arg(short)]
    pub numeric: bool,
    /// Stop after N packets
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Colour: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, hide_possible_values = true)]
    pub color: Color,
    /// pcap filter expression, such as: tcp port 443
    #[arg(value_name = "FILTER", value_hint = ValueHint::Other)]
    pub filter: Vec<OsString>,
    /// Limits of the analysis.
    #[command(flatten, next_help_heading = "Analysis")]
    pub analysis: AnalysisArgs,
    /// What is given up before packets are read.
    #[command(flatten, next_help_heading = "Privileges")]
    pub confinement: ConfinementArgs,
}

/// How a ladder is drawn.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LadderFormat {
    /// Text for a terminal
    Text,
    /// A Mermaid sequence diagram
    Mermaid,
    /// A picture
    Svg,
}
