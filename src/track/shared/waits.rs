//! How long hosts waited, as clients, for somebody else: for that time, what they serve themselves is not their own doing (TC801).

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::net::IpAddr;

use crate::capture::{Span, Timestamp};
use crate::track::packed::{packed, packed_enum};

/// What was waited for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) enum Awaited {
    /// A connection to open.
    Handshake,
    /// An answer.
    Answer,
}

packed_enum!(Awaited, [Awaited::Handshake, Awaited::Answer]);

/// A client that waited.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) struct Wait {
    pub flow: u32,
    pub host: IpAddr,
    pub from: Timestamp,
    pub to: Timestamp,
    pub awaited: Awaited,
    /// The connection on which whoever answered it waited in turn, or this one.
    pub root: u32,
}

/// The last of them, oldest first.
#[derive(Debug, Default)]
pub(in crate::track) struct Waits {
    waits: VecDeque<Wait>,
}

/// Maximum number of waits that are remembered.
const MAX_WAITS: usize = 64;

/// Whoever waits for another passes its answer on: less than this share of the time is its own.
const PASSED_ON_PERCENT: i64 = 90;

impl Waits {
    pub(crate) fn note(&mut self, wait: Wait) {
        if self.waits.len() >= MAX_WAITS {
            self.waits.pop_front();
        }
        self.waits.push_back(wait);
    }

    /// What `host` waited for nearly all the time between, in which somebody waited for it. Which addresses a host has is not known,
    /// but one that serves itself is the one that everything here passes.
    pub(crate) fn of(&self, host: IpAddr, flow: u32, from: Timestamp, to: Timestamp) -> Option<Wait> {
        let spans = |wait: &&Wait| {
            let within = wait.from >= from && wait.to <= to && wait.flow != flow;
            within && (wait.host == host || host.is_loopback())
        };
        let longest = self.waits.iter().filter(spans).max_by_key(|wait| wait.to.since(wait.from))?;
        let all = to.since(from);
        (!longest.to.since(longest.from).is_below(PASSED_ON_PERCENT, all)).then_some(*longest)
    }
}

/// What a connection's answers waited for.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct PassedOn {
    /// Server times that were waits for others.
    pub total: Span,
    /// The connection at the end of the chain: the one that kept all others waiting.
    pub flow: u32,
    pub awaited: Awaited,
}

packed!(PassedOn { total, flow, awaited });
