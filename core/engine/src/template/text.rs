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
/// The lines of a text; with their ends if wanted.
fn lines(text: &str, ends_too: bool) -> Vec<&str> {
    let ends = |letter: char| {
        matches!(letter, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(ends) {
        let end = if rest[at..].starts_with("\r\n") {
            2
        } else {
            rest[at..].chars().next().map_or(1, char::len_utf8)
        };
        out.push(&rest[..if ends_too { at + end } else { at }]);
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
        (None, Some(limit)) => words(text, limit, from_end).into_iter().map(Value::from).collect(),
        (None, None) => text.split_whitespace().map(Value::from).collect(),
    };
    Some(Value::from(parts))
}

fn trimmed(text: &str, at_end: bool) -> &str {
    if at_end { text.trim_end() } else { text.trim_start() }
}

/// At most so many words of one end, and the rest with the white space at its other end.
fn words(text: &str, limit: usize, from_end: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = trimmed(text, from_end);
    while parts.len() < limit && !rest.is_empty() {
        let at = if from_end { rest.rfind(char::is_whitespace) } else { rest.find(char::is_whitespace) };
        let Some(at) = at else { break };
        let width = rest[at..].chars().next().map_or(1, char::len_utf8);
        let (word, other) =
            if from_end { (&rest[at + width..], &rest[..at]) } else { (&rest[..at], &rest[at..]) };
        parts.push(word);
        rest = trimmed(other, from_end);
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    if from_end {
        parts.reverse();
    }
    parts
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
        "splitlines" => {
            Some(lines(text, args.first().is_some_and(Value::is_true)).into_iter().map(Value::from).collect())
        }
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
        "istitle" => Some(Value::from(is_title(text))),
        _ => return None,
    };
    Some(value.ok_or_else(|| wrong(name)))
}

/// Whether each word begins with the only upper-case letter in it, and there is one.
fn is_title(text: &str) -> bool {
    let mut before = false;
    let mut found = false;
    for letter in text.chars() {
        if (letter.is_uppercase() && before) || (letter.is_lowercase() && !before) {
            return false;
        }
        before = letter.is_uppercase() || letter.is_lowercase();
        found |= before;
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A text, a method, its arguments, and what Python 3 gives, each in JSON.
    const PYTHON: &[(&str, &str, &str, &str)] = &[
        ("hello wORLD it's", "title", "[]", r#""Hello World It'S""#),
        ("hELLO", "capitalize", "[]", r#""Hello""#),
        ("", "capitalize", "[]", r#""""#),
        ("aBc1ß", "swapcase", "[]", r#""AbC1SS""#),
        ("a\nb\r\nc\u{b}d", "splitlines", "[]", r#"["a", "b", "c", "d"]"#),
        ("a,b,,c", "split", r#"[","]"#, r#"["a", "b", "", "c"]"#),
        ("a,b,,c", "split", r#"[",", 1]"#, r#"["a", "b,,c"]"#),
        ("a,b,,c", "rsplit", r#"[",", 1]"#, r#"["a,b,", "c"]"#),
        ("  a  b c ", "split", "[]", r#"["a", "b", "c"]"#),
        ("  a  b c ", "split", "[null, 1]", r#"["a", "b c "]"#),
        ("  a  b c ", "rsplit", "[null, 1]", r#"["  a  b", "c"]"#),
        ("a=b=c", "partition", r#"["="]"#, r#"["a", "=", "b=c"]"#),
        ("a=b=c", "rpartition", r#"["="]"#, r#"["a=b", "=", "c"]"#),
        ("abc", "partition", r#"["x"]"#, r#"["abc", "", ""]"#),
        ("abc", "rpartition", r#"["x"]"#, r#"["", "", "abc"]"#),
        ("abc", "startswith", r#"["ab"]"#, "true"),
        ("abc", "startswith", r#"["b"]"#, "false"),
        ("abc", "endswith", r#"["bc"]"#, "true"),
        ("abc", "endswith", r#"["ab"]"#, "false"),
        ("abc", "removeprefix", r#"["a"]"#, r#""bc""#),
        ("abc", "removeprefix", r#"["b"]"#, r#""abc""#),
        ("abc", "removesuffix", r#"["c"]"#, r#""ab""#),
        ("abc", "removesuffix", r#"["b"]"#, r#""abc""#),
        ("aaa", "replace", r#"["a", "b"]"#, r#""bbb""#),
        ("aaa", "replace", r#"["a", "b", 2]"#, r#""bba""#),
        ("-", "join", r#"[["x", "y"]]"#, r#""x-y""#),
        ("banana", "count", r#"["an"]"#, "2"),
        ("äbc", "count", r#"[""]"#, "4"),
        ("äbc", "find", r#"["b"]"#, "1"),
        ("äbc", "find", r#"["x"]"#, "-1"),
        ("abab", "rfind", r#"["b"]"#, "3"),
        ("äbä", "index", r#"["ä"]"#, "0"),
        ("äbä", "rindex", r#"["ä"]"#, "2"),
        ("ab", "ljust", "[5]", r#""ab   ""#),
        ("ab", "ljust", r#"[5, "*"]"#, r#""ab***""#),
        ("ab", "rjust", "[5]", r#""   ab""#),
        ("ab", "rjust", "[1]", r#""ab""#),
        ("ab", "center", "[5]", r#""  ab ""#),
        ("ab", "center", r#"[6, "-"]"#, r#""--ab--""#),
        ("abc", "center", "[6]", r#"" abc  ""#),
        ("-7", "zfill", "[5]", r#""-0007""#),
        ("+7", "zfill", "[4]", r#""+007""#),
        ("7", "zfill", "[3]", r#""007""#),
        ("a\tbc\td", "expandtabs", "[]", r#""a       bc      d""#),
        ("a\tbc\nx\td", "expandtabs", "[4]", r#""a   bc\nx   d""#),
        ("a\tb", "expandtabs", "[0]", r#""ab""#),
        ("12", "isdigit", "[]", "true"),
        ("1a", "isdigit", "[]", "false"),
        ("", "isdigit", "[]", "false"),
        ("aä", "isalpha", "[]", "true"),
        ("a1", "isalpha", "[]", "false"),
        ("a1", "isalnum", "[]", "true"),
        ("a-", "isalnum", "[]", "false"),
        (" \t", "isspace", "[]", "true"),
        ("A1", "isupper", "[]", "true"),
        ("Ab", "isupper", "[]", "false"),
        ("1", "isupper", "[]", "false"),
        ("A Bc", "istitle", "[]", "true"),
        ("A bc", "istitle", "[]", "false"),
        ("AB", "istitle", "[]", "false"),
        ("1", "istitle", "[]", "false"),
        ("a1", "islower", "[]", "true"),
        ("aB", "islower", "[]", "false"),
        ("xxaxx", "strip", r#"["x"]"#, r#""a""#),
        ("xxaxx", "lstrip", r#"["x"]"#, r#""axx""#),
        ("xxaxx", "rstrip", r#"["x"]"#, r#""xxa""#),
        (" a ", "strip", "[]", r#""a""#),
        ("ÄB", "lower", "[]", r#""äb""#),
        ("äb", "upper", "[]", r#""ÄB""#),
    ];

    fn value(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::String(text) => Value::from(text.as_str()),
            serde_json::Value::Array(items) => items.iter().map(value).collect(),
            other => other.as_i64().map_or_else(Value::default, Value::from),
        }
    }

    fn called(text: &str, name: &str, args: &str) -> Option<Result<Value, Error>> {
        let args: Vec<serde_json::Value> = serde_json::from_str(args).expect("JSON");
        method(text, name, &args.iter().map(value).collect::<Vec<_>>())
    }

    #[test]
    fn methods_do_what_pythons_do() {
        for (text, name, args, expected) in PYTHON {
            let found = called(text, name, args).expect("known").expect("valid");
            let found = serde_json::to_value(&found).expect("JSON");
            let expected: serde_json::Value = serde_json::from_str(expected).expect("JSON");
            assert_eq!(found, expected, "{text:?}.{name}({args})");
        }
    }

    /// Python raises ValueError or TypeError; str.startswith accepts a tuple.
    #[test]
    fn wrong_arguments_are_errors_and_unknown_methods_are_none() {
        for (text, name, args) in [
            ("a", "split", r#"[""]"#),
            ("a", "partition", r#"[""]"#),
            ("a", "startswith", "[]"),
            ("a", "startswith", "[1]"),
            ("abc", "index", r#"["x"]"#),
            ("a", "ljust", r#"["x"]"#),
            ("a", "join", "[[1]]"),
        ] {
            assert!(called(text, name, args).expect("known").is_err(), "{text:?}.{name}({args})");
        }
        assert!(called("a", "explode", "[]").is_none());
        for (heads, expected) in [(r#"[["x", "a"]]"#, true), (r#"[["x"]]"#, false), ("[[]]", false)] {
            let found = called("abc", "startswith", heads).expect("known").expect("valid");
            assert_eq!(found.is_true(), expected, "{heads}");
        }
    }
}
