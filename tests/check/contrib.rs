//! What `contrib` ships is run as its users' machines would run it, up to what those machines do themselves.

use std::process::{Command, Output, Stdio};

use super::Lab;
use crate::testkit::root;

const POLICY: &str = "version = 1\n[policy]\nselect = [\"TC1\"]\n";

fn contrib(name: &str) -> String {
    std::fs::read_to_string(root().join("contrib").join(name)).unwrap()
}

/// What stands behind a key, on its last line.
fn behind<'t>(text: &'t str, key: &str) -> &'t str {
    let line = text.lines().rev().map(str::trim_start).find_map(|line| line.strip_prefix(key));
    line.unwrap_or_else(|| panic!("no {key} in {text}")).trim()
}

/// Runs a line of a shell, in a folder with a good capture and a bad one.
fn run(lab: &Lab, line: &str, environment: &[(&str, &str)]) -> Output {
    lab.fixture("healthy/requests.pcap", "captures/good.pcap");
    lab.fixture("open/refused.pcap", "captures/refused.pcap");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_tcpcheck")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(program.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("bash");
    shell.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", line]).env("PATH", path.unwrap());
    shell.current_dir(lab.path("")).envs(environment.iter().copied()).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn the_action_annotates_the_policys_lines_and_fills_the_job_summary() {
    let action = contrib("action.yml");
    for name in ["CAPTURES: ${{ inputs.captures }}", "POLICY: ${{ inputs.policy }}", "using: composite", "shell: bash"]
    {
        assert!(action.contains(name), "{name}");
    }
    let lab = Lab::new(POLICY);
    let summary = lab.file("summary.md", b"");
    let summary = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let line = behind(&action, "run:");
    let output = run(&lab, line, &[("CAPTURES", "captures"), ("POLICY", ""), summary[0]]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("\n::error file=tcpcheck.toml,line=3,title=select"), "{text}");
    assert!(text.starts_with("tcpcheck check captures/good.pcap captures/refused.pcap "), "{text}");
    let told = std::fs::read_to_string(summary[0].1).unwrap();
    assert!(told.starts_with("## tcpcheck: failed\n") && told.contains("```mermaid"), "{told}");
    // With another policy, and several words.
    lab.file("loose policy.toml", b"version = 1\n[policy]\nselect = []\n");
    let both = [("CAPTURES", "captures/good.pcap captures/r*.pcap"), ("POLICY", "loose policy.toml"), summary[0]];
    let output = run(&lab, line, &both);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_gitlab_job_fails_and_leaves_the_report_that_it_names() {
    let job = contrib("gitlab-ci.yml");
    let lab = Lab::new(POLICY);
    let output = run(&lab, behind(&job, "- "), &[]);
    assert_eq!(output.status.code(), Some(1));
    let report = std::fs::read_to_string(lab.path(behind(&job, "junit:"))).unwrap();
    assert!(report.contains("<failure message=\"1 finding of severity error\""), "{report}");
    assert!(job.contains("when: always"), "also when the job fails");
}

#[test]
fn the_hook_judges_the_captures_of_a_commit_and_says_only_what_is_not_well() {
    let hook = contrib("pre-commit-config.yaml");
    let lab = Lab::new(POLICY);
    let entry = behind(&hook, "entry:");
    // pre-commit appends the files that its pattern takes.
    let output = run(&lab, &format!("{entry} captures/good.pcap"), &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let output = run(&lab, &format!("{entry} captures/good.pcap captures/refused.pcap"), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("FAIL select = [\"TC1\"]") && !text.contains("good.pcap"), "{text}");
    let pattern = behind(&hook, "files:");
    for (name, taken) in [("a.pcap", true), ("deep/a.pcapng.zst", true), ("a.cap.gz", true), ("pcap.txt", false)] {
        let found = run(&lab, &format!("printf '%s\\n' '{name}' | grep -Eq '{pattern}'"), &[]);
        assert_eq!(found.status.success(), taken, "{name}");
    }
}

#[test]
fn the_installer_takes_a_release_whose_checksum_is_right_and_no_other() {
    let lab = Lab::new(POLICY);
    let target = "x86_64-unknown-linux-musl";
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return;
    }
    let name = format!("tcpcheck-9.9.9-{target}");
    let program = env!("CARGO_BIN_EXE_tcpcheck");
    let release = format!(
        "mkdir -p v9.9.9/{name} && cp {program} v9.9.9/{name}/ && cd v9.9.9 && tar -czf {name}.tar.gz {name} && \
         sha256sum {name}.tar.gz > SHA256SUMS"
    );
    assert!(run(&lab, &release, &[]).status.success());
    let releases = format!("file://{}", lab.path("").display());
    let install = format!("{} 9.9.9 bin", root().join("contrib/install").display());
    let environment = [("TCPCHECK_RELEASES", releases.as_str())];
    let output = run(&lab, &install, &environment);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let spoilt = run(
        &lab,
        &format!("rm -r bin; echo >> v9.9.9/{name}.tar.gz; ! {install} && test ! -e bin/tcpcheck"),
        &environment,
    );
    assert!(spoilt.status.success(), "{}", String::from_utf8_lossy(&spoilt.stderr));
}

/// What is between backticks and begins with the program's name, in a text whose lines may be folded.
fn commands(text: &str) -> Vec<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted = words.split('`').skip(1).step_by(2);
    quoted.filter(|quoted| quoted.starts_with("tcpcheck ")).map(str::to_owned).collect()
}

#[test]
fn the_commands_that_issues_ask_for_work_as_they_are_written() {
    let lab = Lab::new(POLICY);
    lab.fixture("loss/no-sack.pcap", "trace.pcap");
    let mut asked = Vec::new();
    for name in ["bug.yml", "wrong-finding.yml"] {
        let form = std::fs::read_to_string(root().join(".github/ISSUE_TEMPLATE").join(name)).unwrap();
        for command in commands(&form) {
            let output = run(&lab, &command, &[]);
            assert!(output.status.success(), "{name}: {command}: {}", String::from_utf8_lossy(&output.stderr));
            asked.push(command);
        }
    }
    assert!(asked.iter().any(|command| command.starts_with("tcpcheck anonymize trace.pcap ")), "{asked:?}");
    let found = run(&lab, "tcpcheck -nr anonymous.pcap --findings", &[]);
    assert!(String::from_utf8(found.stdout).unwrap().contains("TC202"), "the finding is still there");
}

#[test]
fn what_users_are_given_names_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    for (name, words) in [
        ("action.yml", format!("default: \"{version}\"")),
        ("gitlab-ci.yml", format!("TCPCHECK_VERSION: \"{version}\"")),
        ("pre-commit-config.yaml", format!("\"tcpcheck=={version}\"")),
        ("install", format!("${{1:-{version}}}")),
    ] {
        assert!(contrib(name).contains(&words), "{name}");
    }
}
