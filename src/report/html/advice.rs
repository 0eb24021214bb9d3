//! What to do about a finding, in a sentence or two. Its page says more.

use crate::rules::Rule;

/// What to do.
pub fn of(rule: Rule) -> &'static str {
    match rule {
        Rule::NoAnswer => {
            "Is the address right, and the server up? Capture at the server: if the SYN does not arrive there, a firewall or a \
             route swallows it."
        }
        Rule::ConnectionRefused => "Start the program that should listen on this port, or correct the port.",
        Rule::SynRetransmission | Rule::SynAckRetransmission | Rule::HandshakeUnfinished => {
            "Find out where the first one went: an overloaded server, packet loss, or a firewall. Capture at both ends."
        }
        Rule::Retransmission
        | Rule::FastRetransmission
        | Rule::TimeoutRetransmission
        | Rule::LostUpstream
        | Rule::RetransmissionExcessive => {
            "Packets get lost. Look for a queue that overflows, weak radio, a bad cable; captures at both ends show on which side \
             of them. Below one in a thousand on a LAN, or one in a hundred on the Internet, leave it."
        }
        Rule::TailLossProbe | Rule::SegmentGap | Rule::DuplicateAck | Rule::TripleDuplicateAck => {
            "Nothing by itself: it is how TCP notices a loss. See what was sent again."
        }
        Rule::SpuriousRetransmission | Rule::Dsack | Rule::OutOfOrder | Rule::NetworkDuplicate => {
            "Nothing was lost. Look for packets of one connection that take several paths, or for delays that jump."
        }
        Rule::ZeroWindow | Rule::ZeroWindowStall | Rule::WindowFull => {
            "The receiving program reads too slowly, or its buffer is too small for the path. Look at that host, not at the network."
        }
        Rule::Reset => {
            "See in the logs of the side that reset what ended there; a firewall or a proxy in between may have sent it, too."
        }
        Rule::HalfClosed | Rule::NotClosed | Rule::FinUnacked => {
            "If it stays so, a program forgets to close its socket, or the other end is gone."
        }
        Rule::MtuBlackHole | Rule::PathMtuExceeded => {
            "Let ICMP \"fragmentation needed\" and \"packet too big\" through every firewall on the way, or clamp the MSS at the router \
             before the narrow link."
        }
        Rule::QueueBuilds => "Keep the queue before the slow link short (fq_codel, cake), or shape what goes into it.",
        Rule::PathStall => "Look at the host that is named, and at its radio: what stood still there at that time?",
        Rule::ProxyAnswers => "Find out which device answers for that host: refusals and resets may be its doing.",
        Rule::SlowResponse => "Look at the server's own log at that time, and at what it waited for itself.",
        Rule::DelayedAckStall => "Let the program write a message at once, or set TCP_NODELAY on its socket.",
        Rule::IdleReset => {
            "Send keep-alives more often than the time that is named, or end idle connections before that."
        }
        Rule::Abandoned => "Compare how long the client waited with what the server needs for other requests.",
        _ => by_family(rule.code()),
    }
}

fn by_family(code: &str) -> &'static str {
    match code.get(..3).unwrap_or_default() {
        "TC1" => "Compare with a capture at the other end: who sent this, and what did arrive?",
        "TC2" => "Compare captures at both ends: what arrives there is what counts.",
        "TC3" => "Look at the receiver: its buffers, its load, its TCP settings.",
        "TC4" => "See what both programs log at that time.",
        "TC7" => "See who sent the error, and what that router or firewall is to let through.",
        "TC5" | "TC6" => {
            "An unusual or faulty stack, or a device on the way that changes headers: compare captures at both ends."
        }
        _ => {
            "It is about the capture, not the network: capture with a larger buffer (-B), fewer bytes of each packet (-s 128), \
              or at another place."
        }
    }
}
