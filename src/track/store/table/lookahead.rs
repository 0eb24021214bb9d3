//! Memory that the next segments need, brought near while others are taken.
//!
//! With many connections nearly all that is known of one is far away when its segment comes. So it is asked for early, and nothing
//! here is waited for or changed: a wrong guess costs time only.

use std::slice;

use prefetch_index::prefetch_index;

use crate::track::key::FlowHash;
use crate::track::shared::recent::RecentSegments;
use crate::track::store::table::{Entry, Held, NONE, Slot, Table};

/// Fewer connections than this are near anyway: a core's cache has them all.
const MANY: usize = 256;

/// So many segments before its own a connection is brought near, and then the segments that it has in flight.
const FAR: usize = 8;
const NEAR: usize = 1;

const CACHE_LINE: usize = 64;

impl Table {
    /// Takes down where the next segments' connections are, and has their entries brought near.
    pub fn expect(&mut self, hashes: impl Iterator<Item = FlowHash>) {
        self.near.clear();
        self.nearest = 0;
        if self.awake.len() < MANY {
            return;
        }
        // Whose hash looks like it is taken for it: to ask the connection itself would be to wait for it.
        let find =
            |hash: FlowHash| (self.index.find(hash.hash(), |_| true).copied().unwrap_or(NONE), hash.is_from_low());
        self.near.extend(hashes.map(find));
        self.near.iter().for_each(|(slot, _)| prefetch_index(&self.slots, *slot as usize));
        // Where a page is that was not looked at for long takes a core longest to find out, unless it asks for many at a time.
        for (slot, _) in &self.near {
            if let Some(Entry { held: Held::Awake(seat), .. }) = self.slots.get(*slot as usize) {
                self.awake.find(*seat);
            }
        }
        (0..FAR).for_each(|ahead| self.bring_near(ahead));
    }

    /// Another segment is taken: what a later one needs is brought near meanwhile.
    #[inline]
    pub fn look_ahead(&mut self, recent: &RecentSegments) {
        if self.nearest < self.near.len() {
            self.bring_near(self.nearest + FAR);
            self.bring_more_near(self.nearest + NEAR, recent);
            self.nearest += 1;
        }
    }

    /// Has all of a connection brought near whose turn comes soon.
    pub fn bring_all_near(&self, slot: Option<&Slot>) {
        match slot.and_then(|slot| self.slots.get(*slot as usize)).map(|entry| &entry.held) {
            Some(Held::Awake(seat)) => self.awake.bring_all_near(*seat),
            Some(Held::Resting(bytes)) => bring_bytes_near(bytes),
            None => {}
        }
    }

    #[inline]
    fn bring_near(&self, at: usize) {
        let Some((slot, from_low)) = self.near.get(at) else { return };
        let Some(entry) = self.slots.get(*slot as usize) else { return };
        match &entry.held {
            Held::Awake(seat) => self.awake.bring_near(*seat, entry.direction(*from_low)),
            Held::Resting(bytes) => bring_bytes_near(bytes),
        }
    }

    /// The segments in flight lie elsewhere, and so do older windows than the last.
    #[inline]
    fn bring_more_near(&self, at: usize, recent: &RecentSegments) {
        let Some((slot, from_low)) = self.near.get(at) else { return };
        let Some(entry) = self.slots.get(*slot as usize) else { return };
        if let Held::Awake(seat) = entry.held
            && let Some(connection) = self.awake.get(seat)
        {
            let receiver = &connection.ends[entry.direction(*from_low).reverse().index()];
            recent.bring_near(receiver.recent);
            if let Some(first) = receiver.flight.front() {
                prefetch_index(slice::from_ref(first), 0);
                prefetch_index(slice::from_ref(first), 2);
            }
        }
    }
}

fn bring_bytes_near(bytes: &[u8]) {
    (0..bytes.len()).step_by(CACHE_LINE).for_each(|at| prefetch_index(bytes, at));
}
