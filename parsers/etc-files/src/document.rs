//! Lines with their meaning: the base of all formats in this crate.

use nom::{
    IResult, Parser,
    bytes::complete::{take_while, take_while1},
    multi::many0,
    sequence::preceded,
};

use crate::bytes;

/// A line as written, with its line end, and its record if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line<T> {
    pub text: String,
    pub record: Option<T>,
}

/// A file's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document<T> {
    pub lines: Vec<Line<T>>,
}

impl<T> Default for Document<T> {
    fn default() -> Self {
        Self { lines: Vec::new() }
    }
}

impl<T> Document<T> {
    /// Reads a file. `record` gets each line without its line end.
    pub fn parse(bytes: &[u8], mut record: impl FnMut(&str) -> Option<T>) -> Self {
        let text = bytes::decode(bytes);
        let lines = text
            .split_inclusive('\n')
            .map(|line| Line { text: line.to_owned(), record: record(content(line)) });
        Self { lines: lines.collect() }
    }

    pub fn write(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| bytes::encode(&line.text)).collect()
    }

    pub fn records(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.lines.iter().filter_map(|line| line.record.as_ref())
    }

    /// Appends a line, after ending the previous one if necessary.
    pub fn push(&mut self, text: &str, record: Option<T>) {
        self.insert(self.lines.len(), text, record);
    }

    pub fn insert(&mut self, at: usize, text: &str, record: Option<T>) {
        if let Some(before) = at.checked_sub(1).and_then(|before| self.lines.get_mut(before))
            && !before.text.ends_with('\n')
        {
            before.text.push('\n');
        }
        self.lines.insert(at, Line { text: format!("{text}\n"), record });
    }

    /// Removes the lines whose record is unwanted; returns their number.
    pub fn remove(&mut self, mut unwanted: impl FnMut(&T) -> bool) -> usize {
        let before = self.lines.len();
        self.lines.retain(|line| !line.record.as_ref().is_some_and(&mut unwanted));
        before - self.lines.len()
    }
}

impl<T> Line<T> {
    /// Replaces the content of a line, keeping its line end.
    pub fn replace(&mut self, text: &str, record: T) {
        let end = self.text[content(&self.text).len()..].to_owned();
        self.text = format!("{text}{end}");
        self.record = Some(record);
    }
}

/// A line without its line end.
pub(crate) fn content(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// The text before the first comment character, and the comment with it.
pub(crate) fn chop_comment<'a>(line: &'a str, marks: &[char]) -> (&'a str, &'a str) {
    line.split_at(line.find(marks).unwrap_or(line.len()))
}

/// The words of a line.
pub(crate) fn words(line: &str) -> Vec<String> {
    fn grammar(input: &str) -> IResult<&str, Vec<&str>> {
        let blank = |c: char| c.is_whitespace();
        many0(preceded(take_while(blank), take_while1(move |c: char| !blank(c)))).parse(input)
    }
    grammar(line).map(|(_, words)| words.into_iter().map(str::to_owned).collect()).unwrap_or_default()
}

/// Splits lines like Python's `str.splitlines`, which knows more line ends than Unix files have.
pub(crate) fn python_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    let ends = |c: char| {
        matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    while let Some(at) = rest.find(ends) {
        lines.push(&rest[..at]);
        let end = &rest[at..];
        let length = if end.starts_with("\r\n") { 2 } else { end.chars().next().map_or(1, char::len_utf8) };
        rest = &end[length..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}
