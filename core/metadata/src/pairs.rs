//! Keys and values in one line of text, as in kernel command lines and serial numbers.

/// The items between separators, each `KEY=VALUE` or a key only; empty items are skipped.
pub fn read(text: &str, separator: char) -> impl Iterator<Item = (&str, Option<&str>)> {
    text.split(separator).filter(|item| !item.is_empty()).map(|item| match item.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (item, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_and_without_values() {
        let found: Vec<_> = read("h=host;;s=http://x/?a=b;flag", ';').collect();
        assert_eq!(found, [("h", Some("host")), ("s", Some("http://x/?a=b")), ("flag", None)]);
    }
}
