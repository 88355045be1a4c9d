//! The default user according to the system configuration: some services list keys by user.

use model::Node;
use model::config::Value;

/// The word for the default user in `users`.
const DEFAULT: &str = "default";

/// The name of the default user: that of `user`, or of `system_info.default_user` if `users` contains `default`.
pub fn name(config: &Node) -> Option<String> {
    let of_distro = || config.at(&["system_info", "default_user", "name"]).and_then(Node::scalar_text);
    let own = config.get("user").filter(|user| user.is_truthy());
    match own.map(|user| &user.value) {
        Some(Value::Str(name)) => return Some(name.clone()),
        Some(Value::Map(_)) => {
            return own.and_then(|user| user.get("name")).and_then(Node::scalar_text).or_else(of_distro);
        }
        _ => {}
    }
    config.get("users").is_some_and(has_default).then(of_distro).flatten()
}

/// Whether `users` (a list, a mapping or a text with commas) contains the default user.
fn has_default(users: &Node) -> bool {
    let in_text = |text: &str| text.split(',').any(|name| name.trim() == DEFAULT);
    match &users.value {
        Value::Str(text) => in_text(text),
        Value::List(items) => items.iter().any(|item| match &item.value {
            Value::Str(text) => in_text(text),
            Value::Map(_) => {
                item.get("name").is_none_or(|name| name.scalar_text().as_deref() == Some(DEFAULT))
            }
            Value::List(names) => names.iter().filter_map(Node::as_str).any(in_text),
            _ => false,
        }),
        Value::Map(_) => users.get(DEFAULT).is_some_and(Node::is_truthy),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_user_of_each_form() {
        let system = "system_info: {default_user: {name: ubuntu}}\n";
        for (yaml, expected) in [
            ("users: [default]", Some("ubuntu")),
            ("users: ['a,default']", Some("ubuntu")),
            ("users: a, default", Some("ubuntu")),
            ("users: {default: true}", Some("ubuntu")),
            ("users: [{name: default, shell: /bin/sh}]", Some("ubuntu")),
            ("users: [a]", None),
            ("users: [{name: a}]", None),
            ("{}", None),
            ("user: bob", Some("bob")),
            ("user: {name: bob}", Some("bob")),
            ("user: {shell: /bin/sh}", Some("ubuntu")),
        ] {
            let text = if yaml == "{}" { system.to_owned() } else { format!("{system}{yaml}\n") };
            let config = Node::from_yaml("t", text.as_bytes()).expect("valid").unwrap_or_default();
            assert_eq!(name(&config).as_deref(), expected, "{yaml}");
        }
    }
}
