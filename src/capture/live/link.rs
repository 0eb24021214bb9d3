//! What becomes of an interface while it is captured on: the kernel's own messages (rtnetlink(7)).

use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, netdevice, recv, socket_with};

/// Messages on interfaces (`RTMGRP_LINK`).
const LINKS: u32 = 1;

/// An interface was made or has changed; an interface is no more.
const NEW_LINK: u16 = 16;
const DEL_LINK: u16 = 17;

/// `IFF_UP`
const UP: u32 = 1;

/// Bytes before the fields of an interface, and bytes of those.
const MESSAGE: usize = 16;
const FIELDS: usize = 16;

/// An interface as it goes up, down, or away.
#[derive(Debug)]
pub(super) struct Link {
    socket: OwnedFd,
    name: String,
    index: u32,
    up: bool,
}

/// What became of an interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    Down,
    Up,
    Gone,
}

impl Link {
    /// Of an interface of that name; none where the kernel does not tell.
    pub(super) fn watch(name: &str) -> Option<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // Protocol 0 is NETLINK_ROUTE.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None).ok()?;
        bind(&socket, &SocketAddrNetlink::new(0, LINKS)).ok()?;
        let index = netdevice::name_to_index(&socket, name).ok()?;
        Some(Self { socket, name: name.to_owned(), index, up: true })
    }

    /// The kernel's number of the interface that was there last.
    pub(super) fn index(&self) -> u32 {
        self.index
    }

    /// What has happened since the last look.
    pub(super) fn look(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            let length = match recv(&self.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((_, length)) => length,
                // Messages were lost; those that follow tell how things are.
                Err(Errno::NOBUFS | Errno::INTR) => continue,
                Err(_) => return changes,
            };
            let mut rest = buffer.get(..length).unwrap_or_default();
            while let Some((message, behind)) = split(rest) {
                changes.extend(self.read(message));
                rest = behind;
            }
        }
    }

    /// Whether an interface of that name is there again, after it was gone.
    pub(super) fn is_back(&mut self) -> bool {
        match netdevice::name_to_index(&self.socket, &self.name) {
            Ok(index) => {
                (self.index, self.up) = (index, true);
                true
            }
            Err(_) => false,
        }
    }

    fn read(&mut self, message: &[u8]) -> Option<Change> {
        let number = |at: usize| message.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes));
        let kind = message.get(4..)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))?;
        // Bridges tell of their ports in messages of a family of their own.
        let family = *message.get(MESSAGE)?;
        let (index, flags) = (number(MESSAGE + 4)?, number(MESSAGE + 8)?);
        if index != self.index || family != 0 || message.len() < MESSAGE + FIELDS {
            return None;
        }
        match kind {
            DEL_LINK => Some(Change::Gone),
            NEW_LINK => {
                let up = flags & UP != 0;
                let was = std::mem::replace(&mut self.up, up);
                (up != was).then_some(if up { Change::Up } else { Change::Down })
            }
            _ => None,
        }
    }
}

/// The first message, and what stands behind it.
fn split(messages: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_ne_bytes(*messages.first_chunk()?) as usize;
    let message = messages.get(..length).filter(|message| message.len() >= MESSAGE)?;
    Some((message, messages.get(length.next_multiple_of(4)..).unwrap_or_default()))
}
