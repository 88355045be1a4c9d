//! YAML 1.1 as PyYAML's safe loader reads it, each node with its span.
//!
//! Every cloud-config ever written was tried against PyYAML, so its reading is the one that
//! counts: `yes` is a boolean and `y` is not, `0644` is 420 and `0o644` is text, `12:30` is 750,
//! `1e3` is text, a date is a date, the last of two equal keys wins, `<<` merges. YAML 1.2 parsers
//! differ from it in what they accept as well as in what they make of it. This crate has a scanner
//! of its own for that reason; its tests compare it with PyYAML over thousands of documents.
//!
//! A text goes through five steps, a module each:
//!
//! 1. `decode`: bytes to characters, by byte order mark;
//! 2. `scan`: characters to tokens;
//! 3. `compose`: tokens to a graph of tagged nodes, in which an alias is an edge;
//! 4. `resolve`: the tag of a scalar without one;
//! 5. `construct`: the graph to a tree of values.
//!
//! [`parse`] is total: any bytes give a value or an [`Error`] that names file, line and column, in
//! time and memory bounded by [`Limits`]. What it does not share with PyYAML: an alias inside the
//! node it names is an error (Python builds a list that contains itself), half of a surrogate pair
//! is no character (two halves are joined), and the limits.
//!
//! ```
//! use yaml::{Limits, Value, parse};
//!
//! let node = parse("user-data", b"mode: 0644\nusers: [root]\n", &Limits::default())?;
//! let node = node.expect("there is a document");
//! assert_eq!(node.get("mode").map(|mode| &mode.value), Some(&Value::Int(420)));
//! assert_eq!(node.get("users").map(|users| users.span.start.line), Some(2));
//!
//! let error = parse("user-data", b"a: b: c\n", &Limits::default()).expect_err("not a mapping");
//! assert_eq!((error.position.line, error.position.column), (1, 5));
//! # Ok::<(), yaml::Error>(())
//! ```

mod bigint;
mod compose;
mod construct;
mod cursor;
mod decode;
mod error;
mod key;
mod limits;
mod node;
mod number;
mod resolve;
mod scan;
mod time;
mod token;
pub mod write;

pub use bigint::BigInt;
pub use error::{Error, ErrorKind};
pub use limits::Limits;
pub use node::{Node, Position, Span, Value};
pub use time::{Date, Timestamp};

/// Reads the one document of a source: UTF-8, or UTF-16 with a byte order mark.
///
/// `source_name` is what errors call the source, usually its path. A source without a document
/// (empty, or comments only) is none; an empty document (`---`) is a node of [`Value::Null`].
///
/// # Errors
///
/// Wherever PyYAML's `safe_load` raises, and beyond `limits`.
pub fn parse(source_name: &str, bytes: &[u8], limits: &Limits) -> Result<Option<Node>, Error> {
    let text = decode::decode(bytes, limits).map_err(|(fault, text)| fault.into_error(source_name, &text))?;
    let graph = compose::compose(&text, limits).map_err(|fault| fault.into_error(source_name, &text))?;
    graph
        .map(|graph| construct::construct(graph, limits))
        .transpose()
        .map_err(|fault| fault.into_error(source_name, &text))
}
