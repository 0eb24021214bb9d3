//! Two captures of the same traffic: what the path between them did.
//!
//! A [`Survey`] of each says whether they show the same packets, and how their clocks compare. A [`Comparison`] then takes the
//! packets of both in order of time, and finds each one's counterpart:
//!
//! * `link` finds which connection of B is which of A, by its ends, or behind an address translator by its numbers or content.
//! * `matching` finds which packet of B is which of A, by a mark made of what no path changes, and by ranges of bytes where
//!   offload has cut or joined segments; `align` pairs those that are alike in all but time; `waiting` holds what has no
//!   counterpart yet.
//! * `fate` says what became of a packet that has found none.
//! * `explain` says what the other capture shows of each finding.

mod agreed;
mod align;
mod changes;
mod clock;
mod comparison;
mod delays;
mod event;
mod explain;
mod explanation;
mod fate;
mod findings;
mod link;
mod matching;
mod pair;
mod queue;
mod ranges;
mod side;
mod sighting;
mod silence;
mod sketch;
mod survey;
mod timeline;
mod totals;
mod waiting;

pub use changes::{Change, Changes, OptionName};
pub use clock::Clock;
pub use comparison::Comparison;
pub use delays::Delays;
pub use event::{Brief, Crossing, Ending, Fate, PathEvent, PathRecord};
pub use explanation::{Explanation, Shown};
pub use pair::PathStats;
pub use side::{Side, Way};
pub use sighting::{Offer, Sighting};
pub use survey::{Overlap, Relation, Survey, Telltale};
pub use timeline::{Step, Timeline};
pub use totals::{Connections, Explained, Inserted, Totals};
