//! TCP options without what names somebody.

/// Appends TCP options in the same number of bytes: whole those that say how the connection works, and of others kind and length.
pub(super) fn keep_options(out: &mut Vec<u8>, mut options: &[u8]) {
    loop {
        match *options {
            [] => return,
            // What stands behind the end of the list is none of its reader's business, but whether it is zero.
            [0, ref behind @ ..] => {
                out.push(0);
                out.extend(behind.iter().map(|byte| u8::from(*byte != 0)));
                return;
            }
            [1, ref behind @ ..] => {
                out.push(1);
                options = behind;
            }
            [kind, length, ..] if length >= 2 && usize::from(length) <= options.len() => {
                let (option, behind) = options.split_at(usize::from(length));
                let kept = match kind {
                    // MSS, window scale, SACK, timestamps, user timeout, both kinds of accurate ECN.
                    2..=5 | 8 | 28 | 172 | 174 => option.len(),
                    // MPTCP: subtype and flags; experiments: whose they are.
                    30 | 253 | 254 => 4.min(option.len()),
                    _ => 2,
                };
                out.extend_from_slice(&option[..kept]);
                out.resize(out.len() + option.len() - kept, 0);
                options = behind;
            }
            // A length that cannot be: what follows is no option.
            [kind, ref behind @ ..] => {
                out.push(kind);
                out.extend(behind.first());
                out.resize(out.len() + behind.len().saturating_sub(1), 0);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(options: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        keep_options(&mut out, options);
        assert_eq!(out.len(), options.len());
        out
    }

    #[test]
    fn what_says_how_a_connection_works_stays_and_cookies_and_signatures_go() {
        let usual = [2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7];
        assert_eq!(kept(&usual), usual);
        assert_eq!(kept(&[34, 6, 1, 2, 3, 4]), [34, 6, 0, 0, 0, 0]);
        assert_eq!(kept(&[30, 8, 0x10, 0x81, 1, 2, 3, 4]), [30, 8, 0x10, 0x81, 0, 0, 0, 0]);
        assert_eq!(kept(&[1, 0, 0, 77]), [1, 0, 0, 1]);
    }

    #[test]
    fn a_list_that_is_wrong_stays_wrong_in_the_same_way() {
        assert_eq!(kept(&[1, 2, 40, 7, 7]), [1, 2, 40, 0, 0]);
        assert_eq!(kept(&[8, 1, 7]), [8, 1, 0]);
        assert_eq!(kept(&[8]), [8]);
    }
}
