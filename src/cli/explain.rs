//! `tcpcheck explain`: the page of a word, the pages of a frame of one's own, or the list of all.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};

use crate::capture::OpenFiles;
use crate::display;
use crate::dissect::TcpFlags;
use crate::report::lines::{LineStyle, Lines};
use crate::report::{Annotator, Ink, Level, Own, Style, ascii, text_columns, wrapped, write_page};
use crate::rules::{Kind, Page, Rule};
use crate::track::{AnalysisOptions, Direction, Finding, SegmentEffect, TcpState, Value};

use super::plan::is_standard;
use super::sandbox::{self, AllowedDescriptors, User};
use super::watch::{Watched, watch};

/// More of a finding's frames than this are not shown.
const MAX_FRAMES: usize = 16;

/// The one word that was typed, if any was.
pub(super) fn one_word(words: &[OsString]) -> Result<Option<&str>> {
    match words {
        [] => Ok(None),
        [word] => Ok(Some(word.to_str().with_context(|| format!("{}: no page is called that", display::path(word)))?)),
        _ => bail!("one word at a time, or a capture and one frame: tcpcheck explain FILE @15"),
    }
}

/// The pages of a word; without one, the list.
pub(super) fn word(word: Option<&str>, style: Style) -> Result<Vec<u8>> {
    let Some(word) = word else { return Ok(list(style)) };
    if word.starts_with('@') {
        bail!("{word} is a frame: name its capture too, tcpcheck explain FILE {word}");
    }
    let pages = Page::named(word);
    if pages.is_empty() {
        bail!("no page is called '{word}'{} (tcpcheck explain lists all)", nearest(word));
    }
    let mut out = Vec::new();
    for page in pages {
        one_more(&mut out, style, page, None);
        if page.kind == Kind::Family {
            out.push(b'\n');
            rows(&mut out, style, page.title());
        }
    }
    Ok(out)
}

/// What happened in a frame of a capture: the page of each rule that fired, or else of what its segment did.
pub(super) fn frame(
    files: &[PathBuf],
    word: Option<&str>,
    style: Style,
    numeric: bool,
    options: AnalysisOptions,
) -> Result<Vec<u8>> {
    let number = word.and_then(|word| word.strip_prefix('@').unwrap_or(word).parse::<u64>().ok());
    let number = number.with_context(|| match word {
        Some(word) => format!("'{word}' is no frame: with -r FILE name one by its number, such as @15"),
        None => "with -r FILE name a frame by its number, such as @15".to_owned(),
    })?;
    if files.iter().any(|file| is_standard(file)) {
        bail!("-r -: a capture is read twice here, so it has to be a file");
    }
    let files = OpenFiles::open(files)?;
    if let Some(path) = files.once_only() {
        bail!(
            "{}: a capture is read twice here, so it has to be a file and no pipe: save it first",
            display::path(path)
        );
    }
    let lines = Lines::new(LineStyle { numeric, ..LineStyle::default() });
    sandbox::close(User::of(None)?.as_ref(), AllowedDescriptors::default())?;
    let look = |frames: &BTreeSet<u64>| watch(&files, frames, lines.clone(), options);
    let (mut found, last) = look(&BTreeSet::from([number]))?;
    let watched = found.pop().ok_or_else(|| anyhow!("there is no frame @{number}: the last one is @{last}"))?;
    let Some((_, seen)) = &watched.tcp else { bail!("frame @{number} holds no whole TCP header") };
    let mut out = Vec::new();
    if seen.findings.is_empty() {
        let trace = trace(std::slice::from_ref(&watched), style);
        for (at, page) in deeds(&watched).into_iter().enumerate() {
            let own = Own { trace: &trace, finding: None };
            one_more(&mut out, style, page, (at == 0).then_some(own));
        }
        return Ok(out);
    }
    for finding in &seen.findings {
        let page = Page::of(finding.rule).with_context(|| format!("{} has no page", finding.rule.code()))?;
        let mut frames = frames_of(finding);
        frames.extend(seen.fills_gap_of);
        let (watched, _) = look(&frames)?;
        let trace = trace(&watched, style);
        one_more(&mut out, style, page, Some(Own { trace: &trace, finding: Some(finding) }));
    }
    Ok(out)
}

fn one_more(out: &mut Vec<u8>, style: Style, page: &Page, own: Option<Own<'_>>) {
    if !out.is_empty() {
        out.extend_from_slice(b"\n\n");
    }
    write_page(out, style, page, own);
}

/// The frames that a finding is about, and those that led to it.
fn frames_of(finding: &Finding) -> BTreeSet<u64> {
    let evidence = finding.evidence.iter().flat_map(|fact| match &fact.value {
        Value::Frame(frame) => std::slice::from_ref(frame),
        Value::Frames(frames) => frames.as_slice(),
        _ => &[],
    });
    let led = evidence.copied().filter(|frame| *frame > 0 && *frame != finding.frame);
    led.take(MAX_FRAMES).chain([finding.frame]).collect()
}

/// The lines of some frames, with what is said about them.
fn trace(frames: &[Watched], style: Style) -> Vec<u8> {
    let mut annotator = Annotator::new(Level::Full, style);
    let mut out = Vec::new();
    for Watched { line, tcp, .. } in frames {
        out.extend_from_slice(line);
        if let Some((segment, seen)) = tcp {
            annotator.packet(&mut out, segment, seen);
        }
    }
    out
}

/// The pages of what a segment did, where no rule fired: the states it led to, its flags, what is normal about it.
fn deeds(watched: &Watched) -> Vec<&'static Page> {
    let Some((segment, seen)) = &watched.tcp else { return Vec::new() };
    let mut words: Vec<&str> = seen.notes.iter().map(|note| note.as_str()).collect();
    words.extend(match seen.effect {
        SegmentEffect::Opens | SegmentEffect::OpensToo | SegmentEffect::Accepts | SegmentEffect::Establishes => {
            Some("handshake")
        }
        SegmentEffect::Closes => Some("close"),
        _ => None,
    });
    let ends = [(seen.before.client, seen.after.client), (seen.before.server, seen.after.server)];
    let entered: Vec<TcpState> = ends.iter().filter(|(from, to)| from != to).map(|(_, to)| *to).collect();
    let from_client = seen.direction == Some(Direction::FromOriginator);
    let stays = [if from_client { seen.after.client } else { seen.after.server }];
    words.extend(if entered.is_empty() { &stays[..] } else { &entered }.iter().map(|state| state.as_str()));
    // Nearly every segment has an ACK: it is the news only where nothing else is.
    let others = segment.flags.intersects(TcpFlags(!TcpFlags::ACK.0 & 0x1ff));
    let told = |flag: TcpFlags| segment.flags.contains(flag) && (flag != TcpFlags::ACK || !others);
    words.extend(TcpFlags::NAMES.iter().filter(|(flag, _)| told(*flag)).map(|(_, name)| *name));
    let mut pages: Vec<&Page> = Vec::new();
    for page in words.iter().flat_map(|word| Page::named(word)) {
        let of_it = matches!(page.kind, Kind::State | Kind::Flag | Kind::Lesson | Kind::Note);
        if of_it && !pages.iter().any(|other| std::ptr::eq(*other, page)) {
            pages.push(page);
        }
    }
    pages
}

/// Everything there is a page for.
fn list(style: Style) -> Vec<u8> {
    let mut out = b"tcpcheck explain SYMPTOM|CODE|NAME, or\ntcpcheck explain FILE @FRAME\n".to_vec();
    let of = |kind: Kind| Page::all().iter().filter(move |page| page.kind == kind);
    heading(&mut out, style, "What you see: pages that tell its causes apart");
    for page in of(Kind::Symptom) {
        out.extend_from_slice(format!("  {:23} ", page.title()).as_bytes());
        wrapped(&mut out, page.lead.split_inclusive(". ").next().unwrap_or_default(), 26, text_columns(style));
    }
    for family in of(Kind::Family) {
        let code = family.title();
        heading(&mut out, style, &format!("{code}  {}", family.lead));
        rows(&mut out, style, code);
    }
    for (kind, words) in [
        (Kind::Lesson, "How TCP works"),
        (Kind::State, "States"),
        (Kind::Flag, "Flags, with tcpdump's letter"),
        (Kind::Option, "Options"),
        (Kind::Field, "Fields"),
        (Kind::Note, "Annotations"),
    ] {
        heading(&mut out, style, words);
        for page in of(kind) {
            let letter = page.names.get(1).filter(|_| kind == Kind::Flag).map_or("", |letter| *letter);
            out.extend_from_slice(format!("  {:21} {letter:1} ", page.title()).as_bytes());
            wrapped(&mut out, page.lead.split_inclusive(". ").next().unwrap_or_default(), 26, text_columns(style));
        }
    }
    out
}

/// A row for each rule of a family.
fn rows(out: &mut Vec<u8>, style: Style, family: &str) {
    for rule in Rule::ALL.iter().filter(|rule| rule.code().starts_with(family)) {
        let start = out.len();
        out.extend_from_slice(format!("  {} {:24} ", rule.code(), rule.slug()).as_bytes());
        wrapped(out, &ascii(rule.info().fires), 33, text_columns(style));
        style.link(out, start);
    }
}

fn heading(out: &mut Vec<u8>, style: Style, words: &str) {
    out.push(b'\n');
    let start = out.len();
    wrapped(out, words, 4, text_columns(style));
    out.pop();
    style.paint(out, start, Ink::Strong);
    out.push(b'\n');
}

/// `; near it: a, b`, or nothing.
fn nearest(word: &str) -> String {
    let word = word.to_lowercase();
    let mut near: Vec<(f64, &str)> = Page::all()
        .iter()
        .flat_map(|page| &page.names)
        .map(|name| (strsim::jaro_winkler(&word, &name.to_lowercase()), *name))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.dedup_by_key(|(_, name)| *name);
    let names: Vec<&str> = near.iter().take(3).map(|(_, name)| *name).collect();
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(", ")) }
}
