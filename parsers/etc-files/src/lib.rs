//! The line-oriented files of a Unix, each in a module.
//!
//! Every document keeps each line as it stood, so that what was read is written back byte for byte; an edit rewrites
//! only the lines it is about. Any bytes can be read: lines that make no sense are kept and stand in nobody's way.
//! Bytes that are no UTF-8 survive too (see [`bytes`]). Time and memory grow with the file alone, some hundred bytes for
//! each line; who opens a file decides how large it may be.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod authorized_keys;
pub mod bytes;
mod document;
pub mod fstab;
pub mod hostname;
pub mod hosts;
pub mod lease;
pub mod resolv;
pub mod sshd;
pub mod sudoers;

/// Why a file could not be read or an edit not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A hostname file with several different names.
    #[error("line {line}, column {column}: a second hostname {name:?}; keep one")]
    SecondHostname {
        /// One-based line of the second name.
        line: usize,
        /// One-based column of it, in characters.
        column: usize,
        /// The second name.
        name: String,
    },
    /// resolv.conf(5) allows six search domains.
    #[error("{0:?} would be the seventh search domain; resolv.conf holds six")]
    TooManySearchDomains(String),
    /// resolv.conf(5) allows 256 characters of search domains.
    #[error("with {0:?} the search list would be longer than the 256 characters that resolv.conf holds")]
    SearchListTooLong(String),
    /// A value that would become another field or line.
    #[error("{field} cannot be {value:?}: it holds {what}")]
    Unwritable {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
        /// The offending thing.
        what: &'static str,
    },
    /// A `lease {` that is never closed, or the like.
    #[error("line {line}, column {column}: {why}")]
    Lease {
        /// One-based line.
        line: usize,
        /// One-based column, in characters.
        column: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// A damaged list of classless routes (RFC 3442).
    #[error("octet {at} of the classless routes: {why}")]
    Routes {
        /// Zero-based place in the list of octets.
        at: usize,
        /// What is wrong.
        why: String,
    },
}

/// Refuses a value with white space, line ends or one of `separators` in it.
fn single_word(field: &'static str, value: &str, separators: &[char]) -> Result<(), Error> {
    let refuse = |what| Err(Error::Unwritable { field, value: value.to_owned(), what });
    if value.contains(|c: char| c.is_whitespace() || c == '\0') {
        return refuse("white space");
    }
    if value.contains(separators) {
        return refuse("a character that separates fields");
    }
    if value.is_empty() { refuse("nothing") } else { Ok(()) }
}
