//! What the packaged original and we say about the same documents.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

pub mod additions;
pub mod commands;
pub mod corpus;
pub mod documentation;
pub mod judge;
pub mod mutate;
pub mod original;
pub mod structure;

use serde::{Deserialize, Serialize};

/// What a document is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A cloud-config.
    Cloud,
    /// A network-config.
    Network,
}

/// A document to judge.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// What it is called in the table.
    pub group: &'static str,
    /// Where it comes from.
    pub name: String,
    /// What it is to be.
    pub kind: Kind,
    /// Its text.
    pub text: String,
}
