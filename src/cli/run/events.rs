//! What came of the tracker besides packets.

use anyhow::Result;

use crate::track::{Event, Finding};

use super::Run;

impl Run<'_> {
    /// Reports what came of the tracker besides packets. A great many connections may end at once.
    #[inline]
    pub(super) fn events(&mut self) -> Result<()> {
        while let Some(event) = self.analysis.next_event() {
            self.event(event);
            self.output.settle()?;
        }
        Ok(())
    }

    #[inline(never)]
    fn event(&mut self, event: Event) {
        match event {
            Event::Finding(finding) => self.finding(&finding),
            Event::Icmp(seen) => {
                self.summary.icmp(&seen);
                if self.connections.show(seen.flow.map(|(flow, _)| flow)) {
                    for reporter in &mut self.reporters {
                        reporter.icmp(self.output.text(), &seen);
                    }
                }
            }
            Event::Amend(mut amend) => {
                if !self.plan.selection.is_all() && !self.plan.selection.narrow_amend(&mut amend) {
                    return;
                }
                self.summary.amend(&amend);
                if let Some(outgoing) = &mut self.outgoing {
                    outgoing.amend(&amend);
                }
                if let Some(ring) = &mut self.ring {
                    amend.added().for_each(|finding| ring.finding(finding));
                }
                if self.connections.show(Some(amend.flow)) {
                    for reporter in &mut self.reporters {
                        reporter.amend(self.output.text(), &amend);
                    }
                }
            }
            Event::Exchange(exchange) => {
                self.summary.exchange(&exchange);
                if self.connections.show(Some(exchange.flow)) {
                    for reporter in &mut self.reporters {
                        reporter.exchange(self.output.text(), &exchange);
                    }
                }
            }
            Event::Ended(mut flow) => {
                if let Some(outgoing) = &mut self.outgoing {
                    outgoing.ended(&flow);
                }
                if !self.plan.selection.is_all() {
                    self.plan.selection.narrow_record(&mut flow);
                }
                self.summary.ended(&flow);
                if self.connections.show(Some(flow.number)) {
                    for reporter in &mut self.reporters {
                        reporter.ended(self.output.text(), &flow);
                    }
                }
            }
        }
    }

    pub(super) fn finding(&mut self, finding: &Finding) {
        if !self.plan.selection.takes(finding) {
            return;
        }
        self.summary.finding(finding);
        if let Some(outgoing) = &mut self.outgoing {
            outgoing.finding(finding);
        }
        if let Some(ring) = &mut self.ring {
            ring.finding(finding);
        }
        if finding.flow.is_none() || self.connections.show(finding.flow) {
            for reporter in &mut self.reporters {
                reporter.finding(self.output.text(), finding);
            }
        }
    }
}
