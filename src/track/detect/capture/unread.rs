//! Packets that were passed over: of link types that nobody here can read (TC917), and fragments that make no packet (TC918).

use crate::capture::defragment::Lost;
use crate::capture::{LinkType, Timestamp};
use crate::rules::Rule;

use crate::track::{Finding, Value};

/// Maximum number of link types that are told apart; a pcapng file may have as many as it has interfaces.
const MAX_LINK_TYPES: usize = 16;

/// What was passed over, in the order in which it came.
#[derive(Debug, Default)]
pub(in crate::track) struct Unread {
    by_link_type: Vec<LinkTypeCount>,
    /// Of further link types, together.
    others: Option<LinkTypeCount>,
}

#[derive(Clone, Copy, Debug)]
struct LinkTypeCount {
    link_type: Option<u16>,
    packets: u64,
    /// The first one's frame and time.
    first: (u64, Timestamp),
}

impl Unread {
    /// Counts a packet.
    pub(crate) fn count(&mut self, link_type: u16, frame: u64, ts: Timestamp) {
        let new = LinkTypeCount { link_type: Some(link_type), packets: 0, first: (frame, ts) };
        let known = self.by_link_type.iter().position(|count| count.link_type == Some(link_type));
        let count = match known {
            Some(at) => self.by_link_type.get_mut(at),
            None if self.by_link_type.len() < MAX_LINK_TYPES => {
                self.by_link_type.push(new);
                self.by_link_type.last_mut()
            }
            None => Some(self.others.get_or_insert(LinkTypeCount { link_type: None, ..new })),
        };
        if let Some(count) = count {
            count.packets += 1;
        }
    }

    /// A finding for each link type; they are said once.
    pub(crate) fn findings(&mut self) -> impl Iterator<Item = Finding> + use<> {
        std::mem::take(&mut self.by_link_type).into_iter().chain(self.others.take()).map(|count| {
            let mut finding = Finding::new(Rule::LinkTypeUnread);
            (finding.frame, finding.ts) = count.first;
            let packets = i64::try_from(count.packets).unwrap_or(i64::MAX);
            finding.with("packets", Value::Count(packets, "packet"));
            if let Some(link_type) = count.link_type {
                finding.number("link_type", link_type);
                if let Some(name) = LinkType(link_type).name() {
                    finding.word("name", name);
                }
            }
            finding
        })
    }
}

/// A finding for each reason why packets in fragments came to nothing (TC918).
pub(in crate::track) fn lost_fragments(lost: Lost) -> impl Iterator<Item = Finding> {
    let reasons = [
        (lost.incomplete, "fragments of them are missing"),
        (lost.overlapping, "their fragments overlap, and a receiver drops such a packet"),
        (lost.crowded_out, "more of them came at once than there is room for"),
    ];
    reasons.into_iter().filter(|(packets, _)| *packets > 0).map(|(packets, why)| {
        let mut finding = Finding::new(Rule::FragmentsUnassembled);
        finding.with("packets", Value::Count(i64::try_from(packets).unwrap_or(i64::MAX), "packet")).word("why", why);
        finding
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_type_is_said_once_with_its_number_and_the_rest_together() {
        let mut unread = Unread::default();
        for link_type in (0..40).chain([7, 7]) {
            unread.count(link_type, u64::from(link_type) + 1, Timestamp(0));
        }
        let findings: Vec<_> = unread.findings().collect();
        assert_eq!(findings.len(), MAX_LINK_TYPES + 1);
        let seventh = &findings[7];
        assert_eq!(seventh.fact("packets"), Some(&Value::Count(3, "packet")));
        assert_eq!((seventh.fact("link_type"), seventh.frame), (Some(&Value::Number(7)), 8));
        assert_eq!(findings[16].fact("packets"), Some(&Value::Count(24, "packet")));
        assert_eq!(unread.findings().count(), 0);
    }
}
