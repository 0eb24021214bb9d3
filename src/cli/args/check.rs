//! What was typed behind `check`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::common::{AnalysisArgs, Color, ConfinementArgs};

/// What to judge, by what, and how to say it.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Captures, directories of captures, or patterns such as 'captures/**/*.pcap'
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
    /// The policy; without it, tcpcheck.toml in this directory or the nearest above it
    #[arg(short = 'P', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub policy: Option<PathBuf>,
    /// Write a policy that these captures pass, and judge nothing
    #[arg(long, conflicts_with_all = ["baseline", "update_baseline", "output"])]
    pub init: bool,
    /// Print a policy's JSON Schema, for editors
    #[arg(long, exclusive = true)]
    pub schema: bool,
    /// Also write the verdict as text, ndjson, junit, sarif, github or markdown to a file (-: standard output)
    #[arg(long, value_name = "FORMAT=FILE")]
    pub output: Vec<Destination>,
    /// Accept the failures counted in this file; without it, tcpcheck.baseline.toml beside the policy, if there is one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
    /// Write what fails now into the baseline
    #[arg(long)]
    pub update_baseline: bool,
    /// A capture without a TCP connection is fine
    #[arg(long)]
    pub allow_empty: bool,
    /// Judge only packets of this pcap filter expression
    #[arg(short, long, value_name = "EXPRESSION")]
    pub filter: Option<String>,
    /// Capture on this interface instead, while COMMAND runs
    #[arg(short, long, value_name = "INTERFACE", conflicts_with = "files")]
    pub interface: Option<OsString>,
    /// Capture for so long at most: 30s, 2m
    #[arg(long = "for", value_name = "TIME", requires = "interface", value_parser = duration)]
    pub limit: Option<Duration>,
    /// Keep the packets of a live capture in this file
    #[arg(short, long, value_name = "FILE", requires = "interface", value_hint = ValueHint::FilePath)]
    pub write: Option<PathBuf>,
    /// Say only what is not well
    #[arg(short, long)]
    pub quiet: bool,
    /// Colour: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, hide_possible_values = true)]
    pub color: Color,
    /// Capture while this runs, until its connections are quiet
    #[arg(last = true, value_name = "COMMAND", requires = "interface", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
    /// Limits of the analysis.
    #[command(flatten, next_help_heading = "Analysis")]
    pub analysis: AnalysisArgs,
    /// What is given up before packets are read.
    #[command(flatten, next_help_heading = "Privileges")]
    pub confinement: ConfinementArgs,
}

/// A format and where it goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destination {
    /// The format.
    pub format: Format,
    /// The file; `-` is standard output.
    pub file: PathBuf,
}

/// How a verdict is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Ndjson,
    /// JUnit XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// A job summary.
    Markdown,
}

impl Format {
    const NAMES: [(&'static str, Self); 6] = [
        ("text", Self::Text),
        ("ndjson", Self::Ndjson),
        ("junit", Self::Junit),
        ("sarif", Self::Sarif),
        ("github", Self::Github),
        ("markdown", Self::Markdown),
    ];

    /// What they are called.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|(name, _)| *name)
    }
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = text.split_once('=').unwrap_or((text, "-"));
        let known = Format::NAMES.iter().find(|(name, _)| *name == format);
        let Some((_, format)) = known else {
            return Err(format!(
                "{format:?} is no format: there are {}",
                Format::NAMES.map(|(name, _)| name).join(", ")
            ));
        };
        if file.is_empty() {
            return Err(format!("name a file: {text}verdict"));
        }
        Ok(Self { format: *format, file: file.into() })
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let span = crate::policy::span(text)?;
    u64::try_from(span.0)
        .ok()
        .filter(|nanos| *nanos > 0)
        .map(Duration::from_nanos)
        .ok_or_else(|| "it has to be above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_goes_to_a_file_or_to_standard_output() {
        let parsed = |text: &str| text.parse::<Destination>();
        assert_eq!(parsed("junit=a=b.xml"), Ok(Destination { format: Format::Junit, file: "a=b.xml".into() }));
        assert_eq!(parsed("github").unwrap().file, PathBuf::from("-"));
        assert!(parsed("xml=a").unwrap_err().contains("there are text, ndjson, junit"));
        assert!(parsed("junit=").is_err());
    }
}
