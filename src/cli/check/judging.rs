//! Captures to verdicts, several at once; and, where one fails, the packets that show why.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::analyse::{capture_findings, file_cut};
use crate::capture::{CaptureError, Filter, FrameSource, Next};
use crate::policy::{Judge, Policy, Verdict};
use crate::report::check::{Capture, EvidenceExcerpt};
use crate::report::lines::{LineStyle, Lines};
use crate::track::{Analysed, Analysis, AnalysisOptions, Event, Visitor};

use super::inputs::Input;

/// Calls `work` for every item, on as many threads as there are processors, and keeps the order.
pub(super) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
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
pub(super) fn file(input: &Input, policy: &Policy, filter: &Filter, options: AnalysisOptions) -> Capture {
    let name = input.path.display().to_string();
    let judged = |mut source: Box<dyn FrameSource>| {
        judge(source.as_mut(), policy, filter.clone(), options).map_err(|error| error.to_string())
    };
    let verdict = input.source().and_then(judged);
    Capture {
        file: crate::cli::plan::word(&input.path),
        name,
        first_of_pair: None,
        verdict,
        exhibit: EvidenceExcerpt::default(),
    }
}

fn judge(
    source: &mut dyn FrameSource,
    policy: &Policy,
    mut filter: Filter,
    options: AnalysisOptions,
) -> Result<Verdict, CaptureError> {
    let mut judge = Judge::new(policy, options);
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
pub(super) fn finish(mut judge: Judge<'_>, source: &mut dyn FrameSource, faults: bool) -> Verdict {
    for fault in source.faults().iter().filter(|_| faults) {
        judge.fault(fault, file_cut(fault).as_ref());
    }
    let drops = source.drops();
    capture_findings(&[], source.limits(), drops).for_each(|finding| judge.finding(&finding));
    judge.finish()
}

/// Reads a capture that fails once more, for the packets that show why.
pub(super) fn exhibit(input: &Input, verdict: &Verdict, filter: &Filter, options: AnalysisOptions) -> EvidenceExcerpt {
    let mut exhibit = EvidenceExcerpt::of(verdict);
    // Standard input does not come again. What cannot be read now was told when it was judged.
    if !exhibit.is_empty()
        && !crate::cli::plan::is_standard(&input.path)
        && let Ok(mut source) = input.source()
    {
        let lines = Lines::new(LineStyle { numeric: true, ..LineStyle::default() });
        let mut excerpt = Excerpt { exhibit: &mut exhibit, lines, line: Vec::new() };
        let _ = Analysis::new(options).run(source.as_mut(), &mut filter.clone(), None, &mut excerpt);
    }
    exhibit
}

/// Takes the packets that show why a capture fails.
struct Excerpt<'e> {
    exhibit: &'e mut EvidenceExcerpt,
    lines: Lines,
    line: Vec<u8>,
}

impl Visitor for Excerpt<'_> {
    type Error = CaptureError;

    fn packet(&mut self, packet: &Analysed<'_>) -> Result<(), CaptureError> {
        self.line.clear();
        self.lines.packet(&mut self.line, packet.frame, packet.dissection);
        self.exhibit.packet(&self.line, packet.frame.number, packet.tcp);
        Ok(())
    }

    fn event(&mut self, _: Event) -> Result<(), CaptureError> {
        Ok(())
    }
}
