//! Zeek's view of a connection: `conn_state` and `history`, by Zeek's own rules, which are not RFC 9293's.
//!
//! Zeek's states are about what each end has sent; a SYN+ACK alone establishes both ends, and a FIN need not be acknowledged.

use arrayvec::ArrayString;

use crate::dissect::{Segment, TcpFlags};

use crate::track::Direction;
use crate::track::conn::rare::{Rare, RareState};
use crate::track::packed::{packed, packed_enum};

/// Zeek's endpoint states.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Activity {
    #[default]
    Inactive,
    Partial,
    SynSent,
    SynAckSent,
    Established,
    Closed,
    Reset,
}

packed_enum!(
    Activity,
    [
        Activity::Inactive,
        Activity::Partial,
        Activity::SynSent,
        Activity::SynAckSent,
        Activity::Established,
        Activity::Closed,
        Activity::Reset,
    ]
);

/// One end as Zeek sees it.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    activity: Activity,
    /// It was closed before it reset.
    was_closed: bool,
}

packed!(End { activity, was_closed });

/// What few connections need: how often each end did what is out of the ordinary, and letters for which there is no room elsewhere.
#[derive(Debug, Default)]
struct Unusual {
    corrupt: [u32; 2],
    gaps: [u32; 2],
    repeats: [u32; 2],
    zero_windows: [u32; 2],
    /// Sequence number of each end's first SYN, in 32 bits as in the header: relative ones are 0.
    syn: [u32; 2],
    letters: ArrayString<MORE_LETTERS>,
}

packed!(Unusual { corrupt, gaps, repeats, zero_windows, syn, letters });

static NOTHING_UNUSUAL: Unusual = Unusual {
    corrupt: [0; 2],
    gaps: [0; 2],
    repeats: [0; 2],
    zero_windows: [0; 2],
    syn: [0; 2],
    letters: ArrayString::new_const(),
};

impl RareState for Unusual {
    const NONE: &'static Self = &NOTHING_UNUSUAL;

    fn is_unused(&self) -> bool {
        let Self { corrupt, gaps, repeats, zero_windows, syn, letters } = self;
        let counted = [corrupt, gaps, repeats, zero_windows, syn].into_iter().any(|counts| *counts != [0; 2]);
        !counted && letters.is_empty()
    }
}

/// A healthy history has about ten letters; one that is full says nothing more.
const LETTERS: usize = 12;
const MORE_LETTERS: usize = 46 - LETTERS;

const SYN: u8 = 1;
const FIN: u8 = 2;
const RST: u8 = 4;
const DATA: u8 = 8;
const ACK: u8 = 16;
const MULTI: u8 = 32;

/// What the tracker knows of a segment that the letters depend on.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct HistorySegment {
    pub from: Direction,
    /// Relative sequence number.
    pub seq: i64,
    /// It carries payload, all of it below the highest number sent.
    pub repeats: bool,
    pub zero_window: bool,
    pub corrupt: bool,
}

/// The letters and the state of one connection.
#[repr(C)]
#[derive(Debug, Default)]
pub(in crate::track) struct History {
    /// Letters that each end writes once: asked for with every segment.
    once: [u8; 2],
    ends: [End; 2],
    letters: ArrayString<LETTERS>,
    /// Sequence number of each end's first FIN and first RST, in 32 bits as in the header.
    fins: [u32; 2],
    resets: [u32; 2],
    unusual: Rare<Unusual>,
}

packed!(History { once, ends, letters, fins, resets, unusual });

impl History {
    /// Takes one segment.
    pub(crate) fn observe(&mut self, segment: &Segment, seen: HistorySegment) {
        let (me, peer) = match seen.from {
            Direction::FromOriginator => (0, 1),
            Direction::FromResponder => (1, 0),
        };
        if seen.corrupt {
            let count = &mut self.unusual.corrupt[me];
            *count += 1;
            let letter = scaled(*count).then_some('C');
            return self.write(me, letter);
        }
        if self.letters.is_empty() && segment.flags.is_syn_ack() {
            // Zeek takes the sender for the originator at first, and turns the roles round.
            self.push('^');
        }
        self.write_flags(me, segment, seen.seq);
        let (own, other) = (self.ends[me].activity, self.ends[peer].activity);
        // A zero window means nothing with or after a RST, nor once the peer has sent its FIN.
        if seen.zero_window && own != Activity::Reset && other != Activity::Closed {
            self.unusual.zero_windows[me] += 1;
            let letter = scaled(self.unusual.zero_windows[me]).then_some('W');
            self.write(me, letter);
        }
        if seen.repeats && own != Activity::Reset && own != Activity::Inactive {
            self.unusual.repeats[me] += 1;
            let letter = scaled(self.unusual.repeats[me]).then_some('T');
            self.write(me, letter);
        }
        self.advance(me, peer, segment.flags, seen.from);
    }

    /// Takes a segment between open ends that carries new data, or a bare acknowledgment.
    pub(crate) fn plain(&mut self, me: usize, data: bool) {
        let (bit, letter) = if data { (DATA, 'D') } else { (ACK, 'A') };
        self.write_once(me, bit, letter);
    }

    /// Bytes of `from` were acknowledged that were never captured. Zeek says so only between established ends.
    pub(crate) fn gap(&mut self, from: Direction) {
        let me = usize::from(from == Direction::FromResponder);
        let open = |end: &End| matches!(end.activity, Activity::Established | Activity::Closed);
        if self.ends.iter().all(open) {
            self.unusual.gaps[me] += 1;
            let letter = scaled(self.unusual.gaps[me]).then_some('G');
            self.write(me, letter);
        }
    }

    fn write_flags(&mut self, me: usize, segment: &Segment, seq: i64) {
        let flags = segment.flags;
        let (syn, fin, rst) =
            (flags.contains(TcpFlags::SYN), flags.contains(TcpFlags::FIN), flags.contains(TcpFlags::RST));
        match (syn, fin, rst) {
            (false, true, true) => self.write_once(me, MULTI, 'I'),
            (true, true, _) | (true, _, true) => self.write_once(me, MULTI, 'Q'),
            (true, false, false) => {
                let letter = if flags.contains(TcpFlags::ACK) { 'H' } else { 'S' };
                let first = self.write_changed(me, SYN, letter, self.unusual.syn[me], seq);
                if first != 0 {
                    self.unusual.syn[me] = first;
                }
            }
            (false, true, false) => {
                let seq = seq + i64::from(segment.payload_len);
                self.fins[me] = self.write_changed(me, FIN, 'F', self.fins[me], seq);
            }
            (false, false, true) => self.resets[me] = self.write_changed(me, RST, 'R', self.resets[me], seq),
            (false, false, false) if segment.payload_len > 0 => self.write_once(me, DATA, 'D'),
            (false, false, false) if flags.contains(TcpFlags::ACK) => self.write_once(me, ACK, 'A'),
            _ => {}
        }
    }

    fn advance(&mut self, me: usize, peer: usize, flags: TcpFlags, from: Direction) {
        use Activity::{Closed, Established, Inactive, Partial, Reset, SynAckSent, SynSent};
        let (syn, fin, rst) =
            (flags.contains(TcpFlags::SYN), flags.contains(TcpFlags::FIN), flags.contains(TcpFlags::RST));
        let [mine, theirs] = [self.ends[me].activity, self.ends[peer].activity];
        let mut next = mine;
        match mine {
            Inactive => {
                if syn && from == Direction::FromOriginator {
                    next = if flags.contains(TcpFlags::ACK) { SynAckSent } else { SynSent };
                } else if syn {
                    if flags.contains(TcpFlags::ACK) && theirs == SynSent {
                        self.ends[peer].activity = Established;
                    }
                    next = Established;
                } else if from == Direction::FromOriginator && theirs == Established {
                    // Its SYN was not seen, but the answer to it was.
                    next = Established;
                } else {
                    next = Partial;
                }
                next = if rst {
                    Reset
                } else if fin {
                    Closed
                } else {
                    next
                };
            }
            SynSent | SynAckSent | Established | Partial => {
                if rst {
                    next = Reset;
                } else if fin {
                    next = Closed;
                    // A FIN, then a RST of the peer, then this FIN: that was a normal end after all.
                    if theirs == Reset && self.ends[peer].was_closed {
                        self.ends[peer].activity = Closed;
                    }
                }
            }
            Closed if rst && theirs != Closed => {
                self.ends[me].was_closed = true;
                next = Reset;
            }
            Closed | Reset => {}
        }
        self.ends[me].activity = next;
    }

    /// Zeek's `conn_state`, given whether any payload was sent.
    pub(crate) fn conn_state(&self, payload: bool) -> &'static str {
        use Activity::{Closed, Established, Inactive, Partial, Reset, SynAckSent, SynSent};
        let [orig, resp] = [self.ends[0].activity, self.ends[1].activity];
        let inactive = |activity| matches!(activity, Inactive | Partial);
        match (orig, resp) {
            (SynSent | SynAckSent, Reset) => "REJ",
            (Reset, Reset) if !payload => "REJ",
            (_, Reset) if inactive(orig) => "RSTRH",
            (_, Reset) => "RSTR",
            (Reset, _) if inactive(resp) && self.syn_then_reset() => "RSTOS0",
            (Reset, _) if inactive(resp) => "OTH",
            (Reset, _) => "RSTO",
            (Closed, Closed) => "SF",
            (Closed, _) if inactive(resp) => "SH",
            (Closed, _) => "S2",
            (_, Closed) if inactive(orig) => "SHR",
            (_, Closed) => "S3",
            (SynSent, Inactive) => "S0",
            (Established, Established) => "S1",
            _ => "OTH",
        }
    }

    /// The letters so far.
    pub(crate) fn letters(&self) -> String {
        [self.letters.as_str(), self.unusual.letters.as_str()].concat()
    }

    /// `^?S[^HAFGIQ]*R`: nothing but SYNs before the originator's RST.
    fn syn_then_reset(&self) -> bool {
        let letters = self.letters();
        let letters = letters.trim_start_matches('^');
        letters
            .strip_prefix('S')
            .and_then(|rest| rest.split_once('R'))
            .is_some_and(|(between, _)| !between.contains(['H', 'A', 'F', 'G', 'I', 'Q']))
    }

    fn write_once(&mut self, me: usize, bit: u8, letter: char) {
        if self.once[me] & bit == 0 {
            self.once[me] |= bit;
            self.write(me, Some(letter));
        }
    }

    /// Writes a letter once, and again for each number other than the first, which it returns.
    fn write_changed(&mut self, me: usize, bit: u8, letter: char, first: u32, seq: i64) -> u32 {
        let is_first = self.once[me] & bit == 0;
        self.once[me] |= bit;
        if is_first || first != seq as u32 {
            self.write(me, Some(letter));
        }
        if is_first { seq as u32 } else { first }
    }

    fn write(&mut self, me: usize, letter: Option<char>) {
        if let Some(letter) = letter {
            self.push(if me == 0 { letter } else { letter.to_ascii_lowercase() });
        }
    }

    /// Appends a letter.
    fn push(&mut self, letter: char) {
        if self.letters.try_push(letter).is_err() && self.unusual.letters.len() < MORE_LETTERS {
            let _ = self.unusual.letters.try_push(letter);
        }
    }
}

/// Zeek writes the 1st, 10th, 100th … of a kind.
fn scaled(count: u32) -> bool {
    count == 10u32.saturating_pow(count.ilog10())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_at_powers_of_ten() {
        let written: Vec<u32> = (1..=1_000).filter(|n| scaled(*n)).collect();
        assert_eq!(written, [1, 10, 100, 1_000]);
    }
}
