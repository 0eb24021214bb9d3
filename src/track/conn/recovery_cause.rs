//! What made a sender retransmit.

use crate::rules::Rule;

use crate::track::packed::packed_enum;

/// What made the sender send again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) enum RetransmissionCause {
    Fast,
    Timeout,
    TailProbe,
    /// An ICMP error: what it called too long goes again, smaller.
    Icmp,
    /// The frames prove none of these.
    Unknown,
}

packed_enum!(
    RetransmissionCause,
    [
        RetransmissionCause::Fast,
        RetransmissionCause::Timeout,
        RetransmissionCause::TailProbe,
        RetransmissionCause::Icmp,
        RetransmissionCause::Unknown,
    ]
);

impl RetransmissionCause {
    pub(crate) fn rule(self) -> Rule {
        match self {
            Self::Fast => Rule::FastRetransmission,
            Self::Timeout => Rule::TimeoutRetransmission,
            Self::TailProbe => Rule::TailLossProbe,
            Self::Icmp | Self::Unknown => Rule::Retransmission,
        }
    }
}
