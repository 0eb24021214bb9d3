//! Every way out: what was found, in words, lines, tables and records. Read by nobody but `cli`.
//!
//! A [`Reporter`] is one of them; it appends to a buffer and leaves writing to its caller. [`Summary`] gathers what all of
//! them need at the end.

mod annotate;
mod buffer;
pub mod check;
mod columns;
mod community_id;
pub mod compare;
mod diagnosis;
mod exchanges;
mod findings;
mod flows;
mod graph;
mod html;
mod integer;
mod interfaces;
mod json;
mod ladder;
mod layout;
pub mod lines;
mod lookahead;
mod names;
mod ndjson;
mod packet;
mod packets;
mod page;
pub(crate) mod phrase;
mod remark;
mod reporter;
mod scale;
mod style;
mod summary;
pub mod table;
mod timeline;
mod units;
mod wording;
mod worst;

pub use annotate::{Annotator, Level, finding_text, withdrawn_text};
pub use community_id::community_id;
pub use diagnosis::{diagnosis_text, verdict_text};
pub use exchanges::Exchanges;
pub use findings::Findings;
pub use flows::{Flows, Order, TableMode};
pub use graph::{Graph, GraphCollector, GraphCollectorOptions, GraphedConnection, main_way, way_name, write_xpl};
pub use html::{Report, ReportOptions};
pub use ladder::{COLUMNS, Format, Ladder, LadderOptions, Svg, TextStyle, called};
pub use layout::wrapped;
pub use names::Names;
pub use ndjson::{Ndjson, Records};
pub use packet::Packet;
pub use packets::Packets;
pub use page::{Own, ascii, text_columns, write_page};
pub use reporter::Reporter;
pub use style::{Ink, Style};
pub use summary::{FoundRule, Invocation, Summary};
pub use wording::message;
pub use worst::{TroubleRank, trouble};
