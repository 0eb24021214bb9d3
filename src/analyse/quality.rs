//! Findings about the capture itself, made of what its source reports.

use crate::capture::{CaptureFault, Drops, SourceLimits};
use crate::rules::Rule;
use crate::track::{Finding, Value};

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

/// What a capture has to say of itself: where it is cut, which limits of its reader it reached, and what it lost.
pub fn capture_findings(
    faults: &[CaptureFault],
    limits: SourceLimits,
    drops: Option<Drops>,
) -> impl Iterator<Item = Finding> {
    faults.iter().filter_map(file_cut).chain(beyond(limits)).chain(drops.and_then(kernel_drops))
}

/// TC911, for each of these limits.
fn beyond(limits: SourceLimits) -> impl Iterator<Item = Finding> {
    let SourceLimits { interfaces, name, options, blocks } = limits;
    let number = |number: usize| Value::Number(whole(number as u64));
    let bytes = |bytes: usize| Value::Bytes(bytes as u64);
    let all = [
        (interfaces.map(number), "the limit of interfaces", "packets of further ones are taken for the last one's"),
        (name.map(bytes), "the limit of an interface's name", "longer names are cut"),
        (
            options.map(bytes),
            "the limit of comments and other options",
            "those of further sections and interfaces are left out",
        ),
        (blocks.map(bytes), "the limit of blocks between two packets", "further ones are not written"),
    ];
    all.into_iter().filter_map(|(value, limit, what)| {
        let mut finding = Finding::new(Rule::StateLimited);
        finding.word("limit", limit).with("value", value?).word("what", what);
        Some(finding)
    })
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
