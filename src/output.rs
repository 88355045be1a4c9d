//! Output of commands. A closed pipe is not an error.

mod screen;

use std::io::{self, Write};

pub(crate) use screen::{Screen, Style};

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

/// Prints what is written piece by piece on standard output.
#[cfg(feature = "plan")]
pub(crate) fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let mut out = io::BufWriter::new(io::stdout());
    let _ = write(&mut out).and_then(|()| out.flush());
}

/// Prints a line on standard error.
pub(crate) fn error(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints lines on standard output, on a terminal each in its style.
pub(crate) fn styled(lines: &str, style: impl Fn(&str) -> Style) {
    text(&Screen::stdout().painted(lines, style));
}

/// Prints lines and a line break on standard error, on a terminal each in its style.
#[cfg(feature = "schema")]
pub(crate) fn styled_error(lines: &str, style: impl Fn(&str) -> Style) {
    error(&Screen::stderr().painted(lines, style));
}

/// Replaces the last line of a terminal on standard error; an empty text removes it.
pub(crate) fn replace_line(text: &str) {
    let mut err = io::stderr();
    // To the first column, and erase to the end of the line (ECMA-48).
    let _ = write!(err, "\r\x1b[K{text}");
    let _ = err.flush();
}
