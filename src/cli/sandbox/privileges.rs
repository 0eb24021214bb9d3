//! Capabilities (capabilities(7)).

use anyhow::Result;
use caps::{CapSet, Capability, CapsHashSet};

/// Closes the way to every capability that is not needed: later programs of this process cannot have it either. Only who has
/// CAP_SETPCAP can do this.
pub(super) fn bound(needs: &CapsHashSet) -> Result<()> {
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        for capability in caps::read(None, CapSet::Bounding)?.difference(needs) {
            caps::drop(None, CapSet::Bounding, *capability)?;
        }
    }
    Ok(())
}

/// Drops every capability that is not needed.
pub(super) fn keep(needs: &CapsHashSet) -> Result<()> {
    let kept: CapsHashSet = caps::read(None, CapSet::Permitted)?.intersection(needs).copied().collect();
    for set in [CapSet::Ambient, CapSet::Inheritable] {
        caps::clear(None, set)?;
    }
    caps::set(None, CapSet::Effective, &kept)?;
    caps::set(None, CapSet::Permitted, &kept)?;
    Ok(())
}

/// A broker makes files where root could, and binds sockets of captures. That is not what confines the capture, so that an
/// old kernel's refusal is none of its business.
pub fn keep_what_the_broker_needs(ends_a_command: bool) {
    let mut needs = vec![
        Capability::CAP_NET_RAW,
        Capability::CAP_DAC_OVERRIDE,
        // For commands of -z: gzip(1) keeps a file's owner and mode.
        Capability::CAP_CHOWN,
        Capability::CAP_FOWNER,
    ];
    if ends_a_command {
        // It may have become another user.
        needs.push(Capability::CAP_KILL);
    }
    let needs = needs.into_iter().collect();
    let _ = bound(&needs).and_then(|()| keep(&needs));
}
