//! JSON schemas of cloud-config and network-config: what they allow, and what a document does against them. Pure.

pub mod base;
pub mod document;
pub mod forms;
pub mod notes;
