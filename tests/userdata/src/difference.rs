//! One place at which two outcomes differ.

use std::fmt;

/// What a difference is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The original raised an exception: nothing else is there to compare.
    Raised,
    /// Ours refused: nothing else is there to compare.
    Refused,
    /// A part of the message that only one of the two has.
    Part,
    /// A field of a part: type, name, payload, index, merge.
    Field(&'static str),
    /// The processed message, as it is written to `user-data.txt.i`.
    Message,
    /// A file that is written.
    File(String),
    /// The mode of a file that is written.
    Mode(String),
    /// What part handlers told.
    Told,
    /// A value or a text.
    Value,
    /// A warning: its kind and what it is about.
    Warning,
}

/// What is there with each; `None` where nothing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub place: Place,
    /// The original's.
    pub theirs: Option<Vec<u8>>,
    /// Ours.
    pub ours: Option<Vec<u8>>,
}

impl Difference {
    /// One that both have.
    pub fn new(place: Place, theirs: impl Into<Vec<u8>>, ours: impl Into<Vec<u8>>) -> Self {
        Self { place, theirs: Some(theirs.into()), ours: Some(ours.into()) }
    }

    /// The original's and ours as texts, where both are there.
    pub fn texts(&self) -> Option<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some((text(self.theirs.as_deref()?), text(self.ours.as_deref()?)))
    }

    /// What ours has where the original has nothing.
    pub fn only_ours(&self) -> Option<&[u8]> {
        if self.theirs.is_some() { None } else { self.ours.as_deref() }
    }

    /// Whether what the original raised begins so.
    pub fn raised(&self, words: &str) -> bool {
        self.place == Place::Raised
            && self.theirs.as_deref().is_some_and(|theirs| theirs.starts_with(words.as_bytes()))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |bytes: &Option<Vec<u8>>| match bytes {
            Some(bytes) => String::from_utf8_lossy(bytes).escape_debug().to_string(),
            None => "nothing".to_owned(),
        };
        write!(f, "{:?}: {}\n   ours: {}", self.place, shown(&self.theirs), shown(&self.ours))
    }
}
