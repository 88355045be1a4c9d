//! Paths on a command line, as parsers of values for clap.

use std::io;
use std::path::PathBuf;

/// A path that is there, whole.
///
/// # Errors
///
/// It is not there.
pub fn existing(path: &str) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// A directory that is made where it is missing, whole.
///
/// # Errors
///
/// It cannot be made.
pub fn kept(path: &str) -> io::Result<PathBuf> {
    std::fs::create_dir_all(path)?;
    std::fs::canonicalize(path)
}
