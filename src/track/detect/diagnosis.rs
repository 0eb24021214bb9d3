//! Whose doing it was: what cost a connection its time, and who could have saved it.

use crate::capture::Span;
use crate::dissect::IcmpKind;
use crate::rules::{Rule, Severity};

use crate::track::conn::connection::Connection;
use crate::track::conn::facts::{CutOff, Fact};
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
/// A client that has no answer for so long is worth a word.
const LONG_WITHOUT: Span = Span::from_secs(5);

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
        let shows = |lost: Span| lost >= NOTICEABLE && !lost.is_below(SHARE_PERCENT, duration);
        let noticeable = |lost: Span| lost >= SLOW || shows(lost);
        // However many answers there were, what each of them took at once is not slow.
        let counts = |cause: &Diagnosis| match cause.reason {
            Reason::SlowAnswers { longest, .. } if longest < NOTICEABLE => shows(cause.lost),
            _ => noticeable(cause.lost),
        };
        let answers = self.slow_answers(exchanges);
        let worst = self.costs(answers).into_iter().filter(counts).max_by_key(|cause| cause.lost);
        if let Some(worst) = worst {
            return self.name_cause(worst);
        }
        let missed: u64 = self.ends.iter().map(|end| end.trouble().missed_bytes).sum();
        match outcome {
            _ if self.has_found(Rule::ResetInjectionSuspected) && self.is_cut_off() => {
                let by = self.rare.cut.map_or(Direction::FromResponder, |cut| cut.by);
                say(Responsible::Network, Span(0), Reason::DoubtfulReset(by))
            }
            Outcome::ResetByServer if self.is_cut_off() => {
                say(Responsible::Server, Span(0), Reason::Reset(Direction::FromResponder))
            }
            Outcome::ResetByClient if self.has_found(Rule::Abandoned) => {
                let since = self.ends[0].last_data().unwrap_or(self.first.1);
                let waited = self.rare.cut.map_or(Span(0), |cut| cut.ts.since(since));
                say(
                    Responsible::Client,
                    waited.max(Span(0)),
                    Reason::GaveUp { asked: self.ends[0].last_data().is_some() },
                )
            }
            Outcome::ResetByClient if self.is_cut_off() => {
                say(Responsible::Client, Span(0), Reason::Reset(Direction::FromOriginator))
            }
            _ if !self.client_known && noticeable(answers.lost) => {
                say(Responsible::Capture, Span(0), Reason::RolesUnknown { waited: answers.lost })
            }
            _ if missed > 0 && noticeable(duration) => say(Responsible::Capture, Span(0), Reason::Gaps),
            _ => match self.unasked() {
                silent @ Span(1..) => say(Responsible::Nothing, Span(0), Reason::Quiet { silent }),
                _ => say(Responsible::Nothing, Span(0), self.unanswered(ended)),
            },
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
        // Where no SYN was seen, what is missing of a direction says nothing of the path.
        let silent = !self.client_known && !self.is_two_sided();
        if self.only_side().is_some() || silent {
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
    fn costs(&self, answers: Diagnosis) -> Vec<Diagnosis> {
        let [client, server] = &self.ends;
        let ways = [Direction::FromOriginator, Direction::FromResponder];
        let queue = |way| Some(say(Responsible::Network, self.queued(way)?, Reason::Queue(way)));
        // Where it began before the capture, who asks and who answers is not known.
        let mut costs = vec![
            self.handshake_loss(),
            self.late_syn_ack(),
            self.loss(Direction::FromOriginator),
            self.loss(Direction::FromResponder),
            self.missing(Direction::FromOriginator),
            self.missing(Direction::FromResponder),
            Diagnosis { lost: if self.client_known { answers.lost } else { Span(0) }, ..answers },
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

    /// A RST ended it although something was under way: not where both ends had said that they were done (TC402), nor where a client
    /// that had all of it ended it so (TC401, a note). What a server that is done with it is still asked is lost.
    fn is_cut_off(&self) -> bool {
        let Some(cut) = self.rare.cut.filter(|cut| cut.how != CutOff::TimeWaitOver) else { return false };
        let noted = self.rare.regraded.iter().any(|(rule, grade, _)| (*rule, *grade) == (Rule::Reset, Severity::Note));
        let client = &self.ends[0];
        match self.ends[cut.by.index()].fin() {
            None => !noted,
            Some(_) => cut.by == Direction::FromResponder && client.fin().is_none() && client.una < client.nxt,
        }
    }

    fn handshake_loss(&self) -> Diagnosis {
        let first = self.syn().1;
        let again = self.ends.iter().any(|end| end.syns > 1);
        let lost = if again { self.last_syn().since(first).max(self.handshake_wait()) } else { Span(0) };
        Diagnosis { responsible: Responsible::Network, lost, reason: Reason::SlowHandshake }
    }

    /// How much later than the path explains the only SYN+ACK came.
    fn late_syn_ack(&self) -> Diagnosis {
        let [client, server] = &self.ends;
        let once = client.syns == 1 && server.syns == 1 && client.facts.has(Fact::SynSeen);
        let times = self.syn_ack().filter(|_| once).zip(client.shortest_leg());
        let lost = times.map_or(Span(0), |((_, ts), leg)| Span(ts.since(self.syn().1).0.saturating_sub(leg.0).max(0)));
        say(Responsible::Network, lost, Reason::LateSynAck)
    }

    /// From the first SYN+ACK to the last, where it was repeated.
    fn handshake_wait(&self) -> Span {
        let first = self.syn_ack().map(|(_, ts)| ts);
        first.map_or(Span(0), |first| self.last_syn_ack().since(first))
    }

    /// All is well, as far as one can tell: whether what the client sent last was to be answered is not known.
    fn unanswered(&self, ended: Ended) -> Reason {
        let open = self.exchanges.as_deref().is_some_and(|exchanges| exchanges.open.answer_frame == 0);
        let end = if self.ends.iter().any(|end| end.closes()) { self.last.1 } else { ended.now };
        match self.ends[0].last_data().filter(|_| open).map(|last| end.since(last)) {
            Some(waited) if waited >= LONG_WITHOUT => Reason::Unanswered { waited },
            _ => Reason::Healthy,
        }
    }

    /// How long a server was silent that perhaps had nothing to say.
    fn unasked(&self) -> Span {
        self.rare.application.as_deref().map_or(Span(0), |application| application.unasked)
    }

    /// What the server took, or had to wait for itself.
    fn slow_answers(&self, exchanges: Option<&ExchangeSummary>) -> Diagnosis {
        let (lost, answers, longest) = exchanges
            .and_then(|all| all.server_time.map(|times| (all.server_total, times.samples, times.max)))
            .unwrap_or_default();
        let lost = Span(lost.0.saturating_sub(self.unasked().0));
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
        let segments = self.ends[end].trouble().resent_segments;
        let waited = Span(self.rare.recovery_time[end].0.saturating_sub(opening.0.max(0)));
        let lost = if segments > 0 { waited } else { Span(0) };
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
