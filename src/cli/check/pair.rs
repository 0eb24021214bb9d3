//! Two captures of the same traffic: what the path between them did, judged by `[compare]`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::capture::{Filter, OpenFiles};
use crate::cli::compare::{Compared, Input};
use crate::cli::plan::{is_standard, word};
use crate::policy::{PathJudge, Policy, Verdict};
use crate::report::check::{Capture, EvidenceExcerpt};
use crate::report::compare;
use crate::track::AnalysisOptions;

use super::inputs;

/// Two captures, open.
pub(super) struct Pair {
    names: [String; 2],
    words: Option<String>,
    inputs: Result<[Input; 2], String>,
}

impl Pair {
    /// The two that were named, where the policy demands anything of pairs.
    ///
    /// # Errors
    /// When there are not two.
    pub(super) fn open(
        (inputs, words): (&[inputs::Input], &[PathBuf]),
        policy: &Policy,
        filter: &Filter,
        options: AnalysisOptions,
    ) -> Result<Option<Self>> {
        if !policy.judges_pairs() {
            return Ok(None);
        }
        let (a, b) = match (inputs, words) {
            ([a, b], _) => (a, b),
            // One file named twice is judged once, and compared with itself.
            ([both], [_, _]) => (both, both),
            _ => bail!("{}, and there are {} here", WANTED, inputs.len()),
        };
        if [a, b].iter().any(|input| is_standard(&input.path)) {
            bail!("[compare] reads each capture twice, which standard input does not allow: save it to a file first");
        }
        let open = |input: &inputs::Input| -> Result<Input, String> {
            let files = OpenFiles::open(&[&input.path]).map_err(|error| error.to_string())?;
            Ok(Input::new(files, filter.clone(), options))
        };
        let both = || Ok([open(a)?, open(b)?]);
        let words = word(&a.path).zip(word(&b.path)).map(|(a, b)| format!("{a} {b}"));
        let names = [a, b].map(|input| input.path.display().to_string());
        Ok(Some(Self { names, words, inputs: both() }))
    }

    /// As it is named in reports.
    pub(super) fn name(&self) -> String {
        self.names.join(" ")
    }

    /// Judges the path between them.
    pub(super) fn judge(&self, policy: &Policy) -> Capture {
        let verdict = self.inputs.as_ref().map_err(Clone::clone);
        let verdict = verdict.and_then(|[a, b]| verdict_on(a, b, policy).map_err(|error| format!("{error:#}")));
        let first_of_pair = Some(self.names[0].clone());
        Capture {
            name: self.name(),
            file: self.words.clone(),
            first_of_pair,
            verdict,
            exhibit: EvidenceExcerpt::default(),
        }
    }
}

/// What the policy needs.
pub(super) const WANTED: &str = "the policy's [compare] is for two captures of the same traffic: name two files";

fn verdict_on(a: &Input, b: &Input, policy: &Policy) -> Result<Verdict> {
    let compared = Compared::new(a, b)?;
    let mut judge = PathJudge::new(policy, &compared.overlap().clock);
    let comparison = compared.each(&mut |event| judge.event(event))?;
    if comparison.totals().pairs_nothing() {
        let [a, b] = compared.names();
        bail!("{a} and {b}: {}", compare::unpaired(comparison.totals()));
    }
    Ok(judge.finish(&comparison))
}
