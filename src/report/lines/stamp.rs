//! The time stamp before a line.

use jiff::tz::TimeZone;

use super::StampStyle;
use super::integer::{decimal, digits, padded, two};
use super::{Append, BufferWriter};
use crate::capture::{Span, Timestamp};

/// Nanoseconds.
const SECOND: u32 = 1_000_000_000;

/// Writes time stamps; knows the packet before and the first one.
#[derive(Clone, Debug)]
pub(super) struct Stamps {
    style: StampStyle,
    nano: bool,
    zone: TimeZone,
    /// When the second began that was written last, and its text: most packets share one with the packet before.
    second: Option<Timestamp>,
    text: Vec<u8>,
    first: Option<Timestamp>,
    previous: Option<Timestamp>,
}

impl Stamps {
    /// For local time in `zone`.
    pub(super) fn new(style: StampStyle, nano: bool, zone: TimeZone) -> Self {
        Self { style, nano, zone, second: None, text: Vec::new(), first: None, previous: None }
    }

    /// Takes note of a packet that has no line.
    pub(super) fn pass(&mut self, ts: Timestamp) {
        let ts = self.precise(ts);
        self.first.get_or_insert(ts);
        self.previous = Some(ts);
    }

    /// Writes a packet's time stamp, with a space behind it.
    #[inline]
    pub(super) fn write(&mut self, out: &mut BufferWriter<'_>, ts: Timestamp) {
        match self.style {
            StampStyle::Absent => return,
            StampStyle::SincePrevious | StampStyle::SinceFirst => self.difference(out, ts),
            // What tcpdump says of a time before 1970.
            _ if ts.0 < 0 => out.add(b"[Error converting time]"),
            StampStyle::TimeOfDay | StampStyle::Date | StampStyle::Seconds => {
                let within = |second: Timestamp| u32::try_from(ts.since(second).0).ok().filter(|&nanos| nanos < SECOND);
                let nanos = self.second.and_then(within).unwrap_or_else(|| self.begin_second(ts));
                match self.text.first_chunk::<8>() {
                    // The time of day alone.
                    Some(text) if self.text.len() == 8 => out.text(text),
                    _ => out.add(&self.text),
                }
                self.fraction(out, nanos);
            }
        }
        out.text(b" ");
    }

    /// Writes how long after the first packet it came, or after the one before.
    fn difference(&mut self, out: &mut BufferWriter<'_>, ts: Timestamp) {
        let ts = self.precise(ts);
        let first = *self.first.get_or_insert(ts);
        let previous = self.previous.replace(ts).unwrap_or(ts);
        self.span(out, ts.since(if self.style == StampStyle::SinceFirst { first } else { previous }));
    }

    /// Without what is not printed: differences are taken between times as they are printed.
    fn precise(&self, ts: Timestamp) -> Timestamp {
        if self.nano { ts } else { Timestamp(ts.0.saturating_sub(ts.0.rem_euclid(1_000))) }
    }

    #[cold]
    fn begin_second(&mut self, ts: Timestamp) -> u32 {
        let (second, nanos) = (ts.seconds(), ts.subsec_nanos());
        self.second = Some(Timestamp(ts.0.saturating_sub(i64::from(nanos))));
        self.text.clear();
        let out = &mut self.text;
        if self.style == StampStyle::Seconds {
            decimal(out, second);
            return nanos;
        }
        let instant = jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::MAX);
        let local = self.zone.to_datetime(instant);
        if self.style == StampStyle::Date {
            padded(out, u64::try_from(local.year()).unwrap_or(0), 4, b'0');
            for part in [local.month(), local.day()] {
                out.push(b'-');
                two(out, part as u8);
            }
            out.push(b' ');
        }
        clock(out, [local.hour() as u8, local.minute() as u8, local.second() as u8]);
        nanos
    }

    /// A difference: a sign, and its time of day.
    fn span(&self, out: &mut BufferWriter<'_>, span: Span) {
        let nanos = span.0.unsigned_abs();
        let seconds = nanos / 1_000_000_000;
        out.push(if span.0 < 0 { b'-' } else { b' ' });
        clock(out, [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60].map(|part| part as u8));
        self.fraction(out, (nanos % 1_000_000_000) as u32);
    }

    #[inline(always)]
    fn fraction(&self, out: &mut BufferWriter<'_>, nanos: u32) {
        out.text(b".");
        if self.nano { out.text(&digits::<9>(nanos)) } else { out.text(&digits::<6>(nanos / 1_000)) }
    }
}

/// `HH:MM:SS`.
fn clock(out: &mut impl Append, [hour, minute, second]: [u8; 3]) {
    two(out, hour);
    out.text(b":");
    two(out, minute);
    out.text(b":");
    two(out, second);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::buffer::SpareCapacity;

    /// 2023-11-14 22:13:20 UTC.
    const EVENING: i64 = 1_700_000_000;

    fn stamps(style: StampStyle, nano: bool, zone: &str, times: &[(i64, i64)]) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let mut stamps = Stamps::new(style, nano, zone);
        let write = |&(seconds, nanos): &(i64, i64)| {
            let mut out = Vec::new();
            stamps
                .write(&mut BufferWriter::new(&mut SpareCapacity::default(), &mut out), Timestamp::new(seconds, nanos));
            String::from_utf8(out).unwrap()
        };
        times.iter().map(write).collect()
    }

    #[test]
    fn the_time_of_day_is_local_and_nanoseconds_are_cut_off() {
        let times = [(EVENING, 1_000_999), (EVENING, 31_000_000), (EVENING - 1, 999_999_999)];
        let utc = stamps(StampStyle::TimeOfDay, false, "UTC", &times);
        assert_eq!(utc, ["22:13:20.001000 ", "22:13:20.031000 ", "22:13:19.999999 "]);
        let kolkata = stamps(StampStyle::TimeOfDay, true, "Asia/Kolkata", &times);
        assert_eq!(kolkata, ["03:43:20.001000999 ", "03:43:20.031000000 ", "03:43:19.999999999 "]);
    }

    #[test]
    fn dates_follow_summer_time() {
        let times = [(EVENING, 1_000_000), (1_690_000_000, 1_000_000)];
        let berlin = stamps(StampStyle::Date, false, "Europe/Berlin", &times);
        assert_eq!(berlin, ["2023-11-14 23:13:20.001000 ", "2023-07-22 06:26:40.001000 "]);
    }

    #[test]
    fn differences_have_a_sign_and_wrap_after_a_day() {
        let times =
            [(EVENING, 1_000_000), (EVENING, 31_000_000), (EVENING - 1, 999_999_000), (EVENING + 90_000, 5_000)];
        let previous = stamps(StampStyle::SincePrevious, false, "UTC", &times);
        assert_eq!(previous, [" 00:00:00.000000 ", " 00:00:00.030000 ", "-00:00:00.031001 ", " 01:00:00.000006 "]);
        let first = stamps(StampStyle::SinceFirst, false, "Europe/Berlin", &times);
        assert_eq!(first, [" 00:00:00.000000 ", " 00:00:00.030000 ", "-00:00:00.001001 ", " 00:59:59.999005 "]);
    }

    #[test]
    fn differences_are_between_the_times_as_printed() {
        let times = [(EVENING, 123_456_789), (EVENING + 1, 123_456_788)];
        assert_eq!(stamps(StampStyle::SincePrevious, false, "UTC", &times)[1], " 00:00:01.000000 ");
        assert_eq!(stamps(StampStyle::SincePrevious, true, "UTC", &times)[1], " 00:00:00.999999999 ");
    }

    #[test]
    fn a_packet_without_a_line_counts_for_differences() {
        let mut stamps = Stamps::new(StampStyle::SincePrevious, false, TimeZone::UTC);
        stamps.pass(Timestamp::new(EVENING, 0));
        let mut out = Vec::new();
        stamps.write(&mut BufferWriter::new(&mut SpareCapacity::default(), &mut out), Timestamp::new(EVENING + 2, 0));
        assert_eq!(out, b" 00:00:02.000000 ");
    }

    #[test]
    fn seconds_may_be_asked_for_as_they_are_or_not_at_all() {
        assert_eq!(stamps(StampStyle::Seconds, false, "Europe/Berlin", &[(EVENING, 5_000)]), ["1700000000.000005 "]);
        assert_eq!(stamps(StampStyle::Absent, false, "UTC", &[(EVENING, 5_000)]), [""]);
        assert_eq!(stamps(StampStyle::TimeOfDay, false, "UTC", &[(-1, 0)]), ["[Error converting time] "]);
    }
}
