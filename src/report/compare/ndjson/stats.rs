//! What became of the packets of one way, as an object of several records.

use serde::Serialize;

use crate::capture::Span;
use crate::compare::{Change, Delays, PathStats};

#[derive(Serialize)]
pub(super) struct StatsObject {
    sent: u64,
    arrived: u64,
    lost: u64,
    lost_bytes: u64,
    bursts: u64,
    longest_burst: u64,
    lost_in_queue: u64,
    duplicated: u64,
    inserted: u64,
    outside: u64,
    overtaken: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<DelayObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hops: Option<(u8, u8)>,
    changes: Vec<ChangeObject>,
}

impl From<&PathStats> for StatsObject {
    fn from(stats: &PathStats) -> Self {
        Self {
            sent: stats.sent,
            arrived: stats.arrived,
            lost: stats.lost,
            lost_bytes: stats.lost_bytes,
            bursts: stats.bursts,
            longest_burst: stats.longest_burst,
            lost_in_queue: stats.lost_in_queue,
            duplicated: stats.duplicated,
            inserted: stats.inserted,
            outside: stats.outside,
            overtaken: stats.overtaken,
            delay_ms: DelayObject::new(&stats.delays),
            hops: stats.changes.hops(),
            changes: stats.changes.iter().map(ChangeObject::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct DelayObject {
    min: f64,
    p50: f64,
    p95: f64,
    max: f64,
}

impl DelayObject {
    fn new(delays: &Delays) -> Option<Self> {
        let millis = |span: Option<Span>| span.map(Span::as_millis_f64);
        Some(Self {
            min: millis(delays.min())?,
            p50: millis(delays.percentile(50))?,
            p95: millis(delays.percentile(95))?,
            max: millis(delays.max())?,
        })
    }
}

/// What was changed, in how many packets, and the first of these.
#[derive(Serialize)]
struct ChangeObject {
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    option: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    came: Option<u16>,
    packets: u64,
    first_frame: u64,
}

impl ChangeObject {
    fn new((change, packets, first_frame): (Change, u64, u64)) -> Self {
        let (option, values) = match change {
            Change::Mss { sent, came } => (None, Some((sent, came))),
            Change::WindowScale { sent, came } | Change::Dscp { sent, came } | Change::Ecn { sent, came } => {
                (None, Some((sent.into(), came.into())))
            }
            Change::Stripped(option) | Change::Added(option) => (Some(option.name()), None),
            _ => (None, None),
        };
        let (sent, came) = values.unzip();
        Self { change: change.as_str(), option, sent, came, packets, first_frame }
    }
}
