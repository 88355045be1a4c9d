//! sshd_config(5): keywords in any case, quoted arguments, `Match` blocks, `Include`.

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{is_not, tag, take_while, take_while1},
    combinator::{opt, rest},
    multi::many0,
    sequence::{delimited, preceded},
};

use crate::Error;
use crate::document::{Document, content};

/// A line with a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// The keyword as written.
    pub keyword: String,
    /// The rest of the line, without surrounding white space.
    pub value: String,
    /// Whether it is below a `Match` line, so that it applies to some connections only.
    pub in_match: bool,
}

impl Directive {
    /// Whether it is this keyword, ignoring case.
    pub fn is(&self, keyword: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(keyword)
    }

    /// The arguments: words, in double quotes if they contain blanks, up to a comment.
    pub fn arguments(&self) -> Vec<String> {
        arguments(&self.value)
    }
}

/// A `Match` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchBlock<'a> {
    /// The criteria after `Match`.
    pub criteria: Vec<String>,
    /// Its directives.
    pub directives: Vec<&'a Directive>,
}

/// `/etc/ssh/sshd_config`, or an included file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SshdConfig(Document<Directive>);

impl SshdConfig {
    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut in_match = false;
        Self(Document::parse(bytes, |line| {
            let (_, (keyword, value)) = directive(line).ok()?;
            let directive =
                Directive { keyword: keyword.to_owned(), value: value.trim().to_owned(), in_match };
            in_match |= directive.is("match");
            Some(directive)
        }))
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        self.0.write()
    }

    /// The directives in order, including `Match` lines.
    pub fn directives(&self) -> impl Iterator<Item = &Directive> {
        self.0.records()
    }

    /// The arguments in effect for all connections: for sshd, those of the first line outside `Match`.
    ///
    /// `Include` lines are not followed; an included file would replace its line.
    pub fn effective(&self, keyword: &str) -> Option<Vec<String>> {
        self.directives().find(|d| !d.in_match && d.is(keyword)).map(Directive::arguments)
    }

    /// The same as written, including a comment.
    pub fn get(&self, keyword: &str) -> Option<&str> {
        self.directives().find(|d| !d.in_match && d.is(keyword)).map(|d| d.value.as_str())
    }

    /// The patterns of `Include` lines outside `Match`, in order.
    pub fn includes(&self) -> Vec<String> {
        let global = self.directives().filter(|d| !d.in_match && d.is("include"));
        global.flat_map(Directive::arguments).collect()
    }

    /// The `Match` blocks in order.
    pub fn matches(&self) -> Vec<MatchBlock<'_>> {
        let mut blocks: Vec<MatchBlock<'_>> = Vec::new();
        for directive in self.directives() {
            if directive.is("match") {
                blocks.push(MatchBlock { criteria: directive.arguments(), directives: Vec::new() });
            } else if let Some(block) = blocks.last_mut() {
                block.directives.push(directive);
            }
        }
        blocks
    }

    /// Sets keywords outside `Match`: where they exist (all occurrences, although sshd uses the first), else
    /// in a new line before the first `Match`, or at the end. Returns the changed keywords.
    pub fn update(&mut self, updates: &[(&str, &str)]) -> Result<Vec<String>, Error> {
        let mut changed = Vec::new();
        for &(keyword, value) in updates {
            check(keyword, value)?;
            let mut found = false;
            for line in &mut self.0.lines {
                let Some(directive) = line.record.as_ref().filter(|d| !d.in_match && d.is(keyword)) else {
                    continue;
                };
                found = true;
                if directive.value == value {
                    continue;
                }
                if !changed.iter().any(|known| known == keyword) {
                    changed.push(keyword.to_owned());
                }
                let new = Directive { value: value.to_owned(), ..directive.clone() };
                let text = content(&line.text);
                let indent = &text[..text.len() - text.trim_start().len()];
                let text = format!("{indent}{} {value}", new.keyword);
                line.replace(text.trim_end(), new);
            }
            if !found {
                changed.push(keyword.to_owned());
                let first_match =
                    self.0.lines.iter().position(|line| line.record.as_ref().is_some_and(|d| d.is("match")));
                let at = first_match.unwrap_or(self.0.lines.len());
                let new = Directive { keyword: keyword.to_owned(), value: value.to_owned(), in_match: false };
                self.0.insert(at, format!("{keyword} {value}").trim_end(), Some(new));
            }
        }
        Ok(changed)
    }

    /// Appends directives without changing existing ones: for a file of our own.
    pub fn append(&mut self, lines: &[(&str, &str)]) -> Result<(), Error> {
        for &(keyword, value) in lines {
            check(keyword, value)?;
            let in_match = self.directives().any(|d| d.is("match"));
            let new = Directive { keyword: keyword.to_owned(), value: value.to_owned(), in_match };
            self.0.push(&format!("{keyword} {value}"), Some(new));
        }
        Ok(())
    }
}

fn check(keyword: &str, value: &str) -> Result<(), Error> {
    crate::single_word("keyword", keyword, &['#', '=', '"'])?;
    if value.contains(['\n', '\r', '\0']) {
        return Err(Error::Unwritable {
            field: "value",
            value: value.to_owned(),
            what: "a line end or a NUL",
        });
    }
    Ok(())
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\x0c')
}

/// A keyword, then white space or one `=` with optional white space, then the rest.
fn directive(line: &str) -> IResult<&str, (&str, &str)> {
    let keyword = take_while1(|c: char| !is_blank(c) && !matches!(c, '=' | '#' | '"'));
    let gap = (take_while(is_blank), opt(tag("=")), take_while(is_blank));
    preceded(take_while(is_blank), (keyword, preceded(gap, rest))).parse(line)
}

fn arguments(value: &str) -> Vec<String> {
    fn quoted(input: &str) -> IResult<&str, &str> {
        delimited(tag("\""), take_while(|c| c != '"'), opt(tag("\""))).parse(input)
    }
    fn plain(input: &str) -> IResult<&str, &str> {
        is_not(" \t\r\x0c\"#").parse(input)
    }
    fn word(input: &str) -> IResult<&str, String> {
        let (input, first) = alt((quoted, plain)).parse(input)?;
        // A # inside a word is part of it; one at the start is a comment.
        let (input, more) =
            many0(alt((quoted, take_while1(|c: char| !is_blank(c) && c != '"')))).parse(input)?;
        Ok((input, std::iter::once(first).chain(more).collect()))
    }
    many0(preceded(take_while(is_blank), word)).parse(value).map(|(_, words)| words).unwrap_or_default()
}
