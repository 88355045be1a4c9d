//! Output of commands. A closed pipe is not an error.

use std::io::{self, Write};

/// Prints a line on standard output.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Prints text on standard output unchanged, and flushes it.
pub(crate) fn text(text: &str) {
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Prints a line on standard error.
pub(crate) fn error(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
