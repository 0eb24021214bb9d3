//! However many threads read a file, what comes out is the same, byte for byte.

use std::path::PathBuf;
use std::process::Output;

use crate::testkit::{files_below, short, tcpcheck};

const VIEWS: [&[&str]; 4] = [
    &["-n", "-v", "-e", "-#", "-a", "full"],
    &["--json"],
    &["--summary", "--flows", "-v"],
    &["--findings", "-c", "130"],
];

fn captures() -> Vec<PathBuf> {
    files_below("fixtures", &[".pcap", ".pcapng", ".gz", ".zst"])
}

fn run(view: &[&str], threads: &str, files: &[PathBuf]) -> Output {
    let mut args: Vec<String> = view.iter().map(|word| (*word).to_owned()).collect();
    args.extend(["--threads".to_owned(), threads.to_owned()]);
    args.extend(files.iter().flat_map(|file| ["-r".to_owned(), file.display().to_string()]));
    tcpcheck(&args)
}

fn assert_equal(view: &[&str], files: &[PathBuf]) {
    let alone = run(view, "1", files);
    for threads in ["2", "3", "8"] {
        let together = run(view, threads, files);
        let names: Vec<String> = files.iter().map(|file| short(file)).collect();
        let what = format!("{view:?} of {names:?} with {threads} threads");
        assert_eq!(String::from_utf8_lossy(&alone.stdout), String::from_utf8_lossy(&together.stdout), "{what}");
        assert_eq!(String::from_utf8_lossy(&alone.stderr), String::from_utf8_lossy(&together.stderr), "{what}");
        assert_eq!(alone.status, together.status, "{what}");
    }
}

#[test]
fn each_capture_is_told_alike_damaged_ones_too() {
    let captures = captures();
    assert!(captures.len() > 60, "{}", captures.len());
    for (at, file) in captures.iter().enumerate() {
        // A view each in turn: all of them of every file would take long.
        assert_equal(VIEWS[at % VIEWS.len()], std::slice::from_ref(file));
    }
}

#[test]
fn many_batches_of_several_files_come_in_order() {
    let large = |file: &PathBuf| file.metadata().is_ok_and(|file| file.len() > 4_000);
    let files: Vec<PathBuf> =
        captures().into_iter().filter(|file| !short(file).contains("malformed") && large(file)).collect();
    // Each of them several times: the packets of one lie beside their copies then.
    let files = vec![files; 7].concat();
    let json = run(&["--json"], "2", &files);
    let packets =
        String::from_utf8_lossy(&json.stdout).lines().filter(|line| line.contains(r#""type":"packet""#)).count();
    assert!(packets > 10_000, "{packets} packets of {} files make no more than a few batches", files.len());
    for view in VIEWS {
        assert_equal(view, &files);
    }
}
