//! Paths of values: `users.0.name`, `write_files[1].path`.

use model::{Node, Value, nearest};

/// A path that cannot be resolved.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Unbalanced brackets, or an empty name.
    #[error("'{0}' is not a valid path; use users.0.name or write_files[1].path")]
    Form(String),
    /// The key does not exist.
    #[error("no key '{key}' {place}{hint}")]
    Unknown {
        /// The key.
        key: String,
        /// Where it was searched.
        place: String,
        /// The nearest existing one.
        hint: String,
    },
}

/// The steps of a path.
pub fn parse(text: &str) -> Result<Vec<String>, PathError> {
    let wrong = || PathError::Form(text.to_owned());
    let mut steps = Vec::new();
    for word in text.split('.') {
        let (name, mut rest) = word.split_at(word.find('[').unwrap_or(word.len()));
        if name.is_empty() && (rest.is_empty() || !steps.is_empty()) {
            return Err(wrong());
        }
        if !name.is_empty() {
            steps.push(name.to_owned());
        }
        while !rest.is_empty() {
            let (index, after) =
                rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(wrong)?;
            steps.push(index.trim_matches(['\'', '"']).to_owned());
            rest = after;
        }
    }
    Ok(steps)
}

fn child<'n>(node: &'n Node, step: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(map) => map
            .get(step)
            .or_else(|| map.iter().find(|(key, _)| key.to_string() == step).map(|(_, node)| node)),
        Value::List(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The value at a path.
pub fn value_at<'n>(node: &'n Node, path: &[String]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, step| child(node, step))
}

/// The path with names that contain dots rejoined, where one of the trees has them.
pub fn resolve(trees: &[&Node], steps: &[String]) -> Result<Vec<String>, PathError> {
    let mut best: (usize, Option<PathError>) = (0, None);
    for tree in trees {
        let mut path = Vec::new();
        match walk(tree, steps, &mut path) {
            Ok(()) => return Ok(path),
            Err(error) if best.1.is_none() || path.len() > best.0 => best = (path.len(), Some(error)),
            Err(_) => {}
        }
    }
    Err(best.1.unwrap_or_else(|| PathError::Form(steps.join("."))))
}

fn walk(node: &Node, steps: &[String], path: &mut Vec<String>) -> Result<(), PathError> {
    if steps.is_empty() {
        return Ok(());
    }
    for count in 1..=steps.len() {
        let name = steps[..count].join(".");
        if let Some(inner) = child(node, &name) {
            path.push(name);
            return walk(inner, &steps[count..], path);
        }
    }
    let place =
        if path.is_empty() { "in the configuration".into() } else { format!("in {}", path.join(".")) };
    let hint = match &node.value {
        Value::Map(map) => {
            let keys: Vec<String> = map.keys().map(ToString::to_string).collect();
            let near = nearest(&steps[0], keys.iter().map(String::as_str));
            near.map_or_else(String::new, |key| format!("; did you mean '{key}'?"))
        }
        Value::List(items) => format!(", a list of {}", items.len()),
        other => format!(", {}", other.a_kind()),
    };
    Err(PathError::Unknown { key: steps[0].clone(), place, hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_as_people_write_them() {
        for (text, steps) in [
            ("users.0.name", &["users", "0", "name"][..]),
            ("write_files[1].path", &["write_files", "1", "path"]),
            ("a['b c'][0]", &["a", "b c", "0"]),
        ] {
            assert_eq!(parse(text).expect("a path"), steps, "{text}");
        }
        for text in ["", "a..b", "a[1", ".a"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_with_dots_and_names_that_are_not_there() {
        let tree = Node::from_yaml("t", b"apt: {sources: {my.list: {source: x}}}\nusers: [a]\n");
        let tree = tree.expect("valid").expect("there");
        let way = |text: &str| resolve(&[&tree], &parse(text).expect("a path"));
        assert_eq!(
            way("apt.sources.my.list.source").expect("found"),
            ["apt", "sources", "my.list", "source"]
        );
        let error = way("usres").expect_err("a slip").to_string();
        assert_eq!(error, "no key 'usres' in the configuration; did you mean 'users'?");
        let error = way("users.7").expect_err("too far").to_string();
        assert_eq!(error, "no key '7' in users, a list of 1");
    }
}
