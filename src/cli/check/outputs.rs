//! Where a verdict goes, open before the first packet is read.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::capture::{Name, file_len, open_unchanged};
use crate::cli::Environment;
use crate::cli::plan::{check_output, is_standard};
use crate::display;
use crate::report::Style;
use crate::report::check::{self, Run};

use super::CheckArgs;
use crate::cli::args::{Destination, Format};

/// A file that is written once, as a whole; until then it holds what it held before.
pub(super) struct Output {
    path: PathBuf,
    file: File,
}

impl Output {
    /// Opens it, or makes it.
    ///
    /// # Errors
    /// When that cannot be done.
    pub(super) fn open(path: &Path, name: Name) -> Result<Self> {
        let file = open_unchanged(path, name);
        Ok(Self { path: path.to_owned(), file: file.with_context(|| display::path(&path))? })
    }

    /// Writes it.
    ///
    /// # Errors
    /// When that cannot be done.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let mut write = || -> io::Result<()> {
            // A pipe or a terminal holds nothing.
            if file_len(&self.file)?.is_some() {
                self.file.set_len(0)?;
            }
            self.file.write_all(bytes)
        };
        write().with_context(|| display::path(&self.path))
    }
}

/// All the ways out of a run.
pub(super) struct Outputs<'a> {
    args: &'a CheckArgs,
    /// Each format's; none for standard output.
    formats: Vec<(Format, Option<Output>)>,
    /// Where GitHub shows what is appended, above the job.
    summary: Option<(PathBuf, File)>,
    style: Style,
}

impl<'a> Outputs<'a> {
    /// Opens what was asked for.
    ///
    /// # Errors
    /// When a file cannot be opened, or is one of the captures.
    pub(super) fn open(args: &'a CheckArgs, around: &Environment, captures: &[PathBuf]) -> Result<Self> {
        let open = |Destination { format, file }: &Destination| {
            check_output(file, captures)?;
            Ok((*format, if is_standard(file) { None } else { Some(Output::open(file, Name::Typed)?) }))
        };
        let formats: Vec<_> = args.output.iter().map(open).collect::<Result<_>>()?;
        let annotated = formats.iter().any(|(format, _)| *format == Format::Github);
        let summary = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| annotated && !file.is_empty());
        let summary = summary.map(|path| {
            let path = PathBuf::from(path);
            let file = OpenOptions::new().append(true).create(true).open(&path);
            let file = file.with_context(|| format!("the job summary, {}", display::path(&path)));
            file.map(|file| (path, file))
        });
        let style = around.style(args.color);
        Ok(Self { args, formats, summary: summary.transpose()?, style })
    }

    /// Writes each format where it belongs; text to standard output unless something else goes there.
    ///
    /// # Errors
    /// When something cannot be written.
    pub(super) fn write(&mut self, run: &Run<'_>) -> Result<()> {
        let text_is_elsewhere = self.formats.iter().any(|(_, output)| output.is_none());
        for (format, output) in &mut self.formats {
            let written = rendered(*format, self.args, Style::new(false), run);
            match output {
                Some(output) => output.write(&written)?,
                None => io::stdout().lock().write_all(&written)?,
            }
        }
        if !text_is_elsewhere {
            io::stdout().lock().write_all(&rendered(Format::Text, self.args, self.style, run))?;
        }
        if let Some((path, file)) = &mut self.summary {
            let written = file.write_all(&check::markdown(run));
            written.with_context(|| format!("the job summary, {}", display::path(&path)))?;
        }
        Ok(())
    }
}

fn rendered(format: Format, args: &CheckArgs, style: Style, run: &Run<'_>) -> Vec<u8> {
    match format {
        Format::Text => check::text(run, style, args.quiet),
        Format::Ndjson => check::ndjson(run),
        Format::Junit => check::junit(run),
        Format::Sarif => check::sarif(run),
        Format::Github => check::github(run),
        Format::Markdown => check::markdown(run),
    }
}
