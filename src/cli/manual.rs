//! The manual page, made from the definition of the options and the sections that only a manual has.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::args::{AnonymizeArgs, Args, CheckArgs, CompareArgs, ExportArgs, LadderArgs, ReportArgs, SplitArgs};

/// Writes `tcpcheck.1`.
pub(super) fn write(out: &mut impl Write) -> io::Result<()> {
    let man = Man::new(Args::command().after_help(None::<&str>)).date("").manual("User Commands");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    let (before, behind) = SECTIONS.split_once(OF_COMMANDS).unwrap_or((SECTIONS, ""));
    out.write_all(before.as_bytes())?;
    options_of::<CheckArgs>(out, "CHECK")?;
    options_of::<CompareArgs>(out, "COMPARE")?;
    options_of::<LadderArgs>(out, "LADDER")?;
    options_of::<ReportArgs>(out, "REPORT")?;
    options_of::<SplitArgs>(out, "SPLIT")?;
    options_of::<ExportArgs>(out, "EXPORT")?;
    options_of::<AnonymizeArgs>(out, "ANONYMIZE")?;
    out.write_all(behind.as_bytes())
}

/// The options of a command, in a section of their own.
fn options_of<A: clap::Args>(out: &mut impl Write, name: &str) -> io::Result<()> {
    let mut section = Vec::new();
    // What holds for every command stands once, among the options of the view.
    let is_common = |heading: Option<&str>| matches!(heading, Some("Analysis" | "Privileges"));
    let command = A::augment_args(Command::new("tcpcheck").disable_help_flag(true));
    let common = command.get_arguments().any(|option| is_common(option.get_help_heading()));
    let command = command.mut_args(|option| {
        let hidden = is_common(option.get_help_heading());
        option.hide(hidden)
    });
    Man::new(command).render_options_section(&mut section)?;
    let section = String::from_utf8_lossy(&section).replacen(".SH OPTIONS", &format!(".SH {name} OPTIONS"), 1);
    out.write_all(section.as_bytes())?;
    if common {
        out.write_all(b".PP\nThe options under ANALYSIS and PRIVILEGES are options of this command too.\n")?;
    }
    Ok(())
}

/// Where the options of commands stand.
const OF_COMMANDS: &str = "@OPTIONS OF COMMANDS@\n";

/// What the options do not say.
const SECTIONS: &str = r#".SH COMMANDS
A command is one as the first word only: anywhere else the word belongs to the filter expression.
.TP
\fBtcpcheck check\fR [\fB\-P\fR \fIPOLICY\fR] \fIFILE\fR...
Judge captures by a policy: exit status 1 if it does not hold, 2 if a file cannot be read, 3 if there is no TCP connection to
judge, 4 if a capture is too poor for the policy. With \fB\-i\fR \fIINTERFACE\fR and \fB\-\-\fR \fICOMMAND\fR it captures while
the command runs, and judges that.
.TP
\fBtcpcheck compare\fR \fIFILE\fR \fIFILE\fR...
Say what the path did between two captures of the same traffic: what was lost, duplicated, reordered and changed each way, how
long packets took, what was sent by something between, and what the other capture shows of each finding. The captures may have
begun and ended at different times, by different clocks, and on either side of NAT or of offload; whether a packet takes as long
in one direction as in the other cannot be known from them. Of more than two captures, each is compared with the next. Exit
status 2 says that they do not show the same traffic.
.TP
\fBtcpcheck explain\fR [\fIWORD\fR]
Say what a word means: a symptom (slow, mtu, loss, stall, reset, refused, timeout, proxy, dup), the code or name of a rule (TC202,
fast\-retransmission), a family (TC2), a state, a flag or its letter, an option, a field, or a lesson such as handshake. Without a word, list all there are. A page taller than the terminal
goes through $PAGER, or \fBless \-R\fR.
.TP
\fBtcpcheck explain \-r\fR \fIFILE\fR \fB@\fIFRAME\fR
Say what happened in that frame: the page of each rule that fired, with the packets of the capture that led to it and
what was measured; or else the pages of what the segment did.
.TP
\fBtcpcheck ladder\fR [\fB\-r\fR \fIFILE\fR | \fB\-i\fR \fIINTERFACE\fR] [\fB\-\-flow\fR \fIN\fR | \fB\-\-worst\fR] [\fIFILTER\fR]...
Draw one connection: time runs down, an arrow is a packet or a run of them, and beside it stand the states that its ends
enter. Gaps, repetitions, duplicate ACKs and resets are named on the arrow. Where several connections pass the filter, one has
to be chosen. What a timer or a probe repeats is one row
together, unless \fB\-\-full\fR is there. Live, each packet is drawn as it comes, and what is known only later gets a row of its own.
\fB\-\-format mermaid\fR is for a pull request, \fB\-\-format svg\fR for a page.
.TP
\fBtcpcheck report\fR \fIFILE\fR... \fB\-o report.html\fR
Write a page for a browser: what was captured, what was found and what to do about it, a table of the connections, and of
those in the most trouble the ladder and graphs of sequence numbers, bytes in flight, round trips and throughput, with the pages
of \fBtcpcheck explain\fR that they need. It is one file below 5 MB that asks for nothing else.
\fB\-\-graph\fR writes one graph alone, as SVG or, where the file's name ends in .xpl, for xplot.
.TP
\fBtcpcheck anonymize\fR \fIFILE\fR... \fB\-w\fR \fIOUT\fR [\fB\-\-key\fR \fIFILE\fR] [\fB\-\-keep\-ports\fR]
Write a capture anew for somebody who may not see whose it is. Addresses get pseudonyms, those that begin alike ones that begin
alike; hardware addresses and ports too. Payload becomes zeros in the same number, and so does everything that is not known to be a
header: options that name somebody, cookies, signatures, other protocols; comments, names and secrets of pcapng are left out.
Checksums are right where they were, also in tunnels and in the packets that ICMP messages quote. The findings are the same, but for
those that compare payload (TC214, and copies told by it). What stays: times, lengths, sequence numbers, timestamps, TTLs.
.TP
\fBtcpcheck export\fR \fIFILE\fR... \fB\-\-table flows\fR|\fBfindings\fR|\fBpackets\fR|\fBsegments\fR [\fB\-o\fR \fIFILE\fR]
Write a table with a row for each connection, finding, TCP packet or segment: as CSV, TSV, NDJSON, Arrow or Parquet, which the name
behind \fB\-o\fR says, or \fB\-\-format\fR. Several captures become one table. Findings are the final ones; their rows, and those
of connections, come as connections end. docs/data.md describes the columns, and how to use the tables with DuckDB, pandas, Polars
and ClickHouse.
.TP
\fBtcpcheck split\fR \fIFILE\fR... \fB\-d\fR \fIDIR\fR \fB\-\-by flow\fR|\fBhost\fR|\fBport\fR|\fBfinding\fR
Write a capture in parts: a file for each connection, each server, each port of a server, or each rule, which gets the connections
whose worst finding is of it. Fragments and ICMP messages go with their connection, and packets of none to other.pcap, so that the
parts together are the capture. The names say what is in them, and index.ndjson lists them. At most 100 files are open at a time.
.TP
\fBtcpcheck rules\fR [\fB\-\-json\fR]
List the rules: code, name, severity, when it fires, where it comes from.
.TP
\fBtcpcheck completions\fR \fISHELL\fR
Print a completion script for bash, zsh, fish, elvish or powershell.
@OPTIONS OF COMMANDS@
.SH OUTPUT
Every line of standard output that does not start with # is the line that \fBtcpdump\fR(8) prints for the same packet, up
to and including the payload's length. Two kinds of lines are added below it:
.PP
.nf
.RS
# f1 @15 c=ESTABLISHED <\-\- s=ESTABLISHED data 2921:4381, 1460 B, again
#! f1 @15 warning TC202 fast\-retransmission  36.0 ms after the gap opened
.RE
.fi
.PP
\fBf1\fR is the connection, numbered by first packet, and \fB@15\fR the frame in the file, counted from 1. \fBc\fR is the
client and \fBs\fR the server, each with the state it is in after the packet was sent and has arrived; > says that it just
entered that state, = that it stays. Where the opening was not captured, the end with the higher port is taken for the
client, and marked \fBc?\fR. A line with #! is a finding: severity, code, name, and what was measured.
.PP
What a packet was, later packets sometimes tell better: a gap's cause, a repetition that was not needed. Reading a file,
such a packet is delayed for at most 2 seconds of the capture's time or 10,000 packets, and gets its final words; what
is settled later still, and everything in a live capture, comes as a #! line of its own that names the frame again. So does
standard input written line by line (on a terminal, or with \fB\-l\fR). NDJSON always has the first words and an amend record.
.PP
With \fB\-w\fR \fIFILE\fR.pcapng \fB\-\-comments\fR, the same lines are comments on the packets, and the summary is one on the file:
in Wireshark and tshark, frame.comment contains "TC202" finds the packets. Files are read twice, so that each finding is on its own
packet, however late it shows. Live, or from a pipe, a packet waits for its final words for at most 2 seconds or 10,000 packets; what
is settled later is on the packet that settles it, and names its frame; the summary is a comment on an empty section that ends the
file.
.PP
Findings are chosen by code (TC202), by the beginning of one (TC2) or by name (fast\-retransmission): \fB\-\-select\fR,
\fB\-\-ignore\fR and \fB\-\-min\-severity\fR say which are shown and counted, in every view and for \fB\-\-fail\-on\fR.
\fB\-\-only\fR says which connections are shown, with all of their packets; it needs files that can be read twice.
.PP
With \fB\-A\fR a line end of the packet before a # is written as a dot: no line of a packet's own bytes begins with #.
.PP
Standard error carries what tcpdump says there, and below a packet view the summary. Nothing is looked up in the DNS.
.SH LIVE CAPTURE
A capture can be left running: memory is bounded by \fB\-\-max\-flows\fR and \fB\-\-max\-half\-open\fR, the files of \fB\-w\fR by
\fB\-C\fR, \fB\-G\fR and \fB\-W\fR.
.PP
Packets that the kernel or the interface drops are told as it happens (TC907), at most once a second. From then on a segment
that is missing is held against no connection: it may have been the capture that missed it.
.PP
An interface that is taken down is waited for. One that goes away is too: the capture goes on with the next interface of that
name and link type.
.PP
What cannot be written is held, up to 8 MiB of packets and 4 MiB of text, and tried again; what comes beyond that is counted.
The analysis goes on, and in the end the exit status is 2 and the message says what is missing. When whoever reads standard
output closes it, a live capture ends, with its files whole.
.SH SIGNALS
.TP
SIGUSR1
Print the summary so far to standard error, and go on. Connections count in it once they have ended.
.TP
SIGINT, SIGTERM, SIGHUP
End a live capture: what the kernel still holds for it is taken in, within three seconds, and everything is written. The
second one ends the program at once. SIGHUP is left alone under \fBnohup\fR(1).
.SH CONFINEMENT
Packets are written by strangers. On Linux, before the first byte of a capture is read, the program gives up what reading
needs not:
.IP \(bu 2
As root it becomes the user of \fB\-Z\fR, else the one who called \fBsudo\fR(8), else nobody. It drops every capability, and
sets no_new_privs.
.IP \(bu 2
A filter (\fBseccomp\fR(2)) leaves it the system calls of reading and writing what is open, memory, time and threads. Opening a
file, making a socket, starting a process, sending a packet fail. Landlock, where the kernel has it, closes all paths as well.
.IP \(bu 2
What has to be opened later, by \fB\-w\fR with \fB\-C\fR or \fB\-G\fR and by \fB\-\-save\-on\fR, the command of \fB\-z\fR, and an
interface that comes back are the business of a small process of its own (\fBtcpcheck broker\fR). It runs as whoever started the
program, with no more than CAP_NET_RAW, CAP_DAC_OVERRIDE, CAP_CHOWN and CAP_FOWNER of root's capabilities, never sees a packet,
and makes only files whose names it derives itself from what was typed.
.PP
Files are made, and opened, as whoever started the program: also those of root. This holds for viewing, \fBladder\fR,
\fBreport\fR, \fBexplain \-r\fR, where a process of its own reads the capture if a pager may be needed, and \fBcheck\fR. That
opens all its captures and outputs first, and its command runs as whoever started it: the small process ends it when the time is
up, with CAP_KILL for that, and removes packets that nobody needs to see.
.PP
\fB\-\-no\-sandbox\fR gives all of this up: whoever takes over the program through a packet is then whoever started it. It is of
use under a debugger, or where a kernel or a container refuses the calls above.
.SH EXIT STATUS
.TP
0
Done. Viewing never fails because of what it found, and ^C is the normal end of a live capture.
.TP
1
\fB\-\-fail\-on\fR was reached.
.TP
2
It could not be done: a bad option, filter or file, no permission, not a capture; or something could not be written.
.SH ENVIRONMENT
.TP
PAGER
What shows a long page of \fBtcpcheck explain\fR on a terminal.
.TP
COLUMNS
The columns of a line, also in a pipe; on a terminal its own width otherwise. Lines of tcpdump's, and commands to type, are never broken.
.TP
FORCE_HYPERLINK
Whether codes of rules are links (OSC 8) on a terminal: 0 never, anything else always; otherwise where the terminal is known to have them.
.TP
NO_COLOR, CLICOLOR_FORCE
Never colour, and colour even when the output is no terminal; \fB\-\-color\fR has precedence.
.TP
TZ
The time zone of the time stamps.
.SH FILES
.TP
/etc/services, /etc/hosts
Names of ports and addresses, without \fB\-n\fR.
.SH EXAMPLES
.TP
tcpcheck \-nr trace.pcap
Every TCP packet, both ends' states, and what is out of order.
.TP
tcpcheck \-nr trace.pcap | grep \(aq^#!\(aq
Just what is out of order.
.TP
tcpcheck \-nr trace.pcap \-a off
tcpdump's lines alone.
.TP
tcpcheck \-r trace.pcap \-\-flows \-\-sort rtx
A row a connection, those with the most retransmissions first.
.TP
tcpcheck \-r trace.pcap \-\-json | jq \(aqselect(.type == "finding")\(aq
The findings as JSON.
.TP
tcpcheck \-nr trace.pcap \-\-only no\-answer,TC2
All packets of the connections that were never answered, or with retransmissions or losses.
.TP
tcpcheck \-r trace.pcap \-\-findings \-\-fail\-on warning
Exit status 1 if there is a warning or an error.
.TP
tcpcheck explain \-r trace.pcap @15
What happened in frame 15, and what it means.
.TP
tcpcheck ladder \-r trace.pcap \-\-worst
The connection in the most trouble, drawn.
.TP
tcpcheck report trace.pcap \-o report.html
A page about it all.
.TP
tcpcheck check captures \-\-output junit=tcp.xml
Captures judged by the policy in tcpcheck.toml, for a CI job.
.TP
sudo tcpcheck \-i any tcp port 443
Live, until ^C.
.SH SEE ALSO
\fBtcpdump\fR(8), \fBpcap\-filter\fR(7), \fBpcap\-savefile\fR(5), \fBtshark\fR(1), RFC 9293
"#;
