//! The baseline of a run: where it lies, what captures are called in it, and when it is written.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use crate::capture::Name;
use crate::policy::{BASELINE_NAME, Baseline, Named, Policy, Shrink};
use crate::report::check::Capture;

use super::CheckArgs;
use super::outputs::Output;

/// The baseline while captures are judged.
pub(super) struct BaselineSession {
    file: PathBuf,
    baseline: Option<Baseline>,
    /// Where it is written anew, open.
    update: Option<Output>,
    /// What the baseline calls captures, by their names.
    names: HashMap<String, String>,
    shrinks: Vec<Shrink>,
}

impl BaselineSession {
    /// The baseline that was named, or that lies beside the policy.
    pub(super) fn open(args: &CheckArgs, policy: &Policy) -> Result<Self> {
        let beside = policy.file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).join(BASELINE_NAME);
        let file = args.baseline.clone().unwrap_or(beside);
        // One that was named has to be there, unless it is about to be written.
        let wanted = args.baseline.is_some() && !args.update_baseline;
        let named = if args.baseline.is_some() { Named::ByUser } else { Named::BySearch };
        let is_there = file.symlink_metadata().is_ok();
        let baseline = if wanted || is_there { Some(Baseline::read(&file, named)?) } else { None };
        let baseline = baseline.or(args.update_baseline.then(Baseline::default));
        Ok(Self { file, baseline, update: None, names: HashMap::new(), shrinks: Vec::new() })
    }

    /// Looks up what has to do with files, for a process that will not be able to: what these captures are called in it, and, if
    /// it is to be written, the baseline itself.
    pub(super) fn prepare(&mut self, args: &CheckArgs, captures: impl Iterator<Item = String>) -> Result<()> {
        if self.baseline.is_none() {
            return Ok(());
        }
        let directory = self.file.parent();
        let named = |capture: &str| directory.map_or_else(|| capture.to_owned(), |path| relative(capture, path));
        self.names = captures
            .map(|capture| {
                let name = named(&capture);
                (capture, name)
            })
            .collect();
        // A link at a place that nobody typed is not written through.
        let name = if args.baseline.is_some() { Name::Typed } else { Name::Made };
        self.update = args.update_baseline.then(|| Output::open(&self.file, name)).transpose()?;
        Ok(())
    }

    /// Accepts what is known of a capture's failures.
    pub(super) fn apply(&mut self, capture: &mut Capture) {
        let (Some(baseline), Ok(verdict)) = (&mut self.baseline, &mut capture.verdict) else { return };
        let name = self.names.get(&capture.name).unwrap_or(&capture.name);
        if self.update.is_some() {
            baseline.update(name, verdict);
        }
        self.shrinks.extend(baseline.apply(name, verdict));
    }

    /// The baseline's name, and what it could do without; written when that was asked for.
    pub(super) fn settle(&mut self) -> Result<(Option<String>, Vec<Shrink>)> {
        let Some(baseline) = &self.baseline else { return Ok((None, Vec::new())) };
        if let Some(output) = &mut self.update {
            output.write(baseline.text().as_bytes())?;
        }
        Ok((Some(self.file.display().to_string()), std::mem::take(&mut self.shrinks)))
    }
}

/// A capture's name from the baseline's directory, the same wherever the program runs; with `/` on every system.
fn relative(capture: &str, directory: &Path) -> String {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let below = real(Path::new(capture))
        .zip(real(directory))
        .and_then(|(capture, directory)| capture.strip_prefix(directory).map(Path::to_owned).ok());
    let path = below.unwrap_or_else(|| capture.into());
    let parts = path.components().filter(|part| *part != Component::CurDir);
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    parts.join("/").replacen("//", "/", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_has_one_name_wherever_the_program_runs() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("captures")).unwrap();
        std::fs::write(folder.path().join("captures/a.pcap"), "").unwrap();
        let named = |path: &str| relative(&folder.path().join(path).display().to_string(), folder.path());
        assert_eq!(named("captures/a.pcap"), "captures/a.pcap");
        assert_eq!(named("captures/../captures/a.pcap"), "captures/a.pcap");
        assert_eq!(relative("./elsewhere/b.pcap", folder.path()), "elsewhere/b.pcap");
        assert_eq!(relative("/nowhere/b.pcap", folder.path()), "/nowhere/b.pcap");
    }
}
