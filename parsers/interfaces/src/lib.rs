//! Reads and writes interfaces(5) of ifupdown byte for byte.
//!
//! [`Interfaces::parse`] keeps every line as written with its meaning; [`Interfaces::stanzas`] returns the
//! meaning, [`Interfaces::write`] the bytes. This crate opens no files: [`resolve`] asks its caller for the
//! files in `source` and `source-directory`.
#![forbid(unsafe_code)]

mod grammar;
mod resolve;
mod stanza;

pub use resolve::{Located, Opened, Reference, resolve};
pub use stanza::{Kind, Stanza};

/// The maximum file size in bytes: a hundred times what a large host needs.
pub const MAX_BYTES: usize = 1 << 20;
/// The maximum nesting of sourced files.
pub const MAX_DEPTH: usize = 16;
/// The maximum number of sourced files.
pub const MAX_FILES: usize = 1024;

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A line that ifup rejects.
    #[error("line {line}, column {column}: {why}")]
    Syntax {
        /// One-based line.
        line: usize,
        /// One-based column, in characters.
        column: usize,
        /// The reason, and what is expected.
        why: String,
    },
    /// Invalid UTF-8.
    #[error("line {line}, column {column}: the file is not UTF-8; rewrite the line in ASCII")]
    NotUtf8 {
        /// One-based line.
        line: usize,
        /// One-based column, in bytes.
        column: usize,
    },
    /// The file is larger than [`MAX_BYTES`].
    #[error("the file has {0} bytes, more than the limit of {MAX_BYTES}")]
    TooLarge(usize),
    /// Files source each other deeper than [`MAX_DEPTH`].
    #[error(
        "{file}: line {line}: sourced files are nested more than {MAX_DEPTH} levels deep; a file may source itself"
    )]
    TooDeep {
        /// The file with the offending line.
        file: String,
        /// Its line.
        line: usize,
    },
    /// More than [`MAX_FILES`] files are sourced.
    #[error("{file}: line {line}: more than {MAX_FILES} files are sourced")]
    TooManyFiles {
        /// The file with the offending line.
        file: String,
        /// Its line.
        line: usize,
    },
    /// A sourced file is invalid.
    #[error("{file}: {error}")]
    Sourced {
        /// The file.
        file: String,
        /// The error in it.
        error: Box<Error>,
    },
}

/// A file, with every line as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interfaces {
    lines: Vec<Line>,
}

/// A line with its line end, or several that backslashes join.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    text: String,
    meaning: Meaning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    /// A comment or a blank line.
    Trivia,
    /// The first line of a stanza.
    Head(Stanza),
    /// A further line of a stanza.
    Option(String, String),
}

impl Interfaces {
    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        grammar::parse(bytes)
    }

    /// The file.
    pub fn write(&self) -> String {
        self.lines.iter().map(|line| line.text.as_str()).collect()
    }

    /// The stanzas in order, each with its options.
    pub fn stanzas(&self) -> Vec<Stanza> {
        let mut stanzas: Vec<Stanza> = Vec::new();
        for line in &self.lines {
            match &line.meaning {
                Meaning::Trivia => {}
                Meaning::Head(stanza) => stanzas.push(stanza.clone()),
                Meaning::Option(name, value) => {
                    if let Some(stanza) = stanzas.last_mut() {
                        stanza.options.push((name.clone(), value.clone()));
                    }
                }
            }
        }
        stanzas
    }

    /// Adds a stanza at the end, in the form of [`Stanza::write`].
    pub fn push(&mut self, stanza: &Stanza) -> Result<(), Error> {
        if let Some(last) = self.lines.last_mut() {
            if !last.text.ends_with('\n') {
                last.text.push('\n');
            }
            let joins = last.text.ends_with("\\\n") || last.text.ends_with("\\\r\n");
            // A backslash at the very end would join the stanza to the previous line.
            if joins && !last.text.trim_start().starts_with('#') {
                last.text.push('\n');
            }
        }
        let added = Self::parse(stanza.write().as_bytes())?;
        self.lines.extend(added.lines);
        Ok(())
    }

    /// Removes the stanzas selected by `unwanted`, with their options and the comments between them; returns
    /// their number. `unwanted` gets a stanza without its options.
    pub fn remove(&mut self, mut unwanted: impl FnMut(&Stanza) -> bool) -> usize {
        let (mut removed, mut inside) = (0, false);
        let mut kept = Vec::with_capacity(self.lines.len());
        let mut trivia = Vec::new();
        for line in self.lines.drain(..) {
            match &line.meaning {
                Meaning::Trivia => trivia.push(line),
                Meaning::Head(stanza) => {
                    inside = unwanted(stanza);
                    removed += usize::from(inside);
                    // Comments directly above a stanza are kept: it is unknown what they refer to.
                    kept.append(&mut trivia);
                    if !inside {
                        kept.push(line);
                    }
                }
                Meaning::Option(..) if inside => trivia.clear(),
                Meaning::Option(..) => {
                    kept.append(&mut trivia);
                    kept.push(line);
                }
            }
        }
        kept.append(&mut trivia);
        self.lines = kept;
        removed
    }
}
