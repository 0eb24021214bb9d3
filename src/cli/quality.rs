//! Findings about the capture itself, made of what its source reports.

use crate::capture::{Drops, Timestamp};
use crate::rules::{Confidence, Rule};
use crate::track::{Fact, Finding, Value};

/// TC901: a file ends inside a packet.
pub fn file_cut(after_frame: u64, offset: u64, needed: u64, present: u64) -> Finding {
    about_the_capture(
        Rule::FileCut,
        vec![
            Fact { name: "after_frame", value: Value::Frame(after_frame) },
            Fact { name: "offset", value: Value::Number(offset.try_into().unwrap_or(i64::MAX)) },
            Fact { name: "needed", value: Value::Bytes(needed) },
            Fact { name: "present", value: Value::Bytes(present) },
        ],
    )
}

/// TC907: packets were lost before they reached the capture, if any were.
pub fn kernel_drops(drops: Drops) -> Option<Finding> {
    if drops.kernel == 0 && drops.interface == 0 {
        return None;
    }
    let number = |count: u64| Value::Number(count.try_into().unwrap_or(i64::MAX));
    Some(about_the_capture(
        Rule::KernelDrops,
        vec![
            Fact { name: "kernel", value: number(drops.kernel) },
            Fact { name: "interface", value: number(drops.interface) },
        ],
    ))
}

fn about_the_capture(rule: Rule, evidence: Vec<Fact>) -> Finding {
    Finding {
        rule,
        severity: rule.severity(),
        confidence: Confidence::Certain,
        flow: None,
        direction: None,
        frame: 0,
        ts: Timestamp::default(),
        range: None,
        evidence,
    }
}
