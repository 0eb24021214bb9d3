//! Options that several commands have, and the units of what is typed.

use clap::{Args as Group, ValueEnum};

use crate::capture::{Extent, Span};
use crate::track::{AnalysisOptions, TrackerOptions};

/// Limits of the analysis: the same for every command that analyses.
#[derive(Clone, Debug, Group)]
pub struct AnalysisArgs {
    /// Maximum segment lifetime; TIME_WAIT lasts twice as long
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub msl: u32,
    /// After so long without a packet, take numbers that do not go on exactly for another connection
    #[arg(long, value_name = "SECONDS", default_value_t = 7440, value_parser = clap::value_parser!(u32).range(1..))]
    pub idle_timeout: u32,
    /// Most connections followed at once
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_flows: u32,
    /// Most unanswered connection attempts followed at once
    #[arg(long, value_name = "N", default_value_t = 250_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_half_open: u32,
    /// Most memory for all connections together; SIZE as with -C, such as 512M [default: 1G]
    #[arg(long, value_name = "SIZE", value_parser = file_size)]
    pub max_memory: Option<u64>,
    /// A server that takes so long to answer is slow (TC801): 500ms, 2s
    #[arg(long, value_name = "TIME", value_parser = interval, default_value = "1s")]
    pub slow: Span,
    /// Do not verify checksums: none is called wrong, in lines and findings
    #[arg(short = 'K', long)]
    pub dont_verify_checksums: bool,
}

impl AnalysisArgs {
    /// What the analysis is told.
    pub fn options(&self) -> AnalysisOptions {
        let default = TrackerOptions::default();
        let tracker = TrackerOptions {
            msl: Span::from_secs(self.msl.into()),
            max_flows: self.max_flows as usize,
            max_half_open: self.max_half_open as usize,
            max_memory: self.max_memory.map_or(default.max_memory, |most| usize::try_from(most).unwrap_or(usize::MAX)),
            idle_timeout: Span::from_secs(self.idle_timeout.into()),
            slow_response: self.slow,
            ..default
        };
        AnalysisOptions { tracker, ignore_checksums: self.dont_verify_checksums }
    }
}

/// What is given up before packets are read.
#[derive(Clone, Debug, Default, Group)]
pub struct ConfinementArgs {
    /// As root: become USER once the source is open; by default the invoking user of sudo, else nobody
    #[arg(short = 'Z', long = "relinquish-privileges", value_name = "USER")]
    pub user: Option<String>,
    /// Keep the rights to open files, sockets and processes while packets are read (Linux; see CONFINEMENT in the manual)
    #[arg(long)]
    pub no_sandbox: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Bytes from millions of them, or from KiB, MiB or GiB as k, M or G say.
pub(super) fn file_size(typed: &str) -> Result<u64, String> {
    let (digits, unit) = match typed.char_indices().last() {
        Some((at, 'k' | 'K')) => (&typed[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&typed[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&typed[..at], 1 << 30),
        _ => (typed, 1_000_000),
    };
    let size = digits.parse::<u64>().ok().filter(|size| *size > 0).and_then(|size| size.checked_mul(unit));
    size.ok_or_else(|| "a number of million bytes from 1, or one with k, M or G".to_owned())
}

/// A length of time, or a size with its unit.
pub(super) fn extent(typed: &str) -> Result<Extent, String> {
    let sized = typed.ends_with(['k', 'K', 'M', 'g', 'G']);
    let amount = if sized { file_size(typed).map(Extent::Bytes) } else { interval(typed).map(Extent::Time) };
    amount.map_err(|_| "a length of time, such as 30s or 5m, or a size, such as 64M".to_owned())
}

/// A length of time that can pass again and again.
pub(super) fn interval(typed: &str) -> Result<Span, String> {
    let span = crate::policy::span(typed)?;
    if span < Span::from_millis(1) { Err("the shortest interval is 1ms".to_owned()) } else { Ok(span) }
}
