//! What takes the place of addresses and ports: the same for the same key, and something else for another one.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use ipcrypt_rs::IpcryptPfx;
use sha2::{Digest, Sha256};

/// As many addresses are remembered; a pseudonym costs a block cipher's call for each of its bits otherwise.
const MAX_REMEMBERED: usize = 1 << 20;

/// Ports change places within these: well-known ports stay well known.
const PORT_RANGES: [std::ops::Range<usize>; 3] = [1..1024, 1024..32_768, 32_768..65_536];

/// Makes pseudonyms.
pub(super) struct Pseudonyms {
    key: [u8; 32],
    addresses: IpcryptPfx,
    known: HashMap<IpAddr, IpAddr>,
    /// What takes a port's place; none where ports are kept.
    ports: Option<Vec<u16>>,
}

impl Pseudonyms {
    /// Those of that secret.
    pub(super) fn new(secret: &[u8], keep_ports: bool) -> Self {
        let key: [u8; 32] = Sha256::digest(secret).into();
        let mut prefixes = key;
        // The two halves of the key must differ, or all its own prefixes would be those of a constant.
        if prefixes[..16] == prefixes[16..] {
            prefixes[0] ^= 1;
        }
        let ports = (!keep_ports).then(|| shuffled_ports(&key));
        Self { key, addresses: IpcryptPfx::new(prefixes), known: HashMap::new(), ports }
    }

    /// In place of an address: those that begin alike have pseudonyms that begin alike, as far. What names nobody stays.
    pub(super) fn address(&mut self, address: IpAddr) -> IpAddr {
        if names_nobody(address) {
            return without_interface(address);
        }
        if let Some(known) = self.known.get(&address) {
            return *known;
        }
        let mut other = self.encrypt(address);
        // One that would mean something is the pseudonym of nobody: its own pseudonym is taken, so that no two meet.
        while names_nobody(other) {
            other = self.encrypt(other);
        }
        if self.known.len() >= MAX_REMEMBERED {
            self.known.clear();
        }
        self.known.insert(address, other);
        other
    }

    fn encrypt(&self, address: IpAddr) -> IpAddr {
        match (address, self.addresses.encrypt_ipaddr(address)) {
            (IpAddr::V6(_), IpAddr::V4(mapped)) => IpAddr::V6(mapped.to_ipv6_mapped()),
            (_, other) => other,
        }
    }

    /// In place of a hardware address; a group's stays, but for what it says of an IPv6 address (RFC 2464 §7).
    pub(super) fn hardware(&self, address: [u8; 6]) -> [u8; 6] {
        match address {
            [0x33, 0x33, 0xff, ..] => [0x33, 0x33, 0xff, 0, 0, 0],
            [0, 0, 0, 0, 0, 0] => address,
            [first, ..] if first & 1 != 0 => address,
            _ => {
                let [_, b, c, d, e, f] = self.digest(&address);
                // Administered locally, and one station's.
                [0x02, b, c, d, e, f]
            }
        }
    }

    /// In place of the ports of a connection's two ends. The lower one stays the lower one: where the opening was not captured,
    /// that tells who is the server.
    pub(super) fn ports(&self, pair: [u16; 2]) -> [u16; 2] {
        let Some(ports) = &self.ports else { return pair };
        let [a, b] = pair.map(|port| ports.get(usize::from(port)).copied().unwrap_or(port));
        if (a < b) == (pair[0] < pair[1]) { [a, b] } else { [b, a] }
    }

    fn digest<const N: usize>(&self, bytes: &[u8]) -> [u8; N] {
        let digest = Sha256::new().chain_update(self.key).chain_update(b"hardware").chain_update(bytes).finalize();
        std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default())
    }
}

/// Whether an address is nobody's: unspecified, a group's, everybody's, or the host's own.
fn names_nobody(address: IpAddr) -> bool {
    let v4 = |address: std::net::Ipv4Addr| {
        address.is_unspecified() || address.is_multicast() || address.is_broadcast() || address.is_loopback()
    };
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => address.is_unspecified() || address.is_multicast() || address.is_loopback(),
    }
}

/// A solicited-node group without the end of the address that it is of (RFC 4291 §2.7.1).
fn without_interface(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(group) if group.segments()[..6] == [0xff02, 0, 0, 0, 0, 1] && group.octets()[12] == 0xff => {
            IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 0))
        }
        other => other,
    }
}

/// Every port at its place, shuffled within its range.
fn shuffled_ports(key: &[u8]) -> Vec<u16> {
    let mut ports: Vec<u16> = (0..=u16::MAX).collect();
    let mut counter = 0_u32;
    let mut random = || {
        let digest =
            Sha256::new().chain_update(key).chain_update(b"ports").chain_update(counter.to_be_bytes()).finalize();
        counter += 1;
        digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    };
    for range in PORT_RANGES {
        for at in (range.start + 1..range.end).rev() {
            let span = (at - range.start + 1) as u64;
            ports.swap(at, range.start + (random() % span) as usize);
        }
    }
    ports
}
