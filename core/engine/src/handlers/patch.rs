//! JSON patches (RFC 6902) on the configuration tree: unaffected values keep their origin.

use model::config::Origin;
use model::{Key, Node, Value};
use serde::Deserialize;

use crate::merge::{Outcome, Step, Trace};

/// Why a patch is not applied.
#[derive(Debug, thiserror::Error)]
pub(super) enum PatchError {
    /// It is not valid JSON.
    #[error("not valid JSON: {0}")]
    Json(String),
    /// It is not a list of operations.
    #[error("not a JSON patch: {0}; expected [{{\"op\": \"add\", \"path\": \"/key\", \"value\": …}}, …]")]
    Form(String),
    /// An operation cannot be applied.
    #[error("operation {number} ({op} {path}): {reason}")]
    Conflict {
        /// Its number, starting at 1.
        number: usize,
        /// The operation.
        op: &'static str,
        /// The path.
        path: String,
        /// The reason.
        reason: String,
    },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Add,
    Remove,
    Replace,
    Move,
    Copy,
    Test,
}

impl Op {
    fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
            Self::Move => "move",
            Self::Copy => "copy",
            Self::Test => "test",
        }
    }
}

#[derive(Deserialize)]
struct Operation {
    op: Op,
    path: String,
    from: Option<String>,
    #[serde(default, deserialize_with = "present")]
    value: Option<serde_json::Value>,
}

/// Distinguishes a null value from a missing one.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(Some)
}

/// Applies the patch in `text` to a tree. `places` is the same text read as YAML, for the origins of its values.
pub(super) fn apply<T: Trace>(
    tree: &Node,
    text: &str,
    places: Option<&Node>,
    origin: &Origin,
    trace: &mut T,
) -> Result<Node, PatchError> {
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|error| PatchError::Json(error.to_string()))?;
    // serde_json's type errors contain the value, which may be a secret.
    let operations: Vec<Operation> = serde_json::from_value(json)
        .map_err(|_| PatchError::Form("not a list of known operations with op and path".into()))?;
    let mut tree = tree.clone();
    for (index, operation) in operations.into_iter().enumerate() {
        let place = places.and_then(|places| places.as_list()?.get(index));
        let written = |name: &str| place.and_then(|place| place.get(name));
        let value = operation
            .value
            .map(|value| written("value").cloned().unwrap_or_else(|| Node::from_json(value, origin)));
        let (op, path) = (operation.op, operation.path);
        one(&mut tree, op, &path, operation.from.as_deref(), value, trace)
            .map_err(|reason| PatchError::Conflict { number: index + 1, op: op.name(), path, reason })?;
    }
    Ok(tree)
}

fn one<T: Trace>(
    tree: &mut Node,
    op: Op,
    path: &str,
    from: Option<&str>,
    value: Option<Node>,
    trace: &mut T,
) -> Result<(), String> {
    let steps = steps(path)?;
    let needed = || value.clone().ok_or("the value is missing");
    let source = || steps_of(from);
    match op {
        Op::Add => add(tree, &steps, needed()?, trace),
        Op::Remove => {
            let old = remove(tree, &steps)?;
            note(trace, &steps, Outcome::Deleted, Some(&old), &Node::new(Value::Null, old.origin.clone()));
            Ok(())
        }
        Op::Replace => {
            let value = needed()?;
            let slot = find(tree, &steps).ok_or("no value to replace")?;
            note(trace, &steps, Outcome::Replaced, Some(slot), &value);
            *slot = value;
            Ok(())
        }
        Op::Copy => {
            let source = source()?;
            let found = find(tree, &source).filter(|_| !source.is_empty());
            let value = found.cloned().ok_or("no value to copy")?;
            add(tree, &steps, value, trace)
        }
        Op::Move => {
            let source = source()?;
            if source.is_empty() {
                return Err("the root cannot be moved".into());
            }
            if steps.len() > source.len() && steps.starts_with(&source) {
                return Err("a value cannot be moved into itself".into());
            }
            let value = remove(tree, &source)?;
            add(tree, &steps, value, trace)
        }
        Op::Test => {
            let found = find(tree, &steps).ok_or("no value to test")?;
            if *found == needed()? { Ok(()) } else { Err("the value differs".into()) }
        }
    }
}

fn steps_of(from: Option<&str>) -> Result<Vec<String>, String> {
    steps(from.ok_or("'from' is missing")?)
}

/// The steps of a pointer (RFC 6901).
fn steps(path: &str) -> Result<Vec<String>, String> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let rest = path.strip_prefix('/').ok_or("a path must start with /")?;
    Ok(rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn index(step: &str) -> Option<usize> {
    let plain = step == "0" || (step.bytes().all(|byte| byte.is_ascii_digit()) && !step.starts_with('0'));
    plain.then(|| step.parse().ok()).flatten()
}

fn find<'n>(tree: &'n mut Node, steps: &[String]) -> Option<&'n mut Node> {
    steps.iter().try_fold(tree, |node, step| match &mut node.value {
        Value::Map(map) => map.get_mut(step.as_str()),
        Value::List(items) => items.get_mut(index(step)?),
        _ => None,
    })
}

/// The container of a value, and the last step to it.
fn holder<'n, 's>(tree: &'n mut Node, steps: &'s [String]) -> Result<(&'n mut Node, &'s str), String> {
    let (last, before) = steps.split_last().ok_or("the root cannot be changed")?;
    let holder = find(tree, before).ok_or("the container does not exist")?;
    Ok((holder, last))
}

fn add<T: Trace>(tree: &mut Node, steps: &[String], value: Node, trace: &mut T) -> Result<(), String> {
    if steps.is_empty() {
        *tree = value;
        return Ok(());
    }
    let (holder, last) = holder(tree, steps)?;
    match &mut holder.value {
        Value::Map(map) => {
            let key = Key::Str(last.to_owned());
            let old = map.get(&key);
            let outcome = if old.is_some() { Outcome::Replaced } else { Outcome::Set };
            note(trace, steps, outcome, old, &value);
            map.insert(key, value);
        }
        Value::List(items) => {
            let at = if last == "-" { Some(items.len()) } else { index(last) };
            let at = at.filter(|at| *at <= items.len()).ok_or("no such index")?;
            note(trace, steps, Outcome::Set, None, &value);
            items.insert(at, value);
        }
        _ => return Err("the container is neither a list nor a mapping".into()),
    }
    Ok(())
}

fn remove(tree: &mut Node, steps: &[String]) -> Result<Node, String> {
    let (holder, last) = holder(tree, steps)?;
    match &mut holder.value {
        Value::Map(map) => map.shift_remove(last),
        Value::List(items) => {
            index(last).filter(|index| *index < items.len()).map(|index| items.remove(index))
        }
        _ => None,
    }
    .ok_or_else(|| "no value to remove".to_owned())
}

fn note<T: Trace>(trace: &mut T, steps: &[String], outcome: Outcome, old: Option<&Node>, new: &Node) {
    for step in steps {
        match index(step) {
            Some(index) => trace.enter(Step::Item(index)),
            None => trace.enter(Step::Key(&Key::Str(step.clone()))),
        }
    }
    trace.note(outcome, &"a JSON patch", old, new);
    for _ in steps {
        trace.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(source: &str, text: &str) -> Node {
        Node::from_yaml(source, text.as_bytes()).expect("valid").expect("a document")
    }

    fn patched(text: &str) -> Result<Node, PatchError> {
        let tree = yaml("part-001", "a: 1\nb: [1, 2]\nc: {d: x}\n");
        apply(&tree, text, Some(&yaml("part-002", text)), &Origin::whole("part-002"), &mut ())
    }

    /// Expectations: the examples in appendix A of RFC 6902, on another document.
    #[test]
    fn operations() {
        for (text, expected) in [
            (
                r#"[{"op": "add", "path": "/z", "value": null}]"#,
                r#"{"a":1,"b":[1,2],"c":{"d":"x"},"z":null}"#,
            ),
            (r#"[{"op": "add", "path": "/b/-", "value": 3}]"#, r#"{"a":1,"b":[1,2,3],"c":{"d":"x"}}"#),
            (r#"[{"op": "add", "path": "/b/1", "value": 3}]"#, r#"{"a":1,"b":[1,3,2],"c":{"d":"x"}}"#),
            (r#"[{"op": "remove", "path": "/b/0"}]"#, r#"{"a":1,"b":[2],"c":{"d":"x"}}"#),
            (r#"[{"op": "replace", "path": "/c/d", "value": 9}]"#, r#"{"a":1,"b":[1,2],"c":{"d":9}}"#),
            (r#"[{"op": "move", "from": "/c/d", "path": "/e"}]"#, r#"{"a":1,"b":[1,2],"c":{},"e":"x"}"#),
            (
                r#"[{"op": "copy", "from": "/b", "path": "/c/b"}]"#,
                r#"{"a":1,"b":[1,2],"c":{"d":"x","b":[1,2]}}"#,
            ),
            (r#"[{"op": "test", "path": "/b", "value": [1, 2]}]"#, r#"{"a":1,"b":[1,2],"c":{"d":"x"}}"#),
        ] {
            assert_eq!(patched(text).expect("applies").to_json().to_string(), expected, "{text}");
        }
        for text in [
            r#"[{"op": "remove", "path": "/nope"}]"#,
            r#"[{"op": "add", "path": "/b/9", "value": 1}]"#,
            r#"[{"op": "test", "path": "/a", "value": 2}]"#,
            r#"[{"op": "move", "from": "/c", "path": "/c/d"}]"#,
            r#"[{"op": "add", "path": "/a"}]"#,
            r#"[{"op": "sing", "path": "/a"}]"#,
        ] {
            assert!(patched(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_touched_keeps_its_place() {
        let text = "[{\"op\": \"replace\", \"path\": \"/a\",\n  \"value\": 2}]";
        let tree = patched(text).expect("applies");
        assert_eq!(tree.get("a").expect("there").origin.to_string(), "part-002:2:12");
        assert_eq!(tree.at(&["c", "d"]).expect("there").origin.to_string(), "part-001:3:8");
    }
}
