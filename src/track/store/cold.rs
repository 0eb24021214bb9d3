//! What must be known of an evicted connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arrayvec::ArrayVec;

use crate::capture::Timestamp;
use crate::dissect::{Segment, Socket};

use crate::track::conn::connection::Connection;
use crate::track::packed::Codec;

/// The bytes before those of a packed connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct ColdHeader {
    pub number: u32,
    /// The last segment's time.
    pub last: Timestamp,
    /// What it acknowledges proves that the direction which was not captured exists.
    pub one_sided: bool,
    /// The client's socket and the server's.
    pub ends: [Socket; 2],
}

/// Two addresses of IPv6, and what else there is.
const LONGEST: usize = 4 + 8 + 1 + 2 * 18;
const ONE_SIDED: u8 = 1;
const IPV6: [u8; 2] = [2, 4];

impl ColdHeader {
    /// The header of a connection.
    pub(crate) fn of(connection: &Connection) -> Self {
        Self {
            number: connection.number,
            last: connection.last.1,
            one_sided: connection.only_side().is_some(),
            ends: [connection.ends[0].socket, connection.ends[1].socket],
        }
    }

    /// Packs a connection behind its header.
    pub(crate) fn pack<'a>(connection: &Connection, codec: &'a mut Codec) -> &'a [u8] {
        codec.pack(&Self::of(connection).write(), connection.last.1, connection)
    }

    /// Unpacks it again.
    pub(crate) fn unpack(bytes: &[u8], codec: &mut Codec) -> Connection {
        let (header, length) = Self::read(bytes);
        let mut connection: Connection = codec.unpack(header.last, bytes.get(length..).unwrap_or_default());
        connection.number = header.number;
        for (end, socket) in connection.ends.iter_mut().zip(header.ends) {
            end.socket = socket;
        }
        connection
    }

    /// Whether it is that of the connection that this segment belongs to.
    pub(crate) fn has(bytes: &[u8], segment: &Segment) -> bool {
        segment.is_between(&Self::read(bytes).0.ends)
    }

    fn write(&self) -> ArrayVec<u8, LONGEST> {
        let mut bytes = ArrayVec::new();
        let mut write = |part: &[u8]| bytes.extend(part.iter().copied());
        let marks = self.ends.iter().zip(IPV6).filter(|(end, _)| end.addr.is_ipv6()).map(|(_, mark)| mark);
        write(&[marks.sum::<u8>() | if self.one_sided { ONE_SIDED } else { 0 }]);
        write(&self.number.to_le_bytes());
        write(&self.last.0.to_le_bytes());
        for end in self.ends {
            match end.addr {
                IpAddr::V4(addr) => write(&addr.octets()),
                IpAddr::V6(addr) => write(&addr.octets()),
            }
            write(&end.port.to_le_bytes());
        }
        bytes
    }

    /// The header that these bytes begin with, and its length.
    pub(crate) fn read(bytes: &[u8]) -> (Self, usize) {
        let mut rest = Rest(bytes);
        let [marks] = rest.take();
        let number = u32::from_le_bytes(rest.take());
        let last = Timestamp(i64::from_le_bytes(rest.take()));
        let ends = IPV6.map(|ipv6| {
            let addr = if marks & ipv6 == 0 {
                IpAddr::V4(Ipv4Addr::from(rest.take::<4>()))
            } else {
                IpAddr::V6(Ipv6Addr::from(rest.take::<16>()))
            };
            Socket { addr, port: u16::from_le_bytes(rest.take()) }
        });
        (Self { number, last, one_sided: marks & ONE_SIDED != 0, ends }, bytes.len() - rest.0.len())
    }
}

/// Bytes not yet read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((taken, rest)) = self.0.split_first_chunk() else { return [0; N] };
        self.0 = rest;
        *taken
    }
}
