//! Whose doing it was: what cost a connection its time, and who could have saved it.

use crate::capture::Span;
use crate::dissect::IcmpKind;
use crate::rules::{Rule, Severity};

use crate::track::conn::connection::{Connection, Cut};
use crate::track::conn::facts::CutOff;
use crate::track::conn::step::Step;
use crate::track::detect::conclude::Ended;
use crate::track::shared::waits::{Awaited, PassedOn};
use crate::track::{Diagnosis, Direction, ExchangeSummary, Outcome, Reason, Responsible};

/// Less than this is nothing that anybody would call slow.
const NOTICEABLE: Span = Span::from_millis(200);
/// More than this is, however long the connection lasted.
const SLOW: Span = Span::from_secs(1);
/// Between the two, what takes more than this share of the connection's time.
const SHARE_PERCENT: i64 = 10;

impl Connection {
    /// Counts the silence that a retransmission ended: the time that a loss cost.
    pub(in crate::track) fn note_recovery(&mut self, step: &Step<'_>) {
        let opens_again = |rule| matches!(rule, Rule::SynRetransmission | Rule::SynAckRetransmission);
        let repeats = step.obs.is_retransmission() || step.obs.findings.iter().any(|finding| opens_again(finding.rule));
        let waited = step.segment.ts.since(self.last.1).0.max(0);
        if repeats && waited > 0 {
            let Span(so_far) = &mut self.rare.recovery_time[step.me()];
            *so_far = so_far.saturating_add(waited);
        }
    }

    /// Whose doing it was. What failed comes first, then what took the most time.
    pub(in crate::track) fn diagnose(
        &self,
        ended: Ended,
        outcome: Outcome,
        exchanges: Option<&ExchangeSummary>,
        refused: Option<(IcmpKind, bool)>,
    ) -> Diagnosis {
        let duration = self.last.1.since(self.first.1);
        if let Some(failed) = self.diagnose_failure(ended, outcome, refused) {
            return failed;
        }
        let noticeable = |lost: Span| lost >= SLOW || lost >= NOTICEABLE && !lost.is_below(SHARE_PERCENT, duration);
        let worst =
            self.costs(exchanges).into_iter().filter(|cause| noticeable(cause.lost)).max_by_key(|cause| cause.lost);
        if let Some(worst) = worst {
            return self.name_cause(worst);
        }
        let missed: u64 = self.ends.iter().map(|end| end.trouble().missed_bytes).sum();
        match outcome {
            Outcome::ResetByServer if self.is_cut_off() => {
                say(Responsible::Server, Span(0), Reason::Reset(Direction::FromResponder))
            }
            Outcome::ResetByClient if self.has_found(Rule::Abandoned) => {
                let since = self.ends[0].last_data().unwrap_or(self.first.1);
                let waited = self.rare.cut.map_or(Span(0), |cut| cut.ts.since(since));
                say(Responsible::Client, waited.max(Span(0)), Reason::GaveUp)
            }
            Outcome::ResetByClient if self.is_cut_off() => {
                say(Responsible::Client, Span(0), Reason::Reset(Direction::FromOriginator))
            }
            _ if missed > 0 && noticeable(duration) => say(Responsible::Capture, Span(0), Reason::Gaps),
            _ => say(Responsible::Nothing, Span(0), Reason::Healthy),
        }
    }

    /// Whose doing it was that it failed, or cannot be judged, whatever took time besides.
    fn diagnose_failure(&self, ended: Ended, outcome: Outcome, refused: Option<(IcmpKind, bool)>) -> Option<Diagnosis> {
        let duration = self.last.1.since(self.first.1);
        match (outcome, refused) {
            (Outcome::NoAnswer, Some((icmp, by_server))) => {
                let who = if by_server { Responsible::Server } else { Responsible::Network };
                return Some(say(who, duration, Reason::Unreachable { icmp }));
            }
            (Outcome::NoAnswer, None) if self.syn_may_be_answered_yet(ended) => {
                return Some(say(Responsible::Capture, Span(0), Reason::EndedEarly));
            }
            (Outcome::NoAnswer, None) => {
                return Some(say(Responsible::Network, duration, Reason::NoReply { syns: self.ends[0].syns }));
            }
            (Outcome::Refused, _) => return Some(say(Responsible::Server, Span(0), Reason::Refused)),
            _ => {}
        }
        if self.only_side().is_some() {
            return Some(say(Responsible::Capture, Span(0), Reason::OneDirection));
        }
        if let Some(direction) = self.black_hole() {
            let lost = self.loss(direction).lost;
            return Some(say(Responsible::Network, lost, Reason::BlackHole(direction)));
        }
        if self.has_found(Rule::IdleReset) {
            let (idle, like_a_middlebox) = self.idle_time();
            let who = match self.rare.cut.filter(|_| !like_a_middlebox) {
                Some(cut) if cut.by == Direction::FromResponder => Responsible::Server,
                Some(_) => Responsible::Client,
                _ => Responsible::Network,
            };
            return Some(say(who, Span(0), Reason::IdleTimeout { idle }));
        }
        None
    }

    /// What cost time, and how much.
    fn costs(&self, exchanges: Option<&ExchangeSummary>) -> Vec<Diagnosis> {
        let [client, server] = &self.ends;
        let ways = [Direction::FromOriginator, Direction::FromResponder];
        let queue = |way| Some(say(Responsible::Network, self.queued(way)?, Reason::Queue(way)));
        let mut costs = vec![
            self.handshake_loss(),
            self.loss(Direction::FromOriginator),
            self.loss(Direction::FromResponder),
            self.missing(Direction::FromOriginator),
            self.missing(Direction::FromResponder),
            // Where the connection began before the capture, who asks and who answers is not known.
            self.slow_answers(exchanges.filter(|_| self.client_known)),
            zero_window(Direction::FromOriginator, client.trouble().zero_window),
            zero_window(Direction::FromResponder, server.trouble().zero_window),
        ];
        costs.extend(ways.into_iter().filter_map(queue));
        costs.extend(self.ack_waits().map(|(who, lost)| {
            let writer = if who == Direction::FromOriginator { Responsible::Client } else { Responsible::Server };
            say(writer, lost, Reason::DelayedAcks(who))
        }));
        costs
    }

    /// What is behind lost time, where more is known than that segments were lost or answers late.
    fn name_cause(&self, worst: Diagnosis) -> Diagnosis {
        let [host, program] = self.rare.path.as_deref().map(|path| path.stalled).unwrap_or_default();
        let warned = |(rule, grade, count): &(Rule, Severity, u32)| {
            (*rule, *grade) == (Rule::PathMtuExceeded, Severity::Warning) && *count > 0
        };
        let ignored = self.rare.regraded.iter().any(warned);
        match worst.reason {
            Reason::Loss { .. } | Reason::LateAcks { .. } | Reason::SlowHandshake
                if !host.is_below(50, worst.lost) && host > Span(0) =>
            {
                say(Responsible::Network, host, Reason::Stall { program: false })
            }
            Reason::SlowAnswers { .. } if !program.is_below(50, worst.lost) && program > Span(0) => {
                say(Responsible::Server, program, Reason::Stall { program: true })
            }
            Reason::Loss { direction, .. } if ignored => {
                Diagnosis { reason: Reason::PathMtuIgnored(direction), ..worst }
            }
            _ => worst,
        }
    }

    pub(in crate::track) fn has_found(&self, rule: Rule) -> bool {
        self.rare.found.iter().any(|(found, _)| *found == rule)
    }

    fn times_found(&self, rule: Rule) -> u64 {
        self.rare.found.iter().find(|(found, _)| *found == rule).map_or(0, |(_, count)| u64::from(*count))
    }

    /// A RST ended it before both ends had said that they were done; its sender had not said so (TC402).
    fn is_cut_off(&self) -> bool {
        let early = |cut: Cut| cut.how != CutOff::TimeWaitOver && self.ends[cut.by.index()].fin().is_none();
        self.rare.cut.is_some_and(early)
    }

    fn handshake_loss(&self) -> Diagnosis {
        let first = self.syn().1;
        let again = self.ends.iter().any(|end| end.syns > 1);
        let lost = if again { self.last_syn().since(first).max(self.handshake_wait()) } else { Span(0) };
        Diagnosis { responsible: Responsible::Network, lost, reason: Reason::SlowHandshake }
    }

    /// From the first SYN+ACK to the last, where it was repeated.
    fn handshake_wait(&self) -> Span {
        let first = self.syn_ack().map(|(_, ts)| ts);
        first.map_or(Span(0), |first| self.last_syn_ack().since(first))
    }

    /// What the server took, or had to wait for itself.
    fn slow_answers(&self, exchanges: Option<&ExchangeSummary>) -> Diagnosis {
        let (lost, answers, longest) = exchanges
            .and_then(|all| all.server_time.map(|times| (all.server_total, times.samples, times.max)))
            .unwrap_or_default();
        let passed_on = self.rare.application.as_deref().and_then(|application| application.passed_on);
        match passed_on.filter(|passed_on| !passed_on.total.is_below(50, lost)) {
            Some(PassedOn { flow, awaited: Awaited::Handshake, .. }) => {
                say(Responsible::Network, lost, Reason::PassedOn { flow })
            }
            Some(PassedOn { flow, .. }) => say(Responsible::Server, lost, Reason::PassedOn { flow }),
            None => say(Responsible::Server, lost, Reason::SlowAnswers { answers, longest }),
        }
    }

    /// Bytes that the capture does not show, though it shows later ones, and that their receiver has asked for to the end.
    fn missing(&self, direction: Direction) -> Diagnosis {
        let gap = self.ends[direction.index()].rare.gaps.first_open().filter(|gap| gap.asked.is_some());
        let (lost, bytes) = gap.map_or((Span(0), 0), |gap| (self.last.1.since(gap.opened), gap.len()));
        say(Responsible::Network, lost, Reason::Missing { direction, bytes })
    }

    fn loss(&self, direction: Direction) -> Diagnosis {
        let end = direction.index();
        let opening = if direction == Direction::FromOriginator {
            self.last_syn().since(self.syn().1)
        } else {
            self.handshake_wait()
        };
        let lost = Span(self.rare.recovery_time[end].0.saturating_sub(opening.0.max(0)));
        let segments = self.ends[end].trouble().resent_segments;
        let all: u64 = self.ends.iter().map(|end| end.trouble().resent_segments).sum();
        let reason = if self.times_found(Rule::SpuriousRetransmission) >= all {
            Reason::LateAcks { direction: direction.reverse(), segments }
        } else {
            Reason::Loss { direction, segments }
        };
        say(Responsible::Network, lost, reason)
    }
}

fn say(responsible: Responsible, lost: Span, reason: Reason) -> Diagnosis {
    Diagnosis { responsible, lost, reason }
}

fn zero_window(direction: Direction, lost: Span) -> Diagnosis {
    Diagnosis { responsible: Responsible::Receiver, lost, reason: Reason::ZeroWindow(direction) }
}
