//! JSON that may be shown anywhere: what a terminal obeys is escaped, also where JSON itself does not ask for it.

use serde::Serialize;
use serde_json::Value;

use crate::display::escape_json;

/// Appends a record and its line end.
pub(super) fn line(out: &mut Vec<u8>, record: &impl Serialize) {
    value(out, record);
    out.push(b'\n');
}

/// Appends a value.
pub(super) fn value(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let start = out.len();
    // Writing into a Vec cannot fail, and no value has a key that is not a string.
    let _ = serde_json::to_writer(&mut *out, value);
    escape_json(out, start);
}

/// A document over several lines, and its line end.
pub(super) fn document(value: &Value) -> Vec<u8> {
    let mut out = serde_json::to_vec_pretty(value).unwrap_or_default();
    escape_json(&mut out, 0);
    out.push(b'\n');
    out
}
