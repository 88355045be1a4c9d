//! A shell-variable file that preserves all bytes.

use nom::{
    IResult, Parser,
    bytes::complete::{tag, take_while, take_while1},
    combinator::{opt, recognize, verify},
    sequence::{pair, terminated},
};

use crate::{Error, MAX_BYTES, Quoting, word};

/// A file of assignments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    lines: Vec<Line>,
}

/// A line, or several if a value spans them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    entries: Vec<Entry>,
    /// The rest of the line: blanks, a comment, the line end. The complete line if there is no entry.
    tail: Vec<u8>,
}

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Indentation, `export`, or the separator from the previous assignment.
    before: Vec<u8>,
    name: String,
    raw: Vec<u8>,
    exported: bool,
    line: usize,
}

impl Entry {
    /// The variable's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value without quotes; invalid UTF-8 becomes U+FFFD.
    pub fn value(&self) -> String {
        String::from_utf8_lossy(&word::evaluate(&self.raw).text).into_owned()
    }

    /// The value as written, with its quotes.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Whether a shell would expand part of it, so that [`Entry::value`] differs from the shell's value.
    pub fn expands(&self) -> bool {
        word::evaluate(&self.raw).expands
    }

    /// Whether it is preceded by `export`.
    pub fn is_exported(&self) -> bool {
        self.exported
    }

    /// The one-based line number; 0 for an added entry.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl Document {
    /// Reads a file. Lines that are not assignments are kept and never an error; an unterminated quote is.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        if text.len() > MAX_BYTES {
            return Err(Error::TooLarge(text.len()));
        }
        let mut lines = Vec::new();
        let (mut at, mut number) = (0, 1);
        while at < text.len() {
            let (line, end) = read_line(text, at, number)?;
            number += word::line_ends(&text[at..end]);
            at = end;
            lines.push(line);
        }
        Ok(Self { lines })
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for line in &self.lines {
            for entry in &line.entries {
                out.extend_from_slice(&entry.before);
                out.extend_from_slice(entry.name.as_bytes());
                out.push(b'=');
                out.extend_from_slice(&entry.raw);
            }
            out.extend_from_slice(&line.tail);
        }
        out
    }

    /// The assignments in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.lines.iter().flat_map(|line| &line.entries)
    }

    /// Whether a shell would set exactly these values: nothing is expanded, and there are no commands.
    pub fn is_literal(&self) -> bool {
        self.lines.iter().all(|line| {
            let tail = line.tail.trim_ascii();
            let inert = !line.entries.is_empty() || tail.is_empty() || tail.starts_with(b"#");
            inert && !line.entries.iter().any(Entry::expands)
        })
    }

    /// The value of a variable: as in a shell, that of the last assignment.
    pub fn get(&self, name: &str) -> Option<String> {
        self.entries().rev().find(|entry| entry.name == name).map(Entry::value)
    }

    /// Sets a variable: in its last assignment, else in a new line at the end.
    pub fn set(&mut self, name: &str, value: &str, quoting: Quoting) -> Result<(), Error> {
        if !is_name(name) {
            return Err(Error::InvalidName(name.to_owned()));
        }
        let raw = quoting.apply(name, value)?.into_bytes();
        let found = self.lines.iter_mut().rev().flat_map(|line| line.entries.iter_mut().rev());
        match found.into_iter().find(|entry| entry.name == name) {
            Some(entry) => entry.raw = raw,
            None => {
                self.end_last_line();
                let entry =
                    Entry { before: Vec::new(), name: name.to_owned(), raw, exported: false, line: 0 };
                self.lines.push(Line { entries: vec![entry], tail: b"\n".to_vec() });
            }
        }
        Ok(())
    }

    /// Removes all assignments of a variable, and their lines if nothing else is assigned there.
    pub fn remove(&mut self, name: &str) -> bool {
        let mut removed = false;
        self.lines.retain_mut(|line| {
            if !line.entries.iter().any(|entry| entry.name == name) {
                return true;
            }
            removed = true;
            let (mut carried, mut first, mut taken) = (None, true, false);
            line.entries.retain_mut(|entry| {
                let by_other = entry.exported && !holds_export(&entry.before);
                if entry.name == name {
                    taken = true;
                    let own = std::mem::take(&mut entry.before);
                    carried = Some(carried.take().filter(|_| by_other).unwrap_or(own));
                    return false;
                }
                // `export` applies to all names of its command, so that the next name takes it over.
                if let Some(before) = carried.take()
                    && by_other
                {
                    entry.before = before;
                }
                if first && taken {
                    let lead = entry.before.iter().position(|b| !is_blank(*b) && *b != b';');
                    entry.before.drain(..lead.unwrap_or(entry.before.len()));
                }
                first = false;
                true
            });
            !line.entries.is_empty()
        });
        removed
    }

    fn end_last_line(&mut self) {
        if let Some(last) = self.lines.last_mut()
            && last.tail.last() != Some(&b'\n')
        {
            last.tail.push(b'\n');
            // A backslash at the very end would join the new line to the previous one.
            if last.tail == b"\n" && last.entries.last().is_some_and(|entry| entry.raw.ends_with(b"\\")) {
                last.tail.push(b'\n');
            }
        }
    }
}

fn is_name(name: &str) -> bool {
    assignment_name(format!("{name}=").as_bytes()).is_ok_and(|(rest, _)| rest.is_empty())
}

/// Reads the line at `start`; returns it and the next offset.
fn read_line(text: &[u8], start: usize, number: usize) -> Result<(Line, usize), Error> {
    let mut entries = Vec::new();
    let (mut at, mut exported, mut number) = (start, false, number);
    loop {
        let before_start = at;
        let Ok((rest, export)) = lead(&text[at..]) else { break };
        exported |= export;
        let Ok((value, name)) = assignment_name(rest) else { break };
        let value_start = text.len() - value.len();
        let length = word::scan(text, value_start)?;
        let raw = text[value_start..value_start + length].to_vec();
        let before = text[before_start..text.len() - rest.len()].to_vec();
        let name = String::from_utf8_lossy(name).into_owned();
        let here = number;
        number += word::line_ends(&text[before_start..value_start + length]);
        entries.push(Entry { before, name, raw, exported, line: here });
        at = value_start + length;
        if separator(&text[at..]).is_ok() {
            // A new command starts; export applies to one command.
            exported = false;
        }
    }
    let end = text[at..].iter().position(|b| *b == b'\n').map_or(text.len(), |newline| at + newline + 1);
    if entries.is_empty() || ends_well(&text[at..end]) {
        return Ok((Line { entries, tail: text[at..end].to_vec() }, end));
    }
    // Assignments before a command apply to that command only: `A=1 program` sets nothing here.
    Ok((Line { entries: Vec::new(), tail: text[start..end].to_vec() }, end))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn holds_export(before: &[u8]) -> bool {
    before.trim_ascii().ends_with(b"export")
}

fn separator(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize((take_while(is_blank), tag(";"), take_while(is_blank))).parse(input)
}

/// Blanks, a `;`, an `export`: what may precede a name.
fn lead(input: &[u8]) -> IResult<&[u8], bool> {
    let (input, _) = opt(separator).parse(input)?;
    let (input, _) = take_while(is_blank).parse(input)?;
    let (input, export) = opt(pair(tag("export"), take_while1(is_blank))).parse(input)?;
    Ok((input, export.is_some()))
}

/// Parses `NAME=`; returns the name.
fn assignment_name(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let word = take_while1(|b: u8| b.is_ascii_alphanumeric() || b == b'_');
    let name = verify(word, |name: &[u8]| name.first().is_some_and(|first| !first.is_ascii_digit()));
    terminated(name, tag("=")).parse(input)
}

/// Whether the rest of a line is blank, a comment, or a closing `;`.
fn ends_well(rest: &[u8]) -> bool {
    let text = rest.trim_ascii();
    let text = text.strip_prefix(b";").unwrap_or(text).trim_ascii();
    text.is_empty() || (text.first() == Some(&b'#') && !rest.starts_with(b"#"))
}
