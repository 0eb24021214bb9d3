//! Relations of numbers made of a frame: `tcp[tcpflags] & tcp-syn != 0`.

use super::Refusal;
use super::lexer::Kind;
use super::link::{IPV4, Link};
use super::names;
use super::parser::{MAX_DEPTH, Parser};
use super::predicate::{Arithmetic, Comparison, Operator, Predicate};
use super::qualifiers::Protocol;

/// A number, and what has to hold of a frame that has it.
struct Guarded {
    guard: Option<Predicate>,
    number: Arithmetic,
}

/// Operators from those that bind least.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("|", Operator::Or), ("^", Operator::Xor)],
    &[("&", Operator::And)],
    &[("<<", Operator::ShiftLeft), (">>", Operator::ShiftRight)],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)],
];

const COMPARISONS: [(&str, Comparison); 7] = [
    ("=", Comparison::Equal),
    ("==", Comparison::Equal),
    ("!=", Comparison::Different),
    (">", Comparison::Greater),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Less),
    ("<=", Comparison::AtMost),
];

impl Parser<'_> {
    /// A relation, if one begins here. It may begin as a primitive in parentheses does, so that is tried out.
    pub(super) fn relation(&mut self) -> Result<Option<Predicate>, Refusal> {
        let before = self.position();
        let left = match self.arithmetic(0) {
            Ok(left) => left,
            Err(refusal) => {
                self.keep(refusal);
                self.return_to(before);
                return Ok(None);
            }
        };
        let comparison = COMPARISONS.iter().find(|(sign, _)| self.takes(sign));
        let Some((_, comparison)) = comparison else {
            self.return_to(before);
            return Ok(None);
        };
        let right = self.arithmetic(0)?;
        let relation = Predicate::Compare(*comparison, left.number, right.number);
        Ok(Some(Predicate::all(left.guard.into_iter().chain(right.guard).chain([relation]))))
    }

    fn arithmetic(&mut self, level: usize) -> Result<Guarded, Refusal> {
        let Some(operators) = LEVELS.get(level) else { return self.operand() };
        let mut left = self.arithmetic(level.saturating_add(1))?;
        let mut terms = 0;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.takes(sign)) {
            terms += 1;
            if terms > MAX_DEPTH {
                return Err(self.refuse("nested too deeply"));
            }
            // As in libpcap, what the right one needs is not asked for.
            let right = self.arithmetic(level.saturating_add(1))?.number;
            match (operator, &right) {
                (Operator::Divide, Arithmetic::Number(0)) => return Err(self.refuse_last("division by zero")),
                (Operator::Remainder, Arithmetic::Number(0)) => return Err(self.refuse_last("modulus by zero")),
                (Operator::ShiftLeft | Operator::ShiftRight, Arithmetic::Number(32..)) => {
                    return Err(self.refuse_last("shift by more than 31 bits"));
                }
                _ => {}
            }
            left.number = Arithmetic::Binary(*operator, Box::new(left.number), Box::new(right));
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Guarded, Refusal> {
        let plain = |number| Ok(Guarded { guard: None, number });
        match self.peek() {
            Some(Kind::Number(number)) => {
                self.advance();
                plain(Arithmetic::Number(number))
            }
            Some(Kind::Operator("-")) => {
                self.advance();
                let inner = self.nested(Self::operand)?;
                Ok(Guarded { number: Arithmetic::Negated(Box::new(inner.number)), ..inner })
            }
            Some(Kind::Operator("(")) => {
                self.advance();
                let inner = self.nested(|parser| parser.arithmetic(0))?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(Kind::Word("len" | "length")) => {
                self.advance();
                plain(Arithmetic::Length)
            }
            Some(Kind::Word(word)) => match (Protocol::named(word), names::constant(word)) {
                (Some(protocol), _) if self.look(1) == Some(Kind::Operator("[")) => self.load(protocol),
                (None, Some(constant)) => {
                    self.advance();
                    plain(Arithmetic::Number(constant))
                }
                _ => Err(self.refuse("syntax error")),
            },
            _ => Err(self.refuse("syntax error")),
        }
    }

    /// `ip[2:2]`
    fn load(&mut self, protocol: Protocol) -> Result<Guarded, Refusal> {
        self.advance();
        self.advance();
        let Guarded { guard: of_index, number: index } = self.nested(|parser| parser.arithmetic(0))?;
        let size = if self.takes(":") {
            match self.advance() {
                Some(Kind::Number(size @ (1 | 2 | 4))) => size,
                _ => return Err(self.refuse_last("data size must be 1, 2, or 4")),
            }
        } else {
            1
        };
        self.expect("]")?;
        let carried = self.carried(protocol);
        let (guard, number) = match protocol {
            Protocol::Link => (None, Link::in_frame(index, size)),
            Protocol::Ethertype(_) => (Some(carried), self.link.in_network(0, index, size)),
            Protocol::Ipv6(_) => (Some(carried), self.link.in_network(40, index, size)),
            Protocol::Ip(50 | 51) => return Err(self.refuse_last("unsupported index operation")),
            // Behind an IPv4 header, and only there.
            Protocol::Ip(_) | Protocol::Ipv4(_) => {
                let guard = [self.link.carries(IPV4), carried, self.link.not_fragment()];
                (Some(Predicate::all(guard)), self.link.behind_ipv4(index, size))
            }
        };
        let guards: Vec<_> = of_index.into_iter().chain(guard).collect();
        let guard = if guards.is_empty() { None } else { Some(Predicate::all(guards)) };
        Ok(Guarded { guard, number })
    }
}
