//! What an expression asks of a frame, as a tree. As in classic BPF, a load outside the frame rejects it, whatever `not` or `or`
//! stand before it; so everything is asked in the order in which libpcap's programs ask.

use std::ops::{BitAnd, BitOr, BitXor};

/// Whether a frame is taken.
#[derive(Clone, Debug)]
pub(in crate::capture::filter) enum Predicate {
    Constant(bool),
    Not(Box<Predicate>),
    /// From left to right; `and` and `or` bind alike. The first is joined by `or`.
    Chain(Vec<(Joint, Predicate)>),
    Compare(Comparison, Arithmetic, Arithmetic),
    /// The address family before a BSD loopback frame, in either byte order.
    Family(&'static [u32]),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::capture::filter) enum Joint {
    And,
    Or,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::capture::filter) enum Comparison {
    Equal,
    Different,
    Greater,
    AtLeast,
    Less,
    AtMost,
}

/// A number made of a frame, in 32 bits.
#[derive(Clone, Debug)]
pub(in crate::capture::filter) enum Arithmetic {
    Number(u32),
    /// The frame's length on the wire.
    Length,
    /// One, two or four bytes.
    Load {
        base: Base,
        index: Box<Arithmetic>,
        size: u32,
    },
    Negated(Box<Arithmetic>),
    Binary(Operator, Box<Arithmetic>, Box<Arithmetic>),
}

/// Where offsets are counted from.
#[derive(Clone, Copy, Debug)]
pub(in crate::capture::filter) enum Base {
    /// A place in the frame.
    Fixed(u32),
    /// Behind the IPv4 header that begins there.
    BehindIpv4(u32),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::capture::filter) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl Predicate {
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let joints = std::iter::once(Joint::Or).chain(std::iter::repeat(Joint::And));
        Self::Chain(joints.zip(parts).collect())
    }

    pub(crate) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::Chain(parts.into_iter().map(|part| (Joint::Or, part)).collect())
    }

    pub(crate) fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Whether it asks for what only the kernel knows of a packet.
    pub(crate) fn asks_the_kernel(&self) -> bool {
        false
    }

    /// Whether the frame with these captured bytes is taken.
    pub(crate) fn accepts(&self, data: &[u8], wire_len: u32) -> bool {
        self.holds(data, wire_len).unwrap_or(false)
    }

    /// `None` when it needs a byte that was not captured, or divides by zero.
    fn holds(&self, data: &[u8], wire_len: u32) -> Option<bool> {
        Some(match self {
            Self::Constant(holds) => *holds,
            Self::Not(inner) => !inner.holds(data, wire_len)?,
            Self::Chain(parts) => {
                let mut holds = false;
                for (joint, part) in parts {
                    if holds == (*joint == Joint::And) {
                        holds = part.holds(data, wire_len)?;
                    }
                }
                holds
            }
            Self::Compare(comparison, left, right) => {
                let (left, right) = (left.value(data, wire_len)?, right.value(data, wire_len)?);
                match comparison {
                    Comparison::Equal => left == right,
                    Comparison::Different => left != right,
                    Comparison::Greater => left > right,
                    Comparison::AtLeast => left >= right,
                    Comparison::Less => left < right,
                    Comparison::AtMost => left <= right,
                }
            }
            Self::Family(families) => {
                let family = u32::from_be_bytes(*data.first_chunk()?);
                families.iter().any(|one| family == *one || family == one.swap_bytes())
            }
        })
    }
}

impl Arithmetic {
    fn value(&self, data: &[u8], wire_len: u32) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Length => Some(wire_len),
            Self::Load { base, index, size } => {
                let index = index.value(data, wire_len)?;
                let start = match *base {
                    Base::Fixed(at) => at,
                    // The low nibble of the first byte counts words (RFC 791 §3.1).
                    Base::BehindIpv4(at) => at.checked_add(u32::from(data.get(at as usize)? & 0x0f) << 2)?,
                };
                let start = start.checked_add(index)? as usize;
                let bytes = data.get(start..start.checked_add(*size as usize)?)?;
                Some(bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
            }
            Self::Negated(inner) => Some(inner.value(data, wire_len)?.wrapping_neg()),
            Self::Binary(operator, left, right) => {
                operator.apply(left.value(data, wire_len)?, right.value(data, wire_len)?)
            }
        }
    }
}

impl Operator {
    /// As the machine of bpf(4) calculates.
    pub(crate) fn apply(self, left: u32, right: u32) -> Option<u32> {
        match self {
            Self::Add => Some(left.wrapping_add(right)),
            Self::Subtract => Some(left.wrapping_sub(right)),
            Self::Multiply => Some(left.wrapping_mul(right)),
            Self::Divide => left.checked_div(right),
            Self::Remainder => left.checked_rem(right),
            Self::And => Some(left.bitand(right)),
            Self::Or => Some(left.bitor(right)),
            Self::Xor => Some(left.bitxor(right)),
            Self::ShiftLeft => Some(left.checked_shl(right).unwrap_or(0)),
            Self::ShiftRight => Some(left.checked_shr(right).unwrap_or(0)),
        }
    }
}
