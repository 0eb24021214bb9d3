//! RFC 9293's diagram: from which state to which an end may go.

use tcpcheck::TcpState::{self, *};

/// The arcs of RFC 9293 §3.3.2, figure 5, and those that only the text has.
const ARCS: [(TcpState, TcpState); 30] = [
    (Closed, Listen),
    (Closed, SynSent),
    (Listen, SynRecv),
    (Listen, SynSent),
    (Listen, Closed),
    (SynSent, SynRecv),
    (SynSent, Established),
    (SynSent, Closed),
    (SynRecv, Established),
    (SynRecv, FinWait1),
    // §3.10.7.4: a RST after a passive OPEN.
    (SynRecv, Listen),
    (SynRecv, Closed),
    // §3.10.7.4, eighth: a FIN in SYN-RECEIVED.
    (SynRecv, CloseWait),
    (Established, FinWait1),
    (Established, CloseWait),
    (Established, Closed),
    (FinWait1, FinWait2),
    (FinWait1, Closing),
    (FinWait1, TimeWait),
    (FinWait1, Closed),
    (FinWait2, TimeWait),
    (FinWait2, Closed),
    (CloseWait, LastAck),
    (CloseWait, Closed),
    (Closing, TimeWait),
    (Closing, Closed),
    (LastAck, Closed),
    (TimeWait, Closed),
    // §3.6.1 (MUST-13): a new SYN may be taken in TIME-WAIT. It makes a connection of its own here.
    (TimeWait, SynRecv),
    (Closed, SynRecv),
];

/// Whether an end may have gone from one state to another in any number of steps: a capture may miss what made them.
pub fn reachable(from: TcpState, to: TcpState) -> bool {
    let mut known = vec![from];
    let mut at = 0;
    while let Some(&state) = known.get(at) {
        if state == to {
            return true;
        }
        for (a, b) in ARCS {
            // A connection that is over does not come back; one of which nothing is known begins anywhere.
            let over = a == Closed && from != Closed || (a, b) == (TimeWait, SynRecv);
            if a == state && !over && !known.contains(&b) {
                known.push(b);
            }
        }
        at += 1;
    }
    false
}
