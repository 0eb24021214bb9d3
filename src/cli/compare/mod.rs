//! `tcpcheck compare`: two captures of the same traffic, and what the path between them did.

mod args;
mod feed;

use std::thread;

use anyhow::{Result, anyhow, bail};

use crate::capture::{Filter, OpenFiles, SourceInfo, Span};
use crate::compare::{Comparison, Overlap, Relation, Side, Survey};
use crate::report::Style;
use crate::report::compare::{CompareReport, Ndjson, Text};
use crate::track::Event;

use super::exit::Exit;
use super::output::Output;
use super::plan::{self, Environment, is_standard};
use super::sandbox::{self, Doors};
pub use args::CompareArgs;
use feed::{Input, Item};

/// Compares what was named.
pub fn run(args: &CompareArgs, around: &Environment) -> Result<Exit> {
    if args.files.iter().any(|path| is_standard(path)) {
        bail!("compare reads each capture twice, which standard input does not allow: save it to a file first");
    }
    let expression = args.filter.clone().unwrap_or_default();
    let expression = expression.into_string().map_err(|_| anyhow!("the filter expression is not UTF-8"))?;
    let filter = Filter::compile(&expression)?;
    let filter = if args.confinement.no_sandbox { filter } else { filter.prepared() };
    let mut inputs = Vec::new();
    for path in &args.files {
        inputs.push(Input::new(OpenFiles::open(&[path])?, filter.clone()));
    }
    let user = plan::user(&args.confinement)?;
    let mut output = Output::new(around.stdout_terminal)?;
    if !args.confinement.no_sandbox {
        sandbox::close(user.as_ref(), Doors::default())?;
    }
    for pair in inputs.windows(2) {
        let [a, b] = pair else { continue };
        let (overlap, sources) = overlap(a, b)?;
        let style = Style::new(around.colors(args.color, around.stdout_terminal));
        let mut report: Box<dyn CompareReport> =
            if args.json { Box::new(Ndjson::new(args.packets)) } else { Box::new(Text::new(style)) };
        report.begin(output.text(), &sources, &overlap);
        compare(a, b, overlap, report.as_mut(), &mut output)?;
    }
    output.finish()?;
    Ok(Exit::Done)
}

/// What two captures have to do with each other.
///
/// # Errors
/// When they do not show the same traffic.
fn overlap(a: &Input, b: &Input) -> Result<(Overlap, [SourceInfo; 2])> {
    let ((a, a_info), (b, b_info)) = thread::scope(|scope| {
        let other = scope.spawn(|| b.survey());
        let one = a.survey()?;
        let other = other.join().map_err(|_| anyhow!("a thread has failed"))??;
        anyhow::Ok((one, other))
    })?;
    match a.relation(&b) {
        Relation::Path(overlap) => Ok((overlap, [a_info, b_info])),
        unrelated => Err(unrelated_words(&unrelated, [(&a, &a_info), (&b, &b_info)])),
    }
}

fn unrelated_words(relation: &Relation, [a, b]: [(&Survey, &SourceInfo); 2]) -> anyhow::Error {
    for (survey, info) in [a, b] {
        if survey.segments() == 0 {
            return anyhow!("{}: there is no TCP in it to compare", info.name);
        }
    }
    let (a, b) = (&a.1.name, &b.1.name);
    match relation {
        Relation::Apart(side, gap) => {
            let (first, second) = if *side == Side::A { (a, b) } else { (b, a) };
            anyhow!("{first} had ended {} before {second} began: they do not show the same traffic", words(*gap))
        }
        _ => anyhow!(
            "{a} and {b} show different traffic: no packet of one is in the other, not even with other addresses"
        ),
    }
}

/// A length of time in words.
fn words(span: Span) -> String {
    let mut text = Vec::new();
    crate::report::time(&mut text, span);
    String::from_utf8(text).unwrap_or_default()
}

/// Pairs the packets of both.
fn compare(a: &Input, b: &Input, overlap: Overlap, report: &mut dyn CompareReport, output: &mut Output) -> Result<()> {
    let mut comparison = Comparison::new(overlap);
    thread::scope(|scope| {
        let mut items = [a.items(scope), b.items(scope)];
        let mut heads = [items[0].next()?, items[1].next()?];
        while let Some(side) = next(&comparison, &heads) {
            let at = usize::from(side == Side::B);
            if let Some(item) = heads[at].take() {
                take(&mut comparison, side, item);
            }
            heads[at] = items[at].next()?;
            settle(&mut comparison, report, output)?;
        }
        anyhow::Ok(())
    })?;
    comparison.finish();
    settle(&mut comparison, report, output)?;
    report.end(output.text(), &comparison);
    output.settle()
}

/// Which capture's turn it is.
fn next(comparison: &Comparison, heads: &[Option<Item>; 2]) -> Option<Side> {
    let due = |side: Side, item: &Option<Item>| {
        item.as_ref().map(|item| feed::time(item).map(|ts| comparison.time(side, ts)))
    };
    match (due(Side::A, &heads[0]), due(Side::B, &heads[1])) {
        (None, None) => None,
        (Some(_), None) => Some(Side::A),
        (None, Some(_)) => Some(Side::B),
        (Some(a), Some(b)) => Some(if a <= b { Side::A } else { Side::B }),
    }
}

fn take(comparison: &mut Comparison, side: Side, item: Item) {
    match item {
        Item::Sighting(sighting) => comparison.observe(side, &sighting),
        Item::Event(event) => match *event {
            Event::Finding(finding) => comparison.finding(side, &finding),
            Event::Amend(amend) => comparison.amend(side, &amend),
            Event::Ended(flow) => comparison.ended(side, flow.number),
        },
    }
}

/// Reports what has become known.
fn settle(comparison: &mut Comparison, report: &mut dyn CompareReport, output: &mut Output) -> Result<()> {
    while let Some(event) = comparison.next_event() {
        report.event(output.text(), &event);
        output.settle()?;
    }
    Ok(())
}
