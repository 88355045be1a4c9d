//! fstab(5): six fields, with blanks escaped in octal.

use crate::Error;
use crate::document::Document;

/// The characters escaped in fstab(5) and mntent(3). The backslash is last when reading and first when writing.
const ESCAPES: &[(char, &str)] = &[('\\', "\\134"), (' ', "\\040"), ('\t', "\\011"), ('\n', "\\012")];

/// A line of fstab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The device, label, UUID or remote file system, without escapes.
    pub spec: String,
    /// The mount point, without escapes.
    pub file: String,
    /// The type; empty if missing.
    pub kind: String,
    /// The options; empty if missing.
    pub options: String,
    /// The setting for dump(8); `0` if missing.
    pub freq: String,
    /// The order of fsck(8); `0` if missing.
    pub passno: String,
}

/// `/etc/fstab`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fstab(Document<Entry>);

impl Fstab {
    /// Reads a file. Lines with fewer than two fields are kept, but are not entries.
    pub fn parse(bytes: &[u8]) -> Self {
        Self(Document::parse(bytes, |line| {
            if line.trim_start().starts_with('#') {
                return None;
            }
            let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty()).map(str::to_owned);
            Some(Entry {
                spec: unescape(&words.next()?),
                file: unescape(&words.next()?),
                kind: words.next().unwrap_or_default(),
                options: words.next().unwrap_or_default(),
                freq: words.next().unwrap_or_else(|| "0".to_owned()),
                passno: words.next().unwrap_or_else(|| "0".to_owned()),
            })
        }))
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        self.0.write()
    }

    /// The entries in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.records()
    }

    /// Appends a line with its fields separated by tabs.
    pub fn add(&mut self, entry: Entry) -> Result<(), Error> {
        for (field, value) in [("device", &entry.spec), ("mount point", &entry.file)] {
            let refuse = |what| Err(Error::Unwritable { field, value: value.clone(), what });
            if value.is_empty() || value.contains(['\r', '\0']) {
                return refuse("nothing, a carriage return or a NUL");
            }
        }
        if entry.spec.starts_with('#') {
            return Err(Error::Unwritable { field: "device", value: entry.spec, what: "a comment's mark" });
        }
        for (field, value) in [
            ("file system type", &entry.kind),
            ("mount options", &entry.options),
            ("dump frequency", &entry.freq),
            ("fsck order", &entry.passno),
        ] {
            crate::single_word(field, value, &[])?;
        }
        let line = [
            escape(&entry.spec).as_str(),
            escape(&entry.file).as_str(),
            entry.kind.as_str(),
            entry.options.as_str(),
            entry.freq.as_str(),
            entry.passno.as_str(),
        ]
        .join("\t");
        self.0.push(&line, Some(entry));
        Ok(())
    }

    /// Removes all lines that contain all these texts, including comments; returns them without their line ends.
    ///
    /// cloud-init finds its own lines this way: they contain `comment=cloudconfig`.
    pub fn remove_containing(&mut self, marks: &[&str]) -> Vec<String> {
        let mut removed = Vec::new();
        self.0.lines.retain(|line| {
            let ours = marks.iter().all(|mark| line.text.contains(mark));
            if ours {
                removed.push(crate::document::content(&line.text).to_owned());
            }
            !ours
        });
        removed
    }

    /// Removes empty lines, like upstream when it rewrites the file.
    pub fn remove_blank_lines(&mut self) {
        self.0.lines.retain(|line| !line.text.trim().is_empty());
    }
}

/// Escapes a field in octal.
pub fn escape(field: &str) -> String {
    ESCAPES.iter().fold(field.to_owned(), |text, (plain, escaped)| text.replace(*plain, escaped))
}

/// The inverse of [`escape`].
pub fn unescape(field: &str) -> String {
    ESCAPES
        .iter()
        .rev()
        .fold(field.to_owned(), |text, (plain, escaped)| text.replace(escaped, &plain.to_string()))
}
