//! Somebody else who speaks for an end: packets of one end with two times to live (TC707).
//!
//! A host's packets begin with one time to live and cross the same routers, so all arrive with the same. Where the handshake has
//! another one than all data after it, or the RST that ends a connection, two machines share the address.

use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::Connection;
use crate::track::conn::facts::CutOff;
use crate::track::{Direction, Finding};

/// Paths of equal cost differ by a hop or two.
const TOLERANCE: u8 = 2;

/// A program may limit how far its packets get (BGP: one hop); no path is so long that this little is left.
const SMALLEST: u8 = 5;

/// What stacks begin with.
const INITIAL: [u8; 4] = [32, 64, 128, 255];

/// Whether two times to live are those of two machines: not of one whose stack has several to begin with.
fn are_apart(one: u8, other: u8) -> bool {
    let hops = |ttl: u8| INITIAL.into_iter().find(|initial| *initial >= ttl).map_or(0, |initial| initial - ttl);
    one.min(other) >= SMALLEST && one.abs_diff(other) > TOLERANCE && hops(one).abs_diff(hops(other)) > TOLERANCE
}

impl Connection {
    /// Says which end somebody else speaks for.
    pub(in crate::track) fn conclude_proxies(&self, found: &mut Vec<Finding>) {
        for from in [Direction::FromOriginator, Direction::FromResponder] {
            let end = &self.ends[from.index()];
            let Some(line) = end.path.line() else { continue };
            let at = end.last_frame;
            let opener = end.path.opener().filter(|opener| are_apart(*opener, line));
            let reset = self.rare.cut.filter(|cut| {
                cut.by == from && cut.how != CutOff::TimeWaitOver && cut.ttl > 0 && are_apart(cut.ttl, line)
            });
            // A RST with the opener's time to live is the balancer's that opened the connection.
            let (what, ttl, place) = match (opener, reset) {
                (Some(opener), _) => ("the handshake", opener, (at, end.last_ts)),
                (None, Some(cut)) if !self.is_accused() => ("the RST", cut.ttl, (cut.frame, cut.ts)),
                _ => continue,
            };
            let mut finding = self.late_finding(Rule::ProxyAnswers, place, from);
            finding.word("who", from.sender()).word("what", what).number("ttl", ttl).number("data_ttl", line);
            finding.confidence(Confidence::Likely);
            found.push(finding);
        }
    }

    /// Somebody was found to have forged the RST.
    fn is_accused(&self) -> bool {
        self.rare.found.iter().any(|(rule, _)| matches!(rule, Rule::ResetInjectionSuspected | Rule::ResetBlind))
    }
}
