//! A rule that fired, with its evidence.

use crate::capture::{Span, Timestamp};
use crate::rules::{Confidence, Rule, Severity};

use super::Direction;

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
    /// A word from a fixed set.
    Word(&'static str),
}
