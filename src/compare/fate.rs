//! What became of a packet that only one capture shows.

use crate::capture::{Span, Timestamp};
use crate::dissect::TcpFlags;

use super::comparison::{Comparison, PacketContext};
use super::event::Fate;
use super::pair::{Loss, MAX_LOSSES, Pair};
use super::waiting::Unpaired;
use super::{Side, Way};

/// From so many packets of either side on, a connection none of which crossed is two connections.
const TWO_CONNECTIONS: u64 = 4;

/// Minimum number of packets that pass a capture while it shows nothing, to be called a hole in it.
const HOLE: usize = 5;

/// Waiting packets that are looked through for that.
const MAX_LOOKED_THROUGH: usize = 4_096;

/// A capture that showed packets until so short a time ago has hardly ended just then.
const JUST_OVER: Span = Span::from_secs(2);

impl Comparison {
    /// Nobody waits any longer for the counterpart of a packet.
    pub(super) fn expire(&mut self, key: usize) {
        self.align(key);
        let Some(mut packet) = self.take(key) else { return };
        if self.is_found_late(&mut packet) {
            return self.close_if_over(packet.pair);
        }
        self.guess_way(&packet);
        let Some(pair) = self.links.pairs.get_mut(packet.pair) else { return };
        let way = pair.way_of(packet.half).unwrap_or(Way::from(packet.side));
        let fate = self.fate(&packet, way);
        let Some(pair) = self.links.pairs.get_mut(packet.pair) else { return };
        let context = PacketContext::of(pair, packet.half);
        let rest = packet.cover.rest(packet.header.payload);
        let left = packet.cover.left(packet.header.payload);
        let half = &mut pair.halves[packet.half];
        let stats = &mut half.record;
        stats.sent += u64::from(packet.side == way.sender());
        match fate {
            Fate::Lost => {
                stats.lost += 1;
                stats.lost_bytes += u64::from(left);
                if half.losses.len() < MAX_LOSSES {
                    let header = &packet.header;
                    let (seq, end, ack, frame) = (header.seq, header.end(), header.ack, header.frame);
                    let begins_or_ends = header.flags.intersects(TcpFlags::SYN.with(TcpFlags::FIN));
                    half.losses.push(Loss { seq, end, ack, frame, begins_or_ends });
                }
                let long = self.queues[way.index()].is_long(packet.queue);
                half.record.lost_in_queue += u64::from(long);
                half.bursts.lost(packet.nth.1, &mut half.record);
                self.totals.lost(way, packet.nth.0, packet.header.ts);
            }
            Fate::Inserted => {
                stats.inserted += 1;
                if context.ends(&packet.header) && half.inserted.len() < MAX_LOSSES {
                    half.inserted.push((packet.side, packet.header.frame));
                }
            }
            _ => stats.outside += 1,
        }
        let whole = context.alone(packet.side, &packet.header, fate);
        if packet.cover.is_empty() {
            self.report(whole);
        } else {
            for part in rest {
                self.report(super::event::Crossing { part: Some(part), ..whole });
            }
        }
        self.close_if_over(packet.pair);
    }

    /// Whether it is a copy, or the other side shows its bytes after all, if only in segments of which offload has taken the marks.
    fn is_found_late(&mut self, packet: &mut Unpaired) -> bool {
        if self.is_copy(packet) {
            return true;
        }
        let Some(pair) = self.links.pairs.get(packet.pair).filter(|_| packet.header.payload > 0) else { return false };
        let (one, queue) = (packet.header, pair.halves[packet.half].waiting[packet.side.other().index()]);
        let parts: Vec<usize> = self
            .waiting
            .of(queue)
            .filter(|(_, other)| {
                let two = &other.header;
                one.seq.distance(two.end()) < 0 && two.seq.distance(one.end()) < 0 && two.payload != one.payload
            })
            .take(64)
            .map(|(key, _)| key)
            .collect();
        for key in parts {
            self.claim(key, packet);
        }
        packet.cover.left(one.payload) == 0
    }

    /// Whether it is a further copy of a packet that both captures have shown, or of a part of one; says so.
    fn is_copy(&mut self, packet: &Unpaired) -> bool {
        let Some(frame) = packet.copy_of.or_else(|| self.copied(packet)) else { return false };
        self.report_copy(packet, frame);
        true
    }

    /// The frame at the sender's side of the packet of which it may be a further copy.
    pub(super) fn copied(&self, packet: &Unpaired) -> Option<u64> {
        let pair = self.links.pairs.get(packet.pair)?;
        let at_receiver = pair.way_of(packet.half).is_none_or(|way| way.receiver() == packet.side);
        let half = &pair.halves[packet.half];
        let first = match self.waiting.paired(packet.mark, self.now) {
            Some(first) if half.keeps_ids() && first.ip_id != packet.header.ip_id => None,
            Some(first) => Some(first.frame),
            None => half.cut_from(&packet.header, !pair.without_timestamps).map(|whole| whole.frame),
        };
        first.filter(|_| at_receiver)
    }

    /// Says that it is a copy of the packet that has that frame at the sender's side.
    pub(super) fn report_copy(&mut self, packet: &Unpaired, frame: u64) {
        let Some(pair) = self.links.pairs.get_mut(packet.pair) else { return };
        pair.halves[packet.half].record.duplicated += 1;
        let context = PacketContext::of(pair, packet.half);
        let mut crossing = context.alone(packet.side, &packet.header, Fate::Duplicated);
        crossing.frames[packet.side.other().index()] = Some(frame);
        self.report(crossing);
    }

    /// Which way it went, where no packet of the connection has told: as with most connections, or from a host that has just
    /// set the time to live.
    fn guess_way(&mut self, packet: &Unpaired) {
        let clients = self.clients;
        let Some(pair) = self.links.pairs.get_mut(packet.pair).filter(|pair| pair.way.is_none()) else { return };
        // RFC 1700 and what systems have made of it.
        let fresh = matches!(packet.header.ttl, 64 | 128 | 255);
        let from_client = pair.client.0 == packet.half;
        let sender = if fresh {
            packet.side
        } else if from_client {
            clients
        } else {
            clients.other()
        };
        pair.set_way(packet.half, Way::from(sender));
    }

    fn fate(&mut self, packet: &Unpaired, way: Way) -> Fate {
        let at_sender = packet.side == way.sender();
        let other = packet.side.other();
        let queue = self.queues[way.index()];
        let usual = queue.min.unwrap_or_default().0.max(0);
        let crosses = if at_sender { usual } else { -usual };
        let there = Timestamp(packet.header.ts.0.saturating_add(crosses));
        let (first, last) = self.overlap.spans[other.index()];
        let lossy = self.lossy[other.index()];
        let hole = self.is_hole(other, there);
        let Some(pair) = self.links.pairs.get_mut(packet.pair) else { return Fate::Outside };
        if !at_sender && there.since(last) < JUST_OVER && Self::is_foreign_reset(pair, packet) {
            return Fate::Inserted;
        }
        if there < first || there > last || hole || Self::is_proxied(pair) || !Self::is_shown(pair, packet, other) {
            return Fate::Outside;
        }
        let half = &pair.halves[packet.half];
        let header = &packet.header;
        let missed = if header.payload > 0 { half.was_missed(other, header.seq, header.end()) } else { lossy };
        if missed || !at_sender && lossy && !header.is(TcpFlags::RST) {
            return Fate::Outside;
        }
        if at_sender && half.has_come_all_the_same(header) {
            self.lossy[other.index()] = true;
            return Fate::Outside;
        }
        if at_sender { Fate::Lost } else { Fate::Inserted }
    }

    /// Whether a capture has a hole at that time: it shows nothing, while the other shows packets of known connections that have
    /// passed it.
    fn is_hole(&mut self, side: Side, at: Timestamp) -> bool {
        let silences = &self.silences[side.index()];
        let Some((from, to)) = silences.around(at) else { return false };
        if let Some(known) = silences.is_hole(from) {
            return known;
        }
        let has_passed = |packet: &Unpaired| {
            let Some(pair) = self.links.pairs.get(packet.pair) else { return false };
            let Some(way) = pair.way_of(packet.half).filter(|way| way.sender() == side) else { return false };
            let usual = self.queues[way.index()].min.unwrap_or_default().0;
            let passed = Timestamp(packet.header.ts.0.saturating_sub(usual));
            let plain = !packet.header.is(TcpFlags::RST) && packet.copy_of.is_none();
            from < passed && passed < to && packet.side != side && plain && pair.matched > 0
        };
        let hole =
            self.waiting.all().take(MAX_LOOKED_THROUGH).filter(|packet| has_passed(packet)).nth(HOLE - 1).is_some();
        self.silences[side.index()].judge(from, hole);
        hole
    }

    /// Whether it is a RST that has come over another number of routers than all else: whoever made it is somewhere else.
    fn is_foreign_reset(pair: &Pair, packet: &Unpaired) -> bool {
        let usual = pair.halves[packet.half].ttls[packet.side.index()];
        packet.header.is(TcpFlags::RST) && usual.is_some_and(|usual| usual != packet.header.ttl)
    }

    /// Whether the connection ends at something between, which has opened another one.
    fn is_proxied(pair: &mut Pair) -> bool {
        let many = |side: Side| pair.halves.iter().all(|half| half.seen[side.index()] >= TWO_CONNECTIONS);
        pair.proxied |= pair.matched == 0 && pair.is_linked() && Side::ALL.into_iter().all(many);
        pair.proxied
    }

    /// Whether the other capture would have shown it: one that shows nothing of a direction, but what acknowledges it, does not.
    fn is_shown(pair: &Pair, packet: &Unpaired, other: Side) -> bool {
        let (half, back) = (&pair.halves[packet.half], &pair.halves[1 - packet.half]);
        if half.seen[other.index()] > 0 {
            return true;
        }
        if back.seen[other.index()] > 0 {
            let header = &packet.header;
            return half.acked[other.index()].is_none_or(|acked| acked.distance(header.end()) < 0);
        }
        // Of a connection that one capture shows nothing of, an attempt without an answer may not have come so far.
        back.seen[packet.side.index()] == 0
    }
}
