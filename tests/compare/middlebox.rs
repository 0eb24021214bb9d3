//! What stands between the captures of `fixtures/compare` is found out, each thing by its name.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::road::{Records, said};
use crate::testkit::root;

/// Both captures of a pair.
fn pair(name: &str) -> [PathBuf; 2] {
    ["client", "server"].map(|end| root().join(format!("fixtures/compare/{name}-{end}.pcap")))
}

/// What is said of a pair, and its records.
fn compared(name: &str) -> (String, Records) {
    let [a, b] = pair(name);
    (said(&[&a, &b]), Records::of(&[&a, &b]))
}

/// The changes that either way shows: what, and in how many packets.
fn changes(summary: &Value, way: &str) -> Vec<(String, Value)> {
    let changes = summary[way]["changes"].as_array().unwrap();
    changes.iter().map(|change| (change["change"].as_str().unwrap().to_owned(), change["packets"].clone())).collect()
}

/// Nothing was lost or made, and every packet of either capture has its counterpart.
fn all_arrived(records: &Records) {
    for fate in ["lost", "inserted", "duplicated", "outside"] {
        assert_eq!(records.fates(fate), [], "{fate}");
    }
    assert_eq!(records.summary()["connections"]["only_a"], 0);
    assert_eq!(records.summary()["connections"]["only_b"], 0);
}

#[test]
fn a_nat_is_called_nat_with_the_addresses_on_either_side() {
    let (words, records) = compared("nat");
    all_arrived(&records);
    let connections = &records.summary()["connections"];
    assert_eq!(
        (&connections["both"], &connections["translated"], &connections["renumbered"]),
        (&2.into(), &2.into(), &0.into())
    );
    assert!(
        words.contains("addresses are translated (NAT) in 2 connections: 10.9.0.1:40000 of A is 10.8.0.254:20"),
        "{words}"
    );
    assert_eq!(changes(records.summary(), "a2b"), []);
    assert_eq!(
        (&records.summary()["a2b"]["hops"], &records.summary()["b2a"]["hops"]),
        (&json!([1, 1]), &json!([1, 1]))
    );
}

#[test]
fn a_clamped_mss_is_told_with_both_values() {
    let (words, records) = compared("mss-clamp");
    all_arrived(&records);
    for way in ["a2b", "b2a"] {
        let change = &records.summary()[way]["changes"];
        assert_eq!(change.as_array().unwrap().len(), 1, "{change}");
        assert_eq!(
            (&change[0]["change"], &change[0]["sent"], &change[0]["came"]),
            (&"mss".into(), &1460.into(), &1380.into())
        );
    }
    assert_eq!(words.matches("MSS 1460 became 1380 in 1 packet").count(), 2, "{words}");
}

#[test]
fn an_option_that_a_firewall_overwrites_is_named() {
    let (words, records) = compared("option-stripped");
    all_arrived(&records);
    // The server does not answer what it was not offered.
    let change = &records.summary()["a2b"]["changes"];
    assert_eq!((&change[0]["change"], &change[0]["option"]), (&"option-stripped".into(), &"sackOK".into()), "{change}");
    assert_eq!((change.as_array().unwrap().len(), changes(records.summary(), "b2a")), (1, vec![]), "{change}");
    assert!(words.contains("option sackOK taken out of SYNs in 1 packet"), "{words}");
}

#[test]
fn a_reset_that_a_firewall_sends_in_the_servers_name_is_no_reset_of_the_servers() {
    let (words, records) = compared("reset");
    let made = records.summary()["inserted"].as_array().unwrap();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!((&made[0]["flag"], &made[0]["side"], &made[0]["dir"]), (&"RST".into(), &"a".into(), &"s2c".into()));
    // What it was sent instead of passing on is lost, and nothing else.
    assert_eq!(records.fates("inserted").len(), 1);
    assert_eq!(records.summary()["b2a"]["lost"], 0);
    assert_eq!(records.summary()["a2b"]["lost"], 1);
    assert_eq!(records.fates("outside"), []);
    assert!(words.contains("something made a RST in the server's name, which only A saw (@"), "{words}");
    let explained = records.of_type("explanation");
    assert!(explained.iter().any(|one| one["shown"] == "made-between" && one["side"] == "a"), "{explained:?}");
}

#[test]
fn a_firewall_that_answers_syns_itself_moves_the_servers_numbers() {
    let (words, records) = compared("synproxy");
    let connections = &records.summary()["connections"];
    assert_eq!(
        (&connections["both"], &connections["renumbered"], &connections["proxied"]),
        (&1.into(), &1.into(), &0.into())
    );
    assert!(words.contains("sequence numbers are rewritten (ISN) in 1 connection"), "{words}");
    // All data crosses; the handshakes on either side of the firewall are its own.
    assert_eq!(
        (&records.summary()["a2b"]["lost_bytes"], &records.summary()["b2a"]["lost_bytes"]),
        (&0.into(), &0.into())
    );
}

#[test]
fn another_dscp_is_told_each_way() {
    let (words, records) = compared("dscp");
    all_arrived(&records);
    for way in ["a2b", "b2a"] {
        assert!(changes(records.summary(), way).iter().all(|(what, _)| what == "dscp"), "{}", records.summary());
    }
    assert!(words.contains("DSCP 46 became 8 in"), "{words}");
}

/// Payload bytes of each sequence range that a capture shows, by its own numbers.
fn bytes_lost(records: &Records, way: &str) -> u64 {
    records.summary()[way]["lost_bytes"].as_u64().unwrap()
}

#[test]
fn where_the_clients_network_card_cuts_segments_no_byte_is_lost() {
    let (_, records) = compared("offload-at-client");
    assert_eq!((bytes_lost(&records, "a2b"), bytes_lost(&records, "b2a")), (0, 0));
    for fate in ["lost", "inserted", "outside"] {
        assert_eq!(records.fates(fate), [], "{fate}");
    }
    // The whole request has crossed, range by range.
    assert_eq!(records.bytes("arrived", "c2s"), 60_000);
    assert_eq!(records.bytes("arrived", "s2c"), 9_000);
}

#[test]
fn of_what_the_servers_network_card_cuts_only_what_was_lost_is_lost() {
    let (_, records) = compared("offload-at-server");
    // Two segments of 1,448 bytes, which are sent again.
    assert_eq!((bytes_lost(&records, "a2b"), bytes_lost(&records, "b2a")), (0, 2 * 1_448));
    assert_eq!(records.bytes("lost", "s2c"), 2 * 1_448);
    assert_eq!(records.bytes("arrived", "s2c"), 60_000);
    assert_eq!((records.fates("inserted"), records.fates("outside")), (vec![], vec![]));
}

#[test]
fn a_branch_office_is_told_in_ten_lines() {
    let (words, records) = compared("branch");
    let summary = records.summary();
    assert_eq!((&summary["a2b"]["duplicated"], &summary["b2a"]["duplicated"]), (&0.into(), &1.into()), "{words}");
    let (next, verdict): (Vec<&str>, Vec<&str>) = words.lines().partition(|line| line.contains("tcpcheck compare"));
    assert!(verdict.len() <= 10 && next.len() == 2, "{words}");
    let clock = &records.of_type("compare")[0]["clock"];
    let off = clock["offset_ms"].as_f64().unwrap() - 251.3;
    assert!(off.abs() <= clock["uncertainty_ms"].as_f64().unwrap(), "{clock}");
    for expected in
        ["(NAT)", "MSS 1460 became 1380", "in 4 bursts of up to 3", "a RST in the server's name", "ms ahead"]
    {
        assert!(words.contains(expected), "{expected}: {words}");
    }
}
