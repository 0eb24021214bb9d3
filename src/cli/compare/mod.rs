//! `tcpcheck compare`: two captures of the same traffic, and what the path between them did.

mod feed;

use std::io::Write;
use std::thread;

use anyhow::{Context, Result, anyhow, bail};

use crate::capture::{Filter, OpenFiles, SaveNames, SavedFile, SharedClerk, SourceInfo, Span, Turns};
use crate::compare::{Comparison, Overlap, PathEvent, Relation, Side, Survey};
use crate::display;
use crate::report::Style;
use crate::report::compare::{CompareReport, Ladder, Ndjson, Page, Text, write_page};
use crate::track::Event;

use super::args::CompareArgs;
use super::exit::Exit;
use super::output::Output;
use super::plan::{self, Environment, is_standard};
use super::run::Desk;
use super::sandbox::{self, Doors};
use feed::{Input, Item};

/// Columns of a ladder where no terminal says how many it has, and on a page.
const WITHOUT_TERMINAL: usize = 120;

/// Compares what was named.
pub fn run(args: &CompareArgs, around: &Environment) -> Result<Exit> {
    if args.files.iter().any(|path| is_standard(path)) {
        bail!("compare reads each capture twice, which standard input does not allow: save it to a file first");
    }
    if args.files.len() > 2 && args.output.is_some() {
        bail!("-o makes a page of two captures: name the two between which the path is to be shown");
    }
    let inputs = open(args)?;
    let user = plan::user(&args.confinement)?;
    let confined = !args.confinement.no_sandbox;
    let mut output = Output::new(around.stdout_terminal)?;
    let names = args.output.as_deref().map(|path| SaveNames::new(path, Turns::default()));
    let desk = Desk::open(confined, names, None)?;
    if confined {
        sandbox::close(user.as_ref(), Doors { clerk: desk.socket, capture: None })?;
    }
    let style = Style::new(around.colors(args.color, around.stdout_terminal));
    for (at, pair) in inputs.windows(2).enumerate() {
        let [a, b] = pair else { continue };
        if at > 0 && !args.json {
            output.text().push(b'\n');
        }
        let compared = Compared::new(a, b)?;
        match (args.flow, &args.output) {
            (flow, Some(_)) => page(&compared, flow, &desk.clerk)?,
            (Some(flow), None) => {
                let mut ladder = Ladder::new(flow, columns(), style);
                compared.report(&mut ladder, &mut output)?;
                if ladder.is_empty() {
                    bail!("{}: there is no connection {flow}: tcpcheck --flows lists those there are", compared.name());
                }
            }
            (None, None) if args.json => compared.report(&mut Ndjson::new(args.packets), &mut output)?,
            (None, None) => compared.report(&mut Text::new(style), &mut output)?,
        }
    }
    output.finish()?;
    Ok(Exit::Done)
}

fn columns() -> usize {
    terminal_size::terminal_size().map_or(WITHOUT_TERMINAL, |(width, _)| width.0.into())
}

fn open(args: &CompareArgs) -> Result<Vec<Input>> {
    let expression = args.filter.clone().unwrap_or_default();
    let expression = expression.into_string().map_err(|_| anyhow!("the filter expression is not UTF-8"))?;
    let filter = Filter::compile(&expression)?;
    let filter = if args.confinement.no_sandbox { filter } else { filter.prepared() };
    args.files.iter().map(|path| Ok(Input::new(OpenFiles::open(&[path])?, filter.clone()))).collect()
}

/// Writes the page of a comparison.
fn page(compared: &Compared<'_>, flow: Option<u32>, clerk: &SharedClerk) -> Result<()> {
    let mut nowhere = Output::new(false)?;
    let mut page = Page::default();
    compared.report(&mut page, &mut nowhere)?;
    let mut ladder = flow.or(page.worst()).map(|flow| Ladder::new(flow, WITHOUT_TERMINAL, Style::default()));
    if let Some(ladder) = &mut ladder {
        compared.each(&mut |event| ladder.event(&mut Vec::new(), event))?;
    }
    let mut text = Vec::new();
    write_page(&mut text, &page, ladder.as_ref());
    let (mut file, path) = clerk.ask().make(&SavedFile::Turn { began: None, count: 0 })?;
    file.write_all(&text).with_context(|| display::path(&path))
}

/// Two captures that show the same traffic.
struct Compared<'a> {
    inputs: [&'a Input; 2],
    sources: [SourceInfo; 2],
    overlap: Overlap,
}

impl<'a> Compared<'a> {
    fn new(a: &'a Input, b: &'a Input) -> Result<Self> {
        let (overlap, sources) = overlap(a, b)?;
        Ok(Self { inputs: [a, b], sources, overlap })
    }

    fn name(&self) -> &str {
        &self.sources[0].name
    }

    /// Reports all that there is.
    fn report(&self, report: &mut dyn CompareReport, output: &mut Output) -> Result<()> {
        report.begin(output.text(), &self.sources, &self.overlap);
        let comparison = self.compare(|event| {
            report.event(output.text(), event);
            output.settle()
        })?;
        report.end(output.text(), &comparison);
        output.settle()
    }

    /// Takes what becomes known, one by one.
    fn each(&self, take: &mut dyn FnMut(&PathEvent)) -> Result<()> {
        self.compare(|event| {
            take(event);
            Ok(())
        })?;
        Ok(())
    }

    /// Pairs the packets of both.
    fn compare(&self, mut note: impl FnMut(&PathEvent) -> Result<()>) -> Result<Comparison> {
        let mut comparison = Comparison::new(self.overlap.clone());
        let mut settle = |comparison: &mut Comparison| {
            while let Some(event) = comparison.next_event() {
                note(&event)?;
            }
            anyhow::Ok(())
        };
        thread::scope(|scope| {
            let mut items = self.inputs.map(|input| input.items(scope));
            let mut heads = [items[0].next()?, items[1].next()?];
            while let Some(side) = next(&comparison, &heads) {
                let at = usize::from(side == Side::B);
                if let Some(item) = heads[at].take() {
                    take(&mut comparison, side, item);
                }
                heads[at] = items[at].next()?;
                settle(&mut comparison)?;
            }
            anyhow::Ok(())
        })?;
        comparison.finish();
        settle(&mut comparison)?;
        Ok(comparison)
    }
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
            Event::Icmp(_) | Event::Exchange(_) => {}
            Event::Ended(flow) => comparison.ended(side, flow.number),
        },
    }
}
