//! The machine's interfaces: their list, and which one is meant.

use ::pcap::{ConnectionStatus, Device};

use super::ListedInterface;
use crate::capture::CaptureError;

pub(super) fn list() -> Result<Vec<ListedInterface>, CaptureError> {
    let devices =
        Device::list().map_err(|e| CaptureError::Live { interface: "interfaces".to_owned(), words: e.to_string() })?;
    Ok((1..).zip(devices).map(|(number, device)| listed(number, device)).collect())
}

fn listed(number: usize, Device { name, desc, flags, .. }: Device) -> ListedInterface {
    let wireless = flags.is_wireless();
    let has = [
        (flags.is_up(), "Up"),
        (flags.is_running(), "Running"),
        (flags.is_loopback(), "Loopback"),
        (wireless, "Wireless"),
    ];
    let connection = match flags.connection_status {
        ConnectionStatus::Unknown if wireless => Some("Association status unknown"),
        ConnectionStatus::Unknown => Some("Connection status unknown"),
        ConnectionStatus::Connected if wireless => Some("Associated"),
        ConnectionStatus::Connected => Some("Connected"),
        ConnectionStatus::Disconnected if wireless => Some("Not associated"),
        ConnectionStatus::Disconnected => Some("Disconnected"),
        ConnectionStatus::NotApplicable => None,
    };
    let words: Vec<_> = has.into_iter().filter_map(|(set, word)| set.then_some(word)).chain(connection).collect();
    let flags = match &words[..] {
        // libpcap says nothing of it at all, and tcpdump neither.
        ["Connection status unknown"] => Vec::new(),
        [] => vec!["none"],
        _ => words,
    };
    ListedInterface { number, name, description: desc, flags }
}

/// The name of the interface that is meant by a name, a number in the list, or nothing.
pub(super) fn find(wanted: Option<&str>) -> Result<String, CaptureError> {
    let interfaces = list();
    let Some(wanted) = wanted else {
        return interfaces?.into_iter().next().map(|first| first.name).ok_or(CaptureError::NoInterfaces);
    };
    let Ok(number) = wanted.parse::<usize>() else {
        return Ok(wanted.to_owned());
    };
    let interfaces = interfaces?;
    if interfaces.iter().any(|interface| interface.name == wanted) {
        return Ok(wanted.to_owned());
    }
    match interfaces.into_iter().find(|interface| interface.number == number) {
        Some(interface) => Ok(interface.name),
        None => Err(CaptureError::NoSuchInterface { interface: wanted.to_owned() }),
    }
}
