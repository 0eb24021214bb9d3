//! What one header says that it may not say (TC5).

use crate::dissect::{Checksum, HeaderFault, OptionFaultKind, TcpFlags};
use crate::rules::{Confidence, Rule, Severity};

use crate::track::conn::connection::{Connection, Remark};
use crate::track::conn::facts::Fact;
use crate::track::conn::step::Step;

impl Connection {
    pub(in crate::track) fn check_header(&mut self, step: &mut Step<'_>) {
        check_flags(step);
        check_options(step);
        self.check_option_places(step);
        self.check_size(step);
        self.check_authentication(step);
        self.check_ecn(step);
        let reserved = (step.segment.flags.0 & TcpFlags::RESERVED.0) >> 9;
        if reserved != 0 {
            step.fire(Rule::ReservedBitsSet).number("bits", reserved);
        }
    }

    /// Whether the segment is damaged: its receiver drops it.
    pub(in crate::track) fn check_checksum(&mut self, step: &mut Step<'_>) -> bool {
        let Checksum::Wrong { expected } = step.segment.checksum else { return false };
        // One bad sum among good ones is a damaged packet. Where no sum of that end ever holds, the capture shows packets
        // before something completes them, and the receiver saw them whole: that is said once.
        let facts = self.ends[step.me()].facts;
        let damaged = facts.has(Fact::GoodChecksum) && !facts.has(Fact::SumsAltered);
        if damaged {
            step.fire(Rule::BadChecksum).number("expected", expected);
            self.watch_damaged(step, expected);
        } else if facts.has(Fact::SumsAltered) {
            self.note_altered(step);
        } else if !self.once.note(Remark::Checksum, step.me()) && !step.shared.counts.is_altered() {
            let finding = step.fire(Rule::BadChecksum);
            finding.severity = Severity::Note;
            finding
                .number("expected", expected)
                .confidence(Confidence::Possible)
                .word("taken", "no sum of this side has held yet, so its segments are taken all the same");
        }
        damaged
    }

    /// Numbers are acknowledged that came in a segment whose checksum does not hold, and in no other: its receiver had it whole.
    pub(in crate::track) fn settle_damaged(&mut self, step: &mut Step<'_>, ack: i64) {
        let peer = step.peer();
        let Some(suspicions) = self.rare.suspicions_mut() else { return };
        for damaged in suspicions.take_damaged(peer, ack) {
            let sender = &mut self.ends[peer];
            if sender.first_copy(damaged.seq).is_none_or(|sent| sent.resent) {
                continue;
            }
            sender.facts.note(Fact::SumsAltered);
            self.once.note(Remark::Checksum, peer);
            let mut finding = self.late_finding(Rule::BadChecksum, (damaged.frame, damaged.ts), step.from.reverse());
            finding.severity = Severity::Note;
            finding.number("expected", damaged.expected).word("taken", "its receiver acknowledged it all the same");
            self.amend(step, damaged.frame, vec![finding], &[]);
        }
    }

    // RFC 9293 §3.2, RFC 7323 §2.2, RFC 2018 §2: these stand on a SYN or nowhere.
    fn check_option_places(&mut self, step: &mut Step<'_>) {
        let options = &step.segment.options;
        if let Some(kind) = options.duplicate {
            step.fire(Rule::OptionMisplaced).number("kind", kind).word("why", "stands there twice");
        }
        if let Some(shift) = options.wscale.filter(|shift| *shift > 14) {
            step.fire(Rule::WindowScaleInvalid).number("shift", shift);
        }
        if !step.has(TcpFlags::SYN) {
            let misplaced = [(options.mss.is_some(), 2), (options.wscale.is_some(), 3), (options.sack_permitted, 4)];
            for (_, kind) in misplaced.into_iter().filter(|(present, _)| *present) {
                step.fire(Rule::OptionMisplaced).number("kind", kind).word("why", "may stand on a SYN only");
            }
        } else if step.segment.flags.is_syn_ack() && options.wscale.is_some() {
            let client = &self.ends[step.peer()];
            if client.facts.has(Fact::SynSeen) && client.wscale.is_none() {
                step.fire(Rule::OptionMisplaced)
                    .number("kind", 3)
                    .word("why", "answers a SYN that has none: neither window is scaled");
            }
        }
    }

    fn check_size(&mut self, step: &mut Step<'_>) {
        if self.is_oversized(step) && !self.once.note(Remark::Mss, step.me()) {
            let (mss, bytes) = (self.ends[step.peer()].mss, u64::from(step.segment.payload_len));
            step.fire(Rule::MssExceeded).bytes("bytes", bytes).number("mss", mss).confidence(Confidence::Possible);
        }
    }

    /// Whether the segment carries more than its receiver asked for, and offload does not explain it.
    pub(in crate::track) fn is_oversized(&self, step: &Step<'_>) -> bool {
        let (segment, mss) = (step.segment, self.ends[step.peer()].mss);
        let over = mss > 0 && segment.payload_len > u32::from(mss);
        // A frame that fits Ethernet and carries a complete checksum was made so; all others were cut or joined by offload.
        over && !(segment.wire_len > 1_518 || segment.offloaded || segment.checksum == Checksum::Partial)
    }

    /// Whether the segment is longer than the network allows.
    pub(in crate::track) fn is_offloaded(
        &self,
        from: crate::track::Direction,
        segment: &crate::dissect::Segment,
    ) -> Option<u16> {
        let mss = self.ends[from.reverse().index()].mss;
        // What came in fragments fits the network as it is.
        let longer = segment.payload_len > u32::from(mss) && segment.wire_len > 1_518 && !segment.fragment;
        (mss > 0 && longer).then_some(mss)
    }

    /// Whether an end's newest timestamp came with old bytes.
    // RFC 7323 §5.3: what the receiver has already is not acceptable (R2), and so leaves TS.Recent as it is (R3).
    fn was_sent_again(&self, end: usize, tsval: u32) -> bool {
        let recovery = self.ends[end].rare.recovery.as_deref();
        recovery.is_some_and(|recovery| recovery.resent.iter().any(|resent| resent.tsval == Some(tsval)))
    }

    // RFC 5925 §2.2, RFC 2385 §2: once used, on every segment; never both.
    fn check_authentication(&mut self, step: &mut Step<'_>) {
        let options = &step.segment.options;
        let facts = self.ends[step.me()].facts;
        let which = if options.md5 && options.ao {
            "MD5 and AO on one segment"
        } else if facts.has(Fact::SynSeen) && facts.has(Fact::Md5) && !options.md5 && !options.cut {
            "its SYN was signed with MD5, this segment is not"
        } else if facts.has(Fact::SynSeen) && facts.has(Fact::Ao) && !options.ao && !options.cut {
            "its SYN was authenticated with AO, this segment is not"
        } else {
            return;
        };
        if !self.once.note(Remark::Auth, step.me()) {
            step.fire(Rule::AuthOptionViolation).word("which", which);
        }
    }

    fn check_ecn(&mut self, step: &mut Step<'_>) {
        let flags = step.segment.flags;
        let [me, peer] = [self.ends[step.me()].facts, self.ends[step.peer()].facts];
        let ace = (flags.0 >> 6) & 7;
        let loss_reports = peer.has(Fact::Ecn) || peer.has(Fact::AccEcn);
        let which = if flags.is_syn_ack() && peer.has(Fact::SynSeen) {
            match ace {
                0b111 => "the SYN+ACK reflects all three ECN flags",
                _ if ace != 0 && !loss_reports => "the SYN+ACK answers ECN, which the SYN had not asked for",
                0b011 => "the SYN+ACK sets ECE and CWR: only a SYN may",
                _ => return,
            }
        } else if me.has(Fact::SynSeen) && peer.has(Fact::SynSeen) && !step.has(TcpFlags::SYN) {
            if self.agreed_on_ecn() || !(me.has(Fact::SynAcked) && peer.has(Fact::SynAcked)) {
                return;
            }
            if flags.contains(TcpFlags::ECE) {
                "ECE, though the SYNs did not agree on ECN"
            } else if step.segment.tos & 3 != 0 && step.segment.payload_len > 0 {
                "an ECN-capable codepoint on data, though the SYNs did not agree on ECN"
            } else {
                return;
            }
        } else {
            return;
        };
        if !self.once.note(Remark::Ecn, step.me()) {
            step.fire(Rule::EcnViolation).word("which", which);
        }
    }

    /// Whether the SYNs agreed on ECN.
    pub(in crate::track) fn agreed_on_ecn(&self) -> bool {
        let [client, server] = [self.ends[0].facts, self.ends[1].facts];
        (client.has(Fact::Ecn) && server.has(Fact::Ecn)) || client.has(Fact::AccEcn) || server.has(Fact::AccEcn)
    }

    /// Timestamps: present when agreed, not older than before, echoing what was sent (RFC 7323).
    pub(in crate::track) fn check_timestamps(&mut self, step: &mut Step<'_>) {
        let segment = step.segment;
        let agreed = self.ends.iter().all(|end| end.facts.has(Fact::SynSeen) && end.facts.has(Fact::Timestamps));
        let [me, peer] = [step.me(), step.peer()];
        let Some((tsval, tsecr)) = segment.options.timestamps else {
            if agreed {
                self.check_timestamp_missing(step);
            }
            return;
        };
        if self.ends[me].first_tsval().is_none() {
            self.ends[me].note_first_tsval(tsval, segment.ts);
            self.ends[me].tsval = tsval;
        }
        // §5: only what advances can be judged: a late or repeated segment is older without any harm.
        let advances =
            segment.payload_len > 0 && step.obs.seq_end > self.ends[me].nxt && step.obs.seq >= self.ends[me].nxt;
        let old = self.ends[me].tsval;
        if tsval.wrapping_sub(old) as i32 >= 0 {
            self.ends[me].tsval = tsval;
        } else if agreed
            && advances
            && !self.was_sent_again(me, old)
            && segment.ts.since(self.ends[me].last_ts).0 < PAWS_IDLE_NANOS
        {
            step.fire(Rule::TimestampRegressed).number("tsval", tsval).number("old_tsval", old);
        }
        let other = &self.ends[peer];
        let since = other.first_tsval_at();
        if let Some(first) =
            other.first_tsval().filter(|_| agreed && step.has(TcpFlags::ACK) && !step.has(TcpFlags::SYN))
        {
            // What the capture missed may carry values above the newest seen: a clock ticks once a millisecond at most
            // (RFC 7323 §5.4; stacks that tick faster are known by their own pace and let off).
            let newest = other.tsval;
            let ahead = tsecr.wrapping_sub(newest) as i32;
            let behind = first.wrapping_sub(tsecr) as i32;
            let elapsed =
                i32::try_from(segment.ts.since(other.last_ts.max(since)).0.max(0) / 1_000_000).unwrap_or(i32::MAX);
            let age = other.last_ts.since(since).0.max(0) / 1_000_000;
            let fast = i64::from(newest.wrapping_sub(first)) > age.saturating_mul(2).saturating_add(100);
            // Of values that the capture missed nothing is known, nor of those that it stores late.
            let missed = self.was_missed() || self.gaps_acked || step.shared.lossy;
            let lags = self.lags(step.from.reverse());
            let invalid = ahead > elapsed.saturating_add(100) && !missed || behind > 0;
            if !fast && !lags && invalid && !self.once.note(Remark::TimestampEcho, me) {
                step.fire(Rule::TimestampEchoInvalid)
                    .number("tsecr", tsecr)
                    .number("low", first)
                    .number("high", newest)
                    .confidence(Confidence::Likely);
            }
        }
    }

    /// A segment without timestamps, where both ends have agreed on them.
    fn check_timestamp_missing(&mut self, step: &mut Step<'_>) {
        let (segment, me) = (step.segment, step.me());
        // §3.2: "once TSopt has been successfully negotiated … MUST be sent in every non-<RST> segment".
        let exempt = segment.options.cut || segment.options.fault.is_some() || step.has(TcpFlags::SYN);
        // Keep-alives of some stacks (Apple's) go without.
        let keep_alive = segment.payload_len <= 1 && step.obs.seq == self.ends[me].una - 1;
        if !exempt && !keep_alive && !self.once.note(Remark::TimestampMissing, me) {
            let finding = step.fire(Rule::TimestampMissing);
            if segment.payload_len == 0 {
                // No byte is lost with it.
                finding.severity = Severity::Note;
            }
        }
    }
}

/// RFC 7323 §5.5: after 24 days of idling, timestamps prove nothing.
const PAWS_IDLE_NANOS: i64 = 24 * 86_400 * 1_000_000_000;

// RFC 9293 §3.1, §3.10.7.
fn check_flags(step: &mut Step<'_>) {
    let flags = step.segment.flags;
    let (syn, fin, rst, ack) = (
        flags.contains(TcpFlags::SYN),
        flags.contains(TcpFlags::FIN),
        flags.contains(TcpFlags::RST),
        flags.contains(TcpFlags::ACK),
    );
    let which = match (syn, fin, rst) {
        _ if flags.0 & 0x3f == 0 => "no flag at all",
        (true, true, _) => "SYN and FIN together",
        (true, _, true) => "SYN and RST together",
        (_, true, true) => "FIN and RST together",
        (false, true, false) if !ack => "FIN without ACK",
        (false, false, false) if !ack => {
            step.fire(Rule::AckFlagMissing);
            return;
        }
        _ => return,
    };
    step.fire(Rule::IllegalFlags).word("which", which);
}

fn check_options(step: &mut Step<'_>) {
    let segment = step.segment;
    if let Some(fault) = segment.header_fault {
        let why = match fault {
            HeaderFault::TooShort => "below the 20 bytes of the fixed header",
            HeaderFault::TooLong => "beyond the end of the segment",
        };
        step.fire(Rule::BadHeaderLength).bytes("length", u64::from(segment.header_len)).word("why", why);
        return;
    }
    let Some(fault) = segment.options.fault else { return };
    let (why, length) = match fault.what {
        OptionFaultKind::BadLength(length) => ("a length that it cannot have", Some(length)),
        OptionFaultKind::TooShort(length) => ("a length below 2", Some(length)),
        OptionFaultKind::Overrun(length) => ("longer than the header", Some(length)),
        OptionFaultKind::AfterEnd => ("bytes other than zero behind the end of the list", None),
    };
    let finding = step.fire(Rule::BadOption);
    finding.number("kind", fault.kind).word("why", why);
    if let Some(length) = length {
        finding.bytes("length", u64::from(length));
    }
}
