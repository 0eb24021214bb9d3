//! What each format has to be for its readers: valid by its schema, and without anything that a file's name could smuggle in.
//!
//! `sarif-2.1.0.schema.json` is the OASIS Technical Committee's, `junit-10.xsd` that of Jenkins' xUnit plugin (MIT).

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use jsonschema::Validator;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{Lab, Said};
use crate::testkit::root;

fn schema(path: &str) -> Validator {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// Every format is what its schema says.
pub(super) fn are_valid(said: &Said) {
    static SARIF: OnceLock<Validator> = OnceLock::new();
    static NDJSON: OnceLock<Validator> = OnceLock::new();
    let sarif = SARIF.get_or_init(|| schema("tests/check/sarif-2.1.0.schema.json"));
    let complaints: Vec<String> =
        sarif.iter_errors(&said.sarif).map(|e| format!("{} {e}", e.instance_path())).collect();
    assert!(complaints.is_empty(), "SARIF: {complaints:#?}");
    let ndjson = NDJSON.get_or_init(|| schema("docs/ndjson.schema.json"));
    for record in &said.ndjson {
        assert!(ndjson.is_valid(record), "NDJSON: {record}");
    }
    junit_is_valid(&said.junit);
    for line in said.github.lines() {
        assert!(["::error ", "::warning ", "::notice "].iter().any(|begin| line.starts_with(begin)), "{line}");
    }
    assert_eq!(said.text.chars().find(|c| c.is_control() && *c != '\n'), None, "{}", said.text);
}

/// Well-formed, with counts that add up; and as the schema says, where xmllint is there to tell.
fn junit_is_valid(text: &str) {
    let (mut reader, mut depth, mut cases) = (Reader::from_str(text), 0, 0);
    let mut said = None;
    loop {
        match reader.read_event().unwrap_or_else(|e| panic!("{e}: {text}")) {
            Event::Start(element) | Event::Empty(element) if element.name().as_ref() == "testcase" => {
                cases += 1;
                depth += 1;
            }
            Event::Start(element) if element.name().as_ref() == "testsuites" => {
                let tests = element.try_get_attribute("tests").unwrap().unwrap();
                said = tests.value.parse::<usize>().ok();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(depth > 0 && said == Some(cases), "{text}");
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let found = Command::new("xmllint").arg("--version").stderr(Stdio::null()).status().is_ok();
        if !found {
            crate::testkit::skipped("no xmllint here to validate JUnit XML with", "apt-get install libxml2-utils");
        }
        found
    });
    if !found {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("junit.xml");
    std::fs::write(&path, text).unwrap();
    let mut lint = Command::new("xmllint");
    let output =
        lint.args(["--noout", "--schema", "tests/check/junit-10.xsd"]).arg(&path).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
}

const POLICY: &str = "version = 1\n[policy]\nselect = [\"TC1\"]\nclose = \"clean\"\n";

#[test]
fn the_names_of_files_cannot_speak_for_the_program() {
    let lab = Lab::new(POLICY);
    let name = "a<b>&\"'`|]]>\u{1b}[31m\n::error::oops\u{7}\u{9b}31m\u{202e}\u{ffff},%0A;#.pcap";
    lab.fixture("open/refused.pcap", name);
    let said = lab.check(&[name]);
    assert_eq!(said.status, 1);
    assert!(!said.github.lines().any(|line| line.starts_with("::error::")), "{}", said.github);
    assert!(said.github.contains("%0A::error::oops") && said.github.contains("%250A"), "{}", said.github);
    assert!(!said.markdown.contains("\n::error"), "{}", said.markdown);
    for format in super::FORMATS {
        let text = std::fs::read_to_string(lab.path(&format!("out.{format}"))).unwrap();
        let obeyed = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(obeyed, None, "{format}: {text}");
    }
    assert_eq!(said.records("verdict").next().unwrap()["source"], name);
    let uri = &said.results()[0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert!(uri.as_str().unwrap().starts_with("a%3Cb%3E%26%22%27%60%7C"), "{uri}");
}

#[test]
fn github_gets_the_worst_ten_annotations_and_a_count() {
    let lab = Lab::new("version = 1\n[policy]\nselect = [\"TC1\"]\ncapture_gaps = \"fail\"\n");
    for n in 0..12 {
        lab.fixture("open/refused.pcap", &format!("captures/{n:02}.pcap"));
    }
    lab.fixture("malformed/cut-in-record.pcap", "captures/98.pcap");
    lab.fixture("capture/missed.pcap", "captures/99.pcap");
    let said = lab.check(&["captures"]);
    let lines: Vec<&str> = said.github.lines().collect();
    assert_eq!(lines.len(), 11, "{}", said.github);
    assert!(lines[0].contains("captures/99.pcap: the capture missed bytes"), "the worst first: {}", lines[0]);
    assert!(lines[1..10].iter().all(|line| line.starts_with("::error file=tcpcheck.toml,line=3,")));
    assert_eq!(lines[10], "::notice title=tcpcheck::4 more annotations not shown here: see the job summary");
}

#[test]
fn the_job_summary_draws_the_packets_of_the_first_failure() {
    let lab = Lab::new(POLICY);
    lab.fixture("healthy/requests.pcap", "good.pcap");
    lab.fixture("open/refused.pcap", "refused.pcap");
    lab.file("summary.md", b"what another step wrote\n");
    let mut command = lab.command(&["good.pcap", "refused.pcap", "--output", "github"]);
    let output = command.env("GITHUB_STEP_SUMMARY", lab.path("summary.md")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.starts_with(b"::error file=tcpcheck.toml,line=3,title=select"));
    let summary = std::fs::read_to_string(lab.path("summary.md")).unwrap();
    assert!(summary.starts_with("what another step wrote\n## tcpcheck: failed\n"), "{summary}");
    assert!(summary.contains("| `refused.pcap` | **failed** | 1 | 2 |\n| `good.pcap` | ok | 1 | 0 |\n"), "{summary}");
    let diagram =
        "```mermaid\nsequenceDiagram\n    participant c as client\n    participant s as server\n    c->>s: @1 SYN: ";
    assert_eq!(summary.matches("```mermaid").count(), 1);
    assert!(summary.contains(diagram), "{summary}");
    assert!(summary.contains("    Note over c,s: connection-refused\n"), "{summary}");
}

#[test]
fn a_failure_shows_what_was_expected_and_found_where_and_how_to_look() {
    let lab = Lab::new("version = 1\n[policy]\nmax_handshake = \"5ms\"\n");
    lab.fixture("healthy/several-clients.pcap", "a b.pcap");
    let said = lab.check(&["a b.pcap"]);
    for words in [
        "FAIL max_handshake = \"5ms\"",
        "     found 11.0 ms (5 of 5 handshakes above 5ms)\n",
        "     flow 1  10.9.0.1:40000 > 10.9.0.2:80   11.0 ms   @1..@3",
        "Flags [S], seq ",
        "  look     tcpcheck -r 'a b.pcap' --flow ",
        "  accept   tcpcheck check --update-baseline 'a b.pcap'\n",
        "1 check failed in 1 of 1 capture (5 connections) ",
    ] {
        assert!(said.text.contains(words), "{words} in {}", said.text);
    }
    assert_eq!(said.text.matches("\n     flow ").count(), 5);
    // The same every time.
    assert_eq!(said.text, lab.check(&["a b.pcap"]).text);
}

#[test]
fn formats_go_where_they_are_told_and_text_to_where_nothing_else_goes() {
    let lab = Lab::new(POLICY);
    lab.fixture("open/refused.pcap", "a.pcap");
    let stdout = |args: &[&str]| String::from_utf8(lab.run(args).stdout).unwrap();
    assert!(stdout(&["a.pcap", "--output", "junit=j.xml"]).starts_with("tcpcheck check a.pcap"));
    assert!(stdout(&["a.pcap", "--output", "junit"]).starts_with("<?xml"));
    let both = stdout(&["a.pcap", "--output", "text", "--output", "github=-"]);
    assert!(both.starts_with("tcpcheck check") && both.contains("\n::error "), "{both}");
    let output = lab.run(&["a.pcap", "--output", "xml=a"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr).unwrap().contains("there are text, ndjson, junit, sarif, github, markdown")
    );
    let output = lab.run(&["a.pcap", "--output", "junit=no/such/folder.xml"]);
    assert_eq!(output.status.code(), Some(2));
}
