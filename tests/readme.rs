//! README.md shows what the program prints.

use std::process::Command;

use crate::testkit::root;

/// Runs a line of the README as a reader's shell would, from the project's folder.
fn output_of(line: &str) -> String {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_tcpcheck"));
    let mut paths = vec![program.parent().unwrap().to_owned()];
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(root()).env("PATH", std::env::join_paths(paths).unwrap()).env("TZ", "UTC");
    shell.env_remove("CLICOLOR_FORCE");
    String::from_utf8(shell.output().unwrap().stdout).unwrap()
}

/// The text with the output of every `$ command` in its `console` blocks made anew.
fn made_anew(text: &str) -> String {
    let (mut made, mut in_console) = (String::new(), false);
    for line in text.lines() {
        match line {
            "```console" => in_console = true,
            _ if line.starts_with("```") => in_console = false,
            _ => {}
        }
        let command = line.strip_prefix("$ ").filter(|_| in_console);
        if !in_console || command.is_some() || line == "```console" {
            made.push_str(line);
            made.push('\n');
        }
        if let Some(command) = command {
            made.push_str(&output_of(command));
        }
    }
    made
}

/// Compares a page with what the program prints; `UPDATE=1 cargo test readme` writes the outputs anew.
fn is_up_to_date(name: &str) {
    let path = root().join(name);
    let kept = std::fs::read_to_string(&path).unwrap();
    let made = made_anew(&kept);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
        return;
    }
    assert!(kept == made, "{name} is not up to date (UPDATE=1 cargo test readme); it would be:\n{made}");
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    is_up_to_date("README.md");
}

#[test]
fn the_readme_of_compare_shows_what_the_program_prints() {
    is_up_to_date("docs/compare.md");
}

#[test]
#[cfg(feature = "live")]
fn the_readme_of_check_shows_what_the_program_prints() {
    is_up_to_date("docs/policy.md");
}
