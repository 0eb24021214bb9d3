//! `tcpcheck rules`: the catalogue as a table, or a record a rule.

use serde::Serialize;

use crate::report::{Ink, Style, ascii, text_columns, wrapped};
use crate::rules::{Rule, Severity};

/// A rule as JSON has it.
#[derive(Serialize)]
struct Record {
    r#type: &'static str,
    v: u32,
    code: &'static str,
    slug: &'static str,
    severity: Severity,
    fires: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'static str,
}

/// A record a line.
pub(super) fn json() -> anyhow::Result<Vec<u8>> {
    let mut out = Vec::new();
    for info in Rule::ALL.iter().map(|rule| rule.info()) {
        let record = Record {
            r#type: "rule",
            v: 1,
            code: info.code,
            slug: info.slug,
            severity: info.severity,
            fires: info.fires,
            source: info.source,
        };
        serde_json::to_writer(&mut out, &record)?;
        out.push(b'\n');
    }
    Ok(out)
}

/// A row a rule.
pub(super) fn table(style: Style) -> Vec<u8> {
    let mut out = Vec::new();
    let wide = Rule::ALL.iter().map(|rule| rule.slug().len()).max().unwrap_or(0);
    let (columns, beside) = (text_columns(style), 6 + wide + 2 + 7 + 2);
    for rule in Rule::ALL {
        let (info, start) = (rule.info(), out.len());
        // Beside it, or below where there is no room.
        let below = beside + 40 > columns;
        let pad = if below { 0 } else { 7 };
        out.extend_from_slice(format!("{} {:wide$}  {:pad$}", info.code, info.slug, info.severity.as_str()).as_bytes());
        style.paint(&mut out, start, Ink::Finding(info.severity));
        let source = if info.source.is_empty() { String::new() } else { format!(" ({})", ascii(info.source)) };
        out.extend_from_slice(if below { b"\n      " } else { b"  " });
        wrapped(&mut out, &format!("{}{source}", info.fires), if below { 6 } else { beside }, columns);
    }
    out
}
