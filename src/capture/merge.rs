//! Several sources as one, in time order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::pcapng;
use super::{
    Beside, Block, CaptureError, CaptureFault, Drops, Frame, FrameSource, Interface, LinkType, Next, Precision,
    SourceInfo, SourceLimits, Timestamp,
};

/// Maximum number of blocks that wait for the frame behind them, and of bytes in them.
const MAX_KEPT: usize = 4096;
const MAX_KEPT_BYTES: usize = 64 << 20;

/// Maximum number of interfaces that are told apart; the frames of further ones are the last one's.
const MAX_INTERFACES: usize = 1 << 20;

/// Merges sources by time; of frames with equal times, those of the earlier source come first.
///
/// Each source keeps its own order, so one whose clock went back does not upset the others. Frames are numbered anew, and
/// every source has interfaces of its own.
pub struct Merge {
    inputs: Vec<Input>,
    /// The frames that are waiting, by time and input.
    waiting: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// The inputs that have to be asked for their next frame.
    asking: Vec<usize>,
    frames: u64,
    interfaces: Vec<Interface>,
    faults: Vec<CaptureFault>,
    /// What came beside the frames that wait.
    kept: Vec<Block>,
    kept_bytes: usize,
    /// What was handed out with the latest frame.
    blocks: Vec<Block>,
    section: Vec<u8>,
    limits: SourceLimits,
}

/// A source and its next frame.
struct Input {
    source: Box<dyn FrameSource>,
    /// The source's interfaces in the merged list.
    interfaces: Vec<u32>,
    head: Head,
}

/// A frame that is waiting for its turn, copied out of its source.
struct Head {
    ts: Timestamp,
    link_type: LinkType,
    interface: u32,
    wire_len: u32,
    data: Vec<u8>,
    options: Vec<u8>,
}

impl Merge {
    /// Merges `sources`; the first is the one that [`FrameSource::info`] takes the link type from.
    pub fn new(sources: Vec<Box<dyn FrameSource>>) -> Self {
        let head = || Head {
            ts: Timestamp(0),
            link_type: LinkType(0),
            interface: 0,
            wire_len: 0,
            data: Vec::new(),
            options: Vec::new(),
        };
        let inputs: Vec<_> =
            sources.into_iter().map(|source| Input { source, interfaces: Vec::new(), head: head() }).collect();
        let mut merge = Self {
            waiting: BinaryHeap::with_capacity(inputs.len()),
            asking: (0..inputs.len()).rev().collect(),
            inputs,
            frames: 0,
            interfaces: Vec::new(),
            faults: Vec::new(),
            kept: Vec::new(),
            kept_bytes: 0,
            blocks: Vec::new(),
            section: Vec::new(),
            limits: SourceLimits::default(),
        };
        for input in &mut merge.inputs {
            input.know_interfaces(&mut merge.interfaces);
            // One program on one machine wrote the file, and every comment is somebody's.
            match merge.section.is_empty() {
                true => merge.section.extend_from_slice(input.source.section()),
                false => pcapng::append_comments(&mut merge.section, input.source.section()),
            }
        }
        merge
    }

    /// Asks the inputs that have no frame waiting; `false` when one of them is idle.
    fn ask(&mut self) -> Result<bool, CaptureError> {
        while let Some(&index) = self.asking.last() {
            let Some(input) = self.inputs.get_mut(index) else { break };
            let known = self.interfaces.len();
            let (next, beside) = input.source.next_with_blocks()?;
            let others = beside.blocks.iter().filter(|block| !matches!(block, Block::Interface(_)));
            for block in others {
                let bytes = self.kept_bytes.saturating_add(block.len());
                if self.kept.len() < MAX_KEPT && bytes <= MAX_KEPT_BYTES {
                    self.kept_bytes = bytes;
                    self.kept.push(block.clone());
                } else {
                    self.limits.blocks = Some(MAX_KEPT_BYTES);
                }
            }
            match next {
                Next::Idle => return Ok(false),
                Next::Frame(frame) => {
                    input.head.keep(&frame, beside.options);
                    self.waiting.push(Reverse((frame.ts, index)));
                    input.know_interfaces(&mut self.interfaces);
                    let new = self.interfaces.get(known..).unwrap_or_default();
                    self.kept.extend(new.iter().cloned().map(Block::Interface));
                }
                Next::End => self.faults.extend_from_slice(input.source.faults()),
            }
            self.asking.pop();
        }
        Ok(true)
    }
}

impl Input {
    fn know_interfaces(&mut self, merged: &mut Vec<Interface>) {
        for interface in self.source.interfaces().iter().skip(self.interfaces.len()) {
            if merged.len() < MAX_INTERFACES {
                merged.push(interface.clone());
            }
            self.interfaces.push(merged.len().saturating_sub(1) as u32);
        }
    }
}

impl Head {
    fn keep(&mut self, frame: &Frame<'_>, options: &[u8]) {
        (self.ts, self.link_type) = (frame.ts, frame.link_type);
        (self.interface, self.wire_len) = (frame.interface, frame.wire_len);
        self.data.clear();
        self.data.extend_from_slice(frame.data);
        self.options.clear();
        self.options.extend_from_slice(options);
    }
}

impl FrameSource for Merge {
    fn next_frame(&mut self) -> Result<Next<'_>, CaptureError> {
        self.next_with_blocks().map(|(next, _)| next)
    }

    fn next_with_blocks(&mut self) -> Result<(Next<'_>, Beside<'_>), CaptureError> {
        if !self.ask()? {
            return Ok((Next::Idle, Beside::default()));
        }
        self.blocks.clear();
        self.blocks.append(&mut self.kept);
        self.kept_bytes = 0;
        let Self { waiting, asking, inputs, frames, blocks, .. } = self;
        let popped = waiting.pop().and_then(|Reverse((_, index))| Some((index, inputs.get(index)?)));
        let Some((index, Input { head, interfaces, .. })) = popped else {
            return Ok((Next::End, Beside { blocks, options: &[] }));
        };
        asking.push(index);
        *frames = frames.saturating_add(1);
        let frame = Frame {
            number: *frames,
            ts: head.ts,
            link_type: head.link_type,
            interface: interfaces.get(head.interface as usize).copied().unwrap_or(0),
            wire_len: head.wire_len,
            data: &head.data,
        };
        Ok((Next::Frame(frame), Beside { blocks, options: &head.options }))
    }

    fn section(&self) -> &[u8] {
        &self.section
    }

    fn info(&self) -> SourceInfo {
        let each: Vec<_> = self.inputs.iter().map(|input| input.source.info()).collect();
        let join = |field: fn(&SourceInfo) -> &str| each.iter().map(field).collect::<Vec<_>>();
        let mut formats = join(|info| &info.format);
        formats.dedup();
        SourceInfo {
            name: join(|info| &info.name).join(", "),
            format: formats.join(" + "),
            link_type: each.iter().find_map(|info| info.link_type),
            snaplen: each.first().map_or(0, |info| info.snaplen),
            precision: each.iter().map(|info| info.precision).max().unwrap_or(Precision::Micro),
        }
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Those of the sources that have ended. Their frame numbers are the source's own.
    fn faults(&self) -> &[CaptureFault] {
        &self.faults
    }

    fn limits(&self) -> SourceLimits {
        let interfaces = (self.interfaces.len() >= MAX_INTERFACES).then_some(MAX_INTERFACES);
        let own = SourceLimits { interfaces, ..self.limits };
        self.inputs.iter().fold(own, |limits, input| limits.or(input.source.limits()))
    }

    fn drops(&mut self) -> Option<Drops> {
        self.inputs.iter_mut().filter_map(|input| input.source.drops()).reduce(Drops::plus)
    }
}
