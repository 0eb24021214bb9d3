//! Live capture through libpcap.

#[cfg(all(feature = "live", target_os = "linux"))]
mod anchor;
#[cfg(all(feature = "live", target_os = "linux"))]
mod counters;
#[cfg(feature = "live")]
mod device;
#[cfg(feature = "live")]
mod handle;
#[cfg(feature = "live")]
mod interface;
#[cfg(all(feature = "live", target_os = "linux"))]
mod link;
#[cfg_attr(not(target_os = "linux"), path = "unwatched.rs")]
#[cfg(feature = "live")]
mod watched;

#[cfg(all(feature = "live", target_os = "linux"))]
pub use anchor::{Anchor, AnchorOptions};

/// What binds a capture anew to an interface that has come back; nothing does here.
#[cfg(not(all(feature = "live", target_os = "linux")))]
pub enum Anchor {}

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{CaptureError, FrameSource};

/// Most bytes kept of a frame unless [`LiveOptions::snaplen`] says otherwise; tcpdump's default too.
pub const DEFAULT_SNAPLEN: u32 = 262_144;

/// What to capture, and how.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// An interface's name, its number in [`list_interfaces`], or `any`; `None` takes the first.
    pub interface: Option<String>,
    /// Most bytes kept of a frame; 0 means [`DEFAULT_SNAPLEN`].
    pub snaplen: u32,
    /// The kernel's buffer in KiB; `None` for 32 MiB on Linux, and elsewhere for what libpcap takes.
    pub buffer_kib: Option<u32>,
    /// Also what is not for this machine.
    pub promiscuous: bool,
    /// Which way frames have to go.
    pub traffic: Traffic,
    /// Each frame at once rather than several together: for a reader who watches.
    pub immediate: bool,
    /// The link type by name, where the interface offers a choice.
    pub link_type: Option<String>,
    /// A pcap expression that the kernel applies; empty for every frame.
    pub filter: String,
    /// Wait for an interface that has gone, where the system tells of it, rather than end with an error.
    pub wait: bool,
    /// When it becomes true, the source ends as soon as it has handed out all that had come until then, and after three seconds in any case.
    pub stop: Arc<AtomicBool>,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            interface: None,
            snaplen: 0,
            buffer_kib: None,
            promiscuous: true,
            traffic: Traffic::Both,
            immediate: false,
            link_type: None,
            filter: String::new(),
            wait: false,
            stop: Arc::default(),
        }
    }
}

/// Which way frames have to go.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Traffic {
    /// Received.
    In,
    /// Sent.
    Out,
    /// Either.
    #[default]
    Both,
}

/// An interface that can be captured on.
///
/// It is displayed as `tcpdump -D` does: `1.eth0 [Up, Running, Connected]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListedInterface {
    /// Its place in the list, from 1.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// What the system says of it.
    pub description: Option<String>,
    /// Up, Running, Loopback, Wireless, and whether it is connected.
    pub flags: Vec<&'static str>,
}

impl std::fmt::Display for ListedInterface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.number, self.name)?;
        if let Some(description) = &self.description {
            write!(f, " ({description})")?;
        }
        if !self.flags.is_empty() {
            write!(f, " [{}]", self.flags.join(", "))?;
        }
        Ok(())
    }
}

/// Starts to capture.
///
/// # Errors
/// When there is no such interface, no permission, or the filter does not compile; and in a build without libpcap.
pub fn open_live(options: &LiveOptions) -> Result<Box<dyn FrameSource>, CaptureError> {
    #[cfg(feature = "live")]
    return Ok(Box::new(interface::Live::open(options)?));
    #[cfg(not(feature = "live"))]
    {
        let _ = options;
        Err(CaptureError::NoLibpcap { what: "live capture" })
    }
}

/// The interfaces that can be captured on, in libpcap's order.
///
/// # Errors
/// When libpcap cannot tell them, and in a build without it.
pub fn list_interfaces() -> Result<Vec<ListedInterface>, CaptureError> {
    #[cfg(feature = "live")]
    return device::list();
    #[cfg(not(feature = "live"))]
    Err(CaptureError::NoLibpcap { what: "list of interfaces" })
}

/// The link types that an interface offers, by libpcap's names.
///
/// # Errors
/// As [`open_live`].
pub fn list_link_types(options: &LiveOptions) -> Result<Vec<String>, CaptureError> {
    #[cfg(feature = "live")]
    return interface::link_types(options);
    #[cfg(not(feature = "live"))]
    {
        let _ = options;
        Err(CaptureError::NoLibpcap { what: "live capture" })
    }
}
