//! What reads a capture twice says so of a pipe, which gives its bytes once.

use std::process::{Command, Output};

use crate::testkit::root;

/// Runs the program on a pipe that a capture comes through.
fn through_a_pipe(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let capture = root().join("fixtures/loss/timeout.pcap");
    let mut writer = Command::new("sh").args(["-c", "cat \"$0\" > \"$1\""]).args([&capture, &pipe]).spawn().unwrap();
    let args = args.iter().map(|arg| if *arg == "PIPE" { pipe.to_str().unwrap() } else { arg });
    let output = Command::new(env!("CARGO_BIN_EXE_tcpcheck")).args(args).output().unwrap();
    // It may still wait for a reader.
    let _ = writer.kill();
    writer.wait().unwrap();
    output
}

#[test]
fn a_pipe_cannot_be_read_twice_and_that_is_said() {
    for (args, words) in [
        (&["ladder", "--worst", "-r", "PIPE"][..], "--worst reads the packets twice, which "),
        (
            &["explain", "-r", "PIPE", "@5"],
            "a capture is read twice here, so it has to be a file and no pipe: save it first",
        ),
        (&["-r", "PIPE", "--only", "TC2"], "--only reads the packets twice, which "),
    ] {
        let output = through_a_pipe(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.contains("pipe"), "{said}");
        assert!(!said.contains("empty"), "{said}");
    }
}

#[test]
fn what_reads_once_reads_a_pipe() {
    for args in [&["-n", "--summary", "-r", "PIPE"][..], &["ladder", "-n", "-r", "PIPE"]] {
        let output = through_a_pipe(args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty());
    }
}
