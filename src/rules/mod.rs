//! The catalogue of everything tcpcheck can find: code, slug, severity, wording and source of each rule.
//!
//! It feeds the text lines, NDJSON, the summary and every list of rules; nothing about a rule is written twice. It knows
//! nothing of connections: [`track`](crate::track) decides when a rule fires.

mod catalogue;
mod names;
mod pages;

pub use catalogue::Rule;
pub use pages::{Block, Kind, Page, Part};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, and often normal.
    Note,
    /// Something did not go well.
    Warning,
    /// A connection failed, or a sender broke a rule of the protocol.
    Error,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The frames allow it, and other explanations too.
    Possible,
    /// The frames speak for it.
    Likely,
    /// The frames prove it.
    Certain,
}

impl Confidence {
    /// `certain`, `likely` or `possible`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// What the catalogue says of one rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo {
    /// `TC` and three digits; never changes its meaning.
    pub code: &'static str,
    /// The name in words.
    pub slug: &'static str,
    /// How much it matters, unless a gate lowers it.
    pub severity: Severity,
    /// When it fires, in a line.
    pub fires: &'static str,
    /// The finding's sentence: `{name}` is a fact of the evidence; a part in `[…]` goes when one of its facts is absent.
    pub message: &'static str,
    /// Where the rule comes from, such as `RFC 9293 §3.5`.
    pub source: &'static str,
}
