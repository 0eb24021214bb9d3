//! Primitives: `tcp`, `src host 10.0.0.1`, `portrange 1-1023`, `vlan 5`.

use super::Refusal;
use super::lexer::Kind;
use super::link::{Direction, IPV4, IPV6, SCTP, TCP, UDP};
use super::names;
use super::parser::Parser;
use super::predicate::{Arithmetic, Comparison, Joint, Predicate};
use super::qualifiers::{Protocol, Qualifiers, What};

/// Words that begin or join terms, and are no names.
const KEYWORDS: [&str; 15] = [
    "and",
    "or",
    "not",
    "src",
    "dst",
    "host",
    "net",
    "port",
    "portrange",
    "proto",
    "vlan",
    "less",
    "greater",
    "broadcast",
    "multicast",
];

impl<'e> Parser<'e> {
    pub(super) fn primitive(&mut self) -> Result<(Predicate, Option<Qualifiers>), Refusal> {
        let Some(Kind::Word(word)) = self.peek() else { return Err(self.refuse("syntax error")) };
        if ["vlan", "less", "greater"].contains(&word) {
            self.advance();
            return Ok((if word == "vlan" { self.vlan()? } else { self.length(word)? }, None));
        }
        let protocol = Protocol::named(word);
        if protocol.is_some() {
            self.advance();
        }
        if let Some(word @ ("broadcast" | "multicast")) = self.word() {
            self.advance();
            return Ok((self.group(word, protocol)?, None));
        }
        let direction = self.direction();
        let what = self.what();
        let Some(what) = what.or(direction.map(|_| What::Host)) else {
            return match protocol {
                Some(protocol) => Ok((self.abbreviation(protocol)?, None)),
                None => Err(self.refuse_word(word)),
            };
        };
        let qualifiers = Qualifiers { protocol, direction, what };
        Ok((self.value(qualifiers)?, Some(qualifiers)))
    }

    fn word(&self) -> Option<&'e str> {
        match self.peek() {
            Some(Kind::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn direction(&mut self) -> Option<Direction> {
        let of = |kind: Option<Kind<'_>>| match kind {
            Some(Kind::Word("src")) => Some(Direction::Source),
            Some(Kind::Word("dst")) => Some(Direction::Destination),
            _ => None,
        };
        let first = of(self.peek())?;
        self.advance();
        let before = self.position();
        let joint = self.joint();
        match (joint, of(self.peek())) {
            (Some(joint), Some(second)) if second != first => {
                self.advance();
                Some(if joint == Joint::And { Direction::Both } else { Direction::Either })
            }
            _ => {
                self.return_to(before);
                Some(first)
            }
        }
    }

    fn what(&mut self) -> Option<What> {
        let what = match self.word()? {
            "host" => What::Host,
            "net" => What::Net,
            "port" => What::Port,
            "portrange" => What::PortRange,
            "proto" => What::Protocol,
            _ => return None,
        };
        self.advance();
        Some(what)
    }

    fn abbreviation(&self, protocol: Protocol) -> Result<Predicate, Refusal> {
        match protocol {
            Protocol::Link => Err(self.refuse("syntax error")),
            protocol => Ok(self.carried(protocol)),
        }
    }

    /// A frame that carries the protocol.
    pub(super) fn carried(&self, protocol: Protocol) -> Predicate {
        match protocol {
            Protocol::Link => Predicate::Constant(true),
            Protocol::Ethertype(ethertype) => self.link.carries(ethertype),
            Protocol::Ip(number) => self.link.ip(number),
            Protocol::Ipv4(number) => self.link.ipv4(number),
            Protocol::Ipv6(number) => self.link.ipv6(number),
        }
    }

    fn vlan(&mut self) -> Result<Predicate, Refusal> {
        let number = match self.peek() {
            Some(Kind::Number(number)) if number > 4095 => {
                return Err(self.refuse(format!("VLAN tag {number} greater than maximum 4095")));
            }
            Some(Kind::Number(number)) => Some(number),
            _ => None,
        };
        if number.is_some() {
            self.advance();
        }
        let tagged = if self.link.is_ethernet { self.link.vlan(number) } else { None };
        tagged.ok_or_else(|| self.refuse_last("no VLAN support for this link type"))
    }

    fn length(&mut self, word: &str) -> Result<Predicate, Refusal> {
        let Some(Kind::Number(bytes)) = self.peek() else { return Err(self.refuse("syntax error")) };
        self.advance();
        let comparison = if word == "less" { Comparison::AtMost } else { Comparison::AtLeast };
        Ok(Predicate::Compare(comparison, Arithmetic::Length, Arithmetic::Number(bytes)))
    }

    fn group(&self, word: &str, protocol: Option<Protocol>) -> Result<Predicate, Refusal> {
        let compare = |comparison, field, value| Predicate::Compare(comparison, field, Arithmetic::Number(value));
        match (word, protocol) {
            (_, None | Some(Protocol::Link)) if !self.link.is_ethernet => Err(self.refuse_last("not a broadcast link")),
            ("broadcast", None | Some(Protocol::Link)) => Ok(self.link.hardware([0xff; 6], Direction::Destination)),
            // The lowest bit of the first byte (IEEE 802).
            ("multicast", None | Some(Protocol::Link)) => {
                let first = super::link::Link::in_frame(Arithmetic::Number(0), 1);
                Ok(compare(Comparison::Different, super::link::masked(first, 1), 0))
            }
            ("multicast", Some(protocol @ Protocol::Ethertype(IPV4))) => {
                let group = compare(Comparison::AtLeast, self.link.load(16, 1), 224);
                Ok(Predicate::all([self.carried(protocol), group]))
            }
            ("multicast", Some(protocol @ Protocol::Ethertype(IPV6))) => {
                let group = compare(Comparison::Equal, self.link.load(24, 1), 255);
                Ok(Predicate::all([self.carried(protocol), group]))
            }
            ("broadcast", Some(Protocol::Ethertype(IPV4))) => {
                Err(self.refuse_last("netmask not known, so 'ip broadcast' not supported"))
            }
            _ => Err(self.refuse_last("only link-layer/IP broadcast filters supported")),
        }
    }

    /// Whether a value is next, rather than a primitive of its own.
    pub(super) fn is_at_value(&self) -> bool {
        match self.peek() {
            Some(Kind::Word(word)) => {
                let begins = KEYWORDS.contains(&word) || Protocol::named(word).is_some() || names::needs_libpcap(word);
                !begins && names::constant(word).is_none()
            }
            Some(Kind::Operator(_)) | None => false,
            Some(_) => true,
        }
    }

    /// An address or a number, or several in parentheses.
    pub(super) fn value(&mut self, qualifiers: Qualifiers) -> Result<Predicate, Refusal> {
        if self.takes("!") || self.takes_word("not") {
            return Ok(self.nested(|parser| parser.value(qualifiers))?.not());
        }
        if !self.takes("(") {
            return self.one_value(qualifiers);
        }
        let mut parts = vec![(Joint::Or, self.nested(|parser| parser.value(qualifiers))?)];
        while let Some(joint) = self.joint() {
            parts.push((joint, self.nested(|parser| parser.value(qualifiers))?));
        }
        self.expect(")")?;
        Ok(Predicate::Chain(parts))
    }

    fn one_value(&mut self, qualifiers: Qualifiers) -> Result<Predicate, Refusal> {
        match qualifiers.what {
            What::Port => self.port(qualifiers),
            What::PortRange => self.port_range(qualifiers),
            What::Protocol => self.protocol(qualifiers),
            What::Host | What::Net => self.address(qualifiers),
        }
    }

    fn port(&mut self, qualifiers: Qualifiers) -> Result<Predicate, Refusal> {
        let (port, mut protocols) = match self.peek() {
            Some(Kind::Number(port)) => (port, &[TCP, UDP, SCTP][..]),
            Some(Kind::Word(name) | Kind::Escaped(name)) => {
                names::service(name).ok_or_else(|| self.refuse(format!("unknown port '{name}'")))?
            }
            _ => return Err(self.refuse("syntax error")),
        };
        if port > 65535 {
            return Err(self.refuse(format!("illegal port number {port} > 65535")));
        }
        let wanted = self.transport(qualifiers)?;
        if let [only] = wanted {
            if !protocols.contains(only) {
                return Err(self.refuse("this port is another protocol's"));
            }
            protocols = wanted;
        }
        self.advance();
        Ok(self.link.ports(protocols, port, port, qualifiers.direction.unwrap_or_default()))
    }

    fn port_range(&mut self, qualifiers: Qualifiers) -> Result<Predicate, Refusal> {
        let protocols = self.transport(qualifiers)?;
        let first = self.port_number()?;
        let last = if self.takes("-") { self.port_number()? } else { first };
        let direction = qualifiers.direction.unwrap_or_default();
        Ok(self.link.ports(protocols, first.min(last), first.max(last), direction))
    }

    fn port_number(&mut self) -> Result<u32, Refusal> {
        match self.peek() {
            Some(Kind::Number(port @ 0..=65535)) => {
                self.advance();
                Ok(port)
            }
            Some(Kind::Number(port)) => Err(self.refuse(format!("illegal port number {port} > 65535"))),
            _ => Err(self.refuse("syntax error")),
        }
    }

    /// The protocols whose ports are meant.
    fn transport(&self, qualifiers: Qualifiers) -> Result<&'static [u8], Refusal> {
        match qualifiers.protocol {
            None => Ok(&[TCP, UDP, SCTP]),
            Some(Protocol::Ip(TCP)) => Ok(&[TCP]),
            Some(Protocol::Ip(UDP)) => Ok(&[UDP]),
            Some(Protocol::Ip(SCTP)) => Ok(&[SCTP]),
            Some(_) => Err(self.refuse_last("illegal qualifier of 'port'")),
        }
    }

    fn protocol(&mut self, qualifiers: Qualifiers) -> Result<Predicate, Refusal> {
        if qualifiers.direction.is_some() {
            return Err(self.refuse_last("direction applied to 'proto'"));
        }
        let unknown = |parser: &Self| parser.refuse("unknown protocol");
        let (number, name) = match self.peek() {
            Some(Kind::Number(number)) => (Some(number), None),
            Some(Kind::Escaped(name)) => (names::ip_protocol(name).map(u32::from), Protocol::named(name)),
            _ => return Err(self.refuse("syntax error")),
        };
        let in_ip = number.and_then(|number| u8::try_from(number).ok());
        let predicate = match (qualifiers.protocol, name) {
            (Some(Protocol::Link), Some(Protocol::Ethertype(ethertype))) => self.link.carries(ethertype),
            (Some(Protocol::Link), Some(_)) => return Err(unknown(self)),
            // Up to 1500 it would be a length, and the protocol in a header of IEEE 802.2.
            (Some(Protocol::Link), None) => match number.and_then(|number| u16::try_from(number).ok()) {
                Some(ethertype @ 1501..) => self.link.carries(ethertype),
                _ => return Err(self.refuse("this number needs a build with libpcap")),
            },
            (None, _) => self.link.ip(in_ip.ok_or_else(|| unknown(self))?),
            (Some(Protocol::Ethertype(IPV4)), _) => self.link.ipv4(in_ip.ok_or_else(|| unknown(self))?),
            (Some(Protocol::Ethertype(IPV6)), _) => self.link.ipv6(in_ip.ok_or_else(|| unknown(self))?),
            _ => return Err(self.refuse_last("a protocol cannot be asked for inside this one")),
        };
        self.advance();
        Ok(predicate)
    }
}
