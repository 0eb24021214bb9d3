//! Who hears what of a capture: the summary of everything, and reporters of the connections that are shown.

use crate::capture::SourceInfo;
use crate::report::{Packet, Reporter, Summary};
use crate::track::{Event, Finding};

use super::Connections;

/// The summary and the reporters of one reading.
pub(crate) struct Reporters<'r> {
    /// The capture in numbers.
    pub summary: Summary,
    connections: Connections,
    reporters: Vec<Box<dyn Reporter + 'r>>,
}

impl<'r> Reporters<'r> {
    /// Those of a source of that description; they write what they begin with.
    pub(crate) fn begin(
        out: &mut Vec<u8>,
        info: SourceInfo,
        connections: Connections,
        mut reporters: Vec<Box<dyn Reporter + 'r>>,
    ) -> Self {
        for reporter in &mut reporters {
            reporter.begin(out, &info);
        }
        Self { summary: Summary::new(info), connections, reporters }
    }

    /// The connections that are shown.
    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Whether one of them wants a packet's bytes behind its headers.
    pub(crate) fn read_payload(&self) -> bool {
        self.reporters.iter().any(|reporter| reporter.reads_payload())
    }

    /// A packet, and what it did.
    #[inline(always)]
    pub(crate) fn packet(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>, shown: bool) {
        self.summary.packet(packet);
        for reporter in &mut self.reporters {
            match shown {
                true => reporter.packet(out, packet),
                false => reporter.hidden(out, packet),
            }
        }
    }

    /// What came of the tracker besides.
    #[inline(never)]
    pub(crate) fn event(&mut self, out: &mut Vec<u8>, event: &Event) {
        match event {
            Event::Finding(finding) => self.finding(out, finding),
            Event::Icmp(seen) => {
                self.summary.icmp(seen);
                self.shown(seen.flow.map(|(flow, _)| flow), |reporter| reporter.icmp(out, seen));
            }
            Event::Amend(amend) => {
                self.summary.amend(amend);
                self.shown(Some(amend.flow), |reporter| reporter.amend(out, amend));
            }
            Event::Exchange(exchange) => {
                self.summary.exchange(exchange);
                self.shown(Some(exchange.flow), |reporter| reporter.exchange(out, exchange));
            }
            Event::Ended(flow) => {
                self.summary.ended(flow);
                self.shown(Some(flow.number), |reporter| reporter.ended(out, flow));
            }
        }
    }

    /// A finding that came with no packet; of the capture as a whole it is shown whatever else is.
    pub(crate) fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        self.summary.finding(finding);
        if finding.flow.is_none() {
            self.each(|reporter| reporter.finding(out, finding));
        } else {
            self.shown(finding.flow, |reporter| reporter.finding(out, finding));
        }
    }

    /// A connection is over, and may still get segments before it ends.
    #[cfg(feature = "cli")]
    pub(crate) fn over(&mut self, out: &mut Vec<u8>, flow: &crate::track::FlowRecord) {
        self.shown(Some(flow.number), |reporter| reporter.over(out, flow));
    }

    /// An interval is over.
    #[cfg(feature = "cli")]
    pub(crate) fn interval(&mut self, out: &mut Vec<u8>) {
        self.each(|reporter| reporter.interval(out));
    }

    /// Nothing comes for the moment.
    #[cfg(feature = "cli")]
    pub(crate) fn idle(&mut self, out: &mut Vec<u8>) {
        self.each(|reporter| reporter.idle(out));
    }

    /// The capture is over.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        for reporter in &mut self.reporters {
            reporter.end(out, &self.summary);
        }
    }

    /// Tells all of them what belongs to that connection, or to none, if it is shown.
    fn shown(&mut self, flow: Option<u32>, tell: impl FnMut(&mut dyn Reporter)) {
        if self.connections.show(flow) {
            self.each(tell);
        }
    }

    fn each(&mut self, mut tell: impl FnMut(&mut dyn Reporter)) {
        for reporter in &mut self.reporters {
            tell(reporter.as_mut());
        }
    }
}
