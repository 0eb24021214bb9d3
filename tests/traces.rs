//! Trace scripts (tests/traces/THEME/*.trace): played to the tracker, and as captures to the built program.
//!
//! `TRACE=fin-lost cargo test traces` plays only the scripts whose path holds these words.

use tcpcheck::Rule;

use crate::testkit::replay::{complaints, through_the_program, through_the_tracker};
use crate::testkit::script::Script;
use crate::testkit::{files_below, root, short};

/// Plays every script of a theme, and shows all that does not hold.
fn play(theme: &str) {
    let wanted = std::env::var("TRACE").unwrap_or_default();
    let mut complained = String::new();
    for path in files_below(&format!("tests/traces/{theme}"), &[".trace"]) {
        if !short(&path).contains(&wanted) {
            continue;
        }
        match Script::read(&path) {
            Err(mistake) => complained.push_str(&format!("\n{mistake}\n")),
            Ok(script) => complained.push_str(&complain(&script)),
        }
    }
    assert!(complained.is_empty(), "{complained}");
}

/// What does not hold of one script, in the tracker or in the program.
fn complain(script: &Script) -> String {
    let tracker = complaints(script, &through_the_tracker(script));
    let program = match through_the_program(script) {
        Ok(seen) => complaints(script, &seen),
        Err(mistake) => mistake,
    };
    match (&script.pending, tracker.is_empty() && program.is_empty()) {
        (None, true) => String::new(),
        (None, false) if tracker == program => format!("\nin the tracker and in the program's NDJSON:\n{tracker}"),
        (None, false) => format!("\nin the tracker:\n{tracker}in the program's NDJSON:\n{program}"),
        (Some(_), false) => String::new(),
        (Some(why), true) => format!("\n{}: it holds; `pending: {why}` can go\n", script.name),
    }
}

macro_rules! themes {
    ($($name:ident $folder:literal)+) => {
        $(#[test] fn $name() { play($folder); })+

        #[test]
        fn every_folder_of_traces_is_played() {
            let played = [$($folder),+];
            for path in files_below("tests/traces", &[".trace"]) {
                let folder = path.parent().and_then(|folder| folder.file_name()).unwrap_or_default();
                let theme = folder.to_string_lossy();
                assert!(played.contains(&&*theme), "{} is in no folder that is played", short(&path));
            }
            let listed = root().join("tests/traces").read_dir().expect("the folder of traces").count();
            assert_eq!(listed, played.len(), "folders of traces");
        }
    };
}

themes! {
    traces_of_opening_hold "open"
    traces_of_closing_hold "close"
    traces_of_resets_hold "reset"
    traces_of_loss_and_acknowledgment_hold "data"
    traces_of_forged_segments_hold "security"
    traces_of_acknowledgments_and_windows_hold "ack"
    traces_of_headers_and_options_hold "header"
    traces_of_applications_hold "application"
    traces_of_paths_hold "path"
    traces_of_poor_captures_hold "capture"
}

/// What no segment can show: a file that is cut, drops that the kernel counts, tables that are full, packets that hold none.
/// `cli.rs`, `limits.rs` and `icmp.rs` have these.
const NOT_IN_TRACES: [Rule; 9] = [
    Rule::FileCut,
    Rule::KernelDrops,
    Rule::StateLimited,
    Rule::SynFlood,
    Rule::LinkTypeUnread,
    Rule::FragmentsUnassembled,
    Rule::IcmpUnreachable,
    Rule::PathMtuExceeded,
    Rule::TtlExceeded,
];

#[test]
fn every_rule_has_a_trace_where_it_fires_and_one_where_it_must_not() {
    let scripts: Vec<Script> = files_below("tests/traces", &[".trace"])
        .iter()
        .map(|path| Script::read(path).unwrap_or_else(|mistake| panic!("{mistake}")))
        .filter(|script| script.pending.is_none())
        .collect();
    let fires = |code: &String| {
        scripts.iter().any(|script| {
            let in_lines = script.lines.iter().any(|line| line.findings.name(code));
            in_lines || script.ends.iter().any(|end| end.findings.name(code) || end.seen.name(code))
        })
    };
    let must_not = |code: &String| scripts.iter().any(|script| script.ends.iter().any(|end| end.never.name(code)));
    let mut missing = String::new();
    for rule in Rule::ALL.iter().filter(|rule| !NOT_IN_TRACES.contains(rule)) {
        let code = rule.code().to_owned();
        for (there, what) in [(fires(&code), "fires"), (must_not(&code), "must not fire (never=)")] {
            if !there {
                missing.push_str(&format!("no trace in which {code} {} {what}\n", rule.slug()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing}");
}
