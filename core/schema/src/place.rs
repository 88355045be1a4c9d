//! Finds the place of a finding in the text, and prints that line.

use yaml::{Node, Position, Span, Value};

use crate::finding::{Finding, Severity};
use crate::instance::Step;
use crate::secret::is_private;

/// A text and its tree.
pub struct Document<'t> {
    name: &'t str,
    text: &'t str,
    tree: &'t Node,
}

/// A part of a text.
pub type Place = Span;

/// A key and its value, or a value alone.
#[derive(Clone, Copy)]
struct Spot<'t> {
    key: Option<&'t Node>,
    value: &'t Node,
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The maximum length of a printed line.
const WIDEST: usize = 140;

impl<'t> Document<'t> {
    /// A text with its tree; `name` is used in messages.
    pub fn new(name: &'t str, text: &'t str, tree: &'t Node) -> Self {
        Self { name, text, tree }
    }

    fn spot(&self, path: &[Step<'_>]) -> Option<Spot<'t>> {
        let mut spot = Spot { key: None, value: self.tree };
        for step in path {
            spot = match (step, &spot.value.value) {
                (Step::Item(index), Value::Seq(items)) => Spot { key: None, value: items.get(*index)? },
                (Step::Key { entry, .. }, Value::Map(entries)) => {
                    let (key, value) = entries.get(*entry)?;
                    Spot { key: Some(key), value }
                }
                _ => return None,
            };
        }
        Some(spot)
    }

    /// The part of the text that a finding is about.
    pub fn locate(&self, finding: &Finding) -> Place {
        let Some(spot) = self.spot(&finding.place) else { return self.tree.span };
        if let (Some(Step::Key { entry, .. }), Value::Map(entries)) = (&finding.key, &spot.value.value)
            && let Some((key, _)) = entries.get(*entry)
        {
            return key.span;
        }
        let value = spot.value.span;
        let is_long = matches!(spot.value.value, Value::Seq(_) | Value::Map(_) | Value::Set(_));
        let is_shown = value.end.offset > value.start.offset;
        match spot.key {
            // The target of an alias is elsewhere.
            Some(key)
                if is_long
                    || matches!(finding.severity, Severity::Deprecation { .. })
                    || !is_shown
                    || value.start.offset < key.span.start.offset =>
            {
                key.span
            }
            None if is_long => match &spot.value.value {
                Value::Map(entries) => entries.first().map_or(value, |(key, _)| key.span),
                _ => Span { start: value.start, end: value.start },
            },
            _ => value,
        }
    }

    /// The line, starting at 1, where upstream marks a finding: that of the key, or the first line of an item.
    pub fn marked_line(&self, finding: &Finding) -> usize {
        let top = finding.place.is_empty() && finding.key.is_some();
        if top {
            return self.locate(finding).start.line.max(1);
        }
        let at = self.spot(&finding.place).map_or(self.tree.span, |spot| spot.key.unwrap_or(spot.value).span);
        at.start.line.max(1)
    }

    /// The finding as printed: place and message, the underlined source line, and the reference page.
    pub fn shown(&self, finding: &Finding) -> String {
        let place = self.locate(finding);
        let path = finding.shown_path();
        let mut text = format!("{}:{}:{}: ", self.name, place.start.line, place.start.column);
        if !path.is_empty() {
            text.push_str(&path);
            text.push_str(": ");
        }
        text.push_str(&finding.detailed);
        if let Some(hint) = &finding.hint {
            text.push_str("; ");
            text.push_str(hint);
        }
        if let Some(lines) = self.underlined(place) {
            text.push_str(&lines);
        }
        if let Some(page) = finding.page() {
            text.push_str("\n    see ");
            text.push_str(&page);
        }
        text
    }

    /// The line of a place, and a line below that marks it.
    fn underlined(&self, place: Place) -> Option<String> {
        let (from, to) = line_around(self.text, place.start)?;
        let line = self.text.get(from..to)?;
        let private = self.private_pieces(from, to);
        let end = place.end.offset.clamp(place.start.offset, to);
        let mut letters: Vec<(usize, char)> = line
            .char_indices()
            .map(|(at, c)| (from + at, c))
            .filter(|(_, c)| *c != '\u{feff}')
            .map(|(at, c)| {
                let hidden = private.iter().any(|span| (span.start.offset..span.end.offset).contains(&at));
                (at, if hidden { '*' } else { c })
            })
            .collect();
        let column = letters.iter().position(|(at, _)| *at >= place.start.offset).unwrap_or(letters.len());
        let (mut before, mut after) = (false, false);
        if letters.len() > WIDEST {
            let first = column.saturating_sub(WIDEST / 3);
            before = first > 0;
            after = letters.len() - first > WIDEST;
            letters = letters.into_iter().skip(first).take(WIDEST).collect();
        }
        let mut shown = String::new();
        let mut marks = String::new();
        if before {
            shown.push('…');
            marks.push(' ');
        }
        for (at, c) in letters {
            shown.push(if c.is_control() && c != '\t' { ' ' } else { c });
            marks.push(match (at >= place.start.offset && at < end, c) {
                (true, _) => '^',
                // A tab below a tab keeps the marks aligned.
                (false, '\t') => '\t',
                (false, _) => ' ',
            });
        }
        if after {
            shown.push('…');
        }
        let mut marks = marks.trim_end().to_owned();
        if marks.is_empty() || !marks.ends_with('^') {
            marks = format!("{}^", " ".repeat(column.min(WIDEST)));
        }
        Some(format!("\n    {shown}\n    {marks}"))
    }

    /// The parts of the text between two positions that may be secrets.
    fn private_pieces(&self, from: usize, to: usize) -> Vec<Span> {
        let mut found = Vec::new();
        collect(self.tree, false, from, to, &mut found);
        found
    }
}

/// Depth is bounded by the parser's limit.
fn collect(node: &Node, private: bool, from: usize, to: usize, found: &mut Vec<Span>) {
    match &node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let private = private || key.value.as_str().is_some_and(is_private);
                collect(value, private, from, to, found);
            }
        }
        Value::Seq(items) => items.iter().for_each(|item| collect(item, private, from, to, found)),
        _ if private && node.span.start.offset < to && node.span.end.offset > from => found.push(node.span),
        _ => {}
    }
}

/// Start and end of the line at a position.
fn line_around(text: &str, at: Position) -> Option<(usize, usize)> {
    let before = text.get(..at.offset)?;
    let from = before.char_indices().rev().find(|(_, c)| is_break(*c)).map_or(0, |(at, c)| at + c.len_utf8());
    let to = text.get(at.offset..)?.find(is_break).map_or(text.len(), |length| at.offset + length);
    Some((from, to))
}
