//! JSON schemas of cloud-config and network-config, and validation against them. This crate does no I/O.

mod advice;
mod advised;
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
mod left_over;
pub mod network;
pub mod notes;
mod part;
mod place;
mod secret;
mod unread;
mod validate;
mod words;

pub use advice::advise;
pub use advised::advise_by;
pub use annotate::annotated;
pub use boundary::Boundary;
pub use finding::{Finding, Severity, check};
pub use instance::{Instance, Step, dotted};
pub use part::needed;
pub use place::{Document, Place};
pub use secret::is_private;
pub use unread::yaml_error;
pub use validate::Schema;
