//! Whether what a capture shows is allowed: a policy, and the verdict on a capture.
//!
//! [`Policy::parse`] makes a list of [`Check`]s of a text, each with the line that demands it; a [`Judge`] follows the connections
//! of one capture, a [`PathJudge`] what the path between two did, and either ends in a [`Verdict`]. What the frames mean is [`track`](crate::track)'s matter; words are `report`'s.

mod baseline;
mod check;
mod draft;
mod file;
mod find;
mod following;
mod judge;
mod key;
mod pair;
mod parse;
mod path;
mod problem;
mod scope;
mod tally;
mod units;
mod verdict;

pub use baseline::{BASELINE_NAME, Baseline, Shrink};
pub use check::{Allowance, Check, Defect, Demand, FindingRules, Measure, Policy, Scope, Section};
pub use draft::Draft;
pub use file::Named;
pub use find::{FILE_NAME, find};
pub use judge::Judge;
pub use key::{Key, KeyInfo};
pub use pair::{PathDemand, PathFault, PathPlace};
pub use path::PathJudge;
pub use problem::{PolicyError, Position, Problem};
pub use units::{Close, Comparison, Gate, Relation, Share, Word, span, span_text};
pub use verdict::{Ends, Fingerprint, Judgement, PLACES, Place, Standing, State, Verdict, What};

/// A policy's JSON Schema, for editors.
pub const SCHEMA: &str = include_str!("../../docs/policy.schema.json");
