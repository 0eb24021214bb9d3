//! Values as bytes, on their way to another process of the same version: a segment is tracked where it was not read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use crate::capture::{Span, Timestamp};
use crate::dissect::flags::TcpFlags;
use crate::dissect::icmp::{IcmpError, IcmpKind};
use crate::dissect::segment::{
    Checksum, HeaderFault, OptionFacts, OptionFault, OptionFaultKind, SackBlocks, Segment, Socket,
};
use crate::dissect::seq::SeqNumber;

/// Bytes of a value, which say themselves where they end.
pub trait Wire: Sized {
    /// Writes it.
    fn put(&self, out: &mut Vec<u8>);

    /// Takes it off the front; none where it is cut or is no such value.
    fn take(from: &mut &[u8]) -> Option<Self>;
}

/// Of a struct, field by field; of an enum, by number.
macro_rules! wire {
    (struct $type:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::dissect::Wire for $type {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),+ } = self;
                $($crate::dissect::Wire::put($field, out);)+
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                $(let $field = $crate::dissect::Wire::take(from)?;)+
                Some(Self { $($field),+ })
            }
        }
    };
    (enum $type:ty { $($number:literal $variant:ident $(($inner:ident))? $({ $field:ident })?),+ $(,)? }) => {
        impl $crate::dissect::Wire for $type {
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($inner))? $({ $field })? => {
                        out.push($number);
                        $($crate::dissect::Wire::put($inner, out);)?
                        $($crate::dissect::Wire::put($field, out);)?
                    })+
                }
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                Some(match <u8 as $crate::dissect::Wire>::take(from)? {
                    $($number => {
                        $(let $inner = $crate::dissect::Wire::take(from)?;)?
                        $(let $field = $crate::dissect::Wire::take(from)?;)?
                        Self::$variant $(($inner))? $({ $field })?
                    })+
                    _ => return None,
                })
            }
        }
    };
}

pub(crate) use wire;

macro_rules! numbers {
    ($($type:ty),+) => {
        $(impl Wire for $type {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*bytes))
            }
        })+
    };
}

numbers!(u8, u16, u32, u64, u128, i16, i64);

macro_rules! wrapped {
    ($($type:ident),+) => {
        $(impl Wire for $type {
            fn put(&self, out: &mut Vec<u8>) {
                self.0.put(out);
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                Wire::take(from).map($type)
            }
        })+
    };
}

wrapped!(Timestamp, Span, SeqNumber, TcpFlags);

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        u8::from(*self).put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        u8::take(from).map(|byte| byte != 0)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        self.iter().for_each(|value| value.put(out));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some(if bool::take(from)? { Some(T::take(from)?) } else { None })
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some((A::take(from)?, B::take(from)?))
    }
}

impl Wire for NonZeroU32 {
    fn put(&self, out: &mut Vec<u8>) {
        self.get().put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Self::new(u32::take(from)?)
    }
}

impl Wire for IpAddr {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_ipv4().put(out);
        match self {
            Self::V4(addr) => addr.to_bits().put(out),
            Self::V6(addr) => addr.to_bits().put(out),
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some(match bool::take(from)? {
            true => Ipv4Addr::from_bits(Wire::take(from)?).into(),
            false => Ipv6Addr::from_bits(Wire::take(from)?).into(),
        })
    }
}

impl Wire for SackBlocks {
    fn put(&self, out: &mut Vec<u8>) {
        self.len.put(out);
        self.as_slice().iter().for_each(|block| block.put(out));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let mut blocks = Self { len: u8::take(from)?, ..Self::default() };
        for block in blocks.blocks.get_mut(..usize::from(blocks.len))? {
            *block = Wire::take(from)?;
        }
        Some(blocks)
    }
}

wire!(struct Socket { addr, port });
wire!(enum Checksum { 0 Correct, 1 Partial, 2 Wrong { expected }, 3 Unknown });
wire!(enum HeaderFault { 0 TooShort, 1 TooLong });
wire!(enum OptionFaultKind { 0 BadLength(len), 1 TooShort(len), 2 Overrun(len), 3 AfterEnd });
wire!(struct OptionFault { kind, what });
wire!(struct OptionFacts {
    mss, wscale, sack_permitted, sack, timestamps, fast_open, md5, ao, mptcp, mptcp_signal, acc_ecn, duplicate, fault, cut
});
wire!(struct Segment {
    frame, ts, interface, place, wire_len, captured_len, src, dst, ttl, tos, ip_id, dont_fragment, fragment, seq, ack, flags,
    window, urgent, header_len, payload_len, offloaded, header_fault, checksum, payload_digest, options
});
wire!(enum IcmpKind {
    0 NetUnreachable, 1 HostUnreachable, 2 ProtocolUnreachable, 3 PortUnreachable, 4 FragmentationNeeded, 5 PacketTooBig,
    6 SourceRouteFailed, 7 Prohibited, 8 Unreachable, 9 TtlExceeded, 10 ReassemblyTimeExceeded, 11 ParameterProblem,
    12 SourceQuench
});
wire!(struct IcmpError { kind, numbers, from, mtu, src, dst, seq, packet_len });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_comes_back_as_it_was_and_one_that_is_cut_does_not() {
        let [src, dst] = [1, 2].map(|port| Socket { addr: Ipv6Addr::from_bits(port.into()).into(), port });
        let mut segment = Segment::new(src, dst, SeqNumber(7));
        segment.checksum = Checksum::Wrong { expected: 9 };
        segment.payload_digest = NonZeroU32::new(3);
        segment.options.sack = SackBlocks { len: 1, ..SackBlocks::default() };
        segment.options.sack.blocks[0] = (SeqNumber(1), SeqNumber(2));
        segment.options.fault = Some(OptionFault { kind: 5, what: OptionFaultKind::BadLength(3) });
        let mut bytes = Vec::new();
        segment.put(&mut bytes);
        let mut from = &bytes[..];
        assert_eq!((Segment::take(&mut from), from), (Some(segment), &[][..]));
        assert!((0..bytes.len()).all(|len| Segment::take(&mut &bytes[..len]).is_none()));
    }
}
