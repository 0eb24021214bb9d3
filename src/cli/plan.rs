//! What was typed, resolved against the terminal and the environment. Everything that can be wrong with it is found here,
//! before a packet is read.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Parser;
use terminal_size::{Height, Width};

use crate::analyse::{Connections, file_word, invocation, leaves_icmp_out, quoted};
use crate::capture::{Filter, LiveOptions, SaveFormat, Span, Traffic, Turns};
use crate::display;
use crate::report::lines::{DumpStyle, LineStyle, StampStyle};
use crate::report::{Invocation, Level, Order, Style, TableMode};
use crate::rules::{Rule, Severity};
use crate::track::AnalysisOptions;

use super::args::{AnalysisArgs, Annotate, Args, Color, ConfinementArgs, LineArgs, OutputArgs, Sort, Way};
use super::operands;
use super::ring::KeepPlan;
use super::sandbox::User;
use super::select::{self, Selection};

/// A run, decided in every particular.
#[derive(Debug)]
pub struct Plan {
    /// Where the packets come from.
    pub origin: Origin,
    /// Files are merged whatever they show.
    pub merge: bool,
    /// Which packets count.
    pub filter: Filter,
    /// That leaves out every ICMP packet.
    pub without_icmp: bool,
    /// Stop after so many packets.
    pub count: Option<u64>,
    /// The connections to show.
    pub connections: Connections,
    /// The numbers by which connections were asked for.
    pub numbers: Vec<u32>,
    /// Of these only those with a finding of one of these rules; empty for all.
    pub only: Vec<Rule>,
    /// The findings that count.
    pub selection: Selection,
    /// Write packets with the last word on them, as far as it comes soon; else the first, and what changes later.
    pub look_ahead: bool,
    /// What is shown.
    pub show: Show,
    /// As NDJSON.
    pub json: bool,
    /// How much is said about each packet.
    pub level: Level,
    /// How a packet's line looks.
    pub line: LineStyle,
    /// Order of the table of connections.
    pub order: Order,
    /// When its rows are written.
    pub table: TableMode,
    /// So long is an interval.
    pub interval: Option<Span>,
    /// Write packets to this file.
    pub write: Option<PathBuf>,
    /// How it is written.
    pub format: SaveFormat,
    /// Write there what is said of packets, too.
    pub comments: bool,
    /// Keep packets in memory, and save them around findings.
    pub keep: Option<KeepPlan>,
    /// And to others after it.
    pub turns: Turns,
    /// Write each packet through to that file at once.
    pub packet_buffered: bool,
    /// Write standard output after every packet, and not in blocks.
    pub by_line: bool,
    /// How text on standard output looks.
    pub style: Style,
    /// How text on standard error looks.
    pub style_stderr: Style,
    /// Standard error is a terminal.
    pub stderr_terminal: bool,
    /// Show progress on it.
    pub progress: bool,
    /// Fail from this severity on.
    pub fail_on: Option<Severity>,
    /// The analysis' limits.
    pub analysis: AnalysisOptions,
    /// All packets are there already, in files: nobody waits for the next one to come down a pipe.
    pub at_hand: bool,
    /// Threads for reading such files.
    pub threads: usize,
    /// Give up what reading packets does not need.
    pub confined: bool,
    /// As whom to do that; none for whoever started the program.
    pub user: Option<User>,
    /// The command, to suggest others.
    pub again: Invocation,
}

/// Where the packets come from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Files, merged in time order when there are several.
    Files(Vec<PathBuf>),
    /// An interface.
    Live(LiveOptions),
}

/// What is shown on standard output; any of them together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Show {
    /// Packets.
    pub packets: bool,
    /// The table of connections.
    pub flows: bool,
    /// The table of requests and answers.
    pub exchanges: bool,
    /// The findings.
    pub findings: bool,
    /// The summary.
    pub summary: bool,
    /// The number of packets, and nothing else.
    pub only_count: bool,
}

/// What the process finds around it.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Standard output is a terminal.
    pub stdout_terminal: bool,
    /// Standard error is a terminal.
    pub stderr_terminal: bool,
    /// `NO_COLOR`.
    pub no_color: Option<OsString>,
    /// `CLICOLOR_FORCE`.
    pub clicolor_force: Option<OsString>,
    /// `TERM`.
    pub term: Option<OsString>,
    /// `COLUMNS`.
    pub columns: Option<OsString>,
    /// The terminal has links (OSC 8), as far as it says who it is.
    pub links: bool,
}

/// Whether a terminal is known to have links: by the names that they go by in the environment.
fn has_links() -> bool {
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some(forced) = std::env::var_os("FORCE_HYPERLINK") {
        return forced != "0";
    }
    let programs = ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio"];
    ["WT_SESSION", "KITTY_WINDOW_ID", "KONSOLE_VERSION", "DOMTERM", "ALACRITTY_WINDOW_ID"].iter().any(set)
        || programs.contains(&of("TERM_PROGRAM").as_str())
        || of("VTE_VERSION").parse::<u32>().is_ok_and(|version| version >= 5000)
        || ["xterm-kitty", "alacritty", "foot", "xterm-ghostty"].contains(&of("TERM").as_str())
}

impl Environment {
    /// Of this process.
    pub fn of_process() -> Self {
        Self {
            stdout_terminal: std::io::stdout().is_terminal(),
            stderr_terminal: std::io::stderr().is_terminal(),
            no_color: std::env::var_os("NO_COLOR"),
            clicolor_force: std::env::var_os("CLICOLOR_FORCE"),
            term: std::env::var_os("TERM"),
            columns: std::env::var_os("COLUMNS"),
            links: has_links(),
        }
    }

    /// How many columns standard output has: `COLUMNS`, also in a pipe, else the terminal's.
    pub fn columns(&self) -> Option<usize> {
        self.columns_or(|| terminal_size::terminal_size_of(std::io::stdout()).filter(|_| self.stdout_terminal))
    }

    fn columns_or(&self, terminal: impl FnOnce() -> Option<(Width, Height)>) -> Option<usize> {
        let told = self.columns.as_deref().and_then(|columns| columns.to_str()?.parse().ok());
        told.filter(|columns| *columns > 0).or_else(|| terminal().map(|(width, _)| width.0.into()))
    }

    /// How text on standard output looks.
    pub fn style(&self, asked: Color) -> Style {
        let links = self.links && self.stdout_terminal && asked != Color::Never;
        Style::new(self.colors(asked, self.stdout_terminal)).within(self.columns()).linking(links)
    }

    /// How text on standard error looks.
    pub fn style_stderr(&self, asked: Color) -> Style {
        let columns =
            self.columns_or(|| terminal_size::terminal_size_of(std::io::stderr()).filter(|_| self.stderr_terminal));
        let links = self.links && self.stderr_terminal && asked != Color::Never;
        Style::new(self.colors(asked, self.stderr_terminal)).within(columns).linking(links)
    }

    /// Whether to colour what goes to a terminal, or not to one.
    pub fn colors(&self, asked: Color, terminal: bool) -> bool {
        // https://no-color.org and https://bixense.com/clicolors: a variable that is empty counts as not set.
        let set = |variable: &Option<OsString>| variable.as_ref().is_some_and(|value| !value.is_empty());
        match asked {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set(&self.clicolor_force) && self.clicolor_force.as_deref() != Some("0".as_ref()) => true,
            Color::Auto => terminal && !set(&self.no_color) && self.term.as_deref() != Some("dumb".as_ref()),
        }
    }
}

impl Plan {
    /// A run over files that shows nothing but its progress, for a sub-command that does something else with the packets.
    pub fn silent(
        files: &[PathBuf],
        filter: Option<&OsString>,
        analysis: Option<&AnalysisArgs>,
        confinement: &ConfinementArgs,
        around: &Environment,
    ) -> Result<Self> {
        let mut typed = Args::parse_from(["tcpcheck"]);
        typed.source.read = files.to_vec();
        typed.which.filter = filter.cloned().into_iter().collect();
        if let Some(analysis) = analysis {
            typed.analysis = analysis.clone();
        }
        typed.confinement = confinement.clone();
        Ok(Self { show: Show::default(), progress: around.stderr_terminal, ..Self::new(&typed, around)? })
    }

    /// Decides what `args` mean here.
    pub fn new(args: &Args, around: &Environment) -> Result<Self> {
        let (read, words) = operands(args);
        let filter = filter(args, &words)?;
        let origin = origin(args, &read, &filter, around)?;
        let show = show(args);
        if args.output.write.as_deref().is_some_and(is_standard) && show != Show::default() {
            bail!(
                "-w - writes packets to standard output, where nothing else can go: leave out --print, --flows and their like, or write to a file"
            );
        }
        if let Some(file) = &args.output.write {
            check_output(file, &read)?;
        }
        // Live, all is written as soon as nothing more waits to be read: see the run.
        let live = matches!(origin, Origin::Live(_));
        let by_line = args.output.line_buffered || (around.stdout_terminal && !live);
        let only = select::named("--only", &args.which.only)?;
        if !only.is_empty() {
            check_read_twice(&origin)?;
        }
        Ok(Self {
            count: args.which.count,
            merge: args.source.merge || read.len() < 2,
            connections: Connections::numbered(&args.which.flow),
            numbers: args.which.flow.clone(),
            only,
            selection: Selection::new(&args.which.select, &args.which.ignore, args.which.min_severity.into())?,
            look_ahead: match &origin {
                // Whoever reads a pipe along, line by line, wants each packet at once.
                Origin::Files(paths) => !(by_line && paths.iter().any(|path| is_standard(path))),
                Origin::Live(_) => false,
            },
            json: args.output.json,
            level: match args.show.annotate {
                Annotate::Off => Level::Off,
                Annotate::Changes => Level::Changes,
                Annotate::Brief => Level::Brief,
                Annotate::Full => Level::Full,
            },
            line: line_style(&args.line, args.analysis.dont_verify_checksums, live),
            order: match args.show.sort {
                Sort::Start => Order::Start,
                Sort::Rtx => Order::Retransmissions,
                Sort::Dur => Order::Duration,
                Sort::Bytes => Order::Bytes,
                Sort::Response => Order::Response,
                Sort::Rtt => Order::Rtt,
                Sort::Idle => Order::Idle,
                Sort::Findings => Order::Findings,
            },
            table: match (args.show.interval, &origin, args.show.sort) {
                (Some(_), ..) => TableMode::Intervals,
                // A capture that is left running has no end to wait for.
                (None, Origin::Live(_), Sort::Start) => TableMode::AsTheyEnd,
                _ => TableMode::AtTheEnd,
            },
            interval: args.show.interval,
            write: args.output.write.clone().filter(|_| args.output.ring.is_none()),
            format: save_format(&args.output)?,
            comments: args.output.comments,
            keep: keep(&args.output)?,
            turns: turns(&args.output)?,
            packet_buffered: args.output.packet_buffered,
            by_line,
            style: if args.output.json { Style::default() } else { around.style(args.output.color) },
            style_stderr: around.style_stderr(args.output.color),
            stderr_terminal: around.stderr_terminal,
            // On a terminal that shows packets, progress would only get between them.
            progress: around.stderr_terminal && !around.stdout_terminal,
            fail_on: args.output.fail_on.map(Severity::from),
            at_hand: matches!(&origin, Origin::Files(paths) if paths.iter().all(|path| path.is_file())),
            threads: args.threads.map_or_else(cores, usize::from),
            analysis: args.analysis.options(),
            confined: !args.confinement.no_sandbox,
            user: user(&args.confinement)?,
            again: again(&origin, filter.expression()),
            show,
            without_icmp: leaves_icmp_out(&filter),
            filter: match &origin {
                // The kernel applies a live capture's.
                Origin::Files(_) if !args.confinement.no_sandbox => filter.prepared(),
                _ => filter,
            },
            origin,
        })
    }
}

/// Whom root becomes.
///
/// # Errors
/// When there is no such user, or nothing is to be given up.
pub fn user(confinement: &ConfinementArgs) -> Result<Option<User>> {
    match confinement {
        ConfinementArgs { user: Some(_), no_sandbox: true } => {
            bail!("-Z USER gives up rights, and --no-sandbox keeps them all: leave one out")
        }
        ConfinementArgs { no_sandbox: true, .. } => Ok(None),
        ConfinementArgs { user, .. } => User::of(user.as_deref()),
    }
}

/// As many threads as there are cores.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How the files of -w are written.
fn save_format(output: &OutputArgs) -> Result<SaveFormat> {
    // The files around findings are named .pcap.
    let Some(path) = output.write.as_ref().filter(|_| output.ring.is_none()) else { return Ok(SaveFormat::default()) };
    match SaveFormat::of(path) {
        SaveFormat::Pcap if output.comments && is_standard(path) => Ok(SaveFormat::Pcapng),
        SaveFormat::Pcap if output.comments => bail!(
            "--comments needs a format that has room for them: let the name behind -w end in .pcapng, such as {}",
            quoted(&path.with_extension("pcapng").to_string_lossy())
        ),
        format => Ok(format),
    }
}

/// How the files of -w take turns.
fn turns(output: &OutputArgs) -> Result<Turns> {
    let turns = Turns {
        bytes: output.file_size,
        every: output.rotate_seconds.map(|seconds| Span::from_secs(seconds.into())),
        files: output.file_count,
        command: output.postrotate_command.clone(),
    };
    let rotates = turns.bytes.is_some() || turns.every.is_some();
    if output.ring.is_some() {
        return Ok(Turns::default());
    }
    if !rotates && turns != Turns::default() {
        bail!("-W and -z are about files that take turns: say when, with -C SIZE or -G SECONDS");
    }
    if rotates && output.write.is_none() {
        bail!("-C and -G are about the files of -w: name them, with -w FILE");
    }
    if rotates && output.write.as_deref().is_some_and(is_standard) {
        bail!("-C and -G make several files, and -w - is one stream: write to a file");
    }
    Ok(turns)
}

/// What is kept in memory, to be saved around findings.
fn keep(output: &OutputArgs) -> Result<Option<KeepPlan>> {
    let Some(extent) = output.ring else { return Ok(None) };
    let rules = select::named("--save-on", &output.save_on)?;
    let pattern = output.write.clone().unwrap_or_default();
    if is_standard(&pattern) {
        bail!("--save-on makes several files, and -w - is one stream: name what they begin with");
    }
    Ok(Some(KeepPlan { extent, rules, pattern, files: output.file_count }))
}

/// What a connection is found to be shows after its first packets, so `--only` reads everything twice.
fn check_read_twice(origin: &Origin) -> Result<()> {
    let again = |path: &PathBuf| {
        !is_standard(path) && !std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
    };
    let (what, save) = match origin {
        Origin::Files(paths) => match paths.iter().find(|path| !again(path)) {
            None => return Ok(()),
            Some(path) if is_standard(path) => ("-r -".to_owned(), "tcpcheck -r - -w FILE"),
            Some(path) => (display::path(&path), "tcpcheck -r - -w FILE"),
        },
        Origin::Live(_) => ("a live capture".to_owned(), "tcpcheck -w FILE"),
    };
    bail!(
        "--only reads the packets twice, which {what} does not allow: save them ({save}), then tcpcheck -r FILE --only CODE"
    )
}

/// That a file can be made there, before anything is read for it.
///
/// # Errors
/// When its folder is missing.
pub fn check_folder(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        // Those of -G may hold what only a time tells.
        Some(folder) if !is_standard(file) && !folder.is_dir() && !folder.to_string_lossy().contains('%') => {
            bail!("{}: there is no folder {}", display::path(&file), display::path(&folder))
        }
        _ => Ok(()),
    }
}

/// Finds out before anything is read whether a file can be made, and that it would not replace what is to be read.
///
/// # Errors
/// When its folder is missing, or it is one of the captures.
pub fn check_output(file: &Path, captures: &[PathBuf]) -> Result<()> {
    check_folder(file)?;
    let place = |path: &Path| std::fs::canonicalize(path).ok().filter(|path| path.is_file());
    match place(file) {
        Some(there) if captures.iter().any(|capture| place(capture).as_ref() == Some(&there)) => {
            bail!(
                "{}: it is the capture that is to be read, and would be lost: choose another name",
                display::path(&file)
            )
        }
        _ => Ok(()),
    }
}

/// Whether a path means standard input or output.
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The captures that were named, with `-r` or without, and the words of the filter.
fn operands(args: &Args) -> (Vec<PathBuf>, Vec<OsString>) {
    let (mut read, mut words) = (args.source.read.clone(), args.which.filter.clone());
    if args.source.interface.is_none() {
        read.extend(operands::take_captures(&mut words));
    }
    (read, words)
}

fn origin(args: &Args, read: &[PathBuf], filter: &Filter, around: &Environment) -> Result<Origin> {
    let source = &args.source;
    if read.iter().filter(|path| is_standard(path)).count() > 1 {
        bail!("-r - can be given once: there is one standard input");
    }
    if !read.is_empty() {
        return Ok(Origin::Files(read.to_vec()));
    }
    if cfg!(not(feature = "live")) {
        bail!("this tcpcheck was built without live capture: name a capture file with -r FILE");
    }
    // Whoever watches wants each packet at once.
    let immediate = source.immediate_mode || (around.stdout_terminal && args.output.write.is_none());
    Ok(Origin::Live(LiveOptions {
        filter: filter.expression().to_owned(),
        wait: true,
        immediate,
        buffer_kib: source.buffer_size.or(immediate.then_some(AT_ONCE_KIB)),
        ..live_options(args)?
    }))
}

/// The kernel's buffer for packets that come at once: there each takes the room of the largest, 64 KiB on loopback, and libpcap's
/// own choice would have room for some thirty of them.
const AT_ONCE_KIB: u32 = 32 * 1024;

/// How to listen, but for the filter.
pub fn live_options(args: &Args) -> Result<LiveOptions> {
    let source = &args.source;
    let interface = source.interface.clone().map(OsString::into_string).transpose();
    Ok(LiveOptions {
        interface: interface.map_err(|name| anyhow!("-i {}: no interface has such a name", display::path(&name)))?,
        snaplen: source.snapshot_length.unwrap_or(0),
        buffer_kib: source.buffer_size,
        promiscuous: !source.no_promiscuous_mode,
        traffic: match source.direction {
            Some(Way::In) => Traffic::In,
            Some(Way::Out) => Traffic::Out,
            Some(Way::Inout) | None => Traffic::Both,
        },
        link_type: source.linktype.clone(),
        ..LiveOptions::default()
    })
}

fn filter(args: &Args, words: &[OsString]) -> Result<Filter> {
    let expression = match &args.which.filter_file {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("-F {}", display::path(&path)))?,
        None => {
            let words: Option<Vec<&str>> = words.iter().map(|word| word.to_str()).collect();
            words.context("the filter expression is not UTF-8")?.join(" ")
        }
    };
    match Filter::compile(&expression) {
        // Whoever types one word means a command or a file as often as a filter.
        Err(_) if words.len() == 1 && is_word(&expression) => bail!(operands::unknown(&expression)),
        compiled => Ok(compiled?),
    }
}

fn is_word(text: &str) -> bool {
    text.chars().all(|sign| sign.is_alphanumeric() || matches!(sign, '-' | '_' | '.' | '/'))
}

fn show(args: &Args) -> Show {
    let asked = &args.show;
    let others = asked.flows || asked.exchanges || asked.findings || asked.summary || asked.only_count;
    let only_written = args.output.write.is_some() && args.output.ring.is_none() && !args.output.json;
    Show {
        packets: asked.print || !(others || only_written),
        flows: asked.flows,
        exchanges: asked.exchanges,
        findings: asked.findings,
        summary: asked.summary,
        only_count: asked.only_count,
    }
}

fn line_style(line: &LineArgs, no_checksum: bool, local: bool) -> LineStyle {
    LineStyle {
        numeric: line.numeric,
        no_domain: line.no_domain,
        stamp: StampStyle::from_count(line.time),
        nano: line.nano,
        verbose: line.verbose.min(3),
        quiet: line.quiet,
        link_header: line.link_header,
        dump: DumpStyle { hex: line.hex.min(2), hex_ascii: line.hex_ascii.min(2), ascii: line.ascii.min(2) },
        absolute: line.absolute_tcp_sequence_numbers,
        number: line.number,
        no_checksum,
        local,
    }
}

/// The command to suggest others with; live traffic and standard input do not come again.
fn again(origin: &Origin, filter: &str) -> Invocation {
    match origin {
        Origin::Files(files) => invocation(files.iter().map(|file| file.to_str()), filter),
        Origin::Live(_) => Invocation::default(),
    }
}

/// A path as a shell takes it for one word; none where a command cannot name it again.
pub fn word(path: &Path) -> Option<String> {
    path.to_str().and_then(file_word)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn plan(words: &[&str], around: &Environment) -> Result<Plan> {
        Plan::new(&Args::try_parse_from(std::iter::once(&"tcpcheck").chain(words))?, around)
    }

    fn terminal() -> Environment {
        Environment { stdout_terminal: true, stderr_terminal: true, ..Environment::default() }
    }

    #[test]
    fn colour_goes_to_terminals_unless_no_color_is_set_and_everywhere_when_it_is_forced() {
        let pipe = Environment::default();
        let no_color = Environment { no_color: Some("1".into()), ..terminal() };
        let forced = Environment { clicolor_force: Some("1".into()), ..Environment::default() };
        for (around, words, expected) in [
            (&terminal(), &["-r", "a"][..], true),
            (&pipe, &["-r", "a"][..], false),
            (&no_color, &["-r", "a"][..], false),
            (&no_color, &["-r", "a", "--color", "always"][..], true),
            (&forced, &["-r", "a"][..], true),
            (&forced, &["-r", "a", "--color=never"][..], false),
            (&terminal(), &["-r", "a", "--json"][..], false),
        ] {
            assert_eq!(plan(words, around).unwrap().style.is_on(), expected, "{around:?} {words:?}");
        }
    }

    #[test]
    fn lines_are_written_at_once_live_and_on_terminals_and_in_blocks_from_files_into_pipes() {
        assert!(plan(&["-r", "a"], &terminal()).unwrap().by_line);
        assert!(!plan(&["-r", "a"], &Environment::default()).unwrap().by_line);
        assert!(plan(&["-l", "-r", "a"], &Environment::default()).unwrap().by_line);
    }

    #[test]
    fn packets_are_shown_unless_something_else_is_asked_for() {
        let shown = |words: &[&str]| plan(words, &Environment::default()).unwrap().show;
        assert!(shown(&["-r", "a"]).packets);
        assert!(!shown(&["-r", "a", "-w", "b"]).packets);
        assert!(shown(&["-r", "a", "-w", "b", "--print"]).packets);
        let both = shown(&["-r", "a", "--flows", "--summary"]);
        assert!(both.flows && both.summary && !both.packets && !both.findings);
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_do() {
        for (words, expected) in [
            (&["-r", "-", "-r", "-"][..], "-r - can be given once"),
            (&["-r", "a", "-w", "-", "--flows"][..], "or write to a file"),
            (&["-r", "a", "-w", "-", "-G", "1"][..], "-w - is one stream"),
            (&["-r", "a", "-w", "b", "-W", "3"][..], "say when, with -C SIZE"),
            (&["-r", "a", "-w", "b", "-C", "0"][..], "a number of million bytes"),
            (&["-F", "/does/not/exist", "-r", "a"][..], "-F /does/not/exist"),
        ] {
            let error = format!("{:#}", plan(words, &terminal()).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn suggested_commands_can_be_pasted_into_a_shell() {
        let again = plan(&["-r", "it's a.pcap", "tcp", "port", "80"], &terminal()).unwrap().again;
        assert_eq!(again.head, r"tcpcheck -r 'it'\''s a.pcap'");
        assert_eq!(again.filter, "'tcp port 80'");
        assert_eq!(plan(&["-r", "-"], &terminal()).unwrap().again, Invocation::default());
    }
}
