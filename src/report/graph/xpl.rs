//! A graph for xplot, in the format that tcptrace writes: a command a line, times in seconds.

use crate::display;
use crate::track::Direction;

use super::draw::{Graph, rates};
use super::plot::way_name;
use super::series::{Dot, Series};
use super::trail::TimeSequence;

/// Appends a graph of one direction.
pub fn write(out: &mut Vec<u8>, graph: Graph, trail: &TimeSequence, direction: Direction, title: &str) {
    let way = trail.way(direction);
    // xplot takes a line for a title, and nothing but a line.
    let title = display::line(title);
    let y = match graph {
        Graph::TimeSequence => "sequence number",
        Graph::Rtt => "round trip, seconds",
        Graph::InFlight => "bytes",
        Graph::Throughput => "bits a second",
    };
    let mut xpl = Xpl { out };
    xpl.say(format!(
        "dtime signed\ntitle\n{} ({}) {title}\nxlabel\ntime, seconds\nylabel\n{y}",
        graph.as_str(),
        way_name(direction)
    ));
    match graph {
        Graph::TimeSequence => {
            xpl.staircase("yellow", &way.edge);
            xpl.staircase("green", &way.acks);
            xpl.bars("purple", &way.sacks);
            xpl.bars("white", &way.data);
            xpl.bars("red", &way.again);
            xpl.bars("orange", &way.late);
            for mark in trail.marks.all().iter().filter(|mark| mark.way == direction) {
                let (_, y) = mark.range.unwrap_or((0, 0));
                xpl.say(format!("atext {} {y}\n{} @{}", seconds(mark.t), mark.finding.rule.code(), mark.finding.frame));
            }
        }
        Graph::Rtt => {
            for dot in way.rtt.dots() {
                xpl.say(format!("dot {} {}", seconds(dot.t), seconds(dot.hi)));
            }
        }
        Graph::InFlight => {
            xpl.staircase("yellow", &way.window);
            xpl.staircase("white", &way.flight);
        }
        Graph::Throughput => {
            let (_, dots) = rates(trail, direction);
            xpl.line("red", dots.iter().map(|(all, _)| *all));
            xpl.line("white", dots.iter().map(|(_, fresh)| *fresh));
        }
    }
    xpl.say("go".to_owned());
}

struct Xpl<'a> {
    out: &'a mut Vec<u8>,
}

impl Xpl<'_> {
    fn say(&mut self, line: String) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.push(b'\n');
    }

    fn bars(&mut self, color: &str, series: &Series) {
        if !series.dots().is_empty() {
            self.say(color.to_owned());
        }
        for dot in series.dots() {
            let t = seconds(dot.t);
            self.say(format!("line {t} {} {t} {}", dot.lo, dot.hi));
        }
    }

    fn staircase(&mut self, color: &str, series: &Series) {
        self.line(color, series.dots().iter().copied());
    }

    /// From point to point, level first.
    fn line(&mut self, color: &str, dots: impl Iterator<Item = Dot>) {
        let mut before: Option<Dot> = None;
        for dot in dots {
            let t = seconds(dot.t);
            match before {
                None => self.say(format!("{color}\ndot {t} {}", dot.hi)),
                Some(before) => {
                    self.say(format!("line {} {} {t} {}", seconds(before.t), before.hi, before.hi));
                    self.say(format!("line {t} {} {t} {}", before.hi, dot.hi));
                }
            }
            before = Some(dot);
        }
    }
}

/// Seconds with nine decimals.
fn seconds(nanos: i64) -> String {
    crate::report::units::written(|out| crate::report::units::fixed(out, nanos, 9))
}
