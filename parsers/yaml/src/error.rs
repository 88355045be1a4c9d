//! Errors with their positions.

use std::fmt;

use crate::Position;
use crate::cursor::is_break;

/// A document that cannot be read.
///
/// Displayed as `FILE:LINE:COL: what`, then the line and a caret below the column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", Rendered(self))]
pub struct Error {
    /// The kind of error.
    pub kind: ErrorKind,
    /// The name given to [`parse`](crate::parse), usually a path.
    pub source_name: Box<str>,
    /// Where parsing stopped.
    pub position: Position,
    /// Where the unfinished element starts, if that is elsewhere: the mapping of an invalid entry, an
    /// unterminated quote.
    pub context: Option<Position>,
    /// The text of the line at [`Error::place`], without its line break; long lines are truncated.
    pub line_text: Box<str>,
}

/// The kinds of error, by the step that detects them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not valid in their encoding.
    #[error("not valid {encoding}: save the file as UTF-8")]
    Encoding {
        /// UTF-8, or UTF-16 with the byte order of its mark.
        encoding: &'static str,
    },
    /// A character YAML does not allow, such as a control character.
    #[error("character U+{0:04X} is not allowed in YAML: remove it or escape it in double quotes")]
    Unprintable(u32),
    /// The text is lexically invalid.
    #[error("{0}")]
    Scan(String),
    /// A word in place of a key, without a `:` after it. The key is at [`Error::context`].
    #[error("a ':' is missing after this key, on the same line")]
    MissingColon,
    /// The tokens do not form a document.
    #[error("{0}")]
    Syntax(String),
    /// More than one document in the source.
    #[error("only one document is allowed; remove this '---' and everything after it")]
    SecondDocument,
    /// An alias of an unknown anchor.
    #[error("no anchor named '{0}' before this alias")]
    UndefinedAlias(String),
    /// An anchor that is already in use.
    #[error("duplicate anchor '{0}'; use another name")]
    DuplicateAnchor(String),
    /// An alias inside the node it refers to.
    #[error("the alias '{0}' is inside the node it refers to")]
    RecursiveAlias(String),
    /// An unknown tag.
    #[error("unknown tag '{0}'; remove the tag, or use quotes if it is text")]
    UnknownTag(String),
    /// A value that does not match its explicit or implicit tag.
    #[error("{0}")]
    Value(String),
    /// A sequence, mapping or set as the key of a mapping.
    #[error("a {0} is not allowed as the key of a mapping")]
    UnhashableKey(&'static str),
    /// One of the [`Limits`](crate::Limits) is reached.
    #[error("{what} (limit {limit})")]
    Limit {
        /// What exceeds the limit.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl Error {
    /// Where the mistake probably is: where parsing stopped, or the key without a `:`, which may be many
    /// lines above.
    pub fn place(&self) -> Position {
        match self.kind {
            ErrorKind::MissingColon => self.context.unwrap_or(self.position),
            _ => self.position,
        }
    }

    /// The number of characters of [`Error::line_text`] that the error is about: the length of a key without
    /// a `:`, else one.
    pub fn width(&self) -> usize {
        if self.kind != ErrorKind::MissingColon {
            return 1;
        }
        let rest: String = self.line_text.chars().skip(self.place().column.saturating_sub(1)).collect();
        let word = rest.split(" #").next().unwrap_or_default().trim_end();
        word.chars().count().max(1)
    }

    /// The error without any text of the source: for logs that more people can read than the source, which
    /// may contain passwords.
    pub fn without_text(&self) -> String {
        let what = match &self.kind {
            ErrorKind::UndefinedAlias(_) => "no anchor with this name before the alias".to_owned(),
            ErrorKind::DuplicateAnchor(_) => "duplicate anchor; use another name".to_owned(),
            ErrorKind::RecursiveAlias(_) => "the alias is inside the node it refers to".to_owned(),
            ErrorKind::UnknownTag(_) => "unknown tag; remove it, or use quotes if it is text".to_owned(),
            ErrorKind::Value(_) => "the value does not match its explicit or implicit tag".to_owned(),
            kind => kind.to_string(),
        };
        let place = self.place();
        format!("{}:{}:{}: {what}", self.source_name, place.line, place.column)
    }
}

/// The error as displayed.
struct Rendered<'a>(&'a Error);

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error { kind, source_name, line_text, .. } = self.0;
        let position = self.0.place();
        write!(f, "{source_name}:{}:{}: {kind}", position.line, position.column)?;
        if !line_text.is_empty() && position.column <= line_text.chars().count() + 1 {
            // Tabs stay tabs below tabs, so that the caret is aligned.
            let lead: String = line_text
                .chars()
                .take(position.column.saturating_sub(1))
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            write!(f, "\n    {line_text}\n    {lead}{}", "^".repeat(self.0.width()))?;
        }
        Ok(())
    }
}

/// An error before its source is known; boxed, because recursive readers return it through every level.
#[derive(Debug)]
pub(crate) struct Fault(Box<FaultParts>);

#[derive(Debug)]
struct FaultParts {
    kind: ErrorKind,
    position: Position,
    context: Option<Position>,
}

impl Fault {
    pub(crate) fn at(position: Position, kind: ErrorKind) -> Self {
        Fault(Box::new(FaultParts { kind, position, context: None }))
    }

    pub(crate) fn scan(position: Position, what: impl Into<String>) -> Self {
        Fault::at(position, ErrorKind::Scan(what.into()))
    }

    pub(crate) fn syntax(position: Position, what: impl Into<String>) -> Self {
        Fault::at(position, ErrorKind::Syntax(what.into()))
    }

    pub(crate) fn within(mut self, context: Position) -> Self {
        self.0.context = Some(context);
        self
    }

    /// The error with its source line.
    pub(crate) fn into_error(self, source_name: &str, text: &str) -> Error {
        /// Longer lines are not useful and may contain a complete file.
        const LONGEST: usize = 160;
        let FaultParts { kind, position, context } = *self.0;
        let shown = match (&kind, context) {
            (ErrorKind::MissingColon, Some(context)) => context,
            _ => position,
        };
        let before = &text[..shown.offset.min(text.len())];
        let start =
            before.rfind(is_break).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let line_text = text[start..]
            .trim_start_matches('\u{feff}')
            .chars()
            .take_while(|&c| !is_break(c))
            .take(LONGEST)
            .collect::<String>()
            .into();
        Error { kind, source_name: source_name.into(), position, context, line_text }
    }
}

/// A character's name in messages.
pub(crate) fn shown(c: char) -> String {
    match c {
        crate::cursor::END => "the end of the file".to_owned(),
        '\t' => "a tab".to_owned(),
        ' ' => "a space".to_owned(),
        c if is_break(c) => "the end of the line".to_owned(),
        c => format!("'{c}'"),
    }
}

/// The beginning of a text, for messages.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
