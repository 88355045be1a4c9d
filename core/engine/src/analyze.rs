//! Boot times from the log: how long each stage and each step took.
//!
//! The formats of lines, tables and JSON are those of upstream's `analyze`; the image and the trace are additions.

pub mod boot;
mod events;
mod plot;
mod records;
mod spans;
mod trace;

pub use events::{Event, EventsError, Surroundings, dump, read};
pub use plot::plot;
pub use records::{FormatError, blame, show};
pub use spans::{Boot, Outcome, Span, boots};
pub use trace::trace;
