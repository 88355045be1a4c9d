//! Converts the grammar's pairs to lines with a meaning.

use pest::{Parser as _, error::LineColLocation, iterators::Pair};

use crate::{Error, Interfaces, Kind, Line, MAX_BYTES, Meaning, Stanza};

/// The derive creates public items without documentation.
#[allow(missing_docs)]
mod derived {
    #[derive(pest_derive::Parser)]
    #[grammar = "interfaces.pest"]
    pub(super) struct Grammar;
}
use derived::{Grammar, Rule};

pub(crate) fn parse(bytes: &[u8]) -> Result<Interfaces, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLarge(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(&bytes[..error.valid_up_to()]))?;
    let pairs = Grammar::parse(Rule::file, text).map_err(|error| {
        let (LineColLocation::Pos((line, column)) | LineColLocation::Span((line, column), _)) =
            error.line_col;
        Error::Syntax { line, column, why: "invalid line".to_owned() }
    })?;
    let mut lines = Vec::new();
    let (mut number, mut open) = (1, false);
    for pair in pairs.flat_map(Pair::into_inner) {
        let text = pair.as_str().to_owned();
        let meaning = match pair.as_rule() {
            Rule::comment | Rule::blank => Meaning::Trivia,
            Rule::logical => meaning(pair.as_str(), number, &mut open)?,
            _ => continue,
        };
        number += text.matches('\n').count();
        lines.push(Line { text, meaning });
    }
    Ok(Interfaces { lines })
}

fn not_utf8(before: &[u8]) -> Error {
    let line = before.split(|b| *b == b'\n').count();
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    Error::NotUtf8 { line, column: before.len() - start + 1 }
}

/// A line is interpreted after joining: a backslash may even split a keyword.
fn meaning(text: &str, line: usize, open: &mut bool) -> Result<Meaning, Error> {
    let whole = joined(text);
    let column = text.chars().take_while(|c| c.is_whitespace()).count() + 1;
    let fail = |why| Error::Syntax { line, column, why };
    match Grammar::parse(Rule::statement, &whole).ok().and_then(|mut pairs| pairs.next()) {
        Some(pair) => statement(pair, line, open).map_err(fail),
        // Backslashes that join nothing.
        None if whole.trim().is_empty() => Ok(Meaning::Trivia),
        None => Err(fail("invalid line".to_owned())),
    }
}

/// Parses a statement. `open` is whether it follows a stanza that accepts options.
fn statement(pair: Pair<'_, Rule>, line: usize, open: &mut bool) -> Result<Meaning, String> {
    let Some(inner) = pair.into_inner().next() else {
        return Err("the line is empty".to_owned());
    };
    let rule = inner.as_rule();
    let keyword = inner.as_str().split_whitespace().next().unwrap_or_default().to_owned();
    let mut words: Vec<String> = Vec::new();
    let mut class = "auto".to_owned();
    for part in inner.into_inner() {
        match part.as_rule() {
            Rule::word | Rule::value => words.push(part.as_str().to_owned()),
            Rule::class => part.as_str().strip_prefix("allow-").unwrap_or_default().clone_into(&mut class),
            _ => {}
        }
    }
    if rule == Rule::option {
        let mut words = words.into_iter();
        let name = words.next().unwrap_or_default();
        if !*open {
            return Err(format!("option {name:?} without an iface or mapping stanza above it"));
        }
        let value = words.next().unwrap_or_default().trim().to_owned();
        return Ok(Meaning::Option(name, value));
    }
    if words.is_empty() && !matches!(rule, Rule::allow | Rule::no_auto_down | Rule::no_scripts) {
        return Err(format!("{keyword} requires at least one argument"));
    }
    *open = matches!(rule, Rule::iface | Rule::template | Rule::mapping);
    let kind = match rule {
        Rule::allow => Kind::Allow { class, interfaces: words },
        Rule::no_auto_down => Kind::NoAutoDown(words),
        Rule::no_scripts => Kind::NoScripts(words),
        Rule::source => Kind::Source(words),
        Rule::source_directory => Kind::SourceDirectory(words),
        Rule::mapping => Kind::Mapping(words),
        Rule::rename => Kind::Rename(renames(words)?),
        Rule::template => template(words)?,
        _ => iface(words)?,
    };
    Ok(Meaning::Head(Stanza { kind, options: Vec::new(), line }))
}

/// Joins the text to one line. A backslash at the end of the file is removed.
fn joined(text: &str) -> String {
    let text = text.strip_suffix('\\').unwrap_or(text);
    text.replace("\\\r\n", "").replace("\\\n", "")
}

fn renames(words: Vec<String>) -> Result<Vec<(String, String)>, String> {
    let pair = |word: String| match word.split_once('=') {
        Some((from, to)) => Ok((from.to_owned(), to.to_owned())),
        None => Err(format!("rename requires CUR=NEW, found {word:?}")),
    };
    words.into_iter().map(pair).collect()
}

/// `NAME [FAMILY METHOD] [inherits NAME]`.
fn iface(words: Vec<String>) -> Result<Kind, String> {
    let (words, inherits) = inheritance(words)?;
    match &words[..] {
        [name] => Ok(Kind::Iface { name: name.clone(), family: None, method: None, inherits }),
        [name, family, method] => Ok(Kind::Iface {
            name: name.clone(),
            family: Some(family.clone()),
            method: Some(method.clone()),
            inherits,
        }),
        [] => Err("iface requires a name".to_owned()),
        [_, _] => Err("iface requires a method after the address family".to_owned()),
        [_, _, _, extra, ..] => Err(format!("unexpected argument of iface: {extra:?}")),
    }
}

fn template(words: Vec<String>) -> Result<Kind, String> {
    let (words, inherits) = inheritance(words)?;
    match &words[..] {
        [name] => Ok(Kind::Template { name: name.clone(), inherits }),
        _ => Err("template requires a name, optionally followed by «inherits NAME»".to_owned()),
    }
}

/// Splits off a final `inherits NAME`. The first word is a name, even if it is `inherits`.
fn inheritance(mut words: Vec<String>) -> Result<(Vec<String>, Option<String>), String> {
    let Some(at) = words.iter().skip(1).position(|word| word == "inherits") else { return Ok((words, None)) };
    let base = words.split_off(at + 1);
    match &base[..] {
        [_, base] => Ok((words, Some(base.clone()))),
        _ => Err("inherits requires exactly one name".to_owned()),
    }
}
