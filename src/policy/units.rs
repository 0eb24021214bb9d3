//! What stands behind a key: lengths of time, shares, numbers that are compared, and words from a fixed set.

use crate::capture::Span;

/// `"100ms"`: a number with its unit, from nanoseconds to hours.
///
/// # Errors
/// What is wrong with it, in words.
pub fn span(text: &str) -> Result<Span, String> {
    let text = text.trim();
    let unit_at = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let nanos: f64 = match unit.trim() {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3600e9,
        "" => return Err(format!("{text:?} has no unit: say {text}ms or {text}s")),
        other => return Err(format!("no unit is called {other:?}: there are ns, us, ms, s, m and h")),
    };
    let number: f64 = number.parse().map_err(|_| format!("{text:?} is no length of time: say 100ms, 1.5s or 2m"))?;
    // A float that is too large becomes the largest span.
    Ok(Span((number * nanos).round() as i64))
}

/// A span as a policy writes it: the largest unit that leaves no fraction.
pub fn span_text(span: Span) -> String {
    let units =
        [(3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    match units.iter().find(|(unit, _)| span.0 != 0 && span.0 % unit == 0) {
        Some((unit, name)) => format!("{}{name}", span.0 / unit),
        None if span.0 == 0 => "0s".to_owned(),
        None => format!("{}ns", span.0),
    }
}

/// A share in millionths: `"1%"` is 10,000.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Share(pub u32);

impl Share {
    /// `"1%"`, `"0.05%"`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.trim().strip_suffix('%').ok_or_else(|| format!("{text:?} has no %: say \"1%\""))?;
        let percent: f64 =
            number.trim().parse().map_err(|_| format!("{text:?} is no share: say \"1%\" or \"0.5%\""))?;
        if !(0.0..=100.0).contains(&percent) {
            return Err(format!("{text:?} is not between 0% and 100%"));
        }
        Ok(Self((percent * 10_000.0).round() as u32))
    }

    /// The most that may be of `of`, so that small samples do not decide by a single one.
    ///
    /// Below 20, one is allowed in any case; but 0 % is none.
    pub fn allowed(self, of: u64) -> u64 {
        let share = u128::from(self.0) * u128::from(of) / 1_000_000;
        let share = share.try_into().unwrap_or(u64::MAX);
        if of < 20 && self.0 > 0 { share.max(1) } else { share }
    }
}

/// How many of so many may be above what 95 of 100 keep to: one of few may be an outlier, but not all there is.
pub(super) fn one_in_20(of: u64) -> u64 {
    Share(50_000).allowed(of).min(of.saturating_sub(1))
}

/// A number to compare with: `">=1"`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Comparison {
    /// How.
    pub relation: Relation,
    /// With what.
    pub number: u64,
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Relation {
    AtLeast,
    AtMost,
    Exactly,
    Above,
    Below,
}

impl Comparison {
    /// `">=1"`, `"<=5"`, `"==3"`, `"3"`, `">0"`, `"<9"`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (relation, number) = [
            (">=", Relation::AtLeast),
            ("<=", Relation::AtMost),
            ("==", Relation::Exactly),
            ("=", Relation::Exactly),
            (">", Relation::Above),
            ("<", Relation::Below),
        ]
        .into_iter()
        .find_map(|(sign, relation)| text.strip_prefix(sign).map(|number| (relation, number)))
        .unwrap_or((Relation::Exactly, text));
        let number = number.trim().parse().map_err(|_| format!("{text:?} is no comparison: say \">=1\" or \"==3\""))?;
        Ok(Self { relation, number })
    }

    /// Whether a number is what it should be.
    pub fn holds(self, found: u64) -> bool {
        match self.relation {
            Relation::AtLeast => found >= self.number,
            Relation::AtMost => found <= self.number,
            Relation::Exactly => found == self.number,
            Relation::Above => found > self.number,
            Relation::Below => found < self.number,
        }
    }
}

/// A word from a fixed set.
pub trait Word: Copy + 'static {
    /// Every word with its meaning.
    const WORDS: &'static [(&'static str, Self)];

    /// The meaning of a word.
    fn of(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning)
    }
}

/// How connections may end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Close {
    /// With a FIN from both sides.
    Clean,
    /// That, or with a RST once they were open.
    ResetOk,
    /// Anyhow.
    Any,
}

impl Word for Close {
    const WORDS: &'static [(&'static str, Self)] =
        &[("clean", Self::Clean), ("reset-ok", Self::ResetOk), ("any", Self::Any)];
}

/// What a defect of the capture leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Gate {
    /// The capture is too poor to be judged.
    Fail,
    /// A warning.
    Warn,
    /// Nothing.
    Ignore,
}

impl Word for Gate {
    const WORDS: &'static [(&'static str, Self)] =
        &[("fail", Self::Fail), ("warn", Self::Warn), ("ignore", Self::Ignore)];
}

impl Word for crate::rules::Severity {
    const WORDS: &'static [(&'static str, Self)] =
        &[("error", Self::Error), ("warning", Self::Warning), ("note", Self::Note)];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_a_unit() {
        for (text, nanos) in
            [("100ms", 100_000_000), ("1.5s", 1_500_000_000), ("2m", 120_000_000_000), ("50 us", 50_000), ("0s", 0)]
        {
            assert_eq!(span(text), Ok(Span(nanos)), "{text}");
        }
        for (text, words) in
            [("100", "has no unit: say 100ms"), ("5 parsecs", "no unit is called \"parsecs\""), ("ms", "is no length")]
        {
            assert!(span(text).unwrap_err().contains(words), "{text}: {:?}", span(text));
        }
        for text in ["100ms", "2m", "1500ms", "7h", "12us", "3ns"] {
            assert_eq!(span_text(span(text).unwrap()), text);
        }
        assert_eq!(span("99999999999999999999h"), Ok(Span(i64::MAX)));
    }

    #[test]
    fn one_of_few_never_decides() {
        let one_percent = Share::parse("1%").unwrap();
        for (of, allowed) in [(0, 1), (1, 1), (19, 1), (20, 0), (99, 0), (100, 1), (250, 2)] {
            assert_eq!(one_percent.allowed(of), allowed, "{of}");
        }
        assert_eq!(Share::parse("20%").unwrap().allowed(19), 3);
        assert_eq!(Share::parse("0%").unwrap().allowed(10), 0);
        assert!(Share::parse("1").unwrap_err().contains("no %"));
        assert!(Share::parse("101%").is_err() && Share::parse("-1%").is_err() && Share::parse("NaN%").is_err());
    }

    #[test]
    fn numbers_are_compared_as_written() {
        for (text, right, wrong) in
            [(">=1", 1, 0), ("<= 5", 5, 6), ("==3", 3, 4), ("3", 3, 2), (">0", 1, 0), ("<9", 8, 9)]
        {
            let comparison = Comparison::parse(text).unwrap();
            assert!(comparison.holds(right) && !comparison.holds(wrong), "{text}");
        }
        assert!(Comparison::parse("many").is_err() && Comparison::parse(">=-1").is_err());
    }
}
