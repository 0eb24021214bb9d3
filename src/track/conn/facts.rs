//! What is known of one end, and the state that follows from it.
//!
//! A state is not kept but derived: an observer that misses segments learns facts in any order, and the facts of both ends
//! always name one state of RFC 9293.

use crate::track::TcpState;
use crate::track::packed::{packed, packed_enum};

/// What is known of one end of a connection.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::track) struct Facts {
    /// Its numbers are known, from a segment of its own or from what the other end acknowledged.
    pub numbered: bool,
    /// It sent a SYN, or must have.
    pub syn: bool,
    /// Its SYN was captured.
    pub syn_seen: bool,
    /// It sent a SYN+ACK.
    pub syn_ack: bool,
    /// Its SYN was acknowledged, or must have been.
    pub syn_acked: bool,
    /// It sent its FIN after it had received the other's.
    pub closes_second: bool,
    /// It permits SACK.
    pub sack_permitted: bool,
    /// It sent timestamps on its SYN, or where that was not seen, on its first segment.
    pub timestamps: bool,
    /// It signs with MD5 (RFC 2385).
    pub md5: bool,
    /// It authenticates (RFC 5925).
    pub ao: bool,
    /// Its SYN asks for ECN (ECE and CWR), or its SYN+ACK grants it.
    pub ecn: bool,
    /// It negotiates accurate ECN.
    pub acc_ecn: bool,
    /// It sent a segment with a checksum that holds.
    pub good_checksum: bool,
    /// A segment of it was acknowledged whose checksum does not hold: something behind the sender wrote it.
    pub sums_altered: bool,
}

packed!(Facts {
    numbered,
    syn,
    syn_seen,
    syn_ack,
    syn_acked,
    closes_second,
    sack_permitted,
    timestamps,
    md5,
    ao,
    ecn,
    acc_ecn,
    good_checksum,
    sums_altered
});

/// How a connection was cut off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) enum CutOff {
    /// By a RST that both ends take for the end.
    Reset,
    /// By a RST that sends the passive opener back to LISTEN.
    BackToListen,
    /// TIME-WAIT is over.
    TimeWaitOver,
}

packed_enum!(CutOff, [CutOff::Reset, CutOff::BackToListen, CutOff::TimeWaitOver]);

/// What one end has come to in closing.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct Closing {
    pub fin_sent: bool,
    pub fin_acked: bool,
    pub peer_fin_arrived: bool,
}

// RFC 9293 §3.3.2, figure 5: each arc adds one fact; the comment names it.
pub(in crate::track) fn state(
    own: Facts,
    peer: Facts,
    passive: bool,
    closing: Closing,
    cut: Option<CutOff>,
) -> TcpState {
    match cut {
        // §3.10.7.4: RST in SYN-RECEIVED after a passive OPEN returns to LISTEN.
        Some(CutOff::BackToListen) if passive => return TcpState::Listen,
        Some(CutOff::Reset | CutOff::BackToListen | CutOff::TimeWaitOver) => return TcpState::Closed,
        None => {}
    }
    if !own.syn {
        // "The connection has not been answered yet": the SYN puts the passive end into SYN-RECEIVED.
        return if peer.syn {
            TcpState::SynRecv
        } else if passive {
            TcpState::Listen
        } else {
            TcpState::Closed
        };
    }
    if !own.syn_acked {
        return match (peer.syn, closing.fin_sent) {
            // §3.10.4: CLOSE in SYN-RECEIVED sends a FIN and enters FIN-WAIT-1.
            (true, true) => TcpState::FinWait1,
            (true, false) => TcpState::SynRecv,
            (false, _) => TcpState::SynSent,
        };
    }
    match (closing.fin_sent, closing.peer_fin_arrived) {
        (false, false) => TcpState::Established,
        (false, true) => TcpState::CloseWait,
        (true, false) if closing.fin_acked => TcpState::FinWait2,
        (true, false) => TcpState::FinWait1,
        (true, true) if own.closes_second && closing.fin_acked => TcpState::Closed,
        (true, true) if own.closes_second => TcpState::LastAck,
        (true, true) if closing.fin_acked => TcpState::TimeWait,
        (true, true) => TcpState::Closing,
    }
}
