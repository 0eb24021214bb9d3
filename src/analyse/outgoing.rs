//! Packets on their way to a capture file: whose they are, and what is said of them there, as far as it is known soon.
//!
//! Packets leave in the order in which they came. One of which something is not known yet waits for it, and so does what comes
//! behind it.

use std::collections::VecDeque;

use crate::capture::{Frame, OwnedFrame, Remarks, Span, Timestamp};
use crate::dissect::{Dissection, Segment};
use crate::report::Annotator;
use crate::track::{Amend, Finding, FlowRecord, Observation};

use super::foresight::Foresight;
use super::membership::{Membership, Owner};

/// No packet waits for more packets than this.
const MAX_PACKETS: usize = 10_000;

/// No packet waits longer than this.
const MAX_WAIT: Span = Span::from_secs(2);

/// Maximum number of bytes that wait.
const MAX_BYTES: usize = 32 << 20;

/// What gets packets that leave: the frame, its connection, and what is said of it.
pub trait Sink {
    /// What it can fail with.
    type Error;

    /// Whether packets of that connection, or of none, are wanted at all.
    fn wants(&self, flow: Option<u32>) -> bool;

    /// Takes a packet.
    ///
    /// # Errors
    /// When it cannot be written.
    fn take(&mut self, frame: &Frame<'_>, flow: Option<u32>, remarks: Remarks<'_>) -> Result<(), Self::Error>;
}

/// The packets that wait.
#[derive(Default)]
pub struct Outgoing {
    membership: Membership,
    comments: Option<Comments>,
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

/// What is said of packets.
struct Comments {
    annotator: Annotator,
    /// What will be said of packets later, where that is known.
    foresight: Foresight,
    /// What came too late for its own packet: for the next one.
    late: Vec<String>,
    /// A packet is always kept back for what may still be said at the end.
    keeps_last: bool,
}

struct Waiting {
    frame: OwnedFrame,
    options: Vec<u8>,
    owner: Owner,
    provisional: bool,
    /// Its `#` line, and whether it has that also without a finding.
    remark: Vec<u8>,
    always: bool,
    findings: Vec<Finding>,
    /// What was said of other packets when it was the latest.
    others: Vec<String>,
}

impl Outgoing {
    /// Packets with comments, written as `annotator` does. What `foresight` knows is on its own packet, however late it comes.
    pub fn commented(annotator: Annotator, foresight: Foresight) -> Self {
        let comments = Comments { annotator, foresight, late: Vec::new(), keeps_last: true };
        Self { comments: Some(comments), ..Self::default() }
    }

    /// Takes a packet, and what its segment did if it holds one.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn packet<S: Sink>(
        &mut self,
        frame: &Frame<'_>,
        options: &[u8],
        dissection: &Dissection<'_>,
        tcp: Option<(&Segment, &Observation)>,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let owner = self.membership.owner(dissection, tcp.map(|(_, seen)| seen.flow));
        let known = self.membership.known(owner);
        if known.is_some_and(|flow| !sink.wants(flow)) {
            if let (Some(comments), Some((_, seen))) = (&mut self.comments, tcp) {
                comments.foresight.pass(frame.number, seen);
            }
            return Ok(());
        }
        if let (Some(flow), None, true) = (known, &self.comments, self.waiting.is_empty()) {
            return sink.take(frame, flow, Remarks { options, comments: &[] });
        }
        self.bytes += frame.data.len() + options.len();
        let mut waiting = Waiting {
            frame: OwnedFrame::from(frame),
            options: options.to_vec(),
            owner,
            provisional: false,
            remark: Vec::new(),
            always: false,
            findings: Vec::new(),
            others: Vec::new(),
        };
        if let Some(comments) = &mut self.comments {
            comments.observe(&mut waiting, tcp);
        }
        self.waiting.push_back(waiting);
        Ok(())
    }

    /// Takes a finding that came with no packet.
    pub fn finding(&mut self, finding: &Finding) {
        let Some(comments) = &mut self.comments else { return };
        if finding.frame > 0 && comments.foresight.knows_next() {
            return;
        }
        match position(&self.waiting, finding.frame) {
            Some(at) => self.waiting[at].findings.push(finding.clone()),
            None => {
                let line = comments.line(|annotator, out| annotator.finding(out, finding));
                self.say(line);
            }
        }
    }

    /// Takes what has changed about an earlier packet.
    pub fn amend(&mut self, amend: &Amend) {
        let Some(comments) = &mut self.comments else { return };
        if comments.foresight.knows_next() {
            return;
        }
        match position(&self.waiting, amend.frame) {
            Some(at) => amend.apply(&mut self.waiting[at].findings),
            None => {
                let lines = comments.line(|annotator, out| annotator.amend(out, amend));
                self.say(lines);
            }
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes that a connection has ended.
    pub fn ended(&mut self, flow: &FlowRecord) {
        self.membership.ended(flow);
    }

    /// Lets go what need not wait any longer at that time.
    ///
    /// # Errors
    /// Those of `sink`.
    #[inline]
    pub fn settle<S: Sink>(&mut self, now: Timestamp, sink: &mut S) -> Result<(), S::Error> {
        let last = usize::from(self.comments.as_ref().is_some_and(|comments| comments.keeps_last));
        while self.waiting.len() > last
            && let Some(first) = self.waiting.front()
        {
            let known = self.membership.known(first.owner);
            let over =
                self.waiting.len() > MAX_PACKETS || self.bytes > MAX_BYTES || now.since(first.frame.ts()) > MAX_WAIT;
            if !over && (first.provisional || known.is_none()) {
                break;
            }
            self.let_go(known.flatten(), sink)?;
        }
        Ok(())
    }

    /// Lets go what waits, but for what waits since less than is usual: nothing has come for a moment, and it is that time.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn idle<S: Sink>(&mut self, now: Timestamp, sink: &mut S) -> Result<(), S::Error> {
        while self.waiting.front().is_some_and(|first| now.since(first.frame.ts()) > MAX_WAIT) {
            let owner = self.waiting.front().map(|first| first.owner);
            self.let_go(owner.and_then(|owner| self.membership.known(owner)).flatten(), sink)?;
        }
        Ok(())
    }

    /// Lets everything go: nothing more is to come. Gives what could be said on no packet.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<Vec<String>, S::Error> {
        while let Some(first) = self.waiting.front() {
            self.let_go(self.membership.known(first.owner).flatten(), sink)?;
        }
        Ok(self.comments.as_mut().map(|comments| std::mem::take(&mut comments.late)).unwrap_or_default())
    }

    fn let_go<S: Sink>(&mut self, flow: Option<u32>, sink: &mut S) -> Result<(), S::Error> {
        let Some(waiting) = self.waiting.pop_front() else { return Ok(()) };
        self.bytes -= waiting.frame.captured_len() + waiting.options.len();
        let said = match &mut self.comments {
            Some(comments) => comments.words(&waiting),
            None => Vec::new(),
        };
        if sink.wants(flow) {
            sink.take(&waiting.frame.lend(), flow, Remarks { options: &waiting.options, comments: &said })?;
        }
        Ok(())
    }

    /// Says something on the latest packet, or on the next one where none is left.
    fn say(&mut self, line: Vec<String>) {
        match (self.waiting.back_mut(), &mut self.comments) {
            (Some(waiting), _) => waiting.others.extend(line),
            (None, Some(comments)) => comments.late.extend(line),
            (None, None) => {}
        }
    }
}

/// Where a frame waits.
fn position(waiting: &VecDeque<Waiting>, frame: u64) -> Option<usize> {
    waiting.binary_search_by_key(&frame, |waiting| waiting.frame.number()).ok()
}

impl Comments {
    /// Notes what is said of a packet now, and what is known to be said later.
    fn observe(&mut self, waiting: &mut Waiting, tcp: Option<(&Segment, &Observation)>) {
        waiting.others.append(&mut self.late);
        let frame = waiting.frame.number();
        if let Some((segment, seen)) = tcp {
            waiting.always = self.annotator.always_remarks(seen);
            self.annotator.remark(&mut waiting.remark, segment, seen);
            let others = self.foresight.pass(frame, seen);
            let own = seen.findings.iter().filter(|finding| finding.frame == frame || finding.frame == 0);
            waiting.findings.extend(own.cloned());
            for finding in others {
                waiting.others.extend(self.line(|annotator, out| annotator.finding(out, &finding)));
            }
            waiting.provisional = seen.provisional && !self.foresight.is_complete();
        }
        self.foresight.warn(frame, &mut waiting.findings);
    }

    /// All that is said of a packet.
    fn words(&self, waiting: &Waiting) -> Vec<String> {
        let mut said = Vec::new();
        if waiting.always || !waiting.findings.is_empty() {
            said.extend(lines(&waiting.remark));
        }
        for finding in &waiting.findings {
            said.extend(self.line(|annotator, out| annotator.finding(out, finding)));
        }
        said.extend(waiting.others.iter().cloned());
        said
    }

    fn line(&self, write: impl FnOnce(&Annotator, &mut Vec<u8>)) -> Vec<String> {
        let mut out = Vec::new();
        write(&self.annotator, &mut out);
        lines(&out).collect()
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = String> + '_ {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| String::from_utf8_lossy(line).into_owned())
}
