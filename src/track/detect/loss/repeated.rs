//! Bytes that go again and again: how often, for how long, at which intervals, and whether the receiver had them (TC206 to TC208).

use crate::capture::{Span, Timestamp};
use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::Connection;
use crate::track::conn::resends::Resends;
use crate::track::conn::resends::{MAX_RANGES, MAX_REPORTS, Range, Report};
use crate::track::conn::sent::Sent;
use crate::track::conn::step::Step;
use crate::track::timing::MIN_RTO;
use crate::track::{Note, Value};

/// So often and so long may the same bytes go again.
// RFC 9293 §3.8.3: R2, after which the connection is closed, is at least 100 s.
const MAX_TIMES: u32 = 6;
const R2: Span = Span::from_secs(100);

impl Resends {
    /// The receiver reports these numbers for the first time.
    pub(crate) fn report(&mut self, from: i64, to: i64, frame: u64, ts: Timestamp) {
        if self.reports.len() >= MAX_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back(Report { from, to, frame, ts });
    }

    /// The first report that covers all of these numbers.
    fn reported(&self, from: i64, to: i64) -> Option<Report> {
        self.reports.iter().find(|report| report.from <= from && to <= report.to).copied()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.ranges.capacity() * size_of::<Range>() + self.reports.capacity() * size_of::<Report>()
    }

    /// When these numbers were first reported.
    pub(crate) fn reported_at(&self, from: i64, to: i64) -> Option<Timestamp> {
        self.reported(from, to).map(|report| report.ts)
    }

    /// Counts a copy.
    fn count(&mut self, step: &Step<'_>, first: Option<&Sent>, by_timer: bool) -> &mut Range {
        let (from, ts, frame) = (step.obs.seq, step.segment.ts, step.segment.frame);
        let at = self.ranges.iter().position(|range| range.from == from).unwrap_or_else(|| {
            if self.ranges.len() >= MAX_RANGES {
                self.ranges.pop_front();
            }
            let first = first.map_or((frame, ts), |sent| (sent.frame, sent.ts));
            self.ranges.push_back(Range {
                from,
                times: 0,
                first,
                last: first.1,
                interval: None,
                previous: first.1,
                earlier: first.1,
                said: false,
                shrinks_from: None,
            });
            self.ranges.len() - 1
        });
        let range = &mut self.ranges[at];
        let between = ts.since(range.last);
        // RFC 6298 §5.5: the timer doubles. The first interval is none of it: acknowledgments restart the timer (§5.3).
        range.shrinks_from = range.interval.filter(|before| by_timer && between.is_below(75, *before));
        range.interval = (range.times > 0 && by_timer).then_some(between);
        (range.earlier, range.previous, range.last) = (range.previous, range.last, ts);
        range.times += 1;
        range
    }
}

impl Connection {
    /// Judges a segment that was sent again.
    pub(in crate::track) fn check_resends(&mut self, step: &mut Step<'_>, first: Option<&Sent>) {
        let said = |rule: Rule| step.obs.findings.iter().any(|finding| finding.rule == rule);
        let by_timer = said(Rule::TimeoutRetransmission);
        // RFC 9293 §3.8.6.1: a closed window is probed for as long as it takes.
        let probes = self.ends[step.peer()].window == 0 || step.obs.notes.contains(&Note::ZeroWindowProbe);
        if probes {
            return;
        }
        let heard = self.ends[step.peer()].last_ts;
        let slowest = self.slowest_round_trip();
        let peer_seen = self.ends[step.peer()].count.packets > 0;
        let end = step.obs.seq + i64::from(step.segment.payload_len);
        let resends = self.ends[step.me()].rare.resends.get_or_insert_default();
        // RFC 2018 §5: after a timeout the sender forgets what was SACKed. Whatever waits as long as a timer may be one's.
        let timeout = resends.timeout;
        let reported = resends.reported(step.obs.seq, end).filter(|report| timeout < Some(report.ts));
        if by_timer && reported.is_none() {
            resends.timeout = Some(step.segment.ts);
        }
        let range = resends.count(step, first, by_timer);
        let ts = step.segment.ts;
        let span = ts.since(range.first.1);
        let since_first = ts.since(range.previous);
        let (times, first) = (range.times, range.first.0);
        // Anything heard since may have given the timer a new start.
        let shrunk = range.shrinks_from.zip(range.interval).filter(|_| peer_seen && heard < range.earlier);
        let excessive = (times > MAX_TIMES || times > 1 && span > R2) && !range.said;
        range.said |= excessive;
        if excessive {
            step.fire(Rule::RetransmissionExcessive)
                .with("times", Value::Count(times.into(), "time"))
                .time("span", span)
                .frame("first", first);
        }
        if let Some((before, interval)) = shrunk {
            step.fire(Rule::BackoffViolation)
                .time("interval", interval)
                .time("before", before)
                .confidence(Confidence::Likely);
        }
        if let Some(report) = reported {
            let after = ts.since(report.ts);
            if slowest.0 > 0 && slowest.is_below(70, after) && after < MIN_RTO && since_first < MIN_RTO {
                step.fire(Rule::SackedRangeResent)
                    .time("after", after)
                    .frame("sack", report.frame)
                    .time("round_trip", slowest);
            }
        }
    }

    /// The longest round trip between both ends that was measured.
    fn slowest_round_trip(&self) -> Span {
        let leg = |end: usize| {
            let end = &self.ends[end];
            end.rtt.max().max(end.handshake_leg()).unwrap_or_default().0
        };
        Span(leg(0).saturating_add(leg(1)))
    }
}
