//! What a comparison found, in words.

use crate::compare::{Change, Ending, PathStats, Shown, Side, Totals, Way};
use crate::report::phrase::{counted, grouped, time};

/// How the two ways are called: by who sends, where all clients are on one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct WayNames(Option<Side>);

impl WayNames {
    /// With clients on either side so often.
    pub(super) fn new(clients: [u64; 2]) -> Self {
        Self(match clients {
            [0, 0] => None,
            [_, 0] => Some(Side::A),
            [0, _] => Some(Side::B),
            _ => None,
        })
    }

    /// Where all clients are.
    pub(super) fn clients(self) -> Option<Side> {
        self.0
    }

    /// `client to server (A to B)`, or `A to B`.
    pub(super) fn name(self, way: Way) -> String {
        let (from, to) = (way.sender(), way.receiver());
        let ends = format!("{} to {}", from.name(), to.name());
        match self.0 {
            Some(clients) if clients == from => format!("client to server ({ends})"),
            Some(_) => format!("server to client ({ends})"),
            None => ends,
        }
    }
}

/// Why no packet of one capture was found in the other.
pub fn unpaired(totals: &Totals) -> &'static str {
    if totals.connections().both == 0 {
        "no packet could be paired: some are in both captures, but between other addresses, with other sequence numbers, and \
         with no payload that tells one connection from the others"
    } else {
        "no packet could be paired: both captures show connections between the same ends, but none of their packets is in both"
    }
}

/// A share of all, as fine as it needs to be: `0.8 %`, `0.02 %`.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        percent if percent < 0.1 => format!("{percent:.3} %"),
        percent => format!("{percent:.1} %"),
    }
}

/// `42 of 5,213 packets lost between (0.8 %) ...`.
pub(super) fn losses(stats: &PathStats) -> String {
    let known = stats.arrived + stats.lost;
    let mut parts = vec![match stats.lost {
        0 => format!("nothing lost of {}", counted(known, "packet")),
        lost => {
            let share = percent(stats.loss());
            format!("{} of {} lost between the captures ({share})", grouped(lost), counted(known, "packet"))
        }
    }];
    if stats.lost > 1 && stats.longest_burst > 1 {
        let bursts = if stats.bursts == 1 { "in one burst".to_owned() } else { format!("in {} bursts", stats.bursts) };
        parts.push(format!("{bursts} of up to {}", stats.longest_burst));
    }
    if stats.lost_in_queue * 2 > stats.lost {
        let all = if stats.lost_in_queue == stats.lost { "all".to_owned() } else { grouped(stats.lost_in_queue) };
        parts.push(format!("{all} while packets had to queue"));
    }
    for (number, what) in [(stats.duplicated, "duplicated"), (stats.overtaken, "overtaken")] {
        if number > 0 {
            parts.push(format!("{} {what}", grouped(number)));
        }
    }
    if stats.outside > 0 {
        parts.push(format!("{} that only one capture could show", grouped(stats.outside)));
    }
    parts.join(", ")
}

/// `one-way delay 25.1 ms at least, ...`.
pub(super) fn delays(stats: &PathStats) -> Option<String> {
    let delays = &stats.delays;
    let [min, median, most, max] =
        [delays.min()?, delays.percentile(50)?, delays.percentile(95)?, delays.max()?].map(time);
    Some(format!("one-way delay {min} at least, median {median}, 95 of 100 within {most}, {max} at most"))
}

/// What was changed, in a few words; none for what is every router's business.
pub fn change(change: Change) -> Option<String> {
    Some(match change {
        Change::Mss { sent, came } => format!("MSS {sent} became {came}"),
        Change::Stripped(option) => format!("option {} taken out of SYNs", option.name()),
        Change::Added(option) => format!("option {} put into SYNs", option.name()),
        Change::WindowScale { sent, came } => format!("window scale {sent} became {came}"),
        Change::TimestampsStripped => "timestamps taken out".to_owned(),
        Change::Window => "the window rewritten".to_owned(),
        Change::Dscp { sent, came } => format!("DSCP {sent} became {came}"),
        Change::CongestionExperienced => "congestion marked (CE)".to_owned(),
        Change::Ecn { sent, came } => format!("ECN {sent} became {came}"),
        Change::EcnFlags => "the ECN flags rewritten".to_owned(),
        Change::IpId => "the IP ID rewritten".to_owned(),
        Change::DontFragment => "don't fragment rewritten".to_owned(),
        Change::Payload => "the payload altered".to_owned(),
    })
}

/// What the other capture shows of a finding; `there` is the other capture.
pub(super) fn shown(shown: Shown, there: Side) -> String {
    let there = there.name();
    match shown {
        Shown::FirstCopyLost => "the first copy was lost between the captures".to_owned(),
        Shown::AckLost => format!("the first copy was not lost; an acknowledgment of it was, between {there} and here"),
        Shown::FirstCopyArrived => "the first copy arrived: nothing was lost between the captures".to_owned(),
        Shown::LostBetween => format!("{there} shows the missing bytes: lost between the captures"),
        Shown::LostBefore => format!("the bytes are missing at {there} too: not lost between the captures"),
        Shown::OvertakenBetween => "overtaken between the captures".to_owned(),
        Shown::CopiedBetween => format!("{there} shows it once: copied between the captures"),
        Shown::MadeBetween => format!("{there} does not show it: made by something between"),
        Shown::SeenToo => format!("{there} shows it too: an end of the connection sent it, or something beyond"),
        Shown::MissedHere => format!("{there} shows the bytes: this capture missed them"),
        Shown::NoAnswerThere => format!("the SYN is at {there}, and no answer: whoever should answer did not"),
        Shown::AnswerLost => "the SYN was answered, and the answer was lost between the captures".to_owned(),
    }
}

/// `a RST`, `a FIN`.
pub(super) fn ending(ending: Ending) -> String {
    format!("a {}", ending.name())
}
