//! `[compare]`: each of its keys passes and fails on two captures of the same traffic, in every format.

use tcpcheck::policy::Key;

use super::keys::as_json;
use super::{Lab, Said};
use crate::testkit::root;

/// A key, a pair of captures, a value that they pass, one that they do not, and what is said then.
struct Row {
    key: &'static str,
    pair: &'static str,
    passes: &'static str,
    fails: &'static str,
    found: &'static str,
    place: &'static str,
}

const fn row(
    key: &'static str,
    pair: &'static str,
    passes: &'static str,
    fails: &'static str,
    found: &'static str,
    place: &'static str,
) -> Row {
    Row { key, pair, passes, fails, found, place }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("max_loss", "branch", r#""50%""#, r#""1%""#, "packets lost between the captures, the worse way)", "A to B: "),
    row("max_duplicates", "branch", r#""50%""#, r#""0%""#, "packets duplicated, the worse way)", "B to A: 1 of "),
    row("max_overtaken", "branch", r#""50%""#, r#""0%""#, "packets overtaken, the worse way)", "A to B: 1 of "),
    row("max_delay", "branch", r#""1s""#, r#""30ms""#, "one-way delays above 30ms)", "above the limit, frames of "),
    row("p95_delay", "branch", r#""60ms""#, r#""10ms""#, "one-way delays above 10ms, ", "above the limit, frames of "),
    row("max_inserted", "reset", "1", "0", "found 1 packet made by something between", "B to A: a RST that nobody sent at the other end, frames of A"),
    row("changes", "mss-clamp", r#"["mss", "nat"]"#, r#"["nat"]"#, "found 2 changes that may not be", "mss: MSS 1460 became 1380 in 1 packet"),
    row("max_clock_offset", "branch", r#""300ms""#, r#""200ms""#, "found 251.", ""),
];

impl Row {
    fn policy(&self, value: &str) -> String {
        format!("version = 1\n[compare]\n{} = {value}\n", self.key)
    }

    fn checked(&self, value: &str) -> Said {
        let lab = pair_lab(&self.policy(value), self.pair);
        lab.check(&["a.pcap", "b.pcap"])
    }
}

/// A policy, and both captures of a pair beside it.
fn pair_lab(policy: &str, pair: &str) -> Lab {
    let lab = Lab::new(policy);
    lab.fixture(&format!("compare/{pair}-client.pcap"), "a.pcap");
    lab.fixture(&format!("compare/{pair}-server.pcap"), "b.pcap");
    lab
}

#[test]
fn every_key_passes_and_fails_on_real_pairs_in_every_format() {
    for row in ROWS {
        let passed = row.checked(row.passes);
        assert_eq!(passed.status, 0, "{}: {}{}", row.key, passed.stdout, passed.stderr);
        let check = passed.records("check").next().unwrap();
        assert_eq!(
            (&check["key"], &check["state"], &check["source"]),
            (&row.key.into(), &"passed".into(), &"a.pcap b.pcap".into())
        );
        assert!(passed.text.contains("all checks hold in the path between 2 captures"), "{}", passed.text);

        let failed = row.checked(row.fails);
        assert_eq!(failed.status, 1, "{}: {}{}", row.key, failed.stdout, failed.stderr);
        let checks: Vec<_> = failed.records("check").collect();
        assert_eq!(checks.len(), 1, "{}", row.key);
        let found = checks[0]["found"].as_str().unwrap();
        assert!(found.contains(row.found), "{}: {found}", row.key);
        assert_eq!((&checks[0]["state"], &checks[0]["line"]), (&"failed".into(), &3.into()), "{}", row.key);
        assert!(failed.text.contains(row.place), "{}: {}", row.key, failed.text);
        let head = failed.text.lines().find(|line| line.starts_with("FAIL ")).unwrap();
        assert!(head.contains(row.key) && head.ends_with(" tcpcheck.toml:3"), "{head}");
        assert!(failed.text.contains("  look     tcpcheck compare a.pcap b.pcap"), "{}", failed.text);
        assert_eq!(failed.junit.matches("<failure message=").count(), 1, "{}", failed.junit);
        assert_eq!(failed.results()[0]["ruleId"], row.key);
        assert!(failed.github.starts_with("::error file=tcpcheck.toml,line=3,title="), "{}", failed.github);
        assert!(failed.markdown.contains("tcpcheck.toml:3, in `a.pcap b.pcap`: "), "{}", failed.markdown);
    }
}

#[test]
fn no_key_is_left_out_here_in_the_schema_or_in_the_documentation() {
    let driven: Vec<&str> = ROWS.iter().map(|row| row.key).collect();
    let known: Vec<&str> = Key::OF_PAIRS.iter().map(|info| info.name).collect();
    assert_eq!(driven, known);
    let schema: serde_json::Value = serde_json::from_str(tcpcheck::policy::SCHEMA).unwrap();
    let properties = &schema["properties"]["compare"]["properties"];
    let mut sorted = known.clone();
    sorted.sort_unstable();
    let mut in_schema: Vec<&str> = properties.as_object().unwrap().keys().map(String::as_str).collect();
    in_schema.sort_unstable();
    assert_eq!(in_schema, sorted);
    let words: Vec<&str> =
        properties["changes"]["items"]["enum"].as_array().unwrap().iter().filter_map(|word| word.as_str()).collect();
    let all: Vec<&str> = ["nat", "isn", "proxy"].into_iter().chain(tcpcheck::compare::Change::WORDS).collect();
    assert_eq!(words, all);

    let validator = jsonschema::validator_for(&schema).unwrap();
    for (row, value) in ROWS.iter().flat_map(|row| [(row, row.passes), (row, row.fails)]) {
        assert!(validator.is_valid(&as_json(&row.policy(value))), "{} = {value}", row.key);
    }
    let text = std::fs::read_to_string(root().join("docs/policy.md")).unwrap();
    for info in Key::OF_PAIRS {
        assert!(text.contains(&format!("| `{}` | `{}` | {} |", info.name, info.example, info.says)), "{}", info.name);
    }
    let example = std::fs::read_to_string(root().join("docs/example/path.toml")).unwrap();
    assert!(validator.is_valid(&as_json(&example)));
}

#[test]
fn what_policy_says_holds_for_each_of_the_two_as_well() {
    let lab = pair_lab("version = 1\n[policy]\nselect = [\"TC4\"]\n[compare]\nmax_loss = \"50%\"\n", "reset");
    let said = lab.check(&["a.pcap", "b.pcap"]);
    assert_eq!(said.status, 1, "{}", said.text);
    let sources: Vec<_> = said.records("verdict").map(|one| (one["source"].clone(), one["checks"].clone())).collect();
    assert_eq!(sources, [("a.pcap".into(), 1.into()), ("b.pcap".into(), 1.into()), ("a.pcap b.pcap".into(), 1.into())]);
    assert!(said.text.contains("failed in 2 captures and the path between them ("), "{}", said.text);
}

#[test]
fn a_pair_is_two_captures_of_the_same_traffic() {
    let lab = pair_lab("version = 1\n[compare]\nmax_loss = \"1%\"\n", "reset");
    lab.fixture("compare/nat-client.pcap", "other.pcap");
    lab.fixture("malformed/header-only.pcap", "empty.pcap");
    for args in [&["a.pcap"][..], &["a.pcap", "b.pcap", "other.pcap"]] {
        let output = lab.run(args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("[compare] is for two captures of the same traffic: name two files"), "{error}");
    }
    let said = lab.check(&["a.pcap", "other.pcap"]);
    assert_eq!(said.status, 2, "{}", said.text);
    assert!(
        said.text.contains("do not show the same traffic") || said.text.contains("different traffic"),
        "{}",
        said.text
    );
    let said = lab.check(&["a.pcap", "empty.pcap"]);
    assert_eq!(said.status, 2, "{}", said.text);
    assert!(said.text.contains("there is no TCP in it to compare"), "{}", said.text);
    let said = lab.check(&["a.pcap", "missing.pcap"]);
    assert_eq!(said.status, 2, "{}", said.text);
}

#[test]
fn delays_that_one_direction_alone_cannot_measure_are_too_poor_to_be_judged() {
    let lab = pair_lab("version = 1\n[compare]\np95_delay = \"1h\"\n", "branch");
    let said = lab.check(&["a.pcap", "b.pcap", "--filter", "tcp dst port 80"]);
    assert_eq!(said.status, 4, "{}", said.text);
    assert!(said.text.contains("POOR p95_delay") && said.text.contains("only one direction shows"), "{}", said.text);
}

#[test]
fn what_is_wrong_with_the_table_is_told_where_it_stands() {
    for (written, words) in [
        ("[compare]\n", "[compare] demands nothing"),
        ("[compare]\nmax_los = \"1%\"\n", "unknown key `max_los`; did you mean `max_loss`?"),
        ("[compare]\nclose = \"clean\"\n", "`close` is about single captures: it belongs below [policy]"),
        ("[policy]\nmax_loss = \"1%\"\n", "`max_loss` belongs below [compare]"),
        ("max_loss = \"1%\"\n", "`max_loss` belongs below [compare]"),
        ("[compare]\nmax_inserted = \"0\"\n", "a number is wanted, without quotes: 0"),
        ("[compare]\nchanges = [\"mms\"]\n", "\"mms\" is none of nat, isn, proxy, mss,"),
        ("[compare]\nmax_delay = 5\n", "a text with its unit is wanted in quotes"),
        ("compare = 1\n", "compare is a table: write [compare] and its keys below"),
    ] {
        let lab = pair_lab(&format!("version = 1\n{written}"), "reset");
        let output = lab.run(&["a.pcap", "b.pcap"]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{written}: {error}");
        assert!(error.contains(words), "{written}: {error}");
    }
}

#[test]
fn a_baseline_accepts_what_fails_on_the_path() {
    let lab = pair_lab("version = 1\n[compare]\nmax_loss = \"1%\"\n", "branch");
    assert_eq!(lab.check(&["a.pcap", "b.pcap", "--update-baseline"]).status, 0);
    let kept = std::fs::read_to_string(lab.path("tcpcheck.baseline.toml")).unwrap();
    assert!(kept.contains("[capture.\"a.pcap b.pcap\"]\n\"max_loss port 80\" = "), "{kept}");
    let said = lab.check(&["a.pcap", "b.pcap"]);
    assert_eq!((said.status, &said.records("check").next().unwrap()["state"]), (0, &"accepted".into()));
}
