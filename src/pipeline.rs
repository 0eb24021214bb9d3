//! Packets on their way to the tracker, many at a time: read, filtered, dissected and written as tcpdump does, before the tracker
//! gets them or, with a second thread, beside it.
//!
//! What comes out does not depend on the number of threads: one thread takes the batches, in order, and all that is said of a
//! packet beyond its line is said there.

use std::sync::mpsc;
use std::thread;

use crate::capture::{CaptureError, Filter, Frame, FrameSource, Next, Timestamp};
use crate::dissect::{Dissection, Other, Reader, Segment};
use crate::report::Packet;
use crate::track::{Analysis, FlowHash, FlowHasher};

/// Number of packets whose connections are looked for at a time: a core keeps all their pages in mind.
const LOOK_AHEAD: usize = 128;
/// Number of packets that go together where one thread takes what it has prepared: few enough to stay in its nearest cache.
const LOCAL_BATCH: usize = 128;
/// Number of packets that go from one thread to another: handing them over, and waking who waits, costs little by the packet.
const THREAD_BATCH: usize = 1024;
/// Number of batches that wait between two threads; more of them do not fit a core's cache.
const WAITING: usize = 2;
/// Maximum number of bytes of lines in a batch before its last packet, so that hex dumps of large packets do not add up.
const MAX_TEXT: usize = 1 << 20;

/// Packets that passed the filter, in order.
#[derive(Debug, Default)]
pub struct Batch {
    packets: Vec<Prepared>,
    /// Their lines, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// A packet of which only what it did is not known yet.
// Every cache line of it goes from one core to another.
#[repr(align(64))]
#[derive(Debug)]
enum Prepared {
    Segment(Tracked),
    Other { number: u64, ts: Timestamp, is_cut: bool, is_tcp: bool, other: Other },
}

const _: () = assert!(size_of::<Prepared>() <= 3 * 64, "it takes three cache lines");

/// A segment on its way to the tracker.
#[derive(Debug)]
pub struct Tracked {
    /// The segment.
    pub segment: Segment,
    /// Where the tracker looks for its connection.
    pub hash: FlowHash,
}

impl Batch {
    /// The packets with their segments; what the segments do is not said yet.
    pub fn packets(&self) -> impl Iterator<Item = (Packet<'_>, Option<&Tracked>)> {
        let mut begin = 0;
        self.packets.iter().enumerate().map(move |(at, prepared)| {
            let end = self.ends.get(at).copied().unwrap_or_default();
            let line = self.text.get(begin..end).unwrap_or_default();
            begin = end;
            let packet = |number, ts, is_cut, is_tcp, other| Packet {
                number,
                ts,
                is_cut,
                is_tcp,
                other,
                line,
                payload: &[],
                tcp: None,
            };
            match prepared {
                Prepared::Segment(tracked) => {
                    let segment = &tracked.segment;
                    (packet(segment.frame, segment.ts, segment.is_cut(), true, Other::Nothing), Some(tracked))
                }
                Prepared::Other { number, ts, is_cut, is_tcp, other } => {
                    (packet(*number, *ts, *is_cut, *is_tcp, *other), None)
                }
            }
        })
    }

    /// Gives `take` one packet after the other. What is known of their connections is prefetched before.
    ///
    /// # Errors
    /// Those of `take`; the packets behind are not taken then.
    #[inline]
    pub fn each<T, E>(
        &self,
        taker: &mut T,
        analysis: impl Fn(&mut T) -> &mut Analysis,
        mut take: impl FnMut(&mut T, Packet<'_>, Option<&Tracked>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut hashes = self.hashes();
        for (at, (packet, tracked)) in self.packets().enumerate() {
            if at.is_multiple_of(LOOK_AHEAD) {
                analysis(taker).look_ahead(hashes.by_ref().take(LOOK_AHEAD).flatten());
            }
            take(taker, packet, tracked)?;
        }
        Ok(())
    }

    /// Where the tracker will look for the connection of each.
    fn hashes(&self) -> impl Iterator<Item = Option<FlowHash>> {
        self.packets.iter().map(|prepared| match prepared {
            Prepared::Segment(tracked) => Some(tracked.hash),
            Prepared::Other { .. } => None,
        })
    }
}

/// Appends the line of a packet, where it has one.
pub type WriteLine<'a> = &'a mut (dyn FnMut(&mut Vec<u8>, &Frame<'_>, &Dissection<'_>) + Send);

/// Fills batches from a source.
pub struct Feed<'a> {
    /// Where the frames come from.
    pub source: &'a mut dyn FrameSource,
    /// Which of them count.
    pub filter: &'a mut Filter,
    /// Reads them.
    pub reader: &'a mut Reader,
    /// The tracker's.
    pub hasher: FlowHasher,
    /// Writes their lines, where they are wanted.
    pub lines: Option<WriteLine<'a>>,
    /// Maximum number of packets, where there is one.
    pub count: Option<u64>,
}

impl Feed<'_> {
    /// Fills a batch with at most that number of packets: whether more may come. After an error what is in the batch stands.
    fn fill(&mut self, batch: &mut Batch, many: usize) -> Result<bool, CaptureError> {
        batch.clear();
        while batch.packets.len() < many && batch.text.len() < MAX_TEXT {
            if self.count == Some(0) {
                return Ok(false);
            }
            match self.source.next_frame() {
                // Where it lies: to move it means to wait for what has just been written.
                Ok(Next::Frame(ref frame)) => {
                    if self.filter.accepts(frame)? {
                        self.count = self.count.map(|count| count - 1);
                        let mut dissection = Dissection::new();
                        batch.add(frame, &mut dissection, self.reader, &self.hasher);
                        if let Some(line) = &mut self.lines {
                            line(&mut batch.text, frame, &dissection);
                            batch.ends.push(batch.text.len());
                        }
                    }
                }
                Ok(_) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

impl Batch {
    fn clear(&mut self) {
        self.packets.clear();
        self.ends.clear();
        self.text.clear();
        // One large packet is no reason to keep as much for the others.
        self.text.shrink_to(2 * MAX_TEXT);
    }

    fn add<'f>(
        &mut self,
        frame: &'f Frame<'_>,
        dissection: &mut Dissection<'f>,
        reader: &mut Reader,
        hasher: &FlowHasher,
    ) {
        reader.read(frame, dissection);
        match reader.segment(dissection) {
            Ok(segment) => {
                self.packets.push(Prepared::Segment(Tracked { segment: *segment, hash: hasher.of(segment) }));
            }
            Err(other) => {
                let Packet { number, ts, is_cut, is_tcp, .. } = Packet::new(frame, dissection);
                self.packets.push(Prepared::Other { number, ts, is_cut, is_tcp, other });
            }
        }
    }
}

/// Takes a source batch by batch to its end, with so many threads.
///
/// # Errors
/// Those of the source and of `take`; whatever came before the source's error is taken first.
pub fn run<E: From<CaptureError>>(
    mut feed: Feed<'_>,
    threads: usize,
    mut take: impl FnMut(&Batch) -> Result<(), E>,
) -> Result<(), E> {
    if threads < 2 {
        let mut batch = Batch::default();
        loop {
            let more = feed.fill(&mut batch, LOCAL_BATCH);
            take(&batch)?;
            if !more? {
                return Ok(());
            }
        }
    }
    let (give_back, empty) = mpsc::channel();
    let (hand_on, full) = mpsc::sync_channel(WAITING);
    for _ in 0..WAITING + 2 {
        // It is there: `empty` is in hand.
        let _ = give_back.send(Batch::default());
    }
    thread::scope(|scope| {
        scope.spawn(move || {
            // Either channel closes when nobody takes batches any more.
            while let Ok(mut batch) = empty.recv() {
                let more = feed.fill(&mut batch, THREAD_BATCH);
                let last = !matches!(more, Ok(true));
                if hand_on.send((batch, more)).is_err() || last {
                    return;
                }
            }
        });
        for (batch, more) in full {
            take(&batch)?;
            more?;
            // At the end nobody fills it again.
            let _ = give_back.send(batch);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::open_reader;
    use crate::report::lines::{DumpStyle, LineStyle, Lines};
    use crate::track::{FlowTracker, TrackerOptions};

    /// A capture of raw IPv4: TCP segments whose records have so many bytes each.
    fn large(packets: u32, bytes: u32) -> Vec<u8> {
        let mut file = Vec::new();
        for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, bytes, 101_u32] {
            file.extend(word.to_le_bytes());
        }
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        packet.extend([0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 2, 0, 0, 0, 0, 0]);
        packet.resize(bytes as usize, b'x');
        for n in 0..packets {
            for word in [1_600_000_000, n, bytes, bytes] {
                file.extend(word.to_le_bytes());
            }
            file.extend(&packet);
        }
        file
    }

    #[test]
    fn a_batch_of_large_packets_holds_few_bytes_and_nothing_is_lost() {
        let file = large(300, 60_000);
        for threads in [1, 2] {
            let mut source = open_reader(std::io::Cursor::new(file.clone()), "test").unwrap();
            let dump = DumpStyle { hex_ascii: 1, ..DumpStyle::default() };
            let mut lines = Lines::new(LineStyle { numeric: true, dump, ..LineStyle::default() });
            let feed = Feed {
                source: source.as_mut(),
                filter: &mut Filter::default(),
                reader: &mut Reader::default(),
                hasher: FlowTracker::new(TrackerOptions::default()).hasher().clone(),
                lines: Some(&mut |out, frame, dissection| lines.packet(out, frame, dissection)),
                count: None,
            };
            let (mut numbers, mut most, mut capacity) = (Vec::new(), 0, 0);
            run(feed, threads, |batch| {
                numbers.extend(batch.packets().map(|(packet, _)| packet.number));
                most = most.max(batch.text.len());
                capacity = capacity.max(batch.text.capacity());
                assert!(batch.packets().all(|(packet, _)| packet.line.len() > 4 * 60_000));
                Ok::<_, CaptureError>(())
            })
            .unwrap();
            assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
            assert!(most < MAX_TEXT + 5 * 60_000, "{most}");
            assert!(capacity < 4 * MAX_TEXT, "{capacity}");
        }
    }
}
