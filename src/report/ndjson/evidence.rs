//! The `evidence` object of a finding: each fact under its name, with the unit behind it.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::track::{Fact, Value};

/// What was measured, in the order in which the rule wrote it.
pub(crate) struct Evidence<'a>(pub &'a [Fact]);

impl Serialize for Evidence<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for Fact { name, value } in self.0 {
            match value {
                Value::Frame(frame) => map.serialize_entry(name, frame)?,
                Value::Frames(frames) => map.serialize_entry(name, frames)?,
                Value::Time(span) => map.serialize_entry(&[name, "_ms"].concat(), &span.as_millis_f64())?,
                Value::Bytes(bytes) => map.serialize_entry(&[name, "_bytes"].concat(), bytes)?,
                Value::Number(number) | Value::Count(number, _) => map.serialize_entry(name, number)?,
                Value::Word(word) => map.serialize_entry(name, word)?,
                Value::Address(address) => map.serialize_entry(name, address)?,
            }
        }
        map.end()
    }
}
