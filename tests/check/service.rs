//! The example of the documentation: a service whose integration test is captured on loopback and checked.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::{Lab, Said};
use crate::testkit::root;

/// Runs the service's test under `check`, with a fault of the service or none; nothing where that cannot be done.
fn checked(fault: &str) -> Option<(Lab, Said)> {
    let python = Command::new("python3").arg("--version").stdout(Stdio::null()).status();
    if python.is_err() {
        assert!(std::env::var_os("TCPCHECK_WITNESSES").is_none(), ".ci/run installs python3, and it is not here");
        crate::testkit::skipped("no python3", "apt-get install python3");
        return None;
    }
    let lab = Lab::new("");
    for name in ["service.py", "test_service.py", "tcpcheck.toml"] {
        lab.file(name, &std::fs::read(root().join("docs/example/service").join(name)).unwrap());
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let command = ["env", &format!("PORT={port}"), &format!("FAULT={fault}"), "python3", "test_service.py"];
    let filter = format!("tcp port {port}");
    let live = ["-i", super::live::LOOPBACK, "--for", "60s", "-f", &filter, "-w", "test.pcap", "--"];
    let said = lab.check(&[&live[..], &command].concat());
    if said.status == 2 && said.stderr.contains("not permitted") {
        crate::testkit::skipped(&said.stderr, "sudo -E cargo test");
        return None;
    }
    assert!(said.stderr.contains("Ran 3 tests") && said.stderr.contains("\nOK\n"), "{fault}: {}", said.stderr);
    assert!(said.text.contains(": exited with status 0\n"), "{fault}: {}", said.text);
    Some((lab, said))
}

/// The checks that do not hold.
fn failed(said: &Said) -> Vec<&str> {
    let failed = said.records("check").filter(|check| check["state"] == "failed" || check["state"] == "poor");
    failed.map(|check| check["key"].as_str().unwrap()).collect()
}

#[test]
fn a_service_that_behaves_passes_and_its_kept_capture_does_too() {
    let Some((lab, said)) = checked("") else { return };
    assert_eq!(said.status, 0, "{}", said.text);
    assert_eq!(said.records("verdict").next().unwrap()["connections"], 5);
    assert_eq!(lab.check(&["test.pcap"]).status, 0);
}

#[test]
fn a_service_that_hangs_up_with_a_reset_fails_though_its_own_test_passes() {
    let Some((_, said)) = checked("reset") else { return };
    assert_eq!((said.status, failed(&said)), (1, vec!["select", "close"]), "{}", said.text);
    assert!(said.text.contains("5 of 5 connections did not end with a FIN from both sides"), "{}", said.text);
    assert!(said.text.contains("error TC401 reset  by server in "), "{}", said.text);
    // That is what the documentation shows, but for what is another time another one.
    let page = std::fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let (_, shown) = page.split_once("```text\n$ FAULT=reset ").unwrap();
    let shown = shown.split_once("\n```").unwrap().0;
    let (_, shown) = shown.split_once("\nOK\n").unwrap();
    let printed = said.text.replace(&format!("env PORT={} FAULT=reset ", port_of(&said)), "");
    assert_eq!(without_numbers(shown), without_numbers(printed.trim_end()));
}

fn port_of(said: &Said) -> u64 {
    said.records("check").find_map(|check| check["places"][0]["server_port"].as_u64()).unwrap()
}

/// Words alone: numbers and the room around them change.
fn without_numbers(text: &str) -> Vec<String> {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' | '.' | ',' if plain.ends_with('N') => {}
            '0'..='9' => plain.push('N'),
            c => plain.push(c),
        }
    }
    // The last FIN may have had no time to be acknowledged.
    let plain = plain.replace("; N B were not acknowledged", "");
    plain.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_service_that_reads_too_late_fails_though_its_own_test_passes() {
    let Some((_, said)) = checked("slow") else { return };
    assert_eq!((said.status, failed(&said)), (1, vec!["max_zero_window"]), "{}", said.text);
    assert!(said.text.contains("FAIL max_zero_window = \"200ms\""), "{}", said.text);
}
