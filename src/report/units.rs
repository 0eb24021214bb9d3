//! Numbers as reports write them, appended to a buffer: no allocation, no `std::fmt`.

use std::net::IpAddr;

use jiff::tz::TimeZone;

use super::buffer::Append;
pub(super) use super::integer::decimal as integer;
use super::integer::{count, digits, labelled_count};
use crate::capture::{Span, Timestamp};
use crate::dissect::Socket;

/// What `write` appends, as text.
pub(super) fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// `1,234,567`.
pub(super) fn grouped(out: &mut Vec<u8>, number: u64) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number).as_bytes();
    for (at, digit) in digits.iter().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(b',');
        }
        out.push(*digit);
    }
}

/// `number / 10^places`, with that many decimals: `fixed(12345, 3)` is `12.345`. Places are 9 or less.
#[inline(always)]
pub(super) fn fixed(out: &mut impl Append, number: i64, places: u32) {
    if number < 0 {
        out.text(b"-");
    }
    let unit = 10_u64.pow(places);
    let (whole, part) = (number.unsigned_abs() / unit, (number.unsigned_abs() % unit) as u32);
    count(out, whole);
    if places == 0 {
        return;
    }
    out.text(b".");
    match places {
        1 => out.text(&digits::<1>(part)),
        3 => out.text(&digits::<3>(part)),
        _ => out.add(digits::<9>(part).get(9 - places as usize..).unwrap_or_default()),
    }
}

/// A time with its unit: whole microseconds below a millisecond, milliseconds with one decimal below a second, seconds with three
/// above.
pub(super) fn time(out: &mut impl Append, span: Span) {
    if span.0.unsigned_abs() < 999_500 {
        fixed(out, rounded(span.0, 1_000), 0);
        out.text(b" us");
    } else if span.0.unsigned_abs() < 999_950_000 {
        fixed(out, rounded(span.0, 100_000), 1);
        out.text(b" ms");
    } else {
        fixed(out, rounded(span.0, 1_000_000), 3);
        out.text(b" s");
    }
}

/// Milliseconds with one decimal and without the unit.
pub(super) fn millis(out: &mut impl Append, span: Span) {
    fixed(out, rounded(span.0, 100_000), 1);
}

/// Seconds with three decimals and without the unit.
pub(super) fn seconds(out: &mut impl Append, span: Span) {
    fixed(out, rounded(span.0, 1_000_000), 3);
}

/// `1460 B`.
#[inline]
pub(super) fn bytes(out: &mut impl Append, number: u64) {
    count(out, number);
    out.text(b" B");
}

/// `@15`.
#[inline]
pub(super) fn frame(out: &mut impl Append, number: u64) {
    labelled_count(out, b"@", number);
}

/// `10.0.0.1:80`, `[fd00::1]:80`.
pub(super) fn socket(out: &mut Vec<u8>, socket: Socket) {
    use std::io::Write;
    // Once a connection, not once a packet. Writing into a Vec cannot fail.
    let _ = match socket.addr {
        IpAddr::V4(addr) => write!(out, "{addr}:{}", socket.port),
        IpAddr::V6(addr) => write!(out, "[{addr}]:{}", socket.port),
    };
}

/// Writes instants as `2023-11-14T22:13:20.101999000Z`; works out the date once a day and the time of day once a second.
#[derive(Debug)]
pub(super) struct TimestampFormatter {
    day: i64,
    date: [u8; 10],
    /// When the second began that was written last, and the time of day.
    second: Timestamp,
    clock: [u8; 8],
}

impl Default for TimestampFormatter {
    fn default() -> Self {
        Self { day: 0, date: *b"1970-01-01", second: Timestamp(0), clock: *b"00:00:00" }
    }
}

impl TimestampFormatter {
    /// As RFC 3339 with nanoseconds, in UTC.
    #[inline]
    pub(super) fn rfc3339(&mut self, out: &mut impl Append, ts: Timestamp) {
        let nanos = self.seek(ts);
        out.text(&self.date);
        out.text(b"T");
        out.text(&self.clock);
        out.text(b".");
        out.text(&digits::<9>(nanos));
        out.text(b"Z");
    }

    /// The same as a text of its own.
    pub(super) fn text(&mut self, ts: Timestamp) -> String {
        let mut out = Vec::with_capacity(30);
        self.rfc3339(&mut out, ts);
        String::from_utf8(out).unwrap_or_default()
    }

    /// `2023-11-14 22:13:20.101999`, in UTC.
    pub(super) fn readable(&mut self, out: &mut Vec<u8>, ts: Timestamp) {
        let nanos = self.seek(ts);
        out.text(&self.date);
        out.text(b" ");
        out.text(&self.clock);
        out.text(b".");
        out.text(&digits::<6>(nanos / 1_000));
    }

    /// Turns to the second of an instant; the nanoseconds in it.
    #[inline]
    fn seek(&mut self, ts: Timestamp) -> u32 {
        match u32::try_from(ts.0.wrapping_sub(self.second.0)) {
            Ok(nanos) if nanos < 1_000_000_000 => nanos,
            _ => self.begin_second(ts),
        }
    }

    #[cold]
    fn begin_second(&mut self, ts: Timestamp) -> u32 {
        let nanos = ts.subsec_nanos();
        let (day, second) = (ts.seconds().div_euclid(86_400), ts.seconds().rem_euclid(86_400) as u32);
        if day != self.day {
            self.turn_to(day);
        }
        // The first second of all may begin before there are numbers for it.
        self.second = Timestamp(ts.0.wrapping_sub(i64::from(nanos)));
        for (place, part) in [(0, second / 3600), (3, second / 60 % 60), (6, second % 60)] {
            self.clock[place..place + 2].copy_from_slice(&digits::<2>(part));
        }
        nanos
    }

    fn turn_to(&mut self, day: i64) {
        // A Timestamp of 64 bits of nanoseconds spans the years 1677 to 2262: always within jiff's range.
        let Ok(instant) = jiff::Timestamp::from_second(day * 86_400) else { return };
        let date = instant.to_zoned(TimeZone::UTC).date();
        let mut text = Vec::with_capacity(10);
        zero_padded(&mut text, date.year().unsigned_abs().into(), 4);
        text.push(b'-');
        zero_padded(&mut text, date.month().unsigned_abs().into(), 2);
        text.push(b'-');
        zero_padded(&mut text, date.day().unsigned_abs().into(), 2);
        if let Ok(date) = text.try_into() {
            (self.day, self.date) = (day, date);
        }
    }
}

fn zero_padded(out: &mut Vec<u8>, number: u64, width: usize) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number).as_bytes();
    out.extend(std::iter::repeat_n(b'0', width.saturating_sub(digits.len())));
    out.extend_from_slice(digits);
}

/// `number / unit`, halves away from zero.
fn rounded(number: i64, unit: i64) -> i64 {
    let half = if number < 0 { -unit / 2 } else { unit / 2 };
    number.saturating_add(half) / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_microseconds_then_milliseconds_then_seconds() {
        for (nanos, text) in [
            (0, "0 us"),
            (-1_499, "-1 us"),
            (999_499, "999 us"),
            (999_500, "1.0 ms"),
            (30_000_000, "30.0 ms"),
            (52_400, "52 us"),
            (-12_345_678, "-12.3 ms"),
            (999_949_999, "999.9 ms"),
            (999_950_000, "1.000 s"),
            (35_642_999_500, "35.643 s"),
            (i64::MAX, "9223372036.854 s"),
        ] {
            assert_eq!(written(|out| time(out, Span(nanos))), text);
        }
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(written(|out| grouped(out, number)), text);
        }
    }

    #[test]
    fn instants_are_written_as_rfc_3339_before_and_after_the_epoch() {
        let mut calendar = TimestampFormatter::default();
        for (seconds, nanos, text) in [
            (0, 0, "1970-01-01T00:00:00.000000000Z"),
            (1_700_000_000, 101_999_000, "2023-11-14T22:13:20.101999000Z"),
            (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400, 5, "2000-02-29T00:00:00.000000005Z"),
            (i64::MAX / 1_000_000_000, 0, "2262-04-11T23:47:16.000000000Z"),
        ] {
            assert_eq!(written(|out| calendar.rfc3339(out, Timestamp::new(seconds, nanos))), text);
        }
        assert_eq!(
            written(|out| calendar.readable(out, Timestamp::new(1_700_000_000, 1_999))),
            "2023-11-14 22:13:20.000001"
        );
    }
}
