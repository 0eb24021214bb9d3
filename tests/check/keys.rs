//! Each key of a policy, once so that a real capture passes and once so that it fails: exit status, text, and every format.

use std::collections::BTreeSet;

use tcpcheck::policy::Key;

use super::{Lab, Said};
use crate::testkit::root;

/// A key with a value that a capture passes, one that it does not, and what is said then.
struct Row {
    key: &'static str,
    capture: &'static str,
    passes: &'static str,
    fails: &'static str,
    status: i32,
    found: &'static str,
}

const fn row(
    key: &'static str,
    capture: &'static str,
    passes: &'static str,
    fails: &'static str,
    status: i32,
    found: &'static str,
) -> Row {
    Row { key, capture, passes, fails, status, found }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("select", "reset/by-server.pcap", r#"["TC1", "fast-retransmission"]"#, r#"["TC1", "TC4"]"#, 1, "1 finding of severity error"),
    row("ignore", "reset/by-server.pcap", r#"["reset"]"#, r#"["TC402"]"#, 1, "1 finding of severity error"),
    row("fail_on", "open/syn-lost.pcap", r#""error""#, r#""warning""#, 1, "1 finding of severity warning or above"),
    row("severity", "open/syn-lost.pcap", r#"{ TC401 = "note" }"#, r#"{ TC103 = "error" }"#, 1, "1 finding of severity error"),
    row("max_retransmission_rate", "loss/timeout.pcap", r#""80%""#, r#""1%""#, 1, "found 75.0 % (3 of 4 data segments); below 20 they are counted: 1 may be"),
    row("max_handshake", "open/syn-lost.pcap", r#""2s""#, r#""100ms""#, 1, "found 1.016 s (handshake)"),
    row("p95_handshake", "healthy/several-clients.pcap", r#""50ms""#, r#""5ms""#, 1, "found 100.0 % (5 of 5 handshakes above 5ms, 1 may be); the longest 11.0 ms"),
    row("max_rtt", "healthy/requests.pcap", r#""50ms""#, r#""15ms""#, 1, "found 20.2 ms (1 of 22 round trips above 15ms)"),
    row("p95_rtt", "healthy/requests.pcap", r#""15ms""#, r#""5ms""#, 1, "found 100.0 % (22 of 22 round trips above 5ms, 1 may be); the longest 20.2 ms"),
    row("max_response", "application/slow-server-at-server.pcap", r#""2s""#, r#""400ms""#, 1, "(1 of 5 answers above 400ms)"),
    row("p95_response", "application/slow-server-at-server.pcap", r#""2s""#, r#""100ms""#, 1, "(4 of 5 answers above 100ms"),
    row("max_zero_window", "window/zero-window.pcap", r#""1m""#, r#""10ms""#, 1, "(closed window)"),
    row("max_idle", "loss/timeout.pcap", r#""1s""#, r#""400ms""#, 1, "found 428.0 ms (pause)"),
    row("close", "reset/by-client.pcap", r#""reset-ok""#, r#""clean""#, 1, "1 of 1 connection did not end with a FIN from both sides"),
    row("capture_gaps", "capture/missed.pcap", r#""ignore""#, r#""fail""#, 4, "the capture missed bytes in 1 place"),
    row("one_direction", "capture/client-side-only.pcap", r#""warn""#, r#""fail""#, 4, "1 connection with one direction only"),
    row("kernel_drops", "DROPS", r#""warn""#, r#""fail""#, 4, "packets are missing"),
    row("file_cut", "malformed/cut-in-record.pcap", r#""warn""#, r#""fail""#, 4, "packets at the end are missing"),
    row("expect", "healthy/requests.pcap", r#"{ connections = ">=1" }"#, r#"{ connections = "==3" }"#, 1, "found 1 connection"),
    row("allow", "open/refused.pcap", r#"[{ rule = "TC102", max = 1, reason = "starts late" }]"#, r#"[{ rule = "TC102", max = 0, reason = "starts late" }]"#, 1, "found 1 of TC102"),
];

impl Row {
    /// A policy in which nothing but this key can fail.
    fn policy(&self, value: &str, scoped: bool) -> String {
        // What the key does not need is switched off.
        let select = match self.key {
            "select" => "",
            "ignore" => "select = [\"TC4\"]\n",
            "fail_on" | "severity" | "allow" => "select = [\"TC1\"]\n",
            _ => "select = []\n",
        };
        let written = format!("{} = {value}\n", self.key);
        match scoped {
            false => format!("version = 1\n[policy]\n{written}{select}"),
            true => {
                let scope = "[[scope]]\nname = \"web\"\nfilter = \"tcp port 80 or port 81 or port 50000\"\n";
                // The policy itself would fail: the scope decides.
                let base = if select.is_empty() { "select = []\n" } else { select };
                let base = if ["fail_on", "severity"].contains(&self.key) { base } else { "select = []\n" };
                format!("version = 1\n[policy]\n{base}{scope}{written}{select}")
            }
        }
    }

    /// The key whose line is pointed at: what others say of findings is about those selected, where both are written.
    fn pointed_at(&self, first: u64) -> (&str, u64) {
        if ["ignore", "fail_on", "severity"].contains(&self.key) { ("select", first + 1) } else { (self.key, first) }
    }

    /// The capture, in a folder of its own.
    fn lab(&self, value: &str, scoped: bool) -> Lab {
        let lab = Lab::new(&self.policy(value, scoped));
        if self.capture == "DROPS" {
            let mut bytes = std::fs::read(root().join("fixtures/capture/two-interfaces.pcapng")).unwrap();
            bytes.extend(statistics(7));
            lab.file("a.pcap", &bytes);
        } else {
            lab.fixture(self.capture, "a.pcap");
        }
        lab
    }
}

/// An Interface Statistics Block of the first interface: so many packets dropped by the kernel.
fn statistics(dropped: u64) -> Vec<u8> {
    let mut block = Vec::new();
    let options: [(u16, u64); 2] = [(4, 1_000), (7, dropped)];
    let length = 4 * 6 + options.len() as u32 * 12 + 4;
    block.extend([5_u32, length, 0, 0, 0].map(u32::to_le_bytes).concat());
    for (code, value) in options {
        block.extend([code.to_le_bytes(), 8_u16.to_le_bytes()].concat());
        block.extend(value.to_le_bytes());
    }
    block.extend([0; 4]);
    block.extend(length.to_le_bytes());
    block
}

/// The key was looked at and nothing fails, in any format.
fn all_is_well(said: &Said, row: &Row, line: u64, what: &str) {
    assert_eq!(said.status, 0, "{what}: {}{}", said.stdout, said.stderr);
    let (key, line) = row.pointed_at(line);
    let check = said.records("check").find(|check| check["line"] == line).unwrap_or_else(|| panic!("{what}"));
    assert!(check["demand"].as_str().unwrap().starts_with(key), "{what}: {check}");
    // A gate that only warns has something to warn of, and says so.
    let state = if row.status == 4 && row.passes == "\"warn\"" { "warned" } else { "passed" };
    assert_eq!(check["state"], state, "{what}: {check}");
    assert_eq!(said.text.contains("\nWARN "), state == "warned", "{what}: {}", said.text);
    assert_eq!(said.results().len(), usize::from(state == "warned"), "{what}");
    assert_eq!(said.github.lines().count(), usize::from(state == "warned"), "{what}: {}", said.github);
    assert!(
        said.junit.contains(&format!("<testcase classname=\"a.pcap\" name=\"{}", xml(check))),
        "{what}: {}",
        said.junit
    );
    assert!(!said.text.contains("FAIL") && said.text.contains("exit status 0"), "{what}: {}", said.text);
    assert!(said.records("check").all(|check| check["state"] != "failed" && check["state"] != "poor"), "{what}");
    assert!(!said.junit.contains("<failure") && !said.junit.contains("<error"), "{what}: {}", said.junit);
    assert!(said.results().iter().all(|result| result["level"] == "warning"), "{what}");
    assert!(!said.github.contains("::error"), "{what}: {}", said.github);
    assert!(said.markdown.starts_with("## tcpcheck: passed\n"), "{what}: {}", said.markdown);
}

/// What a JUnit case of a check is called.
fn xml(check: &serde_json::Value) -> String {
    let demand = check["demand"].as_str().unwrap();
    let name = check["scope"].as_str().map_or(demand.to_owned(), |scope| format!("[[scope]] {scope:?}: {demand}"));
    name.replace('&', "&amp;").replace('"', "&quot;").replace('>', "&gt;").replace('<', "&lt;")
}

/// One check fails, and every format says so, where it is written.
fn it_fails(said: &Said, row: &Row, line: u64, what: &str) {
    assert_eq!(said.status, row.status, "{what}: {}{}", said.stdout, said.stderr);
    let (word, state) = if row.status == 4 { ("POOR", "poor") } else { ("FAIL", "failed") };
    let head = said.text.lines().find(|line| line.starts_with(word)).unwrap_or_else(|| panic!("{what}: {}", said.text));
    let (key, line) = row.pointed_at(line);
    assert!(head.contains(key) && head.ends_with(&format!(" tcpcheck.toml:{line}")), "{what}: {head}");
    assert!(said.text.contains(row.found), "{what}: {}", said.text);
    assert_eq!(said.text.matches(&format!("\n{word} ")).count(), 1, "{what}: {}", said.text);
    assert!(said.text.ends_with(&format!("exit status {}\n", row.status)), "{what}: {}", said.text);

    let failed: Vec<_> = said.records("check").filter(|check| check["state"] == state).collect();
    assert_eq!(failed.len(), 1, "{what}");
    assert_eq!((&failed[0]["line"], &failed[0]["policy"]), (&line.into(), &"tcpcheck.toml".into()), "{what}");
    assert!(failed[0]["found"].as_str().unwrap().contains(row.found), "{what}: {}", failed[0]["found"]);
    let run = said.records("run").next().unwrap();
    assert_eq!((&run["exit_status"], &run["status"]), (&row.status.into(), &state.into()), "{what}");

    let element = if row.status == 4 { "<error message=" } else { "<failure message=" };
    assert_eq!(said.junit.matches(element).count(), 1, "{what}: {}", said.junit);
    assert!(said.junit.contains(&format!("policy    tcpcheck.toml:{line}\n")), "{what}: {}", said.junit);

    let errors: Vec<_> = said.results().iter().filter(|result| result["level"] == "error").collect();
    assert_eq!(errors.len(), 1, "{what}");
    let place = &errors[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "tcpcheck.toml", "{what}");
    assert_eq!(place["region"]["startLine"], line, "{what}");

    let annotations: Vec<_> = said.github.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(annotations.len(), 1, "{what}: {}", said.github);
    assert!(annotations[0].starts_with(&format!("::error file=tcpcheck.toml,line={line},title=")), "{what}");

    assert!(said.markdown.contains(&format!("tcpcheck.toml:{line}, in `a.pcap`: ")), "{what}: {}", said.markdown);
}

#[test]
fn every_key_passes_and_fails_on_real_captures_in_every_format() {
    for row in ROWS {
        let passed = row.lab(row.passes, false).check(&["a.pcap"]);
        all_is_well(&passed, row, 3, row.key);
        let failed = row.lab(row.fails, false).check(&["a.pcap"]);
        it_fails(&failed, row, 3, row.key);
    }
}

#[test]
fn every_key_of_a_scope_does_so_too() {
    for row in ROWS.iter().filter(|row| Key::ALL.iter().any(|info| info.name == row.key && info.in_scope)) {
        let what = format!("{} in a scope", row.key);
        let passed = row.lab(row.passes, true).check(&["a.pcap"]);
        all_is_well(&passed, row, 7, &what);
        let failed = row.lab(row.fails, true).check(&["a.pcap"]);
        it_fails(&failed, row, 7, &what);
        assert!(failed.text.contains("[[scope]] \"web\": "), "{what}: {}", failed.text);
    }
}

#[test]
fn no_key_is_left_out() {
    let driven: Vec<&str> = ROWS.iter().map(|row| row.key).collect();
    let known: Vec<&str> = Key::ALL.iter().map(|info| info.name).collect();
    assert_eq!(driven, known);
}

#[test]
fn the_schema_has_the_keys_of_the_program_and_takes_the_policies_of_these_tests() {
    let schema: serde_json::Value = serde_json::from_str(tcpcheck::policy::SCHEMA).unwrap();
    let names = |place: &serde_json::Value| -> BTreeSet<String> {
        place["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let known = |of: &dyn Fn(&tcpcheck::policy::KeyInfo) -> bool| -> BTreeSet<String> {
        Key::ALL.iter().filter(|info| of(info)).map(|info| info.name.to_owned()).collect()
    };
    assert_eq!(names(&schema["properties"]["policy"]), known(&|_| true));
    let mut of_scope = known(&|info| info.in_scope);
    of_scope.extend(["name".to_owned(), "filter".to_owned()]);
    assert_eq!(names(&schema["properties"]["scope"]["items"]), of_scope);

    let validator = jsonschema::validator_for(&schema).unwrap();
    for (row, scoped) in ROWS.iter().flat_map(|row| [(row, false), (row, true)]) {
        if scoped && !of_scope.contains(row.key) {
            continue;
        }
        for value in [row.passes, row.fails] {
            let policy = as_json(&row.policy(value, scoped));
            let complaints: Vec<String> = validator.iter_errors(&policy).map(|error| error.to_string()).collect();
            assert!(complaints.is_empty(), "{}: {complaints:?}", row.key);
        }
    }
    for wrong in
        ["[policy]\nselct = []", "[policy]\nclose = \"claen\"", "[policy]\nmax_rtt = 100", "[[scope]]\nname = \"a\""]
    {
        assert!(!validator.is_valid(&as_json(&format!("version = 1\n{wrong}\n"))), "{wrong}");
    }
}

/// A TOML text as an editor sees it.
pub(super) fn as_json(text: &str) -> serde_json::Value {
    fn value_of(value: &toml::de::DeValue<'_>) -> serde_json::Value {
        use toml::de::DeValue;
        match value {
            DeValue::String(text) => text.as_ref().into(),
            DeValue::Integer(number) => number.as_str().parse::<i64>().unwrap().into(),
            DeValue::Boolean(truth) => (*truth).into(),
            DeValue::Float(number) => number.as_str().into(),
            DeValue::Datetime(datetime) => datetime.to_string().into(),
            DeValue::Array(array) => array.iter().map(|entry| value_of(entry.get_ref())).collect(),
            DeValue::Table(table) => table_of(table),
        }
    }
    fn table_of(table: &toml::de::DeTable<'_>) -> serde_json::Value {
        table.iter().map(|(key, entry)| (key.get_ref().to_string(), value_of(entry.get_ref()))).collect()
    }
    table_of(toml::de::DeTable::parse(text).unwrap().get_ref())
}
