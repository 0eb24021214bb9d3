//! Whatever a stranger wrote, into a packet or a file's name: it can be shown anywhere. No terminal, browser or CI log obeys it.

use std::path::Path;
use std::process::Command;

use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Packet, flags};

/// What terminals obey (ESC and CSI, also as C1), and what markup takes for its own.
const NAME: &str = "e\u{1b}[31mvil\u{9b}2J\u{7f}<script>alert(1)<\u{202e}'\"`|&;]]>--> %0A::error::x.pcap";

/// All bytes there are, and some that mean something together.
fn payload() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=255).collect();
    bytes.extend(
        "\u{1b}]0;owned\u{7}\u{9b}31m\r\n<script>alert(1)</script>]]>--><img src=x onerror=alert(1)>``` | \n".bytes(),
    );
    bytes.extend(b"\n::error file=x::owned\n%0A::error::owned\n");
    bytes
}

/// A capture of a connection in trouble, whose payload is that.
fn capture(folder: &Path) {
    let (client, server) = (([10, 0, 0, 1], 51_000).into(), ([10, 0, 0, 2], 80).into());
    let mut frames = Vec::new();
    let mut push = |ms: i64, from_client: bool, letters: &str, seq: u32, ack: u32, payload: &[u8]| {
        let mut packet = if from_client { Packet::new(client, server) } else { Packet::new(server, client) };
        (packet.seq, packet.ack, packet.flags) = (seq, ack, flags(letters).unwrap());
        packet.payload = payload.to_vec();
        frames.push(Record::whole(1_700_000_000_000_000_000 + ms * 1_000_000, packet.frame()));
    };
    let bytes = payload();
    let end = 101 + bytes.len() as u32;
    push(0, true, "S", 100, 0, b"");
    push(1, false, "S.", 500, 101, b"");
    push(2, true, ".", 101, 501, b"");
    push(3, true, "P.", 101, 501, &bytes);
    push(400, true, "P.", 101, 501, &bytes);
    push(401, false, ".", 501, end, b"");
    push(402, false, "R.", 501, end, b"");
    std::fs::write(folder.join(NAME), pcap(&frames)).unwrap();
    std::fs::write(folder.join("tcpcheck.toml"), "version = 1\n[policy]\nselect = [\"TC2\", \"TC4\"]\n").unwrap();
}

/// What a terminal obeys in a text, but for the ends of lines and tabs.
fn obeyed(bytes: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Some(format!("no UTF-8: {error}")),
    };
    let found = text.char_indices().find(|(_, sign)| sign.is_control() && !matches!(sign, '\n' | '\t'));
    found.map(|(at, sign)| format!("{sign:?} in {:?}", text[..at].lines().last()))
}

/// Runs the program on the capture, and gives all that it wrote: standard output, standard error, files.
fn written(args: &[&str]) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    capture(folder.path());
    let args: Vec<_> = args.iter().map(|arg| if *arg == "CAPTURE" { NAME } else { arg }).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_tcpcheck")).args(&args).current_dir(folder.path()).output().unwrap();
    let mut written = vec![("standard output".to_owned(), output.stdout), ("standard error".to_owned(), output.stderr)];
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("out") {
            written.push((name, std::fs::read(path).unwrap()));
        }
    }
    written
}

#[test]
fn nothing_that_a_stranger_wrote_is_obeyed_by_a_terminal() {
    for args in [
        &["-r", "CAPTURE"][..],
        &["-r", "CAPTURE", "-A"],
        &["-r", "CAPTURE", "-XX", "-v"],
        &["-r", "CAPTURE", "--flows", "--findings", "--summary"],
        &["-r", "CAPTURE", "--json"],
        &["-r", "CAPTURE", "--ring", "1s", "--save-on", "TC2", "-w", "kept\u{1b}[31m"],
        &["-r", "CAPTURE", "-w", "missing\u{9b}31m/x"],
        &["-r", "CAPTURE", "tcp port \u{1b}[31m"],
        &["-r", "no-\u{1b}[31m\u{9b}"],
        &["-r", "CAPTURE", "--only", "\u{1b}[31m"],
        &["-i", "no\u{1b}[31m\u{9b}"],
        &["ladder", "-r", "CAPTURE", "-A"],
        &["ladder", "-r", "CAPTURE", "-A", "--format", "mermaid"],
        &["ladder", "-r", "CAPTURE", "-A", "--format", "svg"],
        &["report", "CAPTURE", "-A", "-o", "out.html"],
        &["report", "CAPTURE", "--graph", "rtt", "-o", "out.svg"],
        &["report", "CAPTURE", "--graph", "time-sequence", "-o", "out.xpl"],
        &["explain", "-r", "CAPTURE", "@5"],
        &["check", "CAPTURE"],
        &[
            "check",
            "CAPTURE",
            "--output",
            "sarif=out.sarif",
            "--output",
            "junit=out.xml",
            "--output",
            "github=out.github",
        ],
        &["check", "CAPTURE", "--output", "ndjson=out.ndjson", "--output", "markdown=out.md"],
    ] {
        for (name, bytes) in written(args) {
            if let Some(found) = obeyed(&bytes) {
                panic!("{args:?}: {name}: {found}");
            }
        }
    }
}

#[test]
fn nothing_that_a_stranger_wrote_is_markup() {
    for (args, file, marks) in [
        (&["report", "CAPTURE", "-A", "-o", "out.html"][..], "out.html", &["<script>alert", "<img src=x"][..]),
        (&["ladder", "-r", "CAPTURE", "-A", "--format", "svg"], "standard output", &["<script", "<img"]),
        (&["report", "CAPTURE", "--graph", "rtt", "-o", "out.svg"], "out.svg", &["<script", "<img"]),
        (&["check", "CAPTURE", "--output", "junit=out.xml"], "out.xml", &["<script", "<img"]),
        (&["check", "CAPTURE", "--output", "markdown=out.md"], "out.md", &["<script", "<img"]),
        // A workflow command begins a line.
        (&["check", "CAPTURE", "--output", "github=out.github"], "out.github", &["\n::error::x", "\n::error file=x"]),
        (&["ladder", "-r", "CAPTURE", "-A", "--format", "mermaid"], "standard output", &["<script", "<img"]),
    ] {
        let written = written(args);
        let (_, bytes) =
            written.iter().find(|(name, _)| name == file).unwrap_or_else(|| panic!("{args:?}: {written:?}"));
        let text = std::str::from_utf8(bytes).unwrap();
        assert!(text.len() > 200, "{args:?}: {text}");
        let text = if file.ends_with(".md") { without_code(text) } else { text.to_owned() };
        for mark in marks {
            assert!(!text.contains(mark), "{args:?}: {mark:?} in {file}");
        }
    }
}

/// Markdown without its code spans and fences, in which nothing means anything: each ends where as many backticks come again.
fn without_code(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('`') {
        let ticks = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let inside = &rest[at + ticks..];
        let runs = inside.match_indices('`').filter(|(at, _)| !inside[..*at].ends_with('`'));
        let ends = |(at, _): &(usize, &str)| inside[*at..].len() - inside[*at..].trim_start_matches('`').len() == ticks;
        let Some((end, _)) = runs.clone().find(ends) else { panic!("code without an end: {inside}") };
        plain.push_str(&rest[..at]);
        rest = &inside[end + ticks..];
    }
    plain + rest
}

#[test]
fn json_gives_a_strangers_name_back_as_it_was() {
    let written = written(&["-r", "CAPTURE", "--json"]);
    let first = std::str::from_utf8(&written[0].1).unwrap().lines().next().unwrap();
    let record: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(record["source"], NAME);
}
