//! What is known of one end, and the state that follows from it.
//!
//! A state is not kept but derived: an observer that misses segments learns facts in any order, and the facts of both ends
//! always name one state of RFC 9293.

use crate::track::TcpState;
use crate::track::packed::{Pack, Packer, Unpacker, packed_enum};

/// Something that is known of one end of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) enum Fact {
    /// Its numbers are known, from a segment of its own or from what the other end acknowledged.
    Numbered,
    /// It sent a SYN, or must have.
    Syn,
    /// Its SYN was captured.
    SynSeen,
    /// It sent a SYN+ACK.
    SynAck,
    /// Its SYN was acknowledged, or must have been.
    SynAcked,
    /// It sent its FIN after it had received the other's.
    ClosesSecond,
    /// It permits SACK.
    SackPermitted,
    /// It sent timestamps on its SYN, or where that was not seen, on its first segment.
    Timestamps,
    /// It signs with MD5 (RFC 2385).
    Md5,
    /// It authenticates (RFC 5925).
    Ao,
    /// Its SYN asks for ECN (ECE and CWR), or its SYN+ACK grants it.
    Ecn,
    /// It negotiates accurate ECN.
    AccEcn,
    /// It sent a segment with a checksum that holds.
    GoodChecksum,
    /// A segment of it was acknowledged whose checksum does not hold: something behind the sender wrote it.
    SumsAltered,
    /// It sent a timestamp, of which the first value is kept.
    Clocked,
}

/// What is known of one end of a connection: a bit for each [`Fact`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::track) struct Facts(u16);

impl Pack for Facts {
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
    }

    fn unpack(from: &mut Unpacker) -> Self {
        Self(Pack::unpack(from))
    }
}

impl Facts {
    #[inline]
    pub(crate) fn has(self, fact: Fact) -> bool {
        self.0 & 1 << fact as u16 != 0
    }

    #[inline]
    pub(crate) fn note(&mut self, fact: Fact) {
        self.0 |= 1 << fact as u16;
    }

    /// Notes that it is so, or that it is not.
    pub(crate) fn set(&mut self, fact: Fact, is_so: bool) {
        self.0 = self.0 & !(1 << fact as u16) | u16::from(is_so) << fact as u16;
    }
}

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
pub(in crate::track) struct Finished {
    pub fin_sent: bool,
    pub fin_acked: bool,
    pub peer_fin_arrived: bool,
}

// RFC 9293 §3.3.2, figure 5: each arc adds one fact; the comment names it.
pub(in crate::track) fn state(
    own: Facts,
    peer: Facts,
    passive: bool,
    closing: Finished,
    cut: Option<CutOff>,
) -> TcpState {
    match cut {
        // §3.10.7.4: RST in SYN-RECEIVED after a passive OPEN returns to LISTEN.
        Some(CutOff::BackToListen) if passive => return TcpState::Listen,
        Some(CutOff::Reset | CutOff::BackToListen | CutOff::TimeWaitOver) => return TcpState::Closed,
        None => {}
    }
    if !own.has(Fact::Syn) {
        // "The connection has not been answered yet": the SYN puts the passive end into SYN-RECEIVED.
        return if peer.has(Fact::Syn) {
            TcpState::SynRecv
        } else if passive {
            TcpState::Listen
        } else {
            TcpState::Closed
        };
    }
    if !own.has(Fact::SynAcked) {
        return match (peer.has(Fact::Syn), closing.fin_sent) {
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
        (true, true) if own.has(Fact::ClosesSecond) && closing.fin_acked => TcpState::Closed,
        (true, true) if own.has(Fact::ClosesSecond) => TcpState::LastAck,
        (true, true) if closing.fin_acked => TcpState::TimeWait,
        (true, true) => TcpState::Closing,
    }
}
