//! Shell-variable files: `ifcfg-*`, `/etc/sysconfig/*`, `/etc/default/*`, `locale.conf`, `os-release`, the context of
//! OpenNebula; and the route files next to `ifcfg-*`.
//!
//! A [`Document`] keeps every byte: comments, blank lines and lines that are no assignment stay where they are, and
//! what was read is written back unchanged. Nothing is ever expanded or run: `$HOME` in a value stays `$HOME`.
#![forbid(unsafe_code)]

mod document;
mod quote;
mod route;
mod word;

pub use document::{Document, Entry};
pub use quote::{Quoting, shell_quote};
pub use route::{Route, indexed_routes, ip_routes, parse_routes};

/// The most bytes a file may have: far more than any context that a cloud hands over.
pub const MAX_BYTES: usize = 16 << 20;

/// Why a file could not be read, or a value not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A quote or an expansion is still open at the end of the file.
    #[error("line {line}, column {column}: {what} opened here is never closed")]
    Unterminated {
        /// One-based line of the opening.
        line: usize,
        /// One-based column of the opening, in bytes.
        column: usize,
        /// What was opened.
        what: &'static str,
    },
    /// The file is larger than [`MAX_BYTES`].
    #[error("the file has {0} bytes, more than the {MAX_BYTES} that are read")]
    TooLarge(usize),
    /// Quotes and expansions nest deeper than 64 levels.
    #[error(
        "line {line}, column {column}: quotes and expansions nest deeper than 64 levels; simplify the value"
    )]
    TooDeep {
        /// One-based line.
        line: usize,
        /// One-based column, in bytes.
        column: usize,
    },
    /// A name that no shell accepts for a variable.
    #[error("{0:?} is no variable's name: use letters, digits and _, and no digit first")]
    InvalidName(String),
    /// A value that the wanted quoting cannot express.
    #[error("the value of {name} cannot be written: {why}")]
    Unquotable {
        /// The variable.
        name: String,
        /// What stands in the way.
        why: &'static str,
    },
    /// A line of a route file that is neither an assignment nor a route.
    #[error("line {line}, column {column}: {why}")]
    Route {
        /// One-based line.
        line: usize,
        /// One-based column, in bytes.
        column: usize,
        /// What is wrong and what is expected.
        why: String,
    },
}
