//! Finds the place of a finding in the text, and prints that line.

use std::cell::OnceCell;

use model::Order as _;
use yaml::{Node, Span, Value};

use crate::finding::{Finding, Severity};
use crate::instance::Step;
use crate::secret::is_private;

/// A text and its tree.
pub struct Document<'t> {
    name: &'t str,
    text: &'t str,
    tree: &'t Node,
    /// The directory of the reference pages.
    pages: &'t str,
    /// The values that may be secrets, collected when they are first needed.
    private: OnceCell<Vec<Span>>,
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
        Self { name, text, tree, pages: "docs/reference", private: OnceCell::new() }
    }

    /// Refers to reference pages in this directory, instead of the one in the source tree.
    #[must_use]
    pub fn with_pages(self, directory: &'t str) -> Self {
        Self { pages: directory, ..self }
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
            text.push_str(&format!("\n    see {}/{page}", self.pages));
        }
        text
    }

    /// The line of a place, and a line below that marks it. Only what is printed is looked at: a line may be the whole
    /// text, with thousands of findings.
    fn underlined(&self, place: Place) -> Option<String> {
        let (before, behind) = self.text.split_at_checked(place.start.offset)?;
        let column = place.start.column.saturating_sub(1);
        let rest = behind.chars().take(WIDEST + 1).take_while(|c| !is_break(*c)).count();
        let is_long = column.min(WIDEST) + rest > WIDEST;
        let first = if is_long { column.saturating_sub(WIDEST / 3) } else { 0 };
        let letters_before = before.char_indices().rev().take_while(|(_, c)| !is_break(*c));
        let mut letters: Vec<(usize, char)> =
            letters_before.filter(|(_, c)| *c != '\u{feff}').take(column - first).collect();
        letters.reverse();
        let column = letters.len();
        let behind = behind.char_indices().map(|(at, c)| (before.len() + at, c));
        letters.extend(
            behind
                .take_while(|(_, c)| !is_break(*c))
                .filter(|(_, c)| *c != '\u{feff}')
                .take((WIDEST + 1).saturating_sub(column)),
        );
        let after = letters.len() > WIDEST;
        letters.truncate(WIDEST);
        let from = letters.first().map_or(place.start.offset, |(at, _)| *at);
        let to = letters.last().map_or(place.start.offset, |(at, c)| at + c.len_utf8());
        let private = self.private_between(from, to);
        for (at, c) in &mut letters {
            if private.iter().any(|span| (span.start.offset..span.end.offset).contains(at)) {
                *c = '*';
            }
        }
        let end = place.end.offset.max(place.start.offset);
        let mut shown = String::new();
        let mut marks = String::new();
        if first > 0 {
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
    fn private_between(&self, from: usize, to: usize) -> &[Span] {
        let private = self.private.get_or_init(|| {
            let mut found = Vec::new();
            collect(self.tree, false, &mut found);
            // Values do not overlap; an alias repeats one.
            found.order_by_key(|span| (span.start.offset, span.end.offset));
            found.dedup_by_key(|span| (span.start.offset, span.end.offset));
            found
        });
        let first = private.partition_point(|span| span.end.offset <= from);
        let behind = private.partition_point(|span| span.start.offset < to);
        private.get(first..behind).unwrap_or_default()
    }
}

/// Depth is bounded by the parser's limit.
fn collect(node: &Node, private: bool, found: &mut Vec<Span>) {
    match &node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let private = private || key.value.as_str().is_some_and(is_private);
                collect(value, private, found);
            }
        }
        Value::Seq(items) => items.iter().for_each(|item| collect(item, private, found)),
        _ if private => found.push(node.span),
        _ => {}
    }
}
