//! What the log tells of the boots: how long each stage and each step took.
//!
//! Facts: the forms of lines, of the tables and of the JSON are those of the original's `analyze`; the picture and the
//! trace are our own.

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
