//! The marks that a path leaves on one end's packets: time to live and IP ID (TC606).
//!
//! A route may change, and then every packet changes with it. So a packet off the line is suspicious only once the next one is
//! back on it.

use crate::dissect::TcpFlags;
use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::Connection;
use crate::track::conn::step::Step;

impl Connection {
    /// Compares a packet with its sender's others.
    pub(in crate::track) fn check_path(&mut self, step: &mut Step<'_>) {
        if step.has(TcpFlags::SYN) {
            self.ends[step.me()].path.opener = step.segment.ttl;
            return;
        }
        let me = &mut self.ends[step.me()];
        let off = me.path.off(step.segment);
        let before = me.rare.get_mut().and_then(|rare| rare.off_path.take());
        let back = before.as_deref().filter(|before| me.path.is_back(before, step.segment)).copied();
        if let Some(off) = off.filter(|_| before.is_none() || back.is_some()) {
            me.rare.off_path = Some(Box::new(off));
            self.provisional = true;
        } else {
            me.path.learn(step.segment);
        }
        if let Some(before) = back {
            let mut finding = self.late_finding(Rule::PathAnomaly, (before.frame, before.at), step.from);
            before.add_to(&mut finding);
            finding.confidence(Confidence::Possible);
            self.amend(step, before.frame, vec![finding], &[]);
        }
    }
}
