//! Text in lines of a given number of columns. What a terminal obeys takes no column.

/// Breaks each line that stands in `out` from `start` on, and is longer than `columns`, behind a word; what goes on begins with `hang`.
/// A word that fits into no line is broken where the line ends: nothing is left out.
pub(super) fn fold(out: &mut Vec<u8>, start: usize, columns: usize, hang: &str) {
    let lines = &out[start.min(out.len())..];
    // A byte takes no more than one column.
    if lines.split(|byte| *byte == b'\n').all(|line| line.len() <= columns) {
        return;
    }
    let text = String::from_utf8_lossy(lines).into_owned();
    out.truncate(start);
    for line in text.split_inclusive('\n') {
        fold_line(out, line, columns, hang);
    }
}

/// Appends words to the current line, which begins at `start`; lines that go on stand in by `indent`.
pub fn wrapped(out: &mut Vec<u8>, words: &str, indent: usize, columns: usize) {
    let start = out.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    for (at, word) in words.split_whitespace().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word.as_bytes());
    }
    fold(out, start, columns, &" ".repeat(indent));
    out.push(b'\n');
}

/// Words in lines of that number of columns.
pub(super) fn lines(words: &str, columns: usize) -> Vec<String> {
    let mut out = words.as_bytes().to_vec();
    fold(&mut out, 0, columns, "");
    String::from_utf8_lossy(&out).lines().map(str::to_owned).collect()
}

/// A name, left out in the middle where it is longer than that.
pub(super) fn shortened(name: &str, columns: usize) -> String {
    const CUT: &str = "...";
    let signs: Vec<char> = name.chars().collect();
    if signs.len() <= columns {
        return name.to_owned();
    }
    // The end of a path says more than its beginning.
    let kept = columns.saturating_sub(CUT.len());
    let (head, tail) = (kept / 3, kept - kept / 3);
    signs[..head].iter().chain(&CUT.chars().collect::<Vec<_>>()).chain(&signs[signs.len() - tail..]).collect()
}

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    let (mut columns, mut rest) = (0, text);
    while let Some(sign) = rest.chars().next() {
        let control = control(rest);
        columns += usize::from(control == 0);
        rest = &rest[control.max(sign.len_utf8())..];
    }
    columns
}

fn fold_line(out: &mut Vec<u8>, line: &str, columns: usize, hang: &str) {
    let room = columns.saturating_sub(hang.len()).max(1);
    let (mut rest, mut limit) = (line, columns);
    while width(rest.trim_end()) > limit {
        let (at, behind) = split(rest, limit);
        out.extend_from_slice(rest[..at].trim_end_matches(' ').as_bytes());
        out.push(b'\n');
        out.extend_from_slice(hang.as_bytes());
        rest = &rest[behind..];
        limit = room;
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Where a line ends that has room for that number of columns, and where the next one begins.
fn split(text: &str, limit: usize) -> (usize, usize) {
    let (mut at, mut column, mut space, mut begun) = (0, 0, None, false);
    while let Some(sign) = text[at..].chars().next() {
        let control = control(&text[at..]);
        if control > 0 {
            at += control;
            continue;
        }
        // A space in front of all words is an indentation, and no place to end a line.
        if sign == ' ' && begun {
            space = Some(at);
        }
        begun |= sign != ' ';
        if column == limit {
            break;
        }
        column += 1;
        at += sign.len_utf8();
    }
    match space {
        Some(space) => (space, space + text[space..].len() - text[space..].trim_start_matches(' ').len()),
        None => (at, at),
    }
}

/// The length of what a terminal obeys, a colour (CSI) or a link (OSC 8), where a text begins so; else 0.
fn control(text: &str) -> usize {
    if text.starts_with("\x1b[") {
        text.find('m').map_or(0, |end| end + 1)
    } else if text.starts_with("\x1b]8;") {
        text.find("\x1b\\").map_or(0, |end| end + 2)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str, columns: usize, hang: &str) -> String {
        let mut out = b"before\n".to_vec();
        out.extend_from_slice(text.as_bytes());
        fold(&mut out, 7, columns, hang);
        String::from_utf8(out).unwrap().split_off(7)
    }

    #[test]
    fn long_lines_are_broken_behind_words_and_hang() {
        assert_eq!(folded("one two three\nfour\n", 9, "  "), "one two\n  three\nfour\n");
        assert_eq!(folded("  label    one two three", 13, "    "), "  label\n    one two\n    three");
        assert_eq!(folded("exactly 10", 10, ""), "exactly 10");
    }

    #[test]
    fn a_word_that_fits_nowhere_is_broken_and_not_cut() {
        assert_eq!(folded("abcdefghij", 4, " "), "abcd\n efg\n hij");
        assert_eq!(folded("x abcdefghij\n", 6, ""), "x\nabcdef\nghij\n");
    }

    #[test]
    fn colours_and_links_take_no_columns() {
        let red = "\x1b[1;31mred\x1b[0m \x1b]8;;http://a.example/long\x1b\\TC101\x1b]8;;\x1b\\ words";
        assert_eq!(width(red), "red TC101 words".len());
        assert_eq!(folded(red, 15, ""), red);
        assert_eq!(folded(red, 10, ""), red.replace(" words", "\nwords"));
    }

    #[test]
    fn a_long_name_keeps_its_beginning_and_its_end() {
        assert_eq!(shortened("captures/of/last/week/a.pcap", 16), "capt...ek/a.pcap");
        assert_eq!(shortened("a.pcap", 16), "a.pcap");
    }
}
