//! What one segment did.

use crate::capture::Span;
use crate::rules::Rule;

use crate::track::packed::{Pack, Packer, Unpacker, packed_enum};
use crate::track::{Direction, Finding, TcpState};

/// What one segment did to its connection. Reused from segment to segment.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// The connection's number, from 1, by first packet; 0 when the segment belongs to none (a header that cannot be read).
    pub flow: u32,
    /// Which way it went.
    pub direction: Option<Direction>,
    /// The SYN was seen, so who is client is known and not guessed from the ports.
    pub client_known: bool,
    /// Both ends' states before it.
    pub before: States,
    /// Both ends' states after it was sent and has arrived.
    pub after: States,
    /// What it did, in the first place.
    pub effect: SegmentEffect,
    /// First sequence number, relative to the ISN (mid-stream as tcpdump counts: the first byte seen is 0), unwrapped to 64 bits.
    pub seq: i64,
    /// The sequence number behind its payload (SYN and FIN not counted, as tcpdump does).
    pub seq_end: i64,
    /// Relative acknowledgment number.
    pub ack: Option<i64>,
    /// The window in bytes, where the scale is known.
    pub window_bytes: Option<u64>,
    /// Bytes sent this way and not yet acknowledged, this segment included.
    pub in_flight: u64,
    /// What it newly acknowledges.
    pub acked: Option<Acked>,
    /// The frames that this covers, in order; only the last ones when there are very many.
    pub acked_frames: Vec<u64>,
    /// The bytes missing before it: half-open.
    pub gap: Option<(i64, i64)>,
    /// The frame that opened the gap which this segment fills.
    pub fills_gap_of: Option<u64>,
    /// Bytes of it that were seen before.
    pub retransmitted_bytes: u64,
    /// Annotations.
    pub notes: Vec<Note>,
    /// Rules that fired on it.
    pub findings: Vec<Finding>,
    /// What is said of it may change: an [`Amend`](crate::track::Amend) settles it if it does.
    pub provisional: bool,
}

impl Observation {
    /// Whether its acknowledgment is a duplicate (RFC 5681 §2).
    pub fn is_duplicate_ack(&self) -> bool {
        self.findings.iter().any(|finding| matches!(finding.rule, Rule::DuplicateAck | Rule::TripleDuplicateAck))
    }

    /// Whether it carries bytes that its sender had sent before.
    pub(in crate::track) fn is_retransmission(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| (Rule::Retransmission..=Rule::SpuriousRetransmission).contains(&finding.rule))
    }

    /// Empties it for the next segment, and keeps its room.
    pub(in crate::track) fn clear(&mut self) {
        let Self {
            flow,
            direction,
            client_known,
            before,
            after,
            effect,
            seq,
            seq_end,
            ack,
            window_bytes,
            in_flight,
            acked,
            acked_frames,
            gap,
            fills_gap_of,
            retransmitted_bytes,
            notes,
            findings,
            provisional,
        } = self;
        (*flow, *direction, *client_known) = Default::default();
        (*before, *after, *effect) = Default::default();
        (*seq, *seq_end, *ack, *window_bytes, *in_flight) = Default::default();
        (*acked, *gap, *fills_gap_of, *retransmitted_bytes, *provisional) = Default::default();
        acked_frames.clear();
        notes.clear();
        findings.clear();
    }
}

/// Both ends' states.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct States {
    /// The client's.
    pub client: TcpState,
    /// The server's.
    pub server: TcpState,
}

impl Pack for States {
    fn pack(&self, out: &mut Packer) {
        (self.client as u8 | (self.server as u8) << 4).pack(out);
    }

    fn unpack(from: &mut Unpacker) -> Self {
        let both = u8::unpack(from);
        let state = |at: u8| TcpState::ALL[usize::from(at)];
        Self { client: state(both & 15), server: state(both >> 4) }
    }
}

/// What an acknowledgment newly covers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Acked {
    /// Payload bytes.
    pub bytes: u64,
    /// It covers the other side's SYN.
    pub syn: bool,
    /// It covers the other side's FIN.
    pub fin: bool,
    /// Time since the newest of them was sent; none when that was sent twice.
    // RFC 6298 §3: "RTT samples MUST NOT be made using segments that were retransmitted" (Karn).
    pub rtt: Option<Span>,
}

/// What a segment did in the first place.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SegmentEffect {
    /// Nothing that the others name; a bare acknowledgment.
    #[default]
    Acks,
    /// Opens: a SYN.
    Opens,
    /// Opens from the other side too: SYN crosses SYN.
    OpensToo,
    /// The same SYN or SYN+ACK again.
    OpensAgain,
    /// Accepts: a SYN+ACK.
    Accepts,
    /// Completes the handshake.
    Establishes,
    /// Carries data.
    Data,
    /// Closes its direction: a FIN, perhaps with data.
    Closes,
    /// The same FIN again.
    ClosesAgain,
    /// Resets.
    Resets,
    /// Cannot belong to the connection as it stands.
    Stray,
    /// Carries data that its receiver has no window for, so far as windows were captured.
    Outside,
    /// The packet of that frame, seen once more: it is left out of everything.
    Copy(u64),
}

/// An annotation: something normal with a name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Note {
    /// A keep-alive probe.
    KeepAlive,
    /// Its answer.
    KeepAliveAck,
    /// A zero-window probe.
    ZeroWindowProbe,
    /// Its answer.
    ZeroWindowProbeAck,
    /// The same acknowledgment with another window.
    WindowUpdate,
}

packed_enum!(
    Note,
    [Note::KeepAlive, Note::KeepAliveAck, Note::ZeroWindowProbe, Note::ZeroWindowProbeAck, Note::WindowUpdate]
);

impl Note {
    /// The slug that reports write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeepAlive => "keep-alive",
            Self::KeepAliveAck => "keep-alive-ack",
            Self::ZeroWindowProbe => "zero-window-probe",
            Self::ZeroWindowProbeAck => "zero-window-probe-ack",
            Self::WindowUpdate => "window-update",
        }
    }
}
