//! One connection in both captures.

use std::collections::VecDeque;

use crate::dissect::{SeqNumber, Socket};
use crate::track::Direction;

use super::changes::Changes;
use super::delays::Delays;
use super::sighting::{Header, Sighting, hash};
use super::waiting::Queue;
use super::{Side, Way};

/// A connection, as far as both captures are known to show the same.
#[derive(Debug)]
pub(super) struct Pair {
    /// In which order it began.
    pub serial: u64,
    /// What tells the packets of each half from those between other ends.
    tags: [u64; 2],
    /// Its number in either capture.
    pub flows: [Option<u32>; 2],
    /// Its ends in either capture: the sender of the first half, and of the second.
    pub ends: [Option<[Socket; 2]>; 2],
    /// The half that the client sends, and whether its SYN was seen.
    pub client: (usize, bool),
    /// Which way the first half goes.
    pub way: Option<Way>,
    pub halves: [Half; 2],
    /// B's sequence numbers are so far ahead.
    pub shifts: [Option<u32>; 2],
    /// Something between takes the timestamps out.
    pub without_timestamps: bool,
    /// Segments other than SYNs that both captures showed.
    pub matched: u64,
    /// It ends at something between, which opens another one to the other side.
    pub proxied: bool,
    /// One capture shows it as a part of another connection between the same ends.
    pub joined: bool,
    /// The captures whose tracker has ended it.
    pub ended: [bool; 2],
    /// Marks by which another capture's connection may be found to be this one.
    pub marks: Vec<u64>,
}

/// One direction of it.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// What waits, of either side.
    pub waiting: [Queue; 2],
    /// Packets of either side.
    pub seen: [u64; 2],
    /// What its own capture subtracts from a sequence number.
    pub base: [Option<u32>; 2],
    /// The first and the last number that either capture acknowledged in this direction.
    pub acked: [Option<SeqNumber>; 2],
    /// Ranges that a capture missed although they passed it.
    pub missed: [Vec<(SeqNumber, SeqNumber)>; 2],
    /// Pairs with the same and with different IP IDs.
    pub ids: (u32, u32),
    /// How many of its packets passed the first capture.
    pub sent: u64,
    /// The latest of these that passed the second one.
    pub latest: u64,
    /// How far its sender has sent, as far as the sender's side shows, and the latest ranges that were sent again.
    sent_to: Option<SeqNumber>,
    resent: VecDeque<(SeqNumber, SeqNumber)>,
    /// Segments of the sender's side that offload has cut, the latest ones, for copies of parts of them.
    pub cut: VecDeque<Header>,
    /// The time to live that either capture shows, but for RSTs.
    pub ttls: [Option<u8>; 2],
    /// Lost ones, for what is found about them later.
    pub losses: Vec<Loss>,
    /// Packets that end the connection and that nobody sent at the other end: where they were seen.
    pub inserted: Vec<(Side, u64)>,
    pub bursts: Bursts,
    pub record: PathStats,
}

/// A packet that was lost between the captures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loss {
    pub seq: SeqNumber,
    pub end: SeqNumber,
    pub ack: Option<SeqNumber>,
    /// Its frame at the sender's side.
    pub frame: u64,
    /// It is a SYN or a FIN.
    pub begins_or_ends: bool,
}

/// Losses one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bursts {
    last: Option<u64>,
    run: u64,
}

impl Bursts {
    /// The `nth` packet was lost.
    pub(super) fn lost(&mut self, nth: u64, stats: &mut PathStats) {
        self.run = if self.last.is_some_and(|last| last + 1 == nth) { self.run + 1 } else { 1 };
        stats.bursts += u64::from(self.run == 1);
        stats.longest_burst = stats.longest_burst.max(self.run);
        self.last = Some(nth);
    }
}

/// Ranges that were sent again and that are remembered, of one direction.
const MAX_RESENT: usize = 1_024;

/// Segments that offload has cut and that are remembered, of one direction.
const MAX_CUT: usize = 16;

/// Losses of one direction that are remembered.
pub(super) const MAX_LOSSES: usize = 256;

/// What became of the packets of one direction, of one connection or of all.
#[derive(Clone, Debug, Default)]
pub struct PathStats {
    /// Packets that passed the sender's side.
    pub sent: u64,
    /// Of these, packets that the other side shows whole.
    pub arrived: u64,
    /// Packets of which something was lost between.
    pub lost: u64,
    /// Payload bytes that were lost between.
    pub lost_bytes: u64,
    /// Runs of packets lost one after the other.
    pub bursts: u64,
    /// The longest of these.
    pub longest_burst: u64,
    /// Lost packets that were sent while the path's queue was long.
    pub lost_in_queue: u64,
    /// Further copies of packets that arrived.
    pub duplicated: u64,
    /// Packets that nobody sent at the other end.
    pub inserted: u64,
    /// Packets that the other capture could not show.
    pub outside: u64,
    /// Packets that arrived behind one sent later.
    pub overtaken: u64,
    /// One-way delays.
    pub delays: Delays,
    /// What was changed on the way.
    pub changes: Changes,
}

impl PathStats {
    /// The share of packets that were lost, of those that are known to have arrived or not.
    pub fn loss(&self) -> f64 {
        let known = self.arrived + self.lost;
        if known == 0 { 0.0 } else { self.lost as f64 / known as f64 }
    }

    /// Takes another's in, but for the bursts: those are told over all connections.
    pub(super) fn merge(&mut self, other: &Self) {
        let Self { bursts: _, longest_burst: _, delays, changes, .. } = other;
        self.sent += other.sent;
        self.arrived += other.arrived;
        self.lost += other.lost;
        self.lost_bytes += other.lost_bytes;
        self.lost_in_queue += other.lost_in_queue;
        self.duplicated += other.duplicated;
        self.inserted += other.inserted;
        self.outside += other.outside;
        self.overtaken += other.overtaken;
        self.delays.merge(delays);
        self.changes.merge(changes);
    }
}

impl Half {
    /// Whether the IP ID comes as it was sent, as far as that has shown.
    pub(super) fn keeps_ids(&self) -> bool {
        let (same, different) = self.ids;
        same > different.saturating_mul(4)
    }

    /// A packet passes the sender's side.
    pub(super) fn send(&mut self, header: &Header) {
        self.sent += 1;
        if header.payload == 0 {
            return;
        }
        let (seq, end) = (header.seq, header.end());
        match self.sent_to {
            Some(to) if seq.distance(to) < 0 => {
                if self.resent.len() == MAX_RESENT {
                    self.resent.pop_front();
                }
                self.resent.push_back((seq, end));
                self.sent_to = Some(if end.distance(to) > 0 { end } else { to });
            }
            _ => self.sent_to = Some(end),
        }
    }

    /// Whether its bytes were sent once and are acknowledged: then they have arrived, whatever the receiver's side shows.
    pub(super) fn has_come_all_the_same(&self, header: &Header) -> bool {
        let (seq, end) = (header.seq, header.end());
        let acked = self.acked.iter().flatten().any(|acked| acked.distance(end) >= 0);
        let again = self.resent.iter().any(|(from, to)| seq.distance(*to) < 0 && end.distance(*from) > 0);
        header.payload > 0 && acked && !again
    }

    /// Remembers a segment of the sender's side of which a part has come.
    pub(super) fn remember_cut(&mut self, header: Header) {
        if self.cut.back().is_some_and(|last| last.frame == header.frame) {
            return;
        }
        if self.cut.len() == MAX_CUT {
            self.cut.pop_front();
        }
        self.cut.push_back(header);
    }

    /// The remembered segment of which this is a part.
    pub(super) fn cut_from(&self, part: &Header, with_timestamps: bool) -> Option<&Header> {
        let holds = |whole: &&Header| part.seq.distance(whole.seq) >= 0 && whole.end().distance(part.end()) >= 0;
        self.cut.iter().rev().filter(|whole| whole.is_of_one_write(part, with_timestamps)).find(holds)
    }

    /// What turns a capture's relative sequence numbers into those that are compared.
    pub(super) fn numbers(&self, side: Side) -> Option<impl Fn(i64) -> SeqNumber + use<>> {
        self.base[side.index()].map(|base| move |number: i64| SeqNumber(base.wrapping_add(number as u32)))
    }

    /// Whether a capture missed these bytes.
    pub(super) fn was_missed(&self, side: Side, from: SeqNumber, to: SeqNumber) -> bool {
        self.missed[side.index()].iter().any(|(low, high)| from.distance(*high) < 0 && to.distance(*low) > 0)
    }
}

impl Pair {
    /// Of the first packet that one capture shows of it.
    pub(super) fn new(serial: u64, side: Side, sighting: &Sighting) -> Self {
        let mut pair = Self {
            serial,
            tags: [hash((sighting.src, sighting.dst)), hash((sighting.dst, sighting.src))],
            flows: [None; 2],
            ends: [None; 2],
            client: (usize::from(sighting.from != Direction::FromOriginator), sighting.client_known),
            way: None,
            halves: Default::default(),
            shifts: [None; 2],
            without_timestamps: false,
            matched: 0,
            proxied: false,
            joined: false,
            ended: [false; 2],
            marks: Vec::new(),
        };
        pair.flows[side.index()] = Some(sighting.flow);
        pair.ends[side.index()] = Some([sighting.src, sighting.dst]);
        pair
    }

    /// Whether both captures show it.
    pub(super) fn is_linked(&self) -> bool {
        self.flows.iter().all(Option::is_some)
    }

    /// Which half a packet of that capture belongs to.
    pub(super) fn half_of(&self, side: Side, sighting: &Sighting) -> usize {
        usize::from(self.ends[side.index()].is_some_and(|ends| ends[0] != sighting.src))
    }

    /// The half that a direction is.
    pub(super) fn half_from(&self, direction: Option<Direction>) -> usize {
        if direction == Some(Direction::FromResponder) { 1 - self.client.0 } else { self.client.0 }
    }

    /// Which way a half goes.
    pub(super) fn way_of(&self, half: usize) -> Option<Way> {
        self.way.map(|way| if half == 0 { way } else { way.reverse() })
    }

    /// Learns which way a half goes.
    pub(super) fn set_way(&mut self, half: usize, way: Way) {
        self.way = Some(if half == 0 { way } else { way.reverse() });
    }

    /// The header with A's sequence numbers.
    pub(super) fn normalised(&self, side: Side, half: usize, header: Header) -> Header {
        if self.is_shifted() {
            header.moved_back(side, half, self.shifts.map(Option::unwrap_or_default))
        } else {
            header
        }
    }

    /// Learns that B's numbers of a half are further ahead than was known.
    pub(super) fn shift(&mut self, half: usize, further: u32) {
        self.shifts[half] = Some(self.shifts[half].unwrap_or(0).wrapping_add(further));
        let half = &mut self.halves[half];
        half.base[1] = half.base[1].map(|base| base.wrapping_sub(further));
        half.acked[1] = half.acked[1].map(|acked| SeqNumber(acked.0.wrapping_sub(further)));
    }

    /// Whether the numbers are others in B.
    pub(super) fn is_shifted(&self) -> bool {
        self.shifts.iter().any(|shift| shift.is_some_and(|shift| shift != 0))
    }

    /// What tells its packets of a half from those between other ends. Connections one after the other between the same ends are
    /// told by their numbers: both captures need not agree on where one ends and the next begins.
    pub(super) fn tag(&self, half: usize) -> u64 {
        self.tags[half]
    }

    /// Nothing of it waits.
    pub(super) fn is_settled(&self, waiting: &super::waiting::Waiting) -> bool {
        self.halves.iter().flat_map(|half| &half.waiting).all(|queue| waiting.of(*queue).next().is_none())
    }
}
