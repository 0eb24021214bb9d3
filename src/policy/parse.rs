//! A policy's text to its checks. Everything that is wrong is told at once, each thing where it stands.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::rules::{Rule, Severity};

mod compare;

use super::check::{Allowance, Check, Defect, Demand, FindingRules, Measure, Policy, Scope, Section};
use super::file::{self, MAX_POLICY};
use super::key::nearest;
use super::problem::Positions;
use super::units::{Close, Comparison, Gate, Share, Word, span};
use super::{Key, KeyInfo, Named, PolicyError, Position, Problem, scope};

/// What is judged where a policy does not say.
const SELECTED: [&str; 5] = ["TC1", "TC2", "TC3", "TC4", "TC5"];

/// From which severity on a finding fails where a policy does not say.
const FAIL_ON: Severity = Severity::Error;

/// Maximum number of problems that are told at once.
const MAX_TOLD: usize = 10;

/// The same of a text that is not TOML, which may be any file at all.
const MAX_TOLD_OTHER: usize = 3;

/// Maximum number of problems that are collected, to tell the first of them.
const MAX_PROBLEMS: usize = 1_000;

/// Maximum number of characters of a text in a policy.
const MAX_CHARACTERS: usize = 1_000;

/// Maximum number of scopes: each connection may have to be tried on all of them.
const MAX_SCOPES: usize = 100;

/// Maximum number of characters of all scopes' filters together: libpcap takes up to a second for a thousand of them, and
/// the time grows with their square.
const MAX_FILTERS: usize = 8_000;

type Value<'t> = Spanned<DeValue<'t>>;

impl Policy {
    /// Reads a policy. `today` tells which allowances have expired.
    ///
    /// # Errors
    /// When it cannot be read, or says what no policy says.
    pub fn read(path: &Path, named: Named, today: Date) -> Result<Self, PolicyError> {
        let text = file::text(path, named, MAX_POLICY)?;
        Self::parse(&path.display().to_string(), &text, today)
            .map(|policy| Self { file: Some(path.to_owned()), ..policy })
    }

    /// The policy of a text; `file` stands in its errors.
    ///
    /// # Errors
    /// When it says what no policy says.
    pub fn parse(file: &str, text: &str, today: Date) -> Result<Self, PolicyError> {
        let positions = Positions::new(text);
        let mut parser =
            Parser { text, positions: &positions, today, problems: Vec::new(), checks: Vec::new(), filters: 0 };
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            parser.problem(error.span().unwrap_or(0..0), format!("not TOML: {}", error.message().trim()));
        }
        // What is left of a text that is not TOML would only be misunderstood.
        let is_toml = parser.problems.is_empty();
        let sections = if is_toml { parser.document(document.get_ref()) } else { Vec::new() };
        match parser.problems.is_empty() {
            true => Ok(Self { file: None, checks: parser.checks, sections }),
            false => {
                let mut problems = parser.problems;
                problems.sort_by_key(|(span, _)| span.start);
                let told = problems.into_iter().take(if is_toml { MAX_TOLD } else { MAX_TOLD_OTHER });
                let told = told.map(|(span, words)| Problem::at(file, text, positions.of(span.start), span, words));
                Err(PolicyError::Invalid(told.collect()))
            }
        }
    }

    /// The policy where there is no file.
    pub fn built_in() -> Self {
        let parsed = Self::parse("", "version = 1\n[policy]\n", Date::MAX);
        // A test says that this is a policy.
        parsed.unwrap_or(Self { file: None, checks: Vec::new(), sections: Vec::new() })
    }
}

/// No selected finding, where the policy says nothing of findings.
fn default_findings(at: Position) -> Check {
    let named = SELECTED.map(|word| format!("{word:?}")).join(", ");
    Check { key: Key::Select, section: 0, demand: Demand::Findings(FAIL_ON), at, text: format!("select = [{named}]") }
}

/// All rules of these names, in order.
fn rules(words: &[&str]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = words.iter().flat_map(|word| Rule::named(word)).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

struct Parser<'t> {
    text: &'t str,
    positions: &'t Positions<'t>,
    today: Date,
    problems: Vec<(Range<usize>, String)>,
    checks: Vec<Check>,
    /// Characters of the scopes' filters so far.
    filters: usize,
}

/// What a section says of findings.
#[derive(Default)]
struct Findings {
    select: Option<Vec<Rule>>,
    ignore: Option<Vec<Rule>>,
    fail_on: Option<Severity>,
    severities: BTreeMap<Rule, Severity>,
    /// Where it first says so.
    written: Option<Range<usize>>,
}

/// What a section says.
#[derive(Default)]
struct Written {
    findings: Findings,
    /// Checks of a key each, by index.
    checks: BTreeMap<Key, usize>,
    connections: Option<usize>,
    allow: Option<Vec<usize>>,
}

impl<'t> Parser<'t> {
    fn problem(&mut self, span: Range<usize>, words: impl Into<String>) {
        if !self.has_failed() {
            self.problems.push((span, words.into()));
        }
    }

    /// Whether no more is told, however much more is wrong.
    fn has_failed(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    fn document(&mut self, document: &DeTable<'t>) -> Vec<Section> {
        let mut base = Written::default();
        let mut base_at = 0..0;
        let mut versions = 0;
        let mut scopes: Vec<&Value<'t>> = Vec::new();
        for (key, value) in document {
            match key.get_ref().as_ref() {
                "version" => {
                    versions += 1;
                    if value.get_ref().as_integer().is_none_or(|number| number.as_str() != "1") {
                        self.problem(value.span(), "this tcpcheck reads version 1: write version = 1");
                    }
                }
                "policy" => match value.get_ref().as_table() {
                    Some(table) => {
                        base_at = key.span();
                        base = self.section(table, 0, &[]);
                    }
                    None => self.problem(value.span(), "policy is a table: write [policy] and its keys below"),
                },
                "scope" => match value.get_ref().as_array() {
                    Some(array) => scopes.extend(array.iter()),
                    None => self.problem(key.span(), "scopes are a list: write [[scope]] with two brackets"),
                },
                "compare" => match value.get_ref().as_table() {
                    Some(table) => self.compare(table, key.span()),
                    None => self.problem(value.span(), "compare is a table: write [compare] and its keys below"),
                },
                other => {
                    let is_of = |keys: &[KeyInfo]| keys.iter().any(|info| info.name == other);
                    let words = match (is_of(&Key::ALL), is_of(&Key::OF_PAIRS)) {
                        (true, _) => format!("`{other}` belongs below [policy] or [[scope]]"),
                        (_, true) => format!("`{other}` belongs below [compare]"),
                        _ => unknown(other, ["version", "policy", "scope", "compare"]),
                    };
                    self.problem(key.span(), words);
                }
            }
        }
        if versions == 0 {
            self.problem(0..0, "a policy begins with: version = 1");
        }
        // A policy for pairs alone demands nothing of each capture.
        if !document.contains_key("compare") || document.contains_key("policy") || !scopes.is_empty() {
            self.imply_gates(&mut base);
        } else {
            return vec![Section { scope: None, findings: FindingRules::default(), checks: Vec::new() }];
        }
        let mut sections = vec![self.resolve(0, None, &base, None, base_at)];
        if let Some(value) = scopes.get(MAX_SCOPES) {
            self.problem(value.span(), format!("there are more than {MAX_SCOPES} scopes"));
            scopes.truncate(MAX_SCOPES);
        }
        for (at, value) in scopes.into_iter().enumerate() {
            let Some(table) = value.get_ref().as_table() else {
                self.problem(value.span(), "a scope is a table: write [[scope]] and its keys below");
                continue;
            };
            let scope = self.scope(table, value.span());
            let own = self.section(table, at + 1, &["name", "filter"]);
            let section = self.resolve(at + 1, scope, &own, Some(&base), value.span());
            sections.push(section);
        }
        sections
    }

    /// What is wrong with a capture is worth a warning even where the policy does not speak of it.
    fn imply_gates(&mut self, base: &mut Written) {
        for (key, defect) in [
            (Key::CaptureGaps, Defect::Gaps),
            (Key::OneDirection, Defect::OneDirection),
            (Key::KernelDrops, Defect::KernelDrops),
            (Key::FileCut, Defect::FileCut),
        ] {
            base.checks.entry(key).or_insert_with(|| {
                let demand = Demand::Quality(defect, Gate::Warn);
                let text = format!("{} = \"warn\"", key.name());
                self.checks.push(Check { key, section: 0, demand, at: Position::default(), text });
                self.checks.len() - 1
            });
        }
    }

    /// A scope's name and filter.
    fn scope(&mut self, table: &DeTable<'t>, span: Range<usize>) -> Option<Scope> {
        let mut texts = ["name", "filter"].map(|name| {
            let Some(value) = table.get(name) else {
                let example = if name == "name" { "\"mail\"" } else { "\"tcp port 25\"" };
                self.problem(span.clone(), format!("a scope needs a {name}: {name} = {example}"));
                return None;
            };
            Some((self.string(value, "a text")?, value.span()))
        });
        let (expression, filter_span) = texts[1].take()?;
        let (name, _) = texts[0].take()?;
        self.filters = self.filters.saturating_add(expression.len());
        if self.filters > MAX_FILTERS {
            let words = format!("the scopes' filters have more than {MAX_FILTERS} characters together");
            self.problem(filter_span, words);
            return None;
        }
        match scope::filter(&expression) {
            Ok(filter) => Some(Scope { name, filter, at: self.positions.of(span.start) }),
            Err(error) => {
                self.problem(filter_span, error.to_string());
                None
            }
        }
    }

    /// The keys of a section, in the order in which they are written.
    fn section(&mut self, table: &DeTable<'t>, section: usize, others: &[&'static str]) -> Written {
        let mut written = Written::default();
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            if self.has_failed() {
                break;
            }
            if others.contains(&name) {
                continue;
            }
            match Key::ALL.iter().find(|info| info.name == name) {
                Some(info) if section > 0 && !info.in_scope => {
                    self.problem(key.span(), format!("`{name}` is about the whole capture: it belongs below [policy]"));
                }
                Some(info) => self.key(&mut written, info.key, key.span(), value, section),
                None if Key::OF_PAIRS.iter().any(|info| info.name == name) => {
                    self.problem(key.span(), format!("`{name}` belongs below [compare]"));
                }
                None => {
                    let known = Key::ALL.iter().filter(|info| section == 0 || info.in_scope).map(|info| info.name);
                    self.problem(key.span(), unknown(name, known.chain(others.iter().copied())));
                }
            }
        }
        written
    }

    fn key(&mut self, written: &mut Written, key: Key, at: Range<usize>, value: &Value<'t>, section: usize) {
        let whole = at.start..value.span().end.max(at.end);
        let findings = &mut written.findings;
        let demand = match key {
            Key::Select | Key::Ignore | Key::FailOn | Key::Severity => {
                // A table's header is where it is written; its keys come below.
                let whole = if key == Key::Severity { at } else { whole };
                if findings.written.is_none() || key == Key::Select {
                    findings.written = Some(whole);
                }
                match key {
                    Key::Select => findings.select = self.rule_list(value),
                    Key::Ignore => findings.ignore = self.rule_list(value),
                    Key::FailOn => findings.fail_on = self.word(value),
                    _ => findings.severities = self.severities(value),
                }
                return;
            }
            Key::Expect => return self.expect(written, value, section),
            Key::Allow => {
                written.allow = Some(self.allow(value, section));
                return;
            }
            Key::MaxRetransmissionRate => self.parsed(value, Share::parse).map(Demand::Repetitions),
            Key::MaxHandshake => self.limit(value).map(|limit| Demand::Longest(Measure::Handshake, limit)),
            Key::P95Handshake => self.limit(value).map(|limit| Demand::Percentile(Measure::Handshake, limit)),
            Key::MaxRtt => self.limit(value).map(|limit| Demand::Longest(Measure::RoundTrip, limit)),
            Key::P95Rtt => self.limit(value).map(|limit| Demand::Percentile(Measure::RoundTrip, limit)),
            Key::MaxResponse => self.limit(value).map(|limit| Demand::Longest(Measure::Response, limit)),
            Key::P95Response => self.limit(value).map(|limit| Demand::Percentile(Measure::Response, limit)),
            Key::MaxZeroWindow => self.limit(value).map(|limit| Demand::Longest(Measure::ZeroWindow, limit)),
            Key::MaxIdle => self.limit(value).map(|limit| Demand::Longest(Measure::Idle, limit)),
            Key::Close => self.word::<Close>(value).map(Demand::Close),
            Key::CaptureGaps => self.gate(value, Defect::Gaps),
            Key::OneDirection => self.gate(value, Defect::OneDirection),
            Key::KernelDrops => self.gate(value, Defect::KernelDrops),
            Key::FileCut => self.gate(value, Defect::FileCut),
            of_pairs => self.path_demand(of_pairs, value),
        };
        if let Some(demand) = demand {
            let index = self.check(key, section, demand, whole);
            written.checks.insert(key, index);
        }
    }

    /// Adds a check that is written there.
    fn check(&mut self, key: Key, section: usize, demand: Demand, span: Range<usize>) -> usize {
        let at = self.positions.of(span.start);
        let written = self.text.get(span).unwrap_or_default();
        let words: Vec<&str> = written.split_whitespace().take(MAX_CHARACTERS).collect();
        let prefix = if key == Key::Expect { "expect." } else { "" };
        let text = format!("{prefix}{}", shortened(&words.join(" "), MAX_CHARACTERS));
        self.checks.push(Check { key, section, demand, at, text });
        self.checks.len() - 1
    }

    fn expect(&mut self, written: &mut Written, value: &Value<'t>, section: usize) {
        let Some(table) = value.get_ref().as_table() else {
            return self.problem(value.span(), "expect is a table: expect = { connections = \">=1\" }");
        };
        for (name, value) in table {
            if name.get_ref() != "connections" {
                self.problem(name.span(), unknown(name.get_ref(), ["connections"]));
                continue;
            }
            let comparison = match value.get_ref().as_integer() {
                Some(number) => self.parsed_text(value, number.as_str(), Comparison::parse),
                None => self.parsed(value, Comparison::parse),
            };
            if let Some(comparison) = comparison {
                let whole = name.span().start..value.span().end;
                written.connections = Some(self.check(Key::Expect, section, Demand::Connections(comparison), whole));
            }
        }
    }

    fn allow(&mut self, value: &Value<'t>, section: usize) -> Vec<usize> {
        let Some(entries) = value.get_ref().as_array() else {
            self.problem(value.span(), "allow is a list: allow = [{ rule = \"TC102\", reason = \"…\" }]");
            return Vec::new();
        };
        let mut checks = Vec::new();
        for entry in entries.iter() {
            let Some(table) = entry.get_ref().as_table() else {
                self.problem(entry.span(), "an allowance is a table: { rule = \"TC102\", reason = \"…\" }");
                continue;
            };
            if let Some(allowance) = self.allowance(table, entry.span()) {
                let index = self.check(Key::Allow, section, Demand::Allow(allowance), entry.span());
                self.checks[index].text.insert_str(0, "allow ");
                checks.push(index);
            }
        }
        checks
    }

    fn allowance(&mut self, table: &DeTable<'t>, span: Range<usize>) -> Option<Allowance> {
        let (mut rules, mut max, mut reason, mut until) = (None, None, None, None);
        let before = self.problems.len();
        for (name, value) in table {
            match name.get_ref().as_ref() {
                "rule" => {
                    rules = self.string(value, "a rule's code or name").map(|word| (self.rules(value, &word), word))
                }
                "max" => match value.get_ref().as_integer().and_then(|number| number.as_str().parse().ok()) {
                    Some(number) => max = Some(number),
                    None => self.problem(value.span(), "max is a number: max = 3"),
                },
                "reason" => match self.string(value, "a text")? {
                    blank if blank.trim().is_empty() => self.problem(value.span(), "say why in a few words"),
                    words => reason = Some(words),
                },
                "until" => match date(value) {
                    Some(date) => until = Some(date),
                    None => self.problem(value.span(), "until is a date, without quotes: until = 2027-01-31"),
                },
                other => self.problem(name.span(), unknown(other, ["rule", "max", "reason", "until"])),
            }
        }
        if !table.contains_key("rule") {
            self.problem(span.clone(), "an allowance names its rule: rule = \"TC102\"");
        }
        if !table.contains_key("reason") {
            self.problem(span, "an allowance needs a reason: reason = \"why this is fine\"");
        }
        let ((rules, named), reason) = rules.zip(reason).filter(|_| self.problems.len() == before)?;
        let expired = until.is_some_and(|last| last < self.today);
        Some(Allowance { rules, named, max, reason, until, expired })
    }

    /// What holds in a section: what it says itself, and otherwise what `[policy]` says.
    fn resolve(
        &mut self,
        section: usize,
        scope: Option<Scope>,
        own: &Written,
        base: Option<&Written>,
        at: Range<usize>,
    ) -> Section {
        let nothing = Written::default();
        let base = base.unwrap_or(&nothing);
        let (said, inherited) = (&own.findings, &base.findings);
        let mut judged = said.select.clone().or_else(|| inherited.select.clone()).unwrap_or_else(|| rules(&SELECTED));
        let ignored = said.ignore.as_ref().or(inherited.ignore.as_ref());
        judged.retain(|rule| ignored.is_none_or(|ignored| !ignored.contains(rule)));
        let mut severities = inherited.severities.clone();
        severities.extend(&said.severities);
        let findings = FindingRules { judged, severities };

        let mut checks = base.checks.clone();
        checks.extend(&own.checks);
        let mut checks: Vec<usize> = checks.into_values().collect();
        let fail_on = said.fail_on.or(inherited.fail_on).unwrap_or(FAIL_ON);
        let shared = self.checks.iter().position(|check| matches!(check.demand, Demand::Findings(_)));
        checks.push(match (&said.written, shared) {
            (Some(written), _) => self.check(Key::Select, section, Demand::Findings(fail_on), written.clone()),
            (None, Some(shared)) => shared,
            (None, None) => {
                self.checks.push(default_findings(self.positions.of(at.start)));
                self.checks.len() - 1
            }
        });
        checks.extend(own.allow.as_ref().or(base.allow.as_ref()).into_iter().flatten());
        // Everything counts for what [policy] expects, and a scope's own for what the scope expects.
        checks.extend(base.connections);
        checks.extend(own.connections);
        Section { scope, findings, checks }
    }

    fn severities(&mut self, value: &Value<'t>) -> BTreeMap<Rule, Severity> {
        let Some(table) = value.get_ref().as_table() else {
            self.problem(value.span(), "severity is a table: severity = { TC103 = \"error\" }");
            return BTreeMap::new();
        };
        let mut severities = BTreeMap::new();
        for (name, value) in table {
            let rules = Rule::named(name.get_ref());
            if rules.is_empty() {
                self.problem(name.span(), no_rule(name.get_ref()));
            }
            if let Some(severity) = self.word(value) {
                severities.extend(rules.into_iter().map(|rule| (rule, severity)));
            }
        }
        severities
    }

    fn rule_list(&mut self, value: &Value<'t>) -> Option<Vec<Rule>> {
        let Some(array) = value.get_ref().as_array() else {
            self.problem(value.span(), "a list is wanted: [\"TC1\", \"fast-retransmission\"]");
            return None;
        };
        let mut rules = Vec::new();
        for entry in array.iter() {
            let word = self.string(entry, "a rule's code or name")?;
            rules.extend(self.rules(entry, &word));
        }
        rules.sort_unstable();
        rules.dedup();
        Some(rules)
    }

    fn rules(&mut self, value: &Value<'t>, word: &str) -> Vec<Rule> {
        let rules = Rule::named(word);
        if rules.is_empty() && !self.has_failed() {
            self.problem(value.span(), no_rule(word));
        }
        rules
    }

    fn limit(&mut self, value: &Value<'t>) -> Option<crate::capture::Span> {
        self.parsed(value, span)
    }

    fn gate(&mut self, value: &Value<'t>, defect: Defect) -> Option<Demand> {
        self.word::<Gate>(value).map(|gate| Demand::Quality(defect, gate))
    }

    /// A word from a fixed set.
    fn word<W: Word>(&mut self, value: &Value<'t>) -> Option<W> {
        let word = self.string(value, "a word")?;
        let meaning = W::of(&word);
        if meaning.is_none() {
            let words: Vec<&str> = W::WORDS.iter().map(|(name, _)| *name).collect();
            self.problem(value.span(), format!("{word:?} is none of {}", words.join(", ")));
        }
        meaning
    }

    fn parsed<V>(&mut self, value: &Value<'t>, parse: impl FnOnce(&str) -> Result<V, String>) -> Option<V> {
        let text = self.string(value, "a text with its unit")?;
        self.parsed_text(value, &text, parse)
    }

    fn parsed_text<V>(
        &mut self,
        value: &Value<'t>,
        text: &str,
        parse: impl FnOnce(&str) -> Result<V, String>,
    ) -> Option<V> {
        parse(text).map_err(|words| self.problem(value.span(), words)).ok()
    }

    fn string(&mut self, value: &Value<'t>, wanted: &str) -> Option<String> {
        let Some(text) = value.get_ref().as_str() else {
            let found = value.get_ref().type_str();
            self.problem(value.span(), format!("{wanted} is wanted in quotes, and this is of type {found}"));
            return None;
        };
        if text.chars().nth(MAX_CHARACTERS).is_some() {
            self.problem(value.span(), format!("{wanted} has at most {MAX_CHARACTERS} characters"));
            return None;
        }
        Some(text.to_owned())
    }
}

fn unknown<'n>(name: &str, known: impl IntoIterator<Item = &'n str> + Clone) -> String {
    let name = &shortened(name, MAX_NAME);
    match nearest(name, known.clone()) {
        Some(near) => format!("unknown key `{name}`; did you mean `{near}`?"),
        None => format!("unknown key `{name}`; there are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

/// Maximum number of characters of a wrong name that are repeated.
const MAX_NAME: usize = 60;

/// A text of at most so many characters.
fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn no_rule(word: &str) -> String {
    let word = &*shortened(word, MAX_NAME);
    format!("no rule is called {word:?}; {}", Rule::advice(word))
}

fn date(value: &Value<'_>) -> Option<Date> {
    let datetime = value.get_ref().as_datetime()?;
    let date = datetime.date.filter(|_| datetime.time.is_none())?;
    let [month, day] = [date.month, date.day].map(i8::try_from);
    Date::new(date.year.try_into().ok()?, month.ok()?, day.ok()?).ok()
}
