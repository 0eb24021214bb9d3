//! A connection in numbers, once it has ended.

use crate::capture::{Span, Timestamp};
use crate::dissect::Socket;
use crate::rules::{Rule, Severity};

use crate::track::RttSummary;
use crate::track::{Diagnosis, ExchangeSummary, LimitedBy, States};

/// All that reports say of a connection as a whole.
#[derive(Clone, Debug)]
pub struct FlowRecord {
    /// Number, from 1, by first packet.
    pub number: u32,
    /// The client, or who is taken for it.
    pub client: Socket,
    /// The server.
    pub server: Socket,
    /// The SYN was seen.
    pub client_known: bool,
    /// How it went.
    pub outcome: Outcome,
    /// First and last segment's time, and the first's frame.
    pub first_ts: Timestamp,
    /// Time of the last segment.
    pub last_ts: Timestamp,
    /// Frame of the first segment.
    pub first_frame: u64,
    /// Frame of the last segment.
    pub last_frame: u64,
    /// SYN to the acknowledgment of the SYN+ACK.
    pub handshake: Option<Span>,
    /// Round trips measured from data and SYNs to what acknowledges them.
    pub rtt: Option<RttSummary>,
    /// Both ends' last states.
    pub states: States,
    /// Zeek's `conn_state`.
    pub conn_state: &'static str,
    /// Zeek's `history`.
    pub history: String,
    /// Its requests and answers; none where the client sent no data.
    pub exchanges: Option<ExchangeSummary>,
    /// Whose doing it was.
    pub diagnosis: Diagnosis,
    /// What held it back; nothing where it took no time or only one side was captured.
    pub limited_by: Option<LimitedBy>,
    /// The longest time without any segment.
    pub longest_idle: Span,
    /// Client to server.
    pub c2s: DirectionStats,
    /// Server to client.
    pub s2c: DirectionStats,
    /// What was found, with counts, in the catalogue's order.
    pub findings: Vec<(Rule, u32)>,
    /// Of these, findings whose severity is not their rule's own.
    pub regraded: Vec<(Rule, Severity, u32)>,
}

/// How a connection went.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// FIN from both sides.
    Closed,
    /// Nothing answered the SYN.
    NoAnswer,
    /// A RST answered the SYN.
    Refused,
    /// The client reset it.
    ResetByClient,
    /// The server reset it.
    ResetByServer,
    /// FIN from one side only.
    HalfClosed,
    /// Still open when the capture ended or the connection was forgotten.
    Open,
    /// Began before the capture, and neither closed nor reset in it.
    MidStream,
}

impl FlowRecord {
    /// First to last segment.
    pub fn duration(&self) -> Span {
        self.last_ts.since(self.first_ts)
    }

    /// Its findings, counted by rule and by the severity that each has.
    pub fn graded(&self) -> impl Iterator<Item = (Rule, Severity, u32)> {
        let regraded = self.regraded.iter().copied();
        let own = self.findings.iter().map(|(rule, count)| {
            let others = self.regraded.iter().filter(|(other, ..)| other == rule).map(|(.., count)| count).sum();
            (*rule, rule.severity(), count.saturating_sub(others))
        });
        regraded.chain(own).filter(|(.., count)| *count > 0)
    }

    /// So many bytes over the connection's duration, per second; nothing where either is zero.
    pub fn per_second(&self, bytes: u64) -> Option<u64> {
        let nanos = u128::try_from(self.duration().0).ok().filter(|nanos| *nanos > 0)?;
        let rate = u128::from(bytes) * 1_000_000_000 / nanos;
        (bytes > 0).then(|| rate.try_into().unwrap_or(u64::MAX))
    }
}

impl Outcome {
    /// Every outcome, in the order in which reports list them.
    pub const ALL: [Self; 8] = [
        Self::Closed,
        Self::NoAnswer,
        Self::Refused,
        Self::ResetByClient,
        Self::ResetByServer,
        Self::HalfClosed,
        Self::Open,
        Self::MidStream,
    ];

    /// The word that reports write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::NoAnswer => "no-answer",
            Self::Refused => "refused",
            Self::ResetByClient => "reset-by-client",
            Self::ResetByServer => "reset-by-server",
            Self::HalfClosed => "half-closed",
            Self::Open => "open",
            Self::MidStream => "mid-stream",
        }
    }
}

/// One direction of a connection in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct DirectionStats {
    /// Segments.
    pub packets: u64,
    /// Their frames' bytes on the wire.
    pub wire_bytes: u64,
    /// Payload bytes, repeats included.
    pub payload_bytes: u64,
    /// Payload bytes of sequence space: each byte once, those that were acked but never captured included.
    pub unique_bytes: u64,
    /// Of these, bytes that were never captured.
    pub missed_bytes: u64,
    /// Segments with payload.
    pub data_segments: u64,
    /// Segments that carry bytes again.
    pub retransmitted_segments: u64,
    /// The bytes that they carry again.
    pub retransmitted_bytes: u64,
    /// Segments that fill a gap.
    pub out_of_order_segments: u64,
    /// Duplicate acknowledgments sent this way.
    pub duplicate_acks: u64,
    /// How long this side had its window closed.
    pub zero_window: Span,
    /// Most bytes in flight this way.
    pub max_in_flight: u64,
    /// The MSS that this side announced.
    pub mss: Option<u16>,
    /// The window scale that this side announced.
    pub wscale: Option<u8>,
    /// This side permits SACK.
    pub sack: bool,
    /// This side sends timestamps.
    pub timestamps: bool,
    /// SYN segments of this side, first and repeated.
    pub syns: u32,
}
