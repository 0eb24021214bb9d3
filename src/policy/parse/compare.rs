//! The keys of `[compare]`.

use std::ops::Range;

use toml::de::DeTable;

use super::super::check::Demand;
use super::super::key::Key;
use super::super::pair::{CONNECTION_CHANGES, PathDemand};
use super::super::units::Share;
use super::{Parser, Value, Written, unknown};
use crate::compare::Change;

impl<'t> Parser<'t> {
    /// The table, which stands behind its key.
    pub(super) fn compare(&mut self, table: &DeTable<'t>, at: Range<usize>) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        if entries.is_empty() {
            self.problem(at, "[compare] demands nothing: write max_loss = \"1%\" below it");
        }
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            match Key::OF_PAIRS.iter().find(|info| info.name == name) {
                Some(info) => self.key(&mut Written::default(), info.key, key.span(), value, 0),
                None if Key::ALL.iter().any(|info| info.name == name) => {
                    self.problem(key.span(), format!("`{name}` is about single captures: it belongs below [policy]"));
                }
                None => self.problem(key.span(), unknown(name, Key::OF_PAIRS.iter().map(|info| info.name))),
            }
        }
    }

    /// What one of its keys demands.
    pub(super) fn path_demand(&mut self, key: Key, value: &Value<'t>) -> Option<Demand> {
        let demand = match key {
            Key::MaxLoss => PathDemand::Lost(self.parsed(value, Share::parse)?),
            Key::MaxDuplicates => PathDemand::Duplicated(self.parsed(value, Share::parse)?),
            Key::MaxOvertaken => PathDemand::Overtaken(self.parsed(value, Share::parse)?),
            Key::MaxDelay => PathDemand::LongestDelay(self.limit(value)?),
            Key::P95Delay => PathDemand::DelayPercentile(self.limit(value)?),
            Key::MaxInserted => PathDemand::Inserted(self.number(value)?),
            Key::Changes => PathDemand::Changes(self.changes(value)?),
            Key::MaxClockOffset => PathDemand::ClockOffset(self.limit(value)?),
            // The others are no keys of pairs.
            _ => return None,
        };
        Some(Demand::Path(demand))
    }

    fn number(&mut self, value: &Value<'t>) -> Option<u64> {
        let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
        if number.is_none() {
            self.problem(value.span(), "a number is wanted, without quotes: 0");
        }
        number
    }

    fn changes(&mut self, value: &Value<'t>) -> Option<Vec<&'static str>> {
        let Some(array) = value.get_ref().as_array() else {
            self.problem(value.span(), "a list is wanted: [\"nat\", \"mss\"]");
            return None;
        };
        let known = || CONNECTION_CHANGES.into_iter().chain(Change::WORDS);
        let mut changes = Vec::new();
        for entry in array.iter() {
            let word = self.string(entry, "a change")?;
            match known().find(|known| *known == word) {
                Some(known) => changes.push(known),
                None => {
                    let known: Vec<_> = known().collect();
                    self.problem(entry.span(), format!("{word:?} is none of {}", known.join(", ")));
                }
            }
        }
        Some(changes)
    }
}
