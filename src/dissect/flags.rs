//! The twelve bits beside the data offset: nine flags and three reserved bits.

use serde::{Deserialize, Serialize};

/// The flags of a segment: the low twelve bits of bytes 12 and 13 of its header.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x001);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x002);
    /// Reset the connection.
    pub const RST: Self = Self(0x004);
    /// Push.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgment number is valid.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer is valid.
    pub const URG: Self = Self(0x020);
    /// ECN-Echo.
    pub const ECE: Self = Self(0x040);
    /// Congestion window reduced.
    pub const CWR: Self = Self(0x080);
    /// Accurate ECN; historically the nonce sum, NS.
    // RFC 9768 §3.1 renames the bit that RFC 3540 called NS.
    pub const AE: Self = Self(0x100);
    /// The three bits that nobody has yet given a meaning.
    pub const RESERVED: Self = Self(0xe00);

    /// Names in header order from the least significant bit.
    pub const NAMES: [(Self, &'static str); 9] = [
        (Self::FIN, "FIN"),
        (Self::SYN, "SYN"),
        (Self::RST, "RST"),
        (Self::PSH, "PSH"),
        (Self::ACK, "ACK"),
        (Self::URG, "URG"),
        (Self::ECE, "ECE"),
        (Self::CWR, "CWR"),
        (Self::AE, "AE"),
    ];

    /// tcpdump's letters, in its order; it has none for AE and the reserved bits.
    pub const LETTERS: [(Self, u8); 8] = [
        (Self::FIN, b'F'),
        (Self::SYN, b'S'),
        (Self::RST, b'R'),
        (Self::PSH, b'P'),
        (Self::ACK, b'.'),
        (Self::URG, b'U'),
        (Self::ECE, b'E'),
        (Self::CWR, b'W'),
    ];

    /// Whether every bit of `other` is set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any bit of `other` is set.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The bits of both.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// SYN without ACK: an opening.
    pub fn is_syn(self) -> bool {
        self.0 & 0x12 == 0x02
    }

    /// SYN with ACK.
    pub fn is_syn_ack(self) -> bool {
        self.0 & 0x12 == 0x12
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_a_syn_without_ack_whatever_else_is_set() {
        let [syn, ack, ece] = [TcpFlags::SYN, TcpFlags::ACK, TcpFlags::ECE];
        assert!(syn.is_syn() && syn.with(ece).is_syn() && !syn.with(ack).is_syn() && !ack.is_syn());
        assert!(syn.with(ack).is_syn_ack() && !syn.is_syn_ack() && !ack.is_syn_ack());
    }

    #[test]
    fn nine_flags_and_three_reserved_bits_are_all_twelve() {
        let all = TcpFlags::NAMES.iter().fold(TcpFlags::RESERVED, |all, (flag, _)| all.with(*flag));
        assert_eq!(all, TcpFlags(0xfff));
        assert!(!TcpFlags::NAMES.iter().any(|(flag, _)| flag.intersects(TcpFlags::RESERVED)));
    }
}
