//! hosts(5).

use crate::document::{Document, chop_comment, words};
use crate::{Error, single_word};

/// A line of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The address.
    pub address: String,
    /// The canonical name, then the aliases.
    pub names: Vec<String>,
}

/// `/etc/hosts`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(Document<Entry>);

impl Hosts {
    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Self {
        Self(Document::parse(bytes, |line| {
            let mut words = words(chop_comment(line, &['#']).0).into_iter();
            Some(Entry { address: words.next()?, names: words.collect() })
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

    /// The names in each line with that address, spelled identically.
    pub fn get(&self, address: &str) -> Vec<&[String]> {
        self.entries().filter(|entry| entry.address == address).map(|entry| entry.names.as_slice()).collect()
    }

    /// Appends a line with its fields separated by tabs.
    pub fn add(&mut self, address: &str, names: &[&str]) -> Result<(), Error> {
        single_word("address", address, &['#'])?;
        for name in names {
            single_word("host name", name, &['#'])?;
        }
        let entry =
            Entry { address: address.to_owned(), names: names.iter().map(|&name| name.to_owned()).collect() };
        let fields: Vec<&str> = std::iter::once(address).chain(names.iter().copied()).collect();
        self.0.push(&fields.join("\t"), Some(entry));
        Ok(())
    }

    /// Removes all lines with that address; returns their number.
    pub fn remove(&mut self, address: &str) -> usize {
        self.0.remove(|entry| entry.address == address)
    }
}
