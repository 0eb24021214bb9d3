//! The rows of exchanges.

use super::Kind::{Bool, Float, Text, Time, Unsigned};
use super::{Cell, Column, column, number, or_null, text};
use crate::capture::Span;
use crate::track::Exchange;

/// The columns of `exchanges`.
#[rustfmt::skip]
pub(super) const EXCHANGES: &[Column] = &[
    column("source", Text, "The capture file"),
    column("flow", Unsigned, "The connection"),
    column("exchange", Unsigned, "The exchange's number in its connection, from 1"),
    column("frame", Unsigned, "Frame of the first byte of the request"),
    column("ts", Time, "Its time"),
    column("request_bytes", Unsigned, "Payload of the request, each byte once"),
    column("request_ms", Float, "First to last byte of the request"),
    column("server_time_ms", Float, "Last byte of the request to first byte of the answer, less round trip and retransmission_ms"),
    column("retransmission_ms", Float, "How much later the answer came because the request had to be retransmitted"),
    column("answer_frame", Unsigned, "Frame of the first byte of the answer; none where no answer came"),
    column("answer_bytes", Unsigned, "Payload of the answer, each byte once"),
    column("answer_ms", Float, "First to last byte of the answer"),
    column("overlapping", Bool, "Both sides sent at once, or requests were not answered one by one: it is not timed"),
];

/// The row of an exchange in `source`.
pub fn exchange_cells<'a>(source: &'a str, exchange: &Exchange) -> Vec<Cell<'a>> {
    let millis = |span: Span| Cell::Float(span.as_millis_f64());
    vec![
        text(source),
        number(exchange.flow),
        number(exchange.number),
        number(exchange.frame),
        Cell::Time(exchange.ts),
        number(exchange.request_bytes),
        millis(exchange.request),
        or_null(exchange.server_time, millis),
        millis(exchange.retransmission),
        or_null(Some(exchange.answer_frame).filter(|frame| *frame > 0), number),
        number(exchange.answer_bytes),
        millis(exchange.answer),
        Cell::Bool(exchange.overlapping),
    ]
}
