//! hostname(5): one name, with comments.

use crate::document::{Document, chop_comment};
use crate::{Error, single_word};

/// `/etc/hostname`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hostname(Document<String>);

impl Hostname {
    /// Reads a file. Two different names are an error, because the file is ambiguous.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let document = Document::parse(bytes, |line| {
            let name = chop_comment(line, &['#']).0.trim();
            (!name.is_empty()).then(|| name.to_owned())
        });
        let mut first: Option<&String> = None;
        for (index, line) in document.lines.iter().enumerate() {
            let Some(name) = &line.record else { continue };
            if first.is_some_and(|known| known != name) {
                let column = line.text.chars().take_while(|c| c.is_whitespace()).count() + 1;
                return Err(Error::SecondHostname { line: index + 1, column, name: name.clone() });
            }
            first = Some(name);
        }
        Ok(Self(document))
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        self.0.write()
    }

    /// The name.
    pub fn get(&self) -> Option<&str> {
        self.0.records().next().map(String::as_str)
    }

    /// Replaces the name, or appends a line.
    pub fn set(&mut self, name: &str) -> Result<(), Error> {
        single_word("hostname", name, &['#'])?;
        let mut found = false;
        for line in &mut self.0.lines {
            if let Some(old) = line.record.take() {
                line.text = line.text.replacen(&old, name, 1);
                line.record = Some(name.to_owned());
                found = true;
            }
        }
        if !found {
            self.0.push(name, Some(name.to_owned()));
        }
        Ok(())
    }
}
