//! A rule that fired, with its evidence.

use std::net::IpAddr;

use crate::capture::{Span, Timestamp};
use crate::rules::{Confidence, Rule, Severity};

use crate::track::Direction;

/// A rule that fired on a segment, a connection or the capture.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// Its severity here: the rule's own, unless a gate lowered it.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The connection's number; none when it is about the capture as a whole.
    pub flow: Option<u32>,
    /// Who sent the segment it is about.
    pub direction: Option<Direction>,
    /// The frame it is about; 0 when none.
    pub frame: u64,
    /// That frame's time.
    pub ts: Timestamp,
    /// The bytes it is about: half-open, relative.
    pub range: Option<(i64, i64)>,
    /// What was measured, in the order in which it is written.
    pub evidence: Vec<Fact>,
}

impl Finding {
    /// A finding of `rule`, certain and of the rule's own severity, about no frame yet.
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            severity: rule.severity(),
            confidence: Confidence::Certain,
            flow: None,
            direction: None,
            frame: 0,
            ts: Timestamp::default(),
            range: None,
            evidence: Vec::new(),
        }
    }

    /// Adds a fact.
    pub fn with(&mut self, name: &'static str, value: Value) -> &mut Self {
        self.evidence.push(Fact { name, value });
        self
    }

    /// Adds a time; one that the capture's clock turned round is none.
    pub fn time(&mut self, name: &'static str, span: Span) -> &mut Self {
        self.with(name, Value::Time(span.max(Span(0))))
    }

    /// Adds a number of bytes.
    pub fn bytes(&mut self, name: &'static str, bytes: u64) -> &mut Self {
        self.with(name, Value::Bytes(bytes))
    }

    /// Adds a number.
    pub fn number(&mut self, name: &'static str, number: impl Into<i64>) -> &mut Self {
        self.with(name, Value::Number(number.into()))
    }

    /// Adds a frame.
    pub fn frame(&mut self, name: &'static str, frame: u64) -> &mut Self {
        self.with(name, Value::Frame(frame))
    }

    /// Adds a word.
    pub fn word(&mut self, name: &'static str, word: &'static str) -> &mut Self {
        self.with(name, Value::Word(word))
    }

    /// Sets how sure it is.
    pub fn confidence(&mut self, confidence: Confidence) -> &mut Self {
        self.confidence = confidence;
        self
    }

    /// Sets the bytes it is about.
    pub fn range(&mut self, from: i64, to: i64) -> &mut Self {
        self.range = Some((from, to));
        self
    }

    /// The fact of that name.
    pub fn fact(&self, name: &str) -> Option<&Value> {
        self.evidence.iter().find(|fact| fact.name == name).map(|fact| &fact.value)
    }
}

/// One measured thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Its name, in snake case and without the unit: that is the value's matter.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
}

/// A value with its unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A frame.
    Frame(u64),
    /// Several frames.
    Frames(Vec<u64>),
    /// A time; JSON appends `_ms` to the name.
    Time(Span),
    /// A number of bytes; JSON appends `_bytes` to the name.
    Bytes(u64),
    /// A plain number.
    Number(i64),
    /// So many of a thing: `3, "SYN"` is "3 SYNs".
    Count(i64, &'static str),
    /// A word from a fixed set.
    Word(&'static str),
    /// A host.
    Address(IpAddr),
}
