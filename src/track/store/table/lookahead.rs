//! Memory that the next segments need, prefetched while others are taken.
//!
//! With many connections nearly all that is known of one is far away when its segment comes. So it is asked for early, and nothing
//! here is waited for or changed: a wrong guess costs time only.

use std::slice;

use prefetch_index::prefetch_index;

use crate::track::key::FlowHash;
use crate::track::shared::recent::RecentSegments;
use crate::track::store::table::{Entry, Held, NONE, Slot, Table};

/// Fewer hot connections than this a core's cache holds anyway.
const MIN_HOT: usize = 256;

/// How many segments before its own a connection is prefetched, and then what it points to.
const CONNECTION_DISTANCE: usize = 8;
const POINTER_DISTANCE: usize = 1;

const CACHE_LINE: usize = 64;

impl Table {
    /// Notes where the next segments' connections are, and has their entries prefetched.
    pub(crate) fn expect(&mut self, hashes: impl Iterator<Item = FlowHash>) {
        self.lookahead.clear();
        self.taken = 0;
        if self.hot.len() < MIN_HOT {
            return;
        }
        // Whose hash looks like it is taken for it: to ask the connection itself would be to wait for it.
        let find =
            |hash: FlowHash| (self.index.find(hash.hash(), |_| true).copied().unwrap_or(NONE), hash.is_from_low());
        self.lookahead.extend(hashes.map(find));
        self.lookahead.iter().for_each(|(slot, _)| prefetch_index(&self.slots, *slot as usize));
        // Where a page is that was not looked at for long takes a core longest to find out, unless it asks for many at a time.
        for (slot, _) in &self.lookahead {
            if let Some(Entry { held: Held::Hot(index), .. }) = self.slots.get(*slot as usize) {
                self.hot.find(*index);
            }
        }
        (0..CONNECTION_DISTANCE).for_each(|ahead| self.prefetch(ahead));
    }

    /// Another segment is taken: what a later one needs is prefetched meanwhile.
    #[inline]
    pub(crate) fn look_ahead(&mut self, recent: &RecentSegments) {
        if self.taken < self.lookahead.len() {
            self.prefetch(self.taken + CONNECTION_DISTANCE);
            self.prefetch_pointers(self.taken + POINTER_DISTANCE, recent);
            self.taken += 1;
        }
    }

    /// Has all of a connection prefetched whose turn comes soon.
    pub(crate) fn prefetch_all(&self, slot: Option<&Slot>) {
        match slot.and_then(|slot| self.slots.get(*slot as usize)).map(|entry| &entry.held) {
            Some(Held::Hot(index)) => self.hot.prefetch_all(*index),
            Some(Held::Cold(bytes)) => prefetch_bytes(bytes),
            None => {}
        }
    }

    #[inline]
    fn prefetch(&self, at: usize) {
        let Some((slot, from_low)) = self.lookahead.get(at) else { return };
        let Some(entry) = self.slots.get(*slot as usize) else { return };
        match &entry.held {
            Held::Hot(index) => self.hot.prefetch(*index, entry.direction(*from_low)),
            Held::Cold(bytes) => prefetch_bytes(bytes),
        }
    }

    /// The segments in flight lie elsewhere, and so do older windows than the last.
    #[inline]
    fn prefetch_pointers(&self, at: usize, recent: &RecentSegments) {
        let Some((slot, from_low)) = self.lookahead.get(at) else { return };
        let Some(entry) = self.slots.get(*slot as usize) else { return };
        if let Held::Hot(index) = entry.held
            && let Some(connection) = self.hot.get(index)
        {
            let receiver = &connection.ends[entry.direction(*from_low).reverse().index()];
            recent.prefetch(receiver.recent);
            receiver.rtt.prefetch();
            if let Some(first) = receiver.flight.front() {
                prefetch_index(slice::from_ref(first), 0);
                prefetch_index(slice::from_ref(first), 2);
            }
        }
    }
}

fn prefetch_bytes(bytes: &[u8]) {
    (0..bytes.len()).step_by(CACHE_LINE).for_each(|at| prefetch_index(bytes, at));
}
