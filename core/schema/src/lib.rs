//! JSON schemas of cloud-config and network-config: what they allow, and what a document does against them. Pure.

mod annotate;
pub mod base;
mod boundary;
mod compare;
pub mod document;
mod fault;
mod finding;
mod format;
pub mod forms;
mod instance;
mod nearest;
pub mod network;
pub mod notes;
mod place;
mod secret;
mod validate;
mod words;

pub use annotate::annotated;
pub use boundary::Boundary;
pub use finding::{Finding, Severity, check};
pub use instance::{Instance, Step, dotted};
pub use place::{Document, Place};
pub use validate::Schema;
