//! What a connection needs only when something about it is out of the ordinary.

use crate::capture::{Span, Timestamp};
use crate::dissect::Segment;
use crate::rules::{Rule, Severity};

use crate::track::conn::connection::handshake::Repeated;
use crate::track::conn::connection::{Connection, Cut};
use crate::track::conn::path_watch::PathWatch;
use crate::track::conn::programs::Application;
use crate::track::conn::rare::{Rare, RareState};
use crate::track::conn::suspect_ack::SuspectAck;
use crate::track::conn::suspicions::PendingSuspicions;
use crate::track::events::amend::PendingVerdicts;
use crate::track::packed::packed;

/// State of a connection of which there is something to say.
#[derive(Debug, Default)]
pub(in crate::track) struct RareConnection {
    pub found: Vec<(Rule, u32)>,
    /// Of these, findings whose severity is not their rule's own.
    pub regraded: Vec<(Rule, Severity, u32)>,
    /// What was said of frames whose word may change.
    pub pending: PendingVerdicts,
    pub cut: Option<Cut>,
    /// A RST in the window but not where the receiver expects it: whether it was taken, only what follows can tell.
    pub doubtful_reset: Option<Cut>,
    /// How long nothing went on until a segment of each end was retransmitted.
    pub recovery_time: [Span; 2],
    /// An end claims to have received what the other was not seen to send.
    pub suspect_ack: Option<Box<SuspectAck>>,
    /// A SYN or SYN+ACK that does not belong here unless the other end takes it.
    pub pending_syn: Option<Box<Segment>>,
    /// Segments that may be a third party's, until their alleged sender's reaction tells.
    pub suspicions: Option<Box<PendingSuspicions>>,
    /// What the programs did otherwise.
    pub application: Option<Box<Application>>,
    /// What stands out on its path.
    pub path: Option<Box<PathWatch>>,
    /// The last answer to the SYN that the client has to drop, and whether that is a RST.
    pub dropped: Option<(u64, bool)>,
    /// The server's payload that came before the handshake was done: frame and bytes.
    pub early_data: Option<Box<(u64, Timestamp, u32)>>,
    /// What is out of the ordinary of its handshake.
    pub(super) repeated: Option<Box<Repeated>>,
}

packed!(RareConnection {
    found, regraded, pending, cut, doubtful_reset, recovery_time, application, path, dropped, early_data, repeated,
    suspicions
} at_rest { suspect_ack, pending_syn });

impl RareState for RareConnection {
    const NONE: &'static Self = &Self {
        found: Vec::new(),
        regraded: Vec::new(),
        pending: PendingVerdicts::NONE,
        cut: None,
        doubtful_reset: None,
        recovery_time: [Span(0); 2],
        suspect_ack: None,
        pending_syn: None,
        suspicions: None,
        application: None,
        path: None,
        dropped: None,
        early_data: None,
        repeated: None,
    };

    fn is_unused(&self) -> bool {
        self.found.is_empty()
            && self.regraded.is_empty()
            && self.pending.is_empty()
            && self.cut.is_none()
            && self.doubtful_reset.is_none()
            && self.recovery_time == [Span(0); 2]
            && self.suspect_ack.is_none()
            && self.pending_syn.is_none()
            && self.suspicions.is_none()
            && self.application.is_none()
            && self.path.is_none()
            && self.dropped.is_none()
            && self.early_data.is_none()
            && self.repeated.is_none()
    }
}

impl RareConnection {
    /// The memory that its lists take. What is boxed and small is left out.
    pub(crate) fn list_bytes(&self) -> usize {
        let counts = self.found.capacity() * size_of::<(Rule, u32)>();
        counts + self.regraded.capacity() * size_of::<(Rule, Severity, u32)>() + self.pending.heap_bytes()
    }
}

/// What there is of it, to be changed: nothing is allocated for that.
impl Rare<RareConnection> {
    pub(crate) fn suspicions_mut(&mut self) -> Option<&mut PendingSuspicions> {
        self.get_mut()?.suspicions.as_deref_mut()
    }

    pub(crate) fn application_mut(&mut self) -> Option<&mut Application> {
        self.get_mut()?.application.as_deref_mut()
    }

    pub(crate) fn path_mut(&mut self) -> Option<&mut PathWatch> {
        self.get_mut()?.path.as_deref_mut()
    }

    /// The SYN or SYN+ACK that waits, where it is that one.
    pub(crate) fn take_pending_syn(&mut self, is_it: impl FnOnce(&mut Segment) -> bool) -> Option<Box<Segment>> {
        self.get_mut()?.pending_syn.take_if(|segment| is_it(segment))
    }

    pub(crate) fn forget_pending(&mut self) {
        if let Some(rare) = self.get_mut() {
            rare.pending = PendingVerdicts::default();
        }
    }
}

impl Connection {
    /// Forgets what was found: that was said elsewhere.
    pub(crate) fn forget_findings(&mut self) {
        if let Some(rare) = self.rare.get_mut() {
            rare.found.clear();
            rare.regraded.clear();
        }
    }
}
