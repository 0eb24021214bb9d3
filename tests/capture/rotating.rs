//! The files of `-w` in turn.

use std::path::Path;

use tcpcheck::capture::{Frame, LinkType, Rotation, SaveOptions, Saved, Span, Timestamp, Turns, open};

const SECOND: i64 = 1_000_000_000;

/// Saves frames of 60 bytes at these seconds, and gives the names of the files with the seconds in each.
fn saved(pattern: &str, turns: Turns, seconds: &[i64]) -> Vec<(String, Vec<i64>)> {
    let dir = tempfile::tempdir().unwrap();
    let mut rotation = Rotation::create(&dir.path().join(pattern), SaveOptions::default(), turns).unwrap();
    for second in seconds {
        let ts = Timestamp(second * SECOND);
        let data = [0; 60];
        let frame = Frame { number: 1, ts, link_type: LinkType::EN10MB, interface: 0, wire_len: 60, data: &data };
        if rotation.write(&frame).unwrap() == Saved::Enough {
            break;
        }
    }
    rotation.finish().unwrap();
    files(dir.path())
}

fn files(dir: &Path) -> Vec<(String, Vec<i64>)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let mut source = open(&path).unwrap();
            let mut seconds = Vec::new();
            while let Some(frame) = source.next_frame().unwrap().frame() {
                seconds.push(frame.ts.seconds());
            }
            (path.file_name().unwrap().to_str().unwrap().to_owned(), seconds)
        })
        .collect();
    files.sort();
    files
}

fn named(expected: &[(&str, &[i64])]) -> Vec<(String, Vec<i64>)> {
    expected.iter().map(|(name, seconds)| ((*name).to_owned(), seconds.to_vec())).collect()
}

#[test]
fn a_file_with_more_bytes_than_asked_for_makes_way_for_the_next() {
    // 24 + 76 + 76 bytes are not more than 176.
    let turns = Turns { bytes: Some(176), ..Turns::default() };
    let files = saved("a", turns, &[1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(files, named(&[("a", &[1, 2, 3]), ("a1", &[4, 5, 6]), ("a2", &[7])]));
}

#[test]
fn with_a_number_of_files_the_first_is_written_again_and_all_names_are_as_long() {
    let turns = Turns { bytes: Some(30), files: Some(11), ..Turns::default() };
    let files = saved("a", turns, &(0..13).collect::<Vec<_>>());
    let expected: Vec<(String, Vec<i64>)> =
        (0..11).map(|n| (format!("a{n:02}"), vec![if n < 2 { n + 11 } else { n }])).collect();
    assert_eq!(files, expected);
}

#[test]
fn every_so_many_seconds_of_the_frames_own_time_a_file_begins_that_is_named_after_it() {
    let turns = Turns { every: Some(Span::from_secs(10)), ..Turns::default() };
    let files = saved("a-%s", turns, &[100, 109, 110, 119, 150]);
    assert_eq!(files, named(&[("a-100", &[100, 109]), ("a-110", &[110, 119]), ("a-150", &[150])]));
}

#[test]
fn a_clock_that_is_set_back_does_not_hold_up_the_next_file() {
    let turns = Turns { every: Some(Span::from_secs(10)), ..Turns::default() };
    let files = saved("a-%s", turns, &[5000, 5003, 100, 103, 109, 110, 121]);
    assert_eq!(files, named(&[("a-110", &[110]), ("a-121", &[121]), ("a-5000", &[5000, 5003, 100, 103, 109])]));
}

#[test]
fn a_number_of_files_ends_a_capture_that_turns_by_time() {
    let turns = Turns { every: Some(Span::from_secs(10)), files: Some(2), ..Turns::default() };
    let files = saved("a-%s", turns, &[100, 110, 120, 121]);
    assert_eq!(files, named(&[("a-100", &[100]), ("a-110", &[110])]));
}

#[test]
fn within_an_interval_files_that_are_full_are_counted() {
    let turns = Turns { every: Some(Span::from_secs(10)), bytes: Some(30), ..Turns::default() };
    let files = saved("a-%s-", turns, &[100, 101, 110, 111]);
    assert_eq!(files, named(&[("a-100-", &[100]), ("a-100-1", &[101]), ("a-110-", &[110]), ("a-110-1", &[111])]));
}

#[test]
fn a_name_that_means_no_time_stays_as_it_is() {
    let turns = Turns { every: Some(Span::from_secs(10)), ..Turns::default() };
    assert_eq!(saved("100%", turns, &[1]), named(&[("100%", &[1])]));
}

#[test]
#[cfg(unix)]
fn the_command_gets_each_file_that_made_way() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let command = dir.path().join("note");
    std::fs::write(&command, "#!/bin/sh\necho \"${1##*/}\" > \"$1.done\"\n").unwrap();
    std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o755)).unwrap();
    let turns = Turns { bytes: Some(30), command: Some(command.into()), ..Turns::default() };
    let mut rotation = Rotation::create(&dir.path().join("a"), SaveOptions::default(), turns).unwrap();
    for second in 0..3 {
        let ts = Timestamp(second * SECOND);
        let frame = Frame { number: 1, ts, link_type: LinkType::EN10MB, interface: 0, wire_len: 60, data: &[0; 60] };
        assert_eq!(rotation.write(&frame).unwrap(), Saved::Written);
    }
    rotation.finish().unwrap();
    let done = |name: &str| std::fs::read_to_string(dir.path().join(name)).ok();
    assert_eq!((done("a.done").as_deref(), done("a1.done").as_deref()), (Some("a\n"), Some("a1\n")));
    assert_eq!(done("a2.done"), None);
}
