//! The pages of `tcpcheck explain` that a report needs, inside it.

use crate::rules::{Block, Kind, Page, Rule};
use crate::track::TcpState;

/// Lessons that are always there, in the order in which a newcomer would read them.
const LESSONS: [&str; 13] = [
    "verdict",
    "handshake",
    "sequence-numbers",
    "sliding-window",
    "arq",
    "ordering",
    "close",
    "round-trip",
    "delayed-ack",
    "congestion-control",
    "header",
    "outcome",
    "held-back",
];

/// The words that stand on arrows, in the order in which one meets them, and their pages.
const WORDS: [(&str, &str); 12] = [
    ("SYN", "SYN"),
    ("seq", "seq"),
    ("mss", "mss"),
    ("wscale", "wscale"),
    ("ack", "ack"),
    ("rtt", "round-trip"),
    ("window", "win"),
    ("dup", "duplicate-ack"),
    ("SACK", "sack"),
    ("keep-alive", "keep-alive"),
    ("FIN", "FIN"),
    ("RST", "RST"),
];

/// A word with its meaning in a line, and the page that says more.
pub(super) struct Term {
    /// What links to its page lead to.
    pub id: String,
    /// It.
    pub word: &'static str,
    /// What it means.
    pub lead: String,
}

/// The words of a ladder.
pub(super) fn words() -> Vec<Term> {
    let pages = WORDS.iter().filter_map(|(word, name)| Some((word, *Page::named(name).first()?)));
    pages.map(|(word, page)| Term { id: id(page), word, lead: first_sentence(&page.lead) }).collect()
}

fn first_sentence(text: &str) -> String {
    text.split_once(". ").map_or_else(|| text.to_owned(), |(first, _)| format!("{first}."))
}

/// The lessons, by id and name.
pub(super) fn lessons() -> Vec<Term> {
    let pages = LESSONS.iter().flat_map(|name| Page::named(name)).filter(|page| page.kind == Kind::Lesson);
    pages.map(|page| Term { id: id(page), word: page.title(), lead: first_sentence(&page.lead) }).collect()
}

/// A page to be written.
pub(super) struct Explained {
    /// What links lead to: `explain-TC202`.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Its parts, in order.
    pub parts: Vec<Section>,
}

/// A part.
pub(super) struct Section {
    /// Its heading; none before the first.
    pub heading: &'static str,
    /// What it says.
    pub blocks: Vec<Words>,
}

/// A piece of a part.
pub(super) enum Words {
    /// A paragraph.
    Text(Vec<Piece>),
    /// An item of a list.
    Item(Vec<Piece>),
    /// Lines that stay as they are.
    Verbatim(String),
}

/// A piece of a sentence.
pub(super) enum Piece {
    /// Words.
    Plain(String),
    /// What one would type.
    Code(String),
    /// A word with a page of its own here: its id, and the word.
    Link(String, String),
}

/// The pages of these rules, of every state, of the words on arrows, and the lessons.
pub(super) fn pages(rules: &[Rule]) -> Vec<Explained> {
    let lessons = LESSONS.iter().flat_map(|name| Page::named(name)).filter(|page| page.kind == Kind::Lesson);
    let mut chosen: Vec<&Page> = lessons.collect();
    chosen.extend(Page::all().iter().filter(|page| page.kind == Kind::State));
    chosen.extend(WORDS.iter().filter_map(|(_, name)| Page::named(name).first().copied()));
    chosen.extend(rules.iter().filter_map(|rule| Page::of(*rule)));
    let mut ids = std::collections::HashSet::new();
    chosen.retain(|page| ids.insert(id(page)));
    let ids: Vec<String> = chosen.iter().map(|page| id(page)).collect();
    let explained = chosen.iter().map(|page| Explained {
        id: id(page),
        title: match page.kind {
            Kind::Rule(rule) => format!("{} {}", rule.code(), rule.slug()),
            _ => page.title().to_owned(),
        },
        parts: page.parts.iter().map(|part| section(part.heading, &part.blocks, &ids)).collect(),
    });
    explained.collect()
}

/// What links to the page of a rule lead to.
pub(super) fn rule_id(rule: Rule) -> String {
    format!("explain-{}", rule.code())
}

fn id(page: &Page) -> String {
    match page.kind {
        Kind::Rule(rule) => rule_id(rule),
        _ => format!("explain-{}", page.title()),
    }
}

fn section(heading: &'static str, blocks: &[Block], ids: &[String]) -> Section {
    let blocks = blocks.iter().map(|block| match block {
        Block::Text(text) => Words::Text(pieces(text, ids)),
        Block::Item(text) => Words::Item(pieces(text, ids)),
        Block::Verbatim(lines) => Words::Verbatim(lines.join("\n")),
    });
    Section { heading, blocks: blocks.collect() }
}

/// Words, what stands in backticks, and words that have a page here.
fn pieces(text: &str, ids: &[String]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            pieces.push(Piece::Code(part.to_owned()));
            continue;
        }
        let mut plain = String::new();
        for word in part.split_inclusive(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_')) {
            let bare = word.trim_end_matches(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'));
            let id = format!("explain-{bare}");
            let linked = (is_code(bare) || is_state(bare)) && ids.contains(&id);
            if linked {
                pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                pieces.push(Piece::Link(id, bare.to_owned()));
                plain.push_str(&word[bare.len()..]);
            } else {
                plain.push_str(word);
            }
        }
        pieces.push(Piece::Plain(plain));
    }
    pieces
}

fn is_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with("TC")
}

fn is_state(word: &str) -> bool {
    use TcpState as S;
    let states = [
        S::Closed,
        S::Listen,
        S::SynSent,
        S::SynRecv,
        S::Established,
        S::FinWait1,
        S::FinWait2,
        S::CloseWait,
        S::Closing,
        S::LastAck,
        S::TimeWait,
    ];
    states.iter().any(|state| state.as_str() == word)
}
