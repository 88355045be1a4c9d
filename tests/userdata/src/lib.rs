//! User-data, merges and templates that are made up, and what comes of each: ours and the packaged original's.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods)]

pub mod compare;
pub mod generate;
pub mod known;
pub mod original;
pub mod ours;
