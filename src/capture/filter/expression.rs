//! libpcap's compiler, and where in an expression it gave up.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use ::pcap::{BpfProgram, Capture, Error, Linktype};

use super::Refusal;
use super::program::Instruction;
pub(super) use super::program::Program;
use crate::capture::{CaptureError, LinkType};

/// Link types on which expressions mean what they do not on Ethernet: 802.11, radiotap, Linux cooked, raw IP, PPP, Frame
/// Relay, ATM, MTP2, pflog, Juniper, BACnet.
pub(super) const OTHER_LINK_TYPES: [u16; 13] = [127, 105, 276, 113, 101, 9, 50, 107, 123, 140, 117, 178, 165];

/// Link types that captures of TCP usually are of: Ethernet, null, loop, raw IP, Linux cooked, 802.11, PPP, NFLOG and their
/// like.
pub(super) const USUAL_LINK_TYPES: [u16; 15] = [1, 0, 108, 101, 12, 228, 229, 113, 276, 105, 127, 9, 51, 104, 239];

/// Older libpcaps keep the compiler's state in globals.
static COMPILER: Mutex<()> = Mutex::new(());

/// Most time spent on finding where an expression goes wrong; host names in it may ask the network.
const SEARCH: Duration = Duration::from_millis(500);

/// Compiles an expression for frames of a link type, or gives libpcap's reason why not.
pub(super) fn compile(expression: &str, link_type: LinkType) -> Result<Program, Refusal> {
    let compiled = parse(expression, link_type, true)?;
    let instructions = compiled.get_instructions().iter().map(|instruction| read(&instruction.to_string()));
    let program = instructions.collect::<Option<_>>().ok_or_else(|| "libpcap's program cannot be read".to_owned())?;
    Ok(Program(program))
}

/// Has libpcap parse an expression; what rejects every packet is an error only if it optimises.
fn parse(expression: &str, link_type: LinkType, optimise: bool) -> Result<BpfProgram, String> {
    let _alone = COMPILER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // By name, because the system may number it in its own way.
    let named = link_type.name().and_then(|name| Linktype::from_name(name).ok());
    let link_type = named.unwrap_or(Linktype(i32::from(link_type.0)));
    let dead = Capture::dead(link_type).map_err(reason)?;
    dead.compile(expression, optimise).map_err(reason)
}

/// An instruction as the `pcap` crate prints it, the only way it shows one: code, jumps, operand.
fn read(printed: &str) -> Option<Instruction> {
    let mut numbers = printed.split(' ');
    Some(Instruction {
        code: numbers.next()?.parse().ok()?,
        jump_true: numbers.next()?.parse().ok()?,
        jump_false: numbers.next()?.parse().ok()?,
        k: numbers.next()?.parse().ok()?,
    })
}

fn reason(error: Error) -> String {
    match error {
        Error::PcapError(words) => words.trim_start_matches("can't parse filter expression: ").to_owned(),
        Error::InvalidInputString => "a zero byte".to_owned(),
        other => other.to_string(),
    }
}

/// The error for an expression that libpcap refused, with the place.
pub(in crate::capture) fn refused(expression: &str, link_type: LinkType, refusal: impl Into<Refusal>) -> CaptureError {
    let Refusal { words, at } = refusal.into();
    let at = at.or_else(|| named_place(expression, &words)).or_else(|| place(expression, link_type));
    CaptureError::Filter { expression: expression.to_owned(), at, words }
}

/// Where the expression has the word that libpcap's reason has in quotes, if it has it once.
fn named_place(expression: &str, words: &str) -> Option<usize> {
    let quoted = words.split('\'').nth(1).filter(|word| !word.is_empty())?;
    let mut found = tokens(expression).filter(|(start, end)| expression.get(*start..*end) == Some(quoted));
    let (start, _) = found.next()?;
    found.next().is_none().then_some(start)
}

/// Where the first token begins with which the expression can no longer become one that compiles; its end if it only
/// lacks something. libpcap tells no place, so this asks it about the beginnings of the expression, each completed in some
/// likely way.
fn place(expression: &str, link_type: LinkType) -> Option<usize> {
    let started = Instant::now();
    let tokens: Vec<_> = tokens(expression).collect();
    let completes = |beginning: &str, link_type| completes(beginning, link_type, started);
    if completes(expression, link_type) {
        return Some(expression.len()).filter(|_| parse(expression, link_type, false).is_err());
    }
    // Beginnings of good beginnings are good, so halving finds the first bad one.
    let (mut good, mut bad) = (0, tokens.len());
    while bad.checked_sub(good)? > 1 {
        if started.elapsed() > SEARCH {
            return None;
        }
        let middle = good.midpoint(bad);
        let (_, end) = tokens.get(middle.checked_sub(1)?)?;
        if completes(expression.get(..*end)?, link_type) { good = middle } else { bad = middle }
    }
    let found = tokens.get(bad.checked_sub(1)?).map(|(start, _)| *start);
    // What was not tried for want of time says nothing.
    found.filter(|_| started.elapsed() <= SEARCH)
}

/// Whether something can follow that makes it an expression.
fn completes(beginning: &str, link_type: LinkType, started: Instant) -> bool {
    let mut closing = String::new();
    for c in beginning.chars() {
        match c {
            '(' => closing.insert(0, ')'),
            '[' => closing.insert(0, ']'),
            ')' | ']' if closing.starts_with(c) => {
                closing.remove(0);
            }
            _ => {}
        }
    }
    const LIKELY: [&str; 16] = [
        "",
        "tcp",
        "1",
        "1.1.1.1",
        "::1",
        "port 1",
        "host 1.1.1.1",
        "= 1",
        "1 = 1",
        "mask 255.0.0.0",
        "1-2",
        "2:0:0:0:0:1",
        "mgt",
        "beacon",
        "0",
        "1:1",
    ];
    LIKELY.iter().any(|likely| {
        ["", " = 1"]
            .iter()
            .take_while(|_| started.elapsed() <= SEARCH)
            .any(|compared| parse(&format!("{beginning} {likely}{closing}{compared}"), link_type, false).is_ok())
    })
}

/// Words, numbers, addresses and operators, each with where it begins and ends.
fn tokens(expression: &str) -> impl Iterator<Item = (usize, usize)> {
    let in_word = |c: char| c.is_alphanumeric() || "_.:-\\$".contains(c);
    let mut characters = expression.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = characters.find(|(_, c)| !c.is_whitespace())?;
        let mut end = start.saturating_add(first.len_utf8());
        let goes_on = |before: char, c: char| {
            let operator =
                matches!((before, c), ('&', '&') | ('|', '|') | ('<', '<') | ('>', '>') | ('!' | '=' | '<' | '>', '='));
            operator || (in_word(before) && in_word(c))
        };
        let mut before = first;
        while let Some((at, c)) = characters.next_if(|(_, c)| goes_on(before, *c)) {
            end = at.saturating_add(c.len_utf8());
            before = c;
        }
        Some((start, end))
    })
}
