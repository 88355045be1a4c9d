//! Converts YAML to the configuration tree.

use yaml::{Limits, Position};

use super::tree::{Key, Map, Node, Origin, Value};

impl Node {
    /// Reads a YAML document; `None` if it is empty. `source` is the file or part, for all origins in it.
    pub fn from_yaml(source: &str, bytes: &[u8]) -> Result<Option<Self>, yaml::Error> {
        let tree = yaml::parse(source, bytes, &Limits::default())?;
        let source: std::sync::Arc<str> = source.into();
        Ok(tree.map(|node| convert(node, &source)))
    }
}

fn origin(source: &std::sync::Arc<str>, at: Position) -> Origin {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Origin { source: source.clone(), line: number(at.line), column: number(at.column) }
}

/// Depth is bounded by the parser's limit.
fn convert(node: yaml::Node, source: &std::sync::Arc<str>) -> Node {
    let at = origin(source, node.span.start);
    let value = match node.value {
        yaml::Value::Null => Value::Null,
        yaml::Value::Bool(value) => Value::Bool(value),
        yaml::Value::Int(number) => Value::Int(number),
        yaml::Value::BigInt(number) => Value::Str(number.as_str().to_owned()),
        yaml::Value::Float(number) => Value::Float(number),
        yaml::Value::Str(text) => Value::Str(text),
        yaml::Value::Binary(bytes) => Value::Binary(bytes),
        yaml::Value::Date(date) => Value::Timestamp(date.to_string()),
        yaml::Value::Timestamp(time) => Value::Timestamp(time.to_string()),
        yaml::Value::Seq(items) => Value::List(items.into_iter().map(|item| convert(item, source)).collect()),
        yaml::Value::Set(items) => Value::Map(
            items.into_iter().map(|item| (key(item), Node::new(Value::Null, at.clone()))).collect(),
        ),
        yaml::Value::Map(entries) => {
            let mut map = Map::with_capacity(entries.len());
            for (name, item) in entries {
                let at = origin(source, name.span.start);
                let mut item = convert(item, source);
                item.key = Some((at.line, at.column));
                map.insert(key(name), item);
            }
            Value::Map(map)
        }
    };
    Node::new(value, at)
}

fn key(node: yaml::Node) -> Key {
    match node.value {
        yaml::Value::Str(text) => Key::Str(text),
        yaml::Value::Int(number) => Key::Int(number),
        yaml::Value::Bool(value) => Key::Bool(value),
        yaml::Value::Float(number) => Key::Float(number),
        yaml::Value::Null => Key::Null,
        yaml::Value::BigInt(number) => Key::Str(number.as_str().to_owned()),
        yaml::Value::Date(date) => Key::Str(date.to_string()),
        yaml::Value::Timestamp(time) => Key::Str(time.to_string()),
        other => Key::Str(format!("{other:?}")),
    }
}

impl Key {
    fn into_yaml(self) -> yaml::Value {
        match self {
            Self::Str(text) => yaml::Value::Str(text),
            Self::Int(number) => yaml::Value::Int(number),
            Self::Bool(value) => yaml::Value::Bool(value),
            Self::Float(number) => yaml::Value::Float(number),
            Self::Null => yaml::Value::Null,
        }
    }
}

impl Node {
    /// Converts the tree for the YAML writer.
    pub fn to_yaml(&self) -> yaml::Node {
        match &self.value {
            Value::List(items) => yaml::Value::Seq(items.iter().map(Self::to_yaml).collect()).into(),
            Value::Map(map) => {
                let entry = |(key, item): (&Key, &Self)| (key.clone().into_yaml().into(), item.to_yaml());
                yaml::Value::Map(map.iter().map(entry).collect()).into()
            }
            _ => self.clone().into_yaml(),
        }
    }

    /// Converts the tree for the YAML writer without a copy of its texts, which may be large.
    pub fn into_yaml(self) -> yaml::Node {
        let value = match self.value {
            Value::Null => yaml::Value::Null,
            Value::Bool(value) => yaml::Value::Bool(value),
            Value::Int(number) => yaml::Value::Int(number),
            Value::Float(number) => yaml::Value::Float(number),
            Value::Str(text) | Value::Timestamp(text) => yaml::Value::Str(text),
            Value::Binary(bytes) => yaml::Value::Binary(bytes),
            Value::List(items) => yaml::Value::Seq(items.into_iter().map(Self::into_yaml).collect()),
            Value::Map(map) => yaml::Value::Map(
                map.into_iter().map(|(key, item)| (key.into_yaml().into(), item.into_yaml())).collect(),
            ),
        };
        value.into()
    }
}
