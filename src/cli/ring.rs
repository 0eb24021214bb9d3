//! `--ring` and `--save-on`: the last packets in memory, and a file of those around a finding.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::capture::{
    CaptureError, Extent, Frame, Ring, SaveFile, SaveOptions, SavedFile, SharedBroker, Span, Timestamp,
};
use crate::display;
use crate::rules::Rule;
use crate::track::Finding;

use super::output::warn;

/// What is kept, and for which findings it is saved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeepPlan {
    /// How far back, and how far on.
    pub extent: Extent,
    /// Which findings.
    pub rules: Vec<Rule>,
    /// What the files' names begin with.
    pub pattern: PathBuf,
    /// Most files.
    pub files: Option<u32>,
}

/// Keeps packets, and saves them around findings.
pub(super) struct RingSaver {
    plan: KeepPlan,
    ring: Ring,
    broker: SharedBroker,
    options: SaveOptions,
    current: Option<Current>,
    files: u32,
    /// Rules of which was said that a finding came too late.
    late: HashSet<Rule>,
    /// The first failure, for the exit status.
    failed: Option<String>,
}

/// The file that is being written.
struct Current {
    file: SaveFile,
    began: Timestamp,
    /// Its length when the finding was saved.
    length: u64,
}

impl RingSaver {
    /// Keeps nothing yet.
    pub(super) fn new(plan: KeepPlan, broker: SharedBroker, options: SaveOptions) -> Self {
        let ring = Ring::new(plan.extent);
        Self { plan, ring, broker, options, current: None, files: 0, late: HashSet::new(), failed: None }
    }

    /// Keeps a packet, and saves it when it follows a finding closely enough.
    pub(super) fn frame(&mut self, frame: &Frame<'_>) {
        self.ring.push(frame);
        let Some(current) = &mut self.current else { return };
        let over = match self.plan.extent {
            // Neither does a clock that was set back make the file endless.
            Extent::Time(span) => !(Span(0)..=span).contains(&frame.ts.since(current.began)),
            Extent::Bytes(bytes) => current.file.len().saturating_sub(current.length) >= bytes,
        };
        let written = if over { self.close() } else { current.file.write(frame) };
        self.check(written);
    }

    /// Begins a file when the finding is one of those asked for. While one is being written, it holds the next ones too.
    pub(super) fn finding(&mut self, finding: &Finding) {
        if !self.plan.rules.contains(&finding.rule) || self.current.is_some() {
            return;
        }
        let Some(first) = self.ring.first() else { return };
        if finding.frame > 0 && finding.frame < first {
            if self.late.insert(finding.rule) {
                let rule = finding.rule.code();
                warn(&format!(
                    "tcpcheck: {rule} of @{} was found when its packets had left the ring: --ring could be longer",
                    finding.frame
                ));
            }
            return;
        }
        if self.plan.files.is_some_and(|most| self.files >= most) {
            return;
        }
        self.files += 1;
        let begun = self.begin(finding);
        self.check(begun);
    }

    fn begin(&mut self, finding: &Finding) -> Result<(), CaptureError> {
        let last = self.ring.frames().last().map_or(finding.ts, |frame| frame.ts);
        let file = SavedFile::Finding {
            code: finding.rule.code().trim_start_matches("TC").parse().unwrap_or(0),
            flow: finding.flow.unwrap_or(0),
            frame: finding.frame,
            at: if finding.frame > 0 { finding.ts } else { last },
        };
        let (made, path) = self.broker.ask().make(&file)?;
        warn(&format!(
            "tcpcheck: {} of @{}: packets around it go to {}",
            finding.rule.code(),
            finding.frame,
            display::path(&path)
        ));
        let mut file = SaveFile::in_file(made, &path, self.options)?;
        let written = self.ring.frames().try_for_each(|frame| file.write(&frame));
        self.current = Some(Current { began: last, length: file.len(), file });
        written
    }

    /// Writes out what is held.
    pub(super) fn flush(&mut self) {
        if let Some(current) = &mut self.current {
            let written = current.file.flush();
            self.check(written);
        }
    }

    fn close(&mut self) -> Result<(), CaptureError> {
        self.current.take().map_or(Ok(()), |current| current.file.finish().map(|_| ()))
    }

    fn check(&mut self, done: Result<(), CaptureError>) {
        if let Err(error) = done
            && self.failed.is_none()
        {
            warn(&format!("tcpcheck: {error}; the analysis goes on"));
            self.failed = Some(error.to_string());
        }
    }

    /// Ends the file that is being written.
    ///
    /// # Errors
    /// When anything could not be saved, at any time.
    pub(super) fn finish(mut self) -> Result<()> {
        let closed = self.close();
        self.check(closed);
        match self.failed {
            Some(words) => bail!(words),
            None => Ok(()),
        }
    }
}
