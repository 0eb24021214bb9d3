//! A ladder as a Mermaid sequence diagram, for a pull request.

use askama::Template;

use crate::display;
use crate::track::{Direction, TcpState};

use super::row::{LadderRow, Tone};
use crate::report::phrase::time;

/// The diagram's text.
#[derive(Template)]
#[template(path = "ladder.mmd", escape = "none")]
struct Diagram<'a> {
    client: &'a str,
    server: &'a str,
    rows: Vec<Row>,
}

/// A row's lines.
struct Row {
    /// `client->>server`, or nothing for words across.
    arrow: &'static str,
    text: String,
    client: &'static str,
    server: &'static str,
}

/// Appends the diagram of these rows.
pub(super) fn write(out: &mut Vec<u8>, client: &str, server: &str, rows: &[LadderRow]) {
    let Some(first) = rows.first() else { return };
    let rows = rows.iter().map(|row| {
        let arrow = match (row.from, row.tone) {
            (None, _) => "",
            (Some(Direction::FromOriginator), Tone::Reset) => "client-xserver",
            (Some(Direction::FromResponder), Tone::Reset) => "server-xclient",
            (Some(Direction::FromOriginator), Tone::Quiet) => "client-->>server",
            (Some(Direction::FromResponder), Tone::Quiet) => "server-->>client",
            (Some(Direction::FromOriginator), _) => "client->>server",
            (Some(Direction::FromResponder), _) => "server->>client",
        };
        let state = |state: Option<TcpState>| state.map_or("", TcpState::as_str);
        let mut text = display::mermaid(&row.label);
        if row.frame > 0 {
            text.push_str(&format!("<br/>@{}, +{}", row.frame, time(row.ts.since(first.ts))));
        }
        Row { arrow, text, client: state(row.client), server: state(row.server) }
    });
    let diagram =
        Diagram { client: &display::mermaid(client), server: &display::mermaid(server), rows: rows.collect() };
    // Writing into a Vec cannot fail.
    let _ = diagram.write_into(out);
    out.push(b'\n');
}
