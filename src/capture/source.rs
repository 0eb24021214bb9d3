//! What every source of frames offers.

use super::{Anchor, Beside, CaptureError, CaptureFault, Frame, Interface, LinkType, Precision};

/// Lends frames one by one, in capture order.
pub trait FrameSource: Send {
    /// The next frame, or why there is none.
    ///
    /// After an error or [`Next::End`] nothing more comes; the frames lent before it stand.
    fn next_frame(&mut self) -> Result<Next<'_>, CaptureError>;

    /// The next frame, with what the capture holds beside it. Whoever wants that asks for every frame so: what came before a
    /// frame that was asked for otherwise is forgotten.
    fn next_with_blocks(&mut self) -> Result<(Next<'_>, Beside<'_>), CaptureError> {
        Ok((self.next_frame()?, Beside::default()))
    }

    /// What a pcapng file says of itself: its section's options, in this machine's byte order.
    fn section(&self) -> &[u8] {
        &[]
    }

    /// What is known of the source as a whole (for a header line and the `capture` record).
    fn info(&self) -> SourceInfo;

    /// The interfaces seen so far; [`Frame::interface`] points into it.
    fn interfaces(&self) -> &[Interface];

    /// What was wrong with the source short of an error, so far.
    fn faults(&self) -> &[CaptureFault] {
        &[]
    }

    /// Which limits of the reader it has reached, so far.
    fn limits(&self) -> SourceLimits {
        SourceLimits::default()
    }

    /// Packets lost by the capture, where the source counts them (live captures; pcapng statistics blocks).
    fn drops(&mut self) -> Option<Drops> {
        None
    }

    /// What has become of the interface, oldest first; asked for while nothing comes.
    fn notice(&mut self) -> Option<Notice> {
        None
    }

    /// The socket that frames come through, by number, where there is one.
    fn socket(&self) -> Option<i32> {
        None
    }

    /// What can bind the capture to an interface that has come back after [`Notice::Gone`].
    fn anchor(&self) -> Option<Anchor> {
        None
    }
}

/// What a source answers when it is asked for a frame.
#[derive(Clone, Copy, Debug)]
pub enum Next<'a> {
    /// A frame, lent until the next question.
    Frame(Frame<'a>),
    /// Nothing has arrived for a moment (0.2 s at most): the caller may flush or look at a stop flag, and asks again. Only a
    /// live source says this.
    Idle,
    /// The source has ended.
    End,
}

impl<'a> Next<'a> {
    /// The frame, if there is one.
    pub fn frame(self) -> Option<Frame<'a>> {
        match self {
            Self::Frame(frame) => Some(frame),
            Self::Idle | Self::End => None,
        }
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
    /// How fine its timestamps are; the finest of all interfaces seen so far.
    pub precision: Precision,
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

impl Drops {
    /// Two captures' counters together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            received: self.received.saturating_add(other.received),
            kernel: self.kernel.saturating_add(other.kernel),
            interface: self.interface.saturating_add(other.interface),
        }
    }
}

/// Limits of a reader that its source has reached: what lies beyond them was left out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SourceLimits {
    /// Maximum number of interfaces that are told apart.
    pub interfaces: Option<usize>,
    /// Maximum number of bytes of an interface's name.
    pub name: Option<usize>,
    /// Maximum number of bytes of comments and other options of sections and interfaces.
    pub options: Option<usize>,
    /// Maximum number of bytes of blocks between two packets, where these are asked for.
    pub blocks: Option<usize>,
}

impl SourceLimits {
    /// Those that either has reached.
    pub fn or(self, other: Self) -> Self {
        Self {
            interfaces: self.interfaces.or(other.interfaces),
            name: self.name.or(other.name),
            options: self.options.or(other.options),
            blocks: self.blocks.or(other.blocks),
        }
    }
}

/// What became of an interface that is captured on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Notice {
    /// It was taken down: nothing comes until it is up.
    Down,
    /// It is up again.
    Up,
    /// It has gone: nothing comes until the capture is bound to an interface of its name (see [`FrameSource::anchor`]).
    Gone,
    /// There is an interface of its name, and the capture is not bound to it yet.
    Back,
    /// The capture goes on.
    Resumed,
}
