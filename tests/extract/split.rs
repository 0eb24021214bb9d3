//! `tcpcheck split`: the parts together are the capture.

use std::path::{Path, PathBuf};

use super::traffic::{capture, labelled};
use super::{Kept, packets};
use crate::testkit::{files_below, short, tcpcheck};

/// The parts of a capture, and the lines of their list.
fn parts(input: &Path, by: &str, folder: &Path) -> Option<(Vec<PathBuf>, Vec<serde_json::Value>)> {
    let output = tcpcheck(&["split", input.to_str()?, "-d", folder.to_str()?, "--by", by]);
    if !output.status.success() {
        return None;
    }
    let index = std::fs::read_to_string(folder.join("index.ndjson")).unwrap();
    let lines: Vec<serde_json::Value> = index.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let files: Vec<_> = lines.iter().map(|line| folder.join(line["file"].as_str().unwrap())).collect();
    let there = folder.read_dir().unwrap().count();
    assert_eq!(there, files.len() + 1, "{}: a file a line, and the list", short(input));
    Some((files, lines))
}

fn sorted(mut packets: Vec<Kept>) -> Vec<Kept> {
    packets.sort();
    packets
}

/// What `--json` says of connections, without the numbers of connections.
fn flows(files: &[PathBuf]) -> Vec<String> {
    let mut args = vec!["--json", "--flows"];
    for file in files {
        args.extend(["-r", file.to_str().unwrap()]);
    }
    let text = String::from_utf8(tcpcheck(&args).stdout).unwrap();
    let mut flows: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|record| record["type"] == "flow")
        .map(|mut record| {
            record.as_object_mut().unwrap().remove("flow");
            record.to_string()
        })
        .collect();
    flows.sort();
    flows
}

#[test]
fn the_parts_together_are_the_capture_and_have_its_connections() {
    for input in files_below("fixtures", &[".pcap", ".pcapng"]) {
        // Every way with some, and one with all.
        let ways = if short(&input).contains("loss/") { 4 } else { 1 };
        for by in ["flow", "host", "port", "finding"].into_iter().take(ways) {
            let folder = tempfile::tempdir().unwrap();
            let Some((files, lines)) = parts(&input, by, folder.path()) else { continue };
            let mut together = Vec::new();
            for (file, line) in files.iter().zip(&lines) {
                let part = packets(file);
                assert_eq!(line["packets"], part.len(), "{} by {by}: {line}", short(&input));
                together.extend(part);
            }
            assert!(sorted(together) == sorted(packets(&input)), "{} by {by}", short(&input));
            // Frames of equal times may change places where files are merged.
            if !files.is_empty() && !short(&input).contains("malformed") {
                assert_eq!(flows(&files), flows(std::slice::from_ref(&input)), "{} by {by}", short(&input));
            }
        }
    }
}

#[test]
fn names_say_what_is_in_the_parts_and_fragments_and_icmp_are_with_their_connection() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.pcap");
    std::fs::write(&input, capture(&labelled())).unwrap();
    for (by, expected) in [
        ("flow", &["f1-10.0.0.1.51001-10.0.0.2.80.pcap", "f2-10.0.0.1.51002-10.0.0.2.80.pcap", "other.pcap"][..]),
        ("host", &["host-10.0.0.2.pcap", "other.pcap"]),
        ("port", &["other.pcap", "port-80.pcap"]),
        ("finding", &["TC410.pcap", "TC702.pcap", "other.pcap"]),
    ] {
        let to = folder.path().join(by);
        let (files, _) = parts(&input, by, &to).unwrap();
        let mut names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, expected);
    }
    let whole = packets(&input);
    for (flow, name) in [(1, "f1-10.0.0.1.51001-10.0.0.2.80.pcap"), (2, "f2-10.0.0.1.51002-10.0.0.2.80.pcap")] {
        let part = packets(&folder.path().join("flow").join(name));
        let frames = labelled();
        let of_it = frames.iter().zip(&whole).filter(|((of, _), _)| *of == flow).map(|(_, packet)| packet.clone());
        assert_eq!(part, of_it.collect::<Vec<_>>());
    }
    let again = tcpcheck(&["split", input.to_str().unwrap(), "-d", folder.path().to_str().unwrap(), "--by", "flow"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("not empty"));
}

#[test]
fn more_parts_than_may_be_open_are_closed_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.pcap");
    let mut frames = Vec::new();
    for _ in 0..3 {
        frames.extend((0..250).map(|n| (u32::from(n), super::traffic::segment(n, true, "S", 1000, 0, b"").frame())));
    }
    std::fs::write(&input, capture(&frames)).unwrap();
    let (files, lines) = parts(&input, "flow", &folder.path().join("parts")).unwrap();
    assert_eq!(files.len(), 250);
    assert!(lines.iter().all(|line| line["packets"] == 3), "{lines:#?}");
    assert!(files.iter().all(|file| packets(file).len() == 3));
}
