//! Values for display: shortened, and without secrets.

use model::{Node, Value};

/// The replacement of a secret.
const REDACTED: &str = "REDACTED";
/// Substrings of key names whose values are secret.
const SECRET: &[&str] = &[
    "passw",
    "passphrase",
    "secret",
    "token",
    "private",
    "ssh_keys",
    "chpasswd",
    "credential",
    "api_key",
    "validation_key",
    "psk",
    "wep_key",
];

/// Whether a key's values are secret, by its name.
pub fn is_secret_key(key: &str) -> bool {
    let key = key.to_lowercase().replace('-', "_");
    // A switch with such a substring in its name is not secret.
    !["lock_passwd", "ssh_pwauth"].contains(&key.as_str()) && SECRET.iter().any(|word| key.contains(word))
}

fn redacted(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Map(map) => {
            let entry = |(key, inner): (&model::Key, &Node)| {
                let key = key.to_string();
                let plain = !is_secret_key(&key) || matches!(inner.value, Value::Bool(_) | Value::Null);
                let shown = if plain { redacted(inner) } else { REDACTED.into() };
                (key, shown)
            };
            serde_json::Value::Object(map.iter().map(entry).collect())
        }
        Value::List(items) => items.iter().map(redacted).collect(),
        _ => node.to_json(),
    }
}

/// A value without secrets, judging by its path and the names in it.
pub fn shown(path: &[String], node: &Node) -> serde_json::Value {
    let switch = matches!(node.value, Value::Bool(_) | Value::Null);
    if !switch && path.iter().any(|step| is_secret_key(step)) {
        return REDACTED.into();
    }
    redacted(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_their_names() {
        let tree = Node::from_yaml(
            "t",
            b"users: [{name: a, passwd: x, lock_passwd: false}]\nchpasswd: {list: 'a:b'}",
        );
        let tree = tree.expect("valid").expect("there");
        let json = shown(&[], &tree).to_string();
        assert_eq!(
            json,
            r#"{"users":[{"name":"a","passwd":"REDACTED","lock_passwd":false}],"chpasswd":"REDACTED"}"#
        );
        assert_eq!(shown(&["password".to_owned()], &tree), "REDACTED");
    }
}
