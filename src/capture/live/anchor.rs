//! Binding a capture anew to an interface that has come back.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use ::pcap::{Active, Capture};
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::bind;

use crate::capture::{CaptureError, LinkType};

use super::handle::{failure, keep_from_children, link_type};

/// The socket of a capture, and what is needed to bind it anew: whoever holds this needs not be the one who captures.
pub struct Anchor {
    /// The capture's own socket.
    pub socket: OwnedFd,
    /// What it is bound to.
    pub options: AnchorOptions,
    /// Holds an interface that came back in promiscuous mode.
    held: Option<Capture<Active>>,
}

/// To what, and how.
#[derive(Clone, Debug)]
pub struct AnchorOptions {
    /// The interface's name.
    pub interface: String,
    /// Also what is not for this machine.
    pub promiscuous: bool,
    /// How its frames are to be read.
    pub link_type: LinkType,
}

impl Anchor {
    /// Of a capture's socket.
    pub fn new(socket: OwnedFd, options: AnchorOptions) -> Self {
        Self { socket, options, held: None }
    }

    /// Binds the capture to the interface that has its name now.
    ///
    /// # Errors
    /// When there is none, it is down, it is of another link type, or the system refuses.
    pub fn bind(&mut self) -> Result<(), CaptureError> {
        let AnchorOptions { interface, promiscuous, link_type: before } = &self.options;
        let failed = |e| failure(interface, e);
        self.held = None;
        let mut probe = Capture::from_device(&**interface)
            .map_err(failed)?
            .promisc(*promiscuous)
            .snaplen(1)
            .buffer_size(1 << 16)
            .open()
            .map_err(failed)?;
        let refused =
            |error: std::io::Error| CaptureError::Live { interface: interface.clone(), words: error.to_string() };
        keep_from_children(&probe).map_err(refused)?;
        let now = link_type(probe.get_datalink());
        if now != *before {
            let words = format!("it is back as {now} and was {before}: start the capture anew");
            return Err(CaptureError::Live { interface: interface.clone(), words });
        }
        // Nothing is shorter than that: this handle only keeps the mode.
        probe.filter("less 0", true).map_err(failed)?;
        let mut addresses =
            getifaddrs().map_err(|error| refused(error.into()))?.filter(|entry| entry.interface_name == *interface);
        let address = addresses.find_map(|entry| entry.address?.as_link_addr().copied());
        let Some(address) = address else {
            return Err(CaptureError::NoSuchInterface { interface: interface.clone() });
        };
        bind(self.socket.as_fd().as_raw_fd(), &address).map_err(|error| refused(error.into()))?;
        self.held = Some(probe);
        Ok(())
    }
}
