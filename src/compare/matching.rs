//! Which packet of the other capture is this one.

use crate::capture::Span;
use crate::dissect::TcpFlags;

use super::comparison::{Comparison, PacketContext};
use super::event::{Crossing, Fate};
use super::pair::Pair;
use super::ranges::common;
use super::sighting::Header;
use super::waiting::Unpaired;
use super::{Side, Way};

/// Waiting packets of one direction that are looked through where no mark tells.
const MAX_LOOKED_THROUGH: usize = 4096;

/// Payloads above so many bytes tell a packet where its numbers do not.
const TELLING: u32 = 32;

/// What a frame of Ethernet holds without offload: of more the network may copy a part.
const ONE_FRAME: u32 = 1_460;

/// Acknowledgments of the same bytes that are so far apart are by other numbers.
const RENUMBERED_DISTANCE: u32 = 1 << 24;

/// A packet that is paired within this was not held back to be told from others.
const IN_TIME: Span = Span::from_secs(1);

impl Comparison {
    /// Takes a packet whose numbers are A's: pairs it, or lets it wait.
    pub(super) fn arrive(&mut self, side: Side, key: usize, half: usize, header: Header) {
        let Some(pair) = self.links.pairs.get_mut(key) else { return };
        let mark = header.mark(pair.tag(half), !pair.without_timestamps);
        let mut packet = Unpaired::new(header, side, key, half, mark);
        packet.since = self.now;
        if let Some(way) = pair.way_of(half).filter(|way| way.sender() == side) {
            let sent = &mut self.sent[way.index()];
            packet.nth = (*sent, pair.halves[half].sent);
            *sent += 1;
            pair.halves[half].send(&header);
            let last = self.queues[way.index()].last;
            (packet.queue, packet.usual) = (last, (last, last));
        }
        if !self.is_one_of_many(&packet) {
            if let Some(found) = self.by_mark(&packet).or_else(|| self.by_look(&packet)) {
                return self.pair_up(found, packet);
            }
            if header.payload > 0 && self.by_bytes(&mut packet) {
                return;
            }
            packet.copy_of = self.copied(&packet);
        }
        let Some(pair) = self.links.pairs.get_mut(key) else { return };
        let way = pair.way_of(half).filter(|way| way.sender() == side);
        let nth = packet.nth.0;
        let key = self.waiting.add(packet, &mut pair.halves[half].waiting[side.index()]);
        if let Some(way) = way {
            self.waiting.send(way, key, nth);
        }
    }

    /// The packet with the same mark, and with this IP ID where the path keeps IDs.
    fn by_mark(&self, packet: &Unpaired) -> Option<usize> {
        let half = &self.links.pairs.get(packet.pair)?.halves[packet.half];
        let keeps_ids = half.keeps_ids();
        let same_id = |one: &Unpaired| one.header.ip_id == packet.header.ip_id;
        // Where another of them has just come, one that would be faster than any is taken for a copy of that.
        let floor = self.overlap.clock.floor();
        let again = self.waiting.paired(packet.mark, self.now).is_some();
        self.waiting
            .alike(packet.side.other(), packet.mark)
            .filter(|(_, one)| one.cover.is_empty() && (!keeps_ids || same_id(one)))
            .filter(|(_, one)| {
                !again && one.copy_of.is_none() || floor.is_none_or(|floor| self.delay(packet, one) >= floor)
            })
            .min_by_key(|(_, one)| (!same_id(one), one.header.frame))
            .map(|(key, _)| key)
    }

    /// The packet that differs only in what something between has changed: a SYN's numbers, its options, the timestamps.
    fn by_look(&mut self, packet: &Unpaired) -> Option<usize> {
        let pair = self.links.pairs.get(packet.pair)?;
        let is_settled = pair.matched > 0 && !packet.header.is(TcpFlags::SYN);
        if is_settled || !pair.is_linked() {
            return None;
        }
        let queue = pair.halves[packet.half].waiting[packet.side.other().index()];
        let (key, other) = self
            .waiting
            .of(queue)
            .take(MAX_LOOKED_THROUGH)
            .filter(|(_, other)| other.cover.is_empty() && other.copy_of.is_none())
            .find(|(_, other)| is_changed(pair, &packet.header, &other.header))
            .map(|(key, other)| (key, other.header))?;
        let (a, b) = if packet.side == Side::A { (packet.header, other) } else { (other, packet.header) };
        let pair = self.links.pairs.get_mut(packet.pair)?;
        let timestamps_change = a.timestamps != b.timestamps && !pair.without_timestamps;
        pair.without_timestamps |= timestamps_change;
        let shifts = [b.seq.0.wrapping_sub(a.seq.0), b.ack.zip(a.ack).map_or(0, |(b, a)| b.0.wrapping_sub(a.0))];
        let mut further = [0; 2];
        for (half, shift) in [packet.half, 1 - packet.half].into_iter().zip(shifts) {
            further[half] = shift;
            if shift != 0 {
                pair.shift(half, shift);
            }
        }
        if shifts != [0, 0] || timestamps_change {
            self.look_anew(packet.pair, key, further);
        }
        Some(key)
    }

    /// Gives the packets of a pair that wait their marks anew, and B's their numbers, which are so much further ahead than they
    /// had been taken for; but for one that has found its counterpart.
    fn look_anew(&mut self, key: usize, but: usize, further: [u32; 2]) {
        let Some(pair) = self.links.pairs.get(key) else { return };
        let queues = pair.halves.iter().flat_map(|half| &half.waiting);
        let keys: Vec<usize> = queues.flat_map(|queue| self.waiting.of(*queue)).map(|(key, _)| key).collect();
        let mut moved = Vec::new();
        for packet in keys.into_iter().filter(|packet| *packet != but) {
            moved.extend(self.take(packet));
        }
        moved.sort_by_key(|packet| (packet.header.ts, packet.side, packet.header.frame));
        for packet in moved {
            let Some(pair) = self.links.pairs.get_mut(key) else { return };
            let header = match further {
                [0, 0] => packet.header,
                further => packet.header.moved_back(packet.side, packet.half, further),
            };
            let mark = header.mark(pair.tag(packet.half), !pair.without_timestamps);
            let queue = &mut pair.halves[packet.half].waiting[packet.side.index()];
            self.waiting.add(packet.anew(header, mark), queue);
        }
    }

    /// Takes a waiting packet out.
    pub(super) fn take(&mut self, key: usize) -> Option<Unpaired> {
        let packet = self.waiting.get(key)?;
        let (pair, half, side) = (packet.pair, packet.half, packet.side);
        let pair = self.links.pairs.get_mut(pair)?;
        Some(self.waiting.take(key, &mut pair.halves[half].waiting[side.index()]))
    }

    /// Another pair has turned out to be this one: its packets come anew.
    pub(super) fn merge(&mut self, key: usize, side: Side, gone: Pair) {
        let mut moved = Vec::new();
        let first = gone.ends[side.index()].map(|ends| ends[0]);
        let Some(pair) = self.links.pairs.get_mut(key) else { return };
        let turned = pair.ends[side.index()].is_some_and(|ends| Some(ends[0]) != first);
        for (at, mut half) in gone.halves.into_iter().enumerate() {
            let to = if turned { 1 - at } else { at };
            pair.halves[to].seen[side.index()] += half.seen[side.index()];
            let queue = &mut half.waiting[side.index()];
            let keys: Vec<usize> = self.waiting.of(*queue).map(|(key, _)| key).collect();
            moved.extend(keys.into_iter().map(|key| (to, self.waiting.take(key, queue))));
        }
        moved.sort_by_key(|(_, packet)| packet.header.frame);
        for (half, packet) in moved {
            let Some(pair) = self.links.pairs.get(key) else { return };
            let header = pair.normalised(side, half, packet.header);
            self.arrive(side, key, half, header);
        }
    }

    /// Both captures show a packet.
    pub(super) fn pair_up(&mut self, found: usize, packet: Unpaired) {
        let Some(other) = self.take(found) else { return };
        self.know_way(&packet, &other);
        let way = self.links.pairs.get(packet.pair).and_then(|pair| pair.way_of(packet.half)).unwrap_or(Way::AToB);
        let (sent, came) = if packet.side == way.sender() { (&packet, &other) } else { (&other, &packet) };
        for key in [sent.pair, came.pair] {
            let Some(pair) = self.links.pairs.get_mut(key) else { return };
            pair.matched += u64::from(!sent.header.is(TcpFlags::SYN));
            pair.joined |= sent.pair != came.pair;
        }
        let Some(pair) = self.links.pairs.get_mut(sent.pair) else { return };
        let half = &mut pair.halves[sent.half];
        let same_id = sent.header.ip_id == came.header.ip_id;
        let ids = if same_id { &mut half.ids.0 } else { &mut half.ids.1 };
        *ids = ids.saturating_add(1);
        half.record.changes.note(&sent.header, &came.header);
        if sent.header.payload > ONE_FRAME {
            half.remember_cut(sent.header);
        }
        let delay = came.header.ts.since(sent.header.ts);
        // What was paired late says nothing of the order, and nothing of the queue now.
        let in_time = self.now.since(came.header.ts) < IN_TIME;
        let overtaken = in_time && sent.nth.1 < half.latest;
        if in_time {
            half.latest = half.latest.max(sent.nth.1);
        }
        let stats = &mut half.record;
        stats.sent += 1;
        stats.arrived += 1;
        stats.overtaken += u64::from(overtaken);
        stats.delays.add(delay);
        let context = PacketContext::of(pair, sent.half);
        let crossing = Crossing {
            delay: Some(delay),
            overtaken,
            ..self.both(&context, way, (&sent.header, &came.header), Fate::Arrived)
        };
        if in_time {
            self.queues[way.index()].add(delay);
            let usual = self.queues[way.index()].usual(delay);
            self.waiting.tell_usual(way, sent.header.ts, usual);
        }
        let (frame, id) = (sent.header.frame, sent.header.ip_id);
        self.waiting.remember(packet.mark, self.now, frame, id);
        if other.mark != packet.mark {
            self.waiting.remember(other.mark, self.now, frame, id);
        }
        self.report(crossing);
        self.close_if_over(packet.pair);
        if other.pair != packet.pair {
            self.close_if_over(other.pair);
        }
    }

    /// A crossing of a packet with a frame on either side.
    fn both(&self, context: &PacketContext, way: Way, (sent, came): (&Header, &Header), fate: Fate) -> Crossing {
        let mut crossing = context.alone(way.sender(), sent, fate);
        crossing.frames[way.receiver().index()] = Some(came.frame);
        crossing
    }

    /// What both captures show says which way it went, where nothing else did: nothing comes before it is sent.
    fn know_way(&mut self, one: &Unpaired, other: &Unpaired) {
        let Some(pair) = self.links.pairs.get_mut(one.pair).filter(|pair| pair.way.is_none()) else { return };
        let (a, b) = if one.side == Side::A { (one, other) } else { (other, one) };
        let later = b.header.ts.since(a.header.ts).0;
        pair.set_way(one.half, if later >= 0 { Way::AToB } else { Way::BToA });
        // What came before that was not counted as sent.
        self.sent[0] += 1;
    }

    /// Whether the other capture shows its bytes in segments that offload has cut or joined otherwise; what it shows of them
    /// counts, and the rest waits.
    fn by_bytes(&mut self, packet: &mut Unpaired) -> bool {
        let Some(pair) = self.links.pairs.get(packet.pair) else { return false };
        let with_timestamps = !pair.without_timestamps;
        let (header, queue) = (packet.header, pair.halves[packet.half].waiting[packet.side.other().index()]);
        let parts: Vec<usize> = self
            .waiting
            .of(queue)
            .take(MAX_LOOKED_THROUGH)
            .filter(|(_, other)| {
                let (one, two) = (&header, &other.header);
                let overlaps = one.seq.distance(two.end()) < 0 && two.seq.distance(one.end()) < 0;
                let cut = one.payload != two.payload || !other.cover.is_empty() || one.seq != two.seq;
                overlaps && cut && one.is_of_one_write(two, with_timestamps)
            })
            .map(|(key, _)| key)
            .collect();
        for key in parts {
            self.claim(key, packet);
        }
        !packet.cover.is_empty() && packet.cover.left(header.payload) == 0
    }

    /// Takes what two segments have in common for paired.
    pub(super) fn claim(&mut self, key: usize, packet: &mut Unpaired) {
        let Some(other) = self.waiting.get(key) else { return };
        let (one, two) = (packet.header, other.header);
        let ahead = two.seq.distance(one.seq);
        let ranges = common(&packet.cover, one.payload, &other.cover, two.payload, ahead);
        if ranges.is_empty() {
            return;
        }
        self.know_way_of(packet, key);
        let Some(other) = self.waiting.get_mut(key) else { return };
        for (low, high) in &ranges {
            packet.cover.add(*low, *high);
            let back = |at: u32| (i64::from(at) - i64::from(ahead)) as u32;
            other.cover.add(back(*low), back(*high));
        }
        let whole = [packet.cover.left(one.payload), other.cover.left(two.payload)].map(|left| left == 0);
        self.report_parts(packet, two, ranges, whole);
        if whole[1]
            && let Some(other) = self.take(key)
        {
            self.waiting.remember(other.mark, self.now, self.sender_frame(packet, &other), two.ip_id);
        }
    }

    fn know_way_of(&mut self, packet: &Unpaired, key: usize) {
        let Some(other) = self.waiting.get(key) else { return };
        let other = Unpaired::new(other.header, other.side, other.pair, other.half, other.mark);
        self.know_way(packet, &other);
    }

    fn sender_frame(&self, one: &Unpaired, other: &Unpaired) -> u64 {
        let way = self.links.pairs.get(one.pair).and_then(|pair| pair.way_of(one.half)).unwrap_or(Way::AToB);
        if one.side == way.sender() { one.header.frame } else { other.header.frame }
    }

    /// Says that parts of two segments are the same bytes, and counts what has come whole.
    fn report_parts(&mut self, packet: &Unpaired, two: Header, ranges: Vec<(u32, u32)>, whole: [bool; 2]) {
        let Some(pair) = self.links.pairs.get_mut(packet.pair) else { return };
        let way = pair.way_of(packet.half).unwrap_or(Way::AToB);
        pair.matched += 1;
        let context = PacketContext::of(pair, packet.half);
        let (mine, one) = (packet.side == way.sender(), packet.header);
        let (sent, came) = if mine { (&one, &two) } else { (&two, &one) };
        if came.payload < sent.payload {
            pair.halves[packet.half].remember_cut(*sent);
        }
        let stats = &mut pair.halves[packet.half].record;
        if whole[usize::from(!mine)] {
            stats.sent += 1;
            stats.arrived += 1;
        }
        let delay = came.ts.since(sent.ts);
        stats.delays.add(delay);
        self.queues[way.index()].add(delay);
        let all_of_sent = sent.payload;
        for (low, high) in ranges {
            let shift = if mine { 0 } else { one.seq.distance(two.seq) };
            let part = [low, high].map(|at| (i64::from(at) + i64::from(shift)) as u32);
            let part = Some((part[0], part[1])).filter(|(low, high)| high - low < all_of_sent);
            let crossing =
                Crossing { delay: Some(delay), part, ..self.both(&context, way, (sent, came), Fate::Arrived) };
            self.report(crossing);
        }
        if whole[0] {
            self.waiting.remember(packet.mark, self.now, sent.frame, one.ip_id);
        }
    }
}

/// Whether two packets of a direction may be one that something between has changed.
fn is_changed(pair: &Pair, one: &Header, two: &Header) -> bool {
    if one.payload != two.payload || one.controls() != two.controls() || one.ack.is_some() != two.ack.is_some() {
        return false;
    }
    if one.digest.zip(two.digest).is_some_and(|(one, two)| one != two) {
        return false;
    }
    let times = |header: &Header| header.timestamps.filter(|_| !pair.without_timestamps);
    let times_differ = times(one).zip(times(two)).is_some_and(|(one, two)| one != two);
    if one.seq == two.seq && one.ack == two.ack {
        return !times_differ;
    }
    // A repetition acknowledges a little more; numbers that a firewall has moved are anywhere.
    let ack_moved =
        one.ack.zip(two.ack).is_some_and(|(one, two)| one.distance(two).unsigned_abs() >= RENUMBERED_DISTANCE);
    let moved = pair.matched == 0 && (one.seq != two.seq || ack_moved);
    // What it holds tells a packet whose numbers are others, and its timestamps with them; a SYN is told by less.
    let is_told = one.payload > TELLING && one.digest.is_some() && one.digest == two.digest;
    moved && (is_told || !times_differ && one.is(TcpFlags::SYN) && one.seq != two.seq)
}
