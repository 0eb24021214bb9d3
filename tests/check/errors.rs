//! What cannot be judged, each with words and a status of its own.

use super::{Lab, Said};
use crate::testkit::file::{Record, pcap};

const POLICY: &str = "version = 1\n[policy]\nselect = [\"TC1\"]\n";

fn verdict(said: &Said) -> (&str, &str) {
    let record = said.records("verdict").next().unwrap();
    (record["status"].as_str().unwrap(), record["error"].as_str().unwrap_or_default())
}

#[test]
fn a_capture_without_tcp_is_nothing_to_judge_unless_that_is_fine() {
    let lab = Lab::new(POLICY);
    lab.fixture("malformed/header-only.pcap", "a.pcap");
    let said = lab.check(&["a.pcap"]);
    assert_eq!((said.status, verdict(&said).0), (3, "empty"));
    assert!(said.text.contains("  EMPTY   a.pcap   no TCP connection to judge in 0 packets\n"), "{}", said.text);
    assert!(said.text.contains("--allow-empty accepts that") && said.text.contains("exit status 3"));
    assert!(said.junit.contains("name=\"has a TCP connection\"") && said.junit.contains("failures=\"1\""));
    assert!(said.github.starts_with("::error title=nothing to judge::a.pcap"), "{}", said.github);
    let fine = lab.check(&["a.pcap", "--allow-empty"]);
    assert_eq!((fine.status, verdict(&fine).0), (0, "passed"));
    // A policy that expects one is not kept.
    lab.file("tcpcheck.toml", format!("{POLICY}[policy.expect]\nconnections = \">=1\"\n").as_bytes());
    let failed = lab.check(&["a.pcap", "--allow-empty"]);
    assert_eq!(failed.status, 1);
    assert!(failed.text.contains("FAIL expect.connections = \">=1\"") && failed.text.contains("found 0 connections"));
}

#[test]
fn a_capture_of_other_packets_alone_says_how_many_there_are() {
    let lab = Lab::new(POLICY);
    // IPv4, and in it UDP with a header and nothing else.
    let mut frame = vec![0; 12];
    frame.extend([0x08, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend([0, 5, 0, 53, 0, 8, 0, 0]);
    lab.file("dns.pcap", &pcap(&[Record::whole(0, frame.clone()), Record::whole(1_000_000, frame)]));
    let said = lab.check(&["dns.pcap"]);
    assert_eq!((said.status, verdict(&said).0), (3, "empty"));
    assert!(said.text.contains("  EMPTY   dns.pcap   no TCP connection to judge in 2 packets\n"), "{}", said.text);
    assert!(said.markdown.contains("| `dns.pcap` | no TCP connection | 0 | 0 |"), "{}", said.markdown);
    assert!(
        said.sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
            == "dns.pcap: no TCP connection to judge"
    );
}

#[test]
fn nothing_to_judge_by_name_is_told_apart() {
    let lab = Lab::new(POLICY);
    std::fs::create_dir(lab.path("captures")).unwrap();
    for (args, words) in [
        (&["captures"][..], "captures: no capture in this directory: none ends in .pcap, .pcapng or .cap"),
        (&["captures/*.pcap"], "captures/*.pcap: no file matches this pattern"),
        (&[], "name captures, directories of captures or patterns: tcpcheck check FILE"),
    ] {
        let output = lab.run(args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert!(error.starts_with("tcpcheck: ") && error.contains(words), "{error}");
    }
}

#[test]
fn a_filter_that_leaves_nothing_leaves_nothing_to_judge() {
    let lab = Lab::new(POLICY);
    lab.fixture("healthy/requests.pcap", "a.pcap");
    if cfg!(feature = "live") {
        let said = lab.check(&["a.pcap", "-f", "udp"]);
        assert_eq!((said.status, verdict(&said).0), (3, "empty"));
        let output = lab.run(&["a.pcap", "-f", "tcp prt 80"]);
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn files_that_cannot_be_read_are_told_apart() {
    let lab = Lab::new(POLICY);
    for (fixture, name, words) in [
        ("malformed/empty.pcap", "empty.pcap", "the file is empty"),
        ("", "missing.pcap", "No such file"),
        ("malformed/not-a-capture.pcap", "text.pcap", "not a capture file"),
        ("malformed/cut-in-header.pcap", "short.pcap", "the file ends inside its header"),
    ] {
        if !fixture.is_empty() {
            lab.fixture(fixture, name);
        }
        let said = lab.check(&[name]);
        assert_eq!((said.status, verdict(&said).0), (2, "error"), "{name}");
        assert!(verdict(&said).1.starts_with(&format!("{name}: ")) && verdict(&said).1.contains(words), "{name}");
        let line = said.text.lines().find(|line| line.starts_with("  ERROR   ")).unwrap();
        assert!(line.contains(words) && line.matches(name).count() == 1, "{line}");
        assert!(said.text.contains("1 of 1 capture could not be read") && said.text.contains("exit status 2"));
        assert!(said.junit.contains("name=\"can be read\"") && said.junit.contains("errors=\"1\""), "{}", said.junit);
        assert!(said.github.starts_with("::error title=cannot be read::"), "{}", said.github);
        assert_eq!(said.sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
    }
}

#[test]
fn a_cut_file_is_judged_as_far_as_it_goes_with_a_warning() {
    let lab = Lab::new(POLICY);
    lab.fixture("malformed/cut-in-record.pcap", "a.pcap");
    let said = lab.check(&["a.pcap"]);
    assert_eq!((said.status, verdict(&said).0), (0, "passed"));
    assert!(said.text.contains("1 to be warned of"), "{}", said.text);
    assert!(said.text.contains("WARN file_cut = \"warn\"\n     packets at the end are missing\n"), "{}", said.text);
    assert!(said.text.contains("TC901 file-cut  the file ends inside a packet"), "{}", said.text);
    assert!(said.github.starts_with("::warning title=file_cut"), "{}", said.github);
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let lab = Lab::new(POLICY);
    lab.fixture("healthy/requests.pcap", "good.pcap");
    lab.fixture("open/refused.pcap", "refused.pcap");
    lab.fixture("malformed/header-only.pcap", "none.pcap");
    let statuses = |files: &[&str]| lab.check(files).status;
    assert_eq!(statuses(&["good.pcap"]), 0);
    assert_eq!(statuses(&["good.pcap", "none.pcap"]), 3);
    assert_eq!(statuses(&["none.pcap", "refused.pcap", "good.pcap"]), 1);
    let said = lab.check(&["refused.pcap", "missing.pcap", "good.pcap"]);
    assert_eq!(said.status, 2);
    let standings: Vec<_> = said.records("verdict").map(|record| record["status"].as_str().unwrap()).collect();
    assert_eq!(standings, ["failed", "error", "passed"]);
    assert!(said.text.contains("FAIL select = [\"TC1\"]"), "{}", said.text);
}

#[test]
fn a_policy_is_refused_where_it_is_wrong_with_all_that_is_wrong() {
    let wrong = [
        (
            "[policy]\nselct = []",
            "tcpcheck.toml:2:1: unknown key `selct`; did you mean `select`?\n  |\n2 | selct = []\n  | ^^^^^\n",
        ),
        ("[policy]\nselect = [\"TC9999\"]", "2:11: no rule is called \"TC9999\"; did you mean TC9"),
        ("[policy]\nclose = \"claen\"", "2:9: \"claen\" is none of clean, reset-ok, any\n"),
        ("[policy]\nmax_rtt = 100", "2:11: a text with its unit is wanted in quotes, and this is of type integer\n"),
        ("[policy]\nmax_rtt = \"100\"", "2:11: \"100\" has no unit: say 100ms or 100s\n"),
        ("[policy]\nmax_retransmission_rate = \"1\"", "2:27: \"1\" has no %: say \"1%\"\n"),
        ("[policy]\nfail_on = \"fatal\"", "\"fatal\" is none of error, warning, note\n"),
        ("[policy]\nseverity = { TC103 = \"bad\" }", "\"bad\" is none of error, warning, note\n"),
        ("[policy.expect]\nconnexions = 1", "2:1: unknown key `connexions`; did you mean `connections`?\n"),
        ("[policy]\nexpect = { connections = \"many\" }", "\"many\" is no comparison: say \">=1\""),
        ("[policy]\nallow = [{ rule = \"TC102\" }]", "2:10: an allowance needs a reason: reason = "),
        ("[policy]\nallow = [{ rule = \"TC102\", reason = \" \" }]", "say why in a few words"),
        ("[policy]\nallow = [{ reason = \"so\" }]", "an allowance names its rule"),
        (
            "[policy]\nallow = [{ rule = \"TC102\", reason = \"so\", until = \"soon\" }]",
            "until is a date, without quotes: until = 2027-01-31\n",
        ),
        ("[policy]\nallow = [{ rule = \"TC102\", reason = \"so\", max = -1 }]", "max is a number"),
        ("[[scope]]\nname = \"mail\"", "1:1: a scope needs a filter: filter = \"tcp port 25\"\n"),
        (
            "[[scope]]\nname = \"m\"\nfilter = \"tcp\"\nkernel_drops = \"fail\"",
            "4:1: `kernel_drops` is about the whole capture: it belongs below [policy]\n",
        ),
        ("[scope]\nname = \"mail\"", "scopes are a list: write [[scope]] with two brackets\n"),
        ("max_rtt = \"1s\"", "1:1: `max_rtt` belongs below [policy] or [[scope]]\n"),
        ("[polcy]", "1:2: unknown key `polcy`; did you mean `policy`?\n"),
        ("[policy]\nselect = [", "not TOML: "),
    ];
    for (text, words) in wrong {
        // The version comes last here, so that lines count from what is wrong; an own table would not take it.
        let text = if text.starts_with('[') { format!("{text}\n") } else { format!("{text}\nversion = 1\n") };
        let lab = Lab::new(&text);
        lab.fixture("healthy/requests.pcap", "a.pcap");
        let output = lab.run(&["a.pcap"]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{text}: {error}");
        assert!(error.starts_with("tcpcheck: tcpcheck.toml:") && error.contains(words), "{text}: {error}");
    }
    // Several at once.
    let lab = Lab::new("version = 2\n[policy]\nselct = []\nmax_rtt = 1\n");
    let error = String::from_utf8(lab.run(&["a.pcap"]).stderr).unwrap();
    let places: Vec<&str> = error.lines().filter(|line| line.contains("tcpcheck.toml:")).collect();
    assert_eq!(places.len(), 3, "{error}");
    assert!(places[0].contains(":1:11: this tcpcheck reads version 1"), "{error}");
    let lab = Lab::new("[policy]\n");
    let error = String::from_utf8(lab.run(&["a.pcap"]).stderr).unwrap();
    assert!(error.contains("tcpcheck.toml:1:1: a policy begins with: version = 1"), "{error}");
}

#[test]
fn a_scope_whose_filter_is_none_is_refused_where_it_stands() {
    let inbound = if cfg!(feature = "live") { "known only while capturing" } else { "needs a build with libpcap" };
    for (filter, words) in [("tcp prt 25", "filter expression: "), ("inbound", inbound)] {
        let lab = Lab::new(&format!("version = 1\n[[scope]]\nname = \"a\"\nfilter = \"{filter}\"\n"));
        let output = lab.run(&["a.pcap"]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(error.contains("tcpcheck.toml:4:10: ") && error.contains(words), "{error}");
    }
}

#[test]
fn a_policy_that_is_not_there_is_named() {
    let lab = Lab::new("");
    let output = lab.run(&["-P", "none.toml", "a.pcap"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("tcpcheck: none.toml: No such file"));
}

#[test]
fn a_scope_that_takes_nothing_warns_and_fails_if_it_expects_something() {
    let scope = "[[scope]]\nname = \"mail\"\nfilter = \"tcp port 25\"\n";
    let lab = Lab::new(&format!("{POLICY}{scope}"));
    lab.fixture("healthy/requests.pcap", "a.pcap");
    let said = lab.check(&["a.pcap"]);
    assert_eq!(said.status, 0);
    let warning = "WARN [[scope]] \"mail\": \"tcp port 25\" matched no connection";
    assert!(said.text.contains(warning) && said.text.contains(" tcpcheck.toml:4\n"), "{}", said.text);
    assert!(
        said.github.contains("::warning file=tcpcheck.toml,line=4,title=policy::[[scope]] \"mail\""),
        "{}",
        said.github
    );
    let lab = Lab::new(&format!("{POLICY}{scope}expect = {{ connections = \">=1\" }}\n"));
    lab.fixture("healthy/requests.pcap", "a.pcap");
    let said = lab.check(&["a.pcap"]);
    assert_eq!(said.status, 1);
    assert!(said.text.contains("FAIL [[scope]] \"mail\": expect.connections = \">=1\""), "{}", said.text);
}

#[test]
fn an_allowance_that_has_expired_fails_even_where_it_is_not_needed() {
    let policy = |until: &str| {
        format!("{POLICY}allow = [\n  {{ rule = \"refused\", reason = \"starts late\", until = {until} }},\n]\n")
            .replace("refused", "connection-refused")
    };
    let lab = Lab::new(&policy("2020-01-31"));
    lab.fixture("healthy/requests.pcap", "good.pcap");
    lab.fixture("open/refused.pcap", "refused.pcap");
    let said = lab.check(&["good.pcap"]);
    assert_eq!(said.status, 1);
    assert!(said.text.contains("expired: it held until 2020-01-31 (starts late)"), "{}", said.text);
    assert!(said.text.contains("tcpcheck.toml:5\n"), "{}", said.text);
    // What it allowed is not allowed any more.
    let said = lab.check(&["refused.pcap"]);
    assert_eq!(said.records("verdict").next().unwrap()["failed"], 2);
    lab.file("tcpcheck.toml", policy("9999-12-31").as_bytes());
    assert_eq!(lab.check(&["good.pcap", "refused.pcap"]).status, 0);
}

#[test]
fn the_policy_is_found_upwards_and_is_built_in_where_there_is_none() {
    let lab = Lab::new("version = 1\n[policy]\nselect = [\"TC4\"]\n");
    lab.fixture("open/refused.pcap", "deep/er/a.pcap");
    let run = |folder: &str| {
        let output = super::command(&lab.path(folder), &["a.pcap"]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, text) = run("deep/er");
    assert_eq!(status, Some(0));
    assert!(text.contains("policy ../../tcpcheck.toml (1 check)"), "{text}");
    std::fs::remove_file(lab.path("tcpcheck.toml")).unwrap();
    let (status, text) = run("deep/er");
    assert_eq!(status, Some(1));
    assert!(text.contains("built-in policy (1 check)") && text.contains("TC102 connection-refused"), "{text}");
    assert!(text.contains("\nFAIL select = [\"TC1\", \"TC2\", \"TC3\", \"TC4\", \"TC5\"]\n"), "{text}");
}

#[test]
fn a_capture_from_standard_input_is_judged() {
    let lab = Lab::new(POLICY);
    let file = std::fs::File::open(lab.fixture("open/refused.pcap", "a.pcap")).unwrap();
    let output = lab.command(&["-"]).stdin(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("TC102") && !text.contains("  look "), "{text}");
}

#[test]
fn nothing_is_said_quietly_when_all_is_well() {
    let lab = Lab::new(POLICY);
    lab.fixture("healthy/requests.pcap", "good.pcap");
    lab.fixture("open/refused.pcap", "refused.pcap");
    assert_eq!(lab.run(&["-q", "good.pcap"]).stdout, b"");
    let text = String::from_utf8(lab.run(&["-q", "good.pcap", "refused.pcap"]).stdout).unwrap();
    assert!(text.contains("FAIL") && !text.contains("good.pcap"), "{text}");
    // What cannot be read, or has nothing to judge, is named too.
    let text = String::from_utf8(lab.run(&["-q", "good.pcap", "missing.pcap"]).stdout).unwrap();
    assert!(text.contains("  ERROR   missing.pcap") && text.contains("No such file"), "{text}");
    assert!(!text.contains("good.pcap"), "{text}");
}

#[test]
fn a_known_end_of_a_connection_may_be() {
    let policy = |allow: &str| format!("version = 1\n[policy]\nselect = []\nclose = \"clean\"\n{allow}");
    let allow = "allow = [{ rule = \"TC102\", reason = \"starts late\" }]\n";
    for (capture, allow, status) in [
        ("open/refused.pcap", "", 1),
        ("open/refused.pcap", allow, 0),
        ("reset/by-client.pcap", allow, 1),
        ("capture/mid-stream.pcap", "", 0),
        ("close/not-closed.pcap", "", 1),
    ] {
        let lab = Lab::new(&policy(allow));
        lab.fixture(capture, "a.pcap");
        assert_eq!(lab.check(&["a.pcap"]).status, status, "{capture} {allow}");
    }
}
