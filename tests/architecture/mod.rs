//! The layers' order, read from the source: display, capture, dissect, rules, track, compare, policy, report, pipeline, analyse, cli.

mod imports;

use std::collections::BTreeSet;

use crate::testkit::{files_below, root, short};
use imports::{Source, circles};

/// A layer may use those before it.
const ARROW: [&str; 11] =
    ["display", "capture", "dissect", "rules", "track", "compare", "policy", "report", "pipeline", "analyse", "cli"];

/// The source without its comments, so that a doc link is no use.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Every layer that a source names behind `crate::` or `tcpcheck::`, `use crate::{a, b::c}` included.
fn named_layers(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, root) in code.match_indices("crate::").chain(code.match_indices("tcpcheck::")) {
        let rest = code[at + root.len()..].trim_start();
        match rest.strip_prefix('{') {
            None => names.push(first_word(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut item = true;
                for (at, sign) in group.char_indices() {
                    match sign {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => item = true,
                        sign if item && !sign.is_whitespace() => {
                            names.push(first_word(&group[at..]));
                            item = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|sign| sign.is_alphanumeric() || *sign == '_').collect()
}

/// The layer of a file: `src/track/state.rs` is `track`'s.
fn layer_of(path: &str) -> Option<usize> {
    let below = path.strip_prefix("src/")?;
    let first = below.split('/').next()?.trim_end_matches(".rs");
    ARROW.iter().position(|layer| *layer == first)
}

#[test]
fn every_module_uses_only_layers_to_its_left() {
    let mut against = Vec::new();
    for path in files_below("src", &[".rs"]) {
        let name = short(&path);
        let Some(layer) = layer_of(&name) else {
            assert!(["src/lib.rs", "src/main.rs"].contains(&name.as_str()), "{name} belongs to no layer");
            continue;
        };
        let text = std::fs::read_to_string(&path).expect("a source file");
        for used in named_layers(&code(&text)) {
            match ARROW.iter().position(|layer| *layer == used) {
                Some(at) if at <= layer => {}
                Some(_) => against.push(format!("{name} uses {used}")),
                // The curated names of lib.rs hide which layer they come from.
                None => against.push(format!("{name} uses crate::{used}, which names no layer")),
            }
        }
    }
    assert!(against.is_empty(), "against {}:\n{}", ARROW.join(" → "), against.join("\n"));
}

#[test]
fn only_style_names_the_crate_that_colours() {
    let sources = files_below("src", &[".rs"]).into_iter().chain([root().join("Cargo.toml")]);
    for path in sources {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let named = code(&text).contains("colored");
        let may = ["src/report/style.rs", "Cargo.toml"].contains(&short(&path).as_str());
        assert!(!named || may, "{} names colored", short(&path));
    }
}

#[test]
fn a_use_of_several_layers_is_seen_as_several() {
    let code = "use crate::{capture::{Frame, Span}, track};\nfn f() -> crate::report::Text { tcpcheck::cli::run() }";
    assert_eq!(named_layers(code), ["capture", "track", "report", "cli"]);
}

#[test]
fn no_files_need_each_other() {
    let source = Source::read();
    let arrows = source.arrows();
    let found = circles(&arrows);
    let named: Vec<String> = found.iter().map(|circle| circle.iter().copied().collect::<Vec<_>>().join(" ")).collect();
    assert!(found.is_empty(), "{} circles:\n{}", found.len(), named.join("\n"));
}

/// The order inside the tracker: a part may use those before it, and those beside it.
const TRACK: [&[&str]; 8] = [
    &["key", "state", "events", "packed"],
    &["timing", "stack"],
    &["shared"],
    &["conn"],
    &["detect"],
    &["store"],
    &["tracker"],
    &["analysis"],
];

#[test]
fn the_parts_of_the_tracker_stand_in_order() {
    let rank = |module: &str| {
        let part = module.strip_prefix("track::")?.split("::").next()?;
        let at = TRACK.iter().position(|parts| parts.contains(&part));
        Some(at.unwrap_or_else(|| panic!("{module} has no place in the order")))
    };
    let source = Source::read();
    let arrows = source.arrows();
    let against = arrows.iter().flat_map(|(from, targets)| targets.iter().map(move |to| (*from, *to)));
    let against: Vec<_> = against.filter(|(from, to)| rank(from).is_some_and(|from| rank(to) > Some(from))).collect();
    assert!(against.is_empty(), "{against:#?}");
}

#[test]
fn files_that_need_each_other_are_found() {
    let arrows = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "a")];
    let arrows = arrows.iter().map(|(from, to)| (*from, BTreeSet::from([*to]))).collect();
    assert_eq!(circles(&arrows), [BTreeSet::from(["b", "c"])]);
}
