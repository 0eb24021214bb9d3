//! A capture from its first packet to its last, in one call: its summary and its page, from any reader.
//!
//! [`analyse`] does what `tcpcheck report` and `tcpcheck --summary` do, and [`read`] what any other way out needs: it takes
//! [reporters](crate::report::Reporter).

mod again;
mod annotated;
mod compared;
mod connections;
mod foresight;
mod membership;
mod outgoing;
mod pairing;
mod quality;
mod reading;
mod reporters;

use std::io::Read;

use crate::capture::{CaptureError, CaptureFault, FrameSource, open_reader};
use crate::report::{Names, Report, ReportOptions, Reporter, Style};

pub use again::{file_word, invocation, leaves_icmp_out, named_files, quoted};
pub use annotated::{annotate, summary_comment};
pub use compared::{CompareError, ComparisonReport, Open, again as compared_again, compare_captures};
pub use connections::Connections;
pub use foresight::Foresight;
pub use outgoing::{Outgoing, Sink};
pub use pairing::{Item, Items, Surveyed, pair, survey, unrelated_words};
pub use quality::{capture_findings, file_cut, is_damage, kernel_drops};
pub use reading::{ReadOptions, Reading, Standing, Unwatched, Watch, read};
pub(crate) use reporters::Reporters;

/// Connections that the page shows in full, if nobody says how many.
const FULL: usize = 12;

/// What [`analyse`] is told.
#[derive(Debug)]
pub struct Options {
    /// How the capture is read.
    pub read: ReadOptions,
    /// Connections that the page shows in full, those in the most trouble first.
    pub full: usize,
    /// The page shows the beginning of payloads that are text.
    pub payload: bool,
    /// Names of hosts and services.
    pub names: Names,
}

impl Default for Options {
    /// As the program does it without options, but for names: addresses and ports are numbers.
    fn default() -> Self {
        Self { read: ReadOptions::default(), full: FULL, payload: false, names: Names::numeric() }
    }
}

/// What a capture amounts to.
#[derive(Debug)]
pub struct CaptureReport {
    /// What `--summary` prints, without colour.
    pub summary: String,
    /// What `report` writes: a page of HTML.
    pub page: Vec<u8>,
    /// What was wrong with the capture short of an error.
    pub faults: Vec<CaptureFault>,
    /// What ended it early; the rest tells of what had come before.
    pub error: Option<CaptureError>,
    /// What the program prints as an error in the end, if it does.
    pub trouble: Option<String>,
}

/// Makes the summary and the page of a capture, pcap or pcapng, plain or compressed; `name` is the file's.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::File::open("fixtures/open/refused.pcap")?;
/// let report = tcpcheck::analyse(file, "refused.pcap", tcpcheck::Options::default())?;
/// assert!(report.summary.contains("refused"));
/// assert!(report.page.starts_with(b"<!DOCTYPE html>"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When it is not a capture. What goes wrong later is in what is returned.
pub fn analyse(input: impl Read + Send + 'static, name: &str, options: Options) -> Result<CaptureReport, CaptureError> {
    let mut source = open_reader(input, name)?;
    Ok(analyse_source(source.as_mut(), &[name], options))
}

/// The same of a source, made of the files of these names.
pub fn analyse_source(source: &mut dyn FrameSource, files: &[&str], options: Options) -> CaptureReport {
    analyse_with(source, files, options, &mut [], &mut Unwatched)
}

/// The same, with further reporters, and somebody who looks at it now and then.
pub fn analyse_with(
    source: &mut dyn FrameSource,
    files: &[&str],
    options: Options,
    others: &mut [&mut dyn Reporter],
    watch: &mut dyn Watch,
) -> CaptureReport {
    let Options { read: reading, full, payload, names } = options;
    let again = invocation(files.iter().map(|name| Some(*name)), reading.filter.expression());
    let mut report = Report::new(ReportOptions { full, payload, names, again: named_files(files) });
    let mut reporters: Vec<&mut dyn Reporter> = vec![&mut report];
    reporters.extend(others.iter_mut().map(|other| &mut **other as &mut dyn Reporter));
    let reading = read(source, reading, &mut reporters, watch);
    let mut summary = Vec::new();
    reading.summary.write(&mut summary, Style::default(), &again);
    CaptureReport {
        summary: String::from_utf8_lossy(&summary).into_owned(),
        page: report.page().to_vec(),
        trouble: reading.trouble(),
        faults: reading.faults,
        error: reading.error,
    }
}
