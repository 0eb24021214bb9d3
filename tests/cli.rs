//! The program as its users meet it: exit statuses, messages, pipes, colour, and what goes where.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Opt, Packet, flags};
use crate::testkit::{files_below, root, tcpcheck};

/// 2023-11-14 22:13:20 UTC.
const ZERO: i64 = 1_700_000_000_000_000_000;

const MILLISECOND: i64 = 1_000_000;

/// A folder with a capture in it.
struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Runs the program in a folder, without anything of the environment that speaks of colour.
fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    command.args(args).current_dir(folder).env("TZ", "UTC");
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").stdin(Stdio::null());
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// A segment between port 51000 + `n` of the client and port 80 of the server.
fn segment(n: u16, from_client: bool, letters: &str, seq: u32, ack: u32, payload: &[u8]) -> Packet {
    let (client, server) = (([10, 0, 0, 1], 51000 + n).into(), ([10, 0, 0, 2], 80).into());
    let mut packet = if from_client { Packet::new(client, server) } else { Packet::new(server, client) };
    (packet.seq, packet.ack, packet.flags) = (seq, ack, flags(letters).unwrap());
    packet.payload = payload.to_vec();
    if letters.contains('S') {
        packet.options = vec![Opt::Mss(1460), Opt::SackPermitted];
    }
    packet
}

/// A connection from SYN to the last ACK, 10 packets; if `lossy`, the SYN is sent twice.
fn conversation(n: u16, lossy: bool) -> Vec<Packet> {
    let mut all = vec![
        segment(n, true, "S", 1000, 0, b""),
        segment(n, false, "S.", 9000, 1001, b""),
        segment(n, true, ".", 1001, 9001, b""),
        segment(n, true, "P.", 1001, 9001, b"hello, server"),
        segment(n, false, ".", 9001, 1014, b""),
        segment(n, false, "P.", 9001, 1014, b"hello, client"),
        segment(n, true, ".", 1014, 9014, b""),
        segment(n, true, "F.", 1014, 9014, b""),
        segment(n, false, "F.", 9014, 1015, b""),
        segment(n, true, ".", 1015, 9015, b""),
    ];
    if lossy {
        all.insert(1, all[0].clone());
    }
    // A packet that is sent again is another packet.
    for (packet, ip_id) in all.iter_mut().zip(1..) {
        packet.ip_id = ip_id;
    }
    all
}

/// Packets 300 ms apart.
fn capture(packets: &[Packet]) -> Vec<u8> {
    capture_every(packets, 300 * MILLISECOND)
}

/// Packets so many nanoseconds apart.
fn capture_every(packets: &[Packet], nanos: i64) -> Vec<u8> {
    let at = |n: usize| ZERO + n as i64 * nanos;
    pcap(&packets.iter().enumerate().map(|(n, p)| Record::whole(at(n), p.frame())).collect::<Vec<_>>())
}

fn lab_with_a_clean_and_a_lossy_capture() -> Lab {
    let lab = Lab::new();
    lab.file("clean.pcap", &capture(&conversation(0, false)));
    lab.file("lossy.pcap", &capture(&conversation(0, true)));
    lab
}

#[test]
fn a_link_type_that_is_not_read_is_said_with_its_number() {
    let output = run(crate::testkit::root(), &["-nr", "fixtures/malformed/unknown-link-type.pcap"]);
    let said = err(&output);
    assert!(said.contains("TC917 link-type-unread") && said.contains("of link type "), "{said}");
    assert!(said.contains("not read: what they hold is not known"), "{said}");
    let said = err(&run(crate::testkit::root(), &["-nr", "fixtures/healthy/requests.pcap"]));
    assert!(!said.contains("TC917"), "{said}");
}

#[test]
fn viewing_ends_with_0_whatever_it_found_and_with_1_when_fail_on_is_reached() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    for (args, expected) in [
        (&["-nr", "clean.pcap"][..], 0),
        (&["-nr", "lossy.pcap"][..], 0),
        (&["-nr", "clean.pcap", "--fail-on", "note"][..], 0),
        (&["-nr", "lossy.pcap", "--fail-on", "note"][..], 1),
        (&["-nr", "lossy.pcap", "--fail-on", "warning"][..], 1),
        (&["-nr", "lossy.pcap", "--fail-on", "error"][..], 0),
    ] {
        let output = run(lab.folder.path(), args);
        assert_eq!(status(&output), expected, "{args:?}\n{}{}", out(&output), err(&output));
    }
}

#[test]
fn what_cannot_be_done_ends_with_2_and_says_what_to_do() {
    let lab = Lab::new();
    lab.file("empty.pcap", b"");
    lab.file("notes.txt", b"these are no packets, only words\n");
    lab.file("cut.pcap", &capture(&conversation(0, false))[..10]);
    for (args, expected) in [
        (&["-r", "missing.pcap"][..], "missing.pcap: No such file"),
        (&["-r", "."][..], "is a directory"),
        (&["-r", "empty.pcap"][..], "empty"),
        (&["-r", "notes.txt"][..], "not a capture file"),
        (&["-r", "cut.pcap"][..], "the file ends inside its header"),
        (&["--flwos"][..], "a similar argument exists: '--flow"),
        (&["-a", "much"][..], "[possible values: off, changes, brief, full]"),
        (&["-r", "a", "-i", "lo"][..], "cannot be used with"),
        (&["-c", "0", "-r", "a"][..], "invalid value '0'"),
        (&["-r", "-", "-r", "-"][..], "there is one standard input"),
        (
            &["-r", "a", "--select", "fast-retransmision"][..],
            "--select fast-retransmision: no rule is called that; did you mean TC202",
        ),
        (&["-r", "a", "--ignore", "TC2,TX3"][..], "--ignore TX3: no rule is called that"),
        (&["-r", "a", "--only", "bogus"][..], "say a code (TC202), the beginning of one (TC2) or a name"),
        (&["-r", "-", "--only", "TC2"][..], "--only reads the packets twice, which -r - does not allow: save them"),
        (&["-r", "/dev/null", "--only", "TC2"][..], "which /dev/null does not allow"),
        (&["-r", "missing.pcap", "--only", "TC2"][..], "missing.pcap: No such file"),
    ] {
        let output = run(lab.folder.path(), args);
        assert_eq!(status(&output), 2, "{args:?}\n{}", err(&output));
        assert!(err(&output).contains(expected), "{args:?} should say {expected:?}:\n{}", err(&output));
        assert_eq!(out(&output), "", "{args:?}");
    }
}

#[test]
fn a_cut_last_packet_is_a_finding_and_no_failure() {
    let lab = Lab::new();
    let whole = capture(&conversation(0, false));
    lab.file("cut.pcap", &whole[..whole.len() - 7]);
    let output = run(lab.folder.path(), &["-nr", "cut.pcap"]);
    assert_eq!(status(&output), 0, "{}", err(&output));
    let text = out(&output);
    assert!(text.contains("#! warning TC901 file-cut  the file ends inside a packet after @9"), "{text}");
    assert!(err(&output).contains("TC901 file-cut"), "{}", err(&output));
    let output = run(lab.folder.path(), &["-nr", "cut.pcap", "--json"]);
    assert!(out(&output).lines().last().unwrap().contains("\"complete\":false,"), "{}", out(&output));
}

#[test]
fn every_line_added_starts_with_a_number_sign_and_the_others_are_tcpdump_s() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let output = out(&run(lab.folder.path(), &["-nr", "lossy.pcap"]));
    let (added, lines): (Vec<&str>, Vec<&str>) = output.lines().partition(|line| line.starts_with('#'));
    assert_eq!(lines.len(), 11);
    assert!(lines.iter().all(|line| line.starts_with("22:13:2") && line.contains("Flags [")), "{lines:#?}");
    assert_eq!(
        added[..3],
        [
            "# f1 @1  c>SYN_SENT    --> s>SYN_RECV    SYN: opens; client ISN 1000; the SYN consumes one sequence number",
            "# f1 @2  c=SYN_SENT    --> s=SYN_RECV    SYN: retransmitted",
            "#! f1 @2 warning TC103 syn-retransmission  SYN number 2, 300.0 ms after the one before",
        ]
    );
    assert_eq!(added[5], "# f1 @5  c=ESTABLISHED --> s=ESTABLISHED data 1:14, 13 B");
    let off = out(&run(lab.folder.path(), &["-nr", "lossy.pcap", "-a", "off"]));
    assert_eq!(off.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn annotations_come_in_three_sizes() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let remarks = |level: &str| -> Vec<String> {
        let output = out(&run(lab.folder.path(), &["-nr", "lossy.pcap", "-a", level]));
        output.lines().filter(|line| line.starts_with("# ")).map(str::to_owned).collect()
    };
    let frames = |lines: &[String]| lines.iter().map(|line| line[5..8].trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(frames(&remarks("changes")), ["@1", "@2", "@3", "@4", "@9", "@10", "@11"]);
    assert_eq!(remarks("brief").len(), 11);
    let full = remarks("full");
    assert_eq!(full.len(), 11);
    assert!(full[4].ends_with("data 1:14, 13 B; window 64240 B; 13 B in flight"), "{}", full[4]);
}

#[test]
fn a_closed_pipe_ends_the_run_silently() {
    let lab = Lab::new();
    let many: Vec<Packet> = (0..400).flat_map(|n| conversation(n, false)).collect();
    lab.file("many.pcap", &capture(&many));
    for args in [&["-nr", "many.pcap"][..], &["-nr", "many.pcap", "--json"][..], &["-lnr", "many.pcap"][..]] {
        let mut child = command(lab.folder.path(), args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
        assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
    }
}

#[test]
fn standard_input_reads_as_a_file_does() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let mut child = command(lab.folder.path(), &["-nr", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&std::fs::read(lab.folder.path().join("lossy.pcap")).unwrap()).unwrap();
    let from_pipe = child.wait_with_output().unwrap();
    let from_file = run(lab.folder.path(), &["-nr", "lossy.pcap"]);
    assert_eq!(out(&from_pipe), out(&from_file));
    // What does not come again cannot be looked at more closely.
    assert!(
        err(&from_file)
            .contains("next: tcpcheck -r lossy.pcap --flows --sort rtx\n        tcpcheck -r lossy.pcap --findings\n"),
        "{}",
        err(&from_file)
    );
    assert!(!err(&from_pipe).contains("next:"), "{}", err(&from_pipe));
}

#[test]
fn a_count_ends_the_run_after_so_many_packets() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let output = run(lab.folder.path(), &["-nr", "clean.pcap", "-c", "3", "-#"]);
    let text = out(&output);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("#")).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[2].starts_with("    3  22:13:20.600000 IP"), "{}", lines[2]);
    assert!(err(&output).contains("3 packets in 600.0 ms"), "{}", err(&output));
    assert_eq!(out(&run(lab.folder.path(), &["-nr", "clean.pcap", "--count"])), "10 packets\n");
    assert_eq!(out(&run(lab.folder.path(), &["-nr", "clean.pcap", "-c", "1", "--count"])), "1 packet\n");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    for view in [&[][..], &["-a", "full"][..], &["--findings"][..], &["--flows"][..], &["--summary"][..]] {
        let args = |color: &'static str| [&["-nr", "lossy.pcap", "--color", color][..], view].concat();
        let plain = out(&run(lab.folder.path(), &args("never")));
        let coloured = out(&run(lab.folder.path(), &args("always")));
        assert!(!plain.contains('\x1b'), "{view:?}");
        assert!(coloured.contains("\x1b["), "{view:?}");
        assert_eq!(without_escapes(&coloured), plain, "{view:?}");
        assert_eq!(out(&run(lab.folder.path(), &args("auto"))), plain, "a pipe is no terminal: {view:?}");
    }
    let json = out(&run(lab.folder.path(), &["-nr", "lossy.pcap", "--json", "--color", "always"]));
    assert!(!json.contains('\x1b'));
}

/// Without the sequences that set colours.
fn without_escapes(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').expect("a colour ends with m").1);
    }
    plain
}

#[test]
fn views_are_combined_in_their_order() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let output = run(lab.folder.path(), &["-nr", "lossy.pcap", "--flows", "--findings", "--summary"]);
    let text = out(&output);
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words:?} is not there:\n{text}"));
    assert!(at("f1 @2 warning TC103") < at("flow client"));
    assert!(at("1 10.0.0.1:51000 10.0.0.2:80 closed") < at("1 connection: 1 closed"));
    assert!(at("1 connection: 1 closed") < at("lossy.pcap  pcap, Ethernet, 11 packets in 3.000 s"));
    assert!(!text.contains("Flags ["));
    assert_eq!(err(&output).lines().count(), 1, "{}", err(&output));
}

#[test]
fn json_holds_what_is_asked_for() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let kinds = |args: &[&str]| -> Vec<String> {
        let text = out(&run(lab.folder.path(), &[&["-nr", "lossy.pcap", "--json"][..], args].concat()));
        let kind = |line: &str| line.split('"').nth(3).unwrap_or_default().to_owned();
        let mut kinds: Vec<String> = text.lines().map(kind).collect();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds(&[]).first().unwrap(), "capture");
    assert_eq!(kinds(&[]).last().unwrap(), "summary");
    assert!(kinds(&[]).contains(&"packet".into()));
    assert_eq!(kinds(&["--flows"]), ["capture", "flow"]);
    assert_eq!(kinds(&["--findings"]), ["capture", "finding"]);
    assert_eq!(kinds(&["--summary"]), ["capture", "summary"]);
    assert_eq!(kinds(&["--flows", "--summary"]), ["capture", "flow", "summary"]);
}

#[test]
fn chosen_connections_are_shown_alone_and_keep_their_numbers() {
    let lab = Lab::new();
    let both: Vec<Packet> = conversation(0, true).into_iter().chain(conversation(1, true)).collect();
    lab.file("two.pcap", &capture(&both));
    let text = out(&run(lab.folder.path(), &["-nr", "two.pcap", "--flow", "2"]));
    assert!(text.lines().filter(|line| line.starts_with('#')).all(|line| line.contains("f2 @")), "{text}");
    assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), 11);
    let flows = out(&run(lab.folder.path(), &["-nr", "two.pcap", "--flow", "2", "--flows"]));
    assert!(flows.contains("51001") && !flows.contains("51000"), "{flows}");
}

#[test]
fn findings_that_are_not_selected_are_neither_shown_nor_counted() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let with =
        |args: &[&str]| run(lab.folder.path(), &[&["-nr", "lossy.pcap", "--fail-on", "note"][..], args].concat());
    for args in [
        &["--ignore", "TC103"][..],
        &["--ignore", "TC9,syn-retransmission"][..],
        &["--ignore", "TC9", "--ignore", "TC1"][..],
        &["--select", "TC2", "--select", "TC3"][..],
        &["--select", "TC1", "--min-severity", "error"][..],
        &["--select", "TC103", "--ignore", "TC1"][..],
    ] {
        let output = with(args);
        assert_eq!(status(&output), 0, "{args:?}");
        assert!(!out(&output).contains("#!"), "{args:?}\n{}", out(&output));
        assert!(err(&output).ends_with("  no findings\n"), "{args:?}\n{}", err(&output));
        let json = out(&with(&[args, &["--json"]].concat()));
        assert!(!json.contains("\"TC103\"") && json.contains("\"codes\":{}"), "{args:?}\n{json}");
        assert!(json.contains("\"findings\":{\"error\":0,\"warning\":0,\"note\":0}"), "{args:?}\n{json}");
        assert!(json.lines().all(|line| !line.contains("\"type\":\"finding\"")), "{args:?}\n{json}");
        assert!(!out(&with(&[args, &["--flows"]].concat())).contains("TC103"), "{args:?}");
        assert_eq!(out(&with(&[args, &["--findings"]].concat())), "", "{args:?}");
    }
    for args in [&["--select", "tc1"][..], &["--min-severity", "warning"][..], &["--ignore", "TC2", "--flow", "1"][..]]
    {
        let output = with(args);
        assert_eq!(status(&output), 1, "{args:?}");
        assert!(out(&output).contains("#! f1 @2 warning TC103"), "{args:?}");
        assert!(out(&with(&[args, &["--json"]].concat())).contains("\"codes\":{\"TC103\":1}"), "{args:?}");
    }
}

#[test]
fn connections_with_a_finding_are_shown_with_their_first_packets_too() {
    let lab = Lab::new();
    let both: Vec<Packet> = conversation(0, false).into_iter().chain(conversation(1, true)).collect();
    lab.file("two.pcap", &capture(&both));
    let packets = |args: &[&str]| {
        let output = run(lab.folder.path(), &[&["-nr", "two.pcap"][..], args].concat());
        assert_eq!(status(&output), 0, "{}", err(&output));
        out(&output).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    let second = packets(&["--flow", "2"]);
    assert_eq!(second.len(), 11);
    for only in ["TC103", "tc1", "no-answer,syn-retransmission"] {
        assert_eq!(packets(&["--only", only]), second, "{only}");
    }
    assert_eq!(packets(&["--only", "TC103", "--flow", "1,2"]), second);
    assert_eq!(packets(&["--only", "TC103", "--flow", "1"]).len(), 0);
    assert_eq!(packets(&["--only", "TC5,connection-refused"]).len(), 0);
    assert_eq!(packets(&["--only", "TC103", "-c", "12"]).len(), 2, "its SYN, twice");
    assert_eq!(packets(&["--only", "TC103", "-c", "11"]).len(), 0, "the second SYN is not read");
    let flows = out(&run(lab.folder.path(), &["-nr", "two.pcap", "--only", "TC103", "--flows"]));
    assert!(flows.contains("51001") && !flows.contains("51000"), "{flows}");
}

/// The server sends three times 100 bytes; the second comes last, `late` milliseconds after the third, and is acknowledged.
fn a_gap(late: i64) -> Vec<u8> {
    let mut packets = conversation(0, false)[..3].to_vec();
    packets.push(segment(0, false, ".", 9001, 1001, &[b'a'; 100]));
    packets.push(segment(0, false, ".", 9201, 1001, &[b'c'; 100]));
    packets.push(segment(0, false, ".", 9101, 1001, &[b'b'; 100]));
    packets.push(segment(0, true, ".", 1001, 9301, b""));
    for (packet, ip_id) in packets.iter_mut().zip(1..) {
        packet.ip_id = ip_id;
    }
    let times = [0, 30, 31, 40, 41, 41 + late, 42 + late];
    pcap(
        &packets.iter().zip(times).map(|(p, at)| Record::whole(ZERO + at * MILLISECOND, p.frame())).collect::<Vec<_>>(),
    )
}

#[test]
fn a_file_s_packets_have_the_final_words_where_they_come_soon() {
    let lab = Lab::new();
    lab.file("soon.pcap", &a_gap(1500));
    lab.file("late.pcap", &a_gap(2500));
    let lines = |args: &[&str]| out(&run(lab.folder.path(), args)).lines().map(str::to_owned).collect::<Vec<_>>();
    let at = |lines: &[String], words: &str| {
        lines.iter().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words:?} is not in {lines:#?}"))
    };
    let soon = lines(&["-nr", "soon.pcap"]);
    assert!(!soon.iter().any(|line| line.contains("unknown")), "{soon:#?}");
    assert!(at(&soon, "@5 note TC210") < at(&soon, "seq 101:201"), "on the lines of its own packet: {soon:#?}");
    let late = lines(&["-nr", "late.pcap"]);
    assert!(at(&late, "@5 note TC210 segment-gap  100 B not seen before it: unknown") < at(&late, "seq 101:201"));
    assert!(
        at(&late, "@5 note TC210 segment-gap  100 B not seen before it: loss") > at(&late, "seq 101:201"),
        "{late:#?}"
    );
    assert!(
        lines(&["-nr", "soon.pcap", "--findings"])[0]
            .starts_with("f1 @5 note TC210 segment-gap  100 B not seen before it: loss")
    );
    // The packets' order and lines are the same, held back or not, and the summary has the last word.
    let own = |lines: &[String]| lines.iter().filter(|line| !line.starts_with('#')).cloned().collect::<Vec<_>>();
    assert_eq!(own(&soon), lines(&["-nr", "soon.pcap", "-a", "off"]));
    assert_eq!(lines(&["-lnr", "soon.pcap"]), soon);
    assert!(
        out(&run(lab.folder.path(), &["-nr", "late.pcap", "--summary"])).contains("100 B not seen before it: loss")
    );
    // Records come as they happen.
    let json = lines(&["-nr", "soon.pcap", "--json"]);
    assert!(at(&json, "not seen before it: unknown") < at(&json, "\"type\":\"amend\""));
}

/// What stands in the end: flow, frame and code of each finding, by the lines of `--findings`.
fn standing_in_text(text: &str) -> Vec<String> {
    let mut standing: Vec<String> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let at = words.iter().position(|word| word.starts_with("TC")).unwrap();
        let place = format!("{} {}", words[..at - 1].join(" "), words[at]).trim().to_owned();
        // A finding about a connection may be there as often as it likes; what is changed is said of a frame again.
        if words[at - 1] == "withdrawn" {
            standing.retain(|told| *told != place);
        } else if !standing.contains(&place) {
            standing.push(place);
        }
    }
    standing.sort();
    standing
}

/// The same by NDJSON.
fn standing_in_json(text: &str) -> Vec<String> {
    let mut standing: Vec<String> = Vec::new();
    let place = |of: &serde_json::Value, code: &serde_json::Value| {
        let part =
            |sign: &str, key: &str| of[key].as_u64().map(|number| format!("{sign}{number} ")).unwrap_or_default();
        format!("{}{}{}", part("f", "flow"), part("@", "frame"), code.as_str().unwrap_or_default()).trim().to_owned()
    };
    for record in text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
        for withdrawn in record["withdrawn"].as_array().into_iter().flatten() {
            standing.retain(|told| *told != place(&record, &withdrawn["code"]));
        }
        let own = (record["type"] == "finding").then_some(&record);
        for finding in own.into_iter().chain(record["details"].as_array().into_iter().flatten()) {
            let place = place(finding, &finding["code"]);
            if !standing.contains(&place) {
                standing.push(place);
            }
        }
    }
    standing.sort();
    standing
}

#[test]
fn text_and_records_agree_in_the_end_on_every_fixture() {
    for path in files_below("fixtures", &[".pcap", ".pcapng"]) {
        let with = |args: &[&str]| out(&run(root(), &[&["-nr", path.to_str().unwrap()][..], args].concat()));
        let findings = with(&["--findings"]);
        assert_eq!(standing_in_text(&findings), standing_in_json(&with(&["--json"])), "{}", path.display());
        let packets = with(&[]);
        let lines = |text: &str, own: bool| -> Vec<String> {
            text.lines().filter(|line| line.starts_with('#') != own).map(str::to_owned).collect()
        };
        assert_eq!(lines(&packets, true), lines(&with(&["-a", "off"]), true), "{}", path.display());
        let below = packets.lines().filter_map(|line| line.strip_prefix("#! ")).collect::<Vec<_>>();
        assert_eq!(below, findings.lines().collect::<Vec<_>>(), "{}", path.display());
        let frames = |text: &str| -> Vec<u64> {
            let remarks = text.lines().filter(|line| line.starts_with("# f"));
            remarks.filter_map(|line| line.split('@').nth(1)?.split(' ').next()?.parse().ok()).collect()
        };
        assert!(frames(&packets).is_sorted(), "{}", path.display());
    }
}

#[test]
fn a_pipe_that_is_read_along_line_by_line_has_each_packet_at_once() {
    let lab = Lab::new();
    lab.file("soon.pcap", &a_gap(1500));
    let piped = |args: &[&str]| {
        let input = std::fs::File::open(lab.folder.path().join("soon.pcap")).unwrap();
        out(&command(lab.folder.path(), args).stdin(input).output().unwrap())
    };
    assert_eq!(piped(&["-nr", "-"]), out(&run(lab.folder.path(), &["-nr", "soon.pcap"])));
    let along = piped(&["-lnr", "-"]);
    assert!(along.find("unknown") < along.find("before it: loss") && along.contains("unknown"), "{along}");
}

#[test]
fn a_packet_seen_twice_names_its_twin_whichever_findings_are_shown() {
    let lab = Lab::new();
    let mut packets = conversation(0, false);
    packets.insert(4, packets[3].clone());
    lab.file("copy.pcap", &capture_every(&packets, MILLISECOND / 10));
    for args in [&[][..], &["--ignore", "TC2,TC9"][..]] {
        let text = out(&run(lab.folder.path(), &[&["-nr", "copy.pcap"][..], args].concat()));
        assert!(text.contains("s=ESTABLISHED the same packet as @4 once more: it changes nothing\n"), "{text}");
    }
}

/// Ends at the first ^C though nothing more comes.
#[cfg(unix)]
#[test]
fn a_silent_standard_input_is_given_up_at_the_first_interrupt() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let mut child = command(lab.folder.path(), &["-lnr", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&std::fs::read(lab.folder.path().join("clean.pcap")).unwrap()).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..20 {
        lines.read_line(&mut String::new()).unwrap();
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
    assert!(said.contains("10 packets in 2.700 s") && !said.contains("TC901"), "{said}");
    drop(input);
}

#[test]
fn a_capture_without_tcp_is_read_to_its_end() {
    let lab = Lab::new();
    let arp = [&[0xff; 6][..], &[2, 0, 0, 0, 0, 1], &[0x08, 0x06], &[0; 28]].concat();
    lab.file("arp.pcap", &pcap(&[Record::whole(ZERO, arp.clone()), Record::whole(ZERO + MILLISECOND, arp)]));
    let output = run(lab.folder.path(), &["-nr", "arp.pcap"]);
    assert_eq!((status(&output), out(&output).as_str()), (0, ""));
    let said = err(&output);
    assert!(said.contains("2 packets in 1.0 ms"), "{said}");
    assert!(said.contains("TCP: 0 in 0 connections; 2 other"), "{said}");
    assert!(said.ends_with("  no findings\n"), "{said}");
    let flows = run(lab.folder.path(), &["-nr", "arp.pcap", "--flows"]);
    assert_eq!((status(&flows), out(&flows).as_str()), (0, "0 connections\n"));
    let json = out(&run(lab.folder.path(), &["-nr", "arp.pcap", "--json"]));
    assert_eq!(json.lines().count(), 2, "{json}");
}

#[test]
fn a_clean_capture_is_told_in_few_lines() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let text = out(&run(lab.folder.path(), &["-nr", "clean.pcap", "--summary"]));
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "clean.pcap  pcap, Ethernet, 10 packets in 2.700 s, from 2023-11-14 22:13:20.000000 UTC",
            "  verdict       server: the server took 300.0 ms to answer (flow 1)",
            "  outcome       1 closed",
            "  packets       TCP: 10 in 1 connection; 0 other; 0 truncated; checksums 10 correct",
            "  server time   median 300.0 ms of 1 answer, slowest 300.0 ms (flow 1 @4)",
            "  data          client to server 13 B in 1 segment; server to client 13 B in 1 segment",
            "  no findings",
        ]
    );
}

#[test]
fn nothing_on_a_line_of_ours_is_wider_than_120_columns() {
    for path in files_below("fixtures", &[".pcap", ".pcapng"]) {
        let output = run(root(), &["-nr", path.to_str().unwrap(), "--summary"]);
        for line in out(&output).lines().filter(|line| !line.contains("tcpcheck -r") && !line.contains("  pcap")) {
            assert!(line.chars().count() <= 120, "{}: {line}", path.display());
        }
    }
}

#[test]
fn what_tcpdump_says_on_standard_error_is_said() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let output = run(lab.folder.path(), &["-nr", "clean.pcap"]);
    assert_eq!(
        err(&output).lines().next().unwrap(),
        "reading from file clean.pcap, link-type EN10MB (Ethernet), snapshot length 262144"
    );
}

#[cfg(feature = "live")]
#[test]
fn a_live_capture_ends_after_its_count_with_tcpdump_s_counters() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, port) = (listener.local_addr().unwrap(), listener.local_addr().unwrap().port().to_string());
    let loopback = if cfg!(target_os = "macos") { "lo0" } else { "lo" };
    let lab = Lab::new();
    let mut child = command(lab.folder.path(), &["-ni", loopback, "-c", "3", "--immediate-mode", "tcp", "port", &port])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    if !first.starts_with("listening on lo") {
        assert_eq!(child.wait().unwrap().code(), Some(2), "{first}");
        crate::testkit::skipped(&first, "sudo -E cargo test");
        return;
    }
    let connection = std::net::TcpStream::connect(address).unwrap();
    drop((listener.accept().unwrap(), connection));
    let output = child.wait_with_output().unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(status(&output), 0, "{rest}");
    assert!(rest.starts_with("3 packets captured\n"), "{rest}");
    assert!(rest.contains("\n0 packets dropped by kernel\n"), "{rest}");
    assert!(rest.contains(&format!("\n{loopback}  live, ")), "{rest}");
    let text = out(&output);
    assert!(text.contains("# f1 @3  c=ESTABLISHED --> s>ESTABLISHED ACK: acks the SYN+ACK @2"), "{text}");
}

#[test]
fn a_filter_chooses_packets_and_one_that_does_not_compile_says_where() {
    let lab = Lab::new();
    let both: Vec<Packet> = conversation(0, false).into_iter().chain(conversation(1, false)).collect();
    lab.file("two.pcap", &capture(&both));
    let filtered = run(lab.folder.path(), &["-nr", "two.pcap", "tcp", "port", "51001"]);
    let text = out(&filtered);
    assert!(text.lines().all(|line| line.contains("51001") || line.starts_with("# f1 @")), "{text}");
    assert!(text.contains("# f1 @11 c>SYN_SENT"), "frames keep their numbers in the file: {text}");
    lab.file("filter", b"port 51001\n");
    assert_eq!(out(&run(lab.folder.path(), &["-nr", "two.pcap", "-F", "filter"])), text);
    let wrong = run(lab.folder.path(), &["-nr", "two.pcap", "tcp prot 80"]);
    assert_eq!(status(&wrong), 2);
    assert!(err(&wrong).contains("syntax error\n  tcp prot 80\n      ^"), "{}", err(&wrong));
}

#[test]
fn what_is_saved_is_what_was_read() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let saved = run(lab.folder.path(), &["-r", "lossy.pcap", "-w", "saved.pcap"]);
    assert_eq!((status(&saved), out(&saved).as_str()), (0, ""));
    let bytes = |name: &str| std::fs::read(lab.folder.path().join(name)).unwrap();
    assert_eq!(bytes("saved.pcap"), bytes("lossy.pcap"));
    assert_eq!(run(lab.folder.path(), &["-r", "lossy.pcap", "-w", "-"]).stdout, bytes("lossy.pcap"));
    let printed = run(lab.folder.path(), &["-nr", "lossy.pcap", "-w", "saved.pcap", "--print", "-c", "2"]);
    assert_eq!(out(&printed).lines().filter(|line| !line.starts_with('#')).count(), 2);
    assert!(bytes("saved.pcap").len() < bytes("lossy.pcap").len());
    let nowhere = run(lab.folder.path(), &["-r", "lossy.pcap", "-w", "no/such/folder/x.pcap"]);
    assert_eq!(status(&nowhere), 2);
    assert!(err(&nowhere).contains("no/such/folder/x.pcap: there is no folder no/such/folder"), "{}", err(&nowhere));
}

#[test]
fn several_files_are_merged_in_time_order() {
    let lab = lab_with_a_clean_and_a_lossy_capture();
    let all = conversation(0, true);
    let at = |n: usize| ZERO + n as i64 * 300 * MILLISECOND;
    for (name, odd) in [("even.pcap", false), ("odd.pcap", true)] {
        let half = all.iter().enumerate().filter(|(n, _)| (n % 2 == 1) == odd);
        lab.file(name, &pcap(&half.map(|(n, p)| Record::whole(at(n), p.frame())).collect::<Vec<_>>()));
    }
    let merged = run(lab.folder.path(), &["-nr", "even.pcap", "-r", "odd.pcap"]);
    assert_eq!(out(&merged), out(&run(lab.folder.path(), &["-nr", "lossy.pcap"])));
    assert!(err(&merged).contains("tcpcheck -r even.pcap -r odd.pcap --findings"), "{}", err(&merged));
}

/// The page that is kept, and the one that the options make. `UPDATE=1 cargo test` writes it anew.
#[test]
fn the_manual_page_is_the_one_that_the_options_make() {
    let made = out(&run(root(), &["man"]));
    let path = root().join("man/tcpcheck.1");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "man/tcpcheck.1 is not up to date: UPDATE=1 cargo test the_manual_page");
    for section in ["NAME", "SYNOPSIS", "OUTPUT", "EXIT STATUS", "EXAMPLES", "FILES", "SEE ALSO"] {
        assert!(made.contains(&format!(".SH {section}")) || made.contains(&format!(".SH \"{section}\"")), "{section}");
    }
}

#[test]
fn completions_are_made_for_each_shell() {
    for (shell, word) in
        [("bash", "complete -F _tcpcheck"), ("zsh", "#compdef tcpcheck"), ("fish", "complete -c tcpcheck")]
    {
        let output = run(root(), &["completions", shell]);
        assert_eq!(status(&output), 0);
        assert!(out(&output).contains(word) && out(&output).contains("annotate"), "{shell}");
    }
    assert_eq!(status(&run(root(), &["completions", "csh"])), 2);
}

#[test]
fn help_is_short_with_h_and_long_with_help() {
    let (short, long) = (run(root(), &["-h"]), run(root(), &["--help"]));
    assert_eq!((status(&short), status(&long)), (0, 0));
    assert!(out(&long).lines().count() > out(&short).lines().count());
    assert!(out(&long).contains("A summary follows on standard error"));
}

#[test]
fn a_clock_that_is_set_back_loses_no_packet_and_is_said() {
    let lab = Lab::new();
    // A handshake, an hour back, and the close; then another connection that is never answered.
    let hour = 3_600_000 * MILLISECOND;
    let talk = [
        (0, segment(1, true, "S", 100, 0, b"")),
        (1, segment(1, false, "S.", 500, 101, b"")),
        (2, segment(1, true, ".", 101, 501, b"")),
        (3, segment(1, true, "P.", 101, 501, b"hello")),
        (4, segment(1, false, ".", 501, 106, b"")),
        (5, segment(1, true, "F.", 106, 501, b"")),
        (6, segment(1, false, "F.", 501, 107, b"")),
        (7, segment(1, true, ".", 107, 502, b"")),
        (8, segment(2, true, "S", 900, 0, b"")),
        (5_000, segment(1, true, ".", 107, 502, b"")),
    ];
    let records: Vec<_> = talk
        .iter()
        .enumerate()
        .map(|(at, (ms, packet))| {
            let back = if at < 4 { 0 } else { hour };
            Record::whole(ZERO + ms * MILLISECOND - back, packet.frame())
        })
        .collect();
    let file = lab.file("back.pcap", &pcap(&records));
    let output = run(lab.folder.path(), &["-n", "-r", file.to_str().unwrap(), "--print", "-w", "part-%H", "-G", "1"]);
    assert_eq!((status(&output), err(&output).contains("10 packets in")), (0, true), "{}", err(&output));
    let text = out(&output);
    assert_eq!(text.lines().filter(|line| line.contains(" IP ")).count(), 10);
    assert!(text.contains("#! f1 @5 warning TC909 time-goes-back  "), "{text}");
    assert_eq!(text.matches("TC909").count(), 1);
    // Of both hours there is a file.
    let flows = out(&run(lab.folder.path(), &["-n", "-r", file.to_str().unwrap(), "--flows"]));
    assert!(flows.contains("closed") && flows.contains("no-answer"), "{flows}");
    let count = |name: &str| out(&run(lab.folder.path(), &["-r", name, "--count"]));
    assert_eq!((count("part-22").as_str(), count("part-21").as_str()), ("9 packets\n", "1 packet\n"));
}

#[test]
fn a_table_every_interval_holds_the_connections_that_ended_in_it() {
    let lab = Lab::new();
    let refused =
        |n: u16, ms: i64| [(ms, segment(n, true, "S", 100, 0, b"")), (ms + 1, segment(n, false, "R.", 0, 101, b""))];
    // Each is over with its RST, and has its row in that interval, though it is tracked for twice the segment lifetime.
    let talk = [refused(1, 0), refused(2, 2_000), refused(1, 61_000), refused(2, 100_000)];
    let records: Vec<_> =
        talk.iter().flatten().map(|(ms, packet)| Record::whole(ZERO + ms * MILLISECOND, packet.frame())).collect();
    let file = lab.file("a.pcap", &pcap(&records));
    let output = run(lab.folder.path(), &["-n", "-r", file.to_str().unwrap(), "--flows", "--interval", "10s"]);
    assert_eq!(status(&output), 0, "{}", err(&output));
    let text = out(&output);
    let tables: Vec<Vec<u32>> = text
        .split("\n\n")
        .map(|table| table.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect())
        .collect();
    assert_eq!(tables[..2], [vec![1, 2], vec![3]], "{text}");
    assert_eq!(tables.concat(), [1, 2, 3, 4, 4], "{text}");
    assert!(!text.contains("open"), "{text}");
    let refusal = run(lab.folder.path(), &["-n", "-r", file.to_str().unwrap(), "--flows", "--interval", "0s"]);
    assert_eq!((status(&refusal), err(&refusal).contains("the shortest interval is 1ms")), (2, true));
}

#[test]
fn files_are_read_without_an_option_and_the_filter_stands_behind_them() {
    let with = |words: &[&str]| {
        let output = tcpcheck(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let (loss, refused) = ("fixtures/loss/timeout.pcap", "fixtures/open/refused.pcap");
    assert_eq!(with(&["-n", loss]), with(&["-nr", loss]));
    assert_eq!(with(&["-n", loss, refused, "--flows"]), with(&["-nr", loss, "-r", refused, "--flows"]));
    assert_eq!(with(&["-n", loss, "src", "port", "1"]), with(&["-nr", loss, "src", "port", "1"]));
    assert_eq!(with(&["ladder", "-n", refused]), with(&["ladder", "-nr", refused]));
    assert_eq!(with(&["explain", "-n", loss, "@6"]), with(&["explain", "-nr", loss, "@6"]));
}

#[test]
fn a_word_that_means_nothing_is_told_what_was_meant() {
    let said = |words: &[&str]| {
        let output = tcpcheck(words);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, words) = said(&["chek"]);
    assert!(code == Some(2) && words.contains("did you mean check?"), "{words}");
    let (code, words) = said(&["nothing-of-that-name"]);
    assert!(code == Some(2) && words.contains("no command and no file, and no filter"), "{words}");
    let (code, words) = said(&["-nr", "fixtures/open/refused.pcap", "--flow", "99"]);
    assert!(code == Some(2) && words.contains("--flow 99: there is 1 connection"), "{words}");
}

#[test]
fn help_is_a_command_too() {
    let help = |words: &[&str]| String::from_utf8(tcpcheck(words).stdout).expect("text");
    assert_eq!(help(&["help"]), help(&["--help"]));
    assert!(help(&["help", "check"]).contains("--baseline"));
}

/// Where the program that opens pages is this one, which notes what it is given.
#[cfg(target_os = "linux")]
#[test]
fn a_report_says_what_it_wrote_and_is_opened_when_that_is_wanted() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let opener = folder.path().join("xdg-open");
    let note = folder.path().join("opened");
    std::fs::write(&opener, format!("#!/bin/sh\necho \"$1\" > '{0}.new' && mv '{0}.new' '{0}'\n", note.display()))
        .unwrap();
    std::fs::set_permissions(&opener, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let page = folder.path().join("-page.html");
    let report = |path: &str, output: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
        let capture = root().join("fixtures/open/refused.pcap");
        command.arg("report").arg(capture).args([&format!("--output={output}"), "--open"]);
        let output = command.env("PATH", path).current_dir(folder.path()).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (done, said) = report(&path, "-page.html");
    assert!(done, "{said}");
    assert!(said.lines().any(|line| line.starts_with("-page.html: ") && line.ends_with(" kB")), "{said}");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !note.exists() && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(std::fs::read_to_string(&note).unwrap().trim(), page.to_str().unwrap());
    // Where there is none, the page is there all the same.
    let (done, said) = report("/nowhere", "second.html");
    assert!(!done && said.contains("the page is written, and cannot be opened: xdg-open"), "{said}");
    assert!(folder.path().join("second.html").exists());
    let (done, said) = report(&path, "-");
    assert!(!done && said.contains("--open needs a file to open"), "{said}");
}
