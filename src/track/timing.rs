//! The sender's clock, as far as it shows from outside: the only place that says whether an interval is a timer's, a probe's, or
//! short enough for an answer to feedback.

use crate::capture::Span;

use crate::track::packed::packed;

/// The smallest RTO in use.
// Linux's TCP_RTO_MIN. Windows and the BSDs wait longer, and RFC 6298 §2.4 says a second.
pub(in crate::track) const MIN_RTO: Span = Span::from_millis(200);
/// The RTO, and the PTO, of a sender that has not measured a round trip.
// RFC 6298 §2.1, RFC 8985 §7.2.
const INITIAL_RTO: Span = Span::from_secs(1);
/// The shortest PTO in use: two ticks of Linux's clock.
const MIN_PTO: Span = Span::from_millis(2);
/// How long a receiver may hold an acknowledgment back, in the eyes of a sender with one segment in flight.
// RFC 8985 §7.2: TLP.max_ack_delay; Linux takes TCP_RTO_MIN, RFC 9293 §3.8.6.3 allows half a second.
pub(in crate::track) const MAX_ACK_DELAY: Span = Span::from_millis(200);
/// No timer that a sender waits for is shorter, be it a probe's: what comes sooner needs no look at the clock.
pub(in crate::track) const SHORTEST_TIMER: Span = Span::from_millis(100);
/// What a sender takes for scheduling, and the capture for its timestamps.
const SLACK: Span = Span::from_millis(5);

/// A round trip as a sender smooths it (RFC 6298 §2), in microseconds: half an hour is the longest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::track) struct Smoothed {
    srtt: u32,
    rttvar: u32,
}

packed!(Smoothed { srtt, rttvar });

impl Smoothed {
    /// Takes a measurement.
    #[inline]
    pub(super) fn add(&mut self, rtt: Span) {
        let rtt = (rtt.0.max(0) / 1_000).clamp(1, i64::from(u32::MAX / 2)) as u32;
        // RFC 6298 §2.2 and §2.3: alpha is 1/8, beta 1/4.
        if self.srtt == 0 {
            (self.srtt, self.rttvar) = (rtt, rtt / 2);
        } else {
            self.rttvar = self.rttvar - self.rttvar / 4 + self.srtt.abs_diff(rtt) / 4;
            self.srtt = self.srtt - self.srtt / 8 + rtt / 8;
        }
    }

    pub(super) fn srtt(self) -> Option<Span> {
        (self.srtt > 0).then(|| Span(i64::from(self.srtt) * 1_000))
    }

    pub(super) fn rttvar(self) -> Span {
        Span(i64::from(self.rttvar) * 1_000)
    }
}

/// What is known of one sender's clock when one of its segments is judged.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct SenderClock {
    /// The shortest round trip between both ends, as far as it was measured.
    pub shortest: Span,
    /// The smoothed one, and how far it varies.
    pub srtt: Option<Span>,
    pub rttvar: Span,
    /// From the capture point to the sender and back.
    pub to_sender: Span,
}

impl SenderClock {
    /// Whether the retransmission timer can have run out, this long after it was started.
    // RFC 6298 §2.3: RTO is SRTT + max (G, K*RTTVAR), and the second term is no smaller than the smallest RTO in use.
    pub(super) fn may_time_out(self, waited: Span) -> bool {
        waited > plus(Span(MIN_RTO.0 * 9 / 10), self.shortest)
    }

    /// Whether a tail-loss probe may come this long after the last data, and after the last word of either side.
    // RFC 8985 §7.2: PTO is 2*SRTT, with TLP.max_ack_delay where one segment is in flight. Where more are, the timer would repeat
    // the first of them and not the last.
    pub(super) fn may_probe(self, age: Span, idle: Span) -> bool {
        let pto = match self.srtt {
            Some(srtt) => plus(plus(srtt, self.rttvar.doubled()).doubled(), MAX_ACK_DELAY),
            None => INITIAL_RTO,
        };
        // It is started anew when an acknowledgment arrives, which passes here before.
        age >= MIN_PTO.max(self.shortest) && idle <= plus(plus(pto, self.to_sender), SLACK)
    }

    /// Whether an answer to feedback may come this long after it passed: within two round trips.
    // RFC 8985 §6.2: RACK waits for reordering, a quarter of the round trip at first and the whole at most.
    pub(super) fn may_answer(self, waited: Span) -> bool {
        let round_trip = self.srtt.map_or(self.shortest, |srtt| plus(srtt, self.rttvar)).max(self.shortest);
        waited <= plus(round_trip.doubled(), SLACK.doubled())
    }

    /// Whether it comes as soon after the receiver's last word as the way to the sender and back allows: no timer waits for that.
    pub(super) fn follows(self, waited: Span) -> bool {
        let reordering = plus(Span(self.shortest.0 / 4), SLACK);
        !waited.is_below(90, self.to_sender) && waited <= plus(self.to_sender, reordering)
    }

    /// Whether an interval and the one behind it are a timer's that backs off.
    // RFC 6298 §5.5: the timer doubles.
    pub(super) fn backs_off(self, before: Span, after: Span) -> bool {
        self.may_time_out(before) && !after.is_below(180, before) && after.is_below(220, before)
    }
}

pub(in crate::track) fn plus(a: Span, b: Span) -> Span {
    Span(a.0.saturating_add(b.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> SenderClock {
        let ms = Span::from_millis;
        SenderClock { shortest: ms(30), srtt: Some(ms(30)), rttvar: ms(2), to_sender: ms(0) }
    }

    #[test]
    fn a_round_trip_is_smoothed_as_the_sender_does_it() {
        let mut smoothed = Smoothed::default();
        assert_eq!(smoothed.srtt(), None);
        smoothed.add(Span::from_millis(80));
        assert_eq!((smoothed.srtt, smoothed.rttvar), (80_000, 40_000));
        smoothed.add(Span::from_millis(160));
        assert_eq!((smoothed.srtt, smoothed.rttvar), (90_000, 50_000));
        smoothed.add(Span(i64::MAX));
        smoothed.add(Span(i64::MIN));
        assert!(smoothed.srtt().is_some());
    }

    #[test]
    fn a_probe_waits_for_two_round_trips_and_for_an_acknowledgment_that_may_be_held_back() {
        let ms = Span::from_millis;
        let may_probe = |wait| clock().may_probe(ms(wait), ms(wait));
        assert_eq!([1, 60, 270, 3_000].map(may_probe), [false, true, true, false]);
    }

    #[test]
    fn a_timer_waits_for_as_long_as_the_smallest_in_use_and_doubles() {
        let ms = Span::from_millis;
        assert!(!clock().may_time_out(ms(150)) && clock().may_time_out(ms(230)));
        assert!(clock().backs_off(ms(3_000), ms(6_000)) && !clock().backs_off(ms(216), ms(217)));
        assert!(!clock().backs_off(ms(100), ms(200)), "no timer is as short as the first");
    }

    #[test]
    fn an_answer_to_feedback_comes_within_two_round_trips() {
        let ms = Span::from_millis;
        assert!(clock().may_answer(ms(40)) && !clock().may_answer(ms(600)));
    }
}
