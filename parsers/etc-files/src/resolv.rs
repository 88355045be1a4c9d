//! resolv.conf(5). Comments start with `;` or `#`, also after a value.

use crate::document::{Document, chop_comment, words};
use crate::{Error, single_word};

/// The maximum number of search domains in resolv.conf(5).
pub const MAX_SEARCH_DOMAINS: usize = 6;
/// The maximum length of search domains in resolv.conf(5).
pub const MAX_SEARCH_CHARACTERS: usize = 256;

/// A line with a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `nameserver`, `domain`, `search`, `sortlist`, `options`, or an unknown keyword.
    pub keyword: String,
    /// The words after it.
    pub values: Vec<String>,
}

/// `/etc/resolv.conf`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvConf(Document<Entry>);

impl ResolvConf {
    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Self {
        Self(Document::parse(bytes, |line| {
            let mut words = words(chop_comment(line, &[';', '#']).0).into_iter();
            Some(Entry { keyword: words.next()?, values: words.collect() })
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

    fn values<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries().filter(move |e| e.keyword == keyword).flat_map(|e| &e.values).map(String::as_str)
    }

    /// The name servers in order.
    pub fn nameservers(&self) -> Vec<&str> {
        self.values("nameserver").collect()
    }

    /// The domains of all `search` lines.
    pub fn search_domains(&self) -> Vec<&str> {
        self.values("search").collect()
    }

    /// The words of all `options` lines.
    pub fn options(&self) -> Vec<&str> {
        self.values("options").collect()
    }

    /// The words of all `sortlist` lines.
    pub fn sortlist(&self) -> Vec<&str> {
        self.values("sortlist").collect()
    }

    /// The local domain.
    pub fn domain(&self) -> Option<&str> {
        self.values("domain").next()
    }

    /// Sets the local domain, on a line at the end.
    pub fn set_domain(&mut self, domain: &str) -> Result<(), Error> {
        single_word("domain", domain, &[';', '#'])?;
        self.set("domain", &[vec![domain.to_owned()]]);
        Ok(())
    }

    /// Adds a name server after the others; returns whether it is new. All of them then move to the end of
    /// the file.
    pub fn add_nameserver(&mut self, address: &str) -> Result<bool, Error> {
        single_word("name server", address, &[';', '#'])?;
        let mut all = unique(self.nameservers());
        if all.iter().any(|known| known == address) {
            return Ok(false);
        }
        all.push(address.to_owned());
        let lines: Vec<Vec<String>> = all.into_iter().map(|server| vec![server]).collect();
        self.set("nameserver", &lines);
        Ok(true)
    }

    /// Adds a search domain; returns whether it is new. The file then ends with a single `search` line.
    pub fn add_search_domain(&mut self, domain: &str) -> Result<bool, Error> {
        single_word("search domain", domain, &[';', '#'])?;
        let current = self.search_domains();
        let mut all = unique(current.clone());
        if all.iter().any(|known| known == domain) {
            return Ok(false);
        }
        if current.len() >= MAX_SEARCH_DOMAINS {
            return Err(Error::TooManySearchDomains(domain.to_owned()));
        }
        all.push(domain.to_owned());
        if all.join(" ").chars().count() > MAX_SEARCH_CHARACTERS {
            return Err(Error::SearchListTooLong(domain.to_owned()));
        }
        self.set("search", &[all]);
        Ok(true)
    }

    fn set(&mut self, keyword: &str, lines: &[Vec<String>]) {
        self.0.remove(|entry| entry.keyword == keyword);
        for values in lines {
            let entry = Entry { keyword: keyword.to_owned(), values: values.clone() };
            self.0.push(&format!("{keyword} {}", values.join(" ")), Some(entry));
        }
    }
}

fn unique(values: Vec<&str>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for value in values {
        if !seen.iter().any(|known| known == value) {
            seen.push(value.to_owned());
        }
    }
    seen
}
