//! Packets that were captured twice (TC908): by a mirror port, on two interfaces, or on both sides of a router.

use std::hash::{BuildHasher, Hasher};

use crate::rules::Rule;

use super::connection::Connection;
use super::endpoint::Digest;
use super::step::Step;

/// Two captures of one packet are no further apart.
const COPY_NANOS: i64 = 1_000_000;

impl Connection {
    /// Whether this segment is another capture of one of the last; it is left out of everything if so.
    ///
    /// The network can also deliver a packet twice. It does so rarely, and then the copy has the same time to live and comes in
    /// through the same interface; so a copy is the capture's only if one of these differs, or if copies are the rule here.
    pub(super) fn is_copy(&mut self, step: &mut Step<'_>) -> bool {
        let digest = digest(step);
        let me = &mut self.ends[step.me()];
        // Without an IP ID two equal segments may be two packets.
        let twin = step.segment.ip_id.filter(|id| *id != 0).and_then(|_| {
            me.recent.iter().copied().find(|other| {
                other.hash == digest.hash
                    && other.frame != 0
                    && digest.ts.since(other.ts).0.unsigned_abs() <= COPY_NANOS as u64
            })
        });
        me.recent.rotate_right(1);
        me.recent[0] = digest;
        let Some(twin) = twin else { return false };
        me.count.copies += 1;
        let rule = u64::from(me.count.copies) * 2 >= me.count.packets;
        if twin.ttl == digest.ttl && twin.interface == digest.interface && !rule {
            return false;
        }
        let after = digest.ts.since(twin.ts);
        step.fire(Rule::CaptureDuplicate).frame("first", twin.frame).time("after", after);
        true
    }
}

/// All of a segment that the network does not change on its way.
fn digest(step: &Step<'_>) -> Digest {
    let segment = step.segment;
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    hasher.write_u32(segment.seq.0);
    hasher.write_u32(segment.ack.unwrap_or_default().0);
    hasher.write_u32(segment.payload_len);
    hasher.write_u64(
        u64::from(segment.flags.0) << 48
            | u64::from(segment.window) << 32
            | u64::from(segment.ip_id.unwrap_or_default()) << 16
            | u64::from(segment.header_len),
    );
    if let Some((tsval, tsecr)) = segment.options.timestamps {
        hasher.write_u64(u64::from(tsval) << 32 | u64::from(tsecr));
    }
    for (left, right) in segment.options.sack.as_slice() {
        hasher.write_u64(u64::from(left.0) << 32 | u64::from(right.0));
    }
    Digest {
        hash: hasher.finish(),
        ts: segment.ts,
        frame: segment.frame,
        ttl: segment.ttl,
        interface: segment.interface,
    }
}
