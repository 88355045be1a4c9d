//! What a merge did to a key, for those who ask; a merge that nobody watches pays nothing for it.

use std::fmt;

use model::{Key, Node};

/// A step on the way to a value.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A key of a mapping.
    Key(&'a Key),
    /// An item of a list.
    Item(usize),
}

/// What became of a value that a layer brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was there.
    Set,
    /// It took the place of what was there.
    Replaced,
    /// What was there stayed.
    Kept,
    /// Both mappings or lists were merged, inside.
    Merged,
    /// Put behind what was there.
    Appended,
    /// Put before what was there.
    Prepended,
    /// It is null, and removed what was there.
    Deleted,
}

/// Watches a merge. Every method does nothing unless it is written.
pub trait Trace {
    /// Merging goes on inside a value.
    fn enter(&mut self, _step: Step<'_>) {}

    /// It came back from there.
    fn leave(&mut self) {}

    /// A value was decided on, where the trace stands: by which merger, over what, with what.
    fn note(&mut self, _outcome: Outcome, _by: &dyn fmt::Display, _old: Option<&Node>, _new: &Node) {}
}

/// Nobody watches.
impl Trace for () {}
