//! What a policy can demand of two captures of the same traffic, and what can be wrong there.

use crate::capture::Span;
use crate::compare::{Change, Ending, Side, Way};

use super::key::info;
use super::units::{Share, one_in_20};
use super::{Key, KeyInfo};

/// What is demanded of the path between two captures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PathDemand {
    /// No more packets are lost, either way.
    Lost(Share),
    /// No more packets come twice, either way.
    Duplicated(Share),
    /// No more packets are overtaken, either way.
    Overtaken(Share),
    /// No one-way delay is longer.
    LongestDelay(Span),
    /// 95 of 100 one-way delays are no longer, either way.
    DelayPercentile(Span),
    /// No more packets are made by something between.
    Inserted(u64),
    /// Nothing else is changed on the way.
    Changes(Vec<&'static str>),
    /// The clocks are no further apart.
    ClockOffset(Span),
}

impl PathDemand {
    /// How many of so many may be otherwise.
    pub(super) fn allowed(&self, of: u64) -> u64 {
        match self {
            Self::Lost(share) | Self::Duplicated(share) | Self::Overtaken(share) => share.allowed(of),
            Self::DelayPercentile(_) => one_in_20(of),
            Self::Inserted(most) => *most,
            Self::LongestDelay(_) | Self::Changes(_) | Self::ClockOffset(_) => 0,
        }
    }
}

/// One thing on the path that is not as it should be.
#[derive(Clone, Debug)]
pub struct PathPlace {
    /// Which way; none where it is about both.
    pub way: Option<Way>,
    /// The capture whose frames are meant.
    pub side: Side,
    /// What is there.
    pub fault: PathFault,
}

/// What is not as it should be.
#[derive(Clone, Debug)]
pub enum PathFault {
    /// So many packets of so many.
    Packets {
        /// Lost, duplicated or overtaken ones.
        bad: u64,
        /// All.
        of: u64,
    },
    /// Packets took too long.
    Delays {
        /// The longest.
        longest: Span,
        /// How many took too long.
        above: u64,
    },
    /// Something between made a packet; how that ends its connection, if it does.
    Made(Option<Ending>),
    /// Something between changed packets.
    Changed {
        /// What: the word of the policy.
        what: &'static str,
        /// In more detail, where there is more.
        change: Option<Change>,
        /// How many packets or connections.
        count: u64,
    },
}

/// Addresses and ports are translated, sequence numbers are rewritten, connections end at a proxy.
pub(super) const CONNECTION_CHANGES: [&str; 3] = ["nat", "isn", "proxy"];

impl Key {
    /// Every key of `[compare]`, in order, behind those of [`Key::ALL`].
    pub const OF_PAIRS: [KeyInfo; 8] = [
        info(Self::MaxLoss, "max_loss", false, r#""0.5%""#, "packets lost between the captures, either way"),
        info(Self::MaxDuplicates, "max_duplicates", false, r#""0.1%""#, "packets that come twice, either way"),
        info(Self::MaxOvertaken, "max_overtaken", false, r#""1%""#, "packets that are overtaken, either way"),
        info(Self::MaxDelay, "max_delay", false, r#""300ms""#, "the longest that a packet may take one way"),
        info(Self::P95Delay, "p95_delay", false, r#""80ms""#, "what 95 of 100 packets may take one way"),
        info(Self::MaxInserted, "max_inserted", false, "0", "packets that something between makes, such as RSTs"),
        info(Self::Changes, "changes", false, r#"["nat", "mss"]"#, "what the path may change; nothing else"),
        info(Self::MaxClockOffset, "max_clock_offset", false, r#""1s""#, "how far the clocks may be apart"),
    ];
}
