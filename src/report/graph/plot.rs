//! Axes, layers and marks: a graph's geometry, and its SVG.

use askama::Template;

use crate::report::ladder::{STYLE, Svg};
use crate::track::{Direction, Finding};

use super::series::Dot;

/// A plane is so many units wide and high, whatever it shows.
const UNITS: i64 = 100_000;

/// Where the plane stands in the picture, in pixels.
const LEFT: u32 = 84;
const TOP: u32 = 14;
const WIDE: u32 = 860;
const HIGH: u32 = 290;

/// About so many lines of a grid.
const TICKS: i64 = 6;

/// What an axis counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Sequence numbers.
    Number,
    /// Bytes.
    Bytes,
    /// Bits a second.
    Rate,
}

impl Unit {
    /// How the page's script calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Number => "number",
            Self::Bytes => "bytes",
            Self::Rate => "rate",
        }
    }

    /// A value as it stands at a line of the grid, where these are `step` apart.
    fn label(self, value: i64, step: i64) -> String {
        let (value, step) = match self {
            Self::Number => return value.to_string(),
            // A nanosecond is the unit: 10^-9 s.
            Self::Time => (value as f64 / 1e9, step as f64 / 1e9),
            Self::Bytes | Self::Rate => (value as f64, step as f64),
        };
        if value == 0.0 {
            return "0".to_owned();
        }
        let sizes = [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")];
        let whole = if matches!(self, Self::Time) { &sizes[3..] } else { &sizes[..4] };
        let (size, prefix) = whole.iter().find(|(size, _)| value.abs() >= *size * 0.9999).copied().unwrap_or((1.0, ""));
        let places = if step >= size { 0 } else { (size / step).log10().ceil().clamp(0.0, 6.0) as usize };
        let unit = match self {
            Self::Time => "s",
            Self::Bytes => "B",
            Self::Rate => "bit/s",
            Self::Number => "",
        };
        format!("{:.places$} {prefix}{unit}", value / size)
    }
}

/// A range of values.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    low: i64,
    high: i64,
    unit: Unit,
}

impl Axis {
    /// From the lowest to the highest value.
    pub fn new(low: i64, high: i64, unit: Unit) -> Self {
        Self { low, high: if high > low { high } else { low.saturating_add(1) }, unit }
    }

    /// The same with a little room beyond its ends, so that what stands there is seen whole.
    pub fn with_room(self) -> Self {
        let room = self.high.saturating_sub(self.low) / 40;
        let low = if self.low == 0 { 0 } else { self.low.saturating_sub(room) };
        Self { low, high: self.high.saturating_add(room.max(1)), ..self }
    }

    /// Where a value stands between 0 and [`UNITS`].
    fn place(&self, value: i64) -> i64 {
        let (from, span) = (i128::from(self.low), i128::from(self.high) - i128::from(self.low));
        let place = (i128::from(value) - from) * i128::from(UNITS) / span;
        i64::try_from(place.clamp(-i128::from(UNITS), 2 * i128::from(UNITS))).unwrap_or(0)
    }

    /// Values of the grid: 1, 2 or 5 times a power of ten apart.
    fn ticks(&self) -> Vec<(i64, String)> {
        let span = self.high.saturating_sub(self.low).max(1);
        let mut step = 1_i64;
        'search: loop {
            for factor in [1, 2, 5] {
                if span / step.saturating_mul(factor) <= TICKS {
                    step = step.saturating_mul(factor);
                    break 'search;
                }
            }
            step = step.saturating_mul(10);
        }
        let first = self.low.div_euclid(step).saturating_mul(step);
        (0..=TICKS + 2)
            .map(|at| first.saturating_add(step.saturating_mul(at)))
            .filter(|value| (self.low..=self.high).contains(value))
            .map(|value| (value, self.unit.label(value, step)))
            .collect()
    }
}

/// A path of a graph, with what it stands for.
#[derive(Clone, Debug)]
pub struct Layer {
    class: &'static str,
    path: String,
}

/// A finding in a graph.
#[derive(Clone, Debug)]
pub struct Spot {
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
    y: Axis,
    y_name: &'static str,
    layers: Vec<Layer>,
    spots: Vec<Spot>,
    key: Vec<(&'static str, &'static str)>,
}

impl Svg for Plot {
    fn write(&self, out: &mut Vec<u8>, alone: bool) {
        let lines = |axis: &Axis, upright: bool| {
            let line = |(value, label): (i64, String)| {
                let place = axis.place(value);
                let pixel = |from: u32, length: u32, place: i64| {
                    f64::from(from) + place as f64 * f64::from(length) / UNITS as f64
                };
                let place = if upright { pixel(LEFT, WIDE, place) } else { pixel(TOP, HIGH, UNITS - place) };
                Line { place: format!("{place:.1}"), label }
            };
            axis.ticks().into_iter().map(line).collect()
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
            upright: lines(&self.x, true),
            level: lines(&self.y, false),
            frame: Frame { left: LEFT, top: TOP, wide: WIDE, high: HIGH, units: UNITS },
            unit: self.y.unit.name(),
        };
        // Writing into a Vec cannot fail.
        let _ = picture.write_into(out);
    }
}

impl Plot {
    /// Without lines yet.
    pub fn new(title: String, caption: &'static str, x: Axis, y: Axis, y_name: &'static str) -> Self {
        Self { title, caption, x, y, y_name, layers: Vec::new(), spots: Vec::new(), key: Vec::new() }
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
            let (x, y) = (self.x.place(dot.t), UNITS - self.y.place(dot.hi));
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
            step(&mut path, &[('M', self.x.place(dot.t)), (' ', UNITS - self.y.place(dot.hi)), ('h', 0)]);
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
        let (x, low, high) = (self.x.place(t), UNITS - self.y.place(lo), UNITS - self.y.place(hi));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_grid_are_round_and_have_their_units() {
        let labels = |low, high, unit| {
            Axis::new(low, high, unit).ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(labels(0, 119_000_000, Unit::Time), "0, 20 ms, 40 ms, 60 ms, 80 ms, 100 ms");
        assert_eq!(labels(0, 1_084_100_000, Unit::Time), "0, 200 ms, 400 ms, 600 ms, 800 ms, 1.0 s");
        assert_eq!(labels(0, 87_040, Unit::Bytes), "0, 20 kB, 40 kB, 60 kB, 80 kB");
        assert_eq!(labels(1, 30_001, Unit::Number), "5000, 10000, 15000, 20000, 25000, 30000");
        assert_eq!(
            labels(0, 3_000_000, Unit::Rate),
            "0, 500 kbit/s, 1.0 Mbit/s, 1.5 Mbit/s, 2.0 Mbit/s, 2.5 Mbit/s, 3.0 Mbit/s"
        );
        assert!(!labels(i64::MIN, i64::MAX, Unit::Bytes).is_empty());
        assert_eq!(labels(5, 5, Unit::Bytes), "5 B, 6 B");
    }
}
