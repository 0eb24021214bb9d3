//! Two captures of the same traffic, paired packet by packet, however each is read.

use crate::capture::{CaptureError, CaptureFault, Filter, FrameSource, Next, SourceInfo, Timestamp};
use crate::compare::{Comparison, Overlap, PathEvent, Relation, Side, Sighting, Survey};
use crate::dissect::{Content, Dissection, LengthSource, Reader};
use crate::report::phrase::time;
use crate::track::Event;

/// A capture that was looked through.
pub struct Surveyed {
    /// What it shows.
    pub survey: Survey,
    /// What it is.
    pub info: SourceInfo,
    /// Where it is cut or damaged: what lies behind that was not read.
    pub faults: Vec<CaptureFault>,
}

/// Something that a capture shows.
pub enum Item {
    /// A packet.
    Sighting(Sighting),
    /// What its tracker says besides.
    Event(Box<Event>),
}

/// What a capture shows, in order.
pub trait Items {
    /// The next thing; none at the end.
    ///
    /// # Errors
    /// When the capture cannot be read.
    fn next(&mut self) -> Result<Option<Item>, CaptureError>;
}

/// Looks through a capture once, with a survey that has seen nothing.
///
/// # Errors
/// When it cannot be read, or the filter means nothing on its link type.
pub fn survey(source: &mut dyn FrameSource, filter: &mut Filter, mut survey: Survey) -> Result<Surveyed, CaptureError> {
    let mut reader = Reader::new(false);
    while let Next::Frame(frame) = source.next_frame()? {
        if !filter.accepts(&frame)? {
            continue;
        }
        survey.packet(frame.ts);
        let mut dissection = Dissection::new();
        reader.read(&frame, &mut dissection);
        match reader.segment(&dissection) {
            Ok(segment) => survey.segment(segment),
            Err(_) if is_cut(&dissection) => survey.cut(),
            Err(_) => {}
        }
    }
    if source.drops().is_some_and(|drops| drops.kernel > 0 || drops.interface > 0) {
        survey.lost_frames();
    }
    Ok(Surveyed { survey, info: source.info(), faults: source.faults().to_vec() })
}

/// Whether a frame's headers end where the capture has cut it.
fn is_cut(dissection: &Dissection<'_>) -> bool {
    match dissection.content {
        Content::Cut(short) | Content::TcpCut(_, short) => short.limit == LengthSource::Capture,
        _ => false,
    }
}

/// Why two captures cannot be compared.
pub fn unrelated_words(relation: &Relation, surveyed: &[Surveyed; 2]) -> String {
    for Surveyed { survey, info, .. } in surveyed {
        if survey.segments() == 0 {
            return format!("{}: there is no TCP in it to compare", info.name);
        }
    }
    let [a, b] = surveyed.each_ref().map(|surveyed| &surveyed.info.name);
    match relation {
        Relation::Apart(side, gap) => {
            let (first, second) = if *side == Side::A { (a, b) } else { (b, a) };
            format!("{first} had ended {} before {second} began: they do not show the same traffic", time(*gap))
        }
        Relation::Stepped(step, when) => format!(
            "{a} and {b} show the same packets, but one of the clocks was set by {} meanwhile, {} after {a} began: cut the captures \
             there (tcpcheck split), and compare the parts",
            time(*step),
            time(when.since(surveyed[0].survey.first().unwrap_or(*when)))
        ),
        _ => format!(
            "{a} and {b} show different traffic: no packet of one is in the other, not even with other addresses"
        ),
    }
}

/// Pairs the packets of both; `note` takes what becomes known, as it becomes known.
///
/// # Errors
/// When a capture cannot be read, and those of `note`.
pub fn pair<E: From<CaptureError>>(
    overlap: Overlap,
    items: &mut [impl Items; 2],
    mut note: impl FnMut(&PathEvent) -> Result<(), E>,
) -> Result<Comparison, E> {
    let mut comparison = Comparison::new(overlap);
    let mut settle = |comparison: &mut Comparison| {
        while let Some(event) = comparison.next_event() {
            note(&event)?;
        }
        Ok::<(), E>(())
    };
    let [a, b] = items;
    let mut heads = [a.next()?, b.next()?];
    while let Some(side) = turn(&comparison, &heads) {
        let (at, items): (_, &mut dyn Items) = if side == Side::A { (0, a) } else { (1, b) };
        if let Some(item) = heads[at].take() {
            take(&mut comparison, side, item);
        }
        heads[at] = items.next()?;
        settle(&mut comparison)?;
    }
    comparison.finish();
    settle(&mut comparison)?;
    Ok(comparison)
}

/// Which capture's turn it is.
fn turn(comparison: &Comparison, heads: &[Option<Item>; 2]) -> Option<Side> {
    let due =
        |side: Side, item: &Option<Item>| item.as_ref().map(|item| moment(item).map(|ts| comparison.time(side, ts)));
    match (due(Side::A, &heads[0]), due(Side::B, &heads[1])) {
        (None, None) => None,
        (Some(_), None) => Some(Side::A),
        (None, Some(_)) => Some(Side::B),
        (Some(a), Some(b)) => Some(if a <= b { Side::A } else { Side::B }),
    }
}

/// When a thing is to be taken: what is no packet right behind the packet before it.
fn moment(item: &Item) -> Option<Timestamp> {
    match item {
        Item::Sighting(sighting) => Some(sighting.ts()),
        Item::Event(_) => None,
    }
}

fn take(comparison: &mut Comparison, side: Side, item: Item) {
    match item {
        Item::Sighting(sighting) => comparison.observe(side, &sighting),
        Item::Event(event) => match *event {
            Event::Finding(finding) => comparison.finding(side, &finding),
            Event::Amend(amend) => comparison.amend(side, &amend),
            Event::Icmp(_) | Event::Exchange(_) => {}
            Event::Ended(flow) => comparison.ended(side, flow.number),
        },
    }
}
