//! Writes values byte for byte like PyYAML's safe dumper.
//!
//! Programs and people compare these files with upstream's, so line folding and quoting follow PyYAML, with
//! the options that cloud-init sets: block style, ASCII only, no anchors.
//!
//! ```
//! use yaml::{Node, Value, write};
//!
//! let key = |text: &str| Node::from(Value::Str(text.to_owned()));
//! let value = Value::Map(vec![(key("renderer"), key("on")), (key("count"), Value::Int(2).into())]);
//! let style = write::Style { explicit_start: false, explicit_end: false, ..Default::default() };
//! assert_eq!(write::dump(&value, &style), "count: 2\nrenderer: 'on'\n");
//! ```

mod analysis;
mod emitter;
mod represent;
mod scalar;

use crate::Value;

/// The options of `yaml.dump` that cloud-init sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Spaces per level, 2 to 9; anything else is 2.
    pub indent: usize,
    /// The column after which text is folded at the next space; 80 unless that is less than two levels of
    /// indentation.
    pub width: usize,
    /// Sort the entries of mappings by key, if their keys are comparable.
    pub sort_keys: bool,
    /// Start with `---`.
    pub explicit_start: bool,
    /// End with `...`.
    pub explicit_end: bool,
}

impl Default for Style {
    /// The style of cloud-init's own files: four spaces, sorted, `---` and `...`.
    fn default() -> Self {
        Style { indent: 4, width: 80, sort_keys: true, explicit_start: true, explicit_end: true }
    }
}

/// Writes a value as one document.
///
/// The value is traversed recursively: one that was not read by [`parse`](crate::parse) must not be nested
/// much deeper than [`Limits::DEEPEST`](crate::Limits::DEEPEST).
pub fn dump(value: &Value, style: &Style) -> String {
    emitter::Emitter::new(style).document(value)
}
