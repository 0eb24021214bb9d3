//! Messages between both processes: a socket that carries JSON, and a descriptor with it.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
#[cfg(feature = "live")]
use std::os::fd::AsFd;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

use crate::capture::Anchor;
#[cfg(feature = "live")]
use crate::capture::{AnchorOptions, LinkType};

use super::{Interface, MESSAGE};

/// Sends a message, and a file with it.
pub(super) fn send(socket: BorrowedFd<'_>, message: &[u8], file: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut along = SendAncillaryBuffer::new(&mut space);
    let files: Vec<_> = file.into_iter().collect();
    if !files.is_empty() {
        along.push(SendAncillaryMessage::ScmRights(&files));
    }
    sendmsg(socket, &[IoSlice::new(message)], &mut along, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives a message, and the file that came with it; an empty one when nobody is there any more.
pub(super) fn receive(socket: BorrowedFd<'_>) -> io::Result<(Vec<u8>, Option<OwnedFd>)> {
    let mut message = vec![0; MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut along = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        match recvmsg(socket, &mut [IoSliceMut::new(&mut message)], &mut along, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            received => break received?,
        }
    };
    message.truncate(received.bytes);
    let file = along.drain().find_map(|along| match along {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    Ok((message, file))
}

#[cfg(feature = "live")]
pub(super) fn anchor(Interface { name, promiscuous, link_type }: Interface, socket: OwnedFd) -> Option<Anchor> {
    Some(Anchor::new(socket, AnchorOptions { interface: name, promiscuous, link_type: LinkType(link_type) }))
}

#[cfg(not(feature = "live"))]
pub(super) fn anchor(_: Interface, _: OwnedFd) -> Option<Anchor> {
    None
}

/// To what a capture is bound, for the errand.
#[cfg(feature = "live")]
pub(super) fn interface(anchor: &Anchor) -> Option<Interface> {
    let AnchorOptions { interface, promiscuous, link_type } = anchor.options.clone();
    Some(Interface { name: interface, promiscuous, link_type: link_type.0 })
}

#[cfg(not(feature = "live"))]
pub(super) fn interface(_: &Anchor) -> Option<Interface> {
    None
}

/// The capture's socket.
#[cfg(feature = "live")]
pub(super) fn socket(anchor: &Anchor) -> Option<BorrowedFd<'_>> {
    Some(anchor.socket.as_fd())
}

#[cfg(not(feature = "live"))]
pub(super) fn socket(_: &Anchor) -> Option<BorrowedFd<'_>> {
    None
}
