//! The keys of a policy, each written once: the parser, its errors, the schema's test and `--init` read them here.

/// A key of `[policy]`, `[[scope]]` or `[compare]`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[allow(missing_docs, reason = "each has its sentence in the catalogue below")]
pub enum Key {
    Select,
    Ignore,
    FailOn,
    Severity,
    MaxRetransmissionRate,
    MaxHandshake,
    P95Handshake,
    MaxRtt,
    P95Rtt,
    MaxResponse,
    P95Response,
    MaxZeroWindow,
    MaxIdle,
    Close,
    CaptureGaps,
    OneDirection,
    KernelDrops,
    FileCut,
    Expect,
    Allow,
    MaxLoss,
    MaxDuplicates,
    MaxOvertaken,
    MaxDelay,
    P95Delay,
    MaxInserted,
    Changes,
    MaxClockOffset,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug)]
pub struct KeyInfo {
    /// Which one.
    pub key: Key,
    /// As it is written.
    pub name: &'static str,
    /// It may stand in a scope.
    pub in_scope: bool,
    /// An example of its value.
    pub example: &'static str,
    /// What it demands, in a line.
    pub says: &'static str,
}

impl Key {
    /// Every key of `[policy]`, in the order in which a policy lists them; those of `[compare]` are [`Key::OF_PAIRS`].
    pub const ALL: [KeyInfo; 20] = [
        info(
            Key::Select,
            "select",
            true,
            r#"["TC1", "TC2"]"#,
            "findings that are judged: codes, beginnings of codes, or names",
        ),
        info(Key::Ignore, "ignore", true, r#"["TC301"]"#, "of these, findings that are not"),
        info(Key::FailOn, "fail_on", true, r#""error""#, "the severity from which on a selected finding fails"),
        info(Key::Severity, "severity", true, r#"{ TC103 = "error" }"#, "another severity for a rule's findings"),
        info(
            Key::MaxRetransmissionRate,
            "max_retransmission_rate",
            true,
            r#""1%""#,
            "most data segments that are repetitions",
        ),
        info(Key::MaxHandshake, "max_handshake", true, r#""100ms""#, "the longest that a handshake may take"),
        info(Key::P95Handshake, "p95_handshake", true, r#""50ms""#, "what 95 of 100 handshakes may take"),
        info(Key::MaxRtt, "max_rtt", true, r#""200ms""#, "the longest that a round trip may take"),
        info(Key::P95Rtt, "p95_rtt", true, r#""100ms""#, "what 95 of 100 round trips may take"),
        info(Key::MaxResponse, "max_response", true, r#""2s""#, "the longest that a server may take to answer"),
        info(Key::P95Response, "p95_response", true, r#""500ms""#, "what a server may take for 95 of 100 answers"),
        info(
            Key::MaxZeroWindow,
            "max_zero_window",
            true,
            r#""500ms""#,
            "how long a side may keep its window closed, in all",
        ),
        info(Key::MaxIdle, "max_idle", true, r#""10s""#, "the longest time without a segment"),
        info(Key::Close, "close", true, r#""clean""#, "how connections end: clean, reset-ok or any"),
        info(
            Key::CaptureGaps,
            "capture_gaps",
            true,
            r#""fail""#,
            "bytes that the capture missed: fail, warn or ignore",
        ),
        info(Key::OneDirection, "one_direction", true, r#""fail""#, "connections of which one direction was captured"),
        info(Key::KernelDrops, "kernel_drops", false, r#""fail""#, "packets that the capturing kernel dropped"),
        info(Key::FileCut, "file_cut", false, r#""fail""#, "a file that ends inside a packet, or is damaged"),
        info(Key::Expect, "expect", true, r#"{ connections = ">=1" }"#, "what must be there"),
        info(
            Key::Allow,
            "allow",
            true,
            r#"[{ rule = "TC102", reason = "..." }]"#,
            "findings that are known, with a reason",
        ),
    ];

    /// What is known of it.
    pub fn info(self) -> &'static KeyInfo {
        // The tables are in the order of the enum: a test says so.
        let at = self as usize;
        Self::OF_PAIRS.get(at.wrapping_sub(Self::ALL.len())).unwrap_or_else(|| &Self::ALL[at])
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        self.info().name
    }
}

pub(super) const fn info(
    key: Key,
    name: &'static str,
    in_scope: bool,
    example: &'static str,
    says: &'static str,
) -> KeyInfo {
    KeyInfo { key, name, in_scope, example, says }
}

/// The known name that an unknown one comes nearest to.
pub(super) fn nearest<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |name: &str| strsim::jaro_winkler(&word.to_ascii_lowercase(), name);
    let near = known.into_iter().map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness > 0.75);
    near.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_in_the_order_of_the_keys() {
        for (at, info) in Key::ALL.iter().chain(&Key::OF_PAIRS).enumerate() {
            assert_eq!(info.key as usize, at, "{}", info.name);
            assert_eq!(info.key.name(), info.name);
        }
    }

    #[test]
    fn a_typo_finds_its_key() {
        let known = || Key::ALL.iter().map(|info| info.name);
        assert_eq!(nearest("max_retransmision_rate", known()), Some("max_retransmission_rate"));
        assert_eq!(nearest("selct", known()), Some("select"));
        assert_eq!(nearest("zzz", known()), None);
    }
}
