//! What the path between two captures did: NDJSON, text, a page.

mod ladder;
mod ndjson;
mod page;
mod text;
mod words;

pub use ladder::{Ladder, Worst};
pub use ndjson::Ndjson;
pub use page::{Page, write_page};
pub use text::Text;
pub use words::{change as changed, unpaired};

use crate::capture::SourceInfo;
use crate::compare::{Comparison, Overlap, PathEvent};

/// One way to report a comparison. Each method appends what it has to say to `out`.
pub trait CompareReport {
    /// Both captures are known.
    fn begin(&mut self, out: &mut Vec<u8>, sources: &[SourceInfo; 2], overlap: &Overlap) {
        let _ = (out, sources, overlap);
    }

    /// Something has become known.
    fn event(&mut self, out: &mut Vec<u8>, event: &PathEvent) {
        let _ = (out, event);
    }

    /// Both captures are over.
    fn end(&mut self, out: &mut Vec<u8>, comparison: &Comparison) {
        let _ = (out, comparison);
    }
}
