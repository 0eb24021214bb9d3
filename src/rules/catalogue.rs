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
    RetransmissionExcessive "TC206" "retransmission-excessive" Error "RFC 9293 §3.8.3"
        "the same bytes again more than six times, or for more than 100 s"
        "again, {times} by now, {span} after {first}"
    BackoffViolation "TC207" "backoff-violation" Note "RFC 6298 §5.5"
        "the timer's intervals shrink although nothing was heard: it should double"
        "the timer ran for {interval}, after {before} the time before, with nothing heard in between"
    SackedRangeResent "TC208" "sacked-range-resent" Note "RFC 6675 §4"
        "bytes sent again more than a round trip after the receiver had reported them by SACK"
        "the receiver had reported it {after} before, in {sack}; the longest round trip took {round_trip}"
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
    OverlapConflict "TC214" "overlap-conflict" Error "RFC 9293 §3.10.7.4"
        "the same bytes again with other content"
        "the {bytes} are not those of {first}, which has the same numbers: one of both is forged or damaged"
    SeqOutOfWindow "TC215" "seq-out-of-window" Error "RFC 9293 §3.10.7.4"
        "data entirely outside the receive window, and not old"
        "seq {seq}, where {expected} was expected: its receiver drops it; the sender went on with {next}, {after} later"

    DuplicateAck "TC301" "duplicate-ack" Note "RFC 5681 §2"
        "the same acknowledgment again while data is outstanding"
        "duplicate ACK[ {nth}] of {ack}"
    TripleDuplicateAck "TC302" "triple-duplicate-ack" Note "RFC 5681 §3.2"
        "the third duplicate acknowledgment: a loss signal"
        "the third duplicate ACK of {ack}: the sender takes the bytes from there for lost"
    ZeroWindow "TC311" "zero-window" Warning "RFC 9293 §3.8.6"
        "the receiver closes its window"
        "{who} has no room left and stops the other side[; {before} into the connection]"

    WindowFull "TC313" "window-full" Note "RFC 9293 §3.8.6"
        "the bytes in flight reach the edge of the receiver's window"
        "up to the edge of the window of {window}"

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

    ResetInjectionSuspected "TC601" "reset-injection-suspected" Error "RFC 5961 §3"
        "a RST whose sender goes on, or that differs from its sender's other segments in two marks or more"
        "perhaps not its sender's:[ that went on with {next}, {after} later][ TTL {ttl} after {usual_ttl};][ IP ID {ip_id} after {last_id};][ TSval {tsval} after {last_tsval};][ seq {seq} where {expected} was expected;][ window {window} after {last_window}]"
    ResetBlind "TC602" "reset-blind" Warning "RFC 5961 §3.2"
        "a RST that is not at the number its receiver expects, and of which its sender knows nothing"
        "seq {seq}, where {expected} was expected: it resets nothing; its sender went on with {next}, {after} later"
    SynBlind "TC603" "syn-blind" Warning "RFC 5961 §4.2"
        "a SYN with another ISN on an open connection, of which its sender knows nothing"
        "ISN {seq} on a connection at {expected}; its sender went on with {next}, {after} later"
    ChallengeAck "TC604" "challenge-ack" Note "RFC 5961"
        "an ACK that answers an unacceptable RST, SYN or ACK"
        "answers the {what} of {answers}, {after} before, which it does not accept"
    IsnPredictable "TC605" "isn-predictable" Warning "RFC 6528 §3"
        "a host whose initial sequence numbers can be guessed: constant, or linear in a clock"
        "this host's last ISNs are {how}: {connections} connections seen"
    PathAnomaly "TC606" "path-anomaly" Note ""
        "one packet whose TTL or IP ID is far off those before and after it"
        "unlike the packets before and after it:[ TTL {ttl}, not {usual_ttl};][ IP ID {ip_id} after {last_id}]"
    SynFlood "TC607" "syn-flood" Warning "RFC 4987 §2"
        "more half-open attempts towards one address and port than the table has room for"
        "{attempts} attempts towards port {port} of one address wait for an answer, as many as the table has room for"

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
