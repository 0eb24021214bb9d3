//! Community ID: one name for a connection across tools (Zeek, Suricata, Wireshark).

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::dissect::Socket;

/// TCP, as IP numbers protocols.
const TCP: u8 = 6;

/// The ID of the connection between two ends, version 1 with seed 0; the same for both directions.
// Community ID Flow Hashing, version 1: "1:" + base64(sha1(seed . address . address . protocol . 0 . port . port)), the
// smaller address and port first.
pub fn community_id(one: Socket, other: Socket) -> String {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    let mut hash = Sha1::new();
    hash.update(0_u16.to_be_bytes());
    for Socket { addr, .. } in [first, second] {
        match addr {
            IpAddr::V4(addr) => hash.update(addr.octets()),
            IpAddr::V6(addr) => hash.update(addr.octets()),
        }
    }
    hash.update([TCP, 0]);
    hash.update(first.port.to_be_bytes());
    hash.update(second.port.to_be_bytes());
    // Of 20 bytes: 28 characters, for which there is room.
    let mut text = [0; 28];
    let len = STANDARD.encode_slice(hash.finalize(), &mut text).unwrap_or_default();
    ["1:", str::from_utf8(text.get(..len).unwrap_or_default()).unwrap_or_default()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(addr: &str, port: u16) -> Socket {
        Socket { addr: addr.parse().unwrap(), port }
    }

    #[test]
    fn the_published_ids_come_out() {
        // From the baseline of the specification, seed 0.
        for (one, other, id) in [
            (socket("128.232.110.120", 34855), socket("66.35.250.204", 80), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
            (socket("66.35.250.204", 80), socket("128.232.110.120", 34855), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        ] {
            assert_eq!(community_id(one, other), id);
        }
    }

    #[test]
    fn with_equal_addresses_the_ports_decide_the_order() {
        let (one, other) = (socket("::1", 5000), socket("::1", 80));
        assert_eq!(community_id(one, other), community_id(other, one));
    }
}
