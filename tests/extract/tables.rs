//! `tcpcheck export`: the tables' schema, their rows, and the recipes of docs/data.md.

use std::collections::BTreeMap;
use std::path::Path;

use tcpcheck::report::table::{Column, Table};

use crate::testkit::{files_below, root, short, tcpcheck};

/// The schema as docs/data.md holds it.
fn schema() -> String {
    let mut text = String::new();
    for table in Table::ALL {
        text.push_str(&format!("### {}\n\n| column | type | what it is |\n| --- | --- | --- |\n", table.as_str()));
        for Column { name, kind, means } in table.columns() {
            text.push_str(&format!("| `{name}` | {} | {means} |\n", kind.as_str()));
        }
        text.push('\n');
    }
    text
}

/// `UPDATE=1 cargo test schema` writes it anew.
#[test]
fn the_schema_in_the_docs_is_the_one_that_is_written() {
    let path = root().join("docs/data.md");
    let kept = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- schema -->\n", "<!-- end -->");
    let (before, rest) = kept.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let made = format!("{before}{begin}{}{end}{after}", schema());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
        return;
    }
    assert!(kept == made, "docs/data.md is not up to date: UPDATE=1 cargo test schema");
}

/// The table as NDJSON rows.
fn rows(files: &[&Path], table: &str, more: &[&str]) -> Vec<serde_json::Value> {
    let mut args = vec!["export", "--table", table, "--format", "ndjson"];
    args.extend(files.iter().map(|file| file.to_str().unwrap()));
    args.extend(more);
    let output = tcpcheck(&args);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn records(path: &Path) -> Vec<serde_json::Value> {
    let output = tcpcheck(&["-r", path.to_str().unwrap(), "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn rows_say_what_the_records_of_json_say() {
    for path in files_below("fixtures", &[".pcap", ".pcapng"]) {
        let records = records(&path);
        let of = |kind: &str| records.iter().filter(|record| record["type"] == kind).cloned().collect::<Vec<_>>();
        let name = short(&path);
        let (flows, packets) = (rows(&[&path], "flows", &[]), rows(&[&path], "packets", &[]));
        assert_eq!(flows.len(), of("flow").len(), "{name}");
        for (row, record) in flows.iter().zip(of("flow")) {
            for (column, value) in [
                ("flow", &record["flow"]),
                ("community_id", &record["community_id"]),
                ("outcome", &record["outcome"]),
                ("first_ts", &record["first_ts"]),
                ("duration_s", &record["duration_s"]),
                ("handshake_ms", &record["handshake_ms"]),
                ("c2s_unique_bytes", &record["c2s"]["unique_bytes"]),
                ("s2c_retransmitted_segments", &record["s2c"]["retransmitted_segments"]),
            ] {
                assert_eq!(&row[column], value, "{name}: {column}");
            }
        }
        assert_eq!(packets.len(), of("packet").len(), "{name}");
        for (row, record) in packets.iter().zip(of("packet")) {
            for column in
                ["frame", "ts", "flow", "seq", "ack", "seq_raw", "window_bytes", "in_flight_bytes", "checksum"]
            {
                assert_eq!(row[column], record[column], "{name}: {column}");
            }
        }
        assert_eq!(rows(&[&path], "segments", &[]).len(), packets.len(), "{name}");
        let exchanges = rows(&[&path], "exchanges", &[]);
        assert_eq!(exchanges.len(), of("exchange").len(), "{name}");
        for (row, record) in exchanges.iter().zip(of("exchange")) {
            for (column, value) in row.as_object().unwrap().iter().filter(|(column, _)| *column != "source") {
                assert_eq!(value, &record[column], "{name}: {column}");
            }
            assert_eq!(row.as_object().unwrap().len() + 1, record.as_object().unwrap().len(), "{name}");
        }
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for finding in rows(&[&path], "findings", &[]) {
            *counts.entry(finding["code"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let Some(summary) = of("summary").pop() else { continue };
        let expected: BTreeMap<String, u64> = serde_json::from_value(summary["codes"].clone()).unwrap();
        assert_eq!(counts, expected, "{name}: final findings");
    }
}

#[test]
fn several_files_are_one_table_and_columns_are_chosen() {
    let (a, b) = (root().join("fixtures/loss/timeout.pcap"), root().join("fixtures/loss/no-sack.pcap"));
    let both = rows(&[&a, &b], "findings", &["--fields", "source,code,frame"]);
    let each = [&a, &b].map(|file| rows(&[file], "findings", &[]).len());
    assert_eq!(both.len(), each[0] + each[1]);
    assert!(both[0]["source"].as_str().unwrap().ends_with("timeout.pcap"));
    assert_eq!(both[0].as_object().unwrap().len(), 3);
    let refused = tcpcheck(&["export", a.to_str().unwrap(), "--table", "flows", "--fields", "clint"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("did you mean client?"));
}

#[test]
fn separated_values_have_a_header_and_quotes_where_they_need_them() {
    let input = root().join("fixtures/loss/timeout.pcap");
    let run = |format: &str, fields: &str| {
        let args = ["export", input.to_str().unwrap(), "--table", "findings", "--format", format, "--fields", fields];
        String::from_utf8(tcpcheck(&args).stdout).unwrap()
    };
    let csv = run("csv", "code,frame,ts,evidence");
    assert!(csv.starts_with("code,frame,ts,evidence\nTC204,5,2026-11-22T20:55:52.520556000Z,"), "{csv}");
    assert!(csv.contains("\"{\"\""), "{csv}");
    assert!(run("tsv", "code,frame").starts_with("code\tframe\nTC204\t5\n"));
}

#[cfg(not(feature = "columnar"))]
#[test]
fn without_arrow_and_parquet_it_is_said_how_to_get_them() {
    let input = root().join("fixtures/loss/timeout.pcap");
    let output = tcpcheck(&["export", input.to_str().unwrap(), "--table", "flows", "-o", "flows.parquet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--features columnar"));
}

/// The Python of docs/data.md, run over tables of the fixtures: each recipe where what it imports is installed.
#[cfg(feature = "columnar")]
#[test]
fn the_recipes_of_the_docs_give_the_sums_of_json() {
    let python = std::env::var("TCPCHECK_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let run = |code: &str| {
        let output = std::process::Command::new(&python).args(["-c", code]).current_dir(folder.path()).output();
        output.map(|output| (output.status.success(), [output.stdout, output.stderr].concat())).unwrap_or_default()
    };
    let files = files_below("fixtures", &[".pcap"]);
    for name in
        ["flows.parquet", "findings.parquet", "exchanges.parquet", "flows.csv", "exchanges.csv", "exchanges.arrow"]
    {
        let output = folder.path().join(name);
        let table = name.split('.').next().unwrap();
        let mut args = vec!["export", "--table", table, "-o", output.to_str().unwrap()];
        args.extend(files.iter().map(|file| file.to_str().unwrap()));
        tcpcheck(&args);
    }
    let expected = sums_of_json(&files);
    let docs = std::fs::read_to_string(root().join("docs/data.md")).unwrap();
    let blocks: Vec<&str> = docs.split("```python\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 5);
    for block in blocks {
        let import = block.lines().next().unwrap();
        if !run(&format!("{import}, pyarrow")).0 {
            assert!(std::env::var("TCPCHECK_WITNESSES").is_err(), "{python} cannot {import}");
            let name = import.trim_start_matches("import ");
            crate::testkit::skipped(
                &format!("no Python with {name} here"),
                &format!("pip install {name} pyarrow, and its python in TCPCHECK_PYTHON"),
            );
            continue;
        }
        let (done, text) = run(block);
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(done, "{block}\n{text}");
        let said: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert_eq!(said, expected, "{block}\n{text}");
    }
}

/// The bytes of connections, the number of findings, and the bytes of requests.
#[cfg(feature = "columnar")]
fn sums_of_json(files: &[std::path::PathBuf]) -> [u64; 3] {
    let mut sums = [0; 3];
    for record in files.iter().flat_map(|file| records(file)) {
        let number = |value: &serde_json::Value| value.as_u64().unwrap_or(0);
        sums[0] += number(&record["c2s"]["unique_bytes"]) + number(&record["s2c"]["unique_bytes"]);
        sums[1] += record["codes"].as_object().map_or(0, |codes| codes.values().map(number).sum());
        sums[2] += number(&record["request_bytes"]);
    }
    sums
}
