//! Constructs values from the graph: tags, merge keys, duplicate keys, aliases.

use crate::compose::{Content, Graph, Id, RawNode};
use crate::error::{ErrorKind, Fault, excerpt};
use crate::key::Key;
use crate::number::{self, Refusal};
use crate::resolve::Tag;
use crate::{Limits, Node, Position, Value, time};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Constructs the tree of a graph, following aliases; [`Limits`] bounds its size.
pub(crate) fn construct(graph: Graph, limits: &Limits) -> Result<Node, Fault> {
    let Graph { nodes, root } = graph;
    let mut constructor = Constructor {
        nodes,
        max_nodes: limits.max_nodes,
        nodes_left: limits.max_nodes,
        max_text: limits.max_bytes.saturating_mul(2),
        text_left: limits.max_bytes.saturating_mul(2),
        max_depth: limits.max_depth.min(Limits::DEEPEST),
    };
    constructor.node(root, 0)
}

struct Constructor {
    nodes: Vec<RawNode>,
    max_nodes: usize,
    nodes_left: usize,
    max_text: usize,
    text_left: usize,
    max_depth: usize,
}

type Made<T> = Result<T, Fault>;

impl Constructor {
    fn start(&self, id: Id) -> Position {
        self.nodes[id].span.start
    }

    fn limit<T>(&self, id: Id, what: &'static str, limit: usize) -> Made<T> {
        Err(Fault::at(self.start(id), ErrorKind::Limit { what, limit }))
    }

    fn spend_nodes(&mut self, count: usize, id: Id) -> Made<()> {
        match self.nodes_left.checked_sub(count) {
            Some(left) => self.nodes_left = left,
            None => {
                return self.limit(id, "aliases and merge keys expand to too many values", self.max_nodes);
            }
        }
        Ok(())
    }

    fn wrong<T>(&self, id: Id, what: impl Into<String>) -> Made<T> {
        Err(Fault::at(self.start(id), ErrorKind::Value(what.into())))
    }

    /// The syntactic type of a node, for messages.
    fn form(&self, id: Id) -> &'static str {
        match self.nodes[id].content {
            Content::Scalar(_) => "a single value",
            Content::Seq(_) => "a sequence",
            Content::Map(_) => "a mapping",
        }
    }

    fn node(&mut self, id: Id, depth: usize) -> Made<Node> {
        self.spend_nodes(1, id)?;
        // The innermost scalars are one level below the innermost collection.
        if depth > self.max_depth {
            return self.limit(id, "aliases nest collections too deeply", self.max_depth);
        }
        let value = match &self.nodes[id].tag {
            Tag::Map => Value::Map(self.mapping(id, depth)?),
            Tag::Seq => Value::Seq(self.sequence(id, depth)?),
            Tag::Set => Value::Set(self.mapping(id, depth)?.into_iter().map(|(key, _)| key).collect()),
            Tag::Omap | Tag::Pairs => Value::Seq(self.pairs(id, depth)?),
            Tag::Merge | Tag::Value | Tag::Unknown(_) => {
                let kind = ErrorKind::UnknownTag(excerpt(&self.nodes[id].tag.shown()));
                return Err(Fault::at(self.start(id), kind));
            }
            tag => {
                let tag = tag.clone();
                self.scalar(id, &tag)?
            }
        };
        Ok(Node { value, span: self.nodes[id].span })
    }

    /// The text of a scalar. A mapping means the value of its `=` key, if it has one.
    fn text(&self, id: Id) -> Made<&str> {
        let mut at = id;
        loop {
            match &self.nodes[at].content {
                Content::Scalar(text) => return Ok(text),
                Content::Map(entries) => {
                    match entries.iter().find(|(key, _)| self.nodes[*key].tag == Tag::Value) {
                        Some(&(_, value)) => at = value,
                        None => break,
                    }
                }
                Content::Seq(_) => break,
            }
        }
        self.wrong(at, format!("expected a single value, found {}", self.form(at)))
    }

    fn scalar(&mut self, id: Id, tag: &Tag) -> Made<Value> {
        let text = self.text(id)?;
        let length = text.len();
        let look = |what: &str| format!("'{}' is not {what}; use quotes if it is text", excerpt(text));
        let number = |refusal: Refusal, what: &str| match refusal {
            Refusal::Malformed => look(what),
            Refusal::TooLong => format!("a number of more than {} digits", crate::bigint::MAX_DIGITS),
        };
        let value = match tag {
            Tag::Null => Ok(Value::Null),
            Tag::Bool => {
                let known = boolean::pyyaml(&text.to_lowercase());
                known.map(Value::Bool).ok_or_else(|| look("one of yes, no, on, off, true, false"))
            }
            Tag::Int => number::int(text).map_err(|refusal| number(refusal, "an integer")),
            Tag::Float => {
                number::float(text).map(Value::Float).map_err(|refusal| number(refusal, "a number"))
            }
            Tag::Binary => (text.is_ascii().then(|| number::base64(text)).flatten())
                .map(Value::Binary)
                .ok_or_else(|| "not valid base64".to_owned()),
            Tag::Timestamp if matches!(self.nodes[id].content, Content::Scalar(_)) => {
                let written = text.strip_suffix('\n').unwrap_or(text);
                time::parse(written).ok_or_else(|| look("a valid date or time"))
            }
            Tag::Timestamp => Err(look("a valid date or time")),
            _ => Ok(Value::Str(text.to_owned())),
        };
        let value = value.or_else(|what| self.wrong(id, what))?;
        match self.text_left.checked_sub(length) {
            Some(left) => self.text_left = left,
            None => return self.limit(id, "aliases expand to too much text, in bytes", self.max_text),
        }
        Ok(value)
    }

    fn sequence(&mut self, id: Id, depth: usize) -> Made<Vec<Node>> {
        let Content::Seq(items) = &self.nodes[id].content else {
            return self.wrong(id, format!("expected a sequence, found {}", self.form(id)));
        };
        let items = items.clone();
        items.into_iter().map(|item| self.node(item, depth + 1)).collect()
    }

    /// `!!omap` and `!!pairs`: a sequence of mappings with one entry each.
    fn pairs(&mut self, id: Id, depth: usize) -> Made<Vec<Node>> {
        let Content::Seq(items) = &self.nodes[id].content else {
            let fault = self.wrong(id, format!("expected a sequence of pairs, found {}", self.form(id)));
            return fault.map_err(|fault: Fault| fault.within(self.start(id)));
        };
        let mut pairs = Vec::with_capacity(items.len());
        for item in items.clone() {
            let (key, value) = match &self.nodes[item].content {
                Content::Map(entries) if entries.len() == 1 => entries[0],
                _ => {
                    let fault = self.wrong(item, "expected a mapping with one entry");
                    return fault.map_err(|fault: Fault| fault.within(self.start(id)));
                }
            };
            let pair = vec![self.node(key, depth + 1)?, self.node(value, depth + 1)?];
            pairs.push(Node { value: Value::Seq(pair), span: self.nodes[item].span });
        }
        Ok(pairs)
    }

    /// Collections cannot be keys, even if empty: Python checks before it fills them.
    fn hashable(&self, key: Id, mapping: Id) -> Made<()> {
        let what = match self.nodes[key].tag {
            Tag::Seq | Tag::Omap | Tag::Pairs => "sequence",
            Tag::Map => "mapping",
            Tag::Set => "set",
            _ => return Ok(()),
        };
        Err(Fault::at(self.start(key), ErrorKind::UnhashableKey(what)).within(self.start(mapping)))
    }

    fn mapping(&mut self, id: Id, depth: usize) -> Made<Vec<(Node, Node)>> {
        self.merge(id, depth)?;
        let Content::Map(entries) = &self.nodes[id].content else {
            return self.wrong(id, format!("expected a mapping, found {}", self.form(id)));
        };
        let mut made: Vec<(Node, Node)> = Vec::with_capacity(entries.len());
        let mut places: HashMap<Key, usize> = HashMap::with_capacity(entries.len());
        for (key_id, value_id) in entries.clone() {
            self.hashable(key_id, id)?;
            let key = self.node(key_id, depth + 1)?;
            let Some(hashed) = Key::of(&key.value) else {
                return self.wrong(key_id, "not allowed as the key of a mapping");
            };
            let value = self.node(value_id, depth + 1)?;
            match places.entry(hashed) {
                Entry::Occupied(place) => {
                    // The first key is kept, as in a dict; the value is the last one.
                    let entry = &mut made[*place.get()];
                    entry.0.span = key.span;
                    entry.1 = value;
                }
                Entry::Vacant(place) => {
                    place.insert(made.len());
                    made.push((key, value));
                }
            }
        }
        Ok(made)
    }

    /// Inserts the target of `<<` before the mapping's own entries, and converts `=` keys to text.
    fn merge(&mut self, id: Id, depth: usize) -> Made<()> {
        if depth > self.max_depth {
            return self.limit(id, "merge keys are nested too deeply", self.max_depth);
        }
        let Content::Map(entries) = &mut self.nodes[id].content else { return Ok(()) };
        let entries = std::mem::take(entries);
        let mut merged = Vec::new();
        let mut own = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            match self.nodes[key].tag {
                Tag::Merge => self.merge_value(id, value, depth, &mut merged)?,
                Tag::Value => {
                    self.nodes[key].tag = Tag::Str;
                    own.push((key, value));
                }
                _ => own.push((key, value)),
            }
        }
        if !merged.is_empty() {
            self.spend_nodes(merged.len(), id)?;
            merged.append(&mut own);
            own = merged;
        }
        self.nodes[id].content = Content::Map(own);
        Ok(())
    }

    /// The entries of one `<<`: of a mapping, or of a sequence of mappings, where the first takes precedence.
    fn merge_value(&mut self, id: Id, value: Id, depth: usize, merged: &mut Vec<(Id, Id)>) -> Made<()> {
        let sources = match &self.nodes[value].content {
            Content::Map(_) => vec![value],
            Content::Seq(items) => items.clone(),
            Content::Scalar(_) => {
                let fault = self.wrong(value, "'<<' requires a mapping or a sequence of mappings");
                return fault.map_err(|fault: Fault| fault.within(self.start(id)));
            }
        };
        let mut lists = Vec::with_capacity(sources.len());
        for source in sources {
            self.merge(source, depth + 1)?;
            let Content::Map(entries) = &self.nodes[source].content else {
                let what = format!("'<<' requires mappings, found {}", self.form(source));
                let fault = self.wrong(source, what);
                return fault.map_err(|fault: Fault| fault.within(self.start(id)));
            };
            let entries = entries.clone();
            self.spend_nodes(entries.len(), id)?;
            lists.push(entries);
        }
        // Later entries take precedence, so the first source is inserted last.
        merged.extend(lists.into_iter().rev().flatten());
        Ok(())
    }
}
