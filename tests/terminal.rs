//! What a terminal of 60 to 200 columns shows: nothing of ours is longer than its lines, and nothing is cut.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use tcpcheck::rules::{Block, Page};

use crate::testkit::root;

const WIDTHS: [usize; 4] = [60, 80, 120, 200];

/// Captures with much to say: many connections, long addresses, many findings, limits of the capture.
const CAPTURES: &[&str] = &[
    "capture/twice.pcap",
    "healthy/upload-ipv6.pcap",
    "loss/no-sack.pcap",
    "open/no-answer.pcap",
    "path/black-hole-1280.pcap",
    "path/host-unreachable-ipv6.pcap",
    "path/stall.pcap",
    "window/zero-window.pcap",
];

/// What a command prints at that number of columns.
fn printed(columns: usize, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    command.args(args).current_dir(root().join("fixtures")).env("COLUMNS", columns.to_string()).env("TZ", "UTC");
    let output = command.output().expect("tcpcheck starts");
    let text = String::from_utf8(output.stdout).expect("text in UTF-8");
    assert!(!text.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Lines that are longer, but for those that `quoted` says have to be as they are.
fn longer(columns: usize, args: &[&str], quoted: impl Fn(&str) -> bool) -> Vec<String> {
    let text = printed(columns, args);
    let longer = text.lines().filter(|line| line.chars().count() > columns && !quoted(line));
    longer.map(|line| format!("{columns} columns, {args:?}: {line}")).collect()
}

/// A command to type, or a line of tcpdump's.
fn is_quoted(line: &str) -> bool {
    let words = line.trim_start();
    let command = words.strip_prefix("next: ").unwrap_or(words);
    ["tcpcheck -r ", "tcpcheck compare "].iter().any(|begin| command.starts_with(begin))
        || line.contains(" > ") && (line.contains(": Flags [") || line.contains(": ICMP"))
}

#[test]
fn nothing_that_views_print_is_wider_than_the_terminal() {
    let mut wide = Vec::new();
    for columns in WIDTHS {
        for capture in CAPTURES {
            let views: [&[&str]; 8] = [
                &["--summary"],
                &["--flows"],
                &["--flows", "-v", "--sort", "idle"],
                &["--exchanges"],
                &["--findings"],
                &["-a", "full"],
                &["--flows", "--sort", "findings"],
                &["--flows", "--summary", "tcp port 80 or tcp port 443 or icmp or icmp6"],
            ];
            for view in views {
                let args = [&["-n", "-r", capture], view].concat();
                // Every other line is tcpdump's own.
                let packets = view.contains(&"-a");
                wide.extend(longer(columns, &args, |line| is_quoted(line) || packets && !line.starts_with('#')));
            }
            wide.extend(longer(columns, &["ladder", "-n", "-r", capture, "--worst"], |_| false));
            wide.extend(longer(columns, &["ladder", "-n", "-r", capture, "--worst", "--full", "--ascii"], |_| false));
        }
    }
    assert!(wide.is_empty(), "{} lines, such as\n{}", wide.len(), wide[..wide.len().min(20)].join("\n"));
}

#[test]
fn nothing_that_commands_print_is_wider_than_the_terminal() {
    let examples: HashSet<&str> = Page::all()
        .iter()
        .flat_map(|page| page.parts.iter().flat_map(|part| &part.blocks))
        .flat_map(|block| if let Block::Verbatim(lines) = block { &lines[..] } else { &[] })
        .map(|line| line.trim())
        .collect();
    let (a, b) = ("compare/branch-client.pcap", "compare/branch-server.pcap");
    let mut wide = Vec::new();
    for columns in WIDTHS {
        for args in [&["explain"][..], &["rules"], &["explain", "TC703"], &["explain", "TC2"], &["explain", "slow"]] {
            wide.extend(longer(columns, args, |line| examples.iter().any(|example| example.starts_with(line.trim()))));
        }
        wide.extend(longer(columns, &["explain", "-nr", "loss/timeout.pcap", "@6"], is_quoted));
        wide.extend(longer(columns, &["compare", a, b], is_quoted));
        wide.extend(longer(columns, &["compare", a, b, "--flow", "1"], |_| false));
        let policy = Path::new("../docs/example/tcpcheck.toml");
        let judged = ["check", "loss/timeout.pcap", "open/no-answer.pcap", "reset/by-server.pcap"];
        let judged = if root().join("fixtures").join(policy).exists() {
            [&judged[..], &["-P", policy.to_str().expect("UTF-8")]].concat()
        } else {
            judged.to_vec()
        };
        wide.extend(longer(columns, &judged, |line| {
            is_quoted(line) || line.trim_start().starts_with("look ") || line.trim_start().starts_with("accept ")
        }));
    }
    assert!(wide.is_empty(), "{} lines, such as\n{}", wide.len(), wide[..wide.len().min(20)].join("\n"));
}

/// A text without what lays it out.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_narrow_terminal_shows_the_same_words_and_numbers() {
    for capture in CAPTURES {
        let summary = |columns| {
            let text = printed(columns, &["-n", "-r", capture, "--summary"]);
            let mut words: Vec<String> =
                text.split_whitespace().map(|word| word.trim_end_matches(':').to_owned()).collect();
            // The name's place differs, and the label that a narrow one needs.
            words.retain(|word| word != "capture");
            words.sort_unstable();
            words
        };
        assert_eq!(summary(60), summary(200), "{capture}");
        let sorted = |columns| {
            let text = printed(columns, &["-n", "-r", capture, "--flows", "-v"]);
            let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        assert_eq!(sorted(60), sorted(400), "{capture}");
    }
    let findings = |columns| words(&printed(columns, &["-n", "-r", "path/black-hole-1280.pcap", "--findings"]));
    assert_eq!(findings(60), findings(200));
}

#[test]
fn lines_that_go_on_are_told_from_tcpdump_s() {
    let text = printed(60, &["-n", "-r", "loss/no-sack.pcap", "-a", "full"]);
    let own: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let mut plain = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    plain.args(["-n", "-r", "loss/no-sack.pcap", "-a", "off"]).current_dir(root().join("fixtures")).env("TZ", "UTC");
    assert_eq!(own, String::from_utf8(plain.output().expect("tcpcheck starts").stdout).expect("text"));
    let findings = text.lines().filter(|line| line.starts_with("#!"));
    let known = findings.clone().filter(|line| line.starts_with("#! f")).count();
    assert!(findings.count() > known && known > 0, "findings go on in lines of their own:\n{text}");
}

#[test]
fn runs_of_timers_and_probes_are_one_row() {
    let text = printed(100, &["ladder", "-n", "-r", "open/no-answer.pcap"]);
    assert!(text.contains("more after a timeout, "), "{text}");
    let full = printed(100, &["ladder", "-n", "-r", "open/no-answer.pcap", "--full"]);
    assert!(!full.contains("more after") && full.lines().count() > text.lines().count(), "{full}");
}

#[test]
fn a_stall_s_connections_are_those_with_its_finding() {
    let text = printed(200, &["-n", "-r", "path/stopped-server.pcap", "--only", "TC706", "--flows"]);
    assert_eq!(text.lines().filter(|line| line.contains("10.9.0.")).count(), 20, "{text}");
}

/// What a shell line shows on a terminal of 70 columns; none where script(1) is not there to make one.
#[cfg(target_os = "linux")]
fn on_a_terminal(line: &str) -> Option<String> {
    let line = format!("stty rows 500 cols 70; {}", line.replace("tcpcheck", env!("CARGO_BIN_EXE_tcpcheck")));
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(root().join("fixtures")).env_remove("COLUMNS");
    script.env_remove("FORCE_HYPERLINK").env("TERM", "dumb").stdin(std::process::Stdio::null());
    let Ok(output) = script.output() else {
        crate::testkit::skipped("no script(1) here to make a terminal with", "apt-get install bsdutils");
        return None;
    };
    Some(String::from_utf8_lossy(&output.stdout).replace('\r', ""))
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_has_its_own_width_links_and_a_word_on_what_is_waited_for() {
    let Some(text) = on_a_terminal("tcpcheck -n -r path/black-hole-1400.pcap --summary 2>/dev/null") else { return };
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 70 && !is_quoted(line)).collect();
    assert!(wide.is_empty() && text.contains("TC703") && !text.contains('\u{1b}'), "{text}");
    let summary = "tcpcheck -n -r path/black-hole-1400.pcap --summary 2>/dev/null";
    let linked = on_a_terminal(&format!("FORCE_HYPERLINK=1 {summary}")).unwrap_or_default();
    let link = "/docs/rules.md#tc703-mtu-black-hole\u{1b}\\TC703\u{1b}]8;;\u{1b}\\";
    assert!(linked.contains(link), "{linked:?}");
    let waits = on_a_terminal("tcpcheck -r - < loss/timeout.pcap > /dev/null").unwrap_or_default();
    assert!(waits.starts_with("reading packets from standard input"), "{waits}");
}

#[test]
fn a_folder_that_is_missing_is_found_before_anything_is_read() {
    for args in [
        &["-r", "-", "-w", "nowhere/out.pcap"][..],
        &["report", "-", "-o", "nowhere/out.html"],
        &["export", "-", "--table", "flows", "-o", "nowhere/out.csv"],
        &["anonymize", "-", "-w", "nowhere/out.pcap"],
        &["compare", "compare/branch-client.pcap", "compare/branch-server.pcap", "-o", "nowhere/out.html"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
        command.args(args).current_dir(root().join("fixtures"));
        // Nothing ever comes of it: whoever waited for a packet first would wait for ever.
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("tcpcheck starts");
        let stdin = child.stdin.take();
        let output = child.wait_with_output().expect("tcpcheck ends");
        drop(stdin);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains("there is no folder nowhere"), "{args:?}: {said}");
    }
}
