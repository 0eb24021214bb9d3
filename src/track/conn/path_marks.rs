//! The marks that a path leaves on one end's packets: time to live and IP ID.

use crate::dissect::Segment;

use crate::track::packed::{Kind, Pack, Packer, Unpacker, packed};

/// The line that one end's packets keep to.
#[derive(Debug, Default)]
pub(in crate::track) struct PathMarks {
    pub ttl: u8,
    pub id: u16,
    /// Packets in a row with that time to live, and with an IP ID that counts on.
    pub steady_ttl: u8,
    pub steady_id: u8,
    /// Time to live of its SYN: 0 when that was not seen.
    pub opener: u8,
    /// The line was another one before.
    pub changed: bool,
}

impl Pack for PathMarks {
    fn pack(&self, out: &mut Packer) {
        let Self { ttl, id, steady_ttl, steady_id, opener, changed } = self;
        u32::from_le_bytes([*ttl, *steady_ttl, *steady_id, *opener]).pack(out);
        out.flag(*changed);
        out.delta(Kind::IpId, (*id).into());
    }

    fn unpack(from: &mut Unpacker) -> Self {
        let [ttl, steady_ttl, steady_id, opener] = u32::unpack(from).to_le_bytes();
        let changed = from.flag();
        Self { ttl, id: from.delta(Kind::IpId) as u16, steady_ttl, steady_id, opener, changed }
    }
}

/// A packet off the line.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Off {
    pub frame: u64,
    pub at: crate::capture::Timestamp,
    /// What it has and what the others have, each where it is off.
    pub ttl: Option<(u8, u8)>,
    pub id: Option<(u16, u16)>,
}

packed!(Off { at, ttl, id } delta Frame { frame });

/// So many packets make a line.
pub(in crate::track) const BASELINE: u8 = 5;

/// Times to live so close are one: paths of equal cost differ by a hop or two.
pub(in crate::track) const TOLERANCE: u8 = 2;

/// Others' packets make a host-wide counter jump, but hardly so far from one packet of a connection to the next.
pub(in crate::track) const MAX_ID_STEP: u16 = 4_096;

pub(in crate::track) fn is_far(id: u16, other: u16) -> bool {
    (id.wrapping_sub(other) as i16).unsigned_abs() > MAX_ID_STEP
}

impl PathMarks {
    /// In what a packet is off the line.
    pub(crate) fn off(&self, segment: &Segment) -> Option<Off> {
        let ttl = segment.ttl;
        let ttl_off = self.steady_ttl >= BASELINE && ttl.abs_diff(self.ttl) > TOLERANCE;
        if ttl_off && self.is_openers(ttl) {
            // A balancer or proxy that opened the connection speaks for the host again.
            return None;
        }
        let id = segment.ip_id.filter(|id| *id != 0 && self.steady_id >= BASELINE && is_far(*id, self.id));
        (ttl_off || id.is_some()).then_some(Off {
            frame: segment.frame,
            at: segment.ts,
            ttl: ttl_off.then_some((ttl, self.ttl)),
            id: id.map(|id| (id, self.id)),
        })
    }

    /// Whether it is the time to live of whoever sent the SYN in this end's name.
    pub(crate) fn is_openers(&self, ttl: u8) -> bool {
        self.opener != 0 && ttl.abs_diff(self.opener) <= TOLERANCE
    }

    /// Whether a packet is back on the line that `off` was off.
    pub(crate) fn is_back(&self, off: &Off, segment: &Segment) -> bool {
        let ttl = off.ttl.is_some() && segment.ttl.abs_diff(self.ttl) <= TOLERANCE;
        let id = segment.ip_id.filter(|id| *id != 0 && off.id.is_some());
        ttl || id.is_some_and(|id| !is_far(id, self.id))
    }

    /// Whether a packet keeps to the line.
    pub(crate) fn keeps(&self, segment: &Segment) -> bool {
        self.off(segment).is_none()
    }

    pub(crate) fn learn(&mut self, segment: &Segment) {
        // Read before anything is written: a core that reads a word of which it has just written a byte waits for its cache.
        let last = self.id;
        let near = segment.ttl.abs_diff(self.ttl) <= TOLERANCE;
        if !near && self.steady_ttl >= BASELINE && self.is_openers(segment.ttl) {
            return;
        }
        self.changed |= !near && self.ttl != 0;
        self.steady_ttl = if near { self.steady_ttl.saturating_add(1) } else { 1 };
        self.ttl = segment.ttl;
        let Some(id) = segment.ip_id.filter(|id| *id != 0) else { return };
        match id.wrapping_sub(last) as i16 {
            1..=256 if last != 0 => self.steady_id = self.steady_id.saturating_add(1),
            // Overtaken: that counts on all the same.
            -256..=0 if last != 0 => return,
            _ => self.steady_id = 0,
        }
        self.id = id;
    }

    /// Time to live of the line, where all packets but the SYN kept to one.
    pub(crate) fn line(&self) -> Option<u8> {
        (self.steady_ttl >= BASELINE && !self.changed).then_some(self.ttl)
    }

    /// Time to live of the SYN, where that was seen.
    pub(crate) fn opener(&self) -> Option<u8> {
        Some(self.opener).filter(|ttl| *ttl != 0)
    }
}

impl Off {
    /// Adds what is off to a finding.
    pub(crate) fn add_to(&self, finding: &mut crate::track::Finding) {
        if let Some((ttl, usual)) = self.ttl {
            finding.number("ttl", ttl).number("usual_ttl", usual);
        }
        if let Some((id, last)) = self.id {
            finding.number("ip_id", id).number("last_id", last);
        }
    }

    /// In how many things it is off.
    pub(crate) fn signs(&self) -> u32 {
        u32::from(self.ttl.is_some()) + u32::from(self.id.is_some())
    }
}
