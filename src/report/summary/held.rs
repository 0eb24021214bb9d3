//! The connections that were held back the longest.

use std::cmp::Reverse;

use crate::capture::Span;
use crate::report::units;
use crate::track::{Cause, Direction, FlowRecord};

/// Connections named.
const NAMED: usize = 3;

/// A shorter connection is not worth a word.
const SHORTEST: Span = Span::from_secs(1);

/// The worst connections, worst first.
#[derive(Debug, Default)]
pub(super) struct LimitedByShare {
    worst: Vec<Wait>,
}

/// How long a connection waited for what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Wait {
    flow: u32,
    direction: Direction,
    cause: Cause,
    time: Span,
    duration: Span,
}

impl LimitedByShare {
    /// Notes a connection if something other than its application held it back for more than half of its time.
    pub(super) fn count(&mut self, flow: &FlowRecord) {
        let Some((limited, (direction, cause))) = flow.limited_by.and_then(|limited| Some((limited, limited.main?)))
        else {
            return;
        };
        let again = flow.c2s.retransmitted_segments + flow.s2c.retransmitted_segments > 0;
        let telling = match cause {
            Cause::Application | Cause::Unknown => false,
            // A large transfer goes as fast as the network lets it; that is no trouble unless something was lost.
            Cause::Congestion => again,
            Cause::Handshake | Cause::ReceiverWindow | Cause::Close => true,
        };
        if !telling || flow.duration() < SHORTEST {
            return;
        }
        let time = limited.shares(direction).of(cause);
        let wait = Wait { flow: flow.number, direction, cause, time, duration: flow.duration() };
        let at = self.worst.partition_point(|other| (Reverse(other.time), other.flow) < (Reverse(time), wait.flow));
        self.worst.insert(at, wait);
        self.worst.truncate(NAMED);
    }

    /// A line each: `flow 7: 4.100 s of 5.000 s waiting for the receiver's window, server to client`.
    pub(super) fn lines(&self) -> impl Iterator<Item = Vec<u8>> {
        self.worst.iter().map(|wait| {
            let mut out = b"flow ".to_vec();
            units::integer(&mut out, wait.flow);
            out.extend_from_slice(b": ");
            units::time(&mut out, wait.time);
            out.extend_from_slice(b" of ");
            units::time(&mut out, wait.duration);
            out.push(b' ');
            out.extend_from_slice(words(wait.cause).as_bytes());
            if matches!(wait.cause, Cause::ReceiverWindow | Cause::Congestion) {
                out.extend_from_slice(match wait.direction {
                    Direction::FromOriginator => b", client to server",
                    Direction::FromResponder => b", server to client",
                });
            }
            out
        })
    }
}

fn words(cause: Cause) -> &'static str {
    match cause {
        Cause::Handshake => "in the handshake",
        Cause::ReceiverWindow => "waiting for the receiver's window",
        Cause::Congestion => "congestion or loss recovery",
        Cause::Application => "waiting for the sending application",
        Cause::Close => "closing",
        Cause::Unknown => "for a reason that the capture does not tell",
    }
}
