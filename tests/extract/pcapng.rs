//! `-w FILE.pcapng` and `--comments`, as tshark and our own reader find them.

use std::path::Path;
use std::process::Command;

use super::packets;
use super::traffic::{capture, labelled};
use crate::testkit::file::{Record, block, enhanced_packet, interface, section};
use crate::testkit::{files_below, short, tcpcheck};

/// Runs the program, which has to succeed.
fn run(args: &[&str]) -> Vec<u8> {
    let output = tcpcheck(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A frame's number and its comments, for each frame, as tshark reads them; nothing where there is no tshark.
fn comments(path: &Path) -> Option<Vec<(u64, String)>> {
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=|"]);
    let Ok(output) = tshark.args(["-e", "frame.number", "-e", "frame.comment", "-r"]).arg(path).output() else {
        assert!(std::env::var("TCPCHECK_WITNESSES").is_err(), ".ci/run installs tshark, and it is not here");
        crate::testkit::skipped("no tshark here to compare with", "apt-get install tshark");
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    let row = |line: &str| line.split_once('\t').map(|(number, words)| (number.parse().unwrap(), words.to_owned()));
    Some(text.lines().filter_map(row).collect())
}

/// Of the records that `--json` prints, the final findings about frames: frame, code and flow.
fn findings(path: &str) -> Vec<(u64, String)> {
    let mut found: Vec<(u64, String)> = Vec::new();
    for line in String::from_utf8(run(&["-r", path, "--json"])).unwrap().lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let code = |finding: &serde_json::Value| finding["code"].as_str().unwrap().to_owned();
        match record["type"].as_str().unwrap() {
            "finding" if record["frame"].is_u64() => found.push((record["frame"].as_u64().unwrap(), code(&record))),
            "amend" => {
                let frame = record["frame"].as_u64().unwrap();
                for withdrawn in record["withdrawn"].as_array().unwrap() {
                    found.retain(|known| *known != (frame, code(withdrawn)));
                }
                for detail in record["details"].as_array().unwrap() {
                    let new = (detail["frame"].as_u64().unwrap(), code(detail));
                    if !found.contains(&new) {
                        found.push(new);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn tshark_finds_each_finding_of_every_fixture_on_its_packet_and_the_packets_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcapng");
    for input in files_below("fixtures", &[".pcap", ".pcapng", ".gz", ".zst"]) {
        let (from, to) = (input.to_str().unwrap(), output.to_str().unwrap());
        let _ = std::fs::remove_file(&output);
        let written = tcpcheck(&["-r", from, "-w", to, "--comments"]);
        // Some are no capture at all, and some are cut.
        if !written.status.success() && !output.exists() {
            continue;
        }
        let before = packets(&input);
        assert_eq!(packets(&output).len(), before.len(), "{}", short(&input));
        assert!(packets(&output) == before, "{}: other packets", short(&input));
        if before.is_empty() {
            continue;
        }
        let Some(said) = comments(&output) else { return };
        // To Wireshark a program's own block is a frame, too: the numbers are not ours behind one.
        assert!(said.len() >= before.len(), "{}", short(&input));
        if said.len() > before.len() || !written.status.success() {
            continue;
        }
        for (frame, code) in findings(from) {
            let on_it =
                said.iter().find(|(number, _)| *number == frame).is_some_and(|(_, words)| words.contains(&code));
            assert!(on_it, "{}: {code} is not on frame {frame}: {said:#?}", short(&input));
        }
    }
}

#[test]
fn the_summary_is_a_comment_on_the_file_and_what_a_pipe_settles_late_names_its_frame() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcapng");
    let input = crate::testkit::root().join("fixtures/open/no-answer.pcap");
    run(&["-r", input.to_str().unwrap(), "-w", output.to_str().unwrap(), "--comments"]);
    let read_twice = std::fs::read(&output).unwrap();
    let holds = |bytes: &[u8], words: &str| memchr::memmem::find(bytes, words.as_bytes());
    let comment = holds(&read_twice, "0 of 1 completed").expect("the summary");
    assert!(comment < holds(&read_twice, "# f1 @1").unwrap(), "before the first packet");
    let pipe = std::process::Command::new(env!("CARGO_BIN_EXE_tcpcheck"))
        .args(["-r", "-", "-w", output.to_str().unwrap(), "--comments"])
        .stdin(std::fs::File::open(&input).unwrap())
        .output()
        .unwrap();
    assert!(pipe.status.success());
    // A file as standard input is still read once.
    let read_once = std::fs::read(&output).unwrap();
    assert_eq!(packets(&output), packets(&input));
    assert!(holds(&read_once, "0 of 1 completed").unwrap() > holds(&read_once, "# f1 @4").unwrap(), "in the end");
    assert!(holds(&read_once, "#! f1 @1 error TC101").unwrap() > holds(&read_once, "# f1 @4").unwrap());
}

/// A pcapng option.
fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let mut out = code.to_le_bytes().to_vec();
    out.extend((value.len() as u16).to_le_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// A block with options behind its body.
fn with_options(plain: &[u8], options: &[Vec<u8>]) -> Vec<u8> {
    let kind = u32::from_le_bytes(plain[..4].try_into().unwrap());
    let body = [&plain[8..plain.len() - 4], &options.concat(), &[0; 4]].concat();
    block(kind, &body)
}

#[test]
fn interfaces_names_secrets_and_comments_of_the_input_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.pcapng"), folder.path().join("out.pcapng"));
    let frames = labelled();
    let packet = |n: usize, interface| {
        enhanced_packet(interface, &Record::whole(1_700_000_000_000_000_000 + n as i64 * 1000, frames[n].1.clone()))
    };
    let names = [&[1, 0, 14, 0, 10, 0, 0, 1][..], b"a.example\0\0\0", &[0; 4]].concat();
    let secrets = [&[0x54, 0x53, 0x4c, 0x54][..], &12_u32.to_le_bytes(), b"CLIENT_RAND "].concat();
    let raw = |n: usize| enhanced_packet(1, &Record::whole(1_700_000_000_000_001_000, frames[n].1[14..].to_vec()));
    let file = [
        with_options(&section(), &[option(1, b"comment on the file"), option(2, b"some machine")]),
        with_options(&interface(1, 4096), &[option(2, b"eth7"), option(3, b"uplink"), option(9, &[6])]),
        block(4, &names),
        block(10, &secrets),
        with_options(&packet(1, 0), &[option(1, b"first comment"), option(2, &[1, 0, 0, 0])]),
        with_options(&interface(101, 0), &[option(2, b"tun0")]),
        raw(4),
        packet(6, 0),
    ];
    std::fs::write(&input, file.concat()).unwrap();
    run(&["-r", input.to_str().unwrap(), "-w", output.to_str().unwrap(), "--comments"]);
    assert_eq!(packets(&output), packets(&input));
    let written = std::fs::read(&output).unwrap();
    let at = |words: &[u8]| memchr::memmem::find(&written, words).unwrap_or_else(|| panic!("{words:?}"));
    let first = at(b"first comment");
    for before in [&b"comment on the file"[..], b"some machine", b"eth7", b"uplink", b"a.example", b"CLIENT_RAND "] {
        assert!(at(before) < first, "{}", String::from_utf8_lossy(before));
    }
    assert!(at(b"tun0") > 0 && at(b"# f1 @1") > first);
    let Some(said) = comments(&output) else { return };
    assert!(said[0].1.starts_with("first comment|# f1 @1"), "{said:?}");
    // Files that take turns each begin with what the packets need.
    let pattern = folder.path().join("turn.pcapng");
    run(&["-r", input.to_str().unwrap(), "-w", pattern.to_str().unwrap(), "-C", "64"]);
    let mut all = Vec::new();
    for name in ["turn.pcapng", "turn.pcapng1", "turn.pcapng2"] {
        let path = folder.path().join(name);
        if let Ok(bytes) = std::fs::read(&path) {
            assert!(memchr::memmem::find(&bytes, b"CLIENT_RAND ").is_some(), "{name}");
            all.extend(packets(&path));
        }
    }
    assert_eq!(all, packets(&input));
}

#[test]
fn comments_are_on_the_packets_that_are_written_and_say_what_is_selected() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.pcap"), folder.path().join("out.pcapng"));
    std::fs::write(&input, capture(&labelled())).unwrap();
    let to = output.to_str().unwrap();
    run(&["-r", input.to_str().unwrap(), "-w", to, "--comments", "--flow", "2", "--select", "TC5"]);
    let bytes = std::fs::read(&output).unwrap();
    let has = |words: &str| memchr::memmem::find(&bytes, words.as_bytes()).is_some();
    assert!(has("# f2 @2") && !has("# f1 @"));
    assert_eq!(packets(&output).len(), labelled().iter().filter(|(flow, _)| *flow == 2).count());
    let refused = tcpcheck(&["-r", input.to_str().unwrap(), "-w", "out.pcap", "--comments"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("end in .pcapng"));
}
