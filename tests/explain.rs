//! `explain` and `rules`: every rule has a page, every name leads to one, and a frame of one's own gets its own numbers.

use std::fmt::Write;

use tcpcheck::dissect::TcpFlags;
use tcpcheck::rules::{Block, Kind, Page, Rule};
use tcpcheck::track::TcpState;

use crate::testkit::{root, tcpcheck};

/// The parts that each rule's page has.
const PARTS: [&str; 7] =
    ["What tcpcheck saw", "In a tcpdump trace", "Usual causes", "What to do", "Not a problem", "Not to confuse", "See"];

/// What `tcpcheck explain` prints, which has to succeed.
fn explain(words: &[&str]) -> String {
    let output = tcpcheck(&[&["explain"], words].concat());
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What `tcpcheck explain` says when it cannot: on standard error, with exit status 2.
fn refused(words: &[&str]) -> String {
    let output = tcpcheck(&[&["explain"], words].concat());
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{words:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn fixture(name: &str) -> String {
    root().join("fixtures").join(name).display().to_string()
}

#[test]
fn every_rule_has_a_page_with_every_part() {
    for rule in Rule::ALL {
        let page = Page::of(*rule).unwrap_or_else(|| panic!("{} has no page in src/rules/pages", rule.code()));
        assert_eq!(page.names.get(1), Some(&rule.slug()), "{}", rule.code());
        for part in PARTS {
            let found = page.parts.iter().find(|found| found.heading == part);
            assert!(found.is_some_and(|found| !found.blocks.is_empty()), "{} lacks '{part}'", rule.code());
        }
    }
}

#[test]
fn every_page_is_short_lines_of_ascii_and_has_a_lead() {
    for page in Page::all() {
        let title = page.title();
        assert!(page.markdown.is_ascii(), "{title}");
        assert!(!page.lead.is_empty() && page.lead.len() <= 160, "{title}: {}", page.lead);
        assert_eq!(page.parts.last().map(|part| part.heading), Some("See"), "{title}");
        let lines = page.parts.iter().flat_map(|part| &part.blocks);
        for line in lines.flat_map(|block| if let Block::Verbatim(lines) = block { &lines[..] } else { &[] }) {
            assert!(line.len() <= 110, "{title}: {line}");
        }
        for line in explain(&[title]).lines() {
            assert!(line.len() <= 120 && line.is_ascii() && line.trim_end() == line, "{title}: {line}");
        }
    }
}

#[test]
fn every_name_leads_to_its_page() {
    for page in Page::all() {
        for name in &page.names {
            assert!(Page::named(name).iter().any(|found| found.title() == page.title()), "{name}");
            let found = Page::all().iter().filter(|other| other.kind == page.kind && other.names.contains(name));
            assert_eq!(found.count(), 1, "{name} leads to several pages of one kind");
        }
    }
}

#[test]
fn every_state_and_every_flag_has_a_page() {
    use TcpState::*;
    for state in
        [Closed, Listen, SynSent, SynRecv, Established, FinWait1, FinWait2, CloseWait, Closing, LastAck, TimeWait]
    {
        let pages = Page::named(state.as_str());
        assert!(pages.iter().any(|page| page.kind == Kind::State), "{state}");
    }
    for (_, name) in TcpFlags::NAMES {
        assert!(Page::named(name).iter().any(|page| page.kind == Kind::Flag), "{name}");
    }
}

#[test]
fn every_rule_that_a_page_names_is_one_and_every_command_in_it_works() {
    for page in Page::all() {
        for part in page.markdown.split("`tcpcheck explain ").skip(1) {
            let word = part.split('`').next().unwrap_or_default().replace('\n', " ");
            let generic = ["CODE", "-r FILE @FRAME"].contains(&word.trim());
            assert!(generic || !Page::named(word.trim()).is_empty(), "{} names '{word}'", page.title());
        }
    }
}

#[test]
fn the_list_names_every_rule_and_every_page() {
    let list = explain(&[]);
    for page in Page::all() {
        assert!(list.contains(page.title()), "{}", page.title());
    }
    assert!(list.lines().all(|line| line.len() <= 120 && line.is_ascii()));
}

#[test]
fn letters_codes_and_names_are_all_words() {
    for (word, title) in [
        ("TC103", "syn-retransmission   TC103   warning"),
        ("tc103", "syn-retransmission   TC103   warning"),
        ("syn-retransmission", "syn-retransmission   TC103   warning"),
        ("TC2", "TC2   a family of rules"),
        ("close-wait", "CLOSE_WAIT   a state"),
        ("F", "FIN   a flag"),
        (".", "ACK   a flag"),
        ("wscale", "wscale   an option"),
        ("win", "win   a field"),
        ("handshake", "handshake   how TCP works"),
    ] {
        let page = explain(&[word]);
        assert!(page.lines().any(|line| line == title), "{word}:\n{page}");
    }
    assert!(explain(&["TC1"]).contains("\n  TC103 syn-retransmission "));
    let both = explain(&["retransmission"]);
    assert!(both.starts_with("retransmission   TC201") && both.contains("\narq   how TCP works\n"));
}

#[test]
fn what_the_tutorials_get_wrong_is_set_right() {
    assert!(explain(&["FIN"]).contains("the next in order"));
    let header = explain(&["header"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(header.contains("a header of 20 to 60 bytes, of which up to 40 are options"), "{header}");
}

#[test]
fn a_frame_gets_the_page_of_its_rule_with_its_own_packets_and_numbers() {
    let page = explain(&["-nr", &fixture("loss/timeout.pcap"), "@6"]);
    assert!(page.starts_with("timeout-retransmission   TC203   warning\n"), "{page}");
    let own = page.split("In this capture").nth(1).unwrap_or_default();
    // The first copy and the frame itself, as tcpdump writes them, and what was measured.
    for expected in
        ["Flags [P.], seq 1:501", "# f1 @4 ", "# f1 @6 ", "#! f1 @6 warning TC203", "Measured  ", "429.8 ms"]
    {
        assert!(own.contains(expected), "{expected}:\n{page}");
    }
    assert!(own.contains("Usual causes") && !page.contains("In a tcpdump trace"));
    assert!(page.lines().all(|line| line.is_ascii()));
}

#[test]
fn the_last_word_on_a_frame_counts() {
    // What was a gap of unknown cause when it came is settled by what came after it.
    let page = explain(&["-nr", &fixture("loss/reordered.pcap"), "@1"]);
    assert!(page.starts_with("handshake   how TCP works\n"), "{page}");
    let path = fixture("loss/no-sack.pcap");
    let found = String::from_utf8(tcpcheck(&["-r", &path, "--findings"]).stdout).unwrap();
    let last = found.lines().rfind(|line| line.contains(" @9 ") && line.contains("TC210")).unwrap();
    let cause = last.rsplit(": ").next().unwrap();
    let page = explain(&["-nr", &path, "@9"]);
    assert!(page.contains(&format!("cause           {cause}")), "{last}\n{page}");
}

#[test]
fn where_nothing_fired_the_pages_tell_what_the_segment_did() {
    let path = fixture("close/client-first.pcap");
    let lines = String::from_utf8(tcpcheck(&["-nr", &path]).stdout).unwrap();
    let remark = lines.lines().find(|line| line.starts_with('#') && line.contains("c>FIN_WAIT_1")).unwrap();
    let frame = remark.split_whitespace().nth(2).unwrap();
    let page = explain(&["-nr", &path, frame]);
    for expected in
        ["close   how TCP works", "FIN_WAIT_1   a state", "CLOSE_WAIT   a state", "FIN   a flag", "Flags [F.]"]
    {
        assert!(page.contains(expected), "{expected}:\n{page}");
    }
}

#[test]
fn what_is_not_there_is_refused_with_what_to_do() {
    let path = fixture("loss/timeout.pcap");
    for (words, expected) in [
        (&["retransmision"][..], "no page is called 'retransmision'; did you mean retransmission"),
        (&["zzz"][..], "no page is called 'zzz' (tcpcheck explain lists all)"),
        (&["@15"][..], "tcpcheck explain FILE @15"),
        (&["-r", &path][..], "name a frame by its number, such as @15"),
        (&["-r", &path, "TC202"][..], "'TC202' is no frame"),
        (&["-r", &path, "@99"][..], "there is no frame @99: the last one is @12"),
        (&["-r", "-", "@1"][..], "it has to be a file"),
        (&["-r", "missing.pcap", "@1"][..], "missing.pcap"),
    ] {
        let said = refused(words);
        assert!(said.contains(expected), "{words:?}: {said}");
    }
}

/// What `tcpcheck explain TC202` shows on a terminal of so many lines, with a pager that shows three; none without `script`.
#[cfg(target_os = "linux")]
fn on_a_terminal(lines: u32) -> Option<usize> {
    let program = env!("CARGO_BIN_EXE_tcpcheck");
    let run = format!("stty rows {lines} cols 100; '{program}' explain TC202");
    let mut script = std::process::Command::new("script");
    let output = script.args(["-qec", &run, "/dev/null"]).env("PAGER", "head -3").env_remove("LESS").output();
    output.ok().map(|output| String::from_utf8_lossy(&output.stdout).lines().count())
}

#[cfg(target_os = "linux")]
#[test]
fn a_page_taller_than_the_terminal_goes_to_the_pager() {
    let Some(short) = on_a_terminal(20) else {
        return crate::testkit::skipped("no script(1) here to make a terminal with", "apt-get install bsdutils");
    };
    assert_eq!(short, 3);
    let wide = std::process::Command::new(env!("CARGO_BIN_EXE_tcpcheck"))
        .args(["explain", "TC202"])
        .env("COLUMNS", "100")
        .output();
    let wide = String::from_utf8(wide.expect("tcpcheck starts").stdout).expect("text");
    assert_eq!(on_a_terminal(200), Some(wide.lines().count()));
}

#[test]
fn colour_says_nothing_that_the_words_do_not() {
    let plain = explain(&["TC202"]);
    let coloured = explain(&["--color", "always", "TC202"]);
    let mut stripped = String::new();
    let mut pieces = coloured.split('\x1b');
    stripped.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        stripped.push_str(piece.split_once('m').map_or("", |(_, text)| text));
    }
    assert!(coloured.contains('\x1b') && !plain.contains('\x1b'));
    assert_eq!(stripped, plain);
}

#[test]
fn the_table_of_rules_and_its_records_hold_the_catalogue() {
    let table = String::from_utf8(tcpcheck(&["rules"]).stdout).unwrap();
    assert!(table.lines().all(|line| line.len() <= 120 && line.is_ascii()));
    let schema = std::fs::read_to_string(root().join("docs/ndjson.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let records = String::from_utf8(tcpcheck(&["rules", "--json"]).stdout).unwrap();
    assert_eq!(records.lines().count(), Rule::ALL.len());
    for (rule, line) in Rule::ALL.iter().zip(records.lines()) {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(schema.is_valid(&record), "{line}");
        assert_eq!((&record["code"], &record["slug"]), (&rule.code().into(), &rule.slug().into()));
        assert!(table.contains(&format!("{} {}", rule.code(), rule.slug())));
    }
}

#[test]
fn what_to_do_about_a_finding_is_its_own() {
    let mut told: Vec<(&str, Rule)> = Rule::ALL.iter().map(|rule| (Page::advice(*rule), *rule)).collect();
    told.sort_unstable_by_key(|(words, rule)| (*words, rule.code()));
    for pair in told.windows(2) {
        assert_ne!(pair[0].0, pair[1].0, "{:?} and {:?} have the same advice", pair[0].1, pair[1].1);
    }
    for (words, rule) in &told {
        assert!(words.len() > 20 && words.ends_with(['.', '?']), "{}: {words}", rule.code());
        // A larger buffer helps where the kernel dropped packets, and nowhere else.
        assert_eq!(words.contains("larger buffer (-B"), *rule == Rule::KernelDrops, "{}: {words}", rule.code());
    }
}

#[test]
fn a_symptom_leads_to_pages_and_to_commands_that_parse() {
    for word in ["slow", "mtu", "loss", "stall", "reset", "refused", "proxy", "dup", "timeout", "leak"] {
        let page = Page::named(word).into_iter().find(|page| page.kind == Kind::Symptom);
        let page = page.unwrap_or_else(|| panic!("no page for {word}"));
        let codes = page.markdown.match_indices("TC").filter_map(|(at, _)| page.markdown.get(at..at + 5));
        let known = codes.filter(|code| Rule::ALL.iter().any(|rule| rule.code() == *code)).count();
        assert!(known >= 3, "{word} names {known} rules");
        assert!(page.parts.iter().any(|part| part.heading == "Tell them apart"), "{word}");
        // What it tells to type is understood: it fails at the capture, which is not there.
        let lines = page.parts.iter().flat_map(|part| &part.blocks).filter_map(|block| match block {
            Block::Verbatim(lines) => Some(lines),
            _ => None,
        });
        for line in lines.flatten().filter(|line| line.starts_with("tcpcheck ") && line.contains("FILE")) {
            let command = line.split("  ").next().unwrap_or_default();
            let words = command.split_whitespace().skip(1).map(|word| match word {
                "FILE" => "/nowhere/x.pcap",
                "N" => "1",
                "report.html" | "loss.svg" => "/nowhere/out",
                word => word,
            });
            let output = tcpcheck(&words.collect::<Vec<_>>());
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{command}: {said}");
            assert!(said.contains("/nowhere"), "{command}: {said}");
        }
        assert!(explain(&[word]).starts_with(&format!("{}   a symptom\n", page.title())), "{word}");
    }
}

/// docs/symptoms.md as the pages make it.
fn symptoms() -> String {
    let mut out = "# From symptom to command\n\nWhat one sees, what may cause it, and the commands that tell the causes apart. \
                   `tcpcheck explain slow` shows the\nfirst of these pages, and so on; made from them (`UPDATE=1 cargo test \
                   symptoms_are_in_the_docs`).\n"
        .to_owned();
    let pages = || Page::all().iter().filter(|page| page.kind == Kind::Symptom);
    out.push_str("\n| symptom | what one sees |\n|---|---|\n");
    for page in pages() {
        writeln!(out, "| [{0}](#{0}) | {1} |", page.title(), page.lead).unwrap();
    }
    for page in pages() {
        // Codes lead to their pages.
        let mut text = page.markdown.replace("\n## ", "\n### ");
        for rule in Rule::ALL {
            let anchor = format!("{}-{}", rule.code().to_lowercase(), rule.slug());
            let linked = |line: &str| match line.starts_with("    ") {
                true => line.to_owned(),
                false => line.replace(rule.code(), &format!("[{}](rules.md#{anchor})", rule.code())),
            };
            text = text.lines().map(linked).collect::<Vec<_>>().join("\n");
        }
        write!(out, "\n## {}\n\n{text}\n", page.title()).unwrap();
    }
    out
}

/// `UPDATE=1 cargo test symptoms_are_in_the_docs` writes it anew.
#[test]
fn all_symptoms_are_in_the_docs() {
    let (path, made) = (root().join("docs/symptoms.md"), symptoms());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/symptoms.md is not up to date: UPDATE=1 cargo test symptoms_are_in_the_docs");
}

/// docs/rules.md as the catalogue and its pages make it.
fn documentation() -> String {
    let mut out =
        "# The rules\n\nEverything tcpcheck can find. Made from the catalogue and its pages (`UPDATE=1 cargo test \
                   rules_are_in_the_docs`); `tcpcheck explain CODE`\nshows the same.\n"
            .to_owned();
    let of_family = |page: &Page| {
        let code = page.title();
        Rule::ALL.iter().copied().filter(move |rule| rule.code().starts_with(code))
    };
    let families = || Page::all().iter().filter(|page| page.kind == Kind::Family);
    out.push_str("\n| code | name | severity | fires when | source |\n|---|---|---|---|---|\n");
    for info in families().flat_map(of_family).map(|rule| rule.info()) {
        let (code, slug, severity) = (info.code, info.slug, info.severity.as_str());
        let anchor = format!("{}-{slug}", code.to_lowercase());
        writeln!(out, "| [{code}](#{anchor}) | {slug} | {severity} | {} | {} |", info.fires, info.source).unwrap();
    }
    let demoted = |markdown: &str| markdown.replace("\n## ", "\n#### ");
    for family in families() {
        write!(out, "\n## {}\n\n{}\n", family.title(), demoted(family.markdown)).unwrap();
        for rule in of_family(family) {
            let page = Page::of(rule).map(|page| demoted(page.markdown)).unwrap_or_default();
            write!(out, "\n### {} {}\n\n*{}.* {page}\n", rule.code(), rule.slug(), rule.severity().as_str()).unwrap();
        }
    }
    out
}

/// `UPDATE=1 cargo test rules_are_in_the_docs` writes it anew.
#[test]
fn all_rules_are_in_the_docs() {
    let (path, made) = (root().join("docs/rules.md"), documentation());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/rules.md is not up to date: UPDATE=1 cargo test rules_are_in_the_docs");
}
