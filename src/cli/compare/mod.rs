//! `tcpcheck compare`: two captures of the same traffic, and what the path between them did.

mod compared;
mod feed;

use std::io::Write;

use anyhow::{Context, Result, anyhow, bail};

use crate::analyse::compared_again;
use crate::capture::{Filter, OpenFiles, SaveNames, SavedFile, SharedBroker, Turns};
use crate::display;
use crate::report::Style;
use crate::report::compare::{CompareReport, Ladder, Ndjson, Page, Text, write_page};

use super::args::CompareArgs;
use super::exit::Exit;
use super::output::Output;
use super::plan::{self, Environment, is_standard};
use super::quality::check_faults;
use super::run::BrokerHandle;
use super::sandbox::{self, AllowedDescriptors};
pub(super) use compared::Compared;
pub(super) use feed::Input;

/// Columns of a ladder where no terminal says how many it has, and on a page.
const WITHOUT_TERMINAL: usize = 120;

/// Compares what was named.
pub(super) fn run(args: &CompareArgs, around: &Environment) -> Result<Exit> {
    if args.files.iter().any(|path| is_standard(path)) {
        bail!("compare reads each capture twice, which standard input does not allow: save it to a file first");
    }
    if args.files.len() > 2 && args.output.is_some() {
        bail!("-o makes a page of two captures: name the two between which the path is to be shown");
    }
    if let Some(page) = &args.output {
        plan::check_output(page, &args.files)?;
    }
    let inputs = open(args)?;
    let user = plan::user(&args.confinement)?;
    let confined = !args.confinement.no_sandbox;
    let mut output = Output::new(around.stdout_terminal)?;
    let names = args.output.as_deref().map(|path| SaveNames::new(path, Turns::default()));
    let desk = BrokerHandle::open(confined, names, None)?;
    if confined {
        sandbox::close(user.as_ref(), AllowedDescriptors { broker: desk.socket, capture: None })?;
    }
    let style = around.style(args.color);
    let mut faults = Vec::new();
    for (at, pair) in inputs.windows(2).enumerate() {
        let [a, b] = pair else { continue };
        if at > 0 && !args.json {
            output.text().push(b'\n');
        }
        let compared = Compared::new(a, b)?;
        // The second one is the first of the next two.
        faults.extend(compared.faults().iter().skip(usize::from(at > 0)).flatten().cloned());
        match (args.flow, &args.output) {
            (flow, Some(_)) => page(&compared, flow, &desk.broker)?,
            (Some(flow), None) => {
                let mut ladder = Ladder::new(flow, around.columns().unwrap_or(WITHOUT_TERMINAL), style);
                compared.report(&mut ladder, &mut output)?;
                if ladder.is_empty() {
                    bail!("{}: there is no connection {flow}: tcpcheck --flows lists those there are", compared.name());
                }
            }
            (None, None) if args.json => compared.report(&mut Ndjson::new(args.packets), &mut output)?,
            (None, None) => compared.report(&mut Text::new(style, again(args, at)), &mut output)?,
        }
    }
    output.finish()?;
    check_faults(&faults)?;
    Ok(Exit::Done)
}

/// What was run, for two of the captures and without output options; empty where a shell could not run it.
fn again(args: &CompareArgs, at: usize) -> String {
    let names: Option<Vec<&str>> = args.files.iter().skip(at).take(2).map(|path| path.to_str()).collect();
    let filter = args.filter.as_ref().and_then(|filter| filter.to_str()).unwrap_or_default();
    match names.as_deref() {
        Some([a, b]) => compared_again(&[a, b], filter),
        _ => String::new(),
    }
}

fn open(args: &CompareArgs) -> Result<Vec<Input>> {
    let expression = args.filter.clone().unwrap_or_default();
    let expression = expression.into_string().map_err(|_| anyhow!("the filter expression is not UTF-8"))?;
    let filter = Filter::compile(&expression)?;
    let filter = if args.confinement.no_sandbox { filter } else { filter.prepared() };
    args.files
        .iter()
        .map(|path| Ok(Input::new(OpenFiles::open(&[path])?, filter.clone(), args.analysis.options())))
        .collect()
}

/// Writes the page of a comparison.
fn page(compared: &Compared<'_>, flow: Option<u32>, broker: &SharedBroker) -> Result<()> {
    let mut nowhere = Output::new(false)?;
    let mut page = Page::default();
    compared.report(&mut page, &mut nowhere)?;
    let mut ladder = flow.or(page.worst()).map(|flow| Ladder::new(flow, WITHOUT_TERMINAL, Style::default()));
    if let Some(ladder) = &mut ladder {
        compared.each(&mut |event| ladder.event(&mut Vec::new(), event))?;
    }
    let mut text = Vec::new();
    write_page(&mut text, &page, ladder.as_ref());
    let (mut file, path) = broker.ask().make(&SavedFile::Turn { began: None, count: 0 })?;
    file.write_all(&text).with_context(|| display::path(&path))
}
