//! What one end asked the other to send again: acknowledgments that tell of a gap, for as long as an answer to them may pass.

use crate::capture::Span;

use crate::track::conn::connection::Connection;
use crate::track::conn::loss_reports::LossReport;
use crate::track::conn::recovery::Retransmission;
use crate::track::conn::step::Step;

impl Connection {
    /// Notes that the sender of this segment lacks numbers from `ack` on.
    pub(in crate::track) fn note_asked(&mut self, step: &Step<'_>, ack: i64) {
        let peer = &mut self.ends[step.peer()];
        let arrived = peer.rare.recovery.as_deref().and_then(|recovery| recovery.highest_sacked());
        let tsval = step.segment.options.timestamps.map(|(tsval, _)| tsval);
        let ask = LossReport { from: ack, to: arrived.unwrap_or(peer.nxt), ts: step.segment.ts, tsval };
        peer.rare.loss_reports.get_or_insert_default().add(ask);
    }

    /// Lets go of what has been acknowledged for so long that nobody answers it any more.
    pub(in crate::track) fn forget_asked(&mut self, step: &Step<'_>, ack: i64) {
        let patience = Span(self.round_trip().0.saturating_mul(2)).max(Span::from_millis(200));
        let Some(rare) = self.ends[step.peer()].rare.get_mut() else { return };
        rare.loss_reports.take_if(|list| {
            list.forget(ack, step.segment.ts, patience);
            list.is_empty()
        });
    }

    /// Whether the receiver asked for it, though what it asked for may have been acknowledged here since: the sender had not yet
    /// heard of that.
    pub(in crate::track) fn was_asked_for(&self, step: &Step<'_>, sent: Retransmission) -> bool {
        let Some(loss_reports) = self.ends[step.me()].rare.loss_reports.as_deref() else { return false };
        let echo = step.segment.options.timestamps.map(|(_, tsecr)| tsecr);
        let to_sender = self.ends[step.peer()].leg().unwrap_or_default();
        loss_reports.list.iter().filter(|ask| ask.from <= sent.from && sent.end <= ask.to).any(|ask| {
            match ask.tsval.zip(echo) {
                // The sender echoes the newest that it has received.
                Some((tsval, echo)) => echo.wrapping_sub(tsval) as i32 >= 0,
                None => !step.segment.ts.since(ask.ts).is_below(90, to_sender),
            }
        })
    }
}
