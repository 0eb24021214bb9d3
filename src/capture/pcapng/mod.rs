//! pcapng files: sections of blocks, each section with a byte order and interfaces of its own.
//!
//! draft-ietf-opsawg-pcapng describes the format. Blocks that are not needed are passed over without being held.

mod interface;
mod packet;

use super::bytes::{ByteOrder, Fields};
use super::input::Input;
use super::{
    CaptureError, CaptureFault, Damage, Drops, Frame, FrameSource, Interface, LinkType, Next, Precision, SourceInfo,
    Timestamp,
};
use interface::Clock;
use packet::Packet;

/// The first four bytes, the same in either byte order.
pub(super) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Most bytes of a block that is read as a whole.
const MOST: u32 = 16 * 1024 * 1024;

/// Most bytes of a block that is passed over and whose end is looked at all the same.
const MOST_CHECKED: u32 = 64 * 1024;

/// Most interfaces of a file, all sections together.
const MOST_INTERFACES: usize = 65_536;

/// Length of an enhanced packet block's fields before the packet, in bytes.
const HEAD: usize = 28;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// A pcapng file that is being read.
pub(super) struct PcapngFile {
    input: Input,
    order: ByteOrder,
    /// The section's interface 0 in `interfaces`.
    first_interface: usize,
    interfaces: Vec<Interface>,
    /// As `interfaces`: how each tells time.
    clocks: Vec<Clock>,
    /// As `interfaces`: the last statistics of each.
    drops: Vec<Option<Drops>>,
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
        let mut file =
            Self { input, order, first_interface: 0, interfaces: Vec::new(), clocks: Vec::new(), drops: Vec::new() };
        while file.interfaces.is_empty() && matches!(file.step()?, Step::Other) {}
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
        let described = self.interfaces.len().saturating_sub(self.first_interface);
        let is_packet = kind == ENHANCED_PACKET && self.order.u32(*block.last_chunk()?) == length;
        if !fits || !is_packet || interface as usize >= described || self.input.ended {
            return None;
        }
        let ticks = Some((u64::from(high) << 32) | u64::from(low));
        Some((Packet { interface, ticks, wire_len, data: HEAD..end }, length as usize))
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
        let described = self.interfaces.get(self.first_interface..).unwrap_or_default();
        let packet = match kind {
            ENHANCED_PACKET => Packet::enhanced(body, order),
            OBSOLETE_PACKET => Packet::obsolete(body, order),
            SIMPLE_PACKET => Packet::simple(body, order, described.first().map_or(0, |i| i.snaplen)),
            _ => return Ok(self.other(kind, length as usize)),
        };
        let Some(packet) = packet else {
            return Ok(self.damaged(Damage::BlockFields { block: name(kind) }));
        };
        let described = described.len();
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
                    self.first_interface = self.interfaces.len();
                    true
                }
                None => false,
            },
            INTERFACE_DESCRIPTION if self.interfaces.len() >= MOST_INTERFACES => {
                return self.damaged(Damage::Interfaces { most: MOST_INTERFACES });
            }
            INTERFACE_DESCRIPTION => match interface::description(body, self.order) {
                Some((interface, clock)) => {
                    self.interfaces.push(interface);
                    self.clocks.push(clock);
                    self.drops.push(None);
                    true
                }
                None => false,
            },
            INTERFACE_STATISTICS => match interface::statistics(body, self.order) {
                Some((interface, drops)) => {
                    let index = self.first_interface.saturating_add(interface as usize);
                    if let Some(slot) = self.drops.get_mut(index) {
                        *slot = drops.or(*slot);
                    }
                    true
                }
                None => false,
            },
            _ => true,
        };
        if !read {
            return self.damaged(Damage::BlockFields { block: name(kind) });
        }
        self.input.window.take(length);
        Step::Other
    }

    fn damaged(&mut self, damage: Damage) -> Step {
        self.input.damaged(damage);
        Step::End
    }
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

impl FrameSource for PcapngFile {
    fn next_frame(&mut self) -> Result<Next<'_>, CaptureError> {
        let (packet, length) = match self.in_sight() {
            Some(found) => found,
            None => loop {
                match self.step()? {
                    Step::Packet { packet, length } => break (packet, length),
                    Step::Other => {}
                    Step::End => return Ok(Next::End),
                }
            },
        };
        self.input.frames = self.input.frames.saturating_add(1);
        let index = self.first_interface.saturating_add(packet.interface as usize);
        let clock = self.clocks.get(index).copied().unwrap_or_default();
        Ok(Next::Frame(Frame {
            number: self.input.frames,
            ts: packet.ticks.map_or(Timestamp(0), |ticks| clock.time(ticks)),
            link_type: self.interfaces.get(index).map_or(LinkType(0), |i| i.link_type),
            interface: index as u32,
            wire_len: packet.wire_len,
            data: self.input.window.take(length).get(packet.data).unwrap_or_default(),
        }))
    }

    fn info(&self) -> SourceInfo {
        let first = self.interfaces.first();
        SourceInfo {
            name: self.input.origin.name(),
            format: self.input.origin.format("pcapng"),
            link_type: first.map(|i| i.link_type),
            snaplen: first.map_or(0, |i| i.snaplen),
            precision: self.clocks.iter().map(|clock| clock.precision()).max().unwrap_or(Precision::Micro),
        }
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    fn faults(&self) -> &[CaptureFault] {
        &self.input.faults
    }

    fn drops(&mut self) -> Option<Drops> {
        self.drops.iter().flatten().copied().reduce(Drops::plus)
    }
}
