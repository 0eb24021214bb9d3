//! Names of ports and addresses, from this machine's files alone: `/etc/services` and `/etc/hosts`. No question goes out.

use std::collections::HashMap;
use std::net::IpAddr;

use super::interfaces::Interfaces;

/// Looks names up in what the two files held when this was made.
///
/// A name is printable ASCII without spaces; what is not one in a file is left out.
#[derive(Clone, Debug, Default)]
pub struct Names {
    numeric: bool,
    no_domain: bool,
    services: HashMap<u16, Box<str>>,
    hosts: HashMap<IpAddr, Box<str>>,
    interfaces: Interfaces,
}

impl Names {
    /// From this machine's files.
    pub fn new() -> Self {
        Self::of(&read("/etc/services"), &read("/etc/hosts"))
    }

    /// None at all.
    pub fn numeric() -> Self {
        Self { numeric: true, ..Self::default() }
    }

    /// As if the two files held these texts.
    pub fn of(services: &str, hosts: &str) -> Self {
        Self { services: parse_services(services), hosts: parse_hosts(hosts), ..Self::default() }
    }

    /// Host names end before their first dot.
    pub fn without_domain(self) -> Self {
        Self { no_domain: true, ..self }
    }

    /// Interfaces as this machine calls them.
    pub fn with_interfaces(self) -> Self {
        Self { interfaces: Interfaces::local(), ..self }
    }

    /// An interface's name by its index.
    pub fn interface(&self, index: u32) -> Option<&str> {
        self.interfaces.name(index)
    }

    /// The service at a TCP port.
    #[inline]
    pub fn port(&self, port: u16) -> Option<&str> {
        if self.numeric {
            return None;
        }
        self.find_port(port)
    }

    fn find_port(&self, port: u16) -> Option<&str> {
        self.services.get(&port).map(|name| &**name)
    }

    /// The host at an address.
    #[inline]
    pub fn host(&self, addr: IpAddr) -> Option<&str> {
        if self.numeric {
            return None;
        }
        self.find_host(addr)
    }

    fn find_host(&self, addr: IpAddr) -> Option<&str> {
        let name = &**self.hosts.get(&addr)?;
        match name.split_once('.') {
            Some((host, _)) if self.no_domain => Some(host),
            _ => Some(name),
        }
    }
}

/// A file's text; a machine without the file has no names.
fn read(path: &str) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// TCP ports by the lines of services(5); of several names the first counts.
fn parse_services(text: &str) -> HashMap<u16, Box<str>> {
    let mut services = HashMap::new();
    for line in text.lines() {
        let mut fields = fields(line);
        let (Some(name), Some(port)) = (fields.next(), fields.next()) else { continue };
        if let Some(port) = port.strip_suffix("/tcp").and_then(|port| port.parse().ok())
            && is_name(name)
        {
            services.entry(port).or_insert_with(|| name.into());
        }
    }
    services
}

/// Addresses by the lines of hosts(5): the first name of the first line counts.
fn parse_hosts(text: &str) -> HashMap<IpAddr, Box<str>> {
    let mut hosts = HashMap::new();
    for line in text.lines() {
        let mut fields = fields(line);
        let (Some(addr), Some(name)) = (fields.next(), fields.next()) else { continue };
        if let Ok(addr) = addr.parse()
            && is_name(name)
        {
            hosts.entry(addr).or_insert_with(|| name.into());
        }
    }
    hosts
}

/// The fields of a line, without its comment.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    line.split('#').next().unwrap_or_default().split_whitespace()
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_a_port_counts_and_udp_does_not() {
        let names = Names::of("# ports\nhttp 80/tcp www # web\nwww 80/tcp\ntftp 69/udp\nbroken\nx y/tcp\n", "");
        assert_eq!(names.port(80), Some("http"));
        assert_eq!(names.port(69), None);
    }

    #[test]
    fn hosts_have_their_first_name_with_or_without_the_domain() {
        let names =
            Names::of("", "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n10.0.0.1 a.example.org a\n10.0.0.1 b\n");
        let [v4, v6, a] = ["127.0.0.1", "::1", "10.0.0.1"].map(|addr| addr.parse().unwrap());
        assert_eq!((names.host(v4), names.host(v6)), (Some("localhost"), Some("localhost")));
        assert_eq!(names.host(a), Some("a.example.org"));
        assert_eq!(names.without_domain().host(a), Some("a"));
    }

    #[test]
    fn what_a_terminal_might_obey_is_no_name() {
        let names = Names::of("\u{1b}[31mred 80/tcp\nok 81/tcp\n", "10.0.0.1 caf\u{e9}\n");
        assert_eq!((names.port(80), names.port(81)), (None, Some("ok")));
        assert_eq!(names.host("10.0.0.1".parse().unwrap()), None);
    }

    #[test]
    fn numeric_names_are_none() {
        assert_eq!(Names::numeric().port(80), None);
        assert_eq!(Names::numeric().host("127.0.0.1".parse().unwrap()), None);
    }
}
