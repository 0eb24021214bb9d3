//! An interface's ups and downs while it is captured on, and what it counts as lost.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use ::pcap::{Active, Capture};

use crate::capture::{LinkType, Notice};

use super::counters::Counters;
use super::link::{Change, Link};
use super::{Anchor, AnchorOptions};

/// So often an interface that has gone is looked for.
const GLANCE: Duration = Duration::from_secs(1);

/// What is known of the interface.
pub(super) struct Watched {
    link: Option<Link>,
    counters: Counters,
    notices: VecDeque<Notice>,
    /// Since it has gone: when to look for it next.
    away: Option<Instant>,
}

impl Watched {
    /// An interface of that name; it is only watched when it is to be waited for.
    pub(super) fn new(name: &str, wait: bool) -> Self {
        let link = Link::watch(name);
        let counters = link.as_ref().map(|link| Counters::open(name, link.index())).unwrap_or_default();
        Self { link: link.filter(|_| wait), counters, notices: VecDeque::new(), away: None }
    }

    /// Whether its return can be waited for.
    pub(super) fn waits(&self) -> bool {
        self.link.is_some()
    }

    /// Nothing comes, and that is no error: notes why, if there is more to it.
    pub(super) fn look(&mut self) {
        let Some(link) = &mut self.link else { return };
        if self.away.take().is_some() {
            self.notices.push_back(Notice::Resumed);
        }
        for change in link.look() {
            match change {
                Change::Down => self.notices.push_back(Notice::Down),
                Change::Up => self.notices.push_back(Notice::Up),
                // libpcap says so next.
                Change::Gone => {}
            }
        }
    }

    /// The capture is bound to nothing.
    pub(super) fn gone(&mut self) {
        let Some(link) = &mut self.link else { return };
        let now = Instant::now();
        match &mut self.away {
            None => {
                link.look();
                self.away = Some(now);
                // It was taken down just before, as every interface is that goes.
                self.notices.retain(|notice| *notice != Notice::Down);
                self.notices.push_back(Notice::Gone);
            }
            Some(due) if now >= *due => {
                *due = now + GLANCE;
                if link.is_back() {
                    self.notices.push_back(Notice::Back);
                }
            }
            Some(_) => {}
        }
    }

    /// The next notice, oldest first.
    pub(super) fn next(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// Packets that the interface has lost; libpcap's own count would need files.
    pub(super) fn lost(&mut self) -> Option<u64> {
        Some(self.counters.lost())
    }

    pub(super) fn anchor(
        &self,
        capture: &Capture<Active>,
        name: &str,
        promiscuous: bool,
        link_type: LinkType,
    ) -> Option<Anchor> {
        self.link.as_ref()?;
        let socket = capture.as_fd().try_clone_to_owned().ok()?;
        Some(Anchor::new(socket, AnchorOptions { interface: name.to_owned(), promiscuous, link_type }))
    }
}
