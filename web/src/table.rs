//! The table of connections, the worst first, for the page to list.

use std::cmp::Reverse;

use serde::Serialize;
use tcpcheck::report::{Names, Reporter, TroubleRank, called, trouble, verdict_text};
use tcpcheck::{FlowRecord, Severity};

/// Maximum number of connections in it, as in the report.
const MOST: usize = 2_000;

type Rank = (Reverse<TroubleRank>, Reverse<u64>, u32);

/// Gathers the worst connections.
pub struct Table {
    names: Names,
    rows: Vec<(Rank, Row)>,
    /// The last of them, once there are as many as are kept.
    bar: Option<Rank>,
    connections: u64,
}

/// A connection.
#[derive(Serialize)]
pub struct Row {
    number: u32,
    client: String,
    server: String,
    outcome: &'static str,
    /// Milliseconds.
    duration: f64,
    packets: u64,
    bytes: u64,
    again: u64,
    severity: Option<&'static str>,
    findings: Vec<&'static str>,
    verdict: String,
}

impl Table {
    /// An empty one.
    pub fn new(names: Names) -> Self {
        Self { names, rows: Vec::new(), bar: None, connections: 0 }
    }

    /// `{"connections": how many there are, "rows": the worst}`.
    pub fn json(mut self) -> Vec<u8> {
        self.narrow();
        self.rows.sort_unstable_by_key(|(rank, _)| *rank);
        let rows: Vec<&Row> = self.rows.iter().map(|(_, row)| row).collect();
        serde_json::to_vec(&serde_json::json!({ "connections": self.connections, "rows": rows })).unwrap_or_default()
    }

    fn narrow(&mut self) {
        if self.rows.len() > MOST {
            let (_, (bar, _), _) = self.rows.select_nth_unstable_by_key(MOST - 1, |(rank, _)| *rank);
            self.bar = Some(*bar);
            self.rows.truncate(MOST);
        }
    }
}

impl Reporter for Table {
    fn ended(&mut self, _: &mut Vec<u8>, flow: &FlowRecord) {
        self.connections += 1;
        let bytes = flow.c2s.payload_bytes.saturating_add(flow.s2c.payload_bytes);
        let rank = (Reverse(trouble(flow)), Reverse(bytes), flow.number);
        if self.bar.is_some_and(|bar| rank > bar) {
            return;
        }
        self.rows.push((rank, row(&self.names, flow, bytes)));
        if self.rows.len() >= 2 * MOST {
            self.narrow();
        }
    }
}

fn row(names: &Names, flow: &FlowRecord, bytes: u64) -> Row {
    let graded: Vec<_> = flow.graded().collect();
    let worst = graded.iter().map(|(_, severity, _)| *severity).max();
    Row {
        number: flow.number,
        client: called(names, flow.client),
        server: called(names, flow.server),
        outcome: flow.outcome.as_str(),
        duration: flow.duration().0 as f64 / 1e6,
        packets: flow.c2s.packets + flow.s2c.packets,
        bytes,
        again: flow.c2s.retransmitted_segments + flow.s2c.retransmitted_segments,
        severity: worst.map(Severity::as_str),
        findings: flow.findings.iter().map(|(rule, _)| rule.slug()).collect(),
        verdict: verdict_text(&flow.diagnosis),
    }
}
