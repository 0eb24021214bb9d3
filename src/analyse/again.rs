//! The command that was run, or could be, as a shell takes it: to suggest others with.

use crate::capture::Filter;
use crate::display;
use crate::report::Invocation;

/// So many files are named where the page suggests other commands.
const NAMED: usize = 8;

/// As a shell takes it for one word.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,+@%=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A file's name as a shell takes it for one word; none where a command cannot name it again.
pub fn file_word(name: &str) -> Option<String> {
    Some(name).filter(|name| *name != "-" && !name.contains(display::is_unsafe)).map(quoted)
}

/// The command for these files and that filter; an empty one where it cannot name one of them again.
pub fn invocation<'n>(names: impl IntoIterator<Item = Option<&'n str>>, filter: &str) -> Invocation {
    let mut head = String::from("tcpcheck");
    for name in names {
        let Some(name) = name.and_then(file_word) else { return Invocation::default() };
        head.push_str(" -r ");
        head.push_str(&name);
    }
    Invocation { head, filter: if filter.is_empty() { String::new() } else { quoted(filter) } }
}

/// `-r FILE -r FILE`, as the page suggests other commands.
pub fn named_files<S: AsRef<str>>(names: &[S]) -> String {
    let named = names.iter().take(NAMED).map(|name| format!("-r {}", quoted(name.as_ref())));
    let more = (names.len() > NAMED).then(|| "...".to_owned());
    named.chain(more).collect::<Vec<_>>().join(" ")
}

/// Whether a filter takes no ICMP packet, whatever it is: libpcap refuses what contradicts itself.
pub fn leaves_icmp_out(filter: &Filter) -> bool {
    let with_icmp = format!("({}) and (icmp or icmp6)", filter.expression());
    !filter.accepts_all() && Filter::compile(&with_icmp).is_err()
}
