//! Addresses: of hosts and of networks.

use std::net::Ipv6Addr;

use super::Refusal;
use super::lexer::Kind;
use super::link::{ARP, IPV4, IPV6, RARP};
use super::parser::Parser;
use super::predicate::Predicate;
use super::qualifiers::{Protocol, Qualifiers, What};

impl Parser<'_> {
    pub(super) fn address(&mut self, qualifiers: Qualifiers) -> Result<Predicate, Refusal> {
        let net = qualifiers.what == What::Net;
        match self.peek() {
            Some(Kind::Dotted(value, bits)) => {
                self.advance();
                let address = value.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
                let mask = if net { self.mask(address)? } else { None };
                self.address_v4(qualifiers, address, mask.unwrap_or(prefix_mask(bits)))
            }
            // `net 10` is 10.0.0.0/8.
            Some(Kind::Number(value)) if net && value > 0 => {
                let zeros = value.leading_zeros() / 8 * 8;
                self.advance();
                self.address_v4(qualifiers, value << zeros, u32::MAX << zeros)
            }
            Some(Kind::Ipv6(address)) => {
                self.advance();
                let prefix = if net { self.prefix(address)? } else { 128 };
                match qualifiers.protocol {
                    None | Some(Protocol::Ethertype(IPV6)) => {
                        Ok(self.link.address_v6(address, prefix, qualifiers.direction.unwrap_or_default()))
                    }
                    Some(_) => Err(self.refuse_last("this protocol has no IPv6 addresses")),
                }
            }
            Some(Kind::Mac(address)) => match qualifiers.protocol {
                Some(Protocol::Link) if !net && self.link.is_ethernet => {
                    self.advance();
                    Ok(self.link.hardware(address, qualifiers.direction.unwrap_or_default()))
                }
                Some(Protocol::Link) => Err(self.refuse("ethernet addresses supported only on ethernet")),
                _ => Err(self.refuse("ethernet address used in non-ether expression")),
            },
            Some(Kind::Word(_) | Kind::Escaped(_)) => {
                Err(self.refuse("names of hosts need a build with libpcap: write the address"))
            }
            _ => Err(self.refuse("syntax error")),
        }
    }

    fn address_v4(&self, qualifiers: Qualifiers, address: u32, mask: u32) -> Result<Predicate, Refusal> {
        let within =
            |ethertype| self.link.address_v4(ethertype, address, mask, qualifiers.direction.unwrap_or_default());
        match qualifiers.protocol {
            None => Ok(Predicate::any([IPV4, ARP, RARP].map(within))),
            Some(Protocol::Ethertype(ethertype @ (IPV4 | ARP | RARP))) => Ok(within(ethertype)),
            Some(_) => Err(self.refuse_last("this protocol has no IPv4 addresses")),
        }
    }

    /// `/8` or `mask 255.0.0.0` behind a network.
    fn mask(&mut self, network: u32) -> Result<Option<u32>, Refusal> {
        let mask = if self.takes("/") {
            match self.peek() {
                Some(Kind::Number(length @ 0..=32)) => prefix_mask(length),
                Some(Kind::Number(_)) => return Err(self.refuse("mask length must be <= 32")),
                _ => return Err(self.refuse("syntax error")),
            }
        } else if self.takes_word("mask") {
            match self.peek() {
                Some(Kind::Dotted(mask, bits)) => mask.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0),
                _ => return Err(self.refuse("syntax error")),
            }
        } else {
            return Ok(None);
        };
        if network & !mask != 0 {
            return Err(self.refuse("non-network bits set"));
        }
        self.advance();
        Ok(Some(mask))
    }

    /// `/64` behind an IPv6 network.
    fn prefix(&mut self, network: Ipv6Addr) -> Result<u32, Refusal> {
        if !self.takes("/") {
            return Ok(128);
        }
        let Some(Kind::Number(length @ 0..=128)) = self.peek() else {
            return Err(self.refuse("mask length must be <= 128"));
        };
        if network.to_bits() & u128::MAX.checked_shr(length).unwrap_or(0) != 0 {
            return Err(self.refuse("non-network bits set"));
        }
        self.advance();
        Ok(length)
    }
}

fn prefix_mask(length: u32) -> u32 {
    u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0)
}
