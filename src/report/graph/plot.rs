//! Layers and marks: a graph's geometry, and its SVG.

use askama::Template;

use crate::capture::Span;
use crate::report::ladder::{STYLE, Svg};
use crate::report::phrase::time;
use crate::report::scale::Scale;
use crate::track::{Direction, Finding};

use super::axis::{Axis, UNITS, Unit};
use super::series::Dot;

/// Where the plane stands in the picture, in pixels.
const LEFT: u32 = 84;
const TOP: u32 = 14;
const WIDE: u32 = 860;
const HIGH: u32 = 290;

/// A path of a graph, with what it stands for.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    class: &'static str,
    path: String,
}

/// A finding in a graph.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    class: &'static str,
    path: String,
    tip: String,
    frame: u64,
}

/// A graph.
#[derive(Clone, Debug)]
pub struct Plot {
    title: String,
    /// What its lines mean, in a sentence.
    caption: &'static str,
    x: Axis,
    /// Long silences that the axis of time leaves out.
    scale: Scale,
    y: Axis,
    y_name: &'static str,
    layers: Vec<Layer>,
    spots: Vec<Spot>,
    key: Vec<(&'static str, &'static str)>,
}

impl Svg for Plot {
    fn write(&self, out: &mut Vec<u8>, alone: bool) {
        let lines = |axis: &Axis, ticks: Vec<(i64, String)>, upright: bool| {
            let line = |(value, label): (i64, String)| {
                let place = axis.place(value);
                let pixel = |from: u32, length: u32, place: i64| {
                    f64::from(from) + place as f64 * f64::from(length) / UNITS as f64
                };
                let place = if upright { pixel(LEFT, WIDE, place) } else { pixel(TOP, HIGH, UNITS - place) };
                Line { place: format!("{place:.1}"), label }
            };
            ticks.into_iter().map(line).collect()
        };
        let (mut x, mut y) = (LEFT, TOP + HIGH + 55);
        let key = self.key.iter().map(|(class, name)| {
            let long = 38 + 7 * u32::try_from(name.len()).unwrap_or(0);
            if x + long > LEFT + WIDE {
                (x, y) = (LEFT, y + 18);
            }
            let at = (x, y);
            x += long;
            Key { x: at.0, y: at.1, class, name }
        });
        let key: Vec<Key> = key.collect();
        let picture = Picture {
            style: alone.then_some(STYLE),
            plot: self,
            size: (LEFT + WIDE + 16, y + 12),
            key,
            upright: lines(&self.x, self.times(), true),
            strips: self.strips(),
            cuts: self.scale.cuts_text(1),
            narrow: self.scale.narrow(),
            level: lines(&self.y, self.y.ticks(), false),
            frame: Frame { left: LEFT, top: TOP, wide: WIDE, high: HIGH, units: UNITS },
            unit: self.y.unit().name(),
        };
        // Writing into a Vec cannot fail.
        let _ = picture.write_into(out);
    }
}

impl Plot {
    /// Without lines yet.
    pub fn new(title: String, caption: &'static str, x: Axis, y: Axis, y_name: &'static str) -> Self {
        let scale = Scale::default();
        Self { title, caption, x, scale, y, y_name, layers: Vec::new(), spots: Vec::new(), key: Vec::new() }
    }

    /// The same along an axis of time with cuts; before anything is drawn.
    pub fn on(self, scale: &Scale) -> Self {
        let end = scale.drawn(scale.span()).round() as i64;
        Self { x: Axis::new(0, end, Unit::Time).with_room(), scale: scale.clone(), ..self }
    }

    fn x(&self, t: i64) -> i64 {
        match self.scale.cuts() {
            [] => self.x.place(t),
            _ => self.x.place(self.scale.drawn(t).round() as i64),
        }
    }

    /// Lines of the grid: where on the axis, and what they are called.
    fn times(&self) -> Vec<(i64, String)> {
        if self.scale.cuts().is_empty() {
            return self.x.ticks();
        }
        let (step, ticks) = self.scale.ticks(0.14);
        ticks.into_iter().map(|t| (self.scale.drawn(t).round() as i64, Unit::Time.label(t, step))).collect()
    }

    /// Strips that stand for silences.
    fn strips(&self) -> Vec<Strip> {
        let strips = self.scale.cuts().iter().map(|(from, to)| {
            let (left, right) = (self.x(*from), self.x(*to));
            let middle = f64::from(LEFT) + (left + right) as f64 / 2.0 * f64::from(WIDE) / UNITS as f64;
            Strip {
                path: format!("M{left} 0H{right}V{UNITS}H{left}z"),
                place: format!("{middle:.1}"),
                label: time(Span(to - from)),
            }
        });
        strips.collect()
    }

    /// What it is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What its lines mean.
    pub fn caption(&self) -> &'static str {
        self.caption
    }

    /// Upright lines from each point's lower to its upper end.
    pub fn bars(&mut self, class: &'static str, name: &'static str, dots: &[Dot]) {
        let path = dots.iter().fold(String::new(), |mut path, dot| {
            self.bar(&mut path, dot.t, dot.lo, dot.hi);
            path
        });
        self.layer(class, name, path);
    }

    /// A line that keeps its height until the next point.
    pub fn steps(&mut self, class: &'static str, name: &'static str, dots: &[Dot]) {
        let mut path = String::new();
        let mut before = None;
        for dot in dots {
            let (x, y) = (self.x(dot.t), UNITS - self.y.place(dot.hi));
            match before {
                None => step(&mut path, &[('M', x), (' ', y)]),
                Some((_, old)) if old == y => step(&mut path, &[('H', x)]),
                Some(_) => step(&mut path, &[('H', x), ('V', y)]),
            }
            before = Some((x, y));
        }
        self.layer(class, name, path);
    }

    /// A dot for each point.
    pub fn dots(&mut self, class: &'static str, name: &'static str, dots: &[Dot]) {
        let path = dots.iter().fold(String::new(), |mut path, dot| {
            step(&mut path, &[('M', self.x(dot.t)), (' ', UNITS - self.y.place(dot.hi)), ('h', 0)]);
            path
        });
        self.layer(class, name, path);
    }

    /// A finding at a time and a range of values, with what it says.
    pub fn spot(
        &mut self,
        class: (&'static str, &'static str),
        (t, lo, hi): (i64, i64, i64),
        tip: String,
        finding: &Finding,
    ) {
        let mut path = String::new();
        self.bar(&mut path, t, lo, hi);
        let (class, name) = class;
        if !self.key.contains(&(class, name)) {
            self.key.push((class, name));
        }
        self.spots.push(Spot { class, path, tip, frame: finding.frame });
    }

    fn bar(&self, path: &mut String, t: i64, lo: i64, hi: i64) {
        let (x, low, high) = (self.x(t), UNITS - self.y.place(lo), UNITS - self.y.place(hi));
        // A point is a line of no length, which its round ends make visible.
        step(path, &[('M', x), (' ', low), if low == high { ('h', 0) } else { ('V', high) }]);
    }

    fn layer(&mut self, class: &'static str, name: &'static str, path: String) {
        if !path.is_empty() {
            self.layers.push(Layer { class, path });
            self.key.push((class, name));
        }
    }
}

/// Appends letters of a path, each with its number.
fn step(path: &mut String, letters: &[(char, i64)]) {
    for (letter, number) in letters {
        path.push(*letter);
        path.push_str(itoa::Buffer::new().format(*number));
    }
}

/// The picture.
#[derive(Template)]
#[template(path = "graph.svg")]
struct Picture<'a> {
    /// A file of its own, with its style.
    style: Option<&'a str>,
    plot: &'a Plot,
    key: Vec<Key>,
    size: (u32, u32),
    upright: Vec<Line>,
    level: Vec<Line>,
    strips: Vec<Strip>,
    cuts: String,
    narrow: f64,
    frame: Frame,
    unit: &'static str,
}

/// What a colour means.
struct Key {
    x: u32,
    y: u32,
    class: &'static str,
    name: &'static str,
}

/// A silence that is left out.
struct Strip {
    path: String,
    place: String,
    label: String,
}

/// A line of the grid.
struct Line {
    place: String,
    label: String,
}

/// Where the plane stands.
struct Frame {
    left: u32,
    top: u32,
    wide: u32,
    high: u32,
    units: i64,
}

/// `client to server`.
pub fn way_name(direction: Direction) -> &'static str {
    match direction {
        Direction::FromOriginator => "client to server",
        Direction::FromResponder => "server to client",
    }
}
