//! Quoting of values: the two forms of upstream's writers, and one that is always correct.

use crate::Error;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// For editing `/etc/sysconfig` files: only white space requires quotes; a value with shell variables
    /// gets double quotes so that it is still expanded; a value with its own quotes or a `$(…)` is unchanged.
    Sysconf,
    /// For `ifcfg-*` files: white space requires double quotes, unless the value has its own.
    Ifcfg,
    /// For any value: a shell reads exactly these characters.
    Shell,
}

impl Quoting {
    /// The value as written after the `=`.
    pub fn apply(self, name: &str, value: &str) -> Result<String, Error> {
        match self {
            Quoting::Sysconf => sysconf(name, value),
            Quoting::Ifcfg => Ok(ifcfg(value)),
            Quoting::Shell if value.contains('\0') => Err(Error::Unquotable {
                name: name.to_owned(),
                why: "it contains a NUL, which is not possible in a shell variable",
            }),
            Quoting::Shell => Ok(shell_quote(value)),
        }
    }
}

/// The word that a shell reads as this text: unquoted if safe, else in single quotes (like Python's shlex).
pub fn shell_quote(text: &str) -> String {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&b);
    if !text.is_empty() && text.bytes().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

fn ifcfg(value: &str) -> String {
    let own_quotes = value.starts_with('"') && value.ends_with('"');
    if value.contains(char::is_whitespace) && !own_quotes { format!("\"{value}\"") } else { value.to_owned() }
}

fn sysconf(name: &str, value: &str) -> Result<String, Error> {
    let quote_char = |c: char| matches!(c, '"' | '\'');
    if value.starts_with(quote_char) && value.ends_with(quote_char) {
        return match value {
            "\"" => Ok("'\"'".to_owned()),
            "'" => Ok("\"'\"".to_owned()),
            _ => Ok(value.to_owned()),
        };
    }
    let trimmed = value.trim();
    let command = trimmed.starts_with("$(") && trimmed.ends_with(')');
    if command || !value.contains(['\t', '\r', '\n', ' ']) {
        return Ok(value.to_owned());
    }
    if !has_shell_variable(value) {
        return Ok(shell_quote(value));
    }
    if !value.contains(['\n', '"', '\'']) {
        return Ok(format!("\"{value}\""));
    }
    // A shell reads three quotes as an empty string and a quote.
    if !value.contains("\"\"\"") {
        Ok(format!("'''{value}'''"))
    } else if !value.contains("'''") {
        Ok(format!("\"\"\"{value}\"\"\""))
    } else {
        Err(Error::Unquotable { name: name.to_owned(), why: "it contains both kinds of triple quotes" })
    }
}

/// `$name`, `$1` and the like, or `${…}` on one line.
fn has_shell_variable(text: &str) -> bool {
    text.char_indices().filter(|(_, c)| *c == '$').any(|(at, _)| {
        let after = &text[at + 1..];
        match after.chars().next() {
            Some(c) if c.is_ascii_alphanumeric() || "_#?-@*".contains(c) => true,
            Some('{') => {
                after[1..].split('\n').next().is_some_and(|line| line.rfind('}').is_some_and(|end| end > 0))
            }
            _ => false,
        }
    })
}
