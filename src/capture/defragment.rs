//! Fragments of IP packets put together (RFC 791 §3.2, RFC 8200 §4.5), bounded in packets, bytes and time.
//!
//! It knows offsets and lengths, and of the bytes nothing. What comes of fragments that overlap, or do not all come, is counted.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::{Span, Timestamp};

/// Maximum number of packets whose fragments wait for others.
const MAX_PACKETS: usize = 256;
/// Maximum number of fragments of one packet; with the smallest MTU that is in use (576) a packet of 64 KiB has 119.
const MAX_FRAGMENTS: usize = 256;
/// Maximum number of bytes of all fragments that wait, headers included; Linux takes as much (`ipfrag_high_thresh`).
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How long the first fragment waits for the last.
// RFC 8200 §4.5, RFC 1122 §3.3.2: 60 seconds.
const PATIENCE: Span = Span::from_secs(60);
/// Largest length of a packet without its fragments' headers.
const MAX_LENGTH: u32 = 65_535;

/// What the fragments of one packet have in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FragmentKey {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// The packet's identification.
    pub id: u32,
    /// What it carries.
    pub protocol: u8,
}

/// A fragment.
#[derive(Clone, Copy, Debug)]
pub struct Fragment<'a> {
    /// Whose it is.
    pub key: FragmentKey,
    /// When it was captured.
    pub ts: Timestamp,
    /// Where its data begin in the packet's payload, in bytes.
    pub offset: u32,
    /// Whether others follow.
    pub more: bool,
    /// The headers that stand in front of each fragment.
    pub header: &'a [u8],
    /// Its data as captured.
    pub data: &'a [u8],
    /// How many bytes its data have by the header.
    pub len: u32,
    /// Length of its frame on the wire, in bytes.
    pub wire_len: u32,
    /// Its packet is counted where it comes to nothing.
    pub is_counted: bool,
}

/// A packet of which all fragments have come.
#[derive(Debug, Default)]
pub struct Whole {
    /// The first fragment's headers.
    pub header: Vec<u8>,
    /// The payload, up to the first byte that was not captured.
    pub payload: Vec<u8>,
    /// The payload's length.
    pub len: u32,
    /// Lengths of all its frames on the wire together, in bytes.
    pub wire_len: u32,
}

/// How many packets came to nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Lost {
    /// Not all of their fragments came in time.
    pub incomplete: u64,
    /// Their fragments overlap, or reach beyond the longest packet.
    pub overlapping: u64,
    /// There was no room for their fragments.
    pub crowded_out: u64,
}

/// Puts fragments together.
#[derive(Debug, Default)]
pub struct Defragmenter {
    /// By the time of the first fragment that came.
    packets: VecDeque<Packet>,
    bytes: usize,
    lost: Lost,
}

#[derive(Debug)]
struct Packet {
    key: FragmentKey,
    since: Timestamp,
    is_counted: bool,
    state: State,
    /// In order, and apart from each other.
    pieces: Vec<Piece>,
    header: Vec<u8>,
    /// The payload's length, once the last fragment has come.
    len: Option<u32>,
    wire_len: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Waiting,
    /// Put together; its pieces have no data any more, and tell a second copy from a new packet with the same identification.
    Done,
    /// Given up: whatever comes of it is left out.
    Dropped,
}

#[derive(Debug)]
struct Piece {
    offset: u32,
    len: u32,
    data: Vec<u8>,
}

impl Defragmenter {
    /// Takes a fragment, and gives the packet that it completes.
    pub fn take(&mut self, fragment: &Fragment<'_>) -> Option<Whole> {
        self.expire(fragment.ts);
        let end = fragment.offset.saturating_add(fragment.len);
        let mut at = self.packets.iter().position(|packet| packet.key == fragment.key);
        if let Some(done) = at
            && self.packets.get(done).is_some_and(|packet| packet.state == State::Done && !packet.has(fragment))
        {
            // The identification is used anew.
            self.packets.remove(done);
            at = None;
        }
        let at = at.unwrap_or_else(|| {
            if self.packets.len() >= MAX_PACKETS {
                self.crowd_out();
            }
            self.packets.push_back(Packet::new(fragment));
            self.packets.len() - 1
        });
        let packet = self.packets.get_mut(at)?;
        // RFC 8200 §4.5: an exact copy of a fragment is left out.
        if packet.state != State::Waiting || packet.has(fragment) {
            return None;
        }
        // RFC 5722 §4, RFC 8200 §4.5: a packet with overlapping fragments is dropped, with all that comes of it yet.
        if end > MAX_LENGTH || packet.overlaps(fragment, end) {
            self.lost.overlapping += u64::from(packet.is_missed());
            self.bytes -= packet.drop();
            return None;
        }
        if packet.pieces.len() >= MAX_FRAGMENTS {
            self.lost.crowded_out += u64::from(packet.is_missed());
            self.bytes -= packet.drop();
            return None;
        }
        self.bytes += packet.add(fragment, end);
        if packet.is_whole() {
            let whole = packet.put_together();
            self.bytes -= packet.finish();
            return Some(whole);
        }
        while self.bytes > MAX_BYTES {
            self.crowd_out();
        }
        None
    }

    /// What was lost until now; at the end of a capture, with what still waits.
    pub fn lost(&self, at_end: bool) -> Lost {
        let waiting = self.packets.iter().filter(|packet| packet.is_missed()).count() as u64;
        Lost { incomplete: self.lost.incomplete + if at_end { waiting } else { 0 }, ..self.lost }
    }

    /// Gives up what has waited too long.
    fn expire(&mut self, now: Timestamp) {
        while let Some(oldest) = self.packets.front()
            && now.since(oldest.since) > PATIENCE
        {
            self.lost.incomplete += u64::from(oldest.is_missed());
            self.remove_oldest();
        }
    }

    /// Gives up the packet that has waited longest.
    fn crowd_out(&mut self) {
        self.lost.crowded_out += u64::from(self.packets.front().is_some_and(Packet::is_missed));
        self.remove_oldest();
    }

    fn remove_oldest(&mut self) {
        if let Some(mut oldest) = self.packets.pop_front() {
            self.bytes -= oldest.drop();
        } else {
            self.bytes = 0;
        }
    }
}

impl Packet {
    fn new(fragment: &Fragment<'_>) -> Self {
        Self {
            key: fragment.key,
            since: fragment.ts,
            is_counted: fragment.is_counted,
            state: State::Waiting,
            pieces: Vec::new(),
            header: Vec::new(),
            len: None,
            wire_len: 0,
        }
    }

    /// Whether it counts where it comes to nothing now.
    fn is_missed(&self) -> bool {
        self.is_counted && self.state == State::Waiting
    }

    /// Whether a fragment with the same place is there.
    fn has(&self, fragment: &Fragment<'_>) -> bool {
        self.pieces.iter().any(|piece| (piece.offset, piece.len) == (fragment.offset, fragment.len))
    }

    /// Whether a fragment holds bytes that others hold, or lies where the packet has ended.
    fn overlaps(&self, fragment: &Fragment<'_>, end: u32) -> bool {
        let meets = |piece: &Piece| fragment.offset < piece.offset + piece.len && piece.offset < end;
        let beyond = match (self.len, fragment.more) {
            (Some(len), true) => end > len,
            (Some(len), false) => end != len,
            (None, true) => false,
            (None, false) => self.pieces.last().is_some_and(|piece| piece.offset + piece.len > end),
        };
        // A fragment without data has no place of its own.
        beyond || fragment.len == 0 || self.pieces.iter().any(meets)
    }

    /// Keeps a fragment: by how many bytes it has grown.
    fn add(&mut self, fragment: &Fragment<'_>, end: u32) -> usize {
        let at = self.pieces.partition_point(|piece| piece.offset < fragment.offset);
        let piece = Piece { offset: fragment.offset, len: fragment.len, data: fragment.data.to_vec() };
        let mut grown = piece.data.len();
        self.pieces.insert(at, piece);
        if fragment.offset == 0 {
            self.header = fragment.header.to_vec();
            grown += self.header.len();
        }
        if !fragment.more {
            self.len = Some(end);
        }
        self.wire_len = self.wire_len.saturating_add(fragment.wire_len);
        grown
    }

    fn is_whole(&self) -> bool {
        let mut next = 0;
        let in_a_row = self.pieces.iter().all(|piece| {
            let fits = piece.offset == next;
            next = piece.offset + piece.len;
            fits
        });
        in_a_row && self.len == Some(next)
    }

    fn put_together(&mut self) -> Whole {
        let mut payload = Vec::new();
        for piece in &self.pieces {
            payload.extend_from_slice(&piece.data);
            if piece.data.len() < piece.len as usize {
                break;
            }
        }
        Whole { header: self.header.clone(), payload, len: self.len.unwrap_or(0), wire_len: self.wire_len }
    }

    /// Lets go of the data: how many bytes they were.
    fn finish(&mut self) -> usize {
        self.state = State::Done;
        let mut freed = std::mem::take(&mut self.header).len();
        for piece in &mut self.pieces {
            freed += std::mem::take(&mut piece.data).len();
        }
        freed
    }

    /// Gives it up: how many bytes it was.
    fn drop(&mut self) -> usize {
        let freed = self.finish();
        self.state = State::Dropped;
        self.pieces = Vec::new();
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: FragmentKey = FragmentKey {
        src: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
        dst: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)),
        id: 7,
        protocol: 6,
    };

    /// The payload of every test's packet.
    fn payload(len: usize) -> Vec<u8> {
        (0..len).map(|at| at as u8).collect()
    }

    /// Bytes `from` to `to` of it.
    fn part(payload: &[u8], from: usize, to: usize) -> Fragment<'_> {
        Fragment {
            key: KEY,
            ts: Timestamp(0),
            offset: from as u32,
            more: to < payload.len(),
            header: b"header",
            data: &payload[from..to],
            len: (to - from) as u32,
            wire_len: 100,
            is_counted: true,
        }
    }

    #[test]
    fn fragments_in_any_order_make_the_packet_once() {
        let payload = payload(3000);
        let parts = [part(&payload, 0, 1480), part(&payload, 1480, 2960), part(&payload, 2960, 3000)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut defragmenter = Defragmenter::default();
            assert!(defragmenter.take(&parts[order[0]]).is_none());
            assert!(defragmenter.take(&parts[order[1]]).is_none());
            let whole = defragmenter.take(&parts[order[2]]).unwrap();
            assert_eq!((whole.payload, whole.len, whole.wire_len), (payload.clone(), 3000, 300));
            assert_eq!((whole.header, defragmenter.bytes), (b"header".to_vec(), 0));
            // A capture that shows each frame twice shows no second packet.
            for fragment in &parts {
                assert!(defragmenter.take(fragment).is_none());
            }
            assert_eq!(defragmenter.lost(true), Lost::default());
        }
    }

    #[test]
    fn the_same_identification_may_come_again_with_another_packet() {
        let (first, second) = (payload(2000), payload(1800));
        let mut defragmenter = Defragmenter::default();
        for payload in [&first, &second] {
            assert!(defragmenter.take(&part(payload, 0, 1480)).is_none() || payload.len() == 1800);
            let rest = defragmenter.take(&part(payload, 1480, payload.len()));
            if payload.len() == 2000 {
                assert!(rest.is_some());
            }
        }
        // With the same first fragment nobody can tell: the second packet is not complete, and that is said.
        assert_eq!(defragmenter.lost(true).incomplete, 1);
        let third = payload(1600);
        assert!(defragmenter.take(&Fragment { len: 1000, data: &third[..1000], ..part(&third, 0, 1000) }).is_none());
    }

    #[test]
    fn overlaps_drop_the_packet_and_all_that_comes_of_it() {
        let payload = payload(3000);
        for (from, to) in [(8, 1488), (0, 8), (1472, 2960), (0, 3000)] {
            let mut defragmenter = Defragmenter::default();
            defragmenter.take(&part(&payload, 0, 1480));
            assert!(defragmenter.take(&part(&payload, from, to)).is_none());
            assert!(defragmenter.take(&part(&payload, 1480, 3000)).is_none(), "{from} {to}");
            assert_eq!(defragmenter.lost(true), Lost { overlapping: 1, ..Lost::default() });
            assert_eq!(defragmenter.bytes, 0);
        }
    }

    #[test]
    fn two_ends_and_packets_beyond_the_longest_are_dropped() {
        let payload = payload(3000);
        let mut defragmenter = Defragmenter::default();
        defragmenter.take(&part(&payload, 1480, 3000));
        defragmenter.take(&Fragment { more: false, ..part(&payload, 0, 1480) });
        assert_eq!(defragmenter.lost(true).overlapping, 1);
        let huge = Fragment { key: FragmentKey { id: 8, ..KEY }, offset: 65_528, ..part(&payload, 0, 1480) };
        assert!(defragmenter.take(&huge).is_none());
        assert_eq!((defragmenter.lost(true).overlapping, defragmenter.bytes), (2, 0));
    }

    #[test]
    fn what_never_completes_is_given_up_after_a_minute() {
        let payload = payload(3000);
        let mut defragmenter = Defragmenter::default();
        defragmenter.take(&part(&payload, 0, 1480));
        assert_eq!(defragmenter.lost(false), Lost::default());
        let later = Fragment { ts: Timestamp(61_000_000_000), ..part(&payload, 1480, 3000) };
        assert!(defragmenter.take(&later).is_none());
        assert_eq!(defragmenter.lost(false).incomplete, 1);
        assert_eq!(defragmenter.lost(true).incomplete, 2);
    }

    #[test]
    fn a_flood_of_fragments_takes_no_more_room_than_there_is() {
        let payload = payload(60_000);
        let mut defragmenter = Defragmenter::default();
        for id in 0..10_000 {
            let key = FragmentKey { id, ..KEY };
            defragmenter.take(&Fragment { key, more: true, ..part(&payload, 0, 59_000) });
            assert!(defragmenter.bytes <= MAX_BYTES && defragmenter.packets.len() <= MAX_PACKETS);
        }
        // Tiny ones of one packet.
        for at in 0..5_000 {
            defragmenter.take(&Fragment { more: true, ..part(&payload, at * 8, at * 8 + 8) });
            assert!(defragmenter.packets.iter().all(|packet| packet.pieces.len() <= MAX_FRAGMENTS));
        }
        assert!(defragmenter.lost(true).crowded_out > 9_000);
    }

    #[test]
    fn a_cut_fragment_cuts_the_packet() {
        let payload = payload(2000);
        let mut defragmenter = Defragmenter::default();
        defragmenter.take(&Fragment { data: &payload[..100], ..part(&payload, 0, 1480) });
        let whole = defragmenter.take(&part(&payload, 1480, 2000)).unwrap();
        assert_eq!((whole.payload.len(), whole.len), (100, 2000));
    }

    proptest! {
        #[test]
        fn no_fragments_make_it_panic_or_grow(
            fragments in prop::collection::vec((0..4_u32, 0..70_000_u32, any::<bool>(), 0..3000_u32, 0..200_i64), 0..400),
        ) {
            let bytes = payload(3000);
            let mut defragmenter = Defragmenter::default();
            for (id, offset, more, len, seconds) in fragments {
                let key = FragmentKey { id, ..KEY };
                let data = &bytes[..(len as usize).min(bytes.len())];
                let ts = Timestamp(seconds * 1_000_000_000);
                let whole = defragmenter.take(&Fragment { key, ts, offset, more, len, data, header: b"h", wire_len: len, is_counted: true });
                prop_assert!(whole.is_none_or(|whole| whole.payload.len() == whole.len as usize));
                let held: usize = defragmenter
                    .packets
                    .iter()
                    .map(|packet| packet.header.len() + packet.pieces.iter().map(|piece| piece.data.len()).sum::<usize>())
                    .sum();
                prop_assert_eq!(held, defragmenter.bytes);
            }
        }
    }
}
