//! What may be shown, decided in one place for every way out: names of files and interfaces, comments, payload, and what a policy
//! says come from strangers, and no terminal, browser, spreadsheet or CI runner obeys them.

use std::borrow::Cow;
use std::path::Path;

/// What stands in the place of a sign that is not shown.
const SUBSTITUTE: char = '?';

/// Whether a terminal, a browser or a reader is misled by a sign: it is a control (Unicode's Cc: C0, DEL, C1), ends a line, turns
/// the direction of writing, or is not seen at all (most of Unicode's Cf, and fillers that look like nothing).
pub(crate) fn is_unsafe(c: char) -> bool {
    // Most signs by far.
    if matches!(c, ' '..='~') {
        return false;
    }
    c.is_control()
        || matches!(c,
            // Soft hyphen, grapheme joiner, Arabic letter mark, Hangul fillers, Khmer vowels and Mongolian signs without a shape.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            // Zero-width signs and marks of direction; line and paragraph separators, embeddings and overrides.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            // Joiners and operators that are not seen, isolates, and what is deprecated.
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            // Tags and variants.
            | '\u{e0000}'..='\u{e0fff}')
}

fn substituted(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let unsafe_sign = |c: char| is_unsafe(c) && !stays(c);
    match text.contains(unsafe_sign) {
        false => Cow::Borrowed(text),
        true => Cow::Owned(text.chars().map(|c| if unsafe_sign(c) { SUBSTITUTE } else { c }).collect()),
    }
}

/// A text that is one line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    substituted(text, |_| false)
}

/// A line of somebody's file, whose tabs keep what stands below it in its place.
pub(crate) fn line_with_tabs(text: &str) -> Cow<'_, str> {
    substituted(text, |c| c == '\t')
}

/// A path in a message.
pub(crate) fn path(path: &(impl AsRef<Path> + ?Sized)) -> String {
    line(&path.as_ref().to_string_lossy()).into_owned()
}

/// A text of several lines, as messages on standard error are. None of them is a command to a CI runner, which takes
/// `::error::` (GitHub) and `##vso[…]` (Azure, TeamCity) at the beginning of a line for one.
pub(crate) fn lines(text: &str) -> String {
    no_commands(&substituted(text, |c| matches!(c, '\n' | '\t')))
}

fn no_commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if line.trim_start().starts_with("::") || line.trim_start().starts_with("##") {
            out.push(SUBSTITUTE);
        }
        out.push_str(line);
    }
    out
}

/// A text in XML, over several lines, before what belongs to XML is escaped.
pub(crate) fn xml(text: &str) -> String {
    no_commands(&substituted(text, |c| c == '\n'))
}

/// The text of a workflow command of GitHub's runner.
pub(crate) fn workflow_data(text: &str) -> String {
    substituted(text, |c| c == '\n').replace('%', "%25").replace('\n', "%0A")
}

/// The value of a property of one.
pub(crate) fn workflow_property(text: &str) -> String {
    workflow_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Words in Markdown, without what it or HTML would take for its own.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in line(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            // Not a link of its own accord.
            '/' if before == ':' => out.push_str("&#47;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '>' | '#' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// Words in Markdown as they are; a quote that holds back-ticks is put between more of them.
pub(crate) fn markdown_code(text: &str) -> String {
    let text = line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The same in a table, where a bar has to be marked.
pub(crate) fn markdown_cell(text: &str) -> String {
    markdown_code(text).replace('|', "\\|")
}

/// Words in a Mermaid diagram: `;` would end a statement, `#` begin a character's number, and a tag be HTML.
pub(crate) fn mermaid(text: &str) -> String {
    line(text).replace(';', ",").replace('#', "no. ").replace('<', "‹").replace('>', "›")
}

/// A text in a table of separated values, which spreadsheets open: no text is a formula.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    let text = line(text);
    match text.starts_with(['=', '+', '-', '@']) {
        true => Cow::Owned(format!("'{text}")),
        false => text,
    }
}

/// Whether a text stands in JSON as it is, between its quotes, and may be shown so: printable ASCII without `"` and `\`.
#[inline]
pub(crate) fn is_plain_in_json(text: &str) -> bool {
    let escaped = |byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\');
    !text.bytes().fold(false, |found, byte| found | escaped(byte))
}

/// Escapes what JSON lets stand though it is not shown, in the JSON that begins at `start`: there it can only be in strings, but for
/// ends of lines between values. A reader of the JSON gets the text as it was.
// RFC 8259 §7 asks for an escape below U+0020 alone.
pub(crate) fn escape_json(out: &mut Vec<u8>, start: usize) {
    let Some(written) = out.get(start..) else { return };
    if written.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
        return;
    }
    let text = String::from_utf8_lossy(written);
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if c != '\n' && is_unsafe(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    safe.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => safe.push(c),
        }
    }
    out.truncate(start);
    out.extend_from_slice(safe.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each kind of sign that is not shown.
    const UNSAFE: &str = "\0\u{1b}\r\n\t\u{7f}\u{80}\u{9b}\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\
        \u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}\u{fffe}\u{e0041}";

    #[test]
    fn no_sign_that_is_obeyed_or_not_seen_is_in_a_line() {
        assert!(UNSAFE.chars().all(is_unsafe));
        assert_eq!(line(UNSAFE), "?".repeat(UNSAFE.chars().count()));
        for shown in ["Ünïcödé 漢字 עברית 🙂 € a|b;c", "", "plain"] {
            assert!(matches!(line(shown), Cow::Borrowed(same) if same == shown));
        }
        assert_eq!(line_with_tabs("\ta\nb"), "\ta?b");
    }

    #[test]
    fn no_line_is_a_command_to_a_runner() {
        let said = lines("tcpcheck: a\n::error::b\n  ::set-output c\n##vso[task]\n |\r::error::");
        assert_eq!(said, "tcpcheck: a\n?::error::b\n?  ::set-output c\n?##vso[task]\n |?::error::");
        assert_eq!(workflow_data("100 %\na\x1b[31mb\r"), "100 %25%0Aa?[31mb?");
        assert_eq!(workflow_property("a:b,c"), "a%3Ab%2Cc");
    }

    #[test]
    fn no_text_is_a_formula_a_link_or_a_tag() {
        for formula in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(!cell(formula).starts_with(['=', '+', '-', '@', '\t', '\r']), "{formula}");
        }
        assert_eq!(cell("10.0.0.1"), "10.0.0.1");
        assert_eq!(markdown("![x](http://e) <b> a|b"), "!\\[x\\](http:&#47;/e) &lt;b\\> a\\|b");
        assert_eq!(markdown_cell("a|`b`"), "`` a\\|`b` ``");
        assert!(!mermaid("a;b#1<img src=x>\nc").contains([';', '#', '<', '>', '\n']));
    }

    #[test]
    fn json_reads_back_as_it_was() {
        let mut out = b"before \x7f ".to_vec();
        let start = out.len();
        serde_json::to_writer(&mut out, UNSAFE).unwrap();
        escape_json(&mut out, start);
        let written = str::from_utf8(&out[start..]).unwrap();
        assert!(!written.contains(is_unsafe), "{written:?}");
        assert_eq!(serde_json::from_str::<String>(written).unwrap(), UNSAFE);
        assert!(out.starts_with(b"before \x7f "));
        assert!(
            is_plain_in_json("a b~") && !["é", "\"", "\\", "\u{7f}", "\n"].iter().any(|text| is_plain_in_json(text))
        );
    }
}
