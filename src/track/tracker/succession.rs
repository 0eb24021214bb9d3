//! Which connection a segment on known addresses and ports belongs to: the one that is there, or one that takes its place.

use crate::capture::Span;
use crate::dissect::{Segment, TcpFlags};
use crate::track::conn::connection::{Connection, Path};
use crate::track::conn::step::Step;
use crate::track::detect::handshake::reuse::Reuse;
use crate::track::store::table::{Age, Slot};
use crate::track::tracker::FlowTracker;
use crate::track::{Direction, Observation};

impl FlowTracker {
    pub(in crate::track) fn begin(&mut self, segment: &Segment) -> Slot {
        self.flows = self.flows.saturating_add(1);
        let mut connection = Connection::new(self.flows, segment, guess_direction(segment));
        connection.age = segment.ts.since(self.started.unwrap_or(segment.ts));
        connection.alone = !self.two_sided;
        self.table.insert(connection, Age::Open, self.now)
    }

    /// The connection that a segment on known addresses and ports belongs to; the old one too when that is a new one.
    pub(in crate::track) fn continue_or_replace(
        &mut self,
        slot: Slot,
        segment: &Segment,
    ) -> (Slot, Option<Box<Connection>>) {
        let (msl, idle) = (self.options.msl, self.options.idle_timeout);
        let Some(connection) = self.table.get(slot) else { return (slot, None) };
        if segment.flags.is_syn() {
            return match connection.reuse(segment, msl, idle) {
                Reuse::New => {
                    let old = self.table.remove(slot).map(Box::new);
                    (self.begin(segment), old)
                }
                Reuse::Same | Reuse::Undecided => (slot, None),
            };
        }
        let silent = segment.ts.since(connection.last.1) > idle;
        if connection.is_foreign(segment, Span(msl.0.saturating_mul(2)))
            || connection.is_opened_anew(segment)
            || silent && !connection.is_continued_by(segment)
        {
            // Its SYN was not captured.
            let old = self.table.remove(slot).map(Box::new);
            return (self.begin(segment), old);
        }
        // The answer to a SYN that seemed not to belong: the other end took it, so a new connection has begun.
        let accepted = |syn: &Segment| {
            segment.flags.is_syn_ack()
                && segment.src == syn.dst
                && segment.ack == Some(syn.seq.plus(1 + syn.payload_len))
        };
        let Some(syn) = connection.pending_syn.take_if(|syn| accepted(syn)) else { return (slot, None) };
        // The SYN is the new connection's, so it is not counted twice; what was said of it stays where it was said.
        let old = self.table.remove(slot).map(|mut old| {
            old.disown(&syn);
            Box::new(old)
        });
        let slot = self.begin(&syn);
        let mut unheard = Observation::default();
        if let Some(connection) = self.table.get(slot) {
            let from = connection.direction(&syn);
            let mut step = Step { segment: &syn, from, obs: &mut unheard, shared: &mut self.shared };
            connection.observe(&mut step, Path::Slow);
            connection.found.clear();
            connection.regraded.clear();
        }
        (slot, old)
    }
}

/// Which way the first segment of a connection goes, by its flags, and failing that by the ports: clients use the higher ones.
pub(in crate::track) fn guess_direction(segment: &Segment) -> Direction {
    let from_server = if segment.flags.intersects(TcpFlags::SYN) {
        segment.flags.is_syn_ack()
    } else {
        segment.src.port < segment.dst.port
    };
    if from_server { Direction::FromResponder } else { Direction::FromOriginator }
}
