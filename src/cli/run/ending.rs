//! The end of a run: what is left to say, and the exit status.

use std::io::Write;

use anyhow::Result;

use crate::analyse::{capture_findings, file_cut};
use crate::capture::{Drops, FrameSource};
use crate::cli::exit::Exit;
use crate::cli::output::warn;
use crate::cli::plan::{Origin, Plan};
use crate::cli::ring::RingSaver;
use crate::report::Summary;

use super::{Run, is_closed_pipe};

impl Run<'_> {
    /// Says what is left to say, also when reading ended with an error.
    pub(super) fn finish(mut self, source: &mut dyn FrameSource, read: Result<()>) -> Result<Exit> {
        self.progress.clear();
        let mut closed = read.as_ref().is_err_and(is_closed_pipe);
        if closed {
            self.output.close();
        }
        let mut damaged = None;
        // The user has cut it, perhaps inside a packet.
        let stopped = self.signals.stopped();
        for fault in source.faults().iter().filter(|_| !stopped) {
            self.reporters.summary.incomplete();
            match file_cut(fault) {
                Some(finding) => self.finding(&finding),
                None => damaged = Some(fault.to_string()),
            }
        }
        capture_findings(&[], source.limits(), None).for_each(|finding| self.finding(&finding));
        if read.is_err() {
            self.reporters.summary.incomplete();
        }
        let drops = source.drops();
        if let Some(drops) = drops {
            self.losses.look(drops);
            self.reporters.summary.lost(drops);
            if let Some(finding) = self.losses.rest() {
                self.finding(&finding);
            }
        }
        self.analysis.finish();
        while self.events().is_err() {
            self.output.close();
            closed = true;
        }
        let saved = self.finish_saving();
        self.reporters.end(self.output.text());
        if self.plan.show.summary && !self.plan.json {
            self.reporters.summary.write(self.output.text(), self.plan.style, &self.plan.again);
        }
        if self.plan.show.only_count {
            let packets = self.reporters.summary.packets();
            writeln!(self.output.text(), "{packets} packet{}", if packets == 1 { "" } else { "s" })?;
        }
        let kept = self.ring.take().map_or(Ok(()), RingSaver::finish);
        let written = self.output.finish();
        closed |= written.as_ref().is_err_and(is_closed_pipe);
        if !closed {
            self.closing_lines(drops);
        }
        // Whoever has closed the pipe has read enough.
        for done in [read, written].into_iter().filter(|done| !done.as_ref().is_err_and(is_closed_pipe)) {
            done?;
        }
        saved.and(kept)?;
        if let Some(damaged) = damaged {
            anyhow::bail!(damaged);
        }
        self.check_numbers()?;
        Ok(match self.plan.fail_on {
            Some(least) if self.reporters.summary.worst().is_some_and(|worst| worst >= least) => Exit::Failed,
            _ => Exit::Done,
        })
    }

    /// A connection that was asked for by a number that none has.
    fn check_numbers(&self) -> Result<()> {
        let connections = self.reporters.summary.flows();
        let above = |number: &&u32| u64::from(**number) > connections;
        match self.plan.numbers.iter().find(above) {
            Some(number) if matches!(self.plan.origin, Origin::Files(_)) && self.plan.count.is_none() => {
                let are = if connections == 1 {
                    "is 1 connection".to_owned()
                } else {
                    format!("are {connections} connections")
                };
                anyhow::bail!("--flow {number}: there {are} in it (tcpcheck --flows lists them)")
            }
            _ => Ok(()),
        }
    }

    /// What standard error gets in the end.
    fn closing_lines(&self, drops: Option<Drops>) {
        if let (Origin::Live(_), Some(drops)) = (&self.plan.origin, drops) {
            // Below the ^C that the terminal shows.
            let begin = if self.plan.stderr_terminal { "\n" } else { "" };
            warn(&format!("{begin}{}", counters(self.reporters.summary.packets(), drops)));
        }
        if self.plan.show.packets && !self.plan.json && !self.plan.show.summary {
            tell_summary(self.plan, &self.reporters.summary);
        }
    }
}

/// Writes a summary to standard error.
pub(super) fn tell_summary(plan: &Plan, summary: &Summary) {
    let mut text = Vec::new();
    summary.write(&mut text, plan.style_stderr, &plan.again);
    // Nobody is left to tell when standard error is gone.
    let _ = std::io::stderr().lock().write_all(&text);
}

/// tcpdump's words at the end of a live capture.
fn counters(captured: u64, drops: Drops) -> String {
    let Drops { received, kernel, interface } = drops;
    let line = |(count, what): (u64, &str)| format!("{count} packet{} {what}", if count == 1 { "" } else { "s" });
    let mut lines = vec![(captured, "captured"), (received, "received by filter"), (kernel, "dropped by kernel")];
    if interface > 0 {
        lines.push((interface, "dropped by interface"));
    }
    lines.into_iter().map(line).collect::<Vec<_>>().join("\n")
}
