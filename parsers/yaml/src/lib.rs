//! YAML 1.1 as PyYAML's safe loader reads it, each node with its span.

mod bigint;
mod error;
mod limits;
mod node;
mod time;
pub mod write;

pub use bigint::BigInt;
pub use error::{Error, ErrorKind};
pub use limits::Limits;
pub use node::{Node, Position, Span, Value};
pub use time::{Date, Timestamp};

/// Reads the one document of a source.
pub fn parse(source_name: &str, bytes: &[u8], limits: &Limits) -> Result<Option<Node>, Error> {
    let _ = (source_name, bytes, limits);
    Ok(None)
}
