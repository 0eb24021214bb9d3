//! JSON that may be shown anywhere: what a terminal obeys is escaped, also where JSON itself does not ask for it.

use serde::Serialize;
use serde_json::Value;

use super::plain::is_obeyed;

/// Appends a record and its line end.
pub fn line(out: &mut Vec<u8>, record: &impl Serialize) {
    value(out, record);
    out.push(b'\n');
}

/// Appends a value.
pub fn value(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let start = out.len();
    // Writing into a Vec cannot fail, and no value has a key that is not a string.
    let _ = serde_json::to_writer(&mut *out, value);
    escape(out, start);
}

/// A document over several lines, and its line end.
pub fn document(value: &Value) -> Vec<u8> {
    let mut out = serde_json::to_vec_pretty(value).unwrap_or_default();
    escape(&mut out, 0);
    out.push(b'\n');
    out
}

/// Escapes what JSON lets stand though a terminal obeys it, in the JSON that begins at `start`: there it can only be in strings.
// RFC 8259 §7 asks for an escape below U+0020 alone. U+0080 to U+009F are C2 80 to C2 9F in UTF-8; the marks of direction begin
// with E2.
fn escape(out: &mut Vec<u8>, start: usize) {
    let written = &out[start..];
    if !written.iter().any(|byte| matches!(byte, 0x7f | 0xc2 | 0xe2)) {
        return;
    }
    let text = String::from_utf8_lossy(written);
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if c != '\n' && is_obeyed(c) => safe.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => safe.push(c),
        }
    }
    out.truncate(start);
    out.extend_from_slice(safe.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_reads_back_as_it_was() {
        let name = "a\u{1b}[31m\u{7f}\u{80}\u{9b}7m\u{a0}é\u{2028}\u{202e}\n.pcap";
        let mut out = b"before \x7f ".to_vec();
        let start = out.len();
        line(&mut out, &name);
        let pretty = document(&Value::from(name));
        for written in [&out[start..], &pretty] {
            let text = str::from_utf8(written).unwrap();
            assert!(!text.trim_end().contains(is_obeyed), "{text:?}");
            assert!(text.contains("\\u009b7m\u{a0}é"), "{text:?}");
            assert_eq!(serde_json::from_slice::<String>(written).unwrap(), name);
        }
        assert!(out.starts_with(b"before \x7f "));
    }
}
