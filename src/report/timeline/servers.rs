//! Connections by server, over time.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use hashbrown::HashMap;

use crate::capture::Span;
use crate::dissect::Socket;
use crate::report::summary::Trouble;
use crate::rules::Severity;
use crate::track::{FlowRecord, Reason};

use super::columns::{Columns, When};
use super::lane::Lane;
use super::parts::Phase;

/// Maximum number of servers that are told apart: a page shows no more than a dozen or two, and what lies beyond this is one row.
const MAX_SERVERS: usize = 512;

/// What the connections to a server did in a column of time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cell {
    /// Connections of which a part lies in it.
    pub connections: u64,
    /// Nanoseconds that they lost, by what they waited for.
    pub lost: [i64; Phase::ALL.len()],
    /// Connections that failed.
    pub failed: u64,
}

/// The connections to a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server {
    /// How many.
    pub connections: u64,
    /// Of these, those that failed or were slow.
    pub troubled: u64,
    /// The time that they lost.
    pub lost: Span,
    /// Errors found on them.
    pub errors: u64,
    /// By column, in their order; those without any connection are left out.
    pub cells: Vec<(usize, Cell)>,
    doublings: u32,
}

/// Servers, the worst of which are shown.
#[derive(Debug, Default)]
pub(super) struct Servers {
    all: HashMap<Socket, Server, foldhash::fast::RandomState>,
    others: Server,
    /// How many servers have gone into the others, counted again where they come again.
    joined: u64,
}

/// Servers in order.
#[derive(Debug, Default)]
pub(super) struct Ranked {
    /// Those whose connections lost the most time first.
    pub servers: Vec<(Socket, Server)>,
    /// How many others there are, and their connections.
    pub others: Option<(u64, Server)>,
}

impl Server {
    /// By which servers are ordered: the greatest first.
    fn weight(&self) -> impl Ord + use<> {
        (self.lost, self.troubled, self.errors, self.connections)
    }

    fn keep_up(&mut self, columns: &Columns) {
        while self.doublings < columns.doublings() {
            let mut joined: Vec<(usize, Cell)> = Vec::with_capacity(self.cells.len());
            for (column, cell) in self.cells.drain(..) {
                match joined.last_mut() {
                    Some((last, sum)) if *last == column / 2 => sum.add(&cell),
                    _ => joined.push((column / 2, cell)),
                }
            }
            self.cells = joined;
            self.doublings += 1;
        }
    }

    /// Notes something in each of these columns.
    fn note(&mut self, columns: RangeInclusive<usize>, mut note: impl FnMut(usize, &mut Cell)) {
        let first = self.cells.partition_point(|(other, _)| other < columns.start());
        for (at, column) in (first..).zip(columns) {
            if self.cells.get(at).is_none_or(|(other, _)| *other != column) {
                self.cells.insert(at, (column, Cell::default()));
            }
            note(column, &mut self.cells[at].1);
        }
    }

    fn count(&mut self, flow: &FlowRecord, lane: &Lane, columns: &Columns) {
        self.keep_up(columns);
        let diagnosis = flow.diagnosis;
        let blamed = diagnosis.responsible.is_blamed();
        self.connections += 1;
        self.troubled += u64::from(blamed);
        self.lost = Span(self.lost.0.saturating_add(diagnosis.lost.0.max(0)));
        self.errors += flow
            .graded()
            .filter(|(_, severity, _)| *severity == Severity::Error)
            .map(|(.., count)| u64::from(count))
            .sum::<u64>();
        let begin = lane.start.since(columns.start).0.max(0);
        let end = columns.column(begin.saturating_add(lane.parts.end()));
        let failed = u64::from(Trouble::failed(flow));
        self.note(columns.column(begin)..=end, |column, cell| {
            cell.connections += 1;
            cell.failed += if column == end { failed } else { 0 };
        });
        let phases = costly(diagnosis.reason, lane);
        for (start, part) in lane.parts.iter().filter(|(_, part)| phases.contains(&part.phase)) {
            let (start, end) = (begin.saturating_add(start), begin.saturating_add(part.end));
            self.note(columns.column(start)..=columns.column(end.saturating_sub(1)), |column, cell| {
                let from = i64::try_from(column).unwrap_or(0).saturating_mul(columns.width().0);
                let span = end.min(from.saturating_add(columns.width().0)).saturating_sub(start.max(from));
                let lost = &mut cell.lost[part.phase as usize];
                *lost = lost.saturating_add(span.max(0));
            });
        }
    }

    fn join(&mut self, mut other: Self, columns: &Columns) {
        self.keep_up(columns);
        other.keep_up(columns);
        self.connections += other.connections;
        self.troubled += other.troubled;
        self.errors += other.errors;
        self.lost = Span(self.lost.0.saturating_add(other.lost.0));
        for (column, cell) in other.cells {
            self.note(column..=column, |_, sum| sum.add(&cell));
        }
    }
}

impl Cell {
    fn add(&mut self, other: &Self) {
        self.connections += other.connections;
        self.failed += other.failed;
        for (sum, more) in self.lost.iter_mut().zip(other.lost) {
            *sum = sum.saturating_add(more);
        }
    }
}

impl Servers {
    /// Counts a connection that has ended.
    pub(super) fn count(&mut self, flow: &FlowRecord, lane: &Lane, columns: &Columns) {
        if self.all.len() >= MAX_SERVERS && !self.all.contains_key(&flow.server) {
            self.narrow(MAX_SERVERS / 2, columns);
        }
        self.all.entry(flow.server).or_default().count(flow, lane, columns);
    }

    /// Puts those that lost the least to the others.
    fn narrow(&mut self, most: usize, columns: &Columns) {
        let mut rows: Vec<(Socket, Server)> = self.all.drain().collect();
        rows.sort_by_key(|(socket, server)| (Reverse(server.weight()), *socket));
        self.joined += rows.len().saturating_sub(most) as u64;
        for (_, server) in rows.drain(most.min(rows.len())..) {
            self.others.join(server, columns);
        }
        self.all.extend(rows);
    }

    /// The worst, the worst first, and the others together: how many, and what they did.
    pub(super) fn finish(mut self, most: usize, columns: &Columns) -> Ranked {
        self.narrow(most, columns);
        let mut rows: Vec<(Socket, Server)> = self.all.into_iter().collect();
        rows.sort_by_key(|(socket, server)| (Reverse(server.weight()), *socket));
        rows.iter_mut().for_each(|(_, server)| server.keep_up(columns));
        self.others.keep_up(columns);
        Ranked { servers: rows, others: (self.joined > 0).then_some((self.joined, self.others)) }
    }
}

/// The phases in which a connection lost its time.
fn costly(reason: Reason, lane: &Lane) -> &'static [Phase] {
    match reason {
        Reason::NoReply { .. } | Reason::Unreachable { .. } | Reason::SlowHandshake | Reason::LateSynAck => {
            &[Phase::Opening]
        }
        Reason::Loss { .. }
        | Reason::LateAcks { .. }
        | Reason::Missing { .. }
        | Reason::PathMtuIgnored(_)
        | Reason::BlackHole(_)
        | Reason::Stall { program: false } => {
            if lane.parts.total(Phase::Repair) > 0 {
                &[Phase::Repair]
            } else {
                &[Phase::Network]
            }
        }
        Reason::SlowAnswers { .. }
        | Reason::PassedOn { .. }
        | Reason::Stall { program: true }
        | Reason::GaveUp { .. } => &[Phase::Server],
        Reason::Queue(_) | Reason::DelayedAcks(_) => &[Phase::Network],
        Reason::ZeroWindow(_) => &[Phase::Window],
        Reason::Refused | Reason::Reset(_) | Reason::DoubtfulReset(_) | Reason::IdleTimeout { .. } => &[],
        Reason::OneDirection | Reason::Gaps | Reason::EndedEarly | Reason::RolesUnknown { .. } => &[],
        Reason::Quiet { .. } | Reason::Unanswered { .. } | Reason::Healthy => &[],
    }
}

/// Notes the columns in which a connection waited for something.
pub(super) fn busy(when: &mut When, lane: &Lane, columns: &Columns) {
    let begin = lane.start.since(columns.start).0.max(0);
    when.insert(columns, columns.column(begin));
    when.insert(columns, columns.column(begin.saturating_add(lane.parts.end())));
    for (start, part) in lane.parts.iter().filter(|(_, part)| part.phase != Phase::Idle) {
        let (start, end) = (begin.saturating_add(start), begin.saturating_add(part.end));
        (columns.column(start)..=columns.column(end)).for_each(|column| when.insert(columns, column));
    }
}
