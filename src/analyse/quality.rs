//! Findings about the capture itself, made of what its source reports.

use crate::capture::{CaptureFault, Drops};
use crate::rules::Rule;
use crate::track::Finding;

/// Whether more is wrong with a file than that it ends early.
pub fn is_damage(fault: &CaptureFault) -> bool {
    !matches!(fault, CaptureFault::Cut { .. })
}

/// TC901, when a file ends inside a packet.
pub fn file_cut(fault: &CaptureFault) -> Option<Finding> {
    let CaptureFault::Cut { after_frame, offset, needed, present, .. } = fault else { return None };
    let mut finding = Finding::new(Rule::FileCut);
    if *after_frame > 0 {
        finding.frame("after_frame", *after_frame);
    }
    finding.bytes("present", *present).bytes("needed", *needed).number("offset", whole(*offset));
    Some(finding)
}

/// TC907, when packets were lost before they reached the capture.
pub fn kernel_drops(drops: Drops) -> Option<Finding> {
    if drops.kernel == 0 && drops.interface == 0 {
        return None;
    }
    let mut finding = Finding::new(Rule::KernelDrops);
    finding.number("kernel", whole(drops.kernel)).number("interface", whole(drops.interface));
    Some(finding)
}

fn whole(number: u64) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
