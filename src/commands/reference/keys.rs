//! The keys of a section as nested lists with types and descriptions.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Reads a schema.
pub(super) struct Keys<'s> {
    definitions: &'s Value,
    /// Mappings already described, with the key where they were.
    told: Vec<(Object, String)>,
}

type Object = Map<String, Value>;

impl<'s> Keys<'s> {
    pub(super) fn new(schema: &'s Value) -> Self {
        Self { definitions: &schema["$defs"], told: Vec::new() }
    }

    /// The list of a section; empty if it has no keys.
    pub(super) fn section(&mut self, name: &str) -> String {
        let mut out = String::new();
        if let Some(section) = self.definitions.get(name) {
            self.members(&self.resolved(section), 0, &mut out);
        }
        out
    }

    /// Merges a referenced schema below the keywords next to the reference.
    fn resolved(&self, schema: &Value) -> Object {
        let mut object = schema.as_object().cloned().unwrap_or_default();
        while let Some(Value::String(reference)) = object.remove("$ref") {
            let name = reference.trim_start_matches("#/$defs/");
            let Some(definition) = self.definitions[name].as_object() else { break };
            for (key, value) in definition {
                object.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        object
    }

    /// The keys of a mapping, each with its nested keys.
    fn members(&mut self, mapping: &Object, depth: usize, out: &mut String) {
        let required: Vec<&str> = words(mapping.get("required")).collect();
        for (key, schema) in mapping.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.entry(&format!("`{key}`"), schema, required.contains(&key.as_str()), depth, out);
        }
        for (pattern, schema) in
            mapping.get("patternProperties").and_then(Value::as_object).into_iter().flatten()
        {
            let named = mapping.contains_key("properties");
            let key = match (pattern.as_str(), named) {
                ("^.+$", false) => "*user-defined name*".to_owned(),
                ("^.+$", true) => "*any other key*".to_owned(),
                (pattern, _) => format!("*key matching* `{pattern}`"),
            };
            self.entry(&key, schema, false, depth, out);
        }
    }

    fn entry(&mut self, key: &str, schema: &Value, required: bool, depth: usize, out: &mut String) {
        let schema = self.resolved(schema);
        let indent = "  ".repeat(depth);
        let kind = self.kind(&schema).unwrap_or_else(|| "anything".to_owned());
        let _ = write!(out, "{indent}- {key}: *{kind}{}*.", if required { ", required" } else { "" });
        for part in [description(&schema), default(&schema), old(&schema)].into_iter().flatten() {
            let _ = write!(out, " {}", part.replace('\n', &format!("\n{indent}  ")));
        }
        for (kind, note) in self.old_forms(&schema) {
            let _ = write!(out, " If {kind}: {note}");
        }
        out.push('\n');
        let mappings = self.mappings(&schema);
        let several = mappings.len() > 1;
        for mapping in mappings {
            if let Some((_, at)) = self.told.iter().find(|(known, _)| same(known, &mapping)) {
                let _ = writeln!(out, "{indent}  - same keys as {at}");
                continue;
            }
            self.told.push((mapping.clone(), key.to_owned()));
            if several {
                let about = description(&mapping).unwrap_or_default();
                let _ = writeln!(out, "{indent}  - *mapping*: {about}");
            }
            self.members(&mapping, depth + 1 + usize::from(several), out);
        }
    }

    /// The mappings with known keys among a value's forms; one that is allowed alone and in a list is returned once.
    fn mappings(&self, schema: &Object) -> Vec<Object> {
        let has = |word: &str| schema.get(word).and_then(Value::as_object).is_some_and(|map| !map.is_empty());
        if has("properties") || (has("patternProperties") && !is_old(schema)) {
            return vec![schema.clone()];
        }
        let below = ["items", "additionalProperties"].iter().filter_map(|word| schema.get(*word));
        let forms = ["oneOf", "anyOf", "allOf"].iter().filter_map(|word| schema.get(*word)?.as_array());
        let mut found: Vec<Object> = Vec::new();
        for mapping in below.chain(forms.flatten()).flat_map(|part| self.mappings(&self.resolved(part))) {
            if !found.iter().any(|known| same(known, &mapping)) {
                found.push(mapping);
            }
        }
        found
    }

    /// The type of a value in words.
    fn kind(&self, schema: &Object) -> Option<String> {
        if let Some(Value::Array(words)) = schema.get("enum") {
            let words: Vec<String> = words.iter().map(|word| format!("`{}`", plain(word))).collect();
            return Some(match words.split_last() {
                // Long lists are easier to read on the module's page or in the schema.
                Some((_, rest)) if rest.len() > 20 => "one of many values (see the schema)".to_owned(),
                Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                _ => words.concat(),
            });
        }
        let forms = ["oneOf", "anyOf"].iter().filter_map(|word| schema.get(*word)?.as_array()).flatten();
        let forms: Vec<String> = forms.filter_map(|form| self.kind(&self.resolved(form))).collect();
        if !forms.is_empty() {
            let mut whole: Vec<String> = Vec::new();
            // In addition to the forms, the types that none of them covers.
            let others = words(schema.get("type")).filter(|kind| {
                schema["type"].is_array()
                    && !(*kind == "string" && forms.iter().any(|form| form.starts_with('`')))
            });
            for form in forms.iter().cloned().chain(others.map(|kind| self.of_type(kind, schema))) {
                if !whole.contains(&form) {
                    whole.push(form);
                }
            }
            return Some(whole.join(" or "));
        }
        let kinds: Vec<String> = words(schema.get("type")).map(|kind| self.of_type(kind, schema)).collect();
        match kinds.is_empty() {
            true if schema.contains_key("properties") || schema.contains_key("patternProperties") => {
                Some("mapping".to_owned())
            }
            true => None,
            false => Some(kinds.join(" or ")),
        }
    }

    fn of_type(&self, kind: &str, schema: &Object) -> String {
        let number = |word: &str| schema.get(word).and_then(Value::as_i64);
        match kind {
            "array" => {
                let items = schema.get("items").and_then(|items| self.kind(&self.resolved(items)));
                let count = match (number("minItems"), number("maxItems")) {
                    (Some(least), Some(most)) if least == most => format!("{least} "),
                    (Some(least), Some(most)) => format!("{least} to {most} "),
                    _ => String::new(),
                };
                let each = match items {
                    Some(items) if items.contains(" or ") || items.contains(" of ") => {
                        format!("of {count}entries ({items})")
                    }
                    Some(items) => format!("of {count}{}", plural(&items)),
                    None => format!("of {count}entries").replace("of entries", ""),
                };
                let least =
                    if count.is_empty() && number("minItems") == Some(1) { " (not empty)" } else { "" };
                let once =
                    if schema.get("uniqueItems") == Some(&Value::Bool(true)) { " (unique)" } else { "" };
                format!("list {}{least}{once}", each.trim()).trim_end().to_owned()
            }
            "string" => match (schema.get("pattern").and_then(Value::as_str), schema.get("format")) {
                (Some(pattern), _) => format!("string matching `{pattern}`"),
                (None, Some(format)) if format == "uri" => "URL".to_owned(),
                (None, Some(format)) if format == "date" => "date".to_owned(),
                (None, Some(format)) if format == "hostname" => "host name".to_owned(),
                _ => "string".to_owned(),
            },
            "integer" | "number" => match number("minimum") {
                Some(least) => format!("{kind}, at least {least}"),
                None => kind.to_owned(),
            },
            "object" => "mapping".to_owned(),
            other => other.to_owned(),
        }
    }

    /// Deprecated forms, each with its note.
    fn old_forms(&self, schema: &Object) -> Vec<(String, String)> {
        let forms = ["oneOf", "anyOf"].iter().filter_map(|word| schema.get(*word)?.as_array()).flatten();
        let mut found = Vec::new();
        for form in forms.map(|form| self.resolved(form)) {
            let mut inner = form.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
            let note = old(&form).or_else(|| inner.find_map(|(_, part)| old(part.as_object()?)));
            match (note, self.kind(&form)) {
                (Some(note), Some(kind)) => found.push((kind, note)),
                _ => found.extend(self.old_forms(&form)),
            }
        }
        found
    }
}

fn same(one: &Object, other: &Object) -> bool {
    ["properties", "patternProperties"].iter().all(|word| one.get(*word) == other.get(*word))
}

/// Whether all its names are deprecated.
fn is_old(schema: &Object) -> bool {
    let mut inner = schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
    inner.any(|(_, part)| part.get("deprecated").is_some())
}

fn words(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let one = value.and_then(Value::as_str);
    let several = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(several)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn plural(kind: &str) -> String {
    match kind {
        kind if kind.contains('`') => format!("entries ({kind})"),
        kind => format!("{kind}s"),
    }
}

fn description(schema: &Object) -> Option<String> {
    schema.get("description").and_then(Value::as_str).map(str::to_owned)
}

/// The default, unless the description already states it.
fn default(schema: &Object) -> Option<String> {
    let told = description(schema).is_some_and(|text| text.contains("Default:"));
    schema.get("default").filter(|_| !told).map(|default| format!("Default: `{}`.", plain(default)))
}

/// The version that deprecated it, and the replacement.
fn old(schema: &Object) -> Option<String> {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    let (version, advice, word) = match (text("deprecated_version"), text("changed_version")) {
        (Some(version), _) => (version, text("deprecated_description"), "Deprecated"),
        (None, Some(version)) => (version, text("changed_description"), "Changed"),
        (None, None) => return None,
    };
    Some(format!("**{word} since {version}.** {}", advice.unwrap_or_default()))
}
