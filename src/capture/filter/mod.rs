//! pcap filter expressions on any source's frames.

#[cfg(feature = "live")]
mod expression;
mod loopback;
mod names;
#[cfg_attr(feature = "live", expect(dead_code, reason = "what only a build without libpcap needs"))]
#[cfg(any(test, not(feature = "live")))]
mod portable;
#[cfg(feature = "live")]
mod program;

#[cfg(feature = "live")]
use expression as compiler;
#[cfg(not(feature = "live"))]
use portable as compiler;

use super::{CaptureError, Frame, LinkType};
use compiler::Program;
#[cfg(feature = "live")]
pub(super) use compiler::refused;
#[cfg(not(feature = "live"))]
use compiler::refused;
use names::Named;

/// Maximum number of characters of an expression that a stranger wrote; what libpcap takes for one grows with its square.
const MAX_NUMERIC: usize = 1_000;

/// Why an expression is not taken.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    words: String,
    /// Where it goes wrong, in bytes; none if that is not known, or no matter of place.
    at: Option<usize>,
}

impl From<String> for Refusal {
    fn from(words: String) -> Self {
        Self { words, at: None }
    }
}

/// A filter expression, compiled for each link type when the first frame of it comes.
///
/// libpcap compiles; the program is run here, because libpcap's own way to run one from Rust takes the captured length for
/// the length on the wire, which `greater`, `less` and `len` ask about. A build without libpcap has a compiler of its own, for
/// what capture files need most.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    expression: String,
    programs: Vec<(LinkType, Program)>,
    /// Those for link types that have not come yet.
    prepared: Vec<(LinkType, Program)>,
    /// Where a loopback frame is translated.
    translated: Vec<u8>,
}

impl Filter {
    /// Takes an expression as tcpdump does. An empty one accepts every frame.
    ///
    /// # Errors
    /// When no link type accepts the expression; the message shows where it goes wrong, if that can be told.
    pub fn compile(expression: &str) -> Result<Self, CaptureError> {
        let mut filter = Self { expression: expression.trim().to_owned(), ..Self::default() };
        if filter.accepts_all() {
            return Ok(filter);
        }
        match compiler::compile(&filter.expression, LinkType::EN10MB) {
            Ok(program) if program.asks_the_kernel() => {}
            Ok(program) => filter.programs.push((LinkType::EN10MB, program)),
            Err(refusal) => {
                // Some expressions mean something only on other link types; which one comes is not known yet.
                let other = |number| compiler::compile(&filter.expression, LinkType(number)).is_ok();
                let contradicts = refusal.words.contains("rejects all packets");
                if contradicts || !compiler::OTHER_LINK_TYPES.into_iter().any(other) {
                    return Err(refused(&filter.expression, LinkType::EN10MB, refusal));
                }
            }
        }
        Ok(filter)
    }

    /// Takes an expression for frames of one link type, written by somebody who is not to be trusted: hosts and networks in it are
    /// numbers, so that nobody is asked for their addresses, and it is no longer than libpcap compiles in about a second.
    ///
    /// # Errors
    /// When it is longer, has a host's name, or is not accepted.
    pub fn compile_numeric(expression: &str, link_type: LinkType) -> Result<Self, CaptureError> {
        let expression = expression.trim();
        let refuse = |words: String, at| CaptureError::Filter { expression: expression.to_owned(), at, words };
        if expression.len() > MAX_NUMERIC {
            let expression = format!("{}…", expression.chars().take(40).collect::<String>());
            let words =
                format!("a filter here has at most {MAX_NUMERIC} characters: portrange and net say more with fewer");
            return Err(CaptureError::Filter { expression, at: None, words });
        }
        if let Some(host) = names::names(expression).find_map(|name| match name {
            Named::Host(host) => Some(host),
            Named::Other => None,
        }) {
            let words = format!("'{host}' is a name whose address would have to be asked for: write the address");
            return Err(refuse(words, expression.find(host)));
        }
        let mut filter = Self { expression: expression.to_owned(), ..Self::default() };
        if !filter.accepts_all() {
            let program = compiler::compile(expression, link_type);
            let program = program.map_err(|refusal| refused(expression, link_type, refusal))?;
            // What asks the kernel is refused with the first frame.
            filter.programs.extend((!program.asks_the_kernel()).then_some((link_type, program)));
        }
        Ok(filter)
    }

    /// Compiles for the usual link types beforehand what has a name in it (`port http`): that is looked up in files, which a
    /// process may not be able to open later. What has none is compiled when a frame of the link type comes.
    #[must_use]
    pub fn prepared(mut self) -> Self {
        if names::names(&self.expression).next().is_some() {
            let compiled = |link_type| Some((link_type, compiler::compile(&self.expression, link_type).ok()?));
            self.prepared = compiler::USUAL_LINK_TYPES.map(LinkType).into_iter().filter_map(compiled).collect();
        }
        self
    }

    /// Whether the frame is one of those that the expression describes.
    ///
    /// # Errors
    /// When the expression means nothing on the frame's link type.
    #[inline]
    pub fn accepts(&mut self, frame: &Frame) -> Result<bool, CaptureError> {
        match self.programs.iter().find(|(link_type, _)| *link_type == frame.link_type) {
            Some((LinkType::NULL, program)) => {
                Ok(program.accepts(loopback::translate(frame.data, &mut self.translated), frame.wire_len))
            }
            Some((_, program)) => Ok(program.accepts(frame.data, frame.wire_len)),
            None if self.accepts_all() => Ok(true),
            None => self.accepts_first(frame),
        }
    }

    /// Compiles for a link type that has not come before.
    #[cold]
    fn accepts_first(&mut self, frame: &Frame) -> Result<bool, CaptureError> {
        let refuse = |Refusal { words, .. }| CaptureError::FilterLinkType {
            expression: self.expression.clone(),
            frame: frame.number,
            link_type: frame.link_type,
            words,
        };
        let program = match self.prepared.iter().find(|(link_type, _)| *link_type == frame.link_type) {
            Some((_, program)) => program.clone(),
            None => compiler::compile(&self.expression, frame.link_type).map_err(refuse)?,
        };
        if program.asks_the_kernel() {
            return Err(refuse("whether a frame came in or went out is known only while capturing".to_owned().into()));
        }
        self.programs.push((frame.link_type, program));
        self.accepts(frame)
    }
}

impl Filter {
    /// Whether every frame is accepted, whatever it is.
    pub fn accepts_all(&self) -> bool {
        self.expression.is_empty()
    }

    /// The expression as it was given.
    pub fn expression(&self) -> &str {
        &self.expression
    }
}

#[cfg(test)]
mod compiled {
    use super::*;

    #[test]
    fn only_names_are_looked_up_before_a_frame_of_the_link_type_comes() {
        for (expression, beforehand) in [("tcp port 80 and host 10.0.0.1", false), ("tcp", false), ("port http", true)]
        {
            let filter = Filter::compile(expression).unwrap().prepared();
            assert_eq!(!filter.prepared.is_empty(), beforehand, "{expression}");
        }
    }
}
