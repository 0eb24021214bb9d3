//! The last segments of all connections, in one ring: what an end said shortly before, at no cost to the connection.
//!
//! Looking back reaches so many frames of the capture and no further, so what it finds does not depend on which other connections
//! share the ring: a tracker of half the connections finds the same.

use std::collections::HashMap;
use std::net::IpAddr;

use prefetch_index::prefetch_index;

use crate::capture::Timestamp;
use crate::dissect::SeqNumber;

use crate::track::Direction;
use crate::track::packed::{Kind, Pack, Packer, Unpacker};

/// A segment that passed, as far as later ones ask for it.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct RecentSegment {
    /// A digest of all that the network does not change on its way.
    pub hash: u64,
    pub ts: Timestamp,
    pub frame: u64,
    /// Where it was captured: an interface, and the link's addresses.
    pub place: u32,
    pub ttl: u8,
    /// Who sent it, and in the last bit whether it carries payload.
    pub host: u16,
    from: Direction,
    flow: u32,
    /// The one of the same end before it.
    before: Cursor,
    /// Its payload's numbers; more of them than the Internet Protocol has room for are not kept.
    seq: SeqNumber,
    payload_len: u16,
    /// The window that it advertised, where `advertises`.
    advertises: bool,
    tsval: u32,
    window: u32,
    edge: i64,
}

impl RecentSegment {
    /// The window that it advertised.
    pub(crate) fn advert(&self) -> Option<Advert> {
        let Self { tsval, edge, window, .. } = *self;
        self.advertises.then_some(Advert { tsval, edge, window })
    }

    /// Whether its payload holds all of these numbers.
    pub(crate) fn holds(&self, seq: SeqNumber, payload_len: u32) -> bool {
        let skipped = i64::from(seq.distance(self.seq));
        skipped >= 0 && skipped + i64::from(payload_len) <= i64::from(self.payload_len)
    }
}

/// A window as it was advertised.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Advert {
    pub tsval: u32,
    pub edge: i64,
    pub window: u32,
}

/// Where an end's newest segment stands in the trail.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::track) struct Cursor(u32);

impl Pack for Cursor {
    fn pack(&self, out: &mut Packer) {
        out.delta(Kind::Mark, self.0.into());
    }

    fn unpack(from: &mut Unpacker) -> Self {
        Self(from.delta(Kind::Mark) as u32)
    }
}

impl Cursor {
    /// There is none.
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// The ring.
#[derive(Debug, Default)]
pub(in crate::track) struct RecentSegments {
    ring: Vec<RecentSegment>,
    /// By the last bits of a hash, the place of the newest segment of it, and by place that of the one before; 0 is nobody's.
    heads: Vec<u16>,
    alike: Vec<u16>,
    /// The number of the newest, from 1; it wraps round.
    newest: u32,
    /// Where what passed before time went back stands in the ring, by its hash, and when that was.
    before: HashMap<u64, u32, foldhash::fast::RandomState>,
    went_back: u64,
}

/// How many segments before its own a place is prefetched.
const PREFETCH_DISTANCE: u32 = 8;

/// Segments at most that are looked at to find one by its hash: what comes again and again is found among its last copies.
const MAX_ALIKE: usize = 64;

/// So many frames back.
pub(in crate::track) const MAX_FRAMES_BACK: u64 = 1 << 16;

const _: () = assert!(size_of::<RecentSegment>() <= 64, "a cache line for each packet");

impl RecentSegment {
    /// Whose it was.
    pub(crate) fn who(&self) -> (u32, Direction) {
        (self.flow, self.from)
    }
}

impl RecentSegments {
    /// Adds a segment of an end behind that end's newest, which it becomes.
    pub(crate) fn add(&mut self, end: &mut Cursor, (flow, from): (u32, Direction), seen: PassingSegment) {
        let PassingSegment { hash, ts, frame, place, ttl, host, seq, payload_len } = seen;
        let (advertises, tsval, window, edge, before) = (false, 0, 0, 0, *end);
        let payload_len = payload_len.min(u16::MAX.into()) as u16;
        let passed = RecentSegment {
            hash,
            ts,
            frame,
            place,
            ttl,
            host,
            from,
            flow,
            before,
            seq,
            payload_len,
            advertises,
            tsval,
            window,
            edge,
        };
        self.newest = self.newest.wrapping_add(1).max(1);
        let at = slot(self.newest);
        match self.ring.get_mut(at) {
            Some(old) => *old = passed,
            None => {
                // The first place is number 0's, which is nobody's.
                self.ring.resize(self.ring.len().max(1), passed);
                self.ring.push(passed);
                self.alike.resize(self.ring.len(), 0);
                self.heads.resize(MAX_FRAMES_BACK as usize, 0);
            }
        }
        if let (Some(head), Some(before)) = (self.heads.get_mut(bucket(hash)), self.alike.get_mut(at)) {
            *before = std::mem::replace(head, at as u16);
        }
        *end = Cursor(self.newest);
        // The ring is larger than a core's cache, and all that is written meanwhile would wait for its next places.
        prefetch_index(&self.ring, slot(self.newest.wrapping_add(PREFETCH_DISTANCE)));
    }

    /// Has an end's newest segment prefetched.
    #[inline]
    pub(crate) fn prefetch(&self, end: Cursor) {
        prefetch_index(&self.ring, slot(end.0));
    }

    /// Time goes back at this frame: what has passed may come again as a block. So many frames later that is noted anew.
    pub(crate) fn go_back(&mut self, frame: u64) {
        if self.went_back != 0 && frame.saturating_sub(self.went_back) < MAX_FRAMES_BACK {
            return;
        }
        self.went_back = frame;
        self.before = self.ring.iter().zip(0..).skip(1).map(|(passed, at)| (passed.hash, at)).collect();
    }

    /// What passed before time went back, and has that hash.
    pub(crate) fn before(&self, hash: u64) -> Option<&RecentSegment> {
        let passed = self.ring.get(*self.before.get(&hash)? as usize)?;
        (passed.hash == hash && passed.frame < self.went_back).then_some(passed)
    }

    /// Notes what an end's newest segment advertises.
    pub(crate) fn advertise(&mut self, end: Cursor, advert: Advert) {
        if let Some(passed) = self.ring.get_mut(slot(end.0)).filter(|_| end.0 == self.newest) {
            let Advert { tsval, edge, window } = advert;
            (passed.advertises, passed.tsval, passed.edge, passed.window) = (true, tsval, edge, window);
        }
    }

    /// The last segments of all, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &RecentSegment> {
        let kept = (self.ring.len() as u32).saturating_sub(1).min(self.newest);
        (0..kept).filter_map(|back| self.ring.get(slot(self.newest.wrapping_sub(back))))
    }

    /// The last segments of an end that have this hash, at frame `now`, newest first.
    pub(crate) fn alike(&self, hash: u64, who: (u32, Direction), now: u64) -> impl Iterator<Item = &RecentSegment> {
        let mut at = self.heads.get(bucket(hash)).copied().unwrap_or(0);
        let mut least = 0;
        let chain = std::iter::from_fn(move || {
            // A place that was taken since leads to younger ones.
            let age = slot(self.newest.wrapping_sub(at.into()));
            if at == 0 || age < least {
                return None;
            }
            let (passed, before) = (self.ring.get(usize::from(at))?, self.alike.get(usize::from(at))?);
            (at, least) = (*before, age + 1);
            Some(passed)
        });
        let is_near = move |passed: &RecentSegment| now.wrapping_sub(passed.frame) < MAX_FRAMES_BACK;
        chain.take(MAX_ALIKE).filter(move |passed| passed.hash == hash && passed.who() == who && is_near(passed))
    }

    /// The last segments of an end, at frame `now`, newest first.
    pub(crate) fn back(&self, end: Cursor, who: (u32, Direction), now: u64) -> impl Iterator<Item = &RecentSegment> {
        let (mut at, mut least) = (end, 0);
        std::iter::from_fn(move || {
            // Its place may have been taken since.
            let age = u64::from(self.newest.wrapping_sub(at.0));
            if at.is_none() || age < least || age >= MAX_FRAMES_BACK {
                return None;
            }
            let passed = self.ring.get(slot(at.0))?;
            let same = (passed.flow, passed.from) == who && now.wrapping_sub(passed.frame) < MAX_FRAMES_BACK;
            (at, least) = (passed.before, age + 1);
            same.then_some(passed)
        })
    }
}

/// What there is to say of a segment that passes.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct PassingSegment {
    pub hash: u64,
    pub ts: Timestamp,
    pub frame: u64,
    pub place: u32,
    pub ttl: u8,
    pub host: u16,
    pub seq: SeqNumber,
    pub payload_len: u32,
}

/// What tells hosts apart, most of them; the last bit is free.
#[inline]
pub(in crate::track) fn host_mark(addr: IpAddr) -> u16 {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let number = match addr {
        IpAddr::V4(addr) => u64::from(addr.to_bits()),
        IpAddr::V6(addr) => (addr.to_bits() >> 64) as u64 ^ (addr.to_bits() as u64).rotate_left(32),
    };
    (number.wrapping_mul(SPREAD) >> 48) as u16 & !1
}

fn slot(number: u32) -> usize {
    number as usize & (MAX_FRAMES_BACK as usize - 1)
}

fn bucket(hash: u64) -> usize {
    hash as usize & (MAX_FRAMES_BACK as usize - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(frame: u64) -> PassingSegment {
        PassingSegment {
            hash: frame,
            ts: Timestamp(0),
            frame,
            place: 0,
            ttl: 64,
            host: 0,
            seq: SeqNumber(0),
            payload_len: 0,
        }
    }

    #[test]
    fn an_end_finds_its_own_segments_among_those_of_others() {
        let (mut recent, mut mine, mut other) = (RecentSegments::default(), Cursor::default(), Cursor::default());
        let (me, you) = ((1, Direction::FromOriginator), (1, Direction::FromResponder));
        for frame in 1..=10 {
            recent.add(&mut mine, me, seen(2 * frame));
            recent.add(&mut other, you, seen(2 * frame + 1));
        }
        let back: Vec<u64> = recent.back(mine, me, 21).map(|passed| passed.frame).collect();
        assert_eq!(back, [20, 18, 16, 14, 12, 10, 8, 6, 4, 2]);
    }

    #[test]
    fn a_segment_is_found_by_its_hash_among_those_of_its_end() {
        let (mut recent, mut mine, mut other) = (RecentSegments::default(), Cursor::default(), Cursor::default());
        let (me, you) = ((1, Direction::FromOriginator), (1, Direction::FromResponder));
        let again = |frame| PassingSegment { hash: 7, ..seen(frame) };
        recent.add(&mut mine, me, again(1));
        recent.add(&mut other, you, again(2));
        for frame in 3..=1_000 {
            // Some of them in the same bucket.
            recent.add(&mut mine, me, PassingSegment { hash: frame << 14 | 7, ..seen(frame) });
        }
        recent.add(&mut mine, me, again(1_001));
        let found: Vec<u64> = recent.alike(7, me, 1_001).map(|passed| passed.frame).collect();
        assert_eq!(found, [1_001]);
        let found: Vec<u64> = recent.alike(7 | 999 << 14, me, 1_001).map(|passed| passed.frame).collect();
        assert_eq!(found, [999]);
        for frame in 0..2 * MAX_FRAMES_BACK {
            recent.add(&mut other, you, PassingSegment { hash: frame * 3, ..seen(2_000 + frame) });
        }
        assert_eq!(recent.alike(7, me, 1_999 + 2 * MAX_FRAMES_BACK).count(), 0);
    }

    #[test]
    fn it_reaches_so_far_back_and_grows_no_further() {
        let (mut recent, mut mine, mut other) = (RecentSegments::default(), Cursor::default(), Cursor::default());
        let (me, you) = ((1, Direction::FromOriginator), (2, Direction::FromOriginator));
        recent.add(&mut mine, me, seen(1));
        for frame in 2..MAX_FRAMES_BACK + 1 {
            recent.add(&mut other, you, seen(frame));
        }
        assert_eq!(recent.back(mine, me, MAX_FRAMES_BACK).count(), 1);
        for frame in MAX_FRAMES_BACK + 1..=3 * MAX_FRAMES_BACK {
            recent.add(&mut other, you, seen(frame));
        }
        assert_eq!(recent.back(mine, me, 3 * MAX_FRAMES_BACK).count(), 0);
        assert_eq!(recent.back(other, you, 3 * MAX_FRAMES_BACK).count() as u64, MAX_FRAMES_BACK);
        assert_eq!(recent.ring.len() as u64, MAX_FRAMES_BACK);
    }
}
