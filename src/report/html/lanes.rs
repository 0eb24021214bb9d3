//! The timeline: a lane for each connection, or a row for each server where there are too many.

use askama::Template;

use crate::report::graph::Unit;
use crate::report::ladder::called;
use crate::report::scale::Scale;
use crate::report::timeline::{Cell, ColumnSet, Columns, Lane, Overview, Phase, Server};
use crate::report::{Names, verdict_text};
use crate::rules::Severity;
use crate::track::{FlowRecord, Responsible};

use crate::capture::{Span, Timestamp};
use crate::report::phrase::{counted, grouped, time};

/// Maximum number of connections with a lane each; of more than that each would be too thin to see.
const MAX_LANES: usize = 40;

/// Where there are more, lanes of the worst stand below the servers: that many rows in all.
const ROWS: usize = 22;

/// At least as many as these: one sees what is usual, too.
const FEW_LANES: usize = 6;

/// Maximum number of servers with a row each.
pub(super) const MAX_SERVERS: usize = 14;

/// A drawing is that many units wide.
const WIDE: f64 = 10_000.0;

/// A label stands no nearer than this to the middle of a break, in parts of the axis.
const BESIDE_BREAK: f64 = 0.09;

/// Parts of a row in the list of connections.
const FEW_PARTS: usize = 24;

/// The timeline.
#[derive(Template)]
#[template(path = "timeline.html")]
pub(super) struct Drawn {
    /// Servers stand above lanes.
    by_server: bool,
    dense: bool,
    /// Microseconds.
    span: i64,
    cuts: String,
    narrow: f64,
    ticks: Vec<Tick>,
    breaks: Vec<Tick>,
    servers: Vec<ServerRow>,
    lanes: Vec<LaneRow>,
    legend: Vec<(&'static str, &'static str, String)>,
    total: String,
}

struct Tick {
    place: String,
    label: String,
    anchor: &'static str,
}

struct ServerRow {
    id: Option<usize>,
    name: String,
    what: String,
    lost: String,
    paths: Vec<(String, String)>,
    failed: String,
}

struct LaneRow {
    number: u32,
    /// Its host, and behind that the port.
    server: (String, String),
    told: String,
    lost: String,
    from: i64,
    to: i64,
    paths: Vec<(&'static str, String)>,
    errors: String,
    warnings: String,
}

/// Draws it; `total` connections there are.
pub(super) fn draw(overview: &Overview, names: &Names, total: u64) -> Drawn {
    let by_server = total > MAX_LANES as u64;
    let axis = Axis::of(overview, by_server);
    let servers = if by_server { server_rows(overview, names, &axis) } else { Vec::new() };
    let mut shown: Vec<&(Box<FlowRecord>, Lane)> = overview.connections.iter().take(MAX_LANES).collect();
    if by_server {
        // The others are like one another.
        let troubled = shown.iter().filter(|(record, _)| record.diagnosis.responsible != Responsible::Nothing).count();
        shown.truncate(troubled.clamp(FEW_LANES, ROWS.saturating_sub(servers.len()).max(FEW_LANES)));
    } else {
        shown.sort_by_key(|(record, _)| (record.first_ts, record.number));
    }
    let mut totals = [0_i64; Phase::ALL.len()];
    for (_, lane) in overview.connections.iter().filter(|_| !by_server) {
        Phase::ALL.iter().for_each(|phase| totals[*phase as usize] += lane.parts.total(*phase));
    }
    let legend = Phase::ALL.iter().map(|phase| {
        let total = totals[*phase as usize];
        (phase.class(), phase.name(), if total > 0 { time(Span(total)) } else { String::new() })
    });
    Drawn {
        by_server,
        dense: shown.len() + servers.len() > 16,
        span: axis.scale.span() / 1_000,
        cuts: axis.scale.cuts_text(1_000),
        narrow: axis.scale.narrow() / 1_000.0,
        ticks: axis.ticks(),
        breaks: axis.breaks(),
        legend: legend.filter(|(.., total)| by_server || !total.is_empty()).collect(),
        lanes: shown.into_iter().map(|(record, lane)| lane_row(record, lane, names, &axis)).collect(),
        servers,
        total: counted(total, "connection"),
    }
}

/// Capture time along the page.
struct Axis {
    start: Timestamp,
    scale: Scale,
}

impl Axis {
    fn of(overview: &Overview, by_server: bool) -> Self {
        let start = overview.columns.start;
        let span = overview.end.since(start).0.max(1);
        let silences = match by_server {
            true => silences(overview.busy, &overview.columns, span),
            false => exact_silences(&overview.connections, start),
        };
        Self { start, scale: Scale::new(span, silences) }
    }

    fn since(&self, ts: Timestamp) -> i64 {
        ts.since(self.start).0.max(0)
    }

    fn x(&self, t: i64) -> i64 {
        (self.scale.place(t) * WIDE).round() as i64
    }

    fn percent(&self, t: i64) -> String {
        format!("{:.2}%", self.scale.place(t) * 100.0)
    }

    /// Round times.
    fn ticks(&self) -> Vec<Tick> {
        let (step, ticks) = self.scale.ticks(0.15);
        let breaks: Vec<f64> =
            self.scale.cuts().iter().map(|(from, to)| self.scale.place(from + (to - from) / 2)).collect();
        // A label would stand on the mark of a break.
        let ticks = ticks.into_iter().map(|t| (t, self.scale.place(t)));
        let ticks =
            ticks.filter(|(_, place)| breaks.iter().all(|at| (place - at).abs() > BESIDE_BREAK)).map(|(t, place)| {
                let anchor = if place < 0.03 {
                    "start"
                } else if place > 0.97 {
                    "end"
                } else {
                    "middle"
                };
                Tick { place: self.percent(t), label: Unit::Time.label(t, step), anchor }
            });
        ticks.collect()
    }

    /// Where silences were cut, and how long they are.
    fn breaks(&self) -> Vec<Tick> {
        let breaks = self.scale.cuts().iter().map(|(from, to)| Tick {
            place: self.percent(from + (to - from) / 2),
            label: time(Span(to - from)),
            anchor: "middle",
        });
        breaks.collect()
    }
}

/// Runs of columns in which no connection waited for anything.
fn silences(busy: ColumnSet, columns: &Columns, span: i64) -> Vec<(i64, i64)> {
    let Some((first, last)) = busy.bounds() else { return Vec::new() };
    let (mut runs, mut begin) = (Vec::new(), None);
    let width = columns.width().0;
    let at = |column: usize| i64::try_from(column).unwrap_or(0).saturating_mul(width).min(span);
    for column in first..=last {
        match (busy.has(column), begin) {
            (false, None) => begin = Some(column),
            (true, Some(from)) => {
                runs.push((at(from), at(column)));
                begin = None;
            }
            _ => {}
        }
    }
    runs
}

/// When none of these connections waited for anything.
fn exact_silences(connections: &[(Box<FlowRecord>, Lane)], start: Timestamp) -> Vec<(i64, i64)> {
    let mut busy: Vec<(i64, i64)> = Vec::new();
    for (_, lane) in connections {
        let begin = lane.start.since(start).0.max(0);
        let end = begin.saturating_add(lane.parts.end());
        busy.extend([(begin, begin), (end, end)]);
        let parts = lane.parts.iter().filter(|(_, part)| part.phase != Phase::Idle);
        busy.extend(parts.map(|(from, part)| (begin.saturating_add(from), begin.saturating_add(part.end))));
    }
    busy.sort_unstable();
    let (mut silences, mut last) = (Vec::new(), 0);
    for (from, to) in busy {
        if from > last {
            silences.push((last, from));
        }
        last = last.max(to);
    }
    silences
}

fn lane_row(record: &FlowRecord, lane: &Lane, names: &Names, axis: &Axis) -> LaneRow {
    let begin = axis.since(lane.start);
    let end = begin.saturating_add(lane.parts.end());
    let place = |t: i64| axis.x(begin.saturating_add(t));
    let marks = |severity: Severity| {
        let of = lane.marks.iter().filter(|mark| mark.severity == severity);
        of.map(|mark| format!("M{} 5h0", place(mark.t))).collect::<String>()
    };
    let server = called(names, record.server);
    LaneRow {
        number: record.number,
        told: format!("Connection {} to {server}: {}. {}", record.number, verdict_text(&record.diagnosis), told(lane)),
        server: match server.rsplit_once(':') {
            Some((host, port)) => (host.to_owned(), format!(":{port}")),
            None => (server, String::new()),
        },
        lost: lost(record.diagnosis.lost),
        from: begin / 1_000,
        to: end / 1_000,
        paths: paths(lane, place, 14),
        errors: marks(Severity::Error),
        warnings: marks(Severity::Warning),
    }
}

/// A path for each phase of a lane; each part is at least so wide that it is seen.
fn paths(lane: &Lane, place: impl Fn(i64) -> i64, least: i64) -> Vec<(&'static str, String)> {
    let mut paths: [String; Phase::ALL.len()] = Default::default();
    for (start, part) in lane.parts.iter() {
        let (from, to) = (place(start), place(part.end));
        let wide = (to - from).max(least);
        let (top, high) = if part.phase == Phase::Idle { (4, 2) } else { (0, 10) };
        paths[part.phase as usize].push_str(&format!("M{from} {top}h{wide}v{high}h-{wide}z"));
    }
    if lane.parts.end() == 0 {
        paths[Phase::Opening as usize].push_str(&format!("M{} 0h{least}v10h-{least}z", place(0)));
    }
    // What waits for trouble stands above the rest, which may be narrow.
    let order =
        [Phase::Idle, Phase::Network, Phase::Client, Phase::Opening, Phase::Server, Phase::Window, Phase::Repair];
    let drawn = order.into_iter().map(|phase| (phase.class(), std::mem::take(&mut paths[phase as usize])));
    drawn.filter(|(_, path)| !path.is_empty()).collect()
}

/// `opening 10.2 ms, server 1.800 s`.
pub(super) fn told(lane: &Lane) -> String {
    let spans = Phase::ALL.iter().filter(|phase| lane.parts.total(**phase) > 0);
    spans
        .map(|phase| format!("{} {}", phase.name(), time(Span(lane.parts.total(*phase)))))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A connection's phases with their times, to be listed.
pub(super) fn phases(lane: &Lane) -> Vec<(&'static str, &'static str, String)> {
    let all = lane.parts.end().max(1);
    let spans = Phase::ALL.iter().filter(|phase| lane.parts.total(**phase) > 0);
    let told = spans.map(|phase| {
        let total = lane.parts.total(*phase);
        let percent = match (i128::from(total) * 100 + i128::from(all) / 2) / i128::from(all) {
            0 => "<1".to_owned(),
            percent => percent.to_string(),
        };
        (phase.class(), phase.name(), format!("{} ({percent} %)", time(Span(total))))
    });
    told.collect()
}

/// A connection's lane by itself, from its first packet to its last.
pub(super) fn bar(lane: &Lane) -> Vec<(&'static str, String)> {
    let mut few = lane.clone();
    few.parts.narrow(FEW_PARTS);
    let end = few.parts.end().max(1);
    paths(&few, |t| i64::try_from(i128::from(t) * 1_000 / i128::from(end)).unwrap_or(0), 4)
}

/// Lost time as a cell shows it: nothing where none was.
pub(super) fn lost(lost: Span) -> String {
    if lost > Span(0) { time(lost) } else { String::new() }
}

fn server_rows(overview: &Overview, names: &Names, axis: &Axis) -> Vec<ServerRow> {
    let others = overview.others.iter().map(|(count, server)| (counted(*count, "other server"), server, None));
    let own = overview.servers.iter().zip(0..).map(|((socket, server), at)| (called(names, *socket), server, Some(at)));
    let rows: Vec<(String, &Server, Option<usize>)> = own.chain(others).collect();
    let cells = || rows.iter().flat_map(|(_, server, _)| server.cells.iter().map(|(_, cell)| cell));
    let most_lost = cells().map(|cell| cell.lost.iter().sum::<i64>()).max().unwrap_or(0);
    let most = cells().map(|cell| cell.connections).max().unwrap_or(0);
    let drawn = rows.iter().map(|(name, server, id)| {
        let (paths, failed) = cell_paths(&server.cells, axis, &overview.columns, (most, most_lost));
        let troubled = match server.troubled {
            0 => String::new(),
            some => format!(", {} failed or slow", grouped(some)),
        };
        ServerRow {
            id: *id,
            name: name.clone(),
            what: format!("{}{troubled}", counted(server.connections, "connection")),
            lost: lost(server.lost),
            paths,
            failed,
        }
    });
    drawn.collect()
}

/// Cells by class: what most time was lost to and how much in four steps, or how many connections there were in three.
fn cell_paths(
    cells: &[(usize, Cell)],
    axis: &Axis,
    columns: &Columns,
    (most, most_lost): (u64, i64),
) -> (Vec<(String, String)>, String) {
    let (mut paths, mut failed) = (std::collections::BTreeMap::<String, String>::new(), String::new());
    let step = |part: i128, whole: i128, steps: i128| (part * steps / whole.max(1)).clamp(0, steps - 1) + 1;
    for (column, cell) in cells {
        let from = i64::try_from(*column).unwrap_or(0).saturating_mul(columns.width().0);
        let (x, end) = (axis.x(from), axis.x(from.saturating_add(columns.width().0)));
        let lost: i64 = cell.lost.iter().sum();
        let class = match Phase::ALL.iter().max_by_key(|phase| cell.lost[**phase as usize]) {
            Some(phase) if lost > 0 => format!("{} s{}", phase.class(), step(lost.into(), most_lost.into(), 4)),
            _ => format!("busy b{}", step(cell.connections.into(), most.into(), 3)),
        };
        let wide = (end - x - 12).max(14);
        paths.entry(class).or_default().push_str(&format!("M{x} 0h{wide}v10h-{wide}z"));
        if cell.failed > 0 {
            failed.push_str(&format!("M{} 5h0", x + wide / 2));
        }
    }
    (paths.into_iter().collect(), failed)
}
