//! Several sources as one: nothing is lost, nothing changes places within its source, and the earliest goes first.

use arbitrary::Arbitrary;
use tcpcheck::capture::{CaptureError, Interface, Merge, Precision, SourceInfo};
use tcpcheck::{CaptureFault, Frame, FrameSource, LinkType, Next, Timestamp};

/// A source that says what it is told to.
#[derive(Arbitrary, Clone, Debug)]
pub struct Told {
    answers: Vec<Answer>,
    interfaces: u8,
    cut: bool,
}

#[derive(Arbitrary, Clone, Debug)]
enum Answer {
    Frame { ts: i64, interface: u8, wire_len: u32, len: u8 },
    Near { later: i8, len: u8 },
    Idle,
    Describe,
}

struct Source {
    told: Told,
    at: usize,
    now: i64,
    frames: u64,
    tag: u8,
    data: Vec<u8>,
    interfaces: Vec<Interface>,
    faults: Vec<CaptureFault>,
}

impl Source {
    fn new(told: &Told, tag: u8) -> Self {
        let interfaces = (0..=told.interfaces % 4).map(|n| interface(tag, n)).collect();
        Self { told: told.clone(), at: 0, now: 0, frames: 0, tag, data: Vec::new(), interfaces, faults: Vec::new() }
    }
}

fn interface(tag: u8, n: u8) -> Interface {
    Interface {
        name: Some(format!("{tag}/{n}")),
        link_type: LinkType(u16::from(tag)),
        snaplen: u32::from(n),
        options: Vec::new(),
    }
}

impl FrameSource for Source {
    fn next_frame(&mut self) -> Result<Next<'_>, CaptureError> {
        while let Some(answer) = self.told.answers.get(self.at).cloned() {
            self.at += 1;
            let (ts, interface, wire_len, len) = match answer {
                Answer::Idle => return Ok(Next::Idle),
                Answer::Describe => {
                    self.interfaces.push(interface(self.tag, self.interfaces.len() as u8));
                    continue;
                }
                Answer::Frame { ts, interface, wire_len, len } => (ts, interface, wire_len, len),
                Answer::Near { later, len } => (self.now.saturating_add(later.into()), 0, u32::from(len), len),
            };
            self.now = ts;
            self.frames += 1;
            self.data = vec![self.tag; usize::from(len)];
            return Ok(Next::Frame(Frame {
                number: self.frames,
                ts: Timestamp(ts),
                link_type: LinkType(u16::from(self.tag)),
                interface: u32::from(interface).min(self.interfaces.len().saturating_sub(1) as u32),
                wire_len,
                data: &self.data,
            }));
        }
        if self.told.cut && self.faults.is_empty() {
            let source = self.tag.to_string();
            self.faults.push(CaptureFault::Cut { source, after_frame: self.frames, offset: 0, needed: 1, present: 0 });
        }
        Ok(Next::End)
    }

    fn info(&self) -> SourceInfo {
        let name = self.tag.to_string();
        SourceInfo { name, format: "told".into(), link_type: None, snaplen: 0, precision: Precision::Micro }
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    fn faults(&self) -> &[CaptureFault] {
        &self.faults
    }
}

/// A frame as it has to come out: time, source, length on the wire, length, interface's name.
type Seen = (i64, u8, u32, usize, Option<String>);

fn collect(source: &mut dyn FrameSource, tag: Option<u8>) -> Vec<Seen> {
    let (mut seen, mut idle) = (Vec::new(), 0);
    loop {
        let (mut frame, interface) = match source.next_frame() {
            Ok(Next::Frame(frame)) => {
                assert_eq!(frame.number, seen.len() as u64 + 1);
                let from = tag.unwrap_or(frame.link_type.0 as u8);
                assert!(frame.data.iter().all(|byte| *byte == from), "bytes of another source");
                ((frame.ts.0, from, frame.wire_len, frame.data.len(), None), frame.interface)
            }
            Ok(Next::Idle) => {
                idle += 1;
                assert!(idle < 100_000, "idle for ever");
                continue;
            }
            Ok(Next::End) => return seen,
            Err(e) => panic!("{e}"),
        };
        frame.4 = source.interfaces().get(interface as usize).and_then(|interface| interface.name.clone());
        seen.push(frame);
    }
}

pub fn merge(told: &[Told]) {
    let told = &told[..told.len().min(8)];
    let sources = || told.iter().zip(0..).map(|(told, tag)| Source::new(told, tag));
    let mut merge = Merge::new(sources().map(|source| Box::new(source) as Box<dyn FrameSource>).collect());
    let merged = collect(&mut merge, None);
    assert_eq!(merge.faults().len(), told.iter().filter(|told| told.cut).count());
    // The plainest merge there is: look at all heads, take the earliest, the first of equals.
    let mut heads: Vec<_> =
        sources().zip(0..).map(|(mut s, tag)| collect(&mut s, Some(tag)).into_iter().peekable()).collect();
    let mut wanted = Vec::new();
    loop {
        let earliest = heads.iter_mut().enumerate().filter_map(|(at, head)| head.peek().map(|seen| (seen.0, at))).min();
        let Some((_, at)) = earliest else { break };
        wanted.extend(heads[at].next());
    }
    assert_eq!(merged, wanted);
}
