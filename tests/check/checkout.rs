//! What a working copy that a stranger wrote can do to `tcpcheck check` through its policy and its baseline: make it pass, fail or
//! refuse, and nothing else.

use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use super::Lab;

const POLICY: &str = "version = 1\n[policy]\n";
const SECRET: &str = "root:$6$secret:20000:0:99999:7:::";

/// A working copy below a folder that holds what it must not reach.
fn lab() -> Lab {
    let lab = Lab::new("");
    lab.file("secret", format!("{SECRET}\n").repeat(40).as_bytes());
    lab.fixture("healthy/requests.pcap", "copy/a.pcap");
    lab
}

/// Runs `tcpcheck check ARGS` in the copy with a gigabyte of memory and two minutes of the processor, which no refusal comes near.
fn check(lab: &Lab, args: &[&str]) -> Output {
    let limited = "ulimit -v 1000000; ulimit -t 120; exec \"$0\" check \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited, env!("CARGO_BIN_EXE_tcpcheck")]).args(args).current_dir(lab.path("copy"));
    command.output().unwrap()
}

/// What is said when the check is refused: on standard error, in words that are few.
fn refusal(lab: &Lab, args: &[&str]) -> String {
    let output = check(lab, args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
    assert!(said.starts_with("tcpcheck: ") && said.len() < 12_000, "{} bytes: {said}", said.len());
    said
}

fn passes(lab: &Lab, args: &[&str]) {
    let output = check(lab, args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

fn pipe(lab: &Lab, name: &str) {
    assert!(Command::new("mkfifo").arg(lab.path(name)).status().unwrap().success());
}

#[test]
fn a_policy_that_links_out_of_the_copy_is_not_read_unless_it_is_named() {
    for target in ["../secret", "/etc/passwd", "/proc/self/environ"] {
        let lab = lab();
        symlink(target, lab.path("copy/tcpcheck.toml")).unwrap();
        let said = refusal(&lab, &["a.pcap"]);
        assert_eq!(
            said,
            "tcpcheck: tcpcheck.toml: a link out of its directory, which is followed only if the file is named: -P or --baseline\n"
        );
    }
    let lab = lab();
    lab.file("policy.toml", POLICY.as_bytes());
    symlink("../policy.toml", lab.path("copy/tcpcheck.toml")).unwrap();
    passes(&lab, &["a.pcap", "-P", "tcpcheck.toml"]);
    // A link within the copy is a way to share a policy.
    std::fs::remove_file(lab.path("copy/tcpcheck.toml")).unwrap();
    lab.file("copy/ci/policy.toml", POLICY.as_bytes());
    symlink("ci/policy.toml", lab.path("copy/tcpcheck.toml")).unwrap();
    passes(&lab, &["a.pcap"]);
}

#[test]
fn only_regular_files_that_are_small_are_read_and_nothing_is_waited_for() {
    let not_regular = "not a regular file";
    for (name, args) in [
        ("tcpcheck.toml", &["a.pcap"][..]),
        ("policy.toml", &["a.pcap", "-P", "policy.toml"]),
        ("tcpcheck.baseline.toml", &["a.pcap"]),
        ("tcpcheck.baseline.toml", &["a.pcap", "--update-baseline"]),
        ("known.toml", &["a.pcap", "--baseline", "known.toml"]),
    ] {
        let lab = lab();
        pipe(&lab, &format!("copy/{name}"));
        assert!(refusal(&lab, args).contains(&format!("{name}: {not_regular}")), "{name}");
        std::fs::remove_file(lab.path(&format!("copy/{name}"))).unwrap();
        symlink("/dev/zero", lab.path(&format!("copy/{name}"))).unwrap();
        assert!(refusal(&lab, args).contains(&format!("{name}: {not_regular}")), "{name}");
        std::fs::remove_file(lab.path(&format!("copy/{name}"))).unwrap();
        let holes = std::fs::File::create(lab.path(&format!("copy/{name}"))).unwrap();
        holes.set_len(1 << 40).unwrap();
        assert!(refusal(&lab, args).contains("which is the most that is read"), "{name}");
    }
}

#[test]
fn a_baseline_may_be_larger_than_a_policy() {
    let lab = lab();
    let entries: String = (0..60_000).map(|n| format!("\"TC202 port {n}\" = 1\n")).collect();
    lab.file("copy/tcpcheck.baseline.toml", format!("version = 1\n[capture.\"b.pcap\"]\n{entries}").as_bytes());
    passes(&lab, &["a.pcap"]);
    lab.file("copy/tcpcheck.toml", format!("{POLICY}#{}\n", " ".repeat(1 << 20)).as_bytes());
    assert!(refusal(&lab, &["a.pcap"]).contains("larger than 1 MiB, which is the most that is read"));
}

#[test]
fn what_lies_in_the_place_of_a_policy_is_not_passed_over() {
    let lab = lab();
    lab.file("copy/tcpcheck.toml", POLICY.as_bytes());
    lab.fixture("healthy/requests.pcap", "copy/below/a.pcap");
    symlink("nowhere", lab.path("copy/below/tcpcheck.toml")).unwrap();
    let output = lab.command(&["a.pcap"]).current_dir(lab.path("copy/below")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("tcpcheck.toml: No such file"));
}

#[test]
fn a_baseline_is_written_through_no_link_that_nobody_named() {
    let lab = lab();
    lab.file("copy/tcpcheck.toml", POLICY.as_bytes());
    lab.file("copy/other.toml", b"version = 1\n");
    symlink("other.toml", lab.path("copy/tcpcheck.baseline.toml")).unwrap();
    let said = refusal(&lab, &["a.pcap", "--update-baseline"]);
    assert!(said.contains("a link is in its place, and is left as it is"), "{said}");
    assert_eq!(std::fs::read(lab.path("copy/other.toml")).unwrap(), b"version = 1\n");
    passes(&lab, &["a.pcap", "--update-baseline", "--baseline", "tcpcheck.baseline.toml"]);
    assert_ne!(std::fs::read(lab.path("copy/other.toml")).unwrap(), b"version = 1\n");
}

#[test]
fn of_a_file_that_is_no_policy_little_is_shown() {
    let lab = lab();
    let said = refusal(&lab, &["a.pcap", "-P", "../secret"]);
    assert!(said.contains("not TOML") && said.matches("secret:20000").count() <= 3, "{said}");
    // One line without an end.
    lab.file("long", "x".repeat(1_000_000).as_bytes());
    assert!(refusal(&lab, &["a.pcap", "-P", "../long"]).len() < 1_000);
    let keys = format!("version = 1\n[policy]\n\"{}\" = 1\n", "k".repeat(500_000));
    lab.file("copy/tcpcheck.toml", keys.as_bytes());
    assert!(refusal(&lab, &["a.pcap"]).len() < 1_500);
    lab.file("copy/tcpcheck.toml", &[0xff; 100]);
    assert!(refusal(&lab, &["a.pcap"]).contains("not text in UTF-8"));
}

#[test]
fn wrong_names_without_end_are_refused_by_ten_of_them() {
    let lab = lab();
    let lines: String = (0..60_000).map(|n| format!("k{n} = 1\n")).collect();
    lab.file("copy/tcpcheck.toml", format!("{POLICY}{lines}").as_bytes());
    let said = refusal(&lab, &["a.pcap"]);
    assert_eq!(said.matches("unknown key").count(), 10, "{said}");
    assert!(said.contains("tcpcheck.toml:3:1: unknown key `k0`"), "{said}");
    let line = format!("{POLICY}select = [{}]\n", "\"zz\",".repeat(150_000));
    lab.file("copy/tcpcheck.toml", line.as_bytes());
    let said = refusal(&lab, &["a.pcap"]);
    assert_eq!(said.matches("no rule is called").count(), 10, "{said}");
    assert!(said.contains("tcpcheck.toml:3:46: no rule is called \"zz\""), "{said}");
    for nested in ["select = ".to_owned() + &"[".repeat(300_000), "[a".to_owned() + &".a".repeat(300_000) + "]"] {
        lab.file("copy/tcpcheck.toml", format!("{POLICY}{nested}\n").as_bytes());
        refusal(&lab, &["a.pcap"]);
    }
}

#[test]
fn as_much_as_a_policy_may_hold_is_read_to_its_end() {
    let lab = lab();
    let allowed: String =
        (0..20_000).map(|n| format!("{{ rule = \"TC2{:02}\", reason = \"r{n}\" }},", n % 9 + 1)).collect();
    lab.file("copy/tcpcheck.toml", format!("{POLICY}allow = [{allowed}]\n").as_bytes());
    let output = check(&lab, &["a.pcap"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A policy with a scope of that filter.
fn scoped(lab: &Lab, filters: &[String]) {
    let scopes = filters.iter().enumerate();
    let scopes: String =
        scopes.map(|(n, filter)| format!("[[scope]]\nname = \"s{n}\"\nfilter = \"{filter}\"\n")).collect();
    lab.file("copy/tcpcheck.toml", format!("{POLICY}{scopes}").as_bytes());
}

#[test]
fn a_scopes_filter_asks_nobody_for_an_address() {
    let lab = lab();
    for filter in ["host exfil.attacker.example", "tcp and src exfil.attacker.example", "net exfil.attacker.example"] {
        scoped(&lab, &[filter.to_owned()]);
        let said = refusal(&lab, &["a.pcap"]);
        assert!(said.contains("tcpcheck.toml:5:10: ") && said.contains("would have to be asked for"), "{said}");
    }
    if cfg!(feature = "live") {
        scoped(&lab, &["tcp port http and not host 10.0.0.1 and not net fe80::/10".to_owned()]);
        passes(&lab, &["a.pcap"]);
    }
}

#[test]
fn filters_that_would_be_compiled_for_minutes_are_refused() {
    let lab = lab();
    let ports = |from: u32, to: u32| (from..to).map(|n| format!("port {n}")).collect::<Vec<_>>().join(" or ");
    scoped(&lab, &[ports(1, 3000)]);
    let said = refusal(&lab, &["a.pcap"]);
    assert!(said.contains("has at most 1000 characters") && said.len() < 1_000, "{said}");
    scoped(&lab, &(0..12).map(|n| ports(1000 + 70 * n, 1070 + 70 * n)).collect::<Vec<_>>());
    assert!(refusal(&lab, &["a.pcap"]).contains("more than 8000 characters together"));
    scoped(&lab, &(1..=101).map(|n| format!("port {n}")).collect::<Vec<_>>());
    assert!(refusal(&lab, &["a.pcap"]).contains("there are more than 100 scopes"));
    scoped(&lab, &(1..=100).map(|n| format!("port {n}")).collect::<Vec<_>>());
    passes(&lab, &["a.pcap"]);
    for filter in ["not ".repeat(240) + "tcp", "(".repeat(490) + "tcp" + &")".repeat(490)] {
        scoped(&lab, &[filter]);
        check(&lab, &["a.pcap"]).status.code().unwrap();
    }
}
