//! What a pcapng file says of its interfaces: how each is read, how it tells time, and what it lost.

use super::Room;
use super::options::{self, Options};
use crate::capture::bytes::{ByteOrder, Fields};
use crate::capture::{Drops, Interface, LinkType, Precision, Timestamp};

/// Most bytes of an interface's name that are kept.
const MOST_NAME: usize = 256;

/// `if_name`.
const NAME: u16 = 2;

/// `if_tsresol` and `if_tsoffset`.
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

/// Interface Description Block, draft-ietf-opsawg-pcapng §4.2, with as many options as there is room for.
pub(super) fn description(body: &[u8], order: ByteOrder, room: &mut Room) -> Option<(Interface, Clock)> {
    let mut fields = Fields::new(body, order);
    let (link_type, _reserved, snaplen) = (LinkType(fields.u16()?), fields.u16()?, fields.u32()?);
    let snaplen = if snaplen > i32::MAX as u32 { 0 } else { snaplen };
    let mut interface = Interface { name: None, link_type, snaplen, options: Vec::new() };
    let told_anew = [TIME_RESOLUTION, TIME_OFFSET];
    options::append(&mut interface.options, fields.rest(), order, options::of_interface, |code, value| {
        // The name is short, and told by it.
        let is_name = code == NAME && value.len() <= MOST_NAME;
        !told_anew.contains(&code) && (is_name || room.fits(value))
    });
    let mut clock = Clock::default();
    for (code, value) in (Options { fields }) {
        match (code, value) {
            (NAME, name) => {
                if name.len() > MOST_NAME {
                    room.limits.name = Some(MOST_NAME);
                }
                let name = name.get(..MOST_NAME).unwrap_or(name);
                interface.name = Some(String::from_utf8_lossy(name).trim_end_matches('\0').to_owned());
            }
            (TIME_RESOLUTION, [resolution, ..]) => clock.unit = Unit::of(*resolution),
            (TIME_OFFSET, offset) => {
                // if_tsoffset: signed seconds.
                clock.offset = Fields::new(offset, order).u64().map_or(0, |seconds| seconds as i64);
            }
            _ => {}
        }
    }
    Some((interface, clock))
}

/// Interface Statistics Block, draft-ietf-opsawg-pcapng §4.6: the interface, and its counters if there are any.
pub(super) fn statistics(body: &[u8], order: ByteOrder) -> Option<(u32, Option<Drops>)> {
    let mut fields = Fields::new(body, order);
    let interface = fields.u32()?;
    fields.u64()?; // when it was counted
    let (mut received, mut accepted, mut by_interface, mut by_system) = (None, None, None, None);
    for (code, value) in (Options { fields }) {
        let counter = match code {
            4 => &mut received,
            5 => &mut by_interface,
            6 => &mut accepted,
            7 => &mut by_system,
            _ => continue,
        };
        *counter = Fields::new(value, order).u64();
    }
    let any = received.or(accepted).or(by_interface).or(by_system);
    let drops = any.map(|_| Drops {
        received: accepted.or(received).unwrap_or(0),
        kernel: by_system.unwrap_or(0),
        interface: by_interface.unwrap_or(0),
    });
    Some((interface, drops))
}

/// How an interface tells time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Clock {
    unit: Unit,
    /// Added to every time, in seconds.
    offset: i64,
}

impl Clock {
    /// The time that many units after the interface's epoch; what does not fit is held at the nearest end.
    #[inline]
    pub(super) fn time(self, ticks: u64) -> Timestamp {
        // Without an offset, and of this age of the world.
        if let (Unit::Nanos(each), 0, Ok(ticks)) = (self.unit, self.offset, i64::try_from(ticks))
            && let Some(nanos) = ticks.checked_mul(i64::from(each))
        {
            return Timestamp(nanos);
        }
        self.distant_time(ticks)
    }

    fn distant_time(self, ticks: u64) -> Timestamp {
        let ticks = u128::from(ticks);
        let nanos = match self.unit {
            Unit::Nanos(each) => ticks.saturating_mul(u128::from(each)),
            Unit::PerNano(count) => ticks.checked_div(count).unwrap_or(0),
            Unit::SecondShifted(bits) => ticks.saturating_mul(1_000_000_000).checked_shr(bits).unwrap_or(0),
        };
        let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
        let nanos = nanos.saturating_add(i128::from(self.offset).saturating_mul(1_000_000_000));
        Timestamp(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Whether it tells time finer than microseconds.
    pub(super) fn precision(self) -> Precision {
        match self.unit {
            Unit::Nanos(each) if each >= 1000 => Precision::Micro,
            Unit::SecondShifted(bits) if bits < 20 => Precision::Micro,
            _ => Precision::Nano,
        }
    }
}

/// The unit of an interface's times (`if_tsresol`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Unit {
    /// So many nanoseconds.
    Nanos(u32),
    /// So many make one nanosecond.
    PerNano(u128),
    /// A second divided by two to the power of so much.
    SecondShifted(u32),
}

impl Unit {
    /// The high bit says which base; the rest is the negative exponent of a second.
    fn of(resolution: u8) -> Self {
        let exponent = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            return Self::SecondShifted(exponent);
        }
        match 9_u32.checked_sub(exponent) {
            Some(coarser) => Self::Nanos(10_u32.saturating_pow(coarser)),
            None => Self::PerNano(10_u128.saturating_pow(exponent.saturating_sub(9))),
        }
    }
}

impl Default for Unit {
    fn default() -> Self {
        Self::Nanos(1000)
    }
}
