//! Which scope a connection belongs to: its filter is tried on a segment made of the connection's addresses and ports.

use std::net::IpAddr;

use crate::capture::{CaptureError, Filter, Frame, LinkType, Timestamp};
use crate::dissect::Socket;

/// Whether a filter takes a connection, whichever way it is looked at.
pub(super) fn takes(filter: &mut Filter, a: Socket, b: Socket) -> Result<bool, CaptureError> {
    Ok(accepts(filter, a, b)? || accepts(filter, b, a)?)
}

/// A filter that is tried on connections.
///
/// # Errors
/// When it is none, asks for names' addresses, or is not about Ethernet frames.
pub(super) fn filter(expression: &str) -> Result<Filter, CaptureError> {
    let mut filter = Filter::compile_numeric(expression, LinkType::EN10MB)?;
    let socket = Socket { addr: IpAddr::from([127, 0, 0, 1]), port: 1 };
    accepts(&mut filter, socket, socket)?;
    Ok(filter)
}

fn accepts(filter: &mut Filter, from: Socket, to: Socket) -> Result<bool, CaptureError> {
    let data = segment(from, to);
    filter.accepts(&Frame {
        number: 1,
        ts: Timestamp::default(),
        wire_len: data.len() as u32,
        link_type: LinkType::EN10MB,
        interface: 0,
        data: &data,
    })
}

/// An Ethernet frame with an empty ACK between two sockets.
fn segment(from: Socket, to: Socket) -> Vec<u8> {
    const TCP_LEN: u8 = 20;
    let mut frame = vec![0; 12];
    match (from.addr, to.addr) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            frame.extend([0x08, 0x00, 0x45, 0, 0, 20 + TCP_LEN, 0, 0, 0, 0, 64, 6, 0, 0]);
            frame.extend(from.octets());
            frame.extend(to.octets());
        }
        (from, to) => {
            let octets = |addr: IpAddr| match addr {
                IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
                IpAddr::V6(addr) => addr.octets(),
            };
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, TCP_LEN, 6, 64]);
            frame.extend(octets(from));
            frame.extend(octets(to));
        }
    }
    frame.extend(from.port.to_be_bytes());
    frame.extend(to.port.to_be_bytes());
    frame.extend([0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_a_connection_from_either_side() {
        let socket = |text: &str| {
            let socket: std::net::SocketAddr = text.parse().unwrap();
            Socket { addr: socket.ip(), port: socket.port() }
        };
        for (client, server) in [("10.0.0.1:40000", "10.0.0.2:25"), ("[fd00::1]:40000", "[fd00::2]:25")] {
            let (client, server) = (socket(client), socket(server));
            for expression in ["tcp port 25", "dst port 25", "src port 25", "host 10.0.0.2 or host fd00::2"] {
                let mut filter = Filter::compile(expression).unwrap();
                assert!(takes(&mut filter, client, server).unwrap(), "{expression}");
                assert!(takes(&mut filter, server, client).unwrap(), "{expression}");
            }
            for expression in ["udp", "port 26", "dst port 25 and src port 25"] {
                let mut filter = Filter::compile(expression).unwrap();
                assert!(!takes(&mut filter, client, server).unwrap(), "{expression}");
            }
        }
    }
}
