//! Why a document could not be read, and where.

use std::fmt;

use crate::Position;
use crate::cursor::is_break;

/// A document that could not be read.
///
/// Displays as `FILE:LINE:COL: what`, then the line and a caret under the column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", Rendered(self))]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// The name given to [`parse`](crate::parse): usually a path.
    pub source_name: Box<str>,
    /// Where reading stopped.
    pub position: Position,
    /// Where the thing that could not be finished began, if that is elsewhere: the mapping of a
    /// wrong entry, the quote that is never closed.
    pub context: Option<Position>,
    /// The text of the line at [`Error::place`], without its line break; long lines are cut.
    pub line_text: Box<str>,
}

/// The kinds of error, by the step that finds them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not in the encoding they should be in.
    #[error("not valid {encoding}: save the file as UTF-8")]
    Encoding {
        /// UTF-8, or UTF-16 with the byte order of its mark.
        encoding: &'static str,
    },
    /// A character YAML does not allow, such as a control character.
    #[error("character U+{0:04X} is not allowed in YAML: remove it or escape it in double quotes")]
    Unprintable(u32),
    /// The text does not divide into tokens.
    #[error("{0}")]
    Scan(String),
    /// A word where a key has to be, and no `:` behind it. The key is at [`Error::context`].
    #[error("a ':' is missing after this key, on the same line")]
    MissingColon,
    /// The tokens do not make a document.
    #[error("{0}")]
    Syntax(String),
    /// More than one document in the source.
    #[error("a second document begins here; only one is read: remove this '---' and what follows")]
    SecondDocument,
    /// An alias whose anchor was not seen before.
    #[error("no anchor named '{0}' before this alias")]
    UndefinedAlias(String),
    /// An anchor that is already in use.
    #[error("the anchor '{0}' is already defined: give this one another name")]
    DuplicateAnchor(String),
    /// An alias inside the very node it names.
    #[error("the alias '{0}' is inside the node it stands for")]
    RecursiveAlias(String),
    /// A tag nothing is known of.
    #[error("no meaning is known for the tag '{0}': remove the tag, or quote the text if it is one")]
    UnknownTag(String),
    /// A value that its tag, or its look, says to be something that it is not.
    #[error("{0}")]
    Value(String),
    /// A sequence, mapping or set as the key of a mapping.
    #[error("a {0} cannot be the key of a mapping")]
    UnhashableKey(&'static str),
    /// One of the [`Limits`](crate::Limits) is reached.
    #[error("{what} (limit {limit})")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
}

impl Error {
    /// Where a person looks for the mistake: where reading stopped, or the key that lacks its `:`, which may stand
    /// many lines above.
    pub fn place(&self) -> Position {
        match self.kind {
            ErrorKind::MissingColon => self.context.unwrap_or(self.position),
            _ => self.position,
        }
    }

    /// How many characters of [`Error::line_text`] the error is about, from its place on: the whole of a key that lacks
    /// its `:`, else one.
    pub fn width(&self) -> usize {
        if self.kind != ErrorKind::MissingColon {
            return 1;
        }
        let rest: String = self.line_text.chars().skip(self.place().column.saturating_sub(1)).collect();
        let word = rest.split(" #").next().unwrap_or_default().trim_end();
        word.chars().count().max(1)
    }

    /// The error without anything of the source's text: for logs that more people read than the source, which may
    /// hold passwords.
    pub fn without_text(&self) -> String {
        let what = match &self.kind {
            ErrorKind::UndefinedAlias(_) => "no anchor of that name before this alias".to_owned(),
            ErrorKind::DuplicateAnchor(_) => {
                "the anchor is already defined: give this one another name".to_owned()
            }
            ErrorKind::RecursiveAlias(_) => "the alias is inside the node it stands for".to_owned(),
            ErrorKind::UnknownTag(_) => {
                "no meaning is known for this tag: remove it, or quote the text if it is one".to_owned()
            }
            ErrorKind::Value(_) => "the value is not what its tag, or its look, says".to_owned(),
            kind => kind.to_string(),
        };
        let place = self.place();
        format!("{}:{}:{}: {what}", self.source_name, place.line, place.column)
    }
}

/// The error as it is shown.
struct Rendered<'a>(&'a Error);

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error { kind, source_name, line_text, .. } = self.0;
        let position = self.0.place();
        write!(f, "{source_name}:{}:{}: {kind}", position.line, position.column)?;
        if !line_text.is_empty() && position.column <= line_text.chars().count() + 1 {
            // Tabs stay tabs under tabs, so the caret stands where the eye expects it.
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

/// An error before it knows its source; boxed, since recursive readers pass it through every level.
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

    /// The error for people, with the line it happened in.
    pub(crate) fn into_error(self, source_name: &str, text: &str) -> Error {
        /// A line longer than this says little and may hold a whole file.
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

/// A character as a message names it.
pub(crate) fn shown(c: char) -> String {
    match c {
        crate::cursor::END => "the end of the file".to_owned(),
        '\t' => "a tab".to_owned(),
        ' ' => "a space".to_owned(),
        c if is_break(c) => "the end of the line".to_owned(),
        c => format!("'{c}'"),
    }
}

/// The beginning of a text, for a message.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
