//! Inputs from a seed. The same seed and number make the same input.

pub mod handlers;
pub mod jinja;
pub mod merge;
pub mod message;
pub mod shipped;
pub mod tree;
