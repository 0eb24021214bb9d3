//! The part of a packet's record that is the same for all packets of a connection that go the same way: written once, and
//! copied from then on.

use crate::dissect::{Segment, Socket};
use crate::report::buffer::{Append, BufferWriter};
use crate::report::integer::{address_as_std, labelled};
use crate::track::{Direction, Observation};

/// So many directions are kept: those of as many connections as most captures have at a time, in little memory.
const MAX_DIRECTIONS: usize = 512;

/// Bytes of a text; only that of two long IPv6 addresses has more than [`SHORT`].
const LONGEST: usize = 192;
const SHORT: usize = 144;

/// The texts of the directions that came last.
#[derive(Debug)]
pub(super) struct Ends {
    kept: Vec<KnownEnds>,
}

/// The direction that was asked for last in a place, flow 0 before there is one, and its text if it is kept.
#[derive(Clone, Debug)]
struct KnownEnds {
    flow: u32,
    direction: Option<Direction>,
    text: [u8; LONGEST],
    len: usize,
}

impl Default for Ends {
    fn default() -> Self {
        Self { kept: vec![KnownEnds { flow: 0, direction: None, text: [0; LONGEST], len: 0 }; MAX_DIRECTIONS] }
    }
}

impl Ends {
    /// `,"flow":1,"dir":"c2s","src":…,"ip_version":4`, of a segment that belongs to a connection.
    #[inline]
    pub(super) fn write(&mut self, out: &mut BufferWriter<'_>, segment: &Segment, seen: &Observation) {
        let back = usize::from(seen.direction == Some(Direction::FromResponder));
        let Some(kept) = self.kept.get_mut((seen.flow as usize * 2 + back) % MAX_DIRECTIONS) else { return };
        if kept.flow != seen.flow || kept.direction != seen.direction {
            // Kept when it is asked for once more: where many connections take turns, most are not.
            (kept.flow, kept.direction, kept.len) = (seen.flow, seen.direction, 0);
            return ends(out, segment, seen);
        }
        if kept.len == 0 {
            return kept.keep(out, segment, seen);
        }
        match kept.text.first_chunk::<SHORT>() {
            Some(text) if kept.len <= SHORT => out.copy(text, kept.len),
            _ => out.add(kept.text.get(..kept.len).unwrap_or_default()),
        }
    }
}

impl KnownEnds {
    /// Writes the text, and keeps it.
    #[inline(never)]
    fn keep(&mut self, out: &mut BufferWriter<'_>, segment: &Segment, seen: &Observation) {
        let start = out.len();
        ends(out, segment, seen);
        let text = out.written().get(start..).unwrap_or_default();
        if let Some(place) = self.text.get_mut(..text.len()) {
            place.copy_from_slice(text);
            self.len = text.len();
        }
    }
}

#[inline(never)]
fn ends(out: &mut BufferWriter<'_>, segment: &Segment, seen: &Observation) {
    labelled(out, b",\"flow\":", seen.flow);
    match seen.direction {
        Some(Direction::FromOriginator) => out.text(b",\"dir\":\"c2s\""),
        Some(Direction::FromResponder) => out.text(b",\"dir\":\"s2c\""),
        None => {}
    }
    out.text(b",\"src\":\"");
    socket(out, segment.src, b"\",\"sport\":");
    out.text(b",\"dst\":\"");
    socket(out, segment.dst, b"\",\"dport\":");
    out.text(if segment.src.addr.is_ipv4() { b",\"ip_version\":4" } else { b",\"ip_version\":6" });
}

/// `10.0.0.1","sport":1000`
fn socket(out: &mut BufferWriter<'_>, socket: Socket, between: &[u8; 10]) {
    address_as_std(out, socket.addr);
    labelled(out, between, socket.port.into());
}
