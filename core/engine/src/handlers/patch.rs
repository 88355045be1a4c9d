//! JSON patches (RFC 6902) on the configuration tree: unaffected values keep their origin.

use model::config::Origin;
use model::{Key, Node, Value};
use serde::Deserialize;

use super::size::Size;
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
    /// It has too many operations.
    #[error("more than {MAX_OPERATIONS} operations")]
    Length,
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

/// The maximum number of operations.
const MAX_OPERATIONS: usize = 10_000;
/// How many times the largest tree all operations together may handle.
const MAX_WORK: usize = 10;

/// What a patch has made of the tree and handled so far.
struct Cost {
    tree: Size,
    work: Size,
}

impl Cost {
    /// Accounts for a value before it is added; `moved` are the items that make room for it.
    fn add(&mut self, tree: &Node, value: Size, moved: usize) -> Result<(), String> {
        self.handle(value.and(Size::values(moved)))?;
        let grown = self.tree.and(value);
        if grown.check(1).is_err() {
            // Values that were replaced or removed no longer count.
            let now = Size::of(tree);
            self.handle(now)?;
            self.tree = now;
            now.and(value).check(1).map_err(|what| format!("the result has {what}"))?;
        }
        self.tree = self.tree.and(value);
        Ok(())
    }

    fn handle(&mut self, value: Size) -> Result<(), String> {
        self.work = self.work.and(value);
        self.work.check(MAX_WORK).map_err(|what| format!("the operations handle {what}"))
    }
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
    if operations.len() > MAX_OPERATIONS {
        return Err(PatchError::Length);
    }
    let mut tree = tree.clone();
    let mut cost = Cost { tree: Size::of(&tree), work: Size::default() };
    for (index, operation) in operations.into_iter().enumerate() {
        let place = places.and_then(|places| places.as_list()?.get(index));
        let written = |name: &str| place.and_then(|place| place.get(name));
        let value = operation
            .value
            .map(|value| written("value").cloned().unwrap_or_else(|| Node::from_json(value, origin)));
        let (op, path) = (operation.op, operation.path);
        one(&mut tree, &mut cost, op, &path, operation.from.as_deref(), value, trace)
            .map_err(|reason| PatchError::Conflict { number: index + 1, op: op.name(), path, reason })?;
    }
    Ok(tree)
}

fn one<T: Trace>(
    tree: &mut Node,
    cost: &mut Cost,
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
        Op::Add => {
            let value = needed()?;
            let moved = siblings(tree, &steps);
            cost.add(tree, Size::of(&value), moved)?;
            add(tree, &steps, value, trace)
        }
        Op::Remove => {
            cost.handle(Size::values(siblings(tree, &steps)))?;
            let old = remove(tree, &steps)?;
            note(trace, &steps, Outcome::Deleted, Some(&old), &Node::new(Value::Null, old.origin.clone()));
            Ok(())
        }
        Op::Replace => {
            let value = needed()?;
            cost.add(tree, Size::of(&value), 0)?;
            let slot = find(tree, &steps).ok_or("no value to replace")?;
            note(trace, &steps, Outcome::Replaced, Some(slot), &value);
            *slot = value;
            Ok(())
        }
        Op::Copy => {
            let source = source()?;
            let found = find(tree, &source).filter(|_| !source.is_empty());
            let found = found.ok_or("no value to copy")?;
            let size = Size::of(found);
            // Measured before it is copied.
            let moved = siblings(tree, &steps);
            cost.add(tree, size, moved)?;
            let value = find(tree, &source).cloned().ok_or("no value to copy")?;
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
            cost.handle(Size::values(siblings(tree, &source) + siblings(tree, &steps)))?;
            let value = remove(tree, &source)?;
            add(tree, &steps, value, trace)
        }
        Op::Test => {
            let found = find(tree, &steps).ok_or("no value to test")?;
            cost.handle(Size::of(found))?;
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

/// How many values stand beside one: an insertion or a removal may move them all.
fn siblings(tree: &mut Node, steps: &[String]) -> usize {
    holder(tree, steps).map_or(0, |(holder, _)| match &holder.value {
        Value::Map(map) => map.len(),
        Value::List(items) => items.len(),
        _ => 0,
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
        let refused = |from: &str, path: &str| {
            let text = format!(r#"[{{"op": "move", "from": "{from}", "path": "{path}"}}]"#);
            patched(&text).err().map(|error| error.to_string())
        };
        assert!(
            refused("/c", "/c/d").is_some_and(|error| error.ends_with("a value cannot be moved into itself"))
        );
        assert_eq!(refused("/c", "/c"), None, "RFC 6902: only into a child");
    }

    #[test]
    fn a_patch_that_doubles_a_value_again_and_again_is_refused() {
        let first = r#"{"op": "add", "path": "/d", "value": [1]}"#;
        let again = r#"{"op": "copy", "from": "/d", "path": "/d/0"}"#;
        let text = format!("[{first}{}]", format!(", {again}").repeat(60));
        let error = patched(&text).expect_err("two to the power of sixty values").to_string();
        assert!(error.starts_with("operation 16 (copy /d/0): the result has more than "), "{error}");
        // Replacing is not growing.
        let replace =
            format!(r#"{{"op": "replace", "path": "/a", "value": {}}}"#, "[1, 2, 3, 4, 5, 6, 7, 8]");
        let text = format!("[{}]", vec![replace; 2_000].join(","));
        assert!(patched(&text).is_ok());
        let long = "x".repeat(1 << 20);
        let add = format!(r#"{{"op": "add", "path": "/e", "value": "{long}"}}"#);
        let copy = |number: u32| format!(r#", {{"op": "copy", "from": "/e", "path": "/e{number}"}}"#);
        let copies = (0..20).map(copy).collect::<Vec<_>>().concat();
        let error = patched(&format!("[{add}{copies}]")).expect_err("20 MiB").to_string();
        assert!(error.ends_with("the result has more than 3 MiB of text"), "{error}");
        let test = r#"{"op": "test", "path": "/a", "value": 1}"#;
        let text = format!("[{}]", vec![test; 10_001].join(","));
        // As YAML, with places, it would be too large already.
        let tree = yaml("part-001", "a: 1\n");
        let error = apply(&tree, &text, None, &Origin::whole("part-002"), &mut ()).expect_err("too many");
        assert_eq!(error.to_string(), "more than 10000 operations");
    }

    #[test]
    fn what_is_not_touched_keeps_its_place() {
        let text = "[{\"op\": \"replace\", \"path\": \"/a\",\n  \"value\": 2}]";
        let tree = patched(text).expect("applies");
        assert_eq!(tree.get("a").expect("there").origin.to_string(), "part-002:2:12");
        assert_eq!(tree.at(&["c", "d"]).expect("there").origin.to_string(), "part-001:3:8");
    }

    /// RFC 6901, and RFC 6902 section 4: indexes have no leading zeros, and `-` is the end of a list to which is added.
    #[test]
    fn pointers_lead_into_lists_and_mappings() {
        let tree = yaml("part-001", "l: [{a: 1}, {a: 2}, [7, 8]]\n'a/b': 1\n'~': 2\n'': {x: 3}\n");
        let tested = |path: &str, value: &str| {
            let text = format!(r#"[{{"op": "test", "path": "{path}", "value": {value}}}]"#);
            apply(&tree, &text, Some(&yaml("part-002", &text)), &Origin::whole("part-002"), &mut ()).is_ok()
        };
        for (path, value) in
            [("/l/1/a", "2"), ("/l/2/0", "7"), ("/l/2/1", "8"), ("/a~1b", "1"), ("/~0", "2"), ("//x", "3")]
        {
            assert!(tested(path, value), "{path}");
            assert!(!tested(path, "99"), "{path}");
        }
        for path in ["/l/01/a", "/l/3", "/l/-", "/l/a", "/l/+1/a", "/l/ 1/a", "/l/1/a/x", "l/1/a", "/a/b"] {
            assert!(!tested(path, "2"), "{path}");
        }
    }
}
