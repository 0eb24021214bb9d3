//! The option list of a header, one option at a time, and what it says as a whole.
//!
//! [`TcpOptions`] walks the bytes as RFC 9293 §3.2 lays them out: it stops at the end-of-list option, and what is wrong with
//! the list comes out as a fact like any other. Whether an option may stand where it stands is for the tracker to say.

use super::mptcp::Mptcp;
use crate::dissect::segment::{OptionFacts, OptionFault, OptionFaultKind, SackBlocks};
use crate::dissect::seq::SeqNumber;

/// Option kinds, by IANA's "TCP Option Kind Numbers".
pub mod kind {
    #![allow(missing_docs, reason = "each is IANA's name for its number")]

    pub const END: u8 = 0;
    pub const NOP: u8 = 1;
    pub const MSS: u8 = 2;
    pub const WINDOW_SCALE: u8 = 3;
    pub const SACK_PERMITTED: u8 = 4;
    pub const SACK: u8 = 5;
    pub const ECHO: u8 = 6;
    pub const ECHO_REPLY: u8 = 7;
    pub const TIMESTAMPS: u8 = 8;
    pub const CC: u8 = 11;
    pub const CC_NEW: u8 = 12;
    pub const CC_ECHO: u8 = 13;
    pub const MD5: u8 = 19;
    pub const SCPS: u8 = 20;
    pub const USER_TIMEOUT: u8 = 28;
    pub const AUTHENTICATION: u8 = 29;
    pub const MULTIPATH: u8 = 30;
    pub const FAST_OPEN: u8 = 34;
    pub const ACC_ECN_0: u8 = 172;
    pub const ACC_ECN_1: u8 = 174;
    pub const EXPERIMENT_1: u8 = 253;
    pub const EXPERIMENT_2: u8 = 254;
}

/// Experiment identifiers that open the value of an experiment option, by IANA's "TCP/UDP Experimental Option Experiment
/// Identifiers" (RFC 6994).
mod experiment {
    pub(super) const FAST_OPEN: u16 = 0xf989;
    pub(super) const ACC_ECN_0: u16 = 0xacc0;
    pub(super) const ACC_ECN_1: u16 = 0xacc1;
}

/// One option, its values in host order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TcpOption<'a> {
    /// End of the list (kind 0).
    EndOfList,
    /// Padding (kind 1).
    NoOperation,
    /// Maximum segment size in bytes (kind 2).
    MaxSegmentSize(u16),
    /// Window scale shift as sent (kind 3).
    WindowScale(u8),
    /// SACK permitted (kind 4).
    SackPermitted,
    /// SACK blocks (kind 5).
    Sack(SackBlocks),
    /// Echo (kind 6, obsolete).
    Echo(u32),
    /// Echo reply (kind 7, obsolete).
    EchoReply(u32),
    /// Timestamps (kind 8).
    Timestamps {
        /// The sender's clock.
        value: u32,
        /// What it echoes.
        echo: u32,
    },
    /// T/TCP's connection count (kinds 11 to 13, obsolete).
    ConnectionCount {
        /// Which of the three.
        kind: u8,
        /// The count.
        count: u32,
    },
    /// MD5 signature (kind 19).
    Md5(&'a [u8; 16]),
    /// SCPS capabilities (kind 20).
    Scps {
        /// Capability bits.
        capabilities: u8,
        /// Connection identifier.
        connection: u8,
    },
    /// User time-out (kind 28).
    UserTimeout {
        /// In minutes rather than seconds.
        minutes: bool,
        /// 15 bits.
        value: u16,
    },
    /// Authentication option (kind 29).
    Authentication {
        /// The key that made the MAC.
        key_id: u8,
        /// The key that the sender wants to receive.
        next_key_id: u8,
        /// The message authentication code.
        mac: &'a [u8],
    },
    /// Multipath TCP (kind 30).
    Multipath(Mptcp<'a>),
    /// Fast Open cookie (kind 34, or an experiment); an empty one asks for one.
    FastOpen {
        /// Sent as an experiment option.
        experimental: bool,
        /// The cookie.
        cookie: &'a [u8],
    },
    /// Accurate ECN byte counters (kinds 172 and 174, or an experiment).
    AccEcn {
        /// Which order the counters stand in: 0 (EE0B, ECEB, EE1B) or 1 (the reverse).
        order: u8,
        /// Up to three counters of 24 bits.
        counters: &'a [u8],
    },
    /// Another experiment (kinds 253 and 254).
    Experiment {
        /// Which of the two kinds.
        kind: u8,
        /// Its identifier.
        id: u16,
        /// What follows.
        value: &'a [u8],
    },
    /// A kind that tcpcheck does not know.
    Unknown {
        /// The kind.
        kind: u8,
        /// Its value.
        value: &'a [u8],
    },
}

impl<'a> TcpOption<'a> {
    /// Its kind; of an experiment that is known, 254.
    pub fn kind(&self) -> u8 {
        match *self {
            Self::EndOfList => kind::END,
            Self::NoOperation => kind::NOP,
            Self::MaxSegmentSize(_) => kind::MSS,
            Self::WindowScale(_) => kind::WINDOW_SCALE,
            Self::SackPermitted => kind::SACK_PERMITTED,
            Self::Sack(_) => kind::SACK,
            Self::Echo(_) => kind::ECHO,
            Self::EchoReply(_) => kind::ECHO_REPLY,
            Self::Timestamps { .. } => kind::TIMESTAMPS,
            Self::Md5(_) => kind::MD5,
            Self::Scps { .. } => kind::SCPS,
            Self::UserTimeout { .. } => kind::USER_TIMEOUT,
            Self::Authentication { .. } => kind::AUTHENTICATION,
            Self::Multipath(_) => kind::MULTIPATH,
            Self::FastOpen { experimental: false, .. } => kind::FAST_OPEN,
            Self::FastOpen { experimental: true, .. } => kind::EXPERIMENT_2,
            Self::AccEcn { order: 0, .. } => kind::ACC_ECN_0,
            Self::AccEcn { .. } => kind::ACC_ECN_1,
            Self::ConnectionCount { kind, .. } | Self::Experiment { kind, .. } | Self::Unknown { kind, .. } => kind,
        }
    }

    /// Whether a header may hold several of its kind.
    fn may_repeat(&self) -> bool {
        match self {
            Self::NoOperation | Self::EndOfList => true,
            // RFC 8684 §3: several may share a header, each with its own subtype. RFC 6994 §3: experiments share two kinds.
            Self::Multipath(_) | Self::Experiment { .. } | Self::FastOpen { experimental: true, .. } => true,
            _ => false,
        }
    }

    /// Reads an option by its kind and value; `None` when the kind does not allow a value of that length.
    #[inline(always)]
    fn read(kind: u8, value: &'a [u8]) -> Option<Self> {
        Some(match kind {
            // RFC 9293 §3.2: the options that every implementation knows.
            kind::MSS => Self::MaxSegmentSize(u16::from_be_bytes(value.try_into().ok()?)),
            // RFC 7323 §2.2, §3.2.
            kind::WINDOW_SCALE => {
                let [shift] = value.try_into().ok()?;
                Self::WindowScale(shift)
            }
            kind::TIMESTAMPS => {
                let (value, echo) = value.split_first_chunk()?;
                Self::Timestamps { value: u32::from_be_bytes(*value), echo: u32::from_be_bytes(echo.try_into().ok()?) }
            }
            // RFC 2018 §2, §3.
            kind::SACK_PERMITTED if value.is_empty() => Self::SackPermitted,
            kind::SACK_PERMITTED => return None,
            kind::SACK => Self::Sack(SackBlocks::read(value)?),
            // RFC 1072 §3, RFC 1644 §3.1.
            kind::ECHO => Self::Echo(u32::from_be_bytes(value.try_into().ok()?)),
            kind::ECHO_REPLY => Self::EchoReply(u32::from_be_bytes(value.try_into().ok()?)),
            kind::CC | kind::CC_NEW | kind::CC_ECHO => {
                Self::ConnectionCount { kind, count: u32::from_be_bytes(value.try_into().ok()?) }
            }
            // RFC 2385 §3.0.
            kind::MD5 => Self::Md5(value.try_into().ok()?),
            // CCSDS 714.0-B-2 §3.2.3.
            kind::SCPS => {
                let [capabilities, connection] = value.try_into().ok()?;
                Self::Scps { capabilities, connection }
            }
            // RFC 5482 §3.3.
            kind::USER_TIMEOUT => {
                let field = u16::from_be_bytes(value.try_into().ok()?);
                Self::UserTimeout { minutes: field & 0x8000 != 0, value: field & 0x7fff }
            }
            // RFC 5925 §2.2: "The Length value MUST be greater than or equal to 4."
            kind::AUTHENTICATION => {
                let (&[key_id, next_key_id], mac) = value.split_first_chunk()?;
                Self::Authentication { key_id, next_key_id, mac }
            }
            kind::MULTIPATH => Self::Multipath(Mptcp::read(value)?),
            kind::FAST_OPEN => Self::FastOpen { experimental: false, cookie: fast_open_cookie(value)? },
            kind::ACC_ECN_0 => Self::AccEcn { order: 0, counters: acc_ecn_counters(value)? },
            kind::ACC_ECN_1 => Self::AccEcn { order: 1, counters: acc_ecn_counters(value)? },
            kind::EXPERIMENT_1 | kind::EXPERIMENT_2 => {
                let (&id, value) = value.split_first_chunk()?;
                match u16::from_be_bytes(id) {
                    experiment::FAST_OPEN => Self::FastOpen { experimental: true, cookie: fast_open_cookie(value)? },
                    experiment::ACC_ECN_0 => Self::AccEcn { order: 0, counters: acc_ecn_counters(value)? },
                    experiment::ACC_ECN_1 => Self::AccEcn { order: 1, counters: acc_ecn_counters(value)? },
                    id => Self::Experiment { kind, id, value },
                }
            }
            _ => Self::Unknown { kind, value },
        })
    }
}

/// A Fast Open cookie, or nothing when the length cannot be one's.
// RFC 7413 §4.1.1: "The size of the cookie MUST be an even number" of 4 to 16 bytes; none at all is a request.
fn fast_open_cookie(value: &[u8]) -> Option<&[u8]> {
    (value.is_empty() || (value.len().is_multiple_of(2) && (4..=16).contains(&value.len()))).then_some(value)
}

/// Accurate ECN's counters, or nothing when they are not whole.
// RFC 9768 §3.2.3: lengths 11, 8, 5 and 2.
fn acc_ecn_counters(value: &[u8]) -> Option<&[u8]> {
    matches!(value.len(), 0 | 3 | 6 | 9).then_some(value)
}

impl SackBlocks {
    /// Reads an option's value; `None` when it is not whole blocks, or none.
    // RFC 2018 §3: 8 bytes a block, and no more than four fit.
    fn read(value: &[u8]) -> Option<Self> {
        let (chunks, rest) = value.as_chunks::<8>();
        let mut sack = Self::default();
        for (block, &[a, b, c, d, e, f, g, h]) in sack.blocks.iter_mut().zip(chunks) {
            *block = (SeqNumber(u32::from_be_bytes([a, b, c, d])), SeqNumber(u32::from_be_bytes([e, f, g, h])));
        }
        sack.len = u8::try_from(chunks.len()).ok()?;
        (rest.is_empty() && (1..=4).contains(&sack.len)).then_some(sack)
    }
}

/// What stands where an option was expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OptionError {
    /// The list is wrong there.
    Fault(OptionFault),
    /// The capture ends there.
    Cut,
}

/// The options of a header, in order. Allocates nothing; ends after at most one item a byte.
#[derive(Clone, Copy, Debug)]
pub struct TcpOptions<'a> {
    /// What is left, as captured.
    rest: &'a [u8],
    /// Bytes that the header has beyond `rest`, not captured.
    uncaptured: usize,
    /// The end-of-list option was met: what is left is padding.
    ended: bool,
}

impl<'a> TcpOptions<'a> {
    /// Over the option bytes of a header: `captured` are those that are there, of `len` by the data offset.
    pub fn new(captured: &'a [u8], len: usize) -> Self {
        Self {
            rest: captured.get(..len).unwrap_or(captured),
            uncaptured: len.saturating_sub(captured.len()),
            ended: false,
        }
    }

    /// Ends the walk with something wrong.
    fn fault(&mut self, kind: u8, what: OptionFaultKind) -> Option<Result<TcpOption<'a>, OptionError>> {
        *self = Self::new(&[], 0);
        Some(Err(OptionError::Fault(OptionFault { kind, what })))
    }

    /// Ends the walk where the capture ends.
    fn cut(&mut self) -> Option<Result<TcpOption<'a>, OptionError>> {
        *self = Self::new(&[], 0);
        Some(Err(OptionError::Cut))
    }
}

impl<'a> Iterator for TcpOptions<'a> {
    type Item = Result<TcpOption<'a>, OptionError>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            // RFC 9293 §3.1: "The contents of the header beyond the End of Option List Option MUST be header padding of
            // zeros."
            return match self.rest.iter().any(|&byte| byte != 0) {
                true => self.fault(kind::END, OptionFaultKind::AfterEnd),
                false => None,
            };
        }
        let Some((&kind, behind_kind)) = self.rest.split_first() else {
            return if self.uncaptured > 0 { self.cut() } else { None };
        };
        if kind == kind::END || kind == kind::NOP {
            self.rest = behind_kind;
            self.ended = kind == kind::END;
            return Some(Ok(if self.ended { TcpOption::EndOfList } else { TcpOption::NoOperation }));
        }
        let Some((&len, behind_len)) = behind_kind.split_first() else {
            // The header's last byte is a kind without a length: the option runs beyond the header.
            return if self.uncaptured > 0 { self.cut() } else { self.fault(kind, OptionFaultKind::Overrun(0)) };
        };
        let Some(value_len) = usize::from(len).checked_sub(2) else {
            return self.fault(kind, OptionFaultKind::TooShort(len));
        };
        match behind_len.split_at_checked(value_len) {
            Some((value, rest)) => {
                self.rest = rest;
                let bad = OptionError::Fault(OptionFault { kind, what: OptionFaultKind::BadLength(len) });
                Some(TcpOption::read(kind, value).ok_or(bad))
            }
            None if value_len <= behind_len.len().saturating_add(self.uncaptured) => self.cut(),
            None => self.fault(kind, OptionFaultKind::Overrun(len)),
        }
    }
}

impl OptionFacts {
    /// What a whole list says. Of an option that stands there twice the first counts.
    pub fn read(options: TcpOptions<'_>) -> Self {
        let mut facts = Self::default();
        facts.take_in(options);
        facts
    }

    /// Notes, of a list that is the first, what it says.
    #[inline]
    pub(super) fn take_in(&mut self, options: TcpOptions<'_>) {
        // RFC 7323 appendix A: what nearly every segment of nearly every connection has, and nothing else.
        if let ([[kind::NOP, kind::NOP, kind::TIMESTAMPS, 10], value, echo], []) = options.rest.as_chunks() {
            self.timestamps = Some((u32::from_be_bytes(*value), u32::from_be_bytes(*echo)));
            self.cut = options.uncaptured > 0;
        } else if options.rest.is_empty() {
            self.cut = options.uncaptured > 0;
        } else {
            self.take_in_each(options);
        }
    }

    /// As [`take_in`](Self::take_in), option by option.
    #[inline(never)]
    fn take_in_each(&mut self, options: TcpOptions<'_>) {
        let mut kinds = Kinds::default();
        for option in options {
            match option {
                Ok(TcpOption::NoOperation) => {}
                Ok(option) => {
                    self.note(option);
                    if kinds.insert(option.kind()) && !option.may_repeat() {
                        self.duplicate.get_or_insert(option.kind());
                    }
                }
                Err(OptionError::Fault(fault)) => {
                    self.fault.get_or_insert(fault);
                }
                Err(OptionError::Cut) => self.cut = true,
            }
        }
    }

    #[inline]
    fn note(&mut self, option: TcpOption<'_>) {
        match option {
            TcpOption::MaxSegmentSize(mss) => _ = self.mss.get_or_insert(mss),
            TcpOption::WindowScale(shift) => _ = self.wscale.get_or_insert(shift),
            TcpOption::SackPermitted => self.sack_permitted = true,
            TcpOption::Sack(blocks) if self.sack.is_empty() => self.sack = blocks,
            TcpOption::Timestamps { value, echo } => _ = self.timestamps.get_or_insert((value, echo)),
            TcpOption::FastOpen { cookie, .. } => _ = self.fast_open.get_or_insert(cookie.len() as u8),
            TcpOption::Md5(_) => self.md5 = true,
            TcpOption::Authentication { .. } => self.ao = true,
            TcpOption::Multipath(option) => {
                self.mptcp = true;
                self.mptcp_signal |= !matches!(option, Mptcp::Dss { .. });
            }
            TcpOption::AccEcn { .. } => self.acc_ecn = true,
            _ => {}
        }
    }
}

/// The kinds met so far, a bit each.
#[derive(Default)]
struct Kinds([u64; 4]);

impl Kinds {
    /// Adds a kind; says whether it was there.
    fn insert(&mut self, kind: u8) -> bool {
        let bit = 1 << (kind & 63);
        let Some(word) = self.0.get_mut(usize::from(kind >> 6)) else { return false };
        let again = *word & bit != 0;
        *word |= bit;
        again
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Item<'a> = Result<TcpOption<'a>, OptionError>;

    fn walk(bytes: &[u8]) -> Vec<Item<'_>> {
        TcpOptions::new(bytes, bytes.len()).collect()
    }

    fn facts(bytes: &[u8]) -> OptionFacts {
        OptionFacts::read(TcpOptions::new(bytes, bytes.len()))
    }

    fn fault(kind: u8, what: OptionFaultKind) -> Item<'static> {
        Err(OptionError::Fault(OptionFault { kind, what }))
    }

    /// Every kind with a value that it may have.
    fn every_kind() -> Vec<(&'static [u8], TcpOption<'static>)> {
        let block = |left, right| (SeqNumber(left), SeqNumber(right));
        vec![
            (&[1], TcpOption::NoOperation),
            (&[2, 4, 0x05, 0xb4], TcpOption::MaxSegmentSize(1460)),
            (&[3, 3, 15], TcpOption::WindowScale(15)),
            (&[4, 2], TcpOption::SackPermitted),
            (
                &[5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4],
                TcpOption::Sack(SackBlocks { len: 2, blocks: [block(1, 2), block(3, 4), block(0, 0), block(0, 0)] }),
            ),
            (&[6, 6, 0, 0, 1, 0], TcpOption::Echo(256)),
            (&[7, 6, 0, 0, 1, 0], TcpOption::EchoReply(256)),
            (&[8, 10, 0, 0, 0, 1, 0, 0, 0, 2], TcpOption::Timestamps { value: 1, echo: 2 }),
            (&[11, 6, 0, 0, 0, 9], TcpOption::ConnectionCount { kind: 11, count: 9 }),
            (&[12, 6, 0, 0, 0, 9], TcpOption::ConnectionCount { kind: 12, count: 9 }),
            (&[13, 6, 0, 0, 0, 9], TcpOption::ConnectionCount { kind: 13, count: 9 }),
            (&[19, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], {
                TcpOption::Md5(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
            }),
            (&[20, 4, 0x80, 7], TcpOption::Scps { capabilities: 0x80, connection: 7 }),
            (&[28, 4, 0x80, 5], TcpOption::UserTimeout { minutes: true, value: 5 }),
            (&[29, 6, 1, 2, 3, 4], TcpOption::Authentication { key_id: 1, next_key_id: 2, mac: &[3, 4] }),
            (&[30, 4, 0x80, 1], TcpOption::Multipath(Mptcp::Reset { flags: 0, reason: 1 })),
            (&[34, 2], TcpOption::FastOpen { experimental: false, cookie: &[] }),
            (&[34, 6, 1, 2, 3, 4], TcpOption::FastOpen { experimental: false, cookie: &[1, 2, 3, 4] }),
            (&[254, 4, 0xf9, 0x89], TcpOption::FastOpen { experimental: true, cookie: &[] }),
            (&[172, 5, 1, 2, 3], TcpOption::AccEcn { order: 0, counters: &[1, 2, 3] }),
            (&[174, 2], TcpOption::AccEcn { order: 1, counters: &[] }),
            (&[254, 7, 0xac, 0xc1, 1, 2, 3], TcpOption::AccEcn { order: 1, counters: &[1, 2, 3] }),
            (&[253, 5, 0x12, 0x34, 9], TcpOption::Experiment { kind: 253, id: 0x1234, value: &[9] }),
            (&[77, 3, 9], TcpOption::Unknown { kind: 77, value: &[9] }),
        ]
    }

    #[test]
    fn every_kind_is_read() {
        for (bytes, option) in every_kind() {
            assert_eq!(walk(bytes), [Ok(option)], "{bytes:?}");
            assert!(bytes[0] == option.kind() || option.kind() >= 172, "{option:?}");
        }
    }

    #[test]
    fn every_kind_that_the_capture_cuts_says_so_and_is_no_fault() {
        for (bytes, _) in every_kind() {
            for captured in 0..bytes.len() {
                let options = TcpOptions::new(&bytes[..captured], bytes.len());
                assert_eq!(options.collect::<Vec<_>>(), [Err(OptionError::Cut)], "{bytes:?} cut at {captured}");
                let facts = OptionFacts::read(options);
                assert!(facts.cut && facts.fault.is_none());
            }
        }
    }

    #[test]
    fn every_kind_that_the_header_cuts_is_a_fault() {
        for (bytes, _) in every_kind() {
            for len in 1..bytes.len() {
                let claimed = bytes.get(1).filter(|_| len > 1).copied().unwrap_or(0);
                assert_eq!(walk(&bytes[..len]), [fault(bytes[0], OptionFaultKind::Overrun(claimed))], "{bytes:?}");
            }
        }
    }

    #[test]
    fn lengths_that_a_kind_does_not_allow_are_faults_and_the_walk_goes_on() {
        let lengths: [(u8, &[u8]); 19] = [
            (2, &[2, 3, 5]),
            (3, &[2, 4]),
            (4, &[3]),
            (5, &[2, 9, 11]),
            (6, &[2, 5, 7]),
            (7, &[5]),
            (8, &[2, 9, 11]),
            (11, &[5]),
            (12, &[7]),
            (13, &[2]),
            (19, &[2, 17, 19]),
            (20, &[3, 5]),
            (28, &[2, 3, 5]),
            (29, &[2, 3]),
            (30, &[2]),
            (34, &[3, 4, 5, 7, 20]),
            (172, &[3, 4, 6]),
            (174, &[14]),
            (254, &[2, 3]),
        ];
        for (kind, lengths) in lengths {
            for &len in lengths {
                let mut bytes = vec![kind, len];
                bytes.resize(usize::from(len), 0);
                bytes.extend([3, 3, 7]);
                let expected = [fault(kind, OptionFaultKind::BadLength(len)), Ok(TcpOption::WindowScale(7))];
                assert_eq!(walk(&bytes), expected);
                assert_eq!(facts(&bytes).wscale, Some(7));
            }
        }
    }

    #[test]
    fn a_length_below_2_ends_the_walk() {
        for len in 0..2 {
            assert_eq!(walk(&[8, len, 3, 3, 7]), [fault(8, OptionFaultKind::TooShort(len))]);
        }
    }

    #[test]
    fn nothing_is_read_behind_the_end_of_the_list() {
        assert_eq!(walk(&[0, 0, 0, 0]), [Ok(TcpOption::EndOfList)]);
        let expected = [Ok(TcpOption::EndOfList), fault(0, OptionFaultKind::AfterEnd)];
        assert_eq!(walk(&[0, 3, 3, 7]), expected);
        assert_eq!(facts(&[0, 3, 3, 7]).wscale, None);
    }

    #[test]
    fn padding_that_was_not_captured_is_no_cut() {
        let options = TcpOptions::new(&[3, 3, 7, 0], 8);
        assert_eq!(options.collect::<Vec<_>>(), [Ok(TcpOption::WindowScale(7)), Ok(TcpOption::EndOfList)]);
    }

    #[test]
    fn of_an_option_that_stands_there_twice_the_first_counts() {
        let facts = facts(&[1, 3, 3, 7, 1, 3, 3, 8, 2, 4, 0, 1, 2, 4, 0, 2]);
        assert_eq!((facts.wscale, facts.mss, facts.duplicate), (Some(7), Some(1), Some(3)));
    }

    #[test]
    fn kinds_that_many_share_are_no_duplicates() {
        let twice_multipath = [30, 4, 0x50, 1, 30, 4, 0x40, 2];
        assert_eq!(facts(&twice_multipath).duplicate, None);
        let experiments = [254, 4, 0xf9, 0x89, 254, 4, 1, 2, 34, 2];
        assert_eq!(facts(&experiments).duplicate, None);
        assert_eq!(facts(&[77, 2, 77, 2]).duplicate, Some(77));
    }

    #[test]
    fn the_facts_of_a_syn_as_linux_sends_it() {
        let facts = facts(&[2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7]);
        let expected = OptionFacts {
            mss: Some(1460),
            wscale: Some(7),
            sack_permitted: true,
            timestamps: Some((9, 0)),
            ..OptionFacts::default()
        };
        assert_eq!(facts, expected);
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_fewer_items_than_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64), len in 0_usize..80) {
            let options = TcpOptions::new(&bytes, len);
            prop_assert!(options.count() <= len + 1);
            let facts = OptionFacts::read(options);
            prop_assert!(!facts.cut || len > bytes.len());
        }
    }
}
