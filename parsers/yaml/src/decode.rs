//! Decodes bytes to text: encodings by byte order mark, and the characters that YAML allows.

use crate::error::{ErrorKind, Fault};
use crate::{Limits, Position};
use std::borrow::Cow;

/// The text of a source. A byte order mark is kept as its first character.
pub(crate) fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, str>, (Fault, String)> {
    if bytes.len() > limits.max_bytes {
        let kind = ErrorKind::Limit { what: "the source is too large", limit: limits.max_bytes };
        return Err((Fault::at(Position { line: 1, column: 1, offset: 0 }, kind), String::new()));
    }
    let text = match bytes {
        [0xff, 0xfe, ..] => Cow::Owned(utf16(bytes, u16::from_le_bytes, "UTF-16 (little endian)")?),
        [0xfe, 0xff, ..] => Cow::Owned(utf16(bytes, u16::from_be_bytes, "UTF-16 (big endian)")?),
        _ => Cow::Borrowed(utf8(bytes)?),
    };
    if let Some((offset, bad)) = text.char_indices().find(|&(_, c)| !is_printable(c)) {
        let kind = ErrorKind::Unprintable(u32::from(bad));
        return Err((Fault::at(end_of(&text[..offset]), kind), text.into_owned()));
    }
    Ok(text)
}

/// The characters of YAML 1.1 according to PyYAML: surrogates, U+FFFE, U+FFFF and controls other than tab,
/// line feed, carriage return and NEL are not allowed.
fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

fn utf8(bytes: &[u8]) -> Result<&str, (Fault, String)> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
        (Fault::at(end_of(&valid), ErrorKind::Encoding { encoding: "UTF-8" }), valid)
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, encoding: &'static str) -> Result<String, (Fault, String)> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let mut valid = odd.is_empty();
    for next in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        if let Ok(c) = next {
            text.push(c);
        } else {
            valid = false;
            break;
        }
    }
    if valid { Ok(text) } else { Err((Fault::at(end_of(&text), ErrorKind::Encoding { encoding }), text)) }
}

/// The end position of a text.
fn end_of(text: &str) -> Position {
    let mut cursor = crate::cursor::Cursor::new(text);
    while !cursor.rest().is_empty() {
        cursor.advance();
    }
    cursor.position()
}
