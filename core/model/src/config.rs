//! The configuration tree: values of YAML and JSON, each with the place it was written at.
//!
//! Every layer of the configuration (files, kernel command line, user-data parts) is read into a [`Node`]; merging
//! moves nodes and never loses their [`Origin`], so that any later complaint names file, line and column. A module
//! sees none of this: it gets its typed config through [`from_node`].

mod de;
mod json;
mod text;
mod tree;
mod wording;

pub use de::{ConfigError, Spanned, UnknownKey, from_node, from_node_noting};
pub use tree::{Key, Map, Node, Origin, Value};
pub use wording::json_reason;
