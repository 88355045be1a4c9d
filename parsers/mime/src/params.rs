//! Parameters of Content-Type and Content-Disposition, with the continuations and charsets of RFC 2231.

use nom::{
    IResult, Parser,
    bytes::complete::{tag, take_while1},
    combinator::{eof, opt},
    sequence::{preceded, terminated},
};

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A plain or quoted value, without its quotes.
    Plain(String),
    /// An RFC 2231 value: its text has one character (below U+0100) per encoded byte.
    Extended {
        /// The charset, if the value has one.
        charset: Option<String>,
        /// The language, if the value has one.
        language: Option<String>,
        /// The text.
        text: String,
    },
}

impl Value {
    /// The value as text, decoded from its charset. With an unknown charset the text is unchanged.
    ///
    /// A second pair of quotes is removed from a plain value, like Python's `collapse_rfc2231_value`.
    pub fn collapse(&self) -> String {
        match self {
            Value::Plain(text) => unquote(text),
            Value::Extended { charset, text, .. } => {
                decode_charset(charset.as_deref().unwrap_or("us-ascii"), &raw_unicode_escape(text))
                    .unwrap_or_else(|| unquote(text))
            }
        }
    }
}

/// `name="value"` for a header; non-ASCII values as `name*=utf-8''…` (RFC 2231).
pub fn format_parameter(name: &str, value: &str) -> String {
    if value.is_empty() {
        name.to_owned()
    } else if value.is_ascii() {
        format!("{name}=\"{}\"", quote(value))
    } else {
        let mut out = format!("{name}*=utf-8''");
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    }
}

/// Finds a parameter of a header's value. The value before the first `;` also counts as a parameter.
pub(crate) fn lookup(header: &str, wanted: &str) -> Option<Value> {
    let wanted = wanted.to_lowercase();
    let mut segments = Vec::new();
    for (index, (name, value)) in split(header).into_iter().enumerate() {
        if index > 0
            && let Some((base, number)) = continuation(&name)
        {
            if base.to_lowercase() == wanted {
                segments.push(Segment { number, text: unquote(&value), encoded: name.ends_with('*') });
            }
        } else if name.to_lowercase() == wanted {
            return Some(Value::Plain(unquote(&value)));
        }
    }
    (!segments.is_empty()).then(|| join(segments))
}

/// A piece of a continued value, ordered for joining.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Segment {
    /// Digits without leading zeros after their count, so that comparison works for numbers of any size.
    number: Option<(usize, String)>,
    text: String,
    encoded: bool,
}

fn join(mut segments: Vec<Segment>) -> Value {
    segments.sort();
    let extended = segments.iter().any(|segment| segment.encoded);
    let mut text = String::new();
    for segment in segments {
        text.push_str(&if segment.encoded { percent_decode(&segment.text) } else { segment.text });
    }
    if !extended {
        return Value::Plain(text);
    }
    let quoted = quote(&text);
    let mut pieces = quoted.splitn(3, '\'');
    if let (Some(charset), Some(language), Some(rest)) = (pieces.next(), pieces.next(), pieces.next()) {
        let text = unquote(&format!("\"{rest}\""));
        return Value::Extended { charset: Some(charset.into()), language: Some(language.into()), text };
    }
    Value::Extended { charset: None, language: None, text }
}

/// Splits at each `;` outside quotes, then at the first `=`, with names in lower case.
fn split(header: &str) -> Vec<(String, String)> {
    let mut pieces = Vec::new();
    let (mut start, mut odd, mut previous) = (0, false, 0);
    for (at, byte) in header.bytes().enumerate() {
        match byte {
            b'"' if previous != b'\\' => odd = !odd,
            b';' if !odd => {
                pieces.push(&header[start..at]);
                start = at + 1;
                previous = 0;
                continue;
            }
            _ => {}
        }
        previous = byte;
    }
    pieces.push(&header[start..]);
    pieces.into_iter().map(name_and_value).collect()
}

fn name_and_value(piece: &str) -> (String, String) {
    match piece.split_once('=') {
        Some((name, value)) => (strip(name).to_lowercase(), strip(value).to_owned()),
        None => (strip(piece).to_owned(), String::new()),
    }
}

/// `name*`, `name*0` or `name*0*`: the name and the number.
fn continuation(name: &str) -> Option<(String, Option<(usize, String)>)> {
    fn grammar(input: &str) -> IResult<&str, (&str, Option<&str>)> {
        let word = take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let number = terminated(take_while1(|c: char| c.is_ascii_digit()), opt(tag("*")));
        terminated((word, preceded(tag("*"), opt(number))), eof).parse(input)
    }
    let (_, (base, number)) = grammar(name).ok()?;
    let number = number.map(|digits| {
        let digits = digits.trim_start_matches('0');
        (digits.len(), digits.to_owned())
    });
    Some((base.to_owned(), number))
}

/// `%XX` becomes the character with that code; anything else is kept.
fn percent_decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = &rest[at + 3..];
            }
            None => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Python's raw-unicode-escape: Latin-1, and `\uXXXX` for everything else.
fn raw_unicode_escape(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match (u8::try_from(c), u32::from(c)) {
            (Ok(byte), _) => out.push(byte),
            (_, code @ ..=0xffff) => out.extend_from_slice(format!("\\u{code:04x}").as_bytes()),
            (_, code) => out.extend_from_slice(format!("\\U{code:08x}").as_bytes()),
        }
    }
    out
}

fn decode_charset(name: &str, bytes: &[u8]) -> Option<String> {
    match name.to_ascii_lowercase().replace('_', "-").as_str() {
        "us-ascii" | "ascii" => {
            Some(bytes.iter().map(|&b| if b < 128 { char::from(b) } else { '\u{fffd}' }).collect())
        }
        "utf-8" | "utf8" => Some(String::from_utf8_lossy(bytes).into_owned()),
        "iso-8859-1" | "latin-1" | "latin1" | "iso8859-1" => {
            Some(bytes.iter().map(|&b| char::from(b)).collect())
        }
        _ => None,
    }
}

fn quote(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn unquote(text: &str) -> String {
    if text.len() > 1 {
        if let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
            return inner.replace("\\\\", "\\").replace("\\\"", "\"");
        }
        if let Some(inner) = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')) {
            return inner.to_owned();
        }
    }
    text.to_owned()
}

/// Unlike Rust, Python counts ASCII's four separators as white space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

pub(crate) fn strip_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}
