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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_their_text_count_with_their_keys() {
        let of =
            |text: &str| Size::of(&Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there"));
        let size = |values, text| Size { values, text };
        for (text, expected) in [
            ("1", size(1, 0)),
            ("true", size(1, 0)),
            ("abc", size(1, 3)),
            ("[abc, de, 1]", size(4, 5)),
            ("{ab: cde, f: [g]}", size(4, 7)),
            ("{1: x}", size(2, 1)),
            ("!!binary YWJj", size(1, 3)),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(size(1, 2).and(size(3, 4)), size(4, 6));
        assert_eq!(Size::values(7), size(7, 0));
    }

    #[test]
    fn the_limits_may_be_reached() {
        for factor in [1, 3] {
            let at =
                |values, text| Size { values: MAX.values * factor + values, text: MAX.text * factor + text };
            assert_eq!(at(0, 0).check(factor), Ok(()));
            let error = at(1, 0).check(factor).expect_err("one value more");
            assert_eq!(error, format!("more than {} values", MAX.values * factor));
            let error = at(0, 1).check(factor).expect_err("one byte more");
            assert_eq!(error, format!("more than {} MiB of text", (MAX.text * factor) >> 20));
        }
    }
}
