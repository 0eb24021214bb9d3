//! Multipath TCP's option (kind 30), versions 0 (RFC 6824) and 1 (RFC 8684).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One MPTCP option by its subtype.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mptcp<'a> {
    /// MP_CAPABLE (0): opens a connection that can have several paths.
    Capable {
        /// Protocol version: 0 or 1.
        version: u8,
        /// Bits A (checksum required) to H.
        flags: u8,
        /// The sender's key.
        sender_key: Option<u64>,
        /// The receiver's key, echoed.
        receiver_key: Option<u64>,
        /// Length of the data that comes with it (version 1).
        data_len: Option<u16>,
        /// Its checksum.
        checksum: Option<u16>,
    },
    /// MP_JOIN (1) on a SYN.
    Join {
        /// This path is a backup.
        backup: bool,
        /// The address's identifier.
        address_id: u8,
        /// Which connection it joins.
        token: u32,
        /// Random number.
        nonce: u32,
    },
    /// MP_JOIN (1) on a SYN+ACK.
    JoinReply {
        /// This path is a backup.
        backup: bool,
        /// The address's identifier.
        address_id: u8,
        /// Truncated authentication code.
        hmac: u64,
        /// Random number.
        nonce: u32,
    },
    /// MP_JOIN (1) on the third segment.
    JoinAck {
        /// Authentication code.
        hmac: &'a [u8; 20],
    },
    /// DSS (2): data sequence signal.
    Dss {
        /// DATA_FIN: the data stream ends.
        fin: bool,
        /// Data acknowledgment, 4 or 8 bytes.
        ack: Option<DataNumber>,
        /// Where the payload belongs in the data stream.
        mapping: Option<Mapping>,
    },
    /// ADD_ADDR (3): another address can be reached.
    AddAddress {
        /// It answers an ADD_ADDR (version 1).
        echo: bool,
        /// The address's identifier.
        address_id: u8,
        /// The address.
        addr: IpAddr,
        /// Its port, where it differs.
        port: Option<u16>,
        /// Truncated authentication code (version 1).
        hmac: Option<u64>,
    },
    /// REMOVE_ADDR (4): addresses that no longer work, by identifier.
    RemoveAddress {
        /// The identifiers.
        address_ids: &'a [u8],
    },
    /// MP_PRIO (5): a path becomes a backup, or regular.
    Priority {
        /// It becomes a backup.
        backup: bool,
        /// The address's identifier (version 0).
        address_id: Option<u8>,
    },
    /// MP_FAIL (6): falls back to one path.
    Fail {
        /// The data sequence number of the mapping that failed.
        data_seq: u64,
    },
    /// MP_FASTCLOSE (7): the whole connection is reset.
    FastClose {
        /// The receiver's key.
        key: u64,
    },
    /// MP_TCPRST (8): why a path is reset.
    Reset {
        /// Bits U, V, W and T (transient).
        flags: u8,
        /// The reason.
        reason: u8,
    },
    /// A subtype that nobody has yet given a meaning, or a private one.
    Unknown {
        /// The subtype.
        subtype: u8,
        /// What follows, its low half byte first.
        value: &'a [u8],
    },
}

/// A number of the data stream, of which either all or the lower half is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DataNumber {
    /// The lower 32 bits.
    Low(u32),
    /// All of it.
    Full(u64),
}

/// Where a segment's payload belongs in the data stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mapping {
    /// First data sequence number.
    pub data_seq: DataNumber,
    /// First sequence number of the path, relative to its start.
    pub path_seq: u32,
    /// How many bytes.
    pub len: u16,
    /// Checksum, where it was negotiated.
    pub checksum: Option<u16>,
}

impl<'a> Mptcp<'a> {
    /// Reads the option's value (behind kind and length); `None` when its length is wrong for the subtype.
    pub(super) fn read(value: &'a [u8]) -> Option<Self> {
        let mut fields = Fields(value);
        let [head] = *fields.take()?;
        let low = head & 0x0f;
        let read = match head >> 4 {
            0 => Self::capable(low, &mut fields)?,
            1 => Self::join(low, &mut fields)?,
            2 => Self::dss(&mut fields)?,
            3 => Self::add_address(low, &mut fields)?,
            // RFC 8684 §3.4.2.
            4 if !fields.0.is_empty() => Self::RemoveAddress { address_ids: fields.rest() },
            4 => return None,
            // RFC 8684 §3.3.8; RFC 6824 §3.3.8 may add the identifier.
            5 => Self::Priority {
                backup: low & 1 != 0,
                address_id: if fields.0.is_empty() { None } else { Some(fields.u8()?) },
            },
            // RFC 8684 §3.7, §3.5, §3.6.
            6 => {
                fields.u8()?;
                Self::Fail { data_seq: fields.u64()? }
            }
            7 => {
                fields.u8()?;
                Self::FastClose { key: fields.u64()? }
            }
            8 => Self::Reset { flags: low, reason: fields.u8()? },
            subtype => {
                fields.rest();
                Self::Unknown { subtype, value }
            }
        };
        fields.0.is_empty().then_some(read)
    }

    // RFC 8684 §3.1: a SYN carries no key in version 1, one in version 0; what follows depends on the segment.
    fn capable(version: u8, fields: &mut Fields<'a>) -> Option<Self> {
        let flags = fields.u8()?;
        let mut next = |wanted: bool| if wanted && !fields.0.is_empty() { fields.u64().map(Some) } else { Some(None) };
        let sender_key = next(true)?;
        let receiver_key = next(sender_key.is_some())?;
        if sender_key.is_none() && version == 0 {
            return None;
        }
        let has_data = version > 0 && !fields.0.is_empty();
        let data_len = if has_data { Some(fields.u16()?) } else { None };
        let checksum = if has_data && !fields.0.is_empty() { Some(fields.u16()?) } else { None };
        Some(Self::Capable { version, flags, sender_key, receiver_key, data_len, checksum })
    }

    // RFC 8684 §3.2: the three segments of a joining handshake differ in length.
    fn join(low: u8, fields: &mut Fields<'a>) -> Option<Self> {
        let backup = low & 1 != 0;
        let address_id = fields.u8()?;
        Some(match fields.0.len() {
            8 => Self::Join { backup, address_id, token: fields.u32()?, nonce: fields.u32()? },
            12 => Self::JoinReply { backup, address_id, hmac: fields.u64()?, nonce: fields.u32()? },
            _ => Self::JoinAck { hmac: fields.take()? },
        })
    }

    // RFC 8684 §3.3: flags F m M a A, from the left.
    fn dss(fields: &mut Fields<'a>) -> Option<Self> {
        let flags = fields.u8()?;
        let set = |bit: u8| flags & bit != 0;
        let ack = if set(0x01) { Some(fields.data_number(set(0x02))?) } else { None };
        let mapping = if set(0x04) {
            let data_seq = fields.data_number(set(0x08))?;
            let (path_seq, len) = (fields.u32()?, fields.u16()?);
            let checksum = if fields.0.is_empty() { None } else { Some(fields.u16()?) };
            Some(Mapping { data_seq, path_seq, len, checksum })
        } else {
            None
        };
        Some(Self::Dss { fin: set(0x10), ack, mapping })
    }

    // RFC 6824 §3.4.1 has the IP version in the low bits, RFC 8684 §3.4.1 the echo bit; the length tells the addresses apart.
    fn add_address(low: u8, fields: &mut Fields<'a>) -> Option<Self> {
        let address_id = fields.u8()?;
        // Address, perhaps a port (2), perhaps an authentication code (8).
        let v4 = matches!(fields.0.len(), 4 | 6 | 12 | 14);
        let addr = if v4 {
            IpAddr::V4(Ipv4Addr::from(*fields.take::<4>()?))
        } else {
            IpAddr::V6(Ipv6Addr::from(*fields.take::<16>()?))
        };
        let port = if matches!(fields.0.len(), 2 | 10) { Some(fields.u16()?) } else { None };
        let hmac = if fields.0.is_empty() { None } else { Some(fields.u64()?) };
        Some(Self::AddAddress { echo: low == 1, address_id, addr, port, hmac })
    }
}

/// Takes fields off the front of a value.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(field)
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take().map(|[byte]| *byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().copied().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().copied().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().copied().map(u64::from_be_bytes)
    }

    fn data_number(&mut self, full: bool) -> Option<DataNumber> {
        if full { self.u64().map(DataNumber::Full) } else { self.u32().map(DataNumber::Low) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every subtype's value (behind kind and length).
    fn every_subtype() -> Vec<(Vec<u8>, Mptcp<'static>)> {
        let key = |n: u8| [0, 0, 0, 0, 0, 0, 0, n];
        let capable = |version, sender_key, receiver_key, data_len| Mptcp::Capable {
            version,
            flags: 0x81,
            sender_key,
            receiver_key,
            data_len,
            checksum: None,
        };
        let v6 = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let mapping = Mapping { data_seq: DataNumber::Low(2), path_seq: 3, len: 4, checksum: None };
        vec![
            (vec![0x01, 0x81], capable(1, None, None, None)),
            ([&[0x00, 0x81][..], &key(1)].concat(), capable(0, Some(1), None, None)),
            ([&[0x01, 0x81][..], &key(1), &key(2)].concat(), capable(1, Some(1), Some(2), None)),
            ([&[0x01, 0x81][..], &key(1), &key(2), &[0, 9]].concat(), capable(1, Some(1), Some(2), Some(9))),
            (vec![0x11, 5, 0, 0, 0, 1, 0, 0, 0, 2], Mptcp::Join { backup: true, address_id: 5, token: 1, nonce: 2 }),
            (
                [&[0x10, 5][..], &key(1), &[0, 0, 0, 2]].concat(),
                Mptcp::JoinReply { backup: false, address_id: 5, hmac: 1, nonce: 2 },
            ),
            ([&[0x10, 0][..], &[7; 20]].concat(), Mptcp::JoinAck { hmac: &[7; 20] }),
            (vec![0x20, 0x10], Mptcp::Dss { fin: true, ack: None, mapping: None }),
            (
                [&[0x20, 0x03][..], &key(9)].concat(),
                Mptcp::Dss { fin: false, ack: Some(DataNumber::Full(9)), mapping: None },
            ),
            (
                vec![0x20, 0x05, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4],
                Mptcp::Dss { fin: false, ack: Some(DataNumber::Low(1)), mapping: Some(mapping) },
            ),
            (
                vec![0x20, 0x04, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4, 0, 5],
                Mptcp::Dss { fin: false, ack: None, mapping: Some(Mapping { checksum: Some(5), ..mapping }) },
            ),
            (
                vec![0x31, 5, 10, 0, 0, 1, 0, 80],
                Mptcp::AddAddress { echo: true, address_id: 5, addr: [10, 0, 0, 1].into(), port: Some(80), hmac: None },
            ),
            (
                [&[0x30, 5][..], &v6, &key(1)].concat(),
                Mptcp::AddAddress { echo: false, address_id: 5, addr: v6.into(), port: None, hmac: Some(1) },
            ),
            (vec![0x40, 5, 6], Mptcp::RemoveAddress { address_ids: &[5, 6] }),
            (vec![0x51], Mptcp::Priority { backup: true, address_id: None }),
            (vec![0x50, 5], Mptcp::Priority { backup: false, address_id: Some(5) }),
            ([&[0x60, 0][..], &key(9)].concat(), Mptcp::Fail { data_seq: 9 }),
            ([&[0x70, 0][..], &key(9)].concat(), Mptcp::FastClose { key: 9 }),
            (vec![0x81, 4], Mptcp::Reset { flags: 1, reason: 4 }),
            (vec![0xf0, 4], Mptcp::Unknown { subtype: 15, value: &[0xf0, 4] }),
        ]
    }

    #[test]
    fn every_subtype_is_read() {
        for (value, option) in every_subtype() {
            assert_eq!(Mptcp::read(&value), Some(option), "{value:02x?}");
        }
    }

    #[test]
    fn a_byte_more_is_another_option_or_none() {
        for (mut value, option) in every_subtype() {
            value.push(0);
            assert_ne!(Mptcp::read(&value), Some(option), "{value:02x?}");
        }
    }

    #[test]
    fn impossible_lengths_are_none() {
        for (subtype, lengths) in [(0, &[1, 5, 9][..]), (1, &[1, 9, 11, 15]), (3, &[1, 2, 5, 7, 17]), (4, &[1])] {
            for &len in lengths {
                let mut value = vec![0; len];
                value[0] = subtype << 4;
                assert_eq!(Mptcp::read(&value), None, "subtype {subtype}, {len} bytes");
            }
        }
        assert_eq!(Mptcp::read(&[]), None);
    }
}
