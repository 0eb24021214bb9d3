//! `--exchanges`: a row a request with its answer.

use crate::track::Exchange;

use super::columns::{Align, Column, Columns};
use super::style::{Ink, Style};
use super::{Reporter, Summary, units};

/// Writes each exchange as soon as it is complete.
#[derive(Debug)]
pub struct Exchanges {
    style: Style,
    columns: Columns,
    first: Option<crate::capture::Timestamp>,
    count: u64,
    overlapping: u64,
}

/// The columns, with room for what usually stands in them: nobody holds a million rows back to align a table.
const HEAD: [(&str, usize); 10] = [
    ("flow", 4),
    ("no", 4),
    ("frame", 7),
    ("start s", 9),
    ("request B", 9),
    ("sent in ms", 10),
    ("server ms", 9),
    ("rtx ms", 7),
    ("answer B", 11),
    ("got in ms", 9),
];

impl Exchanges {
    /// So coloured.
    pub fn new(style: Style) -> Self {
        let columns = HEAD.iter().enumerate().map(|(at, (_, width))| Column { at, width: *width, align: Align::Right });
        Self { style, columns: Columns::new(columns.collect(), style), first: None, count: 0, overlapping: 0 }
    }
}

impl Reporter for Exchanges {
    fn packet(&mut self, _: &mut Vec<u8>, packet: &super::Packet<'_>) {
        self.first.get_or_insert(packet.ts);
    }

    fn hidden(&mut self, _: &mut Vec<u8>, packet: &super::Packet<'_>) {
        self.first.get_or_insert(packet.ts);
    }

    fn exchange(&mut self, out: &mut Vec<u8>, exchange: &Exchange) {
        if self.count == 0 {
            let start = out.len();
            self.columns.row(out, &HEAD.map(|(name, _)| name.to_owned()));
            out.pop();
            self.style.paint(out, start, Ink::Strong);
            out.push(b'\n');
        }
        self.count += 1;
        self.overlapping += u64::from(exchange.overlapping);
        let millis = |span| units::written(|out| units::millis(out, span));
        let start = exchange.ts.since(self.first.unwrap_or(exchange.ts));
        let server = match exchange.server_time {
            Some(span) => millis(span),
            None if exchange.overlapping => "overlaps".to_owned(),
            None if exchange.answer_frame == 0 => "no answer".to_owned(),
            None => "-".to_owned(),
        };
        self.columns.row(
            out,
            &[
                exchange.flow.to_string(),
                exchange.number.to_string(),
                units::written(|out| units::frame(out, exchange.frame)),
                units::written(|out| units::seconds(out, start)),
                units::written(|out| units::grouped(out, exchange.request_bytes)),
                millis(exchange.request),
                server,
                millis(exchange.retransmission),
                units::written(|out| units::grouped(out, exchange.answer_bytes)),
                millis(exchange.answer),
            ],
        );
    }

    fn end(&mut self, out: &mut Vec<u8>, _: &Summary) {
        units::grouped(out, self.count);
        out.extend_from_slice(if self.count == 1 { b" exchange" } else { b" exchanges" });
        if self.overlapping > 0 {
            out.extend_from_slice(b", ");
            units::grouped(out, self.overlapping);
            out.extend_from_slice(b" overlapping");
        }
        out.push(b'\n');
    }
}
