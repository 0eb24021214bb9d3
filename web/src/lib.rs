//! tcpcheck in a page: one request, and what comes of it piece by piece. Nothing here knows of a network.

#![deny(unsafe_code)]

mod host;
mod request;
mod table;

use std::io::{self, Write};

use tcpcheck::analyse::{Options, ReadOptions, Standing, Watch, analyse_with, annotate, compare_captures, read};
use tcpcheck::report::{
    Format, Graph, GraphCollector, GraphCollectorOptions, Ladder, LadderOptions, Ndjson, Records, Svg, main_way,
};

use host::{hand_over, progress};
use request::{Request, Task};
use table::Table;

/// So much is written before it is handed over.
const PIECE: usize = 1 << 20;

/// Answers a request, which is JSON.
fn run(request: &[u8]) {
    let done = match serde_json::from_slice(request) {
        Ok(request) => answer(&request).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match done {
        Ok(()) => hand_over("done", b""),
        Err(words) => hand_over("error", words.as_bytes()),
    }
}

fn answer(request: &Request) -> Result<(), Box<dyn std::error::Error>> {
    let reading = request.reading()?;
    match request.task {
        Task::Report => report(request, reading)?,
        Task::Connection => connection(request, reading)?,
        Task::Ndjson => ndjson(request, reading)?,
        Task::Pcapng => {
            annotate(&|| request.source(), &reading, Box::new(Pieces::default()), &mut Page::new("rest"))?;
        }
        Task::Compare => {
            let made = request.with_pair(|open| compare_captures(open, &reading.filter, reading.analysis))?;
            hand_over("summary", made.text.as_bytes());
            hand_over("page", &made.page);
            for fault in &made.faults {
                hand_over("trouble", fault.to_string().as_bytes());
            }
        }
    }
    Ok(())
}

/// The page, the summary and the table of connections.
fn report(request: &Request, reading: ReadOptions) -> Result<(), Box<dyn std::error::Error>> {
    let mut table = Table::new(request.names());
    let files: Vec<&str> = request.files.iter().map(String::as_str).collect();
    let options = Options { read: reading, payload: request.payload, names: request.names(), ..Options::default() };
    let made = analyse_with(request.source()?.as_mut(), &files, options, &mut [&mut table], &mut Page::new("rest"));
    hand_over("summary", made.summary.as_bytes());
    hand_over("page", &made.page);
    hand_over("connections", &table.json());
    if let Some(trouble) = made.trouble {
        hand_over("trouble", trouble.as_bytes());
    }
    Ok(())
}

/// The ladder of a connection, and its graphs.
fn connection(request: &Request, reading: ReadOptions) -> Result<(), Box<dyn std::error::Error>> {
    let mut ladder = Ladder::new(LadderOptions {
        format: Format::Svg,
        full: false,
        payload: request.payload,
        live: false,
        names: request.names(),
    });
    let mut collector = GraphCollector::new(GraphCollectorOptions { keep: 1, payload: false });
    read(request.source()?.as_mut(), reading, &mut [&mut ladder, &mut collector], &mut Page::new("ladder"));
    let Some(kept) = collector.kept().next() else { return Ok(()) };
    let way = main_way(&kept.trail);
    for graph in Graph::ALL {
        if let Some(plot) = graph.plot(&kept.trail, way) {
            let mut picture = Vec::new();
            Svg::file(&plot, &mut picture);
            hand_over(graph.as_str(), &picture);
        }
    }
    Ok(())
}

/// Every record there is, as `--json` writes them.
fn ndjson(request: &Request, reading: ReadOptions) -> Result<(), Box<dyn std::error::Error>> {
    let all = Records { packets: true, findings: true, exchanges: true, flows: true, summary: true };
    let mut reporter = Ndjson::new(all);
    let read = read(request.source()?.as_mut(), reading, &mut [&mut reporter], &mut Page::new("ndjson"));
    if let Some(trouble) = read.trouble() {
        hand_over("trouble", trouble.as_bytes());
    }
    Ok(())
}

/// A file that is handed over piece by piece.
#[derive(Default)]
struct Pieces(Vec<u8>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        if self.0.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        hand_over("pcapng", &self.0);
        self.0.clear();
        Ok(())
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        // It cannot fail.
        let _ = self.flush();
    }
}

/// Hands over what is written, when it is enough.
struct Page {
    name: &'static str,
    packets: u64,
}

impl Page {
    fn new(name: &'static str) -> Self {
        Self { name, packets: 0 }
    }
}

impl Watch for Page {
    fn look(&mut self, standing: Standing<'_>) -> bool {
        let done = standing.summary.packets();
        let over = std::mem::replace(&mut self.packets, done) == done;
        if standing.out.len() >= PIECE || (over && !standing.out.is_empty()) {
            hand_over(self.name, standing.out);
            standing.out.clear();
        }
        progress(done);
        true
    }
}
