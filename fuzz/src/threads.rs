//! One thread or two: the same packets with the same lines and segments, in the same order, and the same end.

use std::io::Cursor;

use tcpcheck::capture::{CaptureError, Filter, Frame, open_reader};
use tcpcheck::dissect::{Dissection, Reader};
use tcpcheck::pipeline::{Feed, WriteLine, run};
use tcpcheck::report::lines::{LineStyle, Lines};
use tcpcheck::track::FlowHasher;

pub fn alike(bytes: &[u8]) {
    let hasher = FlowHasher::default();
    if let Some(alone) = packets(bytes, 1, &hasher) {
        assert_eq!(Some(alone), packets(bytes, 2, &hasher));
    }
}

/// What each packet is, as text, and how it ends.
fn packets(bytes: &[u8], threads: usize, hasher: &FlowHasher) -> Option<Vec<String>> {
    let mut source = open_reader(Cursor::new(bytes.to_vec()), "capture").ok()?;
    let mut filter = Filter::compile("").expect("no filter at all");
    let mut lines = Lines::new(LineStyle { numeric: true, ..LineStyle::default() });
    let mut told = Vec::new();
    let hasher = hasher.clone();
    let mut line =
        |out: &mut Vec<u8>, frame: &Frame<'_>, dissection: &Dissection<'_>| lines.packet(out, frame, dissection);
    let lines = Some(&mut line as WriteLine<'_>);
    let mut reader = Reader::new(true);
    let feed =
        Feed { source: &mut *source, filter: &mut filter, reader: &mut reader, hasher, lines, count: Some(1_000) };
    let end: Result<_, CaptureError> = run(feed, threads, |batch| {
        told.extend(batch.packets().map(|(packet, tracked)| {
            format!("{} {} {:?} {}", packet.number, packet.ts.0, tracked, String::from_utf8_lossy(packet.line))
        }));
        Ok(())
    });
    told.push(format!("{end:?} {:?}", source.faults()));
    Some(told)
}
