//! Trace scripts (tests/traces/THEME/*.trace): played to the tracker, and as captures to the built program.
//!
//! `TRACE=fin-lost cargo test traces` plays only the scripts whose path holds these words.

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
            Ok(script) => {
                let tracker = complaints(&script, &through_the_tracker(&script));
                if !tracker.is_empty() {
                    complained.push_str(&format!("\nin the tracker:\n{tracker}"));
                }
                let program = match through_the_program(&script) {
                    Ok(seen) => complaints(&script, &seen),
                    Err(mistake) => mistake,
                };
                if !program.is_empty() && program != tracker {
                    complained.push_str(&format!("\nin the program's NDJSON:\n{program}"));
                }
            }
        }
    }
    assert!(complained.is_empty(), "{complained}");
}

macro_rules! themes {
    ($($name:ident $folder:literal)+) => {
        $(#[test] #[ignore = "waits for the tracker"] fn $name() { play($folder); })+

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
    traces_of_headers_and_options_hold "header"
    traces_of_poor_captures_hold "capture"
}
