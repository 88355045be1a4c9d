//! What a terminal shows: colors and width. Files, pipes and dumb terminals get plain text.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::LazyLock;

/// How a line is shown.
// The commands of a small build need only some.
#[cfg_attr(not(feature = "full"), allow(dead_code))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// A heading.
    Bold,
    /// What a reader may skip.
    Dim,
    /// Success, and what is added.
    Green,
    /// A warning.
    Yellow,
    /// An error, and what is removed.
    Red,
    /// A name that groups the lines below.
    Cyan,
}

impl Style {
    /// The parameter of ECMA-48's SGR: the eight colors that all terminals have.
    fn parameter(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Green => Some("32"),
            Self::Yellow => Some("33"),
            Self::Red => Some("31"),
            Self::Cyan => Some("36"),
        }
    }
}

/// Where a stream of this process leads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Screen {
    is_terminal: bool,
    /// It is a terminal that can move its cursor.
    can_replace: bool,
    is_colored: bool,
    columns: Option<usize>,
}

impl Screen {
    /// Where standard output leads.
    pub(crate) fn stdout() -> Self {
        static STDOUT: LazyLock<Screen> = LazyLock::new(|| Screen::of(&io::stdout()));
        *STDOUT
    }

    /// Where standard error leads.
    pub(crate) fn stderr() -> Self {
        static STDERR: LazyLock<Screen> = LazyLock::new(|| Screen::of(&io::stderr()));
        *STDERR
    }

    fn of<T: IsTerminal + AsFd>(stream: &T) -> Self {
        if !stream.is_terminal() {
            return Self::default();
        }
        let environment = crate::commands::host().environment;
        let terminal = environment.var("TERM").unwrap_or_default();
        let can_replace = !matches!(terminal.as_str(), "" | "dumb");
        // https://no-color.org: an empty value does not count.
        let refused = environment.var("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            is_terminal: true,
            can_replace,
            is_colored: can_replace && !refused,
            columns: system::columns(stream),
        }
    }

    /// The number of columns of the terminal.
    pub(crate) fn columns(self) -> Option<usize> {
        self.columns
    }

    /// Whether a line can be replaced, for progress.
    pub(crate) fn can_replace(self) -> bool {
        self.can_replace
    }

    /// The lines, each in its style. A terminal does not interpret what user-data contains.
    pub(crate) fn painted(self, lines: &str, style: impl Fn(&str) -> Style) -> Cow<'_, str> {
        if !self.is_terminal {
            return Cow::Borrowed(lines);
        }
        let mut out = String::with_capacity(lines.len() * 2);
        for piece in lines.split_inclusive('\n') {
            let line = piece.strip_suffix('\n').unwrap_or(piece);
            let parameter = style(line).parameter().filter(|_| self.is_colored && !line.is_empty());
            if let Some(parameter) = parameter {
                let _ = write!(out, "\x1b[{parameter}m");
            }
            push_harmless(&mut out, line);
            if parameter.is_some() {
                out.push_str("\x1b[0m");
            }
            out.push_str(&piece[line.len()..]);
        }
        Cow::Owned(out)
    }
}

/// Appends a line with its control characters escaped, as Rust and C write them.
fn push_harmless(out: &mut String, line: &str) {
    for letter in line.chars() {
        if letter.is_control() && letter != '\t' {
            out.extend(letter.escape_default());
        } else {
            out.push(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(is_colored: bool) -> Screen {
        Screen { is_terminal: true, can_replace: true, is_colored, columns: Some(80) }
    }

    #[test]
    fn each_line_has_its_style() {
        let style = |line: &str| if line.starts_with('+') { Style::Green } else { Style::Plain };
        assert_eq!(screen(true).painted("a\n+b\n\n+c", style), "a\n\x1b[32m+b\x1b[0m\n\n\x1b[32m+c\x1b[0m");
        assert_eq!(screen(false).painted("a\n+b\n", style), "a\n+b\n");
        assert_eq!(Screen::default().painted("a\n+b\n", style), "a\n+b\n");
    }

    #[test]
    fn a_terminal_is_not_controlled_by_user_data() {
        let text = "a\tb\x1b]0;title\x07\r\u{9b}31m\n";
        let shown = screen(false).painted(text, |_| Style::Plain);
        assert_eq!(shown, "a\tb\\u{1b}]0;title\\u{7}\\r\\u{9b}31m\n");
        assert_eq!(Screen::default().painted(text, |_| Style::Plain), text);
    }
}
