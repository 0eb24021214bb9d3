//! What every source of frames offers, and what can go wrong with one.

use std::path::PathBuf;

use super::{Frame, LinkType};

/// Lends frames one by one, in capture order.
pub trait FrameSource {
    /// The next frame, or `None` when the source has ended.
    ///
    /// After an error nothing more comes; the frames lent before it stand.
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CaptureError>;

    /// What is known of the source as a whole (for a header line and the `capture` record).
    fn info(&self) -> SourceInfo;

    /// The interfaces seen so far; [`Frame::interface`] points into it.
    fn interfaces(&self) -> &[Interface];

    /// What was wrong with the source short of an error, so far.
    fn faults(&self) -> &[CaptureFault] {
        &[]
    }

    /// Packets lost by the capture, where the source counts them (live captures; pcapng statistics blocks).
    fn drops(&mut self) -> Option<Drops> {
        None
    }
}

/// A source in a few words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceInfo {
    /// The path as given, `-` for standard input, or the interface's name; several are joined by `, `.
    pub name: String,
    /// `pcap`, `pcapng` or `live`, with the compression behind it: `pcap, gzip`.
    pub format: String,
    /// Of the first interface.
    pub link_type: Option<LinkType>,
    /// Snapshot length of the first interface, in bytes; 0 when unlimited.
    pub snaplen: u32,
}

/// One interface of a source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Interface {
    /// Its name, where the capture has one.
    pub name: Option<String>,
    /// How its frames are to be read.
    pub link_type: LinkType,
    /// Most bytes kept of a frame; 0 when unlimited.
    pub snaplen: u32,
}

/// Counters of a capture, as libpcap gives them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drops {
    /// Packets that the filter let through.
    pub received: u64,
    /// Packets that the kernel dropped for want of room.
    pub kernel: u64,
    /// Packets that the interface or its driver dropped.
    pub interface: u64,
}

/// Something wrong with a source that does not take back what was read before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CaptureFault {
    /// The file ends inside a record.
    Cut {
        /// Which source.
        source: String,
        /// The last complete frame's number.
        after_frame: u64,
        /// Offset of the record that is cut, in bytes of the (uncompressed) file.
        offset: u64,
        /// Bytes that the record needs.
        needed: u64,
        /// Bytes that are there.
        present: u64,
    },
}

/// Why a source cannot go on. The messages say what happened, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was being read or written.
        path: PathBuf,
        /// Its answer.
        source: std::io::Error,
    },
}
