//! Shell-variable files: `ifcfg-*`, `/etc/sysconfig/*`, `/etc/default/*`, `locale.conf`, `os-release`,
//! OpenNebula's context; the route files of `ifcfg-*`; and rc.conf of the BSDs.
//!
//! A [`Document`] preserves all bytes: comments, blank lines and lines that are not assignments keep their
//! place, and unchanged files are written unchanged. Nothing is expanded or run: `$HOME` in a value stays
//! `$HOME`.
#![forbid(unsafe_code)]

mod document;
mod quote;
mod rc_conf;
mod route;
mod word;

pub use document::{Document, Entry};
pub use quote::{Quoting, shell_quote};
pub use rc_conf::RcConf;
pub use route::{Route, indexed_routes, ip_routes, parse_routes};

/// The maximum file size in bytes: far more than any cloud's context.
pub const MAX_BYTES: usize = 16 << 20;

/// Why a file cannot be read, or a value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An unterminated quote or expansion at the end of the file.
    #[error("line {line}, column {column}: unterminated {what}")]
    Unterminated {
        /// One-based line of the opening.
        line: usize,
        /// One-based column of the opening, in bytes.
        column: usize,
        /// What was opened.
        what: &'static str,
    },
    /// The file is larger than [`MAX_BYTES`].
    #[error("the file has {0} bytes, more than the limit of {MAX_BYTES}")]
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
    /// A name that is not valid for a shell variable.
    #[error("{0:?} is not a valid variable name: use letters, digits and _, not starting with a digit")]
    InvalidName(String),
    /// A value that cannot be written with the requested quoting.
    #[error("cannot write the value of {name}: {why}")]
    Unquotable {
        /// The variable.
        name: String,
        /// The reason.
        why: &'static str,
    },
    /// A line of a route file that is neither an assignment nor a route.
    #[error("line {line}, column {column}: {why}")]
    Route {
        /// One-based line.
        line: usize,
        /// One-based column, in bytes.
        column: usize,
        /// The reason, and what is expected.
        why: String,
    },
}
