//! Public keys for the default user, in the formats of various clouds.

use serde_json::Value;

/// The keys in a text with one per line, in a list, or in a mapping from names to keys or lists of keys.
pub fn normalise(data: Option<&Value>) -> Vec<String> {
    let strings =
        |items: &[Value]| items.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    match data {
        Some(Value::String(text)) => text.lines().map(str::to_owned).collect(),
        Some(Value::Array(items)) => strings(items),
        Some(Value::Object(named)) => named
            .values()
            .flat_map(|keys| match keys {
                Value::String(key) => vec![key.clone()],
                Value::Array(items) => strings(items),
                _ => Vec::new(),
            })
            // boto left an empty line at the end of such lists.
            .filter(|key| !key.is_empty())
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_shape_gives_its_keys() {
        let cases = [
            (json!("ssh-rsa A\nssh-rsa B\n"), vec!["ssh-rsa A", "ssh-rsa B"]),
            (json!(["k1", "k2"]), vec!["k1", "k2"]),
            (json!({"mine": "k1", "yours": ["k2", ""]}), vec!["k1", "k2"]),
            (json!(null), vec![]),
            (json!(7), vec![]),
        ];
        for (given, expected) in cases {
            assert_eq!(normalise(Some(&given)), expected, "{given}");
        }
        assert!(normalise(None).is_empty());
    }
}
