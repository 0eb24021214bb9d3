//! The rules that a word names, and those that it comes near to.

use super::Rule;

impl Rule {
    /// The rules of a code (`TC202`), of the beginning of one (`TC2`) or of a name (`fast-retransmission`), in any case.
    pub fn named(word: &str) -> Vec<Self> {
        Self::ALL.iter().copied().filter(|rule| rule.answers_to(word)).collect()
    }

    fn answers_to(self, word: &str) -> bool {
        let begin = self.code().get(..word.len()).filter(|_| word.len() >= 2);
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(word)) || self.slug().eq_ignore_ascii_case(word)
    }

    /// What to say to a word that names no rule.
    pub fn advice(word: &str) -> String {
        let word = word.to_ascii_lowercase();
        let names = Self::ALL.iter().flat_map(|rule| [(rule.code(), rule), (rule.slug(), rule)]);
        let mut near: Vec<(f64, &Self)> = names
            .map(|(name, rule)| (strsim::jaro_winkler(&word, &name.to_ascii_lowercase()), rule))
            .filter(|(likeness, _)| *likeness > 0.82)
            .collect();
        near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        near.truncate(3);
        let names: Vec<String> = near.iter().map(|(_, rule)| format!("{} {}", rule.code(), rule.slug())).collect();
        match names.as_slice() {
            [] => "say a code (TC202), the beginning of one (TC2) or a name (fast-retransmission)".to_owned(),
            names => format!("did you mean {}?", names.join(", ")),
        }
    }
}
