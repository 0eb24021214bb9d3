//! `--init`: a policy that captures known to be good pass, with room above what they show.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::capture::Span;
use crate::rules::Rule;

use super::units::{Share, span_text};
use super::verdict::Verdict;
use super::{Key, Policy};

/// Policies so strict that their verdicts hold what was measured; they differ in how connections may close, and from which
/// severity on a finding counts.
const STRICT: [(&str, &str); 3] = [("clean", "error"), ("reset-ok", "error"), ("any", "note")];

/// The one that counts findings of every severity, as an allowance does.
const EVERY_SEVERITY: usize = 2;

/// A draft in the making.
#[derive(Debug)]
pub struct Draft {
    strict: Vec<Policy>,
    /// Each capture's verdicts by the strict policies.
    verdicts: Vec<Vec<Verdict>>,
}

impl Default for Draft {
    fn default() -> Self {
        let strict = STRICT.map(|(close, fail_on)| {
            let text = format!(
                "version = 1\n[policy]\nclose = \"{close}\"\nfail_on = \"{fail_on}\"\nmax_retransmission_rate = \"0%\"\nmax_handshake = \"0s\"\n\
                 max_rtt = \"0s\"\nmax_zero_window = \"0s\"\nmax_idle = \"0s\"\n"
            );
            // A test says that these are policies.
            Policy::parse("", &text, Date::MAX).unwrap_or_else(|_| Policy::built_in())
        });
        Self { strict: strict.into(), verdicts: Vec::new() }
    }
}

impl Draft {
    /// The policies to judge a capture by, for [`Draft::learn`].
    pub fn policies(&self) -> &[Policy] {
        &self.strict
    }

    /// Takes a capture's verdicts, one for each of the policies.
    pub fn learn(&mut self, verdicts: Vec<Verdict>) {
        self.verdicts.push(verdicts);
    }

    /// Connections of all captures.
    pub fn connections(&self) -> u64 {
        self.verdicts.iter().filter_map(|verdicts| verdicts.first()).map(|verdict| verdict.connections).sum()
    }

    /// The policy's text.
    pub fn text(&self, made_from: &str) -> String {
        let mut out = format!(
            "# What `tcpcheck check` demands of captures. Made from {made_from}, with room above what\n\
             # they show: make it as strict as you like. Every key is in docs/policy.md.\n\
             version = 1\n\n[policy]\n\
             # Findings that fail: codes, beginnings of codes, or names (`tcpcheck rules` lists them).\n\
             select = [\"TC1\", \"TC2\", \"TC3\", \"TC4\", \"TC5\"]\n\
             # From this severity on: error, warning or note.\nfail_on = \"error\"\n\n\
             # Retransmitted data segments. Below 20 segments one is forgiven.\n"
        );
        out.push_str(&format!("max_retransmission_rate = \"{}\"\n\n", self.rate()));
        for (key, least, comment) in [
            (Key::MaxHandshake, Span::from_millis(10), "SYN to established"),
            (Key::MaxRtt, Span::from_millis(10), "Segment to acknowledgment"),
            (Key::MaxZeroWindow, Span::from_millis(100), "A receiver that stops its sender, in all"),
            (Key::MaxIdle, Span::from_secs(1), "Nothing at all on an open connection"),
        ] {
            let worst = self.results(0, key).filter_map(|result| result.worst).max().unwrap_or_default();
            let limit = round_up(Span(worst.0.saturating_mul(2)).max(least));
            out.push_str(&format!("# {comment}: here {} at most.\n", spoken(worst)));
            out.push_str(&format!("{} = \"{}\"\n", key.name(), span_text(limit)));
        }
        out.push_str(&format!(
            "# Of many, what 95 of 100 may take (one outlier of a few does not decide):\n\
             # p95_handshake = \"50ms\"\n# p95_rtt = \"50ms\"\n\n\
             # How connections end: clean (a FIN from both sides), reset-ok or any.\nclose = \"{}\"\n\n\
             # A capture that is too poor to be judged: fail (exit status 4), warn or ignore.\n",
            self.close()
        ));
        for key in [Key::CaptureGaps, Key::OneDirection, Key::KernelDrops, Key::FileCut] {
            let good = self.results(0, key).all(|result| result.bad == 0);
            out.push_str(&format!("{} = \"{}\"\n", key.name(), if good { "fail" } else { "warn" }));
        }
        self.allow(&mut out);
        let least =
            self.verdicts.iter().filter_map(|verdicts| verdicts.first()).map(|verdict| verdict.connections).min();
        out.push_str(&format!("\n[policy.expect]\nconnections = \">={}\"\n", least.unwrap_or(1).min(1)));
        out.push_str(
            "\n# What differs for some connections: the first scope whose pcap filter takes one decides.\n\
             # [[scope]]\n# name = \"mail\"\n# filter = \"tcp port 25\"\n# max_handshake = \"1s\"\n",
        );
        out
    }

    fn results(&self, policy: usize, key: Key) -> impl Iterator<Item = &super::Judgement> {
        let checks = self.strict.get(policy).map_or(&[][..], |policy| &policy.checks);
        let at = checks.iter().position(|check| check.key == key);
        let verdicts = self.verdicts.iter().filter_map(move |verdicts| verdicts.get(policy));
        verdicts.filter_map(move |verdict| verdict.results.get(at?))
    }

    /// The least round share that all captures keep, and would with twice as many repetitions and one: on a machine that is
    /// busy, now and then something is sent again for nothing. Of few segments one is forgiven anyhow.
    fn rate(&self) -> &'static str {
        let holds = |share: &str| {
            let share = Share::parse(share).unwrap_or(Share(1_000_000));
            let most = |result: &super::Judgement| if result.of < 20 { result.bad } else { 2 * result.bad + 1 };
            self.results(0, Key::MaxRetransmissionRate).all(|result| most(result) <= share.allowed(result.of))
        };
        ["1%", "2%", "5%", "10%", "20%", "50%"].into_iter().find(|share| holds(share)).unwrap_or("100%")
    }

    fn close(&self) -> &'static str {
        let holds = |at: &usize| self.results(*at, Key::Close).all(|result| result.bad == 0);
        (0..STRICT.len()).find(holds).map_or("any", |at| STRICT[at].0)
    }

    /// What would fail is allowed, as often as it is there.
    fn allow(&self, out: &mut String) {
        let mut most: BTreeMap<&str, u64> = BTreeMap::new();
        let both = self.results(0, Key::Select).zip(self.results(EVERY_SEVERITY, Key::Select));
        for (failing, all) in both {
            let failing: BTreeSet<&str> = failing.counts.keys().map(|what| what.subject.as_str()).collect();
            let mut here: BTreeMap<&str, u64> = BTreeMap::new();
            for (what, count) in all.counts.iter().filter(|(what, _)| failing.contains(what.subject.as_str())) {
                *here.entry(what.subject.as_str()).or_default() += count;
            }
            for (code, count) in here {
                let most = most.entry(code).or_default();
                *most = count.max(*most);
            }
        }
        if most.is_empty() {
            return;
        }
        out.push_str(
            "\n# Findings that are there already. Say why each is fine, or mend it and take it out.\nallow = [\n",
        );
        for (code, max) in most {
            let slug = Rule::named(code).first().map_or("", |rule| rule.slug());
            out.push_str(&format!(
                "  {{ rule = \"{slug}\", max = {max}, reason = \"there when this policy was made\" }},\n"
            ));
        }
        out.push_str("]\n");
    }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on milliseconds, seconds.
fn round_up(span: Span) -> Span {
    let mut unit = 1_000_000_i64;
    while unit < i64::MAX / 10 {
        if let Some(step) = [1, 2, 5].into_iter().find(|step| unit * step >= span.0) {
            return Span(unit * step);
        }
        unit *= 10;
    }
    span
}

fn spoken(span: Span) -> String {
    let (number, unit) = if span.0 < 1_000_000_000 { (span.as_millis_f64(), "ms") } else { (span.as_secs_f64(), "s") };
    format!("{number:.1} {unit}")
}
