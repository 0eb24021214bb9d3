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

    /// Leaves of it what was selected; what is saved hears of it, too.
    #[inline(never)]
    fn event(&mut self, mut event: Event) {
        let selection = &self.plan.selection;
        match &mut event {
            Event::Finding(finding) => return self.finding(finding),
            Event::Amend(amend) => {
                if !selection.is_all() && !selection.narrow_amend(amend) {
                    return;
                }
                if let Some(outgoing) = &mut self.outgoing {
                    outgoing.amend(amend);
                }
                if let Some(ring) = &mut self.ring {
                    amend.added().for_each(|finding| ring.finding(finding));
                }
            }
            Event::Ended(flow) => {
                if let Some(outgoing) = &mut self.outgoing {
                    outgoing.ended(flow);
                }
                if !selection.is_all() {
                    selection.narrow_record(flow);
                }
            }
            Event::Icmp(_) | Event::Exchange(_) => {}
        }
        self.reporters.event(self.output.text(), &event);
    }

    pub(super) fn finding(&mut self, finding: &Finding) {
        if !self.plan.selection.takes(finding) {
            return;
        }
        if let Some(outgoing) = &mut self.outgoing {
            outgoing.finding(finding);
        }
        if let Some(ring) = &mut self.ring {
            ring.finding(finding);
        }
        self.reporters.finding(self.output.text(), finding);
    }
}
