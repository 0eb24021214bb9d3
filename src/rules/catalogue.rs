//! Every rule, in the order of its code.

use super::{RuleInfo, Severity};

macro_rules! catalogue {
    ($($name:ident $code:literal $slug:literal $severity:ident $source:literal $fires:literal $message:literal)+) => {
        /// A rule by name.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Rule { $(#[doc = $fires] $name,)+ }

        impl Rule {
            /// Every rule, in the order of its code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What the catalogue says of it.
            pub const fn info(self) -> &'static RuleInfo {
                match self {
                    $(Self::$name => &RuleInfo {
                        code: $code,
                        slug: $slug,
                        severity: Severity::$severity,
                        fires: $fires,
                        message: $message,
                        source: $source,
                    },)+
                }
            }
        }
    };
}

impl Rule {
    /// `TC103`.
    pub fn code(self) -> &'static str {
        self.info().code
    }

    /// `syn-retransmission`.
    pub fn slug(self) -> &'static str {
        self.info().slug
    }

    /// The rule's own severity.
    pub fn severity(self) -> Severity {
        self.info().severity
    }
}

catalogue! {
    NoAnswer "TC101" "no-answer" Error "RFC 9293 §3.5"
        "SYNs, and nothing ever came back"
        "{syns}[ in {span}], nothing came back"
    ConnectionRefused "TC102" "connection-refused" Error "RFC 9293 §3.5.2"
        "a RST that acknowledges the SYN answers it"
        "RST {after} after the SYN: nobody listens on port {port}"
    SynRetransmission "TC103" "syn-retransmission" Warning "RFC 9293 §3.8.1"
        "the same SYN again"
        "SYN number {nth}, {after} after the one before[; {answer} had answered it]"
    SynIsnChanged "TC104" "syn-isn-changed" Warning "RFC 9293 §3.4.1"
        "a SYN of the same attempt with another initial sequence number"
        "ISN {isn} after {old_isn} in {first}, {after} later, with no answer in between"
    SynAckRetransmission "TC105" "syn-ack-retransmission" Note "RFC 9293 §3.8.1"
        "the same SYN+ACK again"
        "SYN+ACK number {nth}, {after} after the one before"
    SynAckChanged "TC106" "syn-ack-changed" Warning "RFC 9293 §3.10.7"
        "a SYN+ACK again, with another seq or ack"
        "seq {seq} ack {ack}, where {first} had seq {old_seq} ack {old_ack}"
    SynAckWrongAck "TC107" "syn-ack-wrong-ack" Error "RFC 9293 §3.10.7.3"
        "a SYN+ACK whose ack is neither ISN + 1 nor within the data on the SYN"
        "ack {ack}, but the SYN in {syn} wants {wanted}"
    SynAckUnsolicited "TC108" "syn-ack-unsolicited" Warning "RFC 9293 §3.5.2"
        "a SYN+ACK without a SYN, though the capture did not start mid-way"
        "no SYN in the {into} of capture before it"
    HandshakeWrongAck "TC109" "handshake-wrong-ack" Error "RFC 9293 §3.10.7.4"
        "the third segment acknowledges something other than the SYN+ACK"
        "ack {ack}, but the SYN+ACK in {syn_ack} wants {wanted}"
    HandshakeUnfinished "TC110" "handshake-unfinished" Warning "RFC 9293 §3.5"
        "a SYN+ACK that is never acknowledged"
        "the SYN+ACK in {syn_ack} was not acknowledged in {after}"
    SimultaneousOpen "TC111" "simultaneous-open" Note "RFC 9293 §3.5"
        "SYN crosses SYN"
        "both ends open: this SYN crosses the one in {syn}"
    DataBeforeEstablished "TC112" "data-before-established" Warning "RFC 9293 §3.4"
        "payload before the handshake is done, and without Fast Open"
        "{bytes} {where}, before the handshake is done"
    TfoDataRejected "TC113" "tfo-data-rejected" Note "RFC 7413 §4.2"
        "data on the SYN that the SYN+ACK does not acknowledge"
        "{bytes} on the SYN in {syn} were not taken; they go again"
    PortReused "TC114" "port-reused" Note "RFC 9293 §3.6.1"
        "a new SYN on addresses and ports that had been in use"
        "addresses and ports of flow {old_flow}, whose last segment is {last}, {after} before"
    TimeWaitReuseUnsafe "TC115" "time-wait-reuse-unsafe" Warning "RFC 9293 §3.6.1, RFC 6191"
        "a new SYN in TIME-WAIT, with neither ISN nor timestamp above the old ones"
        "ISN {isn} is not above the old connection's last number {old_seq}[, nor TSval {tsval} above {old_tsval}]"

    Retransmission "TC201" "retransmission" Warning "RFC 9293 §3.8.1"
        "bytes that the sender had sent before"
        "[{bytes} ]again[, {after} after {first}]"
    FastRetransmission "TC202" "fast-retransmission" Warning "RFC 5681 §3.2, RFC 8985 §6"
        "bytes sent again because duplicate ACKs or SACK asked for them"
        "[{bytes} ]again, asked for by the receiver[; {after} after {first}]"
    TimeoutRetransmission "TC203" "timeout-retransmission" Warning "RFC 6298"
        "bytes sent again because a timer ran out"
        "[{bytes} ]again, by timer[; {after} after {first}]"
    TailLossProbe "TC204" "tail-loss-probe" Note "RFC 8985 §7"
        "the highest bytes sent again after about two round trips, to draw an answer"
        "[{bytes} ]again, to draw an answer[; {after} after {first}]"
    SpuriousRetransmission "TC205" "spurious-retransmission" Warning "RFC 2883, RFC 3522, RFC 5682"
        "bytes sent again although nothing was lost"
        "nothing was lost: {why}"
    FinRetransmission "TC209" "fin-retransmission" Note "RFC 9293 §3.8.1"
        "the same FIN again"
        "the FIN of {first} again"
    SegmentGap "TC210" "segment-gap" Note ""
        "bytes are missing before this segment"
        "{bytes} not seen before it[: {cause}]"

    OutOfOrder "TC211" "out-of-order" Note "RFC 8985 §6.2"
        "a first copy that was overtaken on its way"
        "overtaken on its way[, fills the gap of {gap_frame} {late} later]"
    LostUpstream "TC212" "lost-upstream" Warning "RFC 5681"
        "bytes lost before they reached the capture point"
        "{bytes} lost before they reached the capture point"
    NetworkDuplicate "TC213" "network-duplicate" Note ""
        "the network delivered one packet twice"
        "the same packet as {first}, {after} later: sent once, delivered twice"

    DuplicateAck "TC301" "duplicate-ack" Note "RFC 5681 §2"
        "the same acknowledgment again while data is outstanding"
        "duplicate ACK[ {nth}] of {ack}"
    TripleDuplicateAck "TC302" "triple-duplicate-ack" Note "RFC 5681 §3.2"
        "the third duplicate acknowledgment: a loss signal"
        "the third duplicate ACK of {ack}: the sender takes the bytes from there for lost"
    AckOfUnsent "TC303" "ack-of-unsent" Error "RFC 9293 §3.10.7.4"
        "an acknowledgment of bytes that were never sent"
        "acknowledges {bytes} that the other side had not sent, as {shown_by} shows"
    AckTooOld "TC304" "ack-too-old" Warning "RFC 5961 §5.2"
        "an acknowledgment further back than the largest window"
        "{behind} behind what was acknowledged, the largest window was {window}: its receiver drops it"
    AckRegression "TC305" "ack-regression" Note "RFC 9293 §3.4"
        "a lower acknowledgment that was sent after a higher one"
        "{back} below the acknowledgment in {higher}, and sent after it"
    AckDelayExcessive "TC306" "ack-delay-excessive" Warning "RFC 9293 §3.8.6.3"
        "data in order that is acknowledged only after more than half a second"
        "the receiver took {delay} to acknowledge {data}: half a second is the most"
    SackInvalid "TC307" "sack-invalid" Error "RFC 2018 §3, §4"
        "a SACK block that cannot be"
        "{why}[, as {shown_by} shows]"
    SackNotNegotiated "TC308" "sack-not-negotiated" Error "RFC 2018 §4"
        "SACK blocks for a side that never permitted them"
        "the other side's SYN does not permit SACK"
    SackRenege "TC309" "sack-renege" Warning "RFC 2018 §8"
        "bytes reported by SACK that the receiver has given up again"
        "asks again for {bytes} that it had reported by SACK"
    Dsack "TC310" "dsack" Note "RFC 2883 §4"
        "the receiver reports bytes that came twice"
        "{bytes} came twice[: {duplicate} was the second time]"
    ZeroWindow "TC311" "zero-window" Warning "RFC 9293 §3.8.6"
        "the receiver closes its window"
        "{who} has no room left and stops the other side[; {before} into the connection]"

    ZeroWindowStall "TC312" "zero-window-stall" Error "RFC 9293 §3.8.6.1"
        "a window that stays closed while the other side has more to send, or probes of it without an answer"
        "closed[ for {closed}][, {probes} probes in {span} had no answer]"
    WindowFull "TC313" "window-full" Note "RFC 9293 §3.8.6"
        "the bytes in flight reach the edge of the receiver's window"
        "up to the edge of the window of {window}"
    WindowOverrun "TC314" "window-overrun" Error "RFC 9293 §3.8.6"
        "data beyond every edge that the receiver advertised"
        "{bytes} beyond every edge that the receiver has advertised"
    WindowShrunk "TC315" "window-shrunk" Warning "RFC 7323 §2.4"
        "the right edge of a window moves back"
        "the right edge is {back} left of the one in {before}"
    KeepAliveUnanswered "TC316" "keep-alive-unanswered" Warning "RFC 9293 §3.8.4"
        "three or more keep-alives without an answer"
        "{probes} keep-alives in {span} had no answer"

    Reset "TC401" "reset" Error "RFC 9293 §3.6"
        "a RST cuts off a connection"
        "by {who} in {state}[, {after} after the last segment][; {outstanding} were not acknowledged]"
    ResetAfterFin "TC402" "reset-after-fin" Note "RFC 2525 §2.17"
        "the side that closed resets afterwards, as it does when data comes that nobody will read"
        "by {who}, {after} after its FIN in {fin}"
    HalfClosed "TC403" "half-closed" Note "RFC 9293 §3.6"
        "one side closed, the other never did"
        "{who} closed in {fin}; the other side had not when the capture ended, {after} later"
    FinUnacked "TC404" "fin-unacked" Warning "RFC 9293 §3.6"
        "a FIN that is never acknowledged"
        "the FIN of {who} in {fin} was not acknowledged in {after}"
    FinSeqChanged "TC405" "fin-seq-changed" Error "RFC 9293 §3.6"
        "a FIN at another sequence number than the first"
        "FIN at {seq}, the one in {fin} was at {old_seq}"
    DataAfterFin "TC406" "data-after-fin" Error "RFC 9293 §3.6"
        "new bytes beyond the sender's own FIN"
        "{bytes} beyond the FIN in {fin}"
    DataAfterReset "TC407" "data-after-reset" Warning "RFC 9293 §3.5.3"
        "the sender of a RST keeps sending"
        "{bytes} {after} after its own RST in {reset}"
    TimeWaitAssassinated "TC408" "time-wait-assassinated" Warning "RFC 1337"
        "a RST hits the side in TIME-WAIT"
        "{who} was in TIME_WAIT for {after}: old segments may now disturb a new connection"
    SimultaneousClose "TC409" "simultaneous-close" Note "RFC 9293 §3.6"
        "FIN crosses FIN"
        "both ends close: this FIN crosses the one in {fin}"
    NotClosed "TC410" "not-closed" Note "RFC 9293 §3.6"
        "still open when the capture ended"
        "still open after {after} when the capture ended"

    IllegalFlags "TC501" "illegal-flags" Error "RFC 9293 §3.1"
        "flags that cannot stand together: none, SYN+FIN, SYN+RST, FIN+RST, FIN without ACK"
        "{which}"
    BadHeaderLength "TC502" "bad-header-length" Error "RFC 9293 §3.1"
        "a data offset below 5 words, or beyond the segment"
        "the data offset says {length}, {why}"
    BadOption "TC503" "bad-option" Error "RFC 9293 §3.2"
        "an option with a length that cannot be, or bytes behind the end of the list"
        "option kind {kind}: {why}[ ({length})]"
    OptionMisplaced "TC504" "option-misplaced" Warning "RFC 7323 §2.2"
        "an option where it may not stand, or twice"
        "option kind {kind} {why}"
    AckFlagMissing "TC505" "ack-flag-missing" Error "RFC 9293 §3.1"
        "neither SYN nor RST, and no ACK"
        "no ACK flag: only the first SYN and a RST may do without"
    BadChecksum "TC506" "bad-checksum" Error "RFC 9293 §3.1"
        "a checksum that is wrong, and not left to the network card"
        "the segment's bytes give {expected}[; {taken}]"
    MssExceeded "TC507" "mss-exceeded" Note "RFC 9293 §3.7.1"
        "more payload than the receiver's MSS allows, without signs of offload"
        "{bytes}, but the receiver announced an MSS of {mss}"
    WindowScaleInvalid "TC508" "window-scale-invalid" Warning "RFC 7323 §2.3"
        "a window scale above 14"
        "shift {shift}; receivers take it for 14"
    TimestampMissing "TC509" "timestamp-missing" Warning "RFC 7323 §3.2"
        "timestamps were negotiated, and this segment has none"
        "no timestamp, though both SYNs agreed on them"
    TimestampRegressed "TC510" "timestamp-regressed" Warning "RFC 7323 §5"
        "new data with an older timestamp, which PAWS rejects"
        "TSval {tsval} after {old_tsval}: its receiver drops it (PAWS)"
    TimestampEchoInvalid "TC511" "timestamp-echo-invalid" Warning "RFC 7323 §3.2"
        "an echoed timestamp that the other end cannot have sent"
        "TSecr {tsecr}, but the other end's values go from {low} to {high}"
    EcnViolation "TC512" "ecn-violation" Note "RFC 3168 §6.1, RFC 9768 §3"
        "the rules of ECN are broken"
        "{which}"
    AuthOptionViolation "TC513" "auth-option-violation" Error "RFC 5925, RFC 2385"
        "MD5 and AO together, or an authentication that vanishes"
        "{which}"
    ReservedBitsSet "TC514" "reserved-bits-set" Note "RFC 9293 §3.1"
        "one of the three reserved bits is set"
        "reserved bits {bits}"

    FileCut "TC901" "file-cut" Warning ""
        "the file ends inside a packet; every complete packet was analysed"
        "the file ends inside a packet[ after {after_frame}]: {present} of {needed} at offset {offset}; all before it was analysed"
    SnaplenCut "TC902" "snaplen-cut" Note ""
        "the snapshot length cut packets short"
        "{captured} of {wire} captured: checksums are not verified, and contents not compared"
    StartsMidStream "TC903" "starts-mid-stream" Note ""
        "no SYN seen: the connection began before the capture"
        "no SYN seen: numbers are relative to the first ones here[; the client is taken to be {client}]"
    OneDirectionOnly "TC904" "one-direction-only" Warning ""
        "only one direction of the connection was captured"
        "{segments} segments from {who}, none from the other side, which they answer: nothing is said about loss"
    ChecksumOffload "TC905" "checksum-offload" Note ""
        "packets carry partial checksums: the sender leaves the rest to its network card"
        "partial checksum: captured on the sending machine, before the network card completes it"
    SegmentationOffload "TC906" "segmentation-offload" Note ""
        "segments above the MSS: sizes are the stack's, not the wire's"
        "{bytes} in one segment, MSS {mss}: the network card cuts or joins segments, sizes are not the wire's"
    KernelDrops "TC907" "kernel-drops" Warning ""
        "the kernel or the interface dropped packets during the capture"
        "{kernel} dropped by the kernel, {interface} by the interface: any loss may be the capture's own"
    CaptureDuplicate "TC908" "capture-duplicate" Note ""
        "the same packet captured twice; left out of all counters"
        "captured before as {first}, {after} earlier; not counted"
    TimeGoesBack "TC909" "time-goes-back" Warning ""
        "timestamps decrease"
        "{back} before the frame captured just before it; times across it mean little"
    CaptureGap "TC910" "capture-gap" Warning ""
        "bytes acknowledged that were never captured, and that their receiver did not miss"
        "{bytes} acknowledged but not in the capture: lost by the capture, not by the network"
    StateLimited "TC911" "state-limited" Warning ""
        "a limit of the tracker was reached"
        "{limit} reached[ ({value})]: {what}"
}
