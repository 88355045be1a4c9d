//! Observes what a merge does to a key; an unobserved merge has no overhead.

use std::fmt;

use model::{Key, Node};

/// A step of a path.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A key of a mapping.
    Key(&'a Key),
    /// An item of a list.
    Item(usize),
}

/// What happened to a layer's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was added.
    Set,
    /// It replaced the previous value.
    Replaced,
    /// The previous value was kept.
    Kept,
    /// Both mappings or lists were merged recursively.
    Merged,
    /// It was appended.
    Appended,
    /// It was prepended.
    Prepended,
    /// It is null, and deleted the previous value.
    Deleted,
}

/// Observes a merge. The default methods do nothing.
pub trait Trace {
    /// The merge enters a value.
    fn enter(&mut self, _step: Step<'_>) {}

    /// The merge leaves the value.
    fn leave(&mut self) {}

    /// The result for a value at the current path: the merger, the old and the new value.
    fn note(&mut self, _outcome: Outcome, _by: &dyn fmt::Display, _old: Option<&Node>, _new: &Node) {}
}

/// Observes nothing.
impl Trace for () {}
