//! Whose doing it was that connections failed or were slow, over the capture.

use crate::capture::Span;
use crate::report::{diagnosis_text, units};
use crate::track::{Diagnosis, FlowRecord, Reason, Responsible};

/// Connections by who is responsible for their trouble.
#[derive(Debug, Default)]
pub(super) struct Causes {
    blamed: [Blamed; Responsible::ALL.len()],
}

/// What one of them is responsible for.
#[derive(Clone, Copy, Debug, Default)]
struct Blamed {
    connections: u64,
    lost: Span,
    /// The connection that it cost the most time.
    worst: Option<(u32, Diagnosis)>,
}

impl Causes {
    pub fn count(&mut self, flow: &FlowRecord) {
        let diagnosis = flow.diagnosis;
        let blamed = &mut self.blamed[diagnosis.responsible as usize];
        blamed.connections += 1;
        blamed.lost = Span(blamed.lost.0.saturating_add(diagnosis.lost.0));
        if blamed.worst.is_none_or(|(_, worst)| diagnosis.lost > worst.lost) {
            blamed.worst = Some((flow.number, diagnosis));
        }
    }

    /// Those with trouble, the one that cost the most time first; of equals the one that struck more often.
    fn in_order(&self) -> Vec<(Responsible, Blamed)> {
        let all = Responsible::ALL.into_iter().zip(self.blamed);
        let mut troubled: Vec<_> =
            all.filter(|(who, blamed)| *who != Responsible::Nothing && blamed.connections > 0).collect();
        troubled.sort_by_key(|(_, blamed)| std::cmp::Reverse((blamed.lost, blamed.connections)));
        troubled
    }

    /// The capture's: who cost it the most time, how much in all, and in whose case the most.
    pub fn overall(&self) -> Diagnosis {
        let healthy = Diagnosis { responsible: Responsible::Nothing, lost: Span(0), reason: Reason::Healthy };
        let worst = self.in_order().into_iter().next();
        worst.and_then(|(_, blamed)| Some(Diagnosis { lost: blamed.lost, ..blamed.worst?.1 })).unwrap_or(healthy)
    }

    /// A line that says how many, and one for each that is responsible; none where all went well.
    pub fn lines(&self) -> Vec<String> {
        let troubled = self.in_order();
        let [all, some] = [&self.blamed[..], &self.blamed[..Responsible::Nothing as usize]]
            .map(|blamed| blamed.iter().map(|blamed| blamed.connections).sum::<u64>());
        let noun = if all == 1 { "connection" } else { "connections" };
        if let ([(who, blamed)], 1) = (&troubled[..], some) {
            let worst = blamed.worst.map(|(flow, worst)| format!("{} (flow {flow})", diagnosis_text(&worst)));
            return vec![format!("{}: {}", who.as_str(), worst.unwrap_or_default())];
        }
        if troubled.is_empty() {
            return Vec::new();
        }
        let judged = some - self.blamed[Responsible::Capture as usize].connections;
        let head = format!("{} of {} {noun} failed or were slow", grouped(judged), grouped(all));
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

fn grouped(number: u64) -> String {
    units::written(|out| units::grouped(out, number))
}

fn time(span: Span) -> String {
    units::written(|out| units::time(out, span))
}
