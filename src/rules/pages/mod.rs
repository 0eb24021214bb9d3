//! The pages of `tcpcheck explain`: what each rule means, and the TCP behind it.
//!
//! The words stand in the Markdown files beside this one, and nowhere else. `# KIND NAME NAME…` begins a page, its first
//! paragraph is its line in the list, `##` begins a part; a line indented by four spaces stays as it is. A rule's page
//! is found by its code; without such a rule in the catalogue it is no page.

use std::sync::LazyLock;

use super::Rule;

const SOURCES: &[&str] = &[
    include_str!("symptoms.md"),
    include_str!("families.md"),
    include_str!("handshake.md"),
    include_str!("loss.md"),
    include_str!("window.md"),
    include_str!("close.md"),
    include_str!("header.md"),
    include_str!("security.md"),
    include_str!("path.md"),
    include_str!("application.md"),
    include_str!("capture.md"),
    include_str!("lessons.md"),
    include_str!("states.md"),
    include_str!("flags.md"),
    include_str!("options.md"),
    include_str!("fields.md"),
    include_str!("notes.md"),
];

/// The part of a rule's page that says what to do.
const ADVICE_PART: &str = "What to do";

static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| SOURCES.iter().flat_map(|source| parse(source)).collect());

/// What a page is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// What somebody notices before knowing why: `slow`.
    Symptom,
    /// A group of rules: `TC2`.
    Family,
    /// A rule of the catalogue.
    Rule(Rule),
    /// How TCP works.
    Lesson,
    /// One of the eleven states.
    State,
    /// One of the nine flags.
    Flag,
    /// An option of the header.
    Option,
    /// A field of the header, or of tcpdump's line.
    Field,
    /// Something normal that an annotation names.
    Note,
}

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// What it is about.
    pub kind: Kind,
    /// What it is called and found by; the first is its title.
    pub names: Vec<&'static str>,
    /// It in a line.
    pub lead: String,
    /// What it says, in order.
    pub parts: Vec<Part>,
    /// The page as it stands in its source, below its heading.
    pub markdown: &'static str,
}

/// A part of a page.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Its heading; none before the first.
    pub heading: &'static str,
    /// What it says, in order.
    pub blocks: Vec<Block>,
}

/// A piece of a part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Block {
    /// A paragraph, to be broken into lines.
    Text(String),
    /// An item of a list, to be broken into lines.
    Item(String),
    /// Lines that stay as they are.
    Verbatim(Vec<&'static str>),
}

impl Page {
    /// Every page, in the order of their sources.
    pub fn all() -> &'static [Self] {
        &PAGES
    }

    /// The page of a rule.
    pub fn of(rule: Rule) -> Option<&'static Self> {
        Self::all().iter().find(|page| page.kind == Kind::Rule(rule))
    }

    /// What to do about what a rule found, in a few sentences without markup.
    pub fn advice(rule: Rule) -> &'static str {
        static ADVICE: LazyLock<Vec<String>> = LazyLock::new(|| {
            let part = |rule: &Rule| Page::of(*rule)?.parts.iter().find(|part| part.heading == ADVICE_PART);
            let words = |part: &Part| {
                let texts = part.blocks.iter().filter_map(|block| match block {
                    Block::Text(text) | Block::Item(text) => Some(text.as_str()),
                    Block::Verbatim(_) => None,
                });
                texts.collect::<Vec<_>>().join(" ").replace('`', "")
            };
            Rule::ALL.iter().map(|rule| part(rule).map(words).unwrap_or_default()).collect()
        });
        let at = Rule::ALL.iter().position(|other| *other == rule);
        at.and_then(|at| ADVICE.get(at)).map_or("", String::as_str)
    }

    /// The pages that have this name; where none has it to the letter, case and what joins its words do not matter.
    pub fn named(word: &str) -> Vec<&'static Self> {
        let having = |same: &dyn Fn(&str) -> bool| {
            Self::all().iter().filter(|page| page.names.iter().any(|n| same(n))).collect()
        };
        let exact: Vec<_> = having(&|name| name == word);
        if exact.is_empty() { having(&|name| plain(name) == plain(word)) } else { exact }
    }

    /// Its title.
    pub fn title(&self) -> &'static str {
        match self.kind {
            Kind::Rule(rule) => rule.slug(),
            _ => self.names.first().copied().unwrap_or_default(),
        }
    }
}

/// A name as it is compared: `time wait`, `TIME-WAIT` and `timewait` are one.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', '-', '+', ' '], "")
}

/// The pages of a source.
fn parse(source: &'static str) -> Vec<Page> {
    // The line break before a heading goes with the page before it.
    source.split("\n# ").filter_map(|text| page(text.strip_prefix("# ").unwrap_or(text))).collect()
}

/// A page from its heading's words on.
fn page(text: &'static str) -> Option<Page> {
    let (heading, markdown) = text.split_once('\n')?;
    let mut names = heading.split_whitespace();
    let word = names.next()?;
    let names: Vec<_> = names.collect();
    let first = *names.first()?;
    let kind = match word {
        "rule" => Kind::Rule(*Rule::ALL.iter().find(|rule| rule.code() == first)?),
        // A family of no rules is none yet.
        "family" => Rule::ALL.iter().find(|rule| rule.code().starts_with(first)).map(|_| Kind::Family)?,
        "symptom" => Kind::Symptom,
        "lesson" => Kind::Lesson,
        "state" => Kind::State,
        "flag" => Kind::Flag,
        "option" => Kind::Option,
        "field" => Kind::Field,
        "note" => Kind::Note,
        _ => return None,
    };
    let mut parts = vec![Part::default()];
    // Whether the next line goes on where the last one ended.
    let mut goes_on = false;
    for line in markdown.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            parts.push(Part { heading, blocks: Vec::new() });
            goes_on = false;
            continue;
        }
        let blocks = &mut parts.last_mut()?.blocks;
        match (blocks.last_mut(), line.strip_prefix("    ")) {
            (Some(Block::Verbatim(lines)), Some(more)) => lines.push(more),
            (_, Some(first)) if !goes_on => blocks.push(Block::Verbatim(vec![first])),
            _ if line.trim().is_empty() => {}
            (Some(Block::Text(text) | Block::Item(text)), _) if goes_on && !line.starts_with("- ") => {
                text.push(' ');
                text.push_str(line.trim());
            }
            _ => blocks.push(match line.strip_prefix("- ") {
                Some(item) => Block::Item(item.to_owned()),
                None => Block::Text(line.trim().to_owned()),
            }),
        }
        goes_on = !line.trim().is_empty() && !matches!(parts.last()?.blocks.last(), Some(Block::Verbatim(_)));
    }
    let lead = match parts.first_mut()?.blocks.first() {
        Some(Block::Text(lead)) => lead.clone(),
        _ => String::new(),
    };
    Some(Page { kind, names, lead, parts, markdown: markdown.trim() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_into_pages_and_parts() {
        let pages = parse(
            "# flag FIN F\n\nNo more\ndata.\n\n## See\nRFC 9293,\nand\n\n    a  b\n    c\n\n- one\n- two\n  more\n\n# x y\n",
        );
        assert_eq!(pages.len(), 1);
        assert_eq!(
            (pages[0].kind, &pages[0].names[..], &pages[0].lead[..]),
            (Kind::Flag, &["FIN", "F"][..], "No more data.")
        );
        let [_, see] = &pages[0].parts[..] else { panic!("{:?}", pages[0]) };
        let item = |text: &str| Block::Item(text.to_owned());
        assert_eq!(
            see.blocks,
            [
                Block::Text("RFC 9293, and".to_owned()),
                Block::Verbatim(vec!["a  b", "c"]),
                item("one"),
                item("two more")
            ]
        );
    }

    #[test]
    fn a_page_of_a_rule_that_is_not_in_the_catalogue_is_none() {
        assert!(parse("# rule TC999 nothing\n\nNothing.\n").is_empty());
        assert_eq!(parse("# rule TC101 no-answer\n\nNo.\n")[0].kind, Kind::Rule(Rule::NoAnswer));
    }

    #[test]
    fn letters_of_either_case_are_told_apart_where_it_matters() {
        let title = |word: &str| Page::named(word).iter().map(|page| page.title()).collect::<Vec<_>>();
        assert_eq!((title("e"), title("E")), (vec!["AE"], vec!["ECE"]));
        for word in ["time-wait", "TIMEWAIT", "time wait"] {
            assert_eq!(title(word), ["TIME_WAIT"]);
        }
        assert_eq!(title("synack"), ["handshake"]);
        assert_eq!(title("tc101"), ["no-answer"]);
    }
}
