//! The line-oriented files of Unix systems, one module each.
//!
//! Every document keeps each line as written, so that unchanged files are written byte for byte; an edit only
//! rewrites the lines it affects. Any bytes can be read: lines without meaning are kept and ignored. Invalid
//! UTF-8 is preserved too (see [`bytes`]). Time and memory are proportional to the file, a few hundred bytes
//! per line; the caller limits the size.
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

/// Why a file cannot be read or edited.
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
    #[error("invalid {field} {value:?}: it contains {what}")]
    Unwritable {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
        /// The invalid part.
        what: &'static str,
    },
    /// An unterminated `lease {` or similar.
    #[error("line {line}, column {column}: {why}")]
    Lease {
        /// One-based line.
        line: usize,
        /// One-based column, in characters.
        column: usize,
        /// The reason.
        why: &'static str,
    },
    /// An invalid list of classless routes (RFC 3442).
    #[error("octet {at} of the classless routes: {why}")]
    Routes {
        /// Zero-based index in the list of octets.
        at: usize,
        /// The reason.
        why: String,
    },
}

/// Rejects a value with white space, line ends or one of `separators`.
fn single_word(field: &'static str, value: &str, separators: &[char]) -> Result<(), Error> {
    let refuse = |what| Err(Error::Unwritable { field, value: value.to_owned(), what });
    if value.contains(|c: char| c.is_whitespace() || c == '\0') {
        return refuse("white space");
    }
    if value.contains(separators) {
        return refuse("a field separator");
    }
    if value.is_empty() { refuse("nothing") } else { Ok(()) }
}
