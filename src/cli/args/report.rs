//! What was typed behind `report`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as Group, ValueEnum, ValueHint};

use super::common::{AnalysisArgs, ConfinementArgs};

/// What was typed behind `report`.
#[derive(Debug, Group)]
pub struct ReportArgs {
    /// Capture files (-: standard input); several are merged in time order
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Write the page, or the graph, to this file (-: standard output)
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Open the page when it is written, with what the system opens pages with (xdg-open, open)
    #[arg(long, requires = "output", conflicts_with = "graph")]
    pub open: bool,
    /// Show this connection only, by number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub flow: Option<u32>,
    /// Show that many connections in full: those that lost the most time, and those in the most trouble
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(..=100))]
    pub full: u16,
    /// In place of the page one graph of the connection in the most trouble, or of --flow: time-sequence, in-flight, rtt or
    /// throughput; as SVG, or for xplot where the file's name ends in .xpl
    #[arg(long, value_name = "GRAPH", value_enum, hide_possible_values = true)]
    pub graph: Option<GraphName>,
    /// The direction of --graph: what the client or what the server sends; otherwise the one with more data
    #[arg(long, value_name = "END", value_enum, requires = "graph", hide_possible_values = true)]
    pub from: Option<End>,
    /// Only packets that this pcap filter expression takes
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<OsString>,
    /// Show the beginning of payloads that are text
    #[arg(short = 'A')]
    pub payload: bool,
    /// Addresses and ports as numbers, not by name
    #[arg(short)]
    pub numeric: bool,
    /// Limits of the analysis.
    #[command(flatten, next_help_heading = "Analysis")]
    pub analysis: AnalysisArgs,
    /// What is given up before packets are read.
    #[command(flatten, next_help_heading = "Privileges")]
    pub confinement: ConfinementArgs,
}

/// A graph.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum GraphName {
    /// Sequence numbers over time
    TimeSequence,
    /// Bytes in flight against the receiver's window
    InFlight,
    /// Round trips over time
    Rtt,
    /// Throughput and goodput
    Throughput,
}

/// An end of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum End {
    /// The client
    Client,
    /// The server
    Server,
}
