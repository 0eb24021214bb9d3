//! pcap filter expressions on any source's frames.

#[cfg(feature = "live")]
mod expression;
#[cfg(feature = "live")]
mod loopback;
#[cfg(feature = "live")]
mod program;

#[cfg(feature = "live")]
pub(super) use expression::refused;

#[cfg(feature = "live")]
use super::LinkType;
use super::{CaptureError, Frame};

/// A filter expression, compiled for each link type when the first frame of it comes.
///
/// libpcap compiles; the program is run here, because libpcap's own way to run one from Rust takes the captured length for
/// the length on the wire, which `greater`, `less` and `len` ask about.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    expression: String,
    #[cfg(feature = "live")]
    programs: Vec<(LinkType, program::Program)>,
    /// Those for link types that have not come yet.
    #[cfg(feature = "live")]
    prepared: Vec<(LinkType, program::Program)>,
    /// Where a loopback frame is translated.
    #[cfg(feature = "live")]
    translated: Vec<u8>,
}

#[cfg(feature = "live")]
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
        match expression::compile(&filter.expression, LinkType::EN10MB) {
            Ok(program) if program.asks_the_kernel() => {}
            Ok(program) => filter.programs.push((LinkType::EN10MB, program)),
            Err(words) => {
                // Some expressions mean something only on other link types; which one comes is not known yet.
                let other = |number| expression::compile(&filter.expression, LinkType(number)).is_ok();
                let contradicts = words.contains("rejects all packets");
                if contradicts || !expression::OTHER_LINK_TYPES.into_iter().any(other) {
                    return Err(refused(&filter.expression, LinkType::EN10MB, words));
                }
            }
        }
        Ok(filter)
    }

    /// Compiles for the usual link types beforehand: what has a name (`port http`) is looked up in files, which a process
    /// may not be able to open later.
    #[must_use]
    pub fn prepared(mut self) -> Self {
        if !self.accepts_all() {
            let compiled = |link_type| Some((link_type, expression::compile(&self.expression, link_type).ok()?));
            self.prepared = expression::USUAL_LINK_TYPES.map(LinkType).into_iter().filter_map(compiled).collect();
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
        let refuse = |words| CaptureError::FilterLinkType {
            expression: self.expression.clone(),
            frame: frame.number,
            link_type: frame.link_type,
            words,
        };
        let program = match self.prepared.iter().find(|(link_type, _)| *link_type == frame.link_type) {
            Some((_, program)) => program.clone(),
            None => expression::compile(&self.expression, frame.link_type).map_err(refuse)?,
        };
        if program.asks_the_kernel() {
            return Err(refuse("whether a frame came in or went out is known only while capturing".to_owned()));
        }
        self.programs.push((frame.link_type, program));
        self.accepts(frame)
    }
}

#[cfg(not(feature = "live"))]
impl Filter {
    /// Takes an empty expression, which accepts every frame.
    ///
    /// # Errors
    /// For every other expression: this build has no libpcap.
    pub fn compile(expression: &str) -> Result<Self, CaptureError> {
        let filter = Self { expression: expression.trim().to_owned() };
        if filter.accepts_all() { Ok(filter) } else { Err(CaptureError::NoLibpcap { what: "filter expressions" }) }
    }

    /// Compiles nothing.
    #[must_use]
    pub fn prepared(self) -> Self {
        self
    }

    /// Accepts the frame.
    ///
    /// # Errors
    /// Never, in a build without libpcap.
    pub fn accepts(&mut self, _frame: &Frame) -> Result<bool, CaptureError> {
        Ok(true)
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
