//! What was typed. Nothing here looks at the environment, and nothing decides: that is [`plan`](super::plan)'s.
//!
//! tcpdump's letters keep tcpdump's meaning. The manual page and the completions are made from this one definition.

mod anonymize;
mod check;
mod common;
mod compare;
mod export;
mod ladder;
mod report;
mod shard;
mod split;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum, ValueHint};

use crate::capture::{Extent, Span};
use crate::rules::Severity;

pub use anonymize::AnonymizeArgs;
pub use check::{CheckArgs, Destination, Format};
pub use common::{AnalysisArgs, Color, ConfinementArgs};
use common::{extent, file_size, interval};
pub use compare::CompareArgs;
pub use export::{ExportArgs, FormatName, TableName};
pub use ladder::{LadderArgs, LadderFormat};
pub use report::{End, GraphName, ReportArgs};
pub use shard::ShardCommand;
pub use split::{By, SplitArgs};

/// tcpdump's lines, both ends' TCP states, and findings that say why.
///
/// Reads packets from a file or an interface, prints tcpdump's line for every TCP packet, and below it, on a line that
/// starts with #, what the packet did to its connection. What is out of order gets a line that starts with #!.
/// A summary follows on standard error.
#[derive(Debug, Parser)]
#[command(
    name = "tcpcheck",
    version,
    args_override_self = true,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    max_term_width = 110,
    override_usage = "tcpcheck [OPTIONS] [FILE]... [FILTER]...\n       tcpcheck check [-P POLICY] FILE...\n       tcpcheck compare FILE FILE\n       \
                      tcpcheck explain [WORD | FILE @FRAME]\n       tcpcheck ladder [FILE] [--flow N | --worst] [FILTER]...\n       tcpcheck report FILE... -o report.html\n       tcpcheck anonymize FILE... -w OUT [--key FILE]\n       tcpcheck export FILE... --table TABLE [-o FILE]\n       tcpcheck split FILE... -d DIR --by KEY\n       tcpcheck rules [--json]\n       tcpcheck completions SHELL",
    after_help = "Examples:\n  tcpcheck -n trace.pcap              packets, states and findings\n  \
                  tcpcheck trace.pcap --flows         a row a connection\n  \
                  tcpcheck trace.pcap --json          for programs\n  \
                  tcpcheck explain trace.pcap @15     what happened in that frame\n  \
                  sudo tcpcheck -i any tcp port 443   live, until ^C"
)]
pub struct Args {
    /// Instead of viewing.
    #[command(subcommand)]
    pub command: Option<SubCommand>,
    /// Where the packets come from.
    #[command(flatten, next_help_heading = "Packets from")]
    pub source: SourceArgs,
    /// Which of them count.
    #[command(flatten, next_help_heading = "Which packets")]
    pub which: WhichArgs,
    /// What is shown of them.
    #[command(flatten, next_help_heading = "What to show")]
    pub show: ShowArgs,
    /// How a packet's line looks.
    #[command(flatten, next_help_heading = "tcpdump's line")]
    pub line: LineArgs,
    /// How standard output is written.
    #[command(flatten, next_help_heading = "Output")]
    pub output: OutputArgs,
    /// Limits of the analysis.
    #[command(flatten, next_help_heading = "Analysis")]
    pub analysis: AnalysisArgs,
    /// Threads for reading a file, whatever is said of it is the same; more than 2 do no more [default: 2, or 1 on one core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Analysis")]
    pub threads: Option<u16>,
    /// What is given up before packets are read.
    #[command(flatten, next_help_heading = "Privileges")]
    pub confinement: ConfinementArgs,
}

/// What is not viewing; recognised as the first word only.
#[derive(Debug, Subcommand)]
pub enum SubCommand {
    /// Judge captures by a policy: exit status 1 if it does not hold
    Check(CheckArgs),
    /// Say what the path did between two captures of the same traffic
    Compare(CompareArgs),
    /// Say what a rule, a state, a flag, an option or a field means, or what happened in a frame
    Explain {
        /// Take the frame from this file
        #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        read: Vec<PathBuf>,
        /// Addresses and ports as numbers, not by name
        #[arg(short)]
        numeric: bool,
        /// Colour: auto (on a terminal, unless NO_COLOR is set), always or never
        #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, hide_possible_values = true)]
        color: Color,
        /// TC202, fast-retransmission, CLOSE_WAIT, FIN, wscale, win and so on; or a capture and a frame: trace.pcap @15. Without
        /// it, the list
        #[arg(value_name = "WORD")]
        words: Vec<OsString>,
        /// Limits of the analysis.
        #[command(flatten, next_help_heading = "Analysis")]
        analysis: AnalysisArgs,
    },
    /// Draw one connection as a ladder: both ends' states beside the arrows
    Ladder(LadderArgs),
    /// Make a page of a capture to open in a browser, or draw a graph
    Report(ReportArgs),
    /// Write a capture anew without addresses, names and payload
    Anonymize(AnonymizeArgs),
    /// Write a table of connections, findings, packets or segments: CSV, Arrow, Parquet and so on
    Export(ExportArgs),
    /// Write a capture in parts: by connection, host, port or finding
    Split(SplitArgs),
    /// List the rules
    Rules {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        /// Colour: auto (on a terminal, unless NO_COLOR is set), always or never
        #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, hide_possible_values = true)]
        color: Color,
    },
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// One step of a job on a cluster
    #[command(hide = true, subcommand)]
    Shard(ShardCommand),
    /// Open files for a capture that is confined
    #[command(hide = true)]
    Broker,
}

/// Where the packets come from.
#[derive(Debug, Group)]
pub struct SourceArgs {
    /// Listen on this interface (any: all, on Linux); as root, or with CAP_NET_RAW
    #[arg(short, long, value_name = "INTERFACE", conflicts_with = "read")]
    pub interface: Option<OsString>,
    /// Read packets from a file (-: standard input); repeat to merge several in time order
    ///
    /// pcap and pcapng, also compressed with gzip, zstd, lz4 or xz.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub read: Vec<PathBuf>,
    /// Merge files even if they show the same packets, captured at two points (see tcpcheck compare)
    #[arg(long)]
    pub merge: bool,
    /// List the interfaces that can be listened on
    #[arg(short = 'D', long)]
    pub list_interfaces: bool,
    /// List the link types of the interface
    #[arg(short = 'L', long)]
    pub list_data_link_types: bool,
    /// Link type to capture with (see -L)
    #[arg(short = 'y', long, value_name = "TYPE", conflicts_with = "read")]
    pub linktype: Option<String>,
    /// Packets going this way only: in, out or inout
    #[arg(short = 'Q', long, value_name = "WAY", value_enum, hide_possible_values = true, conflicts_with = "read")]
    pub direction: Option<Way>,
    /// Leave the interface out of promiscuous mode
    #[arg(short = 'p', long)]
    pub no_promiscuous_mode: bool,
    /// Most bytes kept of a packet; 0 means 262144
    #[arg(short, long, value_name = "BYTES")]
    pub snapshot_length: Option<u32>,
    /// Kernel buffer, in KiB; on Linux 32 MiB otherwise
    #[arg(short = 'B', long, value_name = "KIB", value_parser = clap::value_parser!(u32).range(1..=2_097_151))]
    pub buffer_size: Option<u32>,
    /// Deliver each packet as soon as it arrives
    #[arg(long)]
    pub immediate_mode: bool,
}

/// Which of the packets count.
#[derive(Debug, Group)]
pub struct WhichArgs {
    /// pcap filter expression, such as: tcp port 443
    #[arg(value_name = "FILTER", value_hint = ValueHint::Other)]
    pub filter: Vec<OsString>,
    /// Take the filter expression from a file
    #[arg(short = 'F', long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "filter")]
    pub filter_file: Option<PathBuf>,
    /// Stop after N packets
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Show these connections only, by number
    #[arg(long, value_name = "N[,M]", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    pub flow: Vec<u32>,
    /// Show only connections with a finding of that code, beginning of a code, or name: TC203, TC2, no-answer. Reads files twice
    #[arg(long, value_name = "CODE[,CODE]", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Show and count these findings only, by code, beginning of a code, or name
    #[arg(long, value_name = "CODE[,CODE]", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Neither show nor count these findings
    #[arg(long, value_name = "CODE[,CODE]", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Neither show nor count findings below that severity: note, warning or error
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = Least::Note, hide_possible_values = true, hide_default_value = true)]
    pub min_severity: Least,
}

/// What is shown of the packets.
#[derive(Debug, Group)]
pub struct ShowArgs {
    /// What is said about each packet below its line: off, changes, brief or full
    #[arg(short, long, value_name = "LEVEL", value_enum, default_value_t = Annotate::Brief, hide_possible_values = true)]
    pub annotate: Annotate,
    /// A table of the connections instead of packets
    #[arg(long)]
    pub flows: bool,
    /// A table of requests and their answers instead of packets: how long the server took
    #[arg(long)]
    pub exchanges: bool,
    /// The findings instead of packets, a line each
    #[arg(long)]
    pub findings: bool,
    /// The summary on standard output instead of packets
    #[arg(long)]
    pub summary: bool,
    /// Print only the packet count
    #[arg(long = "count", conflicts_with = "json")]
    pub only_count: bool,
    /// Packets too, where another option would leave them out (-w, --flows, --exchanges, --findings, --summary)
    #[arg(long)]
    pub print: bool,
    /// With --flows: a table of the connections that have ended, every so often: 10s, 5m
    #[arg(long, value_name = "TIME", value_parser = interval, requires = "flows", conflicts_with = "json")]
    pub interval: Option<Span>,
    /// Order of --flows: start, rtx, dur, bytes, response, rtt, idle or findings
    #[arg(long, value_name = "KEY", value_enum, default_value_t = Sort::Start, requires = "flows", hide_possible_values = true)]
    pub sort: Sort,
}

/// How a packet's line looks.
#[derive(Debug, Group)]
pub struct LineArgs {
    /// Addresses and ports as numbers, not by name
    #[arg(short)]
    pub numeric: bool,
    /// Host names without their domain
    #[arg(short = 'N')]
    pub no_domain: bool,
    /// Time: -t none, -tt seconds, -ttt since the packet before, -tttt date, -ttttt since the first packet
    #[arg(short, action = clap::ArgAction::Count)]
    pub time: u8,
    /// Times to the nanosecond
    #[arg(long, conflicts_with = "micro")]
    pub nano: bool,
    /// Times to the microsecond (the default)
    #[arg(long)]
    pub micro: bool,
    /// Less of each packet
    #[arg(short, long)]
    pub quiet: bool,
    /// More of each packet; -vv, -vvv: more still. With --flows: Zeek's conn_state and history, what held it back
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The link-layer header too
    #[arg(short = 'e')]
    pub link_header: bool,
    /// The packet in hex; -xx with its link-layer header
    #[arg(short = 'x', action = clap::ArgAction::Count)]
    pub hex: u8,
    /// The packet in hex and ASCII; -XX with its link-layer header
    #[arg(short = 'X', action = clap::ArgAction::Count)]
    pub hex_ascii: u8,
    /// The packet in ASCII; -AA with its link-layer header
    #[arg(short = 'A', action = clap::ArgAction::Count)]
    pub ascii: u8,
    /// Absolute sequence numbers
    #[arg(short = 'S', long)]
    pub absolute_tcp_sequence_numbers: bool,
    /// A packet number before each line
    #[arg(short = '#', long)]
    pub number: bool,
}

/// How standard output is written.
#[derive(Debug, Group)]
pub struct OutputArgs {
    /// One JSON object a line; with --flows, --findings or --summary only those
    #[arg(long)]
    pub json: bool,
    /// Write the packets to a file as they are (-: standard output), and print none
    ///
    /// With --flow or --only those of these connections, also their fragments and the ICMP messages about them. A name that ends
    /// in .pcapng gets pcapng: all interfaces and link types, nanoseconds, comments, names and secrets of the input.
    #[arg(short, long = "write", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub write: Option<PathBuf>,
    /// With -w FILE.pcapng: each packet's findings and # line as comments on it, and the summary as one on the file. Reads files twice
    ///
    /// Wireshark and tshark filter them: frame.comment contains "TC202".
    #[arg(long, requires = "write", conflicts_with = "ring")]
    pub comments: bool,
    /// With -w: a new file when one has more than SIZE million bytes (or 64k, 64M, 1G): FILE, FILE1, FILE2 and so on
    #[arg(short = 'C', value_name = "SIZE", value_parser = file_size, requires = "write")]
    pub file_size: Option<u64>,
    /// With -w: a new file every so many seconds; FILE may hold strftime's conversions, such as %H%M%S
    #[arg(short = 'G', value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..), requires = "write")]
    pub rotate_seconds: Option<u32>,
    /// With -C: go round in N files. With -G alone: end after N files. With --ring: save N files at most
    #[arg(short = 'W', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub file_count: Option<u32>,
    /// With -C or -G: run this command with the name of each file that is finished
    #[arg(short = 'z', value_name = "COMMAND", value_hint = ValueHint::CommandName, requires = "write")]
    pub postrotate_command: Option<OsString>,
    /// Keep the last packets in memory, so long (30s, 5m) or so much (64M): with --save-on
    #[arg(long, value_name = "EXTENT", value_parser = extent, requires = "save_on",
        conflicts_with_all = ["file_size", "rotate_seconds", "postrotate_command"])]
    pub ring: Option<Extent>,
    /// Save the packets before and after each such finding to a file named after it; the names begin with FILE of -w
    ///
    /// By code, beginning of a code, or name. As far back as --ring keeps them, and as far on. With -W: N files at most.
    #[arg(long, value_name = "CODE[,CODE]", value_delimiter = ',', requires = "ring")]
    pub save_on: Vec<String>,
    /// Write each packet through to the file of -w at once
    #[arg(short = 'U', long)]
    pub packet_buffered: bool,
    /// Write each line through at once
    #[arg(short = 'l', long)]
    pub line_buffered: bool,
    /// Colour: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, hide_possible_values = true)]
    pub color: Color,
    /// Exit with status 1 if there is a finding of that severity or above: note, warning or error
    #[arg(long, value_name = "SEVERITY", value_enum, hide_possible_values = true)]
    pub fail_on: Option<Least>,
}

/// Which way a captured packet goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Way {
    /// Received
    In,
    /// Sent
    Out,
    /// Both
    Inout,
}

/// How much is said about each packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Annotate {
    /// Nothing: tcpdump's lines alone
    Off,
    /// Only where a state changes or a rule fires
    Changes,
    /// A line a packet
    Brief,
    /// A line a packet, with windows, bytes in flight, gaps and every acknowledged frame
    Full,
}

/// Order of the table of connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Sort {
    /// By the first packet
    Start,
    /// Most retransmitted segments first
    Rtx,
    /// Longest first
    Dur,
    /// Most bytes first
    Bytes,
    /// Longest server time first
    Response,
    /// Longest round trip first
    Rtt,
    /// Longest time without a segment first
    Idle,
    /// Most findings above a note first
    Findings,
}

/// From which severity on a finding counts, or makes the run fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Least {
    /// Any finding
    Note,
    /// Warnings and errors
    Warning,
    /// Errors
    Error,
}

impl From<Least> for Severity {
    fn from(least: Least) -> Self {
        match least {
            Least::Note => Self::Note,
            Least::Warning => Self::Warning,
            Least::Error => Self::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    fn parse(words: &[&str]) -> Args {
        Args::try_parse_from(std::iter::once(&"tcpcheck").chain(words)).unwrap()
    }

    #[test]
    fn the_definition_holds_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn letters_may_be_joined_and_repeated_as_in_tcpdump() {
        let args = parse(&["-nnttttvvr", "a.pcap", "-n", "-r", "b.pcap", "-XX#S", "tcp", "port", "80"]);
        assert!(args.line.numeric && args.line.number && args.line.absolute_tcp_sequence_numbers);
        assert_eq!((args.line.time, args.line.verbose, args.line.hex_ascii), (4, 2, 2));
        assert_eq!(args.source.read, [PathBuf::from("a.pcap"), PathBuf::from("b.pcap")]);
        assert_eq!(args.which.filter, ["tcp", "port", "80"]);
    }

    #[test]
    fn a_sub_command_is_one_as_the_first_word_only() {
        assert!(parse(&["completions", "bash"]).command.is_some());
        let args = parse(&["-n", "completions"]);
        assert!(args.command.is_none());
        assert_eq!(args.which.filter, ["completions"]);
        assert!(parse(&["host", "man"]).command.is_none());
    }

    #[test]
    fn options_may_follow_the_filter() {
        let args = parse(&["tcp", "port", "80", "-n", "--flow", "1,3"]);
        assert_eq!(args.which.filter, ["tcp", "port", "80"]);
        assert_eq!(args.which.flow, [1, 3]);
    }
}
