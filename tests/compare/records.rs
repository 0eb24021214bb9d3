//! The records of `compare` are as docs/ndjson.schema.json says, with their keys in order.

use serde_json::Value;

use super::road::{Records, Road};
use super::troubled;
use crate::ndjson::keys;
use crate::testkit::{files_below, root};

/// Each record's keys, in the order in which they are written.
const ORDER: [(&str, &str); 5] = [
    ("compare", "type v tool a b clock"),
    ("crossing", "type v a_frame b_frame fate a_flow b_flow dir way delay_ms overtaken payload_bytes part"),
    ("explanation", "type v side code slug frame ts a_flow b_flow shown lost_frame"),
    (
        "path",
        "type v a_flow b_flow dir client_known way a b renumbered proxied sent arrived lost lost_bytes bursts longest_burst \
         lost_in_queue duplicated inserted outside overtaken delay_ms hops changes",
    ),
    ("compare_summary", "type v connections one_point a2b b2a inserted"),
];

/// What is not as it should be in the records of a comparison.
fn complaints(validator: &jsonschema::Validator, name: &str, records: &Records) -> Vec<String> {
    let mut complaints = Vec::new();
    for (record, line) in records.0.iter().zip(&records.1) {
        complaints.extend(validator.iter_errors(record).map(|error| format!("{name}: {error} in {record}")));
        let kind = record["type"].as_str().unwrap_or_default();
        let Some((_, order)) = ORDER.iter().find(|(known, _)| *known == kind) else {
            complaints.push(format!("{name}: a record of type {kind:?}"));
            continue;
        };
        let mut expected = order.split_whitespace();
        for key in keys(line) {
            if !expected.any(|known| known == key) {
                complaints.push(format!("{name}: the key {key} is not where it belongs in {line}"));
                break;
            }
        }
    }
    let last = records.0.last().map_or(&Value::Null, |record| &record["type"]);
    if (records.0.first().map(|record| &record["type"]), last) != (Some(&"compare".into()), &"compare_summary".into()) {
        complaints.push(format!("{name}: compare is not the first record, or compare_summary not the last one"));
    }
    complaints
}

#[test]
fn every_record_of_every_pair_is_as_the_schema_says() {
    let text = std::fs::read_to_string(root().join("docs/ndjson.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    let mut found = Vec::new();
    let mut kinds: Vec<String> = Vec::new();
    let mut note = |name: &str, records: &Records| {
        found.extend(complaints(&validator, name, records));
        kinds.extend(records.0.iter().filter_map(|record| record["type"].as_str()).map(str::to_owned));
    };
    for client in files_below("fixtures/compare", &["-client.pcap"]) {
        let name = client.file_name().unwrap().to_str().unwrap().to_owned();
        let server = client.with_file_name(name.replace("-client.pcap", "-server.pcap"));
        note(&name, &Records::of(&[&client, &server]));
        note(&name, &Records::of(&[&server, &client]));
    }
    let mut road = Road::ahead(-3_600_000_000_000);
    troubled(&mut road);
    note("a troubled road", &road.compared());
    assert!(found.is_empty(), "{}", found.join("\n"));
    for (kind, _) in ORDER {
        assert!(kinds.iter().any(|found| found == kind), "no {kind} at all");
    }
}
