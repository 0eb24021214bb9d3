//! `--ring` and `--save-on`: packets around findings, saved.

use std::path::Path;
use std::process::{Command, Output};

use crate::testkit::{root, tcpcheck};

fn run(folder: &Path, args: &[&str]) -> Output {
    let file = root().join("fixtures/loss/timeout.pcap");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    command.args(["-n", "--findings", "-r"]).arg(file).args(args).current_dir(folder).env("TZ", "UTC");
    command.output().unwrap()
}

/// The names of the files in a folder, each with the times of its packets since the capture's first one, in milliseconds.
fn files(folder: &Path) -> Vec<(String, Vec<u32>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let lines = tcpcheck(&["-tt", "-n", "-a", "off", "-r", path.to_str().unwrap()]).stdout;
            (path.file_name().unwrap().to_str().unwrap().to_owned(), since(text(&lines)))
        })
        .collect();
    files.sort();
    files
}

/// Milliseconds from the capture's first packet to each of these.
fn since(lines: &str) -> Vec<u32> {
    let times = lines.lines().map(|line| line.split_once(' ').unwrap().0.parse::<f64>().unwrap());
    times.map(|time| ((time - 1_795_380_952.270_771) * 1000.0).round() as u32).collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn packets_before_and_after_a_finding_are_in_a_file_named_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["--ring", "300ms", "--save-on", "timeout-retransmission", "-w", "trouble.pcap"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let files = files(folder.path());
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    let said = text(&output.stderr);
    assert_eq!(names, ["trouble-TC203-20261122T205552-f1-6.pcap", "trouble-TC203-20261122T205553-f1-7.pcap"], "{said}");
    assert!(said.contains(&format!("TC203 of @6: packets around it go to {}", names[0])), "{said}");
    // Frames 6 and 7, and whatever is within 300 ms of each.
    let all = tcpcheck(&["-tt", "-n", "-a", "off", "-r", root().join("fixtures/loss/timeout.pcap").to_str().unwrap()]);
    let all = since(text(&all.stdout));
    for (frame, (_, times)) in [all[5], all[6]].iter().zip(&files) {
        let around: Vec<_> = all.iter().copied().filter(|ms| ms.abs_diff(*frame) <= 300).collect();
        assert_eq!((times, around.len() < all.len()), (&around, true));
    }
}

#[test]
fn without_a_name_the_files_are_called_after_the_finding_alone_and_there_are_as_many_as_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["--ring", "1ms", "--save-on", "TC2"]).status.code(), Some(0));
    assert_eq!(files(folder.path()).len(), 3);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["--ring", "1k", "--save-on", "TC2", "-W", "1"]).status.code(), Some(0));
    let files = files(folder.path());
    assert_eq!(files.len(), 1);
    assert!(files[0].0.starts_with("TC204-20261122T205552-f1-5"), "{files:?}");
}

#[test]
fn a_folder_may_be_named_and_one_that_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("found")).unwrap();
    let output = run(folder.path(), &["--ring", "64M", "--save-on", "TC203", "-w", "found/"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let files = files(&folder.path().join("found"));
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].1.len(), 12);
    let output = run(folder.path(), &["--ring", "64M", "--save-on", "TC203", "-w", "missing/x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).is_empty(), "nothing is read for it: {}", text(&output.stdout));
    assert!(text(&output.stderr).contains("there is no folder "), "{}", text(&output.stderr));
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (args, words) in [
        (&["--ring", "lots", "--save-on", "TC2"][..], "a length of time, such as 30s"),
        (&["--ring", "1s"][..], "--save-on"),
        (&["--save-on", "TC2"][..], "--ring"),
        (&["--ring", "1s", "--save-on", "TC999"][..], "TC999"),
        (&["--ring", "1s", "--save-on", "TC2", "-w", "-"][..], "-w -"),
    ] {
        let output = run(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(words), "{args:?}: {}", text(&output.stderr));
    }
    assert_eq!(files(folder.path()), []);
}
