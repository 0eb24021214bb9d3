//! Many captures at once: each its own verdict, in the order of the command line.

use super::Lab;

#[test]
fn a_thousand_captures_have_a_thousand_verdicts_in_their_order() {
    let lab = Lab::new("version = 1\n[policy]\nselect = [\"TC1\"]\n");
    for n in 0..1_000 {
        let from = if n % 100 == 7 { "open/refused.pcap" } else { "close/client-first.pcap" };
        lab.fixture(from, &format!("captures/{:02}/{n:04}.pcap", n / 100));
    }
    let said = lab.check(&["captures"]);
    assert_eq!(said.status, 1, "{}", said.stderr);
    let names: Vec<_> = said.records("verdict").map(|record| record["source"].as_str().unwrap()).collect();
    assert!(names.len() == 1_000 && names.is_sorted());
    let failed: Vec<_> = said.records("verdict").filter(|record| record["status"] == "failed").collect();
    assert_eq!(failed.len(), 10);
    assert!(said.text.starts_with("tcpcheck check 1,000 captures   policy tcpcheck.toml (1 check)\n"));
    assert!(said.text.contains("\n10 checks failed in 10 of 1,000 captures (1,000 connections) "), "{}", said.text);
    // A pattern is the same set, in the same order, whatever the number of threads.
    let output = lab.run(&["captures/0[0-9]/*.pcap"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), said.text);
}
