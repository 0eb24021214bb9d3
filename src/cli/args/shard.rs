//! What a cluster's job types behind `shard`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Subcommand;

use super::common::AnalysisArgs;

/// One step of a job of several processes; their output is not for people, and changes with the version.
#[derive(Debug, Subcommand)]
pub enum ShardCommand {
    /// Read a file: its segments, and what it is like
    Read {
        /// The capture file.
        file: PathBuf,
        /// Its number among the files of its capture.
        #[arg(long)]
        number: u32,
        /// Only packets that this pcap filter expression takes.
        #[arg(long)]
        filter: Option<OsString>,
        /// What is read.
        #[command(flatten)]
        analysis: AnalysisArgs,
    },
    /// Track the segments on standard input
    Replay {
        /// What is known of their capture.
        #[arg(long)]
        plan: PathBuf,
        /// What segments of all shards change for all connections.
        #[arg(long)]
        context: PathBuf,
        /// Write no rows.
        #[arg(long)]
        no_rows: bool,
        /// How they are tracked.
        #[command(flatten)]
        analysis: AnalysisArgs,
    },
    /// Track a whole capture
    Whole {
        /// Its files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Only packets that this pcap filter expression takes.
        #[arg(long)]
        filter: Option<OsString>,
        /// How they are tracked.
        #[command(flatten)]
        analysis: AnalysisArgs,
    },
}
