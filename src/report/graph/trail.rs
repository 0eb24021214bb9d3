//! What a connection leaves behind to be drawn: points over time each way, and its findings.

use crate::capture::Timestamp;
use crate::dissect::TcpFlags;
use crate::report::ladder::PacketRecord;
use crate::track::{Amend, Direction, Finding, SegmentEffect};

use super::bins::Bins;
use super::mark::{FindingMark, Marks};
use super::series::{Dot, Series, Thinning};

/// Most points of a series while a connection is open.
const MOST: usize = 4096;

/// One direction: its data, and what the other end says of it.
#[derive(Clone, Debug)]
pub struct GraphDirection {
    /// Segments with bytes that had not been seen: from their first sequence number to behind their last.
    pub data: Series,
    /// Segments with bytes seen before.
    pub again: Series,
    /// Segments that fill a gap, and had not been seen.
    pub late: Series,
    /// Acknowledgments.
    pub acks: Series,
    /// The right edge of the receiver's window.
    pub edge: Series,
    /// SACK blocks.
    pub sacks: Series,
    /// Bytes in flight.
    pub flight: Series,
    /// The receiver's window in bytes.
    pub window: Series,
    /// Round trips, in nanoseconds: when they ended.
    pub rtt: Series,
    /// Bytes over time.
    pub bins: Bins,
    /// The highest number behind any payload.
    high: i64,
    /// The highest acknowledgment.
    acked: i64,
    /// The last acknowledgment and window, and, once points are left out, when they were last said again.
    said: (i64, Option<u32>),
    still: Option<(i64, u64)>,
}

impl Default for GraphDirection {
    fn default() -> Self {
        let picked = || Series::new(Thinning::Pick);
        Self {
            data: Series::new(Thinning::Join),
            again: picked(),
            late: picked(),
            acks: picked(),
            edge: picked(),
            sacks: picked(),
            flight: picked(),
            window: picked(),
            rtt: picked(),
            bins: Bins::default(),
            high: 1,
            acked: 1,
            said: (0, None),
            still: None,
        }
    }
}

impl GraphDirection {
    /// Whether it carried data.
    pub fn has_data(&self) -> bool {
        !(self.data.dots().is_empty() && self.again.dots().is_empty() && self.late.dots().is_empty())
    }

    /// Whether points were left out.
    pub fn is_thinned(&self) -> bool {
        self.all().iter().any(|series| series.is_thinned())
    }

    /// Points kept.
    fn weight(&self) -> usize {
        self.all().iter().map(|series| series.dots().len()).sum::<usize>() + self.bins.len() / 2
    }

    fn all(&self) -> [&Series; 9] {
        let Self { data, again, late, acks, edge, sacks, flight, window, rtt, .. } = self;
        [data, again, late, acks, edge, sacks, flight, window, rtt]
    }

    fn each(&mut self, work: impl Fn(&mut Series)) {
        let Self { data, again, late, acks, edge, sacks, flight, window, rtt, .. } = self;
        [data, again, late, acks, edge, sacks, flight, window, rtt].into_iter().for_each(work);
    }

    /// Leaves no more than so many points of each series.
    fn thin(&mut self, most: usize) {
        self.each(|series| {
            if series.dots().len() > most {
                series.thin(most);
            }
        });
    }

    /// The connection is over.
    fn settle(&mut self) {
        self.tell_still();
        self.each(Series::settle);
    }
}

/// A connection's points and findings.
#[derive(Clone, Debug)]
pub struct TimeSequence {
    /// When it began: every time counts from here.
    pub start: Timestamp,
    ways: [GraphDirection; 2],
    /// Its findings.
    pub marks: Marks,
    /// The last packet's time.
    pub end: i64,
}

impl TimeSequence {
    /// Of a connection that begins now.
    pub fn new(start: Timestamp) -> Self {
        Self { start, ways: <[GraphDirection; 2]>::default(), marks: Marks::default(), end: 0 }
    }

    /// One direction.
    pub fn way(&self, direction: Direction) -> &GraphDirection {
        &self.ways[side(direction)]
    }

    /// Points kept, as a measure of the memory that it takes.
    pub fn weight(&self) -> usize {
        self.ways.iter().map(GraphDirection::weight).sum::<usize>() + 8 * self.marks.all().len()
    }

    /// Leaves no more than so many points of each series.
    pub fn thin(&mut self, most: usize) {
        self.ways.iter_mut().for_each(|way| way.thin(most));
        self.marks.narrow((most / 4).max(20));
    }

    /// The connection is over.
    pub fn settle(&mut self) {
        self.ways.iter_mut().for_each(GraphDirection::settle);
    }

    /// Adds what a packet did. Time does not run backwards, whatever clocks the capture was made with: packets are drawn in the
    /// order in which they were captured.
    pub fn packet(&mut self, record: &PacketRecord) {
        let t = record.ts.since(self.start).0.max(self.end);
        self.end = t;
        if !matches!(record.effect, SegmentEffect::Copy(_) | SegmentEffect::Stray | SegmentEffect::Outside) {
            if record.payload > 0 {
                self.ways[record.side()].sends(t, record);
            }
            let acks = record.ack.filter(|_| !record.flags.contains(TcpFlags::RST));
            if let Some(ack) = acks {
                self.ways[side(record.from.reverse())].is_acked(t, record, ack);
            }
        }
        for finding in record.findings() {
            let mut mark = self.mark(finding);
            if finding.frame == record.frame {
                mark.t = t;
                (mark.way, mark.range) = place(record, finding);
            }
            self.marks.push(mark);
        }
    }

    /// Adds a finding that came with no segment.
    pub fn finding(&mut self, finding: &Finding) {
        let mark = self.mark(finding);
        self.marks.insert(mark);
    }

    /// Changes what was found on a frame.
    pub fn amend(&mut self, amend: &Amend) {
        let place = self.marks.withdraw(amend);
        for finding in &amend.details {
            let mut mark = self.mark(finding);
            match place {
                Some((t, way, range)) => (mark.t, mark.way, mark.range) = (t, way, range),
                None if mark.range.is_none() => mark.range = self.sent_in(mark.way, amend.frame),
                None => {}
            }
            self.marks.insert(mark);
        }
    }

    /// A mark by what the finding says itself.
    fn mark(&self, finding: &Finding) -> FindingMark {
        FindingMark {
            t: finding.ts.since(self.start).0.clamp(0, self.end),
            way: finding.direction.unwrap_or(Direction::FromOriginator),
            range: finding.range,
            finding: finding.clone(),
            count: 1,
            last_frame: finding.frame,
        }
    }

    /// The bytes that a frame carried.
    fn sent_in(&self, direction: Direction, frame: u64) -> Option<(i64, i64)> {
        let way = self.way(direction);
        [&way.data, &way.again, &way.late].into_iter().find_map(|series| {
            let at = series.dots().binary_search_by_key(&frame, |dot| dot.frame).ok()?;
            series.dots().get(at).map(|dot| (dot.lo, dot.hi))
        })
    }
}

impl GraphDirection {
    fn sends(&mut self, t: i64, record: &PacketRecord) {
        let dot = Dot { t, lo: record.seq, hi: record.seq_end, frame: record.frame };
        let series = match (record.again, record.extra().fills) {
            (0, None) => &mut self.data,
            (0, Some(_)) => &mut self.late,
            _ => &mut self.again,
        };
        series.push(dot, MOST);
        self.high = self.high.max(record.seq_end);
        self.flight.push(Dot::at(t, self.high.saturating_sub(self.acked).max(0), record.frame), MOST);
        let bytes = u64::from(record.payload);
        self.bins.add(t, bytes, bytes.saturating_sub(record.again.into()));
    }

    fn is_acked(&mut self, t: i64, record: &PacketRecord, ack: i64) {
        let frame = record.frame;
        // Every segment of the other side's data says it again: of very many points these are the first to go.
        if self.said == (ack, record.window) && self.acks.is_thinned() {
            self.still = Some((t, frame));
        } else {
            self.tell_still();
            self.said = (ack, record.window);
            self.tell_ack(t, frame);
        }
        if ack > self.acked {
            self.acked = ack;
            if self.high > 1 {
                self.flight.push(Dot::at(t, self.high.saturating_sub(ack).max(0), frame), MOST);
            }
        }
        for &(lo, hi) in &record.extra().sack {
            self.sacks.push(Dot { t, lo, hi, frame }, MOST);
        }
        if let Some(rtt) = record.rtt {
            self.rtt.push(Dot::at(t, rtt.0, frame), MOST);
        }
    }
}

impl GraphDirection {
    /// The last acknowledgment and window stood until then.
    fn tell_still(&mut self) {
        if let Some((t, frame)) = self.still.take() {
            self.tell_ack(t, frame);
        }
    }

    fn tell_ack(&mut self, t: i64, frame: u64) {
        let (ack, window) = self.said;
        self.acks.push(Dot::at(t, ack, frame), MOST);
        if let Some(window) = window.map(i64::from) {
            self.edge.push(Dot::at(t, ack.saturating_add(window), frame), MOST);
            self.window.push(Dot::at(t, window, frame), MOST);
        }
    }
}

/// Where a finding on a packet stands: at its bytes, or where it acknowledges.
fn place(record: &PacketRecord, finding: &Finding) -> (Direction, Option<(i64, i64)>) {
    let from = record.from;
    if record.payload > 0 {
        return (from, Some((record.seq, record.seq_end)));
    }
    match (record.ack, finding.range) {
        (Some(ack), _) if !record.flags.intersects(TcpFlags::FIN.with(TcpFlags::RST)) => {
            (from.reverse(), Some((ack, ack)))
        }
        (_, Some(range)) => (from, Some(range)),
        _ => (from, Some((record.seq, record.seq_end))),
    }
}

fn side(direction: Direction) -> usize {
    usize::from(direction == Direction::FromResponder)
}
