//! YAML 1.1 as read by PyYAML's safe loader, with the span of each node.
//!
//! Existing cloud-configs were written for PyYAML, so its interpretation is authoritative: `yes` is a boolean
//! and `y` is not, `0644` is 420 and `0o644` is text, `12:30` is 750, `1e3` is text, a date is a date, the
//! last of two equal keys takes precedence, `<<` merges. YAML 1.2 parsers differ both in what they accept and
//! in its meaning. Therefore this crate has its own scanner; its tests compare it with PyYAML on thousands of
//! documents.
//!
//! A text is processed in five steps, one module each:
//!
//! 1. `decode`: bytes to characters, by byte order mark;
//! 2. `scan`: characters to tokens;
//! 3. `compose`: tokens to a graph of tagged nodes, where an alias is an edge;
//! 4. `resolve`: the tag of a scalar without one;
//! 5. `construct`: the graph to a tree of values.
//!
//! [`parse`] is total: any bytes give a value or an [`Error`] with file, line and column, in time and memory
//! bounded by [`Limits`]. Differences from PyYAML: an alias inside the node it refers to is an error (Python
//! builds a list that contains itself), half of a surrogate pair is not a character (two halves are joined),
//! and the limits.
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

/// Reads the single document of a source: UTF-8, or UTF-16 with a byte order mark.
///
/// `source_name` is the name of the source in errors, usually its path. Returns `None` for a source without a
/// document (empty, or comments only); an empty document (`---`) is a node with [`Value::Null`].
///
/// # Errors
///
/// Where PyYAML's `safe_load` raises an exception, and beyond `limits`.
pub fn parse(source_name: &str, bytes: &[u8], limits: &Limits) -> Result<Option<Node>, Error> {
    let text = decode::decode(bytes, limits).map_err(|(fault, text)| fault.into_error(source_name, &text))?;
    let graph = compose::compose(&text, limits).map_err(|fault| fault.into_error(source_name, &text))?;
    graph
        .map(|graph| construct::construct(graph, limits))
        .transpose()
        .map_err(|fault| fault.into_error(source_name, &text))
}
