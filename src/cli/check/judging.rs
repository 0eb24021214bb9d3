//! Captures to verdicts, several at once; and, where one fails, the packets that show why.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::capture::{CaptureError, Filter, FrameSource, Next};
use crate::cli::quality;
use crate::dissect::{Dissection, Reader};
use crate::policy::{Judge, Policy, Verdict};
use crate::report::check::{Capture, Exhibit};
use crate::report::lines::{LineStyle, Lines};
use crate::track::{FlowTracker, Observation, TrackerOptions};

use super::inputs::Input;

/// Calls `work` for every item, on as many threads as there are processors, and keeps the order.
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(items.len())));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((at, item)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    items.get(at).map(|item| (at, item))
                } {
                    let result = work(item);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Judges a file.
pub fn file(input: &Input, policy: &Policy, filter: &Filter) -> Capture {
    let name = input.path.display().to_string();
    let verdict = input
        .source()
        .and_then(|mut source| judge(source.as_mut(), policy, filter.clone()).map_err(|error| error.to_string()));
    Capture {
        file: crate::cli::plan::word(&input.path),
        name,
        first_of_pair: None,
        verdict,
        exhibit: Exhibit::default(),
    }
}

fn judge(source: &mut dyn FrameSource, policy: &Policy, mut filter: Filter) -> Result<Verdict, CaptureError> {
    let mut judge = Judge::new(policy, TrackerOptions::default());
    loop {
        match source.next_frame()? {
            Next::Frame(frame) => {
                if filter.accepts(&frame)? {
                    judge.frame(&frame)?;
                }
            }
            Next::Idle => {}
            Next::End => break,
        }
    }
    Ok(finish(judge, source, true))
}

/// Ends a judgement with what the source has to say of itself; a capture that the user ended is not cut.
pub fn finish(mut judge: Judge<'_>, source: &mut dyn FrameSource, faults: bool) -> Verdict {
    for fault in source.faults().iter().filter(|_| faults) {
        judge.fault(fault, quality::file_cut(fault).as_ref());
    }
    if let Some(finding) = source.drops().and_then(quality::kernel_drops) {
        judge.finding(&finding);
    }
    judge.finish()
}

/// Reads a capture that fails once more, for the packets that show why.
pub fn exhibit(input: &Input, verdict: &Verdict, filter: &Filter) -> Exhibit {
    let mut exhibit = Exhibit::of(verdict);
    // Standard input does not come again. What cannot be read now was told when it was judged.
    if !exhibit.is_empty()
        && !crate::cli::plan::is_standard(&input.path)
        && let Ok(mut source) = input.source()
    {
        let _ = fill(&mut exhibit, source.as_mut(), filter.clone());
    }
    exhibit
}

fn fill(exhibit: &mut Exhibit, source: &mut dyn FrameSource, mut filter: Filter) -> Result<(), CaptureError> {
    let mut tracker = FlowTracker::new(TrackerOptions::default());
    let (mut seen, mut line) = (Observation::default(), Vec::new());
    let mut reader = Reader::default();
    let mut lines = Lines::new(LineStyle { numeric: true, ..LineStyle::default() });
    while let Next::Frame(frame) = source.next_frame()? {
        if !filter.accepts(&frame)? {
            continue;
        }
        let mut dissection = Dissection::new();
        reader.read(&frame, &mut dissection);
        let segment = reader.segment(&dissection).copied();
        line.clear();
        lines.packet(&mut line, &frame, &dissection);
        let tcp = match &segment {
            Ok(segment) => {
                tracker.observe(segment, &mut seen);
                Some((segment, &seen))
            }
            Err(other) => {
                tracker.pass(frame.number, frame.ts, *other);
                None
            }
        };
        exhibit.packet(&line, frame.number, tcp);
        while tracker.next_event().is_some() {}
    }
    Ok(())
}
