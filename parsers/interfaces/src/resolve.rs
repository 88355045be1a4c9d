//! Follows `source` and `source-directory`; the caller opens the files.

use crate::{Error, Interfaces, Kind, MAX_DEPTH, MAX_FILES, Stanza};

/// A stanza and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The file's name, as given by the caller.
    pub file: String,
    /// The stanza; its line number refers to that file.
    pub stanza: Stanza,
}

/// Files in reading order: names and contents.
pub type Opened = Vec<(String, Vec<u8>)>;

/// The target of a `source` or `source-directory` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The file with the line. A relative pattern is relative to its directory.
    pub from: &'a str,
    /// The pattern, with shell wildcards.
    pub pattern: &'a str,
    /// Whether it matches directories. Of their files, only those named `[a-zA-Z0-9_-]+` are read: see
    /// [`Reference::takes`].
    pub directory: bool,
}

impl Reference<'_> {
    /// Whether this line reads a file with that name (without its directory).
    pub fn takes(&self, name: &str) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        !self.directory || (!name.is_empty() && name.bytes().all(plain))
    }
}

/// Reads a file and everything it sources, in place of the sourcing lines.
///
/// `open` returns the files that a reference matches, in reading order, with their contents; like in ifup, it
/// may return none.
pub fn resolve(
    file: &str,
    bytes: &[u8],
    open: &mut dyn FnMut(Reference<'_>) -> Opened,
) -> Result<Vec<Located>, Error> {
    let mut walk = Walk { open, files: 1, stanzas: Vec::new() };
    walk.file(file, bytes, 1)?;
    Ok(walk.stanzas)
}

struct Walk<'a> {
    open: &'a mut dyn FnMut(Reference<'_>) -> Opened,
    files: usize,
    stanzas: Vec<Located>,
}

impl Walk<'_> {
    fn file(&mut self, file: &str, bytes: &[u8], depth: usize) -> Result<(), Error> {
        let parsed = Interfaces::parse(bytes).map_err(|error| match depth {
            1 => error,
            _ => Error::Sourced { file: file.to_owned(), error: Box::new(error) },
        })?;
        for stanza in parsed.stanzas() {
            let line = stanza.line;
            let (patterns, directory) = match &stanza.kind {
                Kind::Source(patterns) => (patterns, false),
                Kind::SourceDirectory(patterns) => (patterns, true),
                _ => {
                    self.stanzas.push(Located { file: file.to_owned(), stanza });
                    continue;
                }
            };
            for pattern in patterns {
                for (name, contents) in (self.open)(Reference { from: file, pattern, directory }) {
                    if depth == MAX_DEPTH {
                        return Err(Error::TooDeep { file: file.to_owned(), line });
                    }
                    if self.files == MAX_FILES {
                        return Err(Error::TooManyFiles { file: file.to_owned(), line });
                    }
                    self.files += 1;
                    self.file(&name, &contents, depth + 1)?;
                }
            }
        }
        Ok(())
    }
}
