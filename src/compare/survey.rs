//! A first look at two captures: whether they show the same traffic, when, and by which clocks.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::fast::FixedState;

use crate::capture::{Span, Timestamp};
use crate::dissect::{Segment, TcpFlags};

use super::agreed::{Agreed, ENOUGH};
use super::clock::{Both, consistent};
use super::sketch::{Sampled, Sketch};
use super::{Clock, Side, Way};

/// One capture, looked at as a whole; in memory of fixed size.
#[derive(Debug, Default)]
pub struct Survey {
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    segments: u64,
    lossy: bool,
    short: u64,
    payloads_alone: bool,
    /// By sequence and acknowledgment number.
    numbered: Sketch,
    /// By timestamps and content, where something has changed the numbers.
    content: Sketch,
}

/// What two captures have to do with each other.
#[derive(Debug)]
pub enum Relation {
    /// They show the same packets.
    Path(Overlap),
    /// One ended before the other began.
    Apart(Side, Span),
    /// They show the same packets, but by clocks of which one was set meanwhile: by how much, and when, by A's.
    Stepped(Span, Timestamp),
    /// Nothing that one shows is in the other.
    Different,
}

/// What is known of two captures before their packets are paired.
#[derive(Clone, Debug)]
pub struct Overlap {
    /// B's clock.
    pub clock: Clock,
    /// First and last packet of each, by A's clock.
    pub spans: [(Timestamp, Timestamp); 2],
    /// On whose side a host is, as A knows the hosts.
    pub hosts: BTreeMap<IpAddr, Side>,
    /// Which of them say that they have lost packets.
    pub lossy: [bool; 2],
    /// How many frames of each end before TCP's header and options do.
    pub short: [u64; 2],
    /// What tells a connection that is between other ends in the other capture.
    pub telltale: Telltale,
}

/// What tells a packet between other ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Telltale {
    /// Its numbers, which come as they were sent.
    Numbers,
    /// Where these are others, its payload and its timestamps.
    Content,
    /// Where these are others too, its payload alone.
    Payload,
}

impl Survey {
    /// One that tells packets by what they hold and nothing else: of some firewalls timestamps come changed, too.
    pub fn of_payloads() -> Self {
        Self { payloads_alone: true, ..Self::default() }
    }

    /// Takes any packet.
    #[inline]
    pub fn packet(&mut self, ts: Timestamp) {
        self.first = Some(self.first.map_or(ts, |first| first.min(ts)));
        self.last = Some(self.last.map_or(ts, |last| last.max(ts)));
    }

    /// Takes a segment, besides the packet that it came in.
    #[inline]
    pub fn segment(&mut self, segment: &Segment) {
        self.segments += 1;
        self.short += u64::from(segment.options.cut);
        let mark = if self.payloads_alone {
            payload(segment)
        } else {
            self.numbered.add(numbers(segment), segment);
            content(segment)
        };
        if let Some(mark) = mark {
            self.content.add(mark, segment);
        }
    }

    /// A frame ends before TCP's header does.
    pub fn cut(&mut self) {
        self.short += 1;
    }

    /// The capture says that it has lost packets.
    pub fn lost_frames(&mut self) {
        self.lossy = true;
    }

    /// When it began.
    pub fn first(&self) -> Option<Timestamp> {
        self.first
    }

    /// TCP segments in it.
    pub fn segments(&self) -> u64 {
        self.segments
    }

    /// What this capture, A, and another have to do with each other.
    pub fn relation(&self, b: &Self) -> Relation {
        let sketches = [(&self.numbered, &b.numbered), (&self.content, &b.content)];
        let told = |told_apart| {
            let mut agreed = sketches.iter().filter_map(|(a, b)| {
                let (possible, both) = a.shared(b, told_apart);
                Agreed::new(possible, &both)
            });
            // Where one end's numbers are rewritten alone, SYNs of the other still agree, and show one direction.
            let first = agreed.next()?;
            if first.goes_both_ways() {
                return Some(first);
            }
            Some(agreed.find(Agreed::goes_both_ways).unwrap_or(first))
        };
        // Of traffic that is played again and again no packet can be told from all others: then the first of each have to do.
        let agreed = told(true).or_else(|| told(false));
        let (Some(Agreed { both, step }), Some(start)) = (agreed, b.first) else { return self.apart(b) };
        if let Some((step, when)) = step {
            return Relation::Stepped(step, when);
        }
        let hosts = hosts(&both);
        let both = match consistent(ways(&both, &hosts)) {
            Ok(both) => both,
            Err((step, when)) => return Relation::Stepped(step, when),
        };
        let Some(clock) = Clock::fit(start, &both) else { return self.apart(b) };
        let spans = [self, b].map(|survey| survey.first.zip(survey.last).unwrap_or_default());
        let [a, (first, last)] = spans;
        Relation::Path(Overlap {
            clock,
            spans: [a, (clock.by_a(first), clock.by_a(last))],
            hosts,
            lossy: [self.lossy, b.lossy],
            short: [self.short, b.short],
            telltale: self.telltale(b),
        })
    }

    /// What tells a connection between other ends: its numbers, unless some of what both show by its content has others.
    fn telltale(&self, b: &Self) -> Telltale {
        if self.payloads_alone {
            return Telltale::Payload;
        }
        let (possible, both) = self.content.shared(&b.content, true);
        let both = Agreed::new(possible, &both).map_or(Vec::new(), |agreed| agreed.both);
        let known = both.iter().filter_map(|(a, b)| a.numbers.zip(b.numbers));
        // What the other capture shows by its own numbers is a packet of equal content, and has kept them.
        let [in_a, in_b] = [&self.numbered, &b.numbered].map(Sketch::all_numbers);
        let moved = |(a, b): (u32, u32)| a != b && !in_b.contains(&a) && !in_a.contains(&b);
        let (mut all, mut renumbered) = (0, 0);
        known.for_each(|numbers| (all, renumbered) = (all + 1, renumbered + usize::from(moved(numbers))));
        // A few may be of equal content by chance.
        if renumbered < ENOUGH.max(all / 20) { Telltale::Numbers } else { Telltale::Content }
    }

    /// Nothing is in both: whether that is for want of time.
    fn apart(&self, b: &Self) -> Relation {
        let (Some((a_first, a_last)), Some((b_first, b_last))) = (self.first.zip(self.last), b.first.zip(b.last))
        else {
            return Relation::Different;
        };
        if a_last < b_first {
            Relation::Apart(Side::A, b_first.since(a_last))
        } else if b_last < a_first {
            Relation::Apart(Side::B, a_first.since(b_last))
        } else {
            Relation::Different
        }
    }
}

/// What a packet is told by where nothing between changes TCP's numbers: the address translator does not, and segmentation
/// offload keeps where a segment begins.
#[inline]
fn numbers(segment: &Segment) -> u64 {
    let flags = segment.flags.0 & TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::RST).with(TcpFlags::ACK).0;
    let ack = segment.ack.map_or(0, |ack| ack.0);
    hash((segment.seq.0, ack, flags, segment.payload_len > 0))
}

/// What a packet is told by where something between has changed the numbers.
#[inline]
fn content(segment: &Segment) -> Option<u64> {
    let digest = segment.payload_digest.filter(|_| segment.payload_len >= 16);
    let times = segment.options.timestamps;
    (digest.is_some() || times.is_some()).then(|| hash((times, digest, segment.payload_len, segment.window)))
}

/// What a packet is told by where something between has changed the timestamps as well.
fn payload(segment: &Segment) -> Option<u64> {
    let digest = segment.payload_digest.filter(|_| segment.payload_len > 32);
    digest.map(|digest| hash((digest, segment.payload_len)))
}

/// The same in every run: what comes of a sample must not depend on chance.
#[inline]
fn hash(facts: impl std::hash::Hash) -> u64 {
    FixedState::with_seed(0).hash_one(facts)
}

/// On whose side each host is. What a host sends reaches B later than A if it is on A's side, and what it gets reaches A later:
/// of two packets close to each other one each way, the first shows the larger difference then. Where one direction alone was
/// captured, routers on the way show in the time to live.
fn hosts(both: &[(Sampled, Sampled)]) -> BTreeMap<IpAddr, Side> {
    let mut seen: BTreeMap<IpAddr, Votes> = BTreeMap::new();
    for (a, b) in both {
        let ahead = b.ts.since(a.ts).0;
        let hops = i64::from(a.ttl) - i64::from(b.ttl);
        for (host, sends) in [(a.src, true), (a.dst, false)] {
            let votes = seen.entry(host).or_default();
            votes.last[usize::from(sends)] = Some(ahead);
            if let [Some(gets), Some(sends)] = votes.last {
                votes.by_time += sends.saturating_sub(gets).signum();
            }
            votes.by_hops += if sends { hops.signum() } else { -hops.signum() };
        }
    }
    let both_ways = seen.values().any(|votes| votes.last.iter().all(Option::is_some));
    let sides: BTreeMap<_, _> =
        seen.into_iter().filter_map(|(host, votes)| votes.side().map(|side| (host, side))).collect();
    match both.first() {
        // At one point no packet is late in either direction: any side will do.
        Some((a, _)) if sides.is_empty() && both_ways => BTreeMap::from([(a.src, Side::A), (a.dst, Side::B)]),
        _ => sides,
    }
}

/// What speaks for a host being on A's side, or, below zero, on B's.
#[derive(Default)]
struct Votes {
    /// How far B was ahead with the last packet that the host got, and with the last one that it sent.
    last: [Option<i64>; 2],
    by_time: i64,
    by_hops: i64,
}

impl Votes {
    fn side(&self) -> Option<Side> {
        let votes = if self.by_time == 0 { self.by_hops } else { self.by_time };
        match votes {
            0 => None,
            1.. => Some(Side::A),
            _ => Some(Side::B),
        }
    }
}

/// The packets with the way that each went; those of which that is not known are left out.
fn ways(both: &[(Sampled, Sampled)], hosts: &BTreeMap<IpAddr, Side>) -> Vec<Both> {
    // Where nothing tells, they count for one way, and that bounds the clock on one side only.
    let unknown = hosts.is_empty().then_some(Side::A);
    let of = |(a, b): &(Sampled, Sampled)| {
        let side = hosts.get(&a.src).copied().or_else(|| hosts.get(&a.dst).map(|side| side.other()));
        side.or(unknown).map(|side| Both { a: a.ts, b: b.ts, way: Way::from(side) })
    };
    both.iter().filter_map(of).collect()
}
