//! Trace scripts: a connection as a text, one line a segment, and what must hold after it.
//!
//! ```text
//! # t      who  flags  fields                                  expectation
//! 0.000    >    S      seq=1000 win=64240 mss=1460 sackok      = SYN_SENT SYN_RECV
//! at 0.030: lost < S.  seq=9000 ack=1001
//! 1.000    >    S      seq=1000 win=64240 mss=1460 sackok      = SYN_SENT SYN_RECV   ! TC103
//! end: outcome=no-answer findings=TC101
//! ```
//!
//! `>` is client to server. Behind `=` stand both ends' states, the client's first, `*` for any; without it they are not asked
//! for. Behind `!` stand the findings on that segment, all of them; `A/B` is either, `!? A` allows others beside A, `!none` and
//! nothing at all mean none. A `lost` line never passed the capture point: it is there for the reader.
//!
//! `via=N` captures a segment on another link. `end:` says what holds when the capture is over, once for each connection: `flow=N` (1), `outcome=`, `states=A,B`,
//! `conn_state=`, `history=`, `verdict=` (whose doing it was), and `findings=A,B`, those that belong to no segment. `seen=A,B` and `never=A,B` are about every
//! finding of the script. `client:` and `server:` change the addresses of the lines below, `snap:` the snapshot length;
//! `vantage:` is for the reader. `pending:` says why a script does not hold yet; once it holds, that line has to go.

use std::net::SocketAddr;
use std::path::Path;

use super::packet::{Opt, Packet, Sum, flags};

/// A script, read.
#[derive(Debug)]
pub(crate) struct Script {
    /// Its file, as messages name it.
    pub name: String,
    pub lines: Vec<Line>,
    pub ends: Vec<End>,
    /// Why tcpcheck does not play it right yet.
    pub pending: Option<String>,
}

/// A segment and what must hold after it.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its line in the file, from 1, and its text.
    pub number: usize,
    pub text: String,
    /// Nanoseconds since the script's zero.
    pub ns: i64,
    pub packet: Packet,
    /// Bytes of the frame that were captured, where not all.
    pub captured: Option<usize>,
    /// Client's and server's.
    pub states: Option<[String; 2]>,
    pub findings: Findings,
}

/// Codes that must be there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// Each one of them, or one of its alternatives.
    pub codes: Vec<Vec<String>>,
    /// Others are allowed beside them.
    pub others: bool,
}

/// What must hold of a connection when the capture is over.
#[derive(Debug, Default)]
pub(crate) struct End {
    pub number: usize,
    pub text: String,
    /// Its number; 0 stands for the capture as a whole.
    pub flow: u32,
    pub outcome: Option<String>,
    pub states: Option<[String; 2]>,
    pub conn_state: Option<String>,
    pub history: Option<String>,
    /// Whose doing it was.
    pub verdict: Option<String>,
    pub findings: Findings,
    /// Codes that must have fired somewhere, and those that must not.
    pub seen: Findings,
    pub never: Findings,
}

impl Findings {
    /// Whether these codes, each as often as it fired, are what was asked for.
    pub(crate) fn hold(&self, fired: &[String]) -> bool {
        let mut left: Vec<&String> = fired.iter().collect();
        let all_there = self.codes.iter().all(|alternatives| {
            let at = left.iter().position(|code| alternatives.contains(code));
            at.map(|at| left.remove(at)).is_some()
        });
        all_there && (self.others || left.is_empty())
    }

    /// Whether each of these codes was asked for.
    pub(crate) fn name(&self, code: &String) -> bool {
        self.codes.iter().flatten().any(|named| named == code)
    }

    fn parse(words: &[&str]) -> Result<Self, String> {
        let (others, words) = match words {
            ["none"] => (false, &[][..]),
            ["?", rest @ ..] => (true, rest),
            _ => (false, words),
        };
        let codes = words.iter().map(|word| word.split('/').map(code).collect()).collect::<Result<_, _>>()?;
        Ok(Self { codes, others })
    }
}

/// `TC` and three digits.
fn code(word: &str) -> Result<String, String> {
    let digits = word.strip_prefix("TC").unwrap_or_default();
    match digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        true => Ok(word.to_owned()),
        false => Err(format!("{word} is no code of a rule")),
    }
}

fn state(word: &str) -> Result<String, String> {
    const STATES: [&str; 11] = [
        "CLOSED",
        "LISTEN",
        "SYN_SENT",
        "SYN_RECV",
        "ESTABLISHED",
        "FIN_WAIT_1",
        "FIN_WAIT_2",
        "CLOSE_WAIT",
        "CLOSING",
        "LAST_ACK",
        "TIME_WAIT",
    ];
    (word == "*" || STATES.contains(&word)).then(|| word.to_owned()).ok_or(format!("{word} is no state"))
}

fn states(words: &[&str]) -> Result<[String; 2], String> {
    match words {
        [client, server] => Ok([state(client)?, state(server)?]),
        _ => Err("two states are needed, the client's and the server's".to_owned()),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no number, or too large a one"))
}

/// Seconds with up to nine decimals, to nanoseconds.
fn nanoseconds(text: &str) -> Result<i64, String> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{decimals:0<9}");
    if digits.len() != 9 {
        return Err(format!("{text} has more than nine decimals"));
    }
    Ok(number::<i64>(whole)? * 1_000_000_000 + number::<i64>(&digits)?)
}

/// Reads scripts line by line; what `client:` and its like say holds for the lines below.
struct Reader {
    client: SocketAddr,
    server: SocketAddr,
    snap: Option<usize>,
}

impl Script {
    /// Reads a script; an error says which line, and what about it.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&super::short(path), &text)
    }

    /// Parses the text of a script.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut reader =
            Reader { client: ([10, 0, 0, 1], 40000).into(), server: ([10, 0, 0, 2], 80).into(), snap: None };
        let mut script = Self { name: name.to_owned(), lines: Vec::new(), ends: Vec::new(), pending: None };
        for (index, full) in text.lines().enumerate() {
            let line = full.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let at = |error: String| format!("{name}:{}: {error}\n  {full}", index + 1);
            match line.split_once(": ") {
                Some(("end", rest)) => script.ends.push(reader.end(index + 1, line, rest).map_err(at)?),
                Some(("pending", rest)) => script.pending = Some(rest.trim().to_owned()),
                Some((directive, rest)) => reader.directive(directive, rest.trim()).map_err(at)?,
                None => script.lines.push(reader.segment(index + 1, line).map_err(at)?),
            }
        }
        if script.lines.is_empty() || script.ends.is_empty() {
            return Err(format!("{name}: a script needs a segment and an end"));
        }
        Ok(script)
    }
}

impl Reader {
    fn directive(&mut self, directive: &str, rest: &str) -> Result<(), String> {
        let address = |text: &str| text.parse().map_err(|_| format!("{text} is no address with a port"));
        match directive {
            "client" => self.client = address(rest)?,
            "server" => self.server = address(rest)?,
            "snap" => self.snap = Some(number(rest)?),
            "vantage" if ["client", "server", "middle"].contains(&rest) => {}
            _ => match (directive.strip_prefix("at "), rest.strip_prefix("lost ")) {
                (Some(time), Some(segment)) => drop(self.segment(0, &format!("{time} {segment}"))?),
                _ => return Err(format!("{directive}: {rest} is no directive")),
            },
        }
        Ok(())
    }

    fn segment(&self, number: usize, line: &str) -> Result<Line, String> {
        let (line_left, findings) = match line.split_once('!') {
            Some((left, codes)) => {
                let codes = codes.replace('?', "? ");
                (left, Findings::parse(&codes.split_whitespace().collect::<Vec<_>>())?)
            }
            None => (line, Findings::default()),
        };
        let (segment, both_states) = match line_left.split_once(" = ") {
            Some((segment, words)) => (segment, Some(states(&words.split_whitespace().collect::<Vec<_>>())?)),
            None => (line_left, None),
        };
        let mut words = segment.split_whitespace();
        let (Some(time), Some(who), Some(letters)) = (words.next(), words.next(), words.next()) else {
            return Err("a segment needs a time, `>` or `<`, and flags".to_owned());
        };
        let mut packet = match who {
            ">" => Packet::new(self.client, self.server),
            "<" => Packet::new(self.server, self.client),
            _ => return Err(format!("{who} is neither `>` nor `<`")),
        };
        packet.flags = flags(letters).ok_or(format!("{letters} are no flags"))?;
        let mut captured = self.snap;
        for word in words {
            field(&mut packet, &mut captured, word)?;
        }
        let ns = nanoseconds(time)?;
        Ok(Line { number, text: line.to_owned(), ns, packet, captured, states: both_states, findings })
    }

    fn end(&self, at: usize, line: &str, rest: &str) -> Result<End, String> {
        let mut end = End { number: at, text: line.to_owned(), flow: 1, ..End::default() };
        for word in rest.split_whitespace() {
            let (name, value) = word.split_once('=').ok_or(format!("{word} is no name=value"))?;
            let spaced = value.replace('?', "?,");
            let values: Vec<&str> = spaced.split(',').filter(|value| !value.is_empty()).collect();
            match name {
                "flow" => end.flow = number(value)?,
                "outcome" => end.outcome = Some(value.to_owned()),
                "states" => end.states = Some(states(&values)?),
                "conn_state" => end.conn_state = Some(value.to_owned()),
                "history" => end.history = Some(value.to_owned()),
                "verdict" => end.verdict = Some(value.to_owned()),
                "findings" => end.findings = Findings::parse(&values)?,
                "seen" => end.seen = Findings::parse(&values)?,
                "never" => end.never = Findings::parse(&values)?,
                _ => return Err(format!("{name} is nothing that an end has")),
            }
        }
        Ok(end)
    }
}

/// Sets what one word of a segment says.
fn field(packet: &mut Packet, captured: &mut Option<usize>, word: &str) -> Result<(), String> {
    let pair = |text: &str, sign: char| -> Result<(u32, u32), String> {
        let (a, b) = text.split_once(sign).ok_or(format!("{text} is no pair"))?;
        Ok((number(a)?, number(b)?))
    };
    match word.split_once('=').unwrap_or((word, "")) {
        ("seq", value) => packet.seq = number(value)?,
        ("ack", value) => packet.ack = number(value)?,
        ("win", value) => packet.window = number(value)?,
        ("urg", value) => packet.urgent = number(value)?,
        ("len", value) => packet.payload = payload(packet.seq, number(value)?),
        // Other bytes than `len` gives for the same sequence numbers.
        ("other", value) => packet.payload = payload(packet.seq.wrapping_add(13), number(value)?),
        ("ttl", value) => packet.ttl = number(value)?,
        ("via", value) => packet.via = number(value)?,
        ("tos", value) => packet.tos = number(value)?,
        ("ipid", value) => packet.ip_id = number(value)?,
        ("reserved", value) => packet.flags |= number::<u16>(value)? << 9,
        ("doff", value) => packet.data_offset = Some(number(value)?),
        ("sum", "wrong") => packet.sum = Sum::Wrong,
        ("sum", "partial") => packet.sum = Sum::Partial,
        ("snap", value) => *captured = Some(number(value)?),
        ("mss", value) => packet.options.push(Opt::Mss(number(value)?)),
        ("wscale", value) => packet.options.push(Opt::WindowScale(number(value)?)),
        ("sackok", "") => packet.options.push(Opt::SackPermitted),
        ("sack", value) => {
            let blocks = value.split(',').map(|block| pair(block, '-')).collect::<Result<_, _>>()?;
            packet.options.push(Opt::Sack(blocks));
        }
        ("ts", value) => {
            let (value, echo) = pair(value, ':')?;
            packet.options.push(Opt::Timestamps(value, echo));
        }
        ("tfo", value) => packet.options.push(Opt::FastOpen(number(value)?)),
        ("md5", "") => packet.options.push(Opt::Md5),
        ("ao", "") => packet.options.push(Opt::Ao),
        ("opt", value) => {
            let digits = value.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or(""));
            let bytes = digits.map(|byte| u8::from_str_radix(byte, 16).map_err(|e| format!("{value}: {e}")));
            packet.options.push(Opt::Raw(bytes.collect::<Result<_, _>>()?));
        }
        _ => return Err(format!("{word} is no field of a segment")),
    }
    Ok(())
}

/// Bytes that depend on their sequence number alone, so that a retransmission carries the same ones.
fn payload(seq: u32, len: u32) -> Vec<u8> {
    (0..len).map(|n| b'a' + (seq.wrapping_add(n) % 23) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Script::parse("x.trace", text).expect_err("a script with a mistake")
    }

    #[test]
    fn a_word_that_a_script_cannot_have_is_an_error_with_its_line() {
        for (line, what) in [
            ("0.0 > S seq=1 colour=red", "colour=red is no field"),
            ("0.0 >> S", "neither"),
            ("0.0 > X", "no flags"),
            ("0.0 > S = SYN_SENT", "two states"),
            ("0.0 > S = SYN_SENT SYN_RCVD", "SYN_RCVD is no state"),
            ("0.0 > S ! TC12", "no code"),
            ("end: colour=red", "colour is nothing"),
            ("weather: fine", "no directive"),
            ("at 0.1: lost > X", "no flags"),
            ("0.0000000001 > S", "nine decimals"),
        ] {
            let said = error(&format!("# a comment\n{line}\n"));
            assert!(said.contains(what) && said.starts_with("x.trace:2: "), "{line} gave {said}");
        }
        assert!(error("0.0 > S").contains("needs a segment and an end"));
    }

    #[test]
    fn findings_hold_when_each_is_there_as_often_as_asked_and_no_other() {
        let findings = |text: &str| Findings::parse(&text.split_whitespace().collect::<Vec<_>>()).unwrap();
        let fired = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(findings("none").hold(&[]));
        assert!(!findings("none").hold(&fired("TC101")));
        assert!(findings("TC201/TC203 TC205").hold(&fired("TC205 TC203")));
        assert!(!findings("TC301").hold(&fired("TC301 TC301")));
        assert!(!findings("TC301 TC301").hold(&fired("TC301")));
        assert!(findings("? TC301").hold(&fired("TC302 TC301")));
    }
}
