//! Whose doing it was that connections failed or were slow, over the capture.

use crate::capture::Span;
use crate::report::diagnosis_text;
use crate::report::phrase::{grouped, time};
use crate::rules::{Rule, Severity};
use crate::track::{Diagnosis, FlowRecord, Reason, Responsible};

/// Connections by who is responsible for their trouble, and by what it is.
#[derive(Debug, Default)]
pub(in crate::report) struct Causes {
    blamed: [Blamed; Responsible::ALL.len()],
    kinds: [Blamed; Trouble::ALL.len()],
}

/// What one of them is responsible for.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::report) struct Blamed {
    /// Connections.
    pub connections: u64,
    /// The time that they lost.
    pub lost: Span,
    /// The connection that it cost the most time.
    pub worst: Option<(u32, Diagnosis)>,
}

/// What kind of trouble a connection was in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::report) enum Trouble {
    /// It did not do what it was opened for.
    Failed,
    /// Opening it took long.
    Opening,
    /// Round trips took long.
    RoundTrip,
    /// Answers took long.
    Server,
    /// Bytes were lost, and that took time.
    Loss,
    /// A receiver's buffer was full.
    Window,
}

impl Trouble {
    const ALL: [Self; 6] = [Self::Failed, Self::Opening, Self::RoundTrip, Self::Server, Self::Loss, Self::Window];

    /// It did not do what it was opened for: nothing of it came about, or it was reset while bytes were outstanding.
    pub(in crate::report) fn failed(flow: &FlowRecord) -> bool {
        let lost_bytes = |(rule, grade, _)| (rule, grade) == (Rule::Reset, Severity::Error);
        Self::of(flow.diagnosis.reason) == Some(Self::Failed) || flow.graded().any(lost_bytes)
    }

    /// Of a connection; nothing of one that was in none, or of which that cannot be said.
    pub(crate) fn of(reason: Reason) -> Option<Self> {
        Some(match reason {
            Reason::NoReply { .. } | Reason::Unreachable { .. } | Reason::Refused | Reason::Reset(_) => Self::Failed,
            Reason::BlackHole(_) | Reason::IdleTimeout { .. } | Reason::GaveUp { .. } => Self::Failed,
            Reason::DoubtfulReset(_) => Self::Failed,
            Reason::SlowHandshake | Reason::LateSynAck => Self::Opening,
            Reason::Queue(_) | Reason::DelayedAcks(_) => Self::RoundTrip,
            Reason::SlowAnswers { .. } | Reason::PassedOn { .. } | Reason::Stall { program: true } => Self::Server,
            Reason::Loss { .. } | Reason::LateAcks { .. } | Reason::Missing { .. } => Self::Loss,
            Reason::PathMtuIgnored(_) | Reason::Stall { program: false } => Self::Loss,
            Reason::ZeroWindow(_) => Self::Window,
            Reason::OneDirection | Reason::Gaps | Reason::EndedEarly | Reason::RolesUnknown { .. } => return None,
            Reason::Quiet { .. } | Reason::Unanswered { .. } | Reason::Healthy => return None,
        })
    }
}

impl Blamed {
    fn count(&mut self, flow: u32, diagnosis: Diagnosis) {
        self.connections += 1;
        // What a connection only passed on was lost on another one, and is told there.
        let passed_on = |diagnosis: &Diagnosis| matches!(diagnosis.reason, Reason::PassedOn { .. });
        let rank = |diagnosis: &Diagnosis| (!passed_on(diagnosis), diagnosis.lost, diagnosis.reason != Reason::Healthy);
        if !passed_on(&diagnosis) {
            self.lost = Span(self.lost.0.saturating_add(diagnosis.lost.0));
        }
        if self.worst.is_none_or(|(_, worst)| rank(&diagnosis) > rank(&worst)) {
            self.worst = Some((flow, diagnosis));
        }
    }
}

impl Causes {
    pub(crate) fn count(&mut self, flow: &FlowRecord) {
        let diagnosis = flow.diagnosis;
        self.blamed[diagnosis.responsible as usize].count(flow.number, diagnosis);
        let failed = Trouble::failed(flow).then_some(Trouble::Failed);
        let other = Trouble::of(diagnosis.reason).filter(|kind| *kind != Trouble::Failed);
        for kind in failed.into_iter().chain(other) {
            self.kinds[kind as usize].count(flow.number, diagnosis);
        }
    }

    /// Connections in a kind of trouble.
    pub(crate) fn of(&self, kind: Trouble) -> Blamed {
        self.kinds[kind as usize]
    }

    /// All connections, and those that failed or were slow.
    pub(crate) fn judged(&self) -> (u64, u64) {
        let all = self.blamed.iter().map(|blamed| blamed.connections).sum();
        let well = [Responsible::Capture, Responsible::Nothing].map(|who| self.blamed[who as usize].connections);
        (all, all - well.iter().sum::<u64>())
    }

    /// Connections of which it can be said whether they failed or were slow.
    pub(crate) fn in_judgement(&self) -> u64 {
        self.judged().0 - self.blamed[Responsible::Capture as usize].connections
    }

    /// Those with trouble, the one that cost the most time first; of equals the one that struck more often.
    pub(crate) fn in_order(&self) -> Vec<(Responsible, Blamed)> {
        let all = Responsible::ALL.into_iter().zip(self.blamed);
        let mut troubled: Vec<_> =
            all.filter(|(who, blamed)| *who != Responsible::Nothing && blamed.connections > 0).collect();
        troubled.sort_by_key(|(_, blamed)| std::cmp::Reverse((blamed.lost, blamed.connections)));
        troubled
    }

    /// The capture's: who cost it the most time, how much in all, and in whose case the most.
    pub(crate) fn overall(&self) -> Diagnosis {
        let healthy = Diagnosis { responsible: Responsible::Nothing, lost: Span(0), reason: Reason::Healthy };
        let alone = || self.blamed[Responsible::Nothing as usize].worst.filter(|_| self.judged().0 == 1);
        match self.in_order().first() {
            Some((_, blamed)) => blamed.worst.map(|(_, worst)| Diagnosis { lost: blamed.lost, ..worst }),
            None => alone().map(|(_, diagnosis)| diagnosis),
        }
        .unwrap_or(healthy)
    }

    /// The connection that the verdict names.
    pub(crate) fn worst(&self) -> Option<u32> {
        Some(self.in_order().first()?.1.worst?.0)
    }

    /// A line that says how many, and one for each that is responsible; none where all went well.
    pub(crate) fn lines(&self) -> Vec<String> {
        let troubled = self.in_order();
        let (all, judged) = self.judged();
        let some = judged + self.blamed[Responsible::Capture as usize].connections;
        let noun = if all == 1 { "connection" } else { "connections" };
        if let ([(who, blamed)], 1) = (&troubled[..], some) {
            let worst = blamed.worst.map(|(flow, worst)| format!("{} (flow {flow})", diagnosis_text(&worst)));
            return vec![format!("{}: {}", who.as_str(), worst.unwrap_or_default())];
        }
        if troubled.is_empty() {
            return Vec::new();
        }
        let verb = if judged == 1 { "was" } else { "were" };
        let head = format!("{} of {} {noun} failed or {verb} slow", grouped(judged), grouped(all));
        let rows = troubled.into_iter().map(|(who, blamed)| {
            let lost = if blamed.lost > Span(0) { format!(", {} lost", time(blamed.lost)) } else { String::new() };
            let worst = blamed.worst.map(|(flow, worst)| {
                let first = if blamed.connections == 1 { "" } else { "worst " };
                format!("; {first}flow {flow}: {}", diagnosis_text(&worst))
            });
            let what = if who == Responsible::Capture { "cannot be judged for the" } else { "by the" };
            format!("{} {what} {}{lost}{}", grouped(blamed.connections), who.as_str(), worst.unwrap_or_default())
        });
        std::iter::once(head).chain(rows).collect()
    }
}
