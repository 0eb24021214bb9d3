//! The documentation of `check` is about what there is, and its quick start does what it says.

use tcpcheck::policy::Key;

use crate::testkit::root;

fn page() -> String {
    std::fs::read_to_string(root().join("docs/policy.md")).unwrap()
}

#[test]
fn every_key_is_documented() {
    let text = page();
    for info in Key::ALL {
        assert!(text.contains(&format!("| `{}` | `{}` | ", info.name, info.example)), "{}", info.name);
    }
}

/// Stands in for what the quick start needs of the machine: a build, and rights.
#[cfg(all(unix, feature = "live"))]
const STUBS: [(&str, &str); 2] = [
    ("cargo", "#!/bin/sh\ntest \"$*\" = 'install --path .'\n"),
    ("sudo", "#!/bin/sh\ncase \"$1\" in apt-get|setcap) ;; *) exec \"$@\" ;; esac\n"),
];

#[test]
#[cfg(all(unix, feature = "live"))]
fn the_quick_start_leads_to_a_failure_with_a_readable_reason_in_ten_lines() {
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};

    let text = page();
    let (_, block) = text.split_once("```sh\n").unwrap();
    let lines: Vec<&str> = block.split_once("\n```").unwrap().0.lines().collect();
    assert!(lines.len() <= 10, "{lines:?}");
    if Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_err() {
        assert!(std::env::var_os("TCPCHECK_WITNESSES").is_none(), ".ci/run installs python3, and it is not here");
        crate::testkit::skipped("no python3", "apt-get install python3");
        return;
    }
    let lab = super::Lab::new("");
    for (name, script) in STUBS {
        let path = lab.file(&format!("bin/{name}"), script.as_bytes());
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let demo = lab.path("demo").display().to_string();
    let script: String = lines
        .iter()
        .map(|line| format!("{}\necho \"[$?]\"\n", line.replace("/tmp/demo", &demo).replace("18080", &port)))
        .collect();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_tcpcheck")).parent().unwrap().to_owned();
    let own = std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect::<Vec<_>>();
    let path = std::env::join_paths([lab.path("bin"), program].into_iter().chain(own)).unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).current_dir(root()).env("PATH", path).env("PORT", &port).stdin(Stdio::null());
    let output = bash.output().unwrap();
    let (said, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    if error.contains("not permitted") {
        crate::testkit::skipped(&error, "sudo -E cargo test");
        return;
    }
    let statuses: Vec<&str> = said.lines().filter(|line| line.starts_with('[') && line.len() == 3).collect();
    assert_eq!(statuses, ["[0]", "[0]", "[0]", "[0]", "[0]", "[0]", "[1]", "[0]", "[0]", "[0]"], "{said}{error}");
    for words in [
        "\nFAIL close = \"clean\" ",
        "     5 of 5 connections did not end with a FIN from both sides\n",
        "error TC401 reset  by server in ",
        "in 1 of 1 capture (5 connections)                                exit status 1\n",
    ] {
        assert!(said.contains(words), "{words} in {said}{error}");
    }
    assert!(error.contains("tcpcheck.toml: written; try it: tcpcheck check good.pcap"), "{error}");
}
