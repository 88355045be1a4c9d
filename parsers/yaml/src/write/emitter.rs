//! Layout: indentation, indicators, and line breaks.

use super::Style;
use super::analysis::Analysis;
use super::represent::{Scalar, ordered, ordered_set, scalar};
use crate::Value;
use crate::resolve::{Tag, resolve};

/// A longer key, including its tag, is written after `?`.
const LONGEST_SIMPLE_KEY: usize = 128;

/// The position of a node.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    Root,
    Item,
    /// A key before a `:` on the same line.
    SimpleKey,
    /// A key after `?`, or any value of a mapping.
    Mapping,
}

/// The text so far and the state of its end.
pub(super) struct Emitter<'a> {
    style: &'a Style,
    pub(super) out: String,
    pub(super) column: usize,
    /// The last character was blank.
    pub(super) whitespace: bool,
    /// This line contains only spaces, `-`, `?` and `:` so far.
    pub(super) indention: bool,
    /// Only `...` can mark the end of the last scalar.
    pub(super) open_ended: bool,
    /// The indentation; `None` outside the root.
    pub(super) indent: Option<usize>,
}

/// A scalar with its style.
struct Decided {
    text: Vec<char>,
    analysis: Analysis,
    scalar: Scalar,
}

impl Decided {
    fn new(scalar: Scalar) -> Self {
        let text: Vec<char> = scalar.text.chars().collect();
        Decided { analysis: Analysis::of(&text), text, scalar }
    }

    /// Whether this fits before a `:` on the same line.
    fn is_simple_key(&self) -> bool {
        let length = self.text.len() + self.scalar.tag.shown().len();
        length < LONGEST_SIMPLE_KEY && !self.analysis.empty && !self.analysis.multiline
    }
}

impl<'a> Emitter<'a> {
    pub(super) fn new(style: &'a Style) -> Self {
        Emitter {
            style,
            out: String::new(),
            column: 0,
            whitespace: true,
            indention: true,
            open_ended: false,
            indent: None,
        }
    }

    fn step(&self) -> usize {
        if (2..10).contains(&self.style.indent) { self.style.indent } else { 2 }
    }

    pub(super) fn width(&self) -> usize {
        if self.style.width > self.step() * 2 { self.style.width } else { 80 }
    }

    pub(super) fn document(mut self, value: &Value) -> String {
        if self.style.explicit_start {
            self.indicator("---", false, false);
        }
        self.node(value, Place::Root);
        self.new_line();
        if self.style.explicit_end || self.open_ended {
            self.indicator("...", false, false);
            self.new_line();
        }
        self.out
    }

    fn node(&mut self, value: &Value, place: Place) {
        match value {
            Value::Seq(items) if items.is_empty() => self.empty("[", "]"),
            Value::Map(entries) if entries.is_empty() => self.empty("{", "}"),
            Value::Seq(items) => self.sequence(items.iter().map(|item| &item.value), place),
            Value::Map(entries) => self.mapping(ordered(entries, self.style.sort_keys).into_iter()),
            Value::Set(members) => {
                self.indicator("!!set", false, false);
                if members.is_empty() {
                    return self.empty("{", "}");
                }
                let members = ordered_set(members, self.style.sort_keys);
                self.mapping(members.into_iter().map(|member| (member, &Value::Null)));
            }
            value => {
                if let Some(scalar) = scalar(value) {
                    self.scalar(&Decided::new(scalar), place);
                }
            }
        }
    }

    fn empty(&mut self, open: &str, close: &str) {
        self.indicator(open, true, false);
        self.write(close);
        self.whitespace = false;
        self.indention = false;
        self.open_ended = false;
    }

    /// Runs a function one level deeper.
    fn deeper(&mut self, first: usize, step: usize, inside: impl FnOnce(&mut Self)) {
        let outer = self.indent;
        self.indent = Some(outer.map_or(first, |indent| indent + step));
        inside(self);
        self.indent = outer;
    }

    fn sequence<'v>(&mut self, items: impl Iterator<Item = &'v Value>, place: Place) {
        // Below a key, the dashes have the key's indentation.
        let indentless = matches!(place, Place::Mapping | Place::SimpleKey) && !self.indention;
        let step = if indentless { 0 } else { self.step() };
        self.deeper(0, step, |emitter| {
            for item in items {
                emitter.new_line();
                emitter.indicator("-", false, true);
                emitter.node(item, Place::Item);
            }
        });
    }

    fn mapping<'v>(&mut self, entries: impl Iterator<Item = (&'v Value, &'v Value)>) {
        self.deeper(0, self.step(), |emitter| {
            for (key, value) in entries {
                emitter.new_line();
                match scalar(key).map(Decided::new) {
                    Some(decided) if decided.is_simple_key() => {
                        emitter.scalar(&decided, Place::SimpleKey);
                        emitter.colon();
                    }
                    None if is_empty_collection(key) => {
                        emitter.node(key, Place::SimpleKey);
                        emitter.colon();
                    }
                    decided => {
                        emitter.indicator("?", false, true);
                        match decided {
                            Some(decided) => emitter.scalar(&decided, Place::Mapping),
                            None => emitter.node(key, Place::Mapping),
                        }
                        emitter.new_line();
                        emitter.indicator(":", false, true);
                    }
                }
                emitter.node(value, Place::Mapping);
            }
        });
    }

    /// The `:` right after a key.
    fn colon(&mut self) {
        self.write(":");
        self.whitespace = false;
        self.indention = false;
        self.open_ended = false;
    }

    fn scalar(&mut self, decided: &Decided, place: Place) {
        let Decided { text, analysis, scalar } = decided;
        let key = place == Place::SimpleKey;
        let fits_key = !(key && (analysis.empty || analysis.multiline));
        let plain = !scalar.literal && resolve(&scalar.text) == scalar.tag && analysis.plain && fits_key;
        if !plain && scalar.tag != Tag::Str {
            self.indicator(&scalar.tag.shown(), false, false);
        }
        self.deeper(self.step(), self.step(), |emitter| {
            if plain {
                emitter.open_ended |= place == Place::Root;
                emitter.plain(text, !key);
            } else if scalar.literal && !key && analysis.block {
                emitter.literal(text);
            } else if !scalar.literal && analysis.single_quoted && !(key && analysis.multiline) {
                emitter.single_quoted(text, !key);
            } else {
                emitter.double_quoted(text, !key);
            }
        });
    }

    /// Appends to the current line.
    pub(super) fn write(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    /// Writes an indicator, preceded by a space if necessary.
    pub(super) fn indicator(&mut self, indicator: &str, whitespace: bool, indention: bool) {
        if !self.whitespace {
            self.write(" ");
        }
        self.write(indicator);
        self.whitespace = whitespace;
        self.indention &= indention;
        self.open_ended = false;
    }

    pub(super) fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.whitespace = true;
        self.indention = true;
    }

    /// Moves to the indentation, on the current line if it contains only indentation.
    pub(super) fn new_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break();
        }
        if self.column < indent {
            self.whitespace = true;
            self.write(&" ".repeat(indent - self.column));
        }
    }
}

fn is_empty_collection(value: &Value) -> bool {
    matches!(value, Value::Seq(items) if items.is_empty())
        || matches!(value, Value::Map(entries) if entries.is_empty())
        || matches!(value, Value::Set(members) if members.is_empty())
}
