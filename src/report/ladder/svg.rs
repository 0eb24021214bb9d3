//! A ladder as SVG: what a terminal shows, and a plain sentence beside each row.

use askama::Template;

use crate::capture::Timestamp;
use crate::report::wording::message;
use crate::track::{Direction, TcpState};

use super::row::{LadderRow, Tone};
use crate::report::phrase::time;

/// The style that pictures share, on their own and in the page.
pub(crate) const STYLE: &str = include_str!("../../../templates/picture.css");

/// A picture that can stand alone or be a part of the page.
pub trait Svg {
    /// Appends it; `alone` when it is a file of its own, with its style.
    fn write(&self, out: &mut Vec<u8>, alone: bool);

    /// Appends a picture that is a file of its own.
    fn file(&self, out: &mut Vec<u8>) {
        self.write(out, true);
    }

    /// A picture that is a part of the page.
    fn part(&self) -> String {
        let mut out = Vec::new();
        self.write(&mut out, false);
        String::from_utf8(out).unwrap_or_default()
    }
}

/// Where things stand, in pixels.
const CLIENT: u32 = 232;
const SERVER: u32 = 622;
const STORY: u32 = 722;
const WIDTH: u32 = 1180;
const TOP: u32 = 58;
const ROW: u32 = 25;
/// A second line beside an arrow makes its row higher.
const SECOND: u32 = 10;

/// As many letters fit on an arrow.
const LETTERS: usize = 58;

/// And so many beside it.
const STORY_LETTERS: usize = 66;

/// The picture.
#[derive(Template)]
#[template(path = "ladder.svg")]
struct Picture<'a> {
    /// A file of its own, with its style.
    style: Option<&'a str>,
    title: &'a str,
    client: &'a str,
    server: &'a str,
    /// Words link to their explanation in the same page.
    links: bool,
    rows: Vec<Row>,
    rails: (u32, u32),
    places: (u32, u32),
    width: u32,
    height: u32,
}

/// A row's text and places.
struct Row {
    y: u32,
    class: &'static str,
    /// The line from and to, and the arrow head; nothing for words across.
    arrow: Option<(u32, u32, String)>,
    time: String,
    frame: String,
    /// Its first and last frame.
    frames: (u64, u64),
    client: &'static str,
    server: &'static str,
    label: String,
    /// In one line or two.
    story: (String, String),
    /// What is said of it when asked.
    tip: String,
}

/// What a ladder is drawn of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawing<'a> {
    /// What it is called.
    pub title: &'a str,
    /// The client's address, port and name.
    pub client: &'a str,
    /// The server's.
    pub server: &'a str,
    /// When the connection began.
    pub start: Timestamp,
    /// Its rows.
    pub rows: &'a [LadderRow],
}

impl Svg for Drawing<'_> {
    fn write(&self, out: &mut Vec<u8>, alone: bool) {
        let mut y = TOP;
        let rows = self.rows.iter().map(|row| {
            let row = self.row(row, y + ROW - 6);
            y += if row.story.1.is_empty() { ROW } else { ROW + SECOND };
            row
        });
        let rows: Vec<Row> = rows.collect();
        let picture = Picture {
            style: alone.then_some(STYLE),
            title: self.title,
            client: self.client,
            server: self.server,
            links: !alone,
            rails: (CLIENT, SERVER),
            places: (SERVER + 8, STORY),
            width: WIDTH,
            height: y + 12,
            rows,
        };
        // Writing into a Vec cannot fail.
        let _ = picture.write_into(out);
    }
}

impl Drawing<'_> {
    fn row(&self, row: &LadderRow, y: u32) -> Row {
        let arrow = row.from.map(|from| match from {
            Direction::FromOriginator => (CLIENT + 2, SERVER - 3, head(SERVER - 3, y, -8)),
            Direction::FromResponder => (SERVER - 2, CLIENT + 3, head(CLIENT + 3, y, 8)),
        });
        let state = |state: Option<TcpState>| state.map_or("", TcpState::as_str);
        let mut label = row.label.clone();
        for part in row.detail.split("  ").filter(|part| !part.is_empty()) {
            if label.len() + 2 + part.len() <= LETTERS {
                label.push_str("  ");
                label.push_str(part);
            }
        }
        Row {
            y,
            class: class(row.tone),
            arrow,
            time: if row.is_timed() { time(row.ts.since(self.start)) } else { String::new() },
            frame: if row.frame > 0 { format!("@{}", row.frame) } else { String::new() },
            frames: (row.frame, row.last_frame),
            client: state(row.client),
            server: state(row.server),
            tip: tip(row),
            story: halves(&row.story),
            label: cut(&label),
        }
    }
}

/// An arrow's head: its tip at `x`, its wings so far behind it.
fn head(x: u32, y: u32, wing: i32) -> String {
    format!("M{x} {y}l{wing} -4v8z")
}

fn cut(label: &str) -> String {
    // SVG joins spaces.
    let wide = |sign: char| if sign == ' ' { '\u{a0}' } else { sign };
    if label.chars().count() <= LETTERS {
        return label.chars().map(wide).collect();
    }
    label.chars().take(LETTERS - 3).chain("...".chars()).map(wide).collect()
}

/// A sentence in two lines where it is too long for one.
fn halves(story: &str) -> (String, String) {
    if story.chars().count() <= STORY_LETTERS {
        return (story.to_owned(), String::new());
    }
    let end = story.char_indices().nth(STORY_LETTERS).map_or(story.len(), |(at, _)| at);
    let (before, _) = story.split_at(end);
    let at = before.rfind(". ").map(|at| at + 1).or_else(|| before.rfind(' ')).unwrap_or(end);
    let (first, second) = story.split_at(at);
    (first.to_owned(), second.trim().to_owned())
}

/// All that the ladder knows of a row.
fn tip(row: &LadderRow) -> String {
    let mut lines = vec![row.label.clone()];
    lines.extend((!row.detail.is_empty()).then(|| row.detail.clone()));
    for finding in &row.findings {
        lines.push(format!("{} {}: {}", finding.rule.code(), finding.rule.slug(), message(finding)));
    }
    lines.join("\n")
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Quiet => "quiet",
        Tone::Turn => "turn",
        Tone::Missing => "missing",
        Tone::Found(severity) => severity.as_str(),
        Tone::Reset => "error",
    }
}
