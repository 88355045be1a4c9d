//! Assembles the schema of a cloud-config from the schemas of the modules.
//!
//! The layout is upstream's, for tools that read its file: a definition `cc_NAME` for each module, all of them under
//! `allOf`, and every top-level key under `properties`.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::base::{BaseConfig, ModuleName, OutputConfig, ReportingConfig, TimeoutsConfig};

/// A module's part of the schema.
pub struct Section {
    /// The module's name in cloud.cfg, with `_`.
    pub name: &'static str,
    /// The module's title.
    pub title: &'static str,
    /// The module's description.
    pub summary: &'static str,
    /// Generates the schema of its keys.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// Top-level keys that are allowed without a schema: those of other programs, and of removed modules.
const UNDESCRIBED: &[&str] = &["migrate", "version"];

/// The document. `modules` are the names allowed in a list of modules, in each spelling.
pub fn assemble(modules: &[String], sections: &[Section]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/$defs".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut parts = vec![("base_config".to_owned(), BaseConfig::json_schema(&mut generator))];
    for section in sections {
        let mut schema = (section.schema)(&mut generator);
        if schema.get("properties").is_some() {
            schema.insert("title".to_owned(), section.title.into());
            schema.insert("description".to_owned(), section.summary.into());
            parts.push((format!("cc_{}", section.name), schema));
        }
    }
    parts.push(("reporting_config".to_owned(), ReportingConfig::json_schema(&mut generator)));
    parts.push(("output_config".to_owned(), OutputConfig::json_schema(&mut generator)));
    parts.push(("timeouts_config".to_owned(), TimeoutsConfig::json_schema(&mut generator)));

    let mut definitions: Map<String, Value> = generator.take_definitions(false).into_iter().collect();
    definitions.insert(ModuleName::schema_name().into_owned(), json!({"enum": modules}));
    let mut properties: Map<String, Value> =
        UNDESCRIBED.iter().map(|key| ((*key).to_owned(), json!({}))).collect();
    let mut all = Vec::new();
    for (name, schema) in parts {
        for key in schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            properties.insert(key.clone(), json!({}));
        }
        all.push(json!({"$ref": format!("#/$defs/{name}")}));
        definitions.insert(name, schema.into());
    }
    properties.sort_keys();
    let mut document = schemars::json_schema!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "$defs": definitions,
        "allOf": all,
        "properties": properties,
        "additionalProperties": false,
    });
    Plain.transform(&mut document);
    document.into()
}

/// The document in which a top-level key has the schema of a type, and the others are free.
pub fn of_key<T: JsonSchema>(key: &str) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let schema = T::json_schema(&mut generator);
    let mut document = schemars::json_schema!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "$defs": {key: schema},
        "properties": {key: {"$ref": format!("#/$defs/{key}")}},
    });
    Plain.transform(&mut document);
    document.into()
}

/// Removes from a document what only Rust's types need.
pub(crate) fn plain(document: &mut Schema) {
    Plain.transform(document);
}

/// Removes what Rust's types produce and a cloud-config's schema does not have: the null of an `Option`, the width of
/// an integer, the line breaks of a comment.
struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(object) = schema.as_object_mut() {
            if object.get("format").and_then(Value::as_str).is_some_and(is_width) {
                object.remove("format");
            }
            if object.get("default") == Some(&Value::Null) {
                object.remove("default");
            }
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = joined(text);
            }
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                properties.values_mut().for_each(without_null);
            }
        }
        transform_subschemas(self, schema);
    }
}

fn is_width(format: &str) -> bool {
    format.starts_with("int") || format.starts_with("uint") || ["double", "float"].contains(&format)
}

/// Joins the lines of a paragraph; a blank line and a list item start a new one.
fn joined(text: &str) -> String {
    let mut whole = String::new();
    for line in text.lines().map(str::trim) {
        let starts = line.is_empty() || line.starts_with("- ") || whole.ends_with('\n');
        if !whole.is_empty() {
            whole.push(if starts { '\n' } else { ' ' });
        }
        whole.push_str(line);
    }
    whole
}

/// Optional keys are an `Option`, which schemars considers nullable. Types that accept null list it before the other
/// type.
fn without_null(property: &mut Value) {
    let Some(object) = property.as_object_mut() else { return };
    if let Some(Value::Array(types)) = object.get_mut("type")
        && types.len() > 1
        && types.last().is_some_and(|last| last == "null")
    {
        types.pop();
        if let [one] = types.as_mut_slice() {
            let one = one.take();
            object.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum")
        && words.last().is_some_and(Value::is_null)
    {
        words.pop();
    }
    if let Some(Value::Array(either)) = object.get("anyOf")
        && let [value, null] = either.as_slice()
        && *null == json!({"type": "null"})
        && let Some(value) = value.as_object().cloned()
    {
        object.remove("anyOf");
        for (key, part) in value {
            object.entry(key).or_insert(part);
        }
    }
}
