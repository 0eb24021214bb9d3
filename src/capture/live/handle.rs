//! What libpcap's handles, errors and numbers mean here.

use ::pcap::{Active, Capture, Error, Linktype};

use crate::capture::{CaptureError, LinkType};

/// No program that this one starts inherits the packet socket: it could read all packets with it, and send some.
#[cfg(unix)]
pub(super) fn keep_from_children(capture: &Capture<Active>) -> std::io::Result<()> {
    Ok(rustix::io::fcntl_setfd(capture, rustix::io::FdFlags::CLOEXEC)?)
}

/// Nothing is inherited here unless it is asked for.
#[cfg(not(unix))]
pub(super) fn keep_from_children(_: &Capture<Active>) -> std::io::Result<()> {
    Ok(())
}

/// The number that files carry for what libpcap calls by the same name.
pub(super) fn link_type(theirs: Linktype) -> LinkType {
    let named = theirs.get_name().ok().and_then(|name| LinkType::named(&name));
    named.unwrap_or(LinkType(theirs.0 as u16))
}

pub(super) fn words(error: &Error) -> String {
    match error {
        Error::PcapError(words) => words.trim_start_matches("can't parse filter expression: ").to_owned(),
        other => other.to_string(),
    }
}

/// What libpcap's words mean; it tells its errors apart in no other way.
pub(super) fn failure(interface: &str, error: Error) -> CaptureError {
    let (interface, words) = (interface.to_owned(), words(&error));
    let says = |any: &[&str]| any.iter().any(|part| words.contains(part));
    if says(&["ermission", "not permitted", "CAP_NET_RAW"]) {
        CaptureError::Permission { interface, words }
    } else if says(&["No such device", "SIOCGIFHWADDR", "doesn't exist"]) {
        CaptureError::NoSuchInterface { interface }
    } else if says(&["not up", "Network is down"]) {
        CaptureError::InterfaceDown { interface }
    } else {
        CaptureError::Live { interface, words }
    }
}
