//! The grammar of expressions (libpcap's `grammar.y`): terms joined by `and` and `or`, which bind alike, from left to right.

use super::Refusal;
use super::lexer::{self, Kind, Token};
use super::link::Link;
use super::predicate::{Joint, Predicate};
use super::qualifiers::Qualifiers;

/// Deepest nesting of parentheses, `not` and operators: a tree is walked by recursion.
pub(super) const MAX_DEPTH: u32 = 100;

/// Reads an expression for a link type.
pub(super) struct Parser<'e> {
    expression: &'e str,
    tokens: Vec<Token<'e>>,
    next: usize,
    depth: u32,
    /// What went wrong farthest to the right while something was tried out.
    tried: Option<Refusal>,
    pub(super) link: Link,
}

/// A place to return to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    next: usize,
    depth: u32,
}

pub(super) fn parse(expression: &str, link: Link) -> Result<Predicate, Refusal> {
    let mut parser = Parser { expression, tokens: lexer::tokens(expression)?, next: 0, depth: 0, tried: None, link };
    let refusal = match parser.expression(None) {
        Ok(predicate) if parser.peek().is_none() => return Ok(predicate),
        Ok(_) => parser.refuse("syntax error"),
        Err(refusal) => refusal,
    };
    Err(parser.tried.take().filter(|tried| tried.at > refusal.at).unwrap_or(refusal))
}

impl<'e> Parser<'e> {
    /// Terms and the words that join them. An address or a number alone takes over the `qualifiers` of the term before it:
    /// `port 80 or 443`.
    pub(super) fn expression(&mut self, mut qualifiers: Option<Qualifiers>) -> Result<Predicate, Refusal> {
        let mut parts = Vec::new();
        let mut joint = Joint::Or;
        loop {
            let (part, left) = self.term(qualifiers)?;
            parts.push((joint, part));
            qualifiers = left;
            joint = match self.joint() {
                Some(joint) => joint,
                None => return Ok(Predicate::Chain(parts)),
            };
        }
    }

    fn term(&mut self, inherited: Option<Qualifiers>) -> Result<(Predicate, Option<Qualifiers>), Refusal> {
        if self.takes("!") || self.takes_word("not") {
            let (inner, qualifiers) = self.nested(|parser| parser.term(inherited))?;
            return Ok((inner.not(), qualifiers));
        }
        if let Some(relation) = self.relation()? {
            return Ok((relation, None));
        }
        if self.takes("(") {
            let inner = self.nested(|parser| parser.expression(inherited))?;
            self.expect(")")?;
            return Ok((inner, inherited));
        }
        match inherited.filter(|_| self.is_at_value()) {
            Some(qualifiers) => Ok((self.value(qualifiers)?, Some(qualifiers))),
            None => self.primitive(),
        }
    }

    pub(super) fn joint(&mut self) -> Option<Joint> {
        if self.takes("&&") || self.takes_word("and") {
            Some(Joint::And)
        } else if self.takes("||") || self.takes_word("or") {
            Some(Joint::Or)
        } else {
            None
        }
    }

    /// Reads what is one level deeper.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(self.refuse("nested too deeply"));
        }
        let read = read(self);
        self.depth = self.depth.saturating_sub(1);
        read
    }

    pub(super) fn peek(&self) -> Option<Kind<'e>> {
        self.look(0)
    }

    /// The token after so many others.
    pub(super) fn look(&self, ahead: usize) -> Option<Kind<'e>> {
        self.tokens.get(self.next.saturating_add(ahead)).map(|token| token.kind)
    }

    pub(super) fn advance(&mut self) -> Option<Kind<'e>> {
        let kind = self.peek();
        self.next = self.next.saturating_add(1);
        kind
    }

    /// Takes the next token if it is this operator.
    pub(super) fn takes(&mut self, operator: &str) -> bool {
        self.takes_kind(matches!(self.peek(), Some(Kind::Operator(next)) if next == operator))
    }

    /// Takes the next token if it is this word.
    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        self.takes_kind(self.peek() == Some(Kind::Word(word)))
    }

    fn takes_kind(&mut self, takes: bool) -> bool {
        self.next = self.next.saturating_add(usize::from(takes));
        takes
    }

    pub(super) fn expect(&mut self, operator: &str) -> Result<(), Refusal> {
        if self.takes(operator) { Ok(()) } else { Err(self.refuse("syntax error")) }
    }

    pub(super) fn position(&self) -> Position {
        Position { next: self.next, depth: self.depth }
    }

    pub(super) fn return_to(&mut self, position: Position) {
        (self.next, self.depth) = (position.next, position.depth);
    }

    /// Keeps why what was tried out came to nothing.
    pub(super) fn keep(&mut self, refusal: Refusal) {
        if self.tried.as_ref().is_none_or(|tried| tried.at < refusal.at) {
            self.tried = Some(refusal);
        }
    }

    /// Refuses the expression at the next token, or at its end.
    pub(super) fn refuse(&self, words: impl Into<String>) -> Refusal {
        Refusal::at(self.tokens.get(self.next).map_or(self.expression.len(), |token| token.start), words)
    }

    /// Refuses it at the token before.
    pub(super) fn refuse_last(&self, words: impl Into<String>) -> Refusal {
        let last = self.tokens.get(self.next.saturating_sub(1));
        Refusal::at(last.map_or(self.expression.len(), |token| token.start), words)
    }

    /// Refuses a word, by what is known of it.
    pub(super) fn refuse_word(&self, word: &str) -> Refusal {
        match super::names::needs_libpcap(word) {
            true => self.refuse(format!("`{word}` needs a build with libpcap")),
            false => self.refuse("syntax error"),
        }
    }
}
