//! Several captures that are to be merged: whether they show the same packets.

use anyhow::{Result, bail};

use crate::analyse::quoted;
use crate::capture::{FrameSource, Next, OpenFiles};
use crate::compare::{Relation, Survey};
use crate::dissect::Dissection;

/// Packets of each that are looked at.
const LOOKED_AT: usize = 20_000;

/// Captures that are looked at.
const MAX_CAPTURES: usize = 8;

/// Refuses two captures of the same traffic: merged, each packet would be there twice, once sent and once come.
///
/// # Errors
/// When there are such.
pub(super) fn refuse_both(files: &OpenFiles) -> Result<()> {
    let mut surveys = Vec::new();
    // What is no capture is told when it is read.
    let Ok(sources) = files.each_again() else { return Ok(()) };
    for mut source in sources.into_iter().take(MAX_CAPTURES) {
        surveys.push((survey(source.as_mut()), source.info().name));
    }
    for (at, (a, a_name)) in surveys.iter().enumerate() {
        for (b, b_name) in &surveys[at + 1..] {
            if matches!(a.relation(b), Relation::Path(_) | Relation::Stepped(..)) {
                bail!(
                    "{a_name} and {b_name} show the same packets, captured at two points: tcpcheck compare {} {} says what \
                     happened to them between; --merge merges them all the same",
                    quoted(a_name),
                    quoted(b_name)
                );
            }
        }
    }
    Ok(())
}

/// A look at how it begins.
fn survey(source: &mut dyn FrameSource) -> Survey {
    let mut survey = Survey::default();
    for _ in 0..LOOKED_AT {
        let Ok(Next::Frame(frame)) = source.next_frame() else { break };
        survey.packet(frame.ts);
        let mut dissection = Dissection::new();
        dissection.read(&frame);
        if let Some(segment) = dissection.segment() {
            survey.segment(segment);
        }
    }
    survey
}
