//! Frames from an interface.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ::pcap::{Active, Capture, Direction, Error, Linktype};

use super::device;
use super::handle::{failure, keep_from_children, link_type, words};
use super::watched::Watched;
use super::{Anchor, DEFAULT_SNAPLEN, LiveOptions, Traffic};
use crate::capture::filter;
use crate::capture::{
    CaptureError, Drops, Frame, FrameSource, Interface, Next, Notice, Precision, SourceInfo, Timestamp,
};

/// How long libpcap may gather frames before it hands them on, in milliseconds.
const GATHER: i32 = 200;

/// The kernel's buffer where nothing else is said, in KiB: what tracks packets may be late by more than libpcap's 2 MiB. Other
/// systems limit it, each in its own way.
const BUFFER: Option<u32> = if cfg!(target_os = "linux") { Some(32 * 1024) } else { None };

/// How long to wait before asking again where libpcap does not come back by itself: at first.
const SHORT_NAP: Duration = Duration::from_millis(1);

/// And at most.
const LONG_NAP: Duration = Duration::from_millis(16);

/// What the kernel has taken before the end comes from it within that time, or not at all: the capture is too slow.
const PATIENCE: Duration = Duration::from_secs(3);

/// A capture that is running.
pub(super) struct Live {
    capture: Capture<Active>,
    interface: [Interface; 1],
    precision: Precision,
    /// How long to nap when there is nothing, if at all; longer each time.
    nap: Option<Duration>,
    frames: u64,
    ended: bool,
    counted: Counted,
    watched: Watched,
    promiscuous: bool,
    stop: Arc<AtomicBool>,
    /// How long a frame may be with libpcap before it is handed out.
    gather: Duration,
    ending: Option<Ending>,
}

/// How a capture that was told to stop comes to its end.
struct Ending {
    /// After so many frames there are no more.
    frames: u64,
    /// From then on silence means that none is left: not all that the kernel counts is handed out.
    silence: Instant,
    /// In any case.
    latest: Instant,
}

impl Live {
    pub(super) fn open(options: &LiveOptions) -> Result<Self, CaptureError> {
        let (name, precision, mut capture) = activate(options)?;
        let failed = |e| failure(&name, e);
        // On Linux libpcap comes back for a frame only: the packet ring's third version wakes nobody while nothing arrives,
        // and with the second libpcap waits again after each timeout. So that a stop is heard, ask and nap.
        let naps = cfg!(target_os = "linux");
        if naps {
            capture = capture.setnonblock().map_err(failed)?;
        }
        match options.traffic {
            Traffic::Both => {}
            Traffic::In => capture.direction(Direction::In).map_err(failed)?,
            Traffic::Out => capture.direction(Direction::Out).map_err(failed)?,
        }
        let link_type = link_type(capture.get_datalink());
        let expression = options.filter.trim();
        if !expression.is_empty() {
            capture.filter(expression, true).map_err(|e| filter::refused(expression, link_type, words(&e)))?;
        }
        let snaplen = if options.snaplen == 0 { DEFAULT_SNAPLEN } else { options.snaplen };
        Ok(Self {
            capture,
            watched: Watched::new(&name, options.wait),
            promiscuous: options.promiscuous,
            interface: [Interface { name: Some(name), link_type, snaplen, options: Vec::new() }],
            precision,
            nap: naps.then_some(SHORT_NAP),
            frames: 0,
            ended: false,
            counted: Counted::default(),
            stop: Arc::clone(&options.stop),
            gather: Duration::from_millis(if options.immediate { 0 } else { GATHER as u64 + 50 }),
            ending: None,
        })
    }

    /// It was told to stop: whether all that the kernel had taken until then has been handed out.
    fn is_over(&mut self) -> bool {
        if self.ending.is_none() {
            let now = self.capture.stats().ok();
            if let Some(now) = now {
                self.counted.update([now.received, now.dropped, now.if_dropped]);
            }
            let [received, dropped, _] = self.counted.total;
            // Without counters nothing is known to wait.
            let frames = if now.is_some() { received.saturating_sub(dropped) } else { 0 };
            let now = Instant::now();
            self.ending = Some(Ending { frames, silence: now + self.gather, latest: now + PATIENCE });
        }
        self.ending.as_ref().is_none_or(|ending| self.frames >= ending.frames || Instant::now() >= ending.latest)
    }
}

pub(super) fn link_types(options: &LiveOptions) -> Result<Vec<String>, CaptureError> {
    let (name, _, capture) = activate(options)?;
    let list = capture.list_datalinks().map_err(|e| failure(&name, e))?;
    Ok(list.into_iter().map(|link_type| link_type.get_name().unwrap_or_else(|_| link_type.0.to_string())).collect())
}

/// Opens the interface that is meant; its name, how fine its times are, and the handle.
fn activate(options: &LiveOptions) -> Result<(String, Precision, Capture<Active>), CaptureError> {
    let name = device::find(options.interface.as_deref())?;
    let failed = |e| failure(&name, e);
    let snaplen = if options.snaplen == 0 { DEFAULT_SNAPLEN } else { options.snaplen };
    let any = name == "any";
    let precision = precision(&name);
    let mut inactive = Capture::from_device(&*name)
        .map_err(failed)?
        .snaplen(i32::try_from(snaplen).unwrap_or(i32::MAX))
        // `any` cannot be promiscuous, and libpcap's warning of it would pass for an error.
        .promisc(options.promiscuous && !any)
        .immediate_mode(options.immediate)
        .timeout(GATHER);
    if precision == Precision::Nano {
        inactive = inactive.precision(::pcap::Precision::Nano);
    }
    if let Some(kib) = options.buffer_kib.or(BUFFER) {
        inactive = inactive.buffer_size(i32::try_from(kib).unwrap_or(i32::MAX).saturating_mul(1024));
    }
    let mut capture = inactive.open().map_err(failed)?;
    keep_from_children(&capture)
        .map_err(|error| CaptureError::Live { interface: name.clone(), words: error.to_string() })?;
    match &options.link_type {
        Some(wanted) => {
            let unknown = |_| CaptureError::Live {
                interface: name.clone(),
                words: format!("{wanted} is no link type; -L lists those that the interface offers"),
            };
            let link_type = Linktype::from_name(wanted).map_err(unknown)?;
            capture.set_datalink(link_type).map_err(failed)?;
        }
        // As tcpdump: the second cooked header says which interface a frame is of. Older kernels have only the first.
        None if any => {
            let _ = Linktype::from_name("LINUX_SLL2").and_then(|cooked| capture.set_datalink(cooked));
        }
        None => {}
    }
    Ok((name, precision, capture))
}

/// libpcap gives nanoseconds for every network interface on Linux, and for none elsewhere; it does not say which it gave.
fn precision(name: &str) -> Precision {
    let network = name == "any" || std::path::Path::new("/sys/class/net").join(name).exists();
    if cfg!(target_os = "linux") && network { Precision::Nano } else { Precision::Micro }
}

/// Where libpcap does not wait by itself: longer each time.
fn rest(nap: &mut Option<Duration>) {
    if let Some(nap) = nap {
        std::thread::sleep(*nap);
        *nap = nap.saturating_mul(2).min(LONG_NAP);
    }
}

impl FrameSource for Live {
    fn next_frame(&mut self) -> Result<Next<'_>, CaptureError> {
        if self.ended || (self.stop.load(Ordering::Relaxed) && self.is_over()) {
            self.ended = true;
            return Ok(Next::End);
        }
        let [Interface { link_type, name, .. }] = &self.interface;
        match self.capture.next_packet() {
            Ok(packet) => {
                self.frames = self.frames.saturating_add(1);
                self.nap = self.nap.map(|_| SHORT_NAP);
                // With that precision libpcap puts nanoseconds where microseconds stand otherwise.
                let unit = if self.precision == Precision::Nano { 1 } else { 1000 };
                let ts = packet.header.ts;
                #[allow(clippy::useless_conversion)]
                // 64 bits on Linux; macOS has 32 for the fraction, Windows for both
                let (seconds, fraction) = (i64::from(ts.tv_sec), i64::from(ts.tv_usec).saturating_mul(unit));
                Ok(Next::Frame(Frame {
                    number: self.frames,
                    ts: Timestamp::new(seconds, fraction),
                    link_type: *link_type,
                    interface: 0,
                    wire_len: packet.header.len,
                    data: packet.data,
                }))
            }
            Err(Error::TimeoutExpired) => {
                if self.ending.as_ref().is_some_and(|ending| Instant::now() >= ending.silence) {
                    self.ended = true;
                    return Ok(Next::End);
                }
                self.watched.look();
                rest(&mut self.nap);
                Ok(Next::Idle)
            }
            Err(Error::NoMorePackets) => {
                self.ended = true;
                Ok(Next::End)
            }
            Err(e) => {
                let interface = name.clone().unwrap_or_default();
                let words = words(&e);
                let gone = ["disappeared", "went down", "No such device", "Network is down", "not configured"];
                let gone = gone.iter().any(|part| words.contains(part));
                if gone && self.watched.waits() {
                    self.watched.gone();
                    rest(&mut self.nap);
                    return Ok(Next::Idle);
                }
                self.ended = true;
                Err(if gone {
                    CaptureError::InterfaceGone { interface, frames: self.frames, words }
                } else {
                    CaptureError::Live { interface, words }
                })
            }
        }
    }

    fn info(&self) -> SourceInfo {
        let [Interface { link_type, snaplen, name, .. }] = &self.interface;
        SourceInfo {
            name: name.clone().unwrap_or_default(),
            format: "live".to_owned(),
            link_type: Some(*link_type),
            snaplen: *snaplen,
            precision: self.precision,
        }
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interface
    }

    fn drops(&mut self) -> Option<Drops> {
        // After the interface has gone the last counters stand.
        if let Ok(now) = self.capture.stats() {
            self.counted.update([now.received, now.dropped, now.if_dropped]);
        }
        let [received, kernel, interface] = self.counted.total;
        Some(Drops { received, kernel, interface: self.watched.lost().unwrap_or(interface) })
    }

    fn notice(&mut self) -> Option<Notice> {
        self.watched.next()
    }

    #[cfg(unix)]
    fn socket(&self) -> Option<i32> {
        Some(std::os::fd::AsRawFd::as_raw_fd(&self.capture))
    }

    fn anchor(&self) -> Option<Anchor> {
        let [Interface { name, link_type, .. }] = &self.interface;
        self.watched.anchor(&self.capture, name.as_deref()?, self.promiscuous, *link_type)
    }
}

/// Counters that go on where libpcap's 32 bits turn over.
#[derive(Default)]
struct Counted {
    last: [u32; 3],
    total: [u64; 3],
}

impl Counted {
    fn update(&mut self, now: [u32; 3]) {
        for ((total, last), now) in self.total.iter_mut().zip(&self.last).zip(now) {
            *total = total.saturating_add(u64::from(now.wrapping_sub(*last)));
        }
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_go_on_past_32_bits() {
        let mut counted = Counted::default();
        counted.update([u32::MAX, 5, 0]);
        counted.update([10, 5, 0]);
        assert_eq!(counted.total, [u64::from(u32::MAX) + 11, 5, 0]);
    }

    #[test]
    fn libpcaps_words_become_advice() {
        let say = |words: &str| failure("eth9", Error::PcapError(words.to_owned())).to_string();
        let denied = say("Attempt to create packet socket failed - CAP_NET_RAW may be required");
        assert!(denied.contains("eth9") && denied.contains("sudo"), "{denied}");
        assert!(say("eth9: No such device exists").contains("-D"));
        assert!(say("That device is not up").contains("is down"));
        assert_eq!(say("something new"), "eth9: something new");
    }
}
