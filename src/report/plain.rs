//! What may be shown anywhere, and what may not.

/// Whether a terminal or a browser would do something in place of showing it: controls, ends of lines, and what turns the
/// direction of writing.
pub fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}
