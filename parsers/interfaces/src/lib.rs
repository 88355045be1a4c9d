//! interfaces(5) of ifupdown, read and written byte for byte.
//!
//! [`Interfaces::parse`] keeps every line as it stood and knows what each one means; [`Interfaces::stanzas`] gives the
//! meaning, [`Interfaces::write`] the bytes. Nothing is opened here: [`resolve`] asks its caller for the files that
//! `source` and `source-directory` name.
#![forbid(unsafe_code)]

mod grammar;
mod resolve;
mod stanza;

pub use resolve::{Located, Opened, Reference, resolve};
pub use stanza::{Kind, Stanza};

/// The most bytes a file may have: a hundred times what a large host needs.
pub const MAX_BYTES: usize = 1 << 20;
/// How deep files may source each other.
pub const MAX_DEPTH: usize = 16;
/// How many files may be sourced together.
pub const MAX_FILES: usize = 1024;

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A line that ifup would refuse.
    #[error("line {line}, column {column}: {why}")]
    Syntax {
        /// One-based line.
        line: usize,
        /// One-based column, in characters.
        column: usize,
        /// What is wrong and what is expected.
        why: String,
    },
    /// A byte that is no UTF-8.
    #[error("line {line}, column {column}: the file is not UTF-8; rewrite the line in ASCII")]
    NotUtf8 {
        /// One-based line.
        line: usize,
        /// One-based column, in bytes.
        column: usize,
    },
    /// The file is larger than [`MAX_BYTES`].
    #[error("the file has {0} bytes, more than the {MAX_BYTES} that are read")]
    TooLarge(usize),
    /// Files source each other deeper than [`MAX_DEPTH`].
    #[error("{file}: line {line}: files source each other more than {MAX_DEPTH} deep; is there a circle?")]
    TooDeep {
        /// The file that sources once too often.
        file: String,
        /// Its line.
        line: usize,
    },
    /// More than [`MAX_FILES`] files are sourced.
    #[error("{file}: line {line}: more than {MAX_FILES} files are sourced")]
    TooManyFiles {
        /// The file that sources the one too many.
        file: String,
        /// Its line.
        line: usize,
    },
    /// A sourced file is broken.
    #[error("{file}: {error}")]
    Sourced {
        /// The file.
        file: String,
        /// What is wrong with it.
        error: Box<Error>,
    },
}

/// A file, with every line as it stood.
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
    /// A comment or nothing.
    Trivia,
    /// The first line of a stanza.
    Head(Stanza),
    /// A line of the stanza above.
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
            // A backslash at the very end would join the stanza to its line.
            if joins && !last.text.trim_start().starts_with('#') {
                last.text.push('\n');
            }
        }
        let added = Self::parse(stanza.write().as_bytes())?;
        self.lines.extend(added.lines);
        Ok(())
    }

    /// Takes away the stanzas for which `unwanted` says so, with their options and the comments among these; gives
    /// their number. `unwanted` sees a stanza without its options.
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
                    // Comments right above a stanza are kept: nobody can know whose they are.
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
