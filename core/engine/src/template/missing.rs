//! Undefined names: they print as `CI_MISSING_JINJA_VAR/name`, are false, and have no attributes.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use super::MISSING;

/// An undefined name.
#[derive(Debug)]
pub(super) struct Missing(pub(super) String);

impl Object for Missing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        // It has no items, and no other operation is allowed.
        ObjectRepr::Iterable
    }

    fn get_value(self: &Arc<Self>, _key: &Value) -> Option<Value> {
        Some(Value::from(Error::new(ErrorKind::UndefinedError, format!("'{}' is undefined", self.0))))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Empty
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MISSING}{}", self.0)
    }
}

/// A mapping that returns an object for missing keys.
#[derive(Debug)]
pub(super) struct Variables(pub(super) serde_json::Map<String, serde_json::Value>);

impl Object for Variables {
    /// Access by `in` and brackets: a missing key is undefined.
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).map(wrap)
    }

    /// Access by attribute.
    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Value> {
        match self.0.get(name) {
            Some(value) => Some(wrap(value)),
            // The method call finds methods of a dict, not this lookup.
            None if matches!(name, "items" | "keys" | "values" | "get") => None,
            None => Some(Value::from_object(Missing(name.to_owned()))),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(|key| Value::from(key.as_str())).collect())
    }
}

/// JSON as template values, with mappings that return objects for missing keys.
pub(super) fn wrap(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Object(map) => Value::from_object(Variables(map.clone())),
        serde_json::Value::Array(items) => Value::from(items.iter().map(wrap).collect::<Vec<_>>()),
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(value) => Value::from(*value),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Value::from(integer),
            (None, Some(float)) => Value::from(float),
            (None, None) => Value::from(number.to_string()),
        },
    }
}

/// The context for rendering: the variables, and an object for each other name in the template.
pub(super) fn context(variables: &serde_json::Value, used: HashSet<String>) -> Value {
    let mut entries: Vec<(String, Value)> = Vec::new();
    if let serde_json::Value::Object(map) = variables {
        entries.extend(map.iter().map(|(key, value)| (key.clone(), wrap(value))));
    }
    let builtin = ["range", "dict", "namespace", "debug", "loop", "lipsum", "cycler", "joiner"];
    for name in used {
        if !builtin.contains(&name.as_str()) && !entries.iter().any(|(key, _)| *key == name) {
            entries.push((name.clone(), Value::from_object(Missing(name))));
        }
    }
    Value::from_pairs(entries)
}

pub(super) fn is_missing(value: &Value) -> bool {
    value.is_undefined() || value.downcast_object_ref::<Missing>().is_some()
}

/// The tests and filters for undefined values.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_test("defined", |value: &Value| !is_missing(value));
    environment.add_test("undefined", |value: &Value| is_missing(value));
    let default = |value: &Value, other: Option<Value>, lax: Option<bool>| {
        if is_missing(value) || (lax.unwrap_or(false) && !value.is_true()) {
            other.unwrap_or_else(|| Value::from(""))
        } else {
            value.clone()
        }
    };
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.set_unknown_method_callback(|_state, value, method, args| {
        if let Some(missing) = value.downcast_object_ref::<Missing>() {
            return Err(Error::new(ErrorKind::UndefinedError, format!("'{}' is undefined", missing.0)));
        }
        super::python::method(value, method, args).unwrap_or_else(|| {
            Err(Error::new(
                ErrorKind::UnknownMethod,
                format!("{} has no method '{method}'", a_kind(value.kind())),
            ))
        })
    });
}

/// A type with its article: `an iterable`, `a map`.
fn a_kind(kind: ValueKind) -> String {
    let name = kind.to_string();
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {name}")
}
