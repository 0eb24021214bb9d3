//! Which connections are shown.

/// The connections that are shown.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Connections(Option<Vec<u32>>);

impl Connections {
    /// Those of that number; none for all.
    pub fn numbered(numbers: &[u32]) -> Self {
        Self((!numbers.is_empty()).then(|| sorted(numbers.to_vec())))
    }

    /// Of these, those that are among `others` too.
    #[must_use]
    pub fn and(&self, others: Vec<u32>) -> Self {
        let others = sorted(others);
        Self(Some(match &self.0 {
            None => others,
            Some(numbers) => numbers.iter().copied().filter(|number| others.binary_search(number).is_ok()).collect(),
        }))
    }

    /// Whether every connection is shown.
    pub fn are_all(&self) -> bool {
        self.0.is_none()
    }

    /// Whether what belongs to that connection, or to none, is shown.
    pub fn show(&self, flow: Option<u32>) -> bool {
        self.0.as_ref().is_none_or(|numbers| flow.is_some_and(|flow| numbers.binary_search(&flow).is_ok()))
    }
}

fn sorted(mut numbers: Vec<u32>) -> Vec<u32> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_those_named_both_by_number_and_by_finding() {
        let all = Connections::numbered(&[]);
        assert!(all.show(Some(7)) && all.show(None));
        let named = Connections::numbered(&[3, 1]);
        assert!(named.show(Some(3)) && !named.show(Some(2)) && !named.show(None));
        let both = named.and(vec![5, 3]);
        assert!(both.show(Some(3)) && !both.show(Some(1)) && !both.show(Some(5)));
        assert!(!all.and(Vec::new()).show(Some(1)));
    }
}
