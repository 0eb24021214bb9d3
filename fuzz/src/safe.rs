//! What may be shown anywhere: nothing that a terminal obeys, and well-formed where a format says what that is.

use quick_xml::events::Event;

/// Text that may go to a terminal: UTF-8 without control characters but line ends and tabs, without marks of direction, and without
/// signs that are not seen.
pub fn printable(out: &[u8]) {
    let text = str::from_utf8(out).expect("UTF-8");
    let unseen = |c: char| matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let bad = text.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t' || unseen(*c));
    assert!(bad.is_none(), "{bad:?} in {text:?}");
}

/// One JSON value, printable.
pub fn json(out: &[u8]) -> serde_json::Value {
    printable(out);
    serde_json::from_slice(out).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(out)))
}

/// Well-formed XML, printable, of characters that XML 1.0 has.
pub fn xml(out: &[u8]) {
    printable(out);
    let text = str::from_utf8(out).expect("UTF-8");
    assert!(!text.contains(['\u{fffe}', '\u{ffff}']), "{text}");
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event().unwrap_or_else(|e| panic!("{e}: {text}")) {
            Event::Eof => return,
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    attribute.unwrap_or_else(|e| panic!("{e}: {text}"));
                }
            }
            _ => {}
        }
    }
}
