//! What most segments are: the next bytes in order, or an acknowledgment of more, on a connection with nothing open.
//!
//! Such a segment changes numbers and says nothing, so none of the checks that look for something to say are asked: V. Jacobson's
//! header prediction, as an observer can have it. A condition that is missing here costs a word; one too many costs time only.

use crate::dissect::{Checksum, OptionFacts, Segment, TcpFlags};

use crate::track::conn::connection::Connection;
use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::facts::Fact;
use crate::track::conn::step::Step;
use crate::track::shared::recent::Advert;
use crate::track::{SegmentEffect, States, TcpState};

/// Both ends' states where both have opened and neither has closed.
const OPEN: States = States { client: TcpState::Established, server: TcpState::Established };

impl Connection {
    /// Whether both ends are open and known from their SYNs, nothing of them is missing, and no word about them is open.
    pub(in crate::track) fn is_fast_path_eligible(&self) -> bool {
        let waits = self.rare.suspect_ack.is_some()
            || self.rare.pending_syn.is_some()
            || self.rare.suspicions.is_some()
            || self.probe.is_some();
        let cut = self.rare.cut.is_some() || self.rare.doubtful_reset.is_some();
        let opened = self.shown == Some(OPEN) && self.limits.is_opened() && self.rare.early_data.is_none();
        let clocks = self.ends[0].facts.has(Fact::Timestamps) && self.ends[1].facts.has(Fact::Timestamps);
        opened
            && !(waits || cut || self.gaps_acked)
            && self.ends.iter().all(|end| end.is_fast_path_eligible() && (end.facts.has(Fact::Clocked) || !clocks))
    }

    /// Whether a segment on a settled connection is just what was expected.
    pub(in crate::track) fn is_next_in_order(&self, step: &Step<'_>) -> bool {
        let (segment, me, peer) = (step.segment, &self.ends[step.me()], &self.ends[step.peer()]);
        let Some(ack) = segment.ack else { return false };
        let payload = segment.payload_len;
        // The next number in order, and an acknowledgment of what was sent; of more than before where there is no payload.
        let acked = i64::from(ack.distance(peer.raw(peer.una)));
        let in_order = segment.seq == me.raw(me.nxt) && me.ack() == Some(peer.una);
        let sent = acked >= i64::from(payload == 0) && acked <= peer.nxt - peer.una;
        let plain = matches!(segment.flags.0, PLAIN | PUSHED) && segment.window > 0 && segment.header_fault.is_none();
        let end = me.nxt + i64::from(payload);
        let room = payload != 1 && end < peer.edge;
        let edge = peer.una + acked + (i64::from(segment.window) << me.shift(peer));
        plain
            && in_order
            && sent
            && (payload == 0 || room && !self.may_be_resent(step))
            && !me.takes_back(peer, edge)
            && !matches!(segment.checksum, Checksum::Wrong { .. })
            && self.are_options_plain(segment, me, peer)
            && me.path.keeps(segment)
            && !self.is_oversized(step)
            && (segment.tos & 3 == 0 || self.agreed_on_ecn())
    }

    /// The IP ID skips some after a wait of a timer's length.
    fn may_be_resent(&self, step: &Step<'_>) -> bool {
        self.has_paused(step) && self.ends[step.me()].ids.skipped(step.segment.ip_id) > 0
    }

    /// Timestamps where they were agreed on, not older than the last and echoing what was sent; nothing else.
    fn are_options_plain(&self, segment: &Segment, me: &Endpoint, peer: &Endpoint) -> bool {
        let agreed = me.facts.has(Fact::Timestamps) && peer.facts.has(Fact::Timestamps);
        let clock = match (segment.options.timestamps, peer.first_tsval()) {
            (Some((tsval, tsecr)), Some(first)) => {
                let older = |a: u32, b: u32| (a.wrapping_sub(b) as i32) < 0;
                agreed && !older(tsval, me.tsval) && !older(peer.tsval, tsecr) && !older(tsecr, first)
            }
            (None, _) => !agreed,
            _ => false,
        };
        clock && is_plain(&segment.options)
    }

    /// Takes a segment that was expected.
    pub(in crate::track) fn take_fast_path(&mut self, step: &mut Step<'_>) {
        let segment = step.segment;
        let payload = i64::from(segment.payload_len);
        (step.obs.before, step.obs.after) = (OPEN, OPEN);
        self.pass(step);
        self.history.plain(step.me(), payload > 0);
        self.count(step);
        let (me, peer) = self.pair(step.from);
        let (from, end) = (me.nxt, me.nxt + payload);
        let acked = i64::from(segment.ack.unwrap_or_default().distance(peer.raw(peer.una)));
        let ack = peer.una + acked;
        (step.obs.seq, step.obs.seq_end, step.obs.ack) = (from, end, Some(ack));
        me.path.learn(segment);
        if let Some((tsval, _)) = segment.options.timestamps {
            me.tsval = tsval;
        }
        if payload > 0 {
            step.obs.effect = SegmentEffect::Data;
            let last_data = me.last_data();
            step.shared.lend_buffer(&mut me.flight);
            me.send(from, end, segment);
            me.nxt = end;
            me.note_data(segment);
            if end >= peer.least_edge() {
                self.check_window_full(step);
            }
            self.note_new_data(step, last_data);
        }
        if acked > 0 {
            let slowest = self.acknowledge_next(step, ack);
            self.check_ack_delay(step, slowest);
            self.mark_ack(step, ack);
            self.ends[step.me()].set_ack(ack);
        }
        self.advertise_fast(step, ack);
        self.account_fast(step);
        self.leave(step, payload > 0);
    }

    /// Takes the window of an expected segment, which is open and takes nothing back.
    fn advertise_fast(&mut self, step: &mut Step<'_>, ack: i64) {
        let segment = step.segment;
        let (me, peer) = self.pair(step.from);
        let window = u32::from(segment.window) << me.shift(peer);
        let edge = ack + i64::from(window);
        if me.advertises_later(step, ack) {
            me.move_edge(step, ack, edge);
        }
        (me.edge, me.max_window, me.window) = (me.edge.max(edge), me.max_window.max(window), window);
        if let Some((tsval, _)) = segment.options.timestamps {
            me.advertise(Advert { tsval, edge, window }, &mut step.shared.recent);
        }
        step.obs.window_bytes = Some(window.into());
    }
}

const PLAIN: u16 = TcpFlags::ACK.0;
const PUSHED: u16 = TcpFlags::ACK.0 | TcpFlags::PSH.0;

/// Nothing but timestamps, or what only their receiver reads.
fn is_plain(options: &OptionFacts) -> bool {
    let opening = options.mss.is_some() || options.wscale.is_some() || options.sack_permitted;
    let signed = options.md5 || options.ao;
    let faulty = options.duplicate.is_some() || options.fault.is_some() || options.cut;
    !opening && !signed && !faulty && options.sack.is_empty()
}

impl Endpoint {
    /// Nothing of it is open, missing or out of the ordinary.
    fn is_fast_path_eligible(&self) -> bool {
        let known =
            self.facts.has(Fact::Numbered) && self.facts.has(Fact::SynSeen) && self.low != i64::MAX && self.una >= 1;
        let signed = self.facts.has(Fact::Md5) || self.facts.has(Fact::Ao);
        let allows = self.edge != i64::MIN && self.ack().is_some() && self.rare.closed_since.is_none();
        known
            && allows
            && !signed
            && self.fin().is_none()
            && self.rare.loss_reports.is_none()
            && self.rare.sack_digest == 0
            && self.rare.unseen.is_none()
            && self.is_at_rest()
    }
}
