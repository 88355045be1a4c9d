//! The configuration tree: YAML and JSON values, each with the place where it was written.
//!
//! Every layer of the configuration (files, kernel command line, user-data parts) is read into a [`Node`]; merging
//! moves nodes and keeps their [`Origin`], so that every later message can name file, line and column. Modules do not
//! see the tree: they get their typed config through [`from_node`].

mod bounded;
mod de;
mod json;
mod spanned;
mod text;
mod tree;
mod wording;

pub use bounded::bounded_json;
pub use de::{ConfigError, UnknownKey, from_node, from_node_noting};
pub use spanned::Spanned;
pub use tree::{Key, Map, Node, Origin, Value};
pub use wording::json_reason;
