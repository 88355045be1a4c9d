//! The size of a configuration tree: merging and patching must not make a small user-data a large one.

use model::{Node, Value};

/// The limits of a merged cloud-config: those of a single document.
const MAX: Size = Size { values: yaml::Limits::BOOT.max_nodes, text: crate::userdata::MAX_DOCUMENT };

/// The number of values, and the bytes of their text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    values: usize,
    text: usize,
}

impl Size {
    /// Measures a tree, whose depth the parser has bounded.
    pub(super) fn of(node: &Node) -> Self {
        let mut size = Self { values: 1, text: 0 };
        match &node.value {
            Value::Str(text) | Value::Timestamp(text) => size.text += text.len(),
            Value::Binary(bytes) => size.text += bytes.len(),
            Value::List(items) => items.iter().for_each(|item| size = size.and(Self::of(item))),
            Value::Map(map) => {
                for (key, item) in map {
                    size = size.and(Self::of(item));
                    size.text += key.as_str().map_or(0, str::len);
                }
            }
            _ => {}
        }
        size
    }

    /// A number of values without text.
    pub(super) fn values(values: usize) -> Self {
        Self { values, text: 0 }
    }

    /// The size of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self { values: self.values.saturating_add(other.values), text: self.text.saturating_add(other.text) }
    }

    /// An error if it is beyond the limits, times `factor`.
    pub(super) fn check(self, factor: usize) -> Result<(), String> {
        if self.values > MAX.values * factor {
            return Err(format!("more than {} values", MAX.values * factor));
        }
        if self.text > MAX.text * factor {
            return Err(format!("more than {} MiB of text", (MAX.text * factor) >> 20));
        }
        Ok(())
    }
}
