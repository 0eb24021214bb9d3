//! Graphs over time: points are gathered as packets pass, under a bound, and drawn at the end.
//!
//! A [`Series`](series::Series) keeps points, a [`TimeSequence`] the series and findings of a connection, an [`GraphCollector`] the trails of
//! the connections in the most trouble, and a [`Graph`] says which of them to draw.

mod axis;
mod bins;
mod collector;
mod draw;
mod kept;
mod log;
mod mark;
mod open;
mod plot;
mod series;
mod trail;
mod xpl;

pub(super) use axis::{Axis, Unit};
pub use collector::{GraphCollector, GraphCollectorOptions};
pub use draw::{Graph, main_way};
pub use kept::GraphedConnection;
pub(super) use plot::Plot;
pub use plot::way_name;
pub(super) use series::Dot;
pub use xpl::write as write_xpl;
