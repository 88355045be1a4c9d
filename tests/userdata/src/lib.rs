//! User-data, merges and templates that are made up, and what comes of each: ours and the packaged original's.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

pub mod compare;
pub mod difference;
pub mod generate;
pub mod known;
pub mod original;
pub mod ours;
pub mod printed;
pub mod rows;
pub mod warnings;
