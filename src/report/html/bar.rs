//! What held a connection back, as a bar.

use askama::Template;

use crate::report::phrase::time;
use crate::track::{Cause, Direction, FlowRecord};

/// Pixels.
const WIDE: i64 = 860;

/// The bar of one direction.
#[derive(Template)]
#[template(path = "bar.svg")]
pub(super) struct Bar {
    way: &'static str,
    parts: Vec<Part>,
}

/// A cause's share.
struct Part {
    x: i64,
    wide: i64,
    class: &'static str,
    name: &'static str,
    time: String,
    percent: i64,
}

/// A bar for each direction that carried data.
pub(super) fn of(record: &FlowRecord) -> Vec<String> {
    let Some(limited) = record.limited_by else { return Vec::new() };
    let ways = [(Direction::FromOriginator, record.c2s), (Direction::FromResponder, record.s2c)];
    let bars = ways.into_iter().filter(|(_, stats)| stats.payload_bytes > 0).filter_map(|(way, _)| {
        let shares = limited.shares(way);
        let total = shares.total().0.max(1);
        let (mut x, mut parts) = (0, Vec::new());
        for cause in Cause::ALL {
            let share = shares.of(cause);
            if share.0 <= 0 {
                continue;
            }
            let part = |of: i64| i64::try_from(i128::from(share.0) * i128::from(of) / i128::from(total)).unwrap_or(0);
            parts.push(Part {
                x,
                wide: part(WIDE).max(1),
                class: cause.as_str(),
                name: words(cause),
                time: time(share),
                percent: part(100),
            });
            x += part(WIDE);
        }
        let way = if way == Direction::FromOriginator { "client to server" } else { "server to client" };
        (!parts.is_empty()).then(|| Bar { way, parts }.render().unwrap_or_default())
    });
    bars.collect()
}

fn words(cause: Cause) -> &'static str {
    match cause {
        Cause::Handshake => "opening",
        Cause::ReceiverWindow => "the receiver had no room",
        Cause::Congestion => "the network, and repairing losses",
        Cause::Application => "the sending program had nothing to send",
        Cause::Close => "closing",
        Cause::Unknown => "unknown",
    }
}
