//! The methods of Python's str.

use minijinja::value::Value;
use minijinja::{Error, ErrorKind};

use super::python::{centred, tuple};

/// The maximum width.
const MAX_WIDTH: usize = 100_000;

fn wrong(method: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("wrong arguments for {method}()"))
}

/// Splits lines like Python.
fn lines(text: &str) -> Vec<&str> {
    let ends = |letter: char| {
        matches!(letter, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(ends) {
        out.push(&rest[..at]);
        let end = if rest[at..].starts_with("\r\n") {
            2
        } else {
            rest[at..].chars().next().map_or(1, char::len_utf8)
        };
        rest = &rest[at + end..];
    }
    if !rest.is_empty() {
        out.push(rest);
    }
    out
}

fn position(text: &str, byte: Option<usize>) -> i64 {
    byte.map_or(-1, |at| i64::try_from(text[..at].chars().count()).unwrap_or(i64::MAX))
}

fn title(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for letter in text.chars() {
        if inside {
            out.extend(letter.to_lowercase());
        } else {
            out.extend(letter.to_uppercase());
        }
        inside = letter.is_alphabetic();
    }
    out
}

fn capitalize(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect()
    })
}

fn cased(text: &str, upper: bool) -> bool {
    let mut letters = text.chars().filter(|letter| letter.is_uppercase() || letter.is_lowercase()).peekable();
    letters.peek().is_some()
        && letters.all(|letter| if upper { letter.is_uppercase() } else { letter.is_lowercase() })
}

fn every(text: &str, test: impl Fn(char) -> bool) -> Value {
    Value::from(!text.is_empty() && text.chars().all(test))
}

fn affix(args: &[Value], test: impl Fn(&str) -> bool) -> Option<bool> {
    let first = args.first()?;
    match first.as_str() {
        Some(word) => Some(test(word)),
        None => Some(first.try_iter().ok()?.any(|word| word.as_str().is_some_and(&test))),
    }
}

fn split(text: &str, args: &[Value], from_end: bool) -> Option<Value> {
    let limit = args.get(1).and_then(Value::as_i64).and_then(|limit| usize::try_from(limit).ok());
    let by = args.first().and_then(Value::as_str);
    if by == Some("") {
        return None;
    }
    let parts: Vec<Value> = match (by, limit) {
        (Some(by), Some(limit)) if from_end => {
            let mut parts: Vec<Value> = text.rsplitn(limit + 1, by).map(Value::from).collect();
            parts.reverse();
            parts
        }
        (Some(by), Some(limit)) => text.splitn(limit + 1, by).map(Value::from).collect(),
        (Some(by), None) => text.split(by).map(Value::from).collect(),
        (None, Some(limit)) if !from_end => {
            let mut parts = Vec::new();
            let mut rest = text.trim();
            while parts.len() < limit {
                let Some(at) = rest.find(char::is_whitespace) else { break };
                parts.push(Value::from(&rest[..at]));
                rest = rest[at..].trim_start();
            }
            if !rest.is_empty() {
                parts.push(Value::from(rest));
            }
            parts
        }
        (None, _) => text.split_whitespace().map(Value::from).collect(),
    };
    Some(Value::from(parts))
}

fn partition(text: &str, by: &str, from_end: bool) -> Value {
    let found = if from_end { text.rsplit_once(by) } else { text.split_once(by) };
    let parts = match found {
        Some((before, behind)) => [before, by, behind],
        None if from_end => ["", "", text],
        None => [text, "", ""],
    };
    tuple(parts.map(Value::from).to_vec())
}

fn padded(text: &str, args: &[Value], name: &str) -> Option<String> {
    let width = args.first()?.as_usize()?.min(MAX_WIDTH);
    let fill = match args.get(1) {
        Some(fill) => fill.as_str()?.chars().next()?,
        None if name == "zfill" => '0',
        None => ' ',
    };
    let pad = fill.to_string().repeat(width.saturating_sub(text.chars().count()));
    Some(match name {
        "ljust" => format!("{text}{pad}"),
        "rjust" => format!("{pad}{text}"),
        "center" => centred(text, width, fill),
        _ => match text.strip_prefix(['-', '+']) {
            Some(rest) => format!("{}{pad}{rest}", &text[..1]),
            None => format!("{pad}{text}"),
        },
    })
}

fn stripped<'t>(text: &'t str, args: &[Value], name: &str) -> &'t str {
    let letters = args.first().and_then(Value::as_str);
    let unwanted = |letter: char| letters.map_or(letter.is_whitespace(), |letters| letters.contains(letter));
    let text = if name == "rstrip" { text } else { text.trim_start_matches(unwanted) };
    if name == "lstrip" { text } else { text.trim_end_matches(unwanted) }
}

/// Calls a method; `None` if it does not exist.
pub(super) fn method(text: &str, name: &str, args: &[Value]) -> Option<Result<Value, Error>> {
    let word = |index: usize| args.get(index).and_then(Value::as_str);
    let value = match name {
        "format" => return Some(super::format::braces(text, args).map(Value::from)),
        "strip" | "lstrip" | "rstrip" => Some(Value::from(stripped(text, args, name))),
        "lower" | "casefold" => Some(Value::from(text.to_lowercase())),
        "upper" => Some(Value::from(text.to_uppercase())),
        "title" => Some(Value::from(title(text))),
        "capitalize" => Some(Value::from(capitalize(text))),
        "swapcase" => Some(Value::from(
            text.chars()
                .flat_map(|letter| {
                    let swapped: String = if letter.is_uppercase() {
                        letter.to_lowercase().collect()
                    } else {
                        letter.to_uppercase().collect()
                    };
                    swapped.chars().collect::<Vec<_>>()
                })
                .collect::<String>(),
        )),
        "splitlines" => Some(lines(text).into_iter().map(Value::from).collect()),
        "split" | "rsplit" => split(text, args, name == "rsplit"),
        "partition" | "rpartition" => {
            word(0).filter(|by| !by.is_empty()).map(|by| partition(text, by, name == "rpartition"))
        }
        "startswith" => affix(args, |head| text.starts_with(head)).map(Value::from),
        "endswith" => affix(args, |tail| text.ends_with(tail)).map(Value::from),
        "removeprefix" => word(0).map(|head| Value::from(text.strip_prefix(head).unwrap_or(text))),
        "removesuffix" => word(0).map(|tail| Value::from(text.strip_suffix(tail).unwrap_or(text))),
        "replace" => word(0).zip(word(1)).map(|(from, to)| match args.get(2).and_then(Value::as_usize) {
            Some(count) => Value::from(text.replacen(from, to, count)),
            None => Value::from(text.replace(from, to)),
        }),
        "join" => args.first().and_then(|items| items.try_iter().ok()).and_then(|items| {
            let words: Option<Vec<String>> = items.map(|item| item.as_str().map(str::to_owned)).collect();
            Some(Value::from(words?.join(text)))
        }),
        "count" => word(0).map(|part| {
            Value::from(if part.is_empty() { text.chars().count() + 1 } else { text.matches(part).count() })
        }),
        "find" => word(0).map(|part| Value::from(position(text, text.find(part)))),
        "rfind" => word(0).map(|part| Value::from(position(text, text.rfind(part)))),
        "index" => word(0).and_then(|part| text.find(part)).map(|at| Value::from(position(text, Some(at)))),
        "rindex" => word(0).and_then(|part| text.rfind(part)).map(|at| Value::from(position(text, Some(at)))),
        "ljust" | "rjust" | "center" | "zfill" => padded(text, args, name).map(Value::from),
        "expandtabs" => {
            Some(Value::from(expanded(text, args.first().and_then(Value::as_usize).unwrap_or(8))))
        }
        "isdigit" | "isdecimal" | "isnumeric" => Some(every(text, |letter| letter.is_ascii_digit())),
        "isalpha" => Some(every(text, char::is_alphabetic)),
        "isalnum" => Some(every(text, char::is_alphanumeric)),
        "isspace" => Some(every(text, char::is_whitespace)),
        "isupper" => Some(Value::from(cased(text, true))),
        "islower" => Some(Value::from(cased(text, false))),
        _ => return None,
    };
    Some(value.ok_or_else(|| wrong(name)))
}

fn expanded(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for letter in text.chars() {
        match letter {
            '\t' if width == 0 => {}
            '\t' => {
                let count = width.min(MAX_WIDTH) - column % width.min(MAX_WIDTH);
                out.push_str(&" ".repeat(count));
                column += count;
            }
            '\n' | '\r' => {
                out.push(letter);
                column = 0;
            }
            _ => {
                out.push(letter);
                column += 1;
            }
        }
    }
    out
}
