//! Whose doing it was: what cost a connection its time, and who could have saved it.

use crate::capture::Span;
use crate::rules::Rule;

use crate::track::conn::connection::Connection;
use crate::track::conn::facts::CutOff;
use crate::track::step::Step;
use crate::track::{Direction, ExchangeSummary, Outcome};

/// Who, or what, a connection's trouble is due to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Responsible {
    /// The path between the ends, or nobody can say which part of it.
    Network,
    /// The server: its program, or that none runs.
    Server,
    /// The client's program.
    Client,
    /// An end that did not read what it was sent.
    Receiver,
    /// The capture does not show enough to tell.
    Capture,
    /// Nothing went wrong, and nothing took long.
    Nothing,
}

impl Responsible {
    /// All of them, in the order in which reports list them.
    pub const ALL: [Self; 6] =
        [Self::Network, Self::Server, Self::Client, Self::Receiver, Self::Capture, Self::Nothing];

    /// The word that reports write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Server => "server",
            Self::Client => "client",
            Self::Receiver => "receiver",
            Self::Capture => "capture",
            Self::Nothing => "nothing",
        }
    }
}

/// What the answer rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// Nobody answered the SYNs.
    NoReply {
        /// How many there were.
        syns: u32,
    },
    /// A RST answered the SYN.
    Refused,
    /// One end reset the connection.
    Reset(Direction),
    /// The SYN or the SYN+ACK had to be retransmitted.
    SlowHandshake,
    /// Bytes sent that way had to be retransmitted, and nothing went on until then.
    Loss {
        /// Which way they went.
        direction: Direction,
        /// Segments retransmitted that way.
        segments: u64,
    },
    /// The server took long to answer.
    SlowAnswers {
        /// Answers that it gave.
        answers: u32,
        /// The longest that one took.
        longest: Span,
    },
    /// The end that sends that way had its window closed.
    ZeroWindow(Direction),
    /// One direction only was captured.
    OneDirection,
    /// Most of the time cannot be explained, and the capture misses segments.
    Gaps,
    /// Nothing stands out.
    Healthy,
}

/// Whose doing it was that a connection failed or took long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Diagnosis {
    /// Who or what.
    pub responsible: Responsible,
    /// The time that it cost.
    pub lost: Span,
    /// Why that is said.
    pub reason: Reason,
}

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
        if repeats {
            let waited = step.segment.ts.since(self.last.1).0.max(0);
            let Span(so_far) = &mut self.recovery_time[step.me()];
            *so_far = so_far.saturating_add(waited);
        }
    }

    /// Whose doing it was. What failed comes first, then what took the most time.
    pub(in crate::track) fn diagnose(&self, outcome: Outcome, exchanges: Option<&ExchangeSummary>) -> Diagnosis {
        let say = |responsible, lost, reason| Diagnosis { responsible, lost, reason };
        let duration = self.last.1.since(self.first.1);
        let [client, server] = &self.ends;
        match outcome {
            Outcome::NoAnswer => {
                return say(Responsible::Network, duration, Reason::NoReply { syns: client.syns });
            }
            Outcome::Refused => return say(Responsible::Server, Span(0), Reason::Refused),
            _ => {}
        }
        if self.only_side().is_some() {
            return say(Responsible::Capture, Span(0), Reason::OneDirection);
        }
        let noticeable = |lost: Span| lost >= SLOW || lost >= NOTICEABLE && !lost.is_below(SHARE_PERCENT, duration);
        let causes = [
            self.handshake_loss(),
            self.loss(Direction::FromOriginator),
            self.loss(Direction::FromResponder),
            slow_answers(exchanges),
            zero_window(Direction::FromOriginator, client.trouble().zero_window),
            zero_window(Direction::FromResponder, server.trouble().zero_window),
        ];
        let worst = causes.into_iter().filter(|cause| noticeable(cause.lost)).max_by_key(|cause| cause.lost);
        worst.unwrap_or_else(|| match outcome {
            Outcome::ResetByServer if self.is_cut_off() => {
                say(Responsible::Server, Span(0), Reason::Reset(Direction::FromResponder))
            }
            Outcome::ResetByClient if self.is_cut_off() => {
                say(Responsible::Client, Span(0), Reason::Reset(Direction::FromOriginator))
            }
            _ if client.trouble().missed_bytes + server.trouble().missed_bytes > 0 && noticeable(duration) => {
                say(Responsible::Capture, Span(0), Reason::Gaps)
            }
            _ => say(Responsible::Nothing, Span(0), Reason::Healthy),
        })
    }

    /// A RST ended it before both ends had said that they were done.
    fn is_cut_off(&self) -> bool {
        self.cut.is_some_and(|cut| cut.how != CutOff::TimeWaitOver) && self.ends.iter().any(|end| end.fin.is_none())
    }

    fn handshake_loss(&self) -> Diagnosis {
        let first = self.handshake.syn.1;
        let again = self.ends.iter().any(|end| end.syns > 1);
        let lost = if again { self.handshake.last_syn.since(first).max(self.handshake_wait()) } else { Span(0) };
        Diagnosis { responsible: Responsible::Network, lost, reason: Reason::SlowHandshake }
    }

    /// From the first SYN+ACK to the last, where it was repeated.
    fn handshake_wait(&self) -> Span {
        let first = self.handshake.syn_ack.map(|(_, ts)| ts);
        first.map_or(Span(0), |first| self.handshake.last_syn_ack.since(first))
    }

    fn loss(&self, direction: Direction) -> Diagnosis {
        let end = direction.index();
        let opening = if direction == Direction::FromOriginator {
            self.handshake.last_syn.since(self.handshake.syn.1)
        } else {
            self.handshake_wait()
        };
        let lost = Span(self.recovery_time[end].0.saturating_sub(opening.0.max(0)));
        let segments = self.ends[end].trouble().resent_segments;
        Diagnosis { responsible: Responsible::Network, lost, reason: Reason::Loss { direction, segments } }
    }
}

fn slow_answers(exchanges: Option<&ExchangeSummary>) -> Diagnosis {
    let (lost, answers, longest) = exchanges
        .and_then(|all| all.server_time.map(|times| (all.server_total, times.samples, times.max)))
        .unwrap_or_default();
    Diagnosis { responsible: Responsible::Server, lost, reason: Reason::SlowAnswers { answers, longest } }
}

fn zero_window(direction: Direction, lost: Span) -> Diagnosis {
    Diagnosis { responsible: Responsible::Receiver, lost, reason: Reason::ZeroWindow(direction) }
}
