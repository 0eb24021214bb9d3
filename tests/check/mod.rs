//! `tcpcheck check`: policies, verdicts on real captures, exit statuses, and every format.

mod baselines;
#[cfg(target_os = "linux")]
mod checkout;
mod contrib;
mod docs;
mod drafts;
mod errors;
mod formats;
mod keys;
#[cfg(feature = "live")]
mod live;
mod many;
mod pairs;
#[cfg(feature = "live")]
mod service;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::testkit::root;

/// The formats, and the files that [`Lab::check`] writes them to.
const FORMATS: [&str; 6] = ["text", "ndjson", "junit", "sarif", "github", "markdown"];

/// A folder with a policy in it.
struct Lab {
    folder: tempfile::TempDir,
}

/// What a run of `check` said, in every format.
struct Said {
    status: i32,
    stdout: String,
    stderr: String,
    text: String,
    ndjson: Vec<Value>,
    junit: String,
    sarif: Value,
    github: String,
    markdown: String,
}

impl Lab {
    /// A folder with that policy; none when it is empty.
    fn new(policy: &str) -> Self {
        let lab = Self { folder: tempfile::tempdir().unwrap() };
        if !policy.is_empty() {
            lab.file("tcpcheck.toml", policy.as_bytes());
        }
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A copy of a capture of the project.
    fn fixture(&self, from: &str, name: &str) -> PathBuf {
        self.file(name, &std::fs::read(root().join("fixtures").join(from)).unwrap())
    }

    fn command(&self, args: &[&str]) -> Command {
        command(self.folder.path(), args)
    }

    /// Runs `tcpcheck check ARGS` as it is.
    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs `tcpcheck check ARGS` with every format, each of which has to be what it should be.
    fn check(&self, args: &[&str]) -> Said {
        let outputs: Vec<String> =
            FORMATS.iter().flat_map(|name| ["--output".to_owned(), format!("{name}=out.{name}")]).collect();
        let words: Vec<&str> = args.iter().copied().chain(outputs.iter().map(String::as_str)).collect();
        // What follows -- is the command's.
        let words = match args.iter().position(|word| *word == "--") {
            None => words,
            Some(at) => [&args[..at], &words[args.len()..], &args[at..]].concat(),
        };
        let output = self.run(&words);
        let read = |name: &str| std::fs::read_to_string(self.path(&format!("out.{name}"))).unwrap_or_default();
        let said = Said {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            text: read("text"),
            ndjson: read("ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            junit: read("junit"),
            sarif: serde_json::from_str(&read("sarif")).unwrap_or_default(),
            github: read("github"),
            markdown: read("markdown"),
        };
        if !said.text.is_empty() {
            formats::are_valid(&said);
        }
        said
    }
}

impl Said {
    /// The records of a type.
    fn records<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Value> {
        self.ndjson.iter().filter(move |record| record["type"] == kind)
    }

    /// SARIF's results.
    fn results(&self) -> &Vec<Value> {
        self.sarif["runs"][0]["results"].as_array().unwrap()
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    command.arg("check").args(args).current_dir(folder).env("TZ", "UTC").stdin(Stdio::null());
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("GITHUB_STEP_SUMMARY");
    command
}
