//! What the path changes in packets on their way.

use std::collections::BTreeMap;

use crate::dissect::TcpFlags;

use super::sighting::{Header, Offer};

/// What is different in one packet at the receiver's side.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Change {
    /// The MSS that a SYN announces.
    Mss {
        /// As it was sent.
        sent: u16,
        /// As it came.
        came: u16,
    },
    /// An option of a SYN that is missing.
    Stripped(OptionName),
    /// An option of a SYN that its sender did not send.
    Added(OptionName),
    /// The window scale that a SYN announces.
    WindowScale {
        /// As it was sent.
        sent: u8,
        /// As it came.
        came: u8,
    },
    /// Timestamps of segments other than the SYN that are missing.
    TimestampsStripped,
    /// The window.
    Window,
    /// The differentiated services code point.
    Dscp {
        /// As it was sent.
        sent: u8,
        /// As it came.
        came: u8,
    },
    /// Congestion was marked.
    // RFC 3168 §5: a router sets CE on packets of ECN-capable transports instead of dropping them.
    CongestionExperienced,
    /// The ECN field, otherwise.
    Ecn {
        /// As it was sent.
        sent: u8,
        /// As it came.
        came: u8,
    },
    /// TCP's ECN flags.
    EcnFlags,
    /// The IP ID.
    IpId,
    /// Don't fragment.
    DontFragment,
    /// The payload's bytes.
    Payload,
}

impl Change {
    /// Every word that reports write.
    pub const WORDS: [&str; 13] = [
        "mss",
        "option-stripped",
        "option-added",
        "window-scale",
        "timestamps-stripped",
        "window",
        "dscp",
        "congestion-experienced",
        "ecn",
        "ecn-flags",
        "ip-id",
        "dont-fragment",
        "payload",
    ];

    /// The word that reports write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mss { .. } => "mss",
            Self::Stripped(_) => "option-stripped",
            Self::Added(_) => "option-added",
            Self::WindowScale { .. } => "window-scale",
            Self::TimestampsStripped => "timestamps-stripped",
            Self::Window => "window",
            Self::Dscp { .. } => "dscp",
            Self::CongestionExperienced => "congestion-experienced",
            Self::Ecn { .. } => "ecn",
            Self::EcnFlags => "ecn-flags",
            Self::IpId => "ip-id",
            Self::DontFragment => "dont-fragment",
            Self::Payload => "payload",
        }
    }
}

/// An option of a SYN.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum OptionName {
    /// Maximum segment size.
    Mss,
    /// Window scale.
    WindowScale,
    /// SACK permitted.
    SackPermitted,
    /// Timestamps.
    Timestamps,
    /// Fast Open.
    FastOpen,
    /// Multipath TCP.
    Mptcp,
}

impl OptionName {
    /// As tcpdump writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mss => "mss",
            Self::WindowScale => "wscale",
            Self::SackPermitted => "sackOK",
            Self::Timestamps => "TS",
            Self::FastOpen => "tfo",
            Self::Mptcp => "mptcp",
        }
    }
}

/// Different changes that are kept.
const MAX_CHANGES: usize = 64;

/// What was changed, in how many packets, and where that shows first.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    seen: BTreeMap<Change, (u64, u64)>,
    hops: Option<(u8, u8)>,
}

impl Changes {
    /// Notes how a packet came that was sent like that.
    pub(super) fn note(&mut self, sent: &Header, came: &Header) {
        let hops = sent.ttl.wrapping_sub(came.ttl);
        let (low, high) = self.hops.unwrap_or((hops, hops));
        self.hops = Some((low.min(hops), high.max(hops)));
        let frame = sent.frame;
        let (sent_cut, came_cut) = (sent.cut, came.cut);
        if let (Some(sent), Some(came)) = (sent.offer, came.offer) {
            self.offer((&sent, sent_cut), (&came, came_cut), frame);
        } else if sent.timestamps.is_some() && came.timestamps.is_none() && !came_cut {
            self.add(Change::TimestampsStripped, frame);
        }
        if sent.tos != came.tos {
            self.tos(sent.tos, came.tos, frame);
        }
        let flags = TcpFlags::ECE.with(TcpFlags::CWR).0;
        let pairs = [
            (sent.window != came.window && !sent.is(TcpFlags::RST), Change::Window),
            ((sent.flags.0 ^ came.flags.0) & flags != 0, Change::EcnFlags),
            (sent.ip_id != came.ip_id && sent.ip_id.is_some() && came.ip_id.is_some(), Change::IpId),
            (sent.dont_fragment != came.dont_fragment, Change::DontFragment),
            (sent.digest.zip(came.digest).is_some_and(|(sent, came)| sent != came), Change::Payload),
        ];
        for (_, change) in pairs.into_iter().filter(|(changed, _)| *changed) {
            self.add(change, frame);
        }
    }

    /// Notes a change that shows in that frame of the sender's side.
    pub(super) fn add(&mut self, change: Change, frame: u64) {
        if self.seen.len() < MAX_CHANGES || self.seen.contains_key(&change) {
            self.seen.entry(change).or_insert((0, frame)).0 += 1;
        }
    }

    fn offer(&mut self, (sent, sent_cut): (&Offer, bool), (came, came_cut): (&Offer, bool), frame: u64) {
        use OptionName::{FastOpen, Mptcp, Mss, SackPermitted, Timestamps, WindowScale};
        match (sent.mss, came.mss) {
            (Some(sent), Some(came)) if sent != came => self.add(Change::Mss { sent, came }, frame),
            _ => {}
        }
        match (sent.wscale, came.wscale) {
            (Some(sent), Some(came)) if sent != came => self.add(Change::WindowScale { sent, came }, frame),
            _ => {}
        }
        for (option, sent, came) in [
            (Mss, sent.mss.is_some(), came.mss.is_some()),
            (WindowScale, sent.wscale.is_some(), came.wscale.is_some()),
            (SackPermitted, sent.sack, came.sack),
            (Timestamps, sent.timestamps, came.timestamps),
            (FastOpen, sent.fast_open, came.fast_open),
            (Mptcp, sent.mptcp, came.mptcp),
        ] {
            match (sent, came) {
                (true, false) if !came_cut => self.add(Change::Stripped(option), frame),
                (false, true) if !sent_cut => self.add(Change::Added(option), frame),
                _ => {}
            }
        }
    }

    fn tos(&mut self, sent: u8, came: u8, frame: u64) {
        if sent >> 2 != came >> 2 {
            self.add(Change::Dscp { sent: sent >> 2, came: came >> 2 }, frame);
        }
        match (sent & 3, came & 3) {
            (sent, came) if sent == came => {}
            (1 | 2, 3) => self.add(Change::CongestionExperienced, frame),
            (sent, came) => self.add(Change::Ecn { sent, came }, frame),
        }
    }

    /// Takes another's in.
    pub(super) fn merge(&mut self, other: &Self) {
        for (change, (count, frame)) in &other.seen {
            if self.seen.len() < MAX_CHANGES || self.seen.contains_key(change) {
                self.seen.entry(*change).or_insert((0, *frame)).0 += count;
            }
        }
        if let Some((low, high)) = other.hops {
            let (own_low, own_high) = self.hops.unwrap_or((low, high));
            self.hops = Some((own_low.min(low), own_high.max(high)));
        }
    }

    /// Each change, in how many packets, and the first of these at the sender's side.
    pub fn iter(&self) -> impl Iterator<Item = (Change, u64, u64)> {
        self.seen.iter().map(|(change, (count, frame))| (*change, *count, *frame))
    }

    /// By how much the time to live goes down between the captures: least and most.
    pub fn hops(&self) -> Option<(u8, u8)> {
        self.hops
    }
}
