//! pcapng files: sections of blocks, each section with a byte order and interfaces of its own.
//!
//! draft-ietf-opsawg-pcapng describes the format. Blocks that are not needed are passed over without being held.

mod interface;
mod options;
mod packet;
mod write;

use super::bytes::{ByteOrder, Fields};
use super::input::Input;
use super::{
    Beside, Block, CaptureError, CaptureFault, Damage, Drops, Frame, FrameSource, Interface, LinkType, Next, Precision,
    SourceInfo, SourceLimits, Timestamp,
};
use interface::Clock;
use packet::Packet;

pub(super) use options::{COMMENT, option};
pub(super) use write::{other as write_block, packet as write_packet, section as write_section};

/// The first four bytes, the same in either byte order.
pub(super) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Most bytes of a block that is read as a whole.
const MOST: u32 = 16 * 1024 * 1024;

/// Most bytes of a block that is passed over and whose end is looked at all the same.
const MOST_CHECKED: u32 = 64 * 1024;

/// Maximum number of interfaces of a section, and of those that are told apart in a file, all sections together.
const MOST_INTERFACES: usize = 65_536;

/// Maximum number of bytes of comments and other options that are kept of sections and interfaces.
const MAX_OPTIONS: usize = 16 << 20;

/// Length of an enhanced packet block's fields before the packet, in bytes.
const HEAD: usize = 28;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
pub(super) const ENHANCED_PACKET: u32 = 6;
const NAME_RESOLUTION: u32 = 4;
const JOURNAL: u32 = 9;
const SECRETS: u32 = 10;
/// A program's own, if it may be copied.
const CUSTOM: u32 = 0x0bad;

/// Maximum number of bytes of blocks that wait for the frame behind them.
const MAX_KEPT: usize = 32 << 20;

/// A pcapng file that is being read.
pub(super) struct PcapngFile {
    input: Input,
    order: ByteOrder,
    /// All that are told apart.
    interfaces: Vec<Interface>,
    /// The section's.
    described: Vec<Described>,
    /// Those of the section before: a file that is one capture after another describes the same ones again and again.
    before: Vec<Described>,
    /// What earlier sections lost.
    lost: Option<Drops>,
    /// The finest clock so far.
    precision: Precision,
    room: Room,
    /// The first section's options.
    section: Vec<u8>,
    /// Comments of a later section, for its first interface.
    later: Vec<u8>,
    /// What came since the frame before.
    kept: Kept,
    /// The blocks that were handed out with the latest frame, and that frame's options.
    blocks: Vec<Block>,
    options: Vec<u8>,
}

impl PcapngFile {
    /// Reads up to the first interface. The input stands at the first section header.
    pub(super) fn open(mut input: Input) -> Result<Self, CaptureError> {
        input.header(28)?;
        let header = input.window.peek(28).unwrap_or_default();
        let Some(section) = Section::read(header) else {
            let first = header.get(..8).unwrap_or_default().to_vec();
            return Err(input.origin.unknown(&first));
        };
        let Section { order, major, minor } = section;
        if major != 1 {
            return Err(CaptureError::Version { path: input.origin.path, format: "pcapng", major, minor });
        }
        let mut file = Self {
            input,
            order,
            interfaces: Vec::new(),
            described: Vec::new(),
            before: Vec::new(),
            lost: None,
            precision: Precision::Micro,
            room: Room::default(),
            section: Vec::new(),
            later: Vec::new(),
            kept: Kept { wanted: true, blocks: Vec::new(), bytes: 0, full: false },
            blocks: Vec::new(),
            options: Vec::new(),
        };
        while file.interfaces.is_empty() && matches!(file.step()?, Step::Other) {}
        // Whoever writes them asks for those that are known already.
        file.kept.blocks.retain(|block| !matches!(block, Block::Interface(_)));
        Ok(file)
    }

    /// The packet of the next block, where that is an enhanced packet block that is all in sight and has no fault: what most
    /// blocks are.
    #[inline]
    fn in_sight(&self) -> Option<(Packet, usize)> {
        let sight = self.input.window.sight();
        let (words, _) = sight.as_chunks::<4>();
        let [kind, length, interface, high, low, captured, wire_len] =
            words.first_chunk::<7>()?.map(|word| self.order.u32(word));
        let end = HEAD.saturating_add(captured as usize);
        let block = sight.get(..length as usize)?;
        let fits = length.is_multiple_of(4) && length <= MOST && end <= block.len().checked_sub(4)?;
        let described = self.described.len();
        let is_packet = kind == ENHANCED_PACKET && self.order.u32(*block.last_chunk()?) == length;
        if !fits || !is_packet || interface as usize >= described || self.input.ended {
            return None;
        }
        let ticks = Some((u64::from(high) << 32) | u64::from(low));
        Some((Packet { interface, ticks, wire_len, data: HEAD..end, dropped: 0 }, length as usize))
    }

    /// Reads one block. A packet stays in sight; everything else is behind the window afterwards.
    fn step(&mut self) -> Result<Step, CaptureError> {
        let input = &mut self.input;
        if input.ended || !input.want(12)? {
            return Ok(Step::End);
        }
        let Some([t0, t1, t2, t3, l0, l1, l2, l3, ..]) = input.window.peek(12).and_then(|b| b.first_chunk::<12>())
        else {
            return Ok(Step::End);
        };
        let kind = self.order.u32([*t0, *t1, *t2, *t3]);
        // A section's length is in its own byte order, which comes after it.
        let order = match kind {
            SECTION_HEADER => match input.window.peek(12).and_then(Section::order) {
                Some(order) => order,
                None => return Ok(self.damaged(Damage::ByteOrder)),
            },
            _ => self.order,
        };
        let length = order.u32([*l0, *l1, *l2, *l3]);
        let needed = matches!(
            kind,
            SECTION_HEADER
                | INTERFACE_DESCRIPTION
                | OBSOLETE_PACKET
                | SIMPLE_PACKET
                | INTERFACE_STATISTICS
                | ENHANCED_PACKET
        );
        let needed = needed || (self.kept.wanted && length <= MOST && is_kept(kind));
        if length < 12 || !length.is_multiple_of(4) || (needed && length > MOST) {
            return Ok(self.damaged(Damage::BlockLength { says: length }));
        }
        if !needed && length > MOST_CHECKED {
            return Ok(if input.skip(u64::from(length))? { Step::Other } else { Step::End });
        }
        if !input.want(length as usize)? {
            return Ok(Step::End);
        }
        let block = input.window.peek(length as usize).unwrap_or_default();
        let Some((body, end)) = block.get(8..).and_then(|rest| rest.split_last_chunk()) else {
            return Ok(Step::End);
        };
        let ends = order.u32(*end);
        if ends != length {
            return Ok(self.damaged(Damage::BlockEnd { begins: length, ends }));
        }
        let packet = match kind {
            ENHANCED_PACKET => Packet::enhanced(body, order),
            OBSOLETE_PACKET => Packet::obsolete(body, order),
            SIMPLE_PACKET => Packet::simple(body, order, self.described.first().map_or(0, |i| i.snaplen)),
            _ => return Ok(self.other(kind, length as usize)),
        };
        let Some(packet) = packet else {
            return Ok(self.damaged(Damage::BlockFields { block: name(kind) }));
        };
        let described = self.described.len();
        if (packet.interface as usize) >= described {
            return Ok(self.damaged(Damage::Interface { says: packet.interface, described: described as u32 }));
        }
        Ok(Step::Packet { packet, length: length as usize })
    }

    /// Takes in a block that is no packet.
    fn other(&mut self, kind: u32, length: usize) -> Step {
        let block = self.input.window.peek(length).unwrap_or_default();
        let body =
            block.get(8..).and_then(|rest| rest.split_last_chunk::<4>()).map(|(body, _)| body).unwrap_or_default();
        let read = match kind {
            SECTION_HEADER => match Section::read(block) {
                Some(Section { major, minor, .. }) if major != 1 => {
                    return self.damaged(Damage::Version { major, minor });
                }
                Some(Section { order, .. }) => {
                    self.order = order;
                    self.lost = self.drops_of_section().into_iter().chain(self.lost).reduce(Drops::plus);
                    // One without interfaces says nothing of those of the next.
                    if !self.described.is_empty() {
                        self.before = std::mem::take(&mut self.described);
                    }
                    // Byte order, version and length stand before them.
                    let texts = body.get(16..).unwrap_or_default();
                    let is_first = self.interfaces.is_empty();
                    if is_first {
                        self.section.clear();
                        self.room.left = MAX_OPTIONS;
                    }
                    let kept = if is_first { &mut self.section } else { &mut self.later };
                    let wanted = |code| if is_first { code != APPLICATION } else { code == COMMENT };
                    let room = &mut self.room;
                    options::append(kept, texts, order, options::texts, |code, value| wanted(code) && room.fits(value));
                    true
                }
                None => false,
            },
            INTERFACE_DESCRIPTION if self.described.len() >= MOST_INTERFACES => {
                return self.damaged(Damage::Interfaces { most: MOST_INTERFACES });
            }
            INTERFACE_DESCRIPTION => match interface::description(body, self.order, &mut self.room) {
                Some((mut interface, clock)) => {
                    interface.options.append(&mut self.later);
                    self.describe(interface, clock);
                    true
                }
                None => false,
            },
            INTERFACE_STATISTICS => match interface::statistics(body, self.order) {
                Some((interface, drops)) => {
                    if let Some(described) = self.described.get_mut(interface as usize) {
                        described.drops = drops.or(described.drops);
                    }
                    true
                }
                None => false,
            },
            _ => {
                if is_kept(kind) {
                    let order = self.order;
                    self.kept.push(|| Block::Other(kind, native_body(kind, body, order)));
                }
                true
            }
        };
        if !read {
            return self.damaged(Damage::BlockFields { block: name(kind) });
        }
        self.input.window.take(length);
        Step::Other
    }

    /// Takes in an interface of the section. One that the section before had in the same place is the same one; and so is,
    /// where no more are told apart, any that is read in the same way.
    fn describe(&mut self, interface: Interface, clock: Clock) {
        self.precision = self.precision.max(clock.precision());
        let (link_type, snaplen) = (interface.link_type, interface.snaplen);
        let known = |index: &u32| self.interfaces.get(*index as usize) == Some(&interface);
        let again = self.before.get(self.described.len()).map(|before| before.index).filter(known);
        if again.is_some() {
            self.room.left = self.room.left.saturating_add(interface.options.len()).min(MAX_OPTIONS);
        }
        let index = again.unwrap_or_else(|| {
            let last = self.interfaces.len().saturating_sub(1);
            if self.interfaces.len() >= MOST_INTERFACES {
                self.room.limits.interfaces = Some(MOST_INTERFACES);
                return last as u32;
            }
            self.kept.push(|| Block::Interface(interface.clone()));
            self.interfaces.push(interface);
            self.interfaces.len().saturating_sub(1) as u32
        });
        self.described.push(Described { index, link_type, snaplen, clock, drops: None, dropped: 0 });
    }

    fn drops_of_section(&self) -> Option<Drops> {
        let each = self.described.iter().filter_map(|Described { drops, dropped, .. }| {
            let Drops { received, kernel, interface } = drops.or((*dropped > 0).then(Drops::default))?;
            // Packets do not say who lost what came before them; what the statistics have of it is there twice.
            let kernel = kernel.max(dropped.saturating_sub(interface));
            Some(Drops { received, kernel, interface })
        });
        each.reduce(Drops::plus)
    }

    fn damaged(&mut self, damage: Damage) -> Step {
        self.input.damaged(damage);
        Step::End
    }
}

/// An interface of a section.
struct Described {
    /// Among all interfaces.
    index: u32,
    link_type: LinkType,
    snaplen: u32,
    /// How it tells time.
    clock: Clock,
    /// Its last statistics.
    drops: Option<Drops>,
    /// What the packets themselves say was lost before them.
    dropped: u64,
}

/// What may still be kept of the options of sections and interfaces, and what had to be left out.
struct Room {
    /// In bytes.
    left: usize,
    limits: SourceLimits,
}

impl Default for Room {
    fn default() -> Self {
        Self { left: MAX_OPTIONS, limits: SourceLimits::default() }
    }
}

impl Room {
    /// Whether there is room for an option; it is taken if so.
    fn fits(&mut self, value: &[u8]) -> bool {
        let left = self.left.checked_sub(value.len().saturating_add(8));
        match left {
            Some(left) => self.left = left,
            None => self.limits.options = Some(MAX_OPTIONS),
        }
        left.is_some()
    }
}

/// The program that wrote the section: what is written anew says which one did that.
const APPLICATION: u16 = 4;

/// Appends the comments among a section's options.
pub(super) fn append_comments(out: &mut Vec<u8>, section: &[u8]) {
    options::append(out, section, ByteOrder::NATIVE, options::texts, |code, _| code == COMMENT);
}

/// Whether a block goes into a file that is written anew.
fn is_kept(kind: u32) -> bool {
    matches!(kind, NAME_RESOLUTION | JOURNAL | SECRETS | CUSTOM)
}

/// Blocks that wait for the frame behind them.
struct Kept {
    /// Somebody asks for them, or may still do so.
    wanted: bool,
    blocks: Vec<Block>,
    bytes: usize,
    /// There was no room for some.
    full: bool,
}

impl Kept {
    /// Keeps a block if anybody wants it, and there is room.
    fn push(&mut self, block: impl FnOnce() -> Block) {
        if !self.wanted {
            return;
        }
        let full = self.bytes >= MAX_KEPT || self.blocks.len() >= MOST_INTERFACES;
        self.full |= full;
        if !full {
            let block = block();
            self.bytes = self.bytes.saturating_add(block.len());
            self.blocks.push(block);
        }
    }

    /// Nobody wants any.
    #[inline]
    fn forget(&mut self) {
        if self.wanted {
            *self = Self { wanted: false, blocks: Vec::new(), bytes: 0, full: false };
        }
    }
}

/// A block's body in this machine's byte order.
fn native_body(kind: u32, body: &[u8], order: ByteOrder) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    match kind {
        // §4.5: records of a type, a length and a value, and options behind the one that ends them.
        NAME_RESOLUTION => {
            let mut records = options::Options::new(body, order);
            for (code, value) in records.by_ref() {
                option(&mut out, code, value);
            }
            out.extend([0; 4]);
            options::append(&mut out, records.fields.rest(), order, options::texts, |_, _| true);
            out.extend([0; 4]);
        }
        // §4.7 and §4.8: numbers, and behind them what only its reader understands.
        SECRETS | CUSTOM => {
            let numbers = if kind == SECRETS { 8 } else { 4 };
            let (head, rest) = body.split_at_checked(numbers).unwrap_or((body, &[]));
            options::native(&mut out, head, order, 4);
            out.extend_from_slice(rest);
        }
        _ => out.extend_from_slice(body),
    }
    out
}

/// What one block came to.
enum Step {
    Packet { packet: Packet, length: usize },
    Other,
    End,
}

/// The fields of a section header.
struct Section {
    order: ByteOrder,
    major: u16,
    minor: u16,
}

impl Section {
    fn read(block: &[u8]) -> Option<Self> {
        let order = Self::order(block)?;
        let mut fields = Fields::new(block.get(12..)?, order);
        let (major, minor) = (fields.u16()?, fields.u16()?);
        fields.u64()?; // the section's length, if its writer knew it
        Some(Self { order, major, minor })
    }

    fn order(block: &[u8]) -> Option<ByteOrder> {
        match block.get(8..12)? {
            [0x1a, 0x2b, 0x3c, 0x4d] => Some(ByteOrder::Big),
            [0x4d, 0x3c, 0x2b, 0x1a] => Some(ByteOrder::Little),
            _ => None,
        }
    }
}

/// A block's name in the specification.
fn name(kind: u32) -> &'static str {
    match kind {
        SECTION_HEADER => "Section Header",
        INTERFACE_DESCRIPTION => "Interface Description",
        OBSOLETE_PACKET => "Packet",
        SIMPLE_PACKET => "Simple Packet",
        INTERFACE_STATISTICS => "Interface Statistics",
        ENHANCED_PACKET => "Enhanced Packet",
        _ => "unknown",
    }
}

impl PcapngFile {
    /// Reads up to the next packet, which is in sight then.
    fn find(&mut self) -> Result<Option<(Packet, usize)>, CaptureError> {
        let (packet, length) = match self.in_sight() {
            Some(found) => found,
            None => loop {
                match self.step()? {
                    Step::Packet { packet, length } => break (packet, length),
                    Step::Other => {}
                    Step::End => return Ok(None),
                }
            },
        };
        if packet.says_more(length) {
            self.count_drops(&packet, length);
        }
        Ok(Some((packet, length)))
    }

    /// Counts what a packet in sight says was lost before it.
    fn count_drops(&mut self, packet: &Packet, length: usize) {
        let block = self.input.window.peek(length).unwrap_or_default();
        if let Some(described) = self.described.get_mut(packet.interface as usize) {
            described.dropped = described.dropped.saturating_add(packet.lost_before(block, self.order));
        }
    }
}

/// Takes a packet that is in sight.
#[inline]
fn take<'a>(input: &'a mut Input, described: Option<&Described>, packet: Packet, length: usize) -> Frame<'a> {
    input.frames = input.frames.saturating_add(1);
    let clock = described.map_or_else(Clock::default, |described| described.clock);
    Frame {
        number: input.frames,
        ts: packet.ticks.map_or(Timestamp(0), |ticks| clock.time(ticks)),
        link_type: described.map_or(LinkType(0), |described| described.link_type),
        interface: described.map_or(0, |described| described.index),
        wire_len: packet.wire_len,
        data: input.window.take(length).get(packet.data).unwrap_or_default(),
    }
}

impl FrameSource for PcapngFile {
    fn next_frame(&mut self) -> Result<Next<'_>, CaptureError> {
        self.kept.forget();
        let Some((packet, length)) = self.find()? else { return Ok(Next::End) };
        let described = self.described.get(packet.interface as usize);
        Ok(Next::Frame(take(&mut self.input, described, packet, length)))
    }

    fn next_with_blocks(&mut self) -> Result<(Next<'_>, Beside<'_>), CaptureError> {
        self.kept.wanted = true;
        let found = self.find()?;
        let Self { input, described, kept, blocks, options, order, .. } = self;
        *blocks = std::mem::take(&mut kept.blocks);
        kept.bytes = 0;
        options.clear();
        let Some((packet, length)) = found else { return Ok((Next::End, Beside { blocks, options })) };
        let behind = packet.data.end.next_multiple_of(4)..length.saturating_sub(4);
        let bytes = input.window.peek(length).and_then(|block| block.get(behind)).unwrap_or_default();
        // A simple packet has no time, and no options.
        if packet.ticks.is_some() {
            options::append(options, bytes, *order, options::of_packet, |_, _| true);
        }
        let described = described.get(packet.interface as usize);
        Ok((Next::Frame(take(input, described, packet, length)), Beside { blocks, options }))
    }

    fn section(&self) -> &[u8] {
        &self.section
    }

    fn info(&self) -> SourceInfo {
        let first = self.interfaces.first();
        SourceInfo {
            name: self.input.origin.name(),
            format: self.input.origin.format("pcapng"),
            link_type: first.map(|i| i.link_type),
            snaplen: first.map_or(0, |i| i.snaplen),
            precision: self.precision,
        }
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    fn faults(&self) -> &[CaptureFault] {
        &self.input.faults
    }

    fn limits(&self) -> SourceLimits {
        SourceLimits { blocks: self.kept.full.then_some(MAX_KEPT), ..self.room.limits }
    }

    fn drops(&mut self) -> Option<Drops> {
        self.drops_of_section().into_iter().chain(self.lost).reduce(Drops::plus)
    }
}
