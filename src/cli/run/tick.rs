//! What is done now and then, whatever comes: for a capture that is left running.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::capture::{FrameSource, Notice, Span, Timestamp};
use crate::cli::output::warn;
use crate::cli::plan::Plan;
use crate::report::{Summary, TableMode};

use super::Run;
use super::ending::tell_summary;

/// No more packets pass between two looks up.
const PACKETS: u32 = 1024;

/// So often the counters of lost packets are read.
const GLANCE: Duration = Duration::from_millis(50);

/// So often what is saved is written through.
const WRITE: Duration = Duration::from_secs(1);

/// A packet is with the kernel no longer than that.
const LATE: Span = Span::from_secs(1);

/// When it is time for what.
#[derive(Debug)]
pub(super) struct Schedule {
    packets: u32,
    glanced: Instant,
    written: Instant,
    /// Of `--interval`, and when the next one is over, by the packets' time.
    interval: Option<Span>,
    over: Option<Timestamp>,
    /// When the one before was over.
    before: Timestamp,
    /// Since when the interface is away or down.
    since: Option<Instant>,
}

impl Schedule {
    pub(super) fn new(interval: Option<Span>) -> Self {
        let now = Instant::now();
        let before = Timestamp(i64::MIN);
        Self { packets: 0, glanced: now, written: now, interval, over: None, before, since: None }
    }

    /// Counts a packet, or a moment in which nothing came; true when it is time to look up.
    pub(super) fn is_due(&mut self, idle: bool) -> bool {
        self.packets += 1;
        let due = idle || self.packets >= PACKETS;
        if due {
            self.packets = 0;
        }
        due
    }

    /// Whether an interval is over at that time.
    #[inline]
    fn interval(&mut self, now: Timestamp) -> bool {
        let Some(interval) = self.interval else { return false };
        let next = Timestamp(now.0.saturating_add(interval.0));
        match self.over {
            Some(over) if now < over && over <= next => false,
            // The first packet, or a clock that was set back.
            None => {
                self.over = Some(next);
                false
            }
            Some(over) => {
                // In step with the beginning, also after a silence.
                let late = now.since(over).0.max(0) % interval.0.max(1);
                self.over = Some(Timestamp(next.0.saturating_sub(late)));
                true
            }
        }
    }
}

fn has_passed(last: &mut Instant, every: Duration) -> bool {
    let due = last.elapsed() >= every;
    if due {
        *last = Instant::now();
    }
    due
}

impl Run<'_> {
    /// Looks up from the packets.
    pub(super) fn tick(&mut self, source: &mut dyn FrameSource) -> Result<()> {
        while let Some(notice) = source.notice() {
            self.notice(source, notice);
        }
        // What a file says of losses counts in the end: what is said of its packets depends on no clock.
        let live = matches!(self.plan.origin, crate::cli::plan::Origin::Live(_));
        if live && has_passed(&mut self.pace.glanced, GLANCE) {
            if let Some(drops) = source.drops() {
                self.lost(drops);
            }
            if let Some(now) = self.clock() {
                // Connections end in silence too. Packets may still come that are a little older.
                self.analysis.advance(Timestamp(now.0.saturating_sub(LATE.0)));
                self.events()?;
                self.interval(now);
            }
        }
        self.answer_signals();
        if has_passed(&mut self.pace.written, WRITE) {
            if let Some(now) = self.clock() {
                self.save_idle(now)?;
            }
            if let Some(save) = &mut self.save {
                save.flush();
            }
            if let Some(ring) = &mut self.ring {
                ring.flush();
            }
        }
        self.output.flush()
    }

    /// Tells how things stand where somebody has asked for it.
    pub(super) fn answer_signals(&mut self) {
        if self.signals.take_summary() {
            tell_standing(self.plan, &self.reporters.summary, self.analysis.open());
        }
    }

    /// Lets the reporters know when an interval is over at that time.
    pub(super) fn interval(&mut self, now: Timestamp) {
        if !self.pace.interval(now) {
            return;
        }
        let since = std::mem::replace(&mut self.pace.before, now);
        let over = if self.plan.table == TableMode::Intervals { self.analysis.over_since(since) } else { Vec::new() };
        for mut flow in over {
            if !self.plan.selection.is_all() {
                self.plan.selection.narrow_record(&mut flow);
            }
            self.reporters.over(self.output.text(), &flow);
        }
        self.reporters.interval(self.output.text());
    }

    /// The time by this machine's clock, where packets come from here and now.
    fn clock(&self) -> Option<Timestamp> {
        let live = matches!(self.plan.origin, crate::cli::plan::Origin::Live(_));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok().filter(|_| live)?;
        Some(Timestamp(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// The capture has lost so many packets until now.
    fn lost(&mut self, drops: crate::capture::Drops) {
        if self.losses.look(drops) {
            // From here on a segment that is missing may have been lost by the capture.
            self.analysis.capture_lost();
        }
        self.reporters.summary.lost(drops);
        let (frame, at) = self.last;
        if let Some(finding) = self.losses.warn(frame, at) {
            self.finding(&finding);
        }
    }

    fn notice(&mut self, source: &mut dyn FrameSource, notice: Notice) {
        let (name, frame) = (source.info().name, self.last.0);
        let waited = self.pace.since.map_or(Duration::ZERO, |since| since.elapsed()).as_secs_f64();
        match notice {
            Notice::Down => {
                self.pace.since = Some(Instant::now());
                warn(&format!(
                    "tcpcheck: {name}: the interface is down, after frame {frame}; waiting for it to be up again"
                ));
            }
            Notice::Up => {
                self.pace.since = None;
                warn(&format!("tcpcheck: {name}: the interface is up again, after {waited:.1} s"));
            }
            Notice::Gone => {
                self.pace.since = Some(Instant::now());
                self.analysis.capture_lost();
                warn(&format!(
                    "tcpcheck: {name}: the interface has gone, after frame {frame}; waiting for one of that name"
                ));
            }
            Notice::Back => {
                // One that is not up yet is tried again in a second.
                let _ = self.broker.ask().reattach();
            }
            Notice::Resumed => {
                self.pace.since = None;
                warn(&format!(
                    "tcpcheck: {name}: there is an interface of that name again, after {waited:.1} s; the capture goes on"
                ));
            }
        }
    }
}

/// Tells how things stand, on standard error.
pub(super) fn tell_standing(plan: &Plan, summary: &Summary, open: usize) {
    warn(&format!(
        "\nso far; {open} connection{} still open, and counted when they end:",
        if open == 1 { " is" } else { "s are" }
    ));
    tell_summary(plan, summary);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_stay_in_step_with_the_beginning_and_outlive_a_clock_that_is_set_back() {
        let mut pace = Schedule::new(Some(Span(10)));
        let mut over = |now| pace.interval(Timestamp(now));
        assert!(!over(100));
        assert!(!over(109));
        assert!(over(110));
        // A silence, in which several pass.
        assert!(over(145));
        assert!(!over(149));
        assert!(over(150));
        // Set back by far: the next one is one interval later.
        assert!(over(20));
        assert!(!over(29));
        assert!(over(30));
    }
}
