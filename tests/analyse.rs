//! The library's one call beside the program: what `analyse` makes is what `report` and `--summary` write.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use tcpcheck::analyse::{
    CompareError, Connections, ReadOptions, Standing, Unwatched, Watch, analyse_source, annotate, compare_captures,
    read,
};
use tcpcheck::capture::{Filter, open, open_all};
use tcpcheck::report::{Format, Ladder, LadderOptions, Names};
use tcpcheck::{Options, analyse};

use crate::testkit::{files_below, root, short};

/// What the program writes, and what it ends with an error for.
fn program(folder: &Path, words: &[&str]) -> (Vec<u8>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    let done = command.args(words).current_dir(folder).env("TZ", "UTC").env_remove("COLUMNS").output().unwrap();
    let words = String::from_utf8(done.stderr).unwrap();
    let error = words.split_once("tcpcheck: ").filter(|_| !done.status.success());
    (done.stdout, error.map(|(_, error)| error.trim_end().to_owned()).unwrap_or_default())
}

fn captures() -> Vec<PathBuf> {
    files_below("fixtures", &[".pcap", ".pcapng", ".gz", ".zst"])
}

fn place(path: &Path) -> (&Path, &str) {
    (path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap())
}

#[test]
fn every_capture_has_the_summary_and_the_errors_of_the_program() {
    for path in captures() {
        let (folder, name) = place(&path);
        let (summary, trouble) = program(folder, &["--summary", "-n", "-r", name]);
        match analyse(File::open(&path).unwrap(), name, Options::default()) {
            Ok(made) => {
                assert_eq!(made.summary, String::from_utf8(summary).unwrap(), "{}", short(&path));
                assert_eq!(made.trouble.unwrap_or_default(), trouble, "{}", short(&path));
            }
            Err(error) => assert_eq!((error.to_string(), summary.len()), (trouble, 0), "{}", short(&path)),
        }
    }
}

#[test]
fn the_page_of_several_files_with_a_filter_is_that_of_report() {
    let names = ["fixtures/loss/timeout.pcap", "fixtures/loss/no-sack.pcap"];
    let filter = "tcp port 40000";
    let (page, _) = program(root(), &["report", "-n", names[0], names[1], "--filter", filter, "-o", "-"]);
    let mut source = open_all(&names.map(PathBuf::from)).unwrap();
    let read = ReadOptions { filter: Filter::compile(filter).unwrap(), ..ReadOptions::default() };
    let made = analyse_source(source.as_mut(), &names, Options { read, ..Options::default() });
    assert!(made.page == page);
}

#[test]
fn threads_and_payload_change_nothing_but_what_is_asked_for() {
    let path = root().join("fixtures/application/smtp.pcap");
    let page = |threads, payload| {
        let read = ReadOptions { threads, ..ReadOptions::default() };
        let mut source = open(&path).unwrap();
        analyse_source(source.as_mut(), &["a.pcap"], Options { read, payload, ..Options::default() }).page
    };
    assert!(page(1, false) == page(2, false));
    let (with, without) = (page(1, true), page(1, false));
    let holds = |page: &[u8]| String::from_utf8_lossy(page).contains("EHLO client");
    assert!(holds(&with) && !holds(&without));
}

/// Takes what is written, and has enough at some time.
struct Reader {
    looks: u32,
    enough: u32,
    taken: Vec<u8>,
}

impl Watch for Reader {
    fn look(&mut self, standing: Standing<'_>) -> bool {
        self.looks += 1;
        self.taken.append(standing.out);
        self.looks < self.enough
    }
}

#[test]
fn a_reading_that_is_given_up_is_no_fault_of_the_file() {
    let path = root().join("fixtures/malformed/cut-in-record.pcap");
    let whole = read(open(&path).unwrap().as_mut(), ReadOptions::default(), &mut [], &mut Unwatched);
    assert!(
        !whole.summary.complete() && whole.faults.len() == 1 && whole.trouble().is_none(),
        "a cut file is no error"
    );
    let mut reader = Reader { looks: 0, enough: 1, taken: Vec::new() };
    let given_up = read(open(&path).unwrap().as_mut(), ReadOptions::default(), &mut [], &mut reader);
    assert!(given_up.summary.complete() && given_up.faults.is_empty());
}

#[test]
fn a_reporter_is_shown_the_connections_that_were_asked_for() {
    let path = root().join("fixtures/healthy/several-clients.pcap");
    let (folder, name) = place(&path);
    let (drawn, _) = program(folder, &["ladder", "-n", "--flow", "2", "--format", "mermaid", "-r", name]);
    let options = ReadOptions { connections: Connections::numbered(&[2]), ..ReadOptions::default() };
    let mut ladder = Ladder::new(LadderOptions {
        format: Format::Mermaid,
        full: false,
        payload: false,
        live: false,
        names: Names::numeric(),
    });
    let mut reader = Reader { looks: 0, enough: u32::MAX, taken: Vec::new() };
    read(open(&path).unwrap().as_mut(), options, &mut [&mut ladder], &mut reader);
    assert_eq!(String::from_utf8(reader.taken).unwrap(), String::from_utf8(drawn).unwrap());
}

#[test]
fn two_captures_compare_as_the_program_compares_them() {
    let compared = |a: &str, b: &str| {
        let [a, b] = [a, b].map(|name| PathBuf::from(format!("fixtures/compare/{name}")));
        compare_captures([&|| open(&a), &|| open(&b)], &Filter::default(), Default::default())
    };
    let [a, b] = ["fixtures/compare/branch-client.pcap", "fixtures/compare/branch-server.pcap"];
    let (page, _) = program(root(), &["compare", a, b, "-o", "-"]);
    let (text, _) = program(root(), &["compare", a, b]);
    let made = compared("branch-client.pcap", "branch-server.pcap").unwrap();
    assert_eq!(made.text, String::from_utf8(text).unwrap());
    assert!(made.page == page && made.faults.is_empty());
    let unlike = compared("branch-client.pcap", "nat-server.pcap").unwrap_err();
    let (_, trouble) = program(root(), &["compare", a, "fixtures/compare/nat-server.pcap"]);
    assert!(matches!(&unlike, CompareError::Unrelated(words) if *words == trouble), "{unlike}");
}

#[test]
fn an_annotated_capture_is_that_of_the_program() {
    let scratch = tempfile::tempdir().unwrap();
    let [saved, made] = ["saved.pcapng", "made.pcapng"].map(|name| scratch.path().join(name));
    for name in
        ["loss/timeout.pcap", "capture/two-interfaces.pcapng", "malformed/cut-in-record.pcap", "path/stall.pcap"]
    {
        let name = format!("fixtures/{name}");
        program(root(), &["-r", &name, "-w", saved.to_str().unwrap(), "--comments"]);
        let output = Box::new(File::create(&made).unwrap());
        annotate(&|| open(Path::new(&name)), &ReadOptions::default(), output, &mut Unwatched).unwrap();
        assert!(std::fs::read(&made).unwrap() == std::fs::read(&saved).unwrap(), "{name}");
    }
}
