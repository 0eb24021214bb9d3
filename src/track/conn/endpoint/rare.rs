//! What an end needs only when something goes wrong, or is out of the ordinary.

use crate::capture::{Span, Timestamp};

use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::gaps::Gaps;
use crate::track::conn::loss_reports::LossReports;
use crate::track::conn::overrun::Overrun;
use crate::track::conn::path_marks::Off;
use crate::track::conn::probing::Probing;
use crate::track::conn::rare::RareState;
use crate::track::conn::recovery::Recovery;
use crate::track::conn::resends::Resends;
use crate::track::conn::unseen::Unseen;
use crate::track::packed::packed;

/// State of an end that has been in trouble.
#[derive(Debug, Default)]
pub(in crate::track) struct RareEnd {
    pub(super) trouble: TroubleCounters,
    /// What of its numbers is missing.
    pub gaps: Gaps,
    pub recovery: Option<Box<Recovery>>,
    /// Since when its window is closed.
    pub closed_since: Option<Timestamp>,
    /// When it last sent something that draws an immediate acknowledgment: old data, or data behind a gap.
    pub last_old: Option<Timestamp>,
    /// A digest of the SACK blocks that it last sent.
    pub sack_digest: u64,
    /// Duplicate acknowledgments that this end sent in a row.
    pub dup_acks_in_row: u32,
    /// Payload bytes on its SYN.
    pub syn_data: u32,
    /// What the other end asked for of late.
    pub loss_reports: Option<Box<LossReports>>,
    /// Its data beyond every edge that the other end advertised.
    pub overrun: Option<Box<Overrun>>,
    /// Probes of the other end that it has out.
    pub probing: Option<Box<Probing>>,
    pub resends: Option<Box<Resends>>,
    /// Its numbers that were acknowledged before they were captured.
    pub unseen: Option<Box<Unseen>>,
    /// Its last packet, off the line that the others keep to: the next tells whether the path has changed.
    pub off_path: Option<Box<Off>>,
}

packed!(RareEnd {
    trouble,
    gaps,
    recovery,
    closed_since,
    last_old,
    sack_digest,
    dup_acks_in_row,
    syn_data,
    loss_reports,
    overrun,
    probing,
    resends,
    unseen,
    off_path
});

/// Counters of one direction that stay at zero while all goes well.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::track) struct TroubleCounters {
    pub missed_bytes: u64,
    pub resent_segments: u64,
    pub resent_bytes: u64,
    pub late_segments: u64,
    pub duplicate_acks: u64,
    pub zero_window: Span,
    /// Packets that came twice in the place where they were captured first.
    pub copies: u32,
}

impl TroubleCounters {
    const NONE: Self = Self {
        missed_bytes: 0,
        resent_segments: 0,
        resent_bytes: 0,
        late_segments: 0,
        duplicate_acks: 0,
        zero_window: Span(0),
        copies: 0,
    };
}

packed!(TroubleCounters {
    missed_bytes,
    resent_segments,
    resent_bytes,
    late_segments,
    duplicate_acks,
    zero_window,
    copies
});

impl RareState for RareEnd {
    const NONE: &'static Self = &Self {
        trouble: TroubleCounters::NONE,
        gaps: Gaps::NONE,
        recovery: None,
        closed_since: None,
        last_old: None,
        sack_digest: 0,
        dup_acks_in_row: 0,
        syn_data: 0,
        loss_reports: None,
        overrun: None,
        probing: None,
        resends: None,
        unseen: None,
        off_path: None,
    };

    fn is_unused(&self) -> bool {
        let Self { trouble, closed_since, last_old, sack_digest, dup_acks_in_row, syn_data, .. } = self;
        self.is_at_rest()
            && *trouble == TroubleCounters::NONE
            && closed_since.is_none()
            && last_old.is_none()
            && *sack_digest == 0
            && *dup_acks_in_row == 0
            && *syn_data == 0
            && self.loss_reports.is_none()
            && self.resends.is_none()
            && self.unseen.is_none()
    }
}

impl RareEnd {
    /// Nothing of it waits for what comes.
    pub(crate) fn is_at_rest(&self) -> bool {
        let checked = self.recovery.is_none() && self.overrun.is_none() && self.probing.is_none();
        checked && self.off_path.is_none() && self.gaps.is_empty()
    }

    /// The memory that its lists take. What is boxed and small is left out.
    pub(crate) fn list_bytes(&self) -> usize {
        let recovery = self.recovery.as_deref().map_or(0, Recovery::bytes);
        let loss_reports = self.loss_reports.as_deref().map_or(0, LossReports::heap_bytes);
        let resends = self.resends.as_deref().map_or(0, Resends::heap_bytes);
        self.gaps.heap_bytes() + recovery + loss_reports + resends
    }
}

/// What there is of it, to be changed: nothing is allocated for that.
impl Endpoint {
    pub(crate) fn gaps_mut(&mut self) -> Option<&mut Gaps> {
        self.rare.get_mut().map(|rare| &mut rare.gaps)
    }

    pub(crate) fn recovery_mut(&mut self) -> Option<&mut Recovery> {
        self.rare.get_mut()?.recovery.as_deref_mut()
    }

    pub(crate) fn overrun_mut(&mut self) -> Option<&mut Overrun> {
        self.rare.get_mut()?.overrun.as_deref_mut()
    }

    pub(crate) fn probing_mut(&mut self) -> Option<&mut Probing> {
        self.rare.get_mut()?.probing.as_deref_mut()
    }

    pub(crate) fn unseen_mut(&mut self) -> Option<&mut Unseen> {
        self.rare.get_mut()?.unseen.as_deref_mut()
    }
}
