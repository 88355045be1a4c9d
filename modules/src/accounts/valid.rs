//! What no account may contain: characters that would end a line or a field of passwd(5), group(5) or shadow(5), or
//! that the tools take for an option.

use model::{ModuleError, Node, Origin, Value};

use super::User;

/// Texts of a user that become a field of passwd(5).
const FIELDS: &[&str] = &["gecos", "homedir", "shell"];
/// Texts that become an argument.
const ARGUMENTS: &[&str] = &["uid", "inactive", "expiredate", "selinux_user", "snapuser"];
/// Passwords, and whether they are hashes.
const PASSWORDS: &[(&str, bool)] = &[("passwd", true), ("hashed_passwd", true), ("plain_text_passwd", false)];

/// Why this is not the name of a user or group; `None` if it may be one. The tools have further rules.
pub(crate) fn not_a_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.starts_with('-') {
        Some("it starts with '-'")
    } else if name.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        Some("it contains white space or a control character")
    } else if name.contains([':', ',', '/']) {
        Some("it contains ':', ',' or '/'")
    } else {
        None
    }
}

/// Why this is not a password of shadow(5); `None` if it may be one. The value is never part of a message.
pub(crate) fn not_a_password(value: &str, hashed: bool) -> Option<&'static str> {
    if value.contains(['\n', '\0']) {
        Some("it contains a line break or a NUL character")
    } else if hashed && value.contains(':') {
        Some("it is not a hash, since it contains ':'")
    } else {
        None
    }
}

/// A name for messages, which may be printed.
pub(crate) fn shown(name: &str) -> String {
    format!("'{}'", name.escape_default())
}

/// Checks a group and its members; `origin` is the place of `groups`.
pub(crate) fn group(name: &str, members: &[String], origin: &Origin) -> Result<(), ModuleError> {
    for name in std::iter::once(name).chain(members.iter().map(String::as_str)) {
        if let Some(why) = not_a_name(name) {
            return Err(invalid(
                origin,
                format!("cannot create the group {}: invalid name, {why}", shown(name)),
            ));
        }
    }
    Ok(())
}

/// Checks everything about a user that reaches a file or a command.
pub(crate) fn user(user: &User) -> Result<(), ModuleError> {
    let name = shown(&user.spec.name);
    let refuse =
        |origin: &Origin, what: String| Err(invalid(origin, format!("cannot create user {name}: {what}")));
    if let Some(why) = not_a_name(&user.spec.name) {
        return refuse(&user.origin, format!("invalid name, {why}"));
    }
    let texts = |keys: &'static [&'static str]| {
        keys.iter()
            .filter_map(|key| Some((*key, user.written.get(*key)?)))
            .filter(|(_, node)| !node.is_null())
    };
    for (key, node) in texts(FIELDS).chain(texts(ARGUMENTS)) {
        let text = node.scalar_text().unwrap_or_default();
        if text.contains(char::is_control) || (FIELDS.contains(&key) && text.contains(':')) {
            let what =
                if FIELDS.contains(&key) { "':' or a control character" } else { "a control character" };
            return refuse(&node.origin, format!("{key} contains {what}"));
        }
    }
    if user.spec.snapuser.as_ref().is_some_and(|mail| mail.starts_with('-')) {
        return refuse(&user.origin, "snapuser starts with '-'".into());
    }
    for (key, hashed) in PASSWORDS {
        let Some(node) = user.written.get(*key) else { continue };
        if let Some(why) = node.scalar_text().and_then(|text| not_a_password(&text, *hashed)) {
            return refuse(&node.origin, format!("{key} cannot be stored: {why}"));
        }
    }
    for key in ["groups", "primary_group"] {
        let Some(node) = user.written.get(key) else { continue };
        for (group, origin) in names(node) {
            if let Some(why) = not_a_name(&group) {
                return refuse(&origin, format!("invalid name {} in {key}, {why}", shown(&group)));
            }
        }
    }
    for (rule, origin) in user.written.get("doas").into_iter().flat_map(lines) {
        if rule.contains(char::is_control) {
            return refuse(
                &origin,
                "a rule of doas contains a line break or another control character".into(),
            );
        }
    }
    Ok(())
}

/// The names in a comma-separated string, a list or the keys of a mapping, with their places.
fn names(node: &Node) -> Vec<(String, Origin)> {
    let found: Vec<(String, Origin)> = match &node.value {
        Value::Str(text) => text.split(',').map(|name| (name.to_owned(), node.origin.clone())).collect(),
        Value::Map(map) => map.iter().map(|(key, value)| (key.to_string(), value.key_origin())).collect(),
        _ => lines(node),
    };
    found
        .into_iter()
        .map(|(name, origin)| (name.trim_matches([' ', '\t']).to_owned(), origin))
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

/// A text, or the texts of a list.
fn lines(node: &Node) -> Vec<(String, Origin)> {
    let text = |node: &Node| node.scalar_text();
    match &node.value {
        Value::List(items) => {
            items.iter().filter_map(|item| Some((text(item)?, item.origin.clone()))).collect()
        }
        _ => text(node).map(|text| (text, node.origin.clone())).into_iter().collect(),
    }
}

fn invalid(origin: &Origin, message: String) -> ModuleError {
    ModuleError::Invalid { origin: origin.clone(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_end_a_field_or_start_an_option() {
        for name in ["", "-o", "a b", "a\nb", "a:b", "a,b", "../a", "a\0"] {
            assert!(not_a_name(name).is_some(), "{name:?}");
        }
        for name in ["bob", "_apt", "bob.smith", "web$", "DOMAIN\\bob", "bob@example.org", "Ünal"] {
            assert_eq!(not_a_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn passwords_of_one_line() {
        assert!(not_a_password("a\nroot:b", false).is_some());
        assert!(not_a_password("a\0", false).is_some());
        assert!(not_a_password("$6$a$b:c", true).is_some());
        assert_eq!(not_a_password("a:b c", false), None);
        assert_eq!(not_a_password("$6$a$b", true), None);
    }
}
