//! JSON in upstream's format: sorted keys, indentation by one space, non-ASCII characters escaped.

use std::io::{self, Write};
use std::path::Path;

use model::Order as _;
use model::System;
use model::effects::{Attributes, FileError};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, PrettyFormatter};

use crate::state;

struct Python<'a>(PrettyFormatter<'a>);

impl Formatter for Python<'_> {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut units = [0_u16; 2];
        for letter in fragment.chars() {
            if letter.is_ascii() && letter != '\u{7f}' {
                writer.write_all(&[letter as u8])?;
            } else if letter == '\u{7f}' {
                writer.write_all(b"\x7f")?;
            } else {
                for unit in letter.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

/// A value whose keys are written in order, at all levels.
struct Sorted<'v>(&'v Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => {
                let mut entries: Vec<(&String, &Value)> = map.iter().collect();
                entries.order_by(|a, b| a.0.cmp(b.0));
                serializer.collect_map(entries.into_iter().map(|(key, value)| (key, Sorted(value))))
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Sorted)),
            other => other.serialize(serializer),
        }
    }
}

/// The document as text, without a final newline.
pub fn dumps(value: &Value) -> String {
    indented(value, " ")
}

/// The document with another indentation: `status` uses two spaces.
pub fn indented(value: &Value, indent: &str) -> String {
    let mut out = Vec::new();
    let formatter = Python(PrettyFormatter::with_indent(indent.as_bytes()));
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    // Writing plain data to memory cannot fail.
    let _ = Sorted(value).serialize(&mut serializer);
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Writes the document with a final newline.
pub fn write(system: &System, path: &Path, value: &Value, attributes: &Attributes) -> Result<(), FileError> {
    let mut text = dumps(value);
    text.push('\n');
    state::write(system, path, text.as_bytes(), attributes)
}

/// Reads a document of our own state; `None` if it is missing, invalid or far too large.
pub fn read(system: &System, path: &Path) -> Option<Value> {
    serde_json::from_slice(&state::read(system, path)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_python_writes_it() {
        // json.dumps(x, indent=1, sort_keys=True, separators=(",", ": "))
        let value = serde_json::json!({"b": [1, {}], "a": "ü😀\n", "c": 1.5});
        assert_eq!(
            dumps(&value),
            "{\n \"a\": \"\\u00fc\\ud83d\\ude00\\n\",\n \"b\": [\n  1,\n  {}\n ],\n \"c\": 1.5\n}"
        );
    }
}
