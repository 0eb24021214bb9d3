//! What the other capture shows of a finding.

use crate::capture::Timestamp;
use crate::rules::{Rule, Severity};

use super::Side;

/// What the other capture shows of a finding.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Shown {
    /// The bytes, or the SYN or FIN, were lost between the captures before.
    FirstCopyLost,
    /// What they were sent for the first time arrived, and acknowledgments of it were lost between.
    AckLost,
    /// The first copy arrived, and nothing that acknowledged it was lost between.
    FirstCopyArrived,
    /// The missing bytes were lost between the captures.
    LostBetween,
    /// The missing bytes were missing before they came between the captures.
    LostBefore,
    /// Packets overtook each other between the captures.
    OvertakenBetween,
    /// The copy was made between the captures.
    CopiedBetween,
    /// The packet was made between the captures.
    MadeBetween,
    /// The other capture shows the packet too.
    SeenToo,
    /// The other capture shows the bytes that this one missed.
    MissedHere,
    /// The SYNs arrived, and nothing answered there.
    NoAnswerThere,
    /// What answered was lost between the captures.
    AnswerLost,
}

impl Shown {
    /// The word that reports write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstCopyLost => "first-copy-lost",
            Self::AckLost => "ack-lost",
            Self::FirstCopyArrived => "first-copy-arrived",
            Self::LostBetween => "lost-between",
            Self::LostBefore => "lost-before",
            Self::OvertakenBetween => "overtaken-between",
            Self::CopiedBetween => "copied-between",
            Self::MadeBetween => "made-between",
            Self::SeenToo => "seen-too",
            Self::MissedHere => "missed-here",
            Self::NoAnswerThere => "no-answer-there",
            Self::AnswerLost => "answer-lost",
        }
    }

    /// Every word.
    pub const ALL: [Self; 12] = [
        Self::FirstCopyLost,
        Self::AckLost,
        Self::FirstCopyArrived,
        Self::LostBetween,
        Self::LostBefore,
        Self::OvertakenBetween,
        Self::CopiedBetween,
        Self::MadeBetween,
        Self::SeenToo,
        Self::MissedHere,
        Self::NoAnswerThere,
        Self::AnswerLost,
    ];
}

/// A finding of one capture, and what the other one shows of it.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// Whose finding.
    pub side: Side,
    /// Its rule.
    pub rule: Rule,
    /// Its severity.
    pub severity: Severity,
    /// Its frame.
    pub frame: u64,
    /// When.
    pub ts: Timestamp,
    /// Its connection in either capture.
    pub flows: [Option<u32>; 2],
    /// What the other capture shows.
    pub shown: Shown,
    /// The frame of the packet that was lost, where one was: at its sender's side.
    pub other_frame: Option<u64>,
}
