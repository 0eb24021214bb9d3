//! The words of an expression (libpcap's `scanner.l`).

use std::net::Ipv6Addr;

use super::Refusal;

/// A word, and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Token<'e> {
    pub(super) kind: Kind<'e>,
    pub(super) start: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind<'e> {
    /// A keyword or a name.
    Word(&'e str),
    /// A name that is not to be taken for a keyword: `\tcp`.
    Escaped(&'e str),
    Number(u32),
    /// One to four octets with dots between them: their value, and how many bits they have.
    Dotted(u32, u32),
    Ipv6(Ipv6Addr),
    Mac([u8; 6]),
    Operator(&'static str),
}

/// Longest word: more than a name of the DNS has.
const MAX_WORD: usize = 256;

/// Longer ones first.
const OPERATORS: [&str; 25] = [
    "&&", "||", "<<", ">>", ">=", "<=", "!=", "==", "(", ")", "[", "]", "!", "&", "|", "+", "-", "*", "/", "%", "^",
    "<", ">", "=", ":",
];

pub(super) fn tokens(expression: &str) -> Result<Vec<Token<'_>>, Refusal> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = expression.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len().saturating_sub(rest.trim_start().len());
        if blank > 0 {
            at = at.saturating_add(blank);
            continue;
        }
        let (kind, length) = token(rest).ok_or_else(|| Refusal::at(at, "syntax error"))?;
        tokens.push(Token { kind, start: at });
        at = at.saturating_add(length);
    }
    Ok(tokens)
}

/// The first token of a text that does not begin with blanks, and its length.
fn token(text: &str) -> Option<(Kind<'_>, usize)> {
    let run = |of: fn(char) -> bool| {
        let end = text.char_indices().take(MAX_WORD).find(|(_, c)| !of(*c)).map_or(text.len(), |(at, _)| at);
        text.get(..end).filter(|run| run.len() < MAX_WORD).unwrap_or_default()
    };
    let colons = run(|c| c.is_ascii_hexdigit() || ":.".contains(c));
    let dashes = run(|c| c.is_ascii_hexdigit() || c == '-');
    if let Some(mac) = mac(colons, ':') {
        return Some((Kind::Mac(mac), colons.len()));
    }
    if let Some(mac) = mac(dashes, '-') {
        return Some((Kind::Mac(mac), dashes.len()));
    }
    // One colon stands between offset and size.
    if colons.matches(':').count() > 1 {
        return Some((Kind::Ipv6(colons.parse().ok()?), colons.len()));
    }
    if let Some(operator) = OPERATORS.iter().find(|operator| text.starts_with(**operator)) {
        return Some((Kind::Operator(operator), operator.len()));
    }
    if let Some(escaped) = text.strip_prefix('\\') {
        let name = escaped.split(|c: char| !in_name(c)).next().filter(|name| !name.is_empty())?;
        return Some((Kind::Escaped(name), name.len().saturating_add(1)));
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let digits = run(|c| c.is_ascii_alphanumeric() || c == '.');
        return Some((
            if digits.contains('.') { dotted(digits)? } else { Kind::Number(number(digits)?) },
            digits.len(),
        ));
    }
    // A dash belongs to a name that goes on behind it.
    let name = run(in_name).trim_end_matches('-');
    (!name.is_empty()).then_some((Kind::Word(name), name.len()))
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}

/// Decimal, hexadecimal with `0x`, octal with `0`.
fn number(digits: &str) -> Option<u32> {
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None if digits.len() > 1 && digits.starts_with('0') => u32::from_str_radix(digits, 8).ok(),
        None => digits.parse().ok(),
    }
}

fn dotted(text: &str) -> Option<Kind<'_>> {
    let octets = text.split('.').map(|octet| octet.parse::<u8>().ok()).collect::<Option<Vec<_>>>()?;
    let value = octets.iter().fold(0_u32, |value, octet| value << 8 | u32::from(*octet));
    (octets.len() <= 4).then_some(Kind::Dotted(value, octets.len() as u32 * 8))
}

fn mac(text: &str, separator: char) -> Option<[u8; 6]> {
    let octet = |part: &str| u8::from_str_radix(part, 16).ok().filter(|_| part.len() <= 2);
    text.split(separator).map(octet).collect::<Option<Vec<_>>>()?.try_into().ok()
}
