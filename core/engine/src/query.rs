//! `query`: values of the instance-data.

use std::path::{Path, PathBuf};

use model::Order as _;
use model::effects::Reading;
use model::{Paths, System};
use serde_json::Value;

use crate::instance_data::{REDACTED, sensitive_path};
use crate::{template, userdata};

/// Errors of queries.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum QueryError {
    /// The file does not exist.
    #[error("Missing instance-data file: {0}")]
    Missing(String),
    /// The file is not readable.
    #[error("No read permission on '{0}'. Try sudo")]
    Forbidden(String),
    /// The file is not valid JSON.
    #[error("{0}: not valid JSON: {1}")]
    Broken(String, String),
    /// The root of the JSON document is not a mapping.
    #[error("{0}: expected a mapping of instance data, found {1}")]
    NoData(String, &'static str),
    /// An unknown top-level key.
    #[error("Undefined instance-data key '{0}'")]
    Undefined(String),
    /// An unknown nested key.
    #[error("instance-data '{parent}' has no '{leaf}'")]
    NoLeaf {
        /// The path of the parent.
        parent: String,
        /// The key.
        leaf: String,
    },
    /// The value has no keys.
    #[error("--list-keys provided but '{0}' is not a dict")]
    NoMapping(String),
    /// The format is not a valid template.
    #[error("Failed to render templated data. {0}")]
    Template(String),
}

/// The files to read; the default ones unless given.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Instance-data.
    pub instance_data: Option<PathBuf>,
    /// User-data.
    pub user_data: Option<PathBuf>,
    /// Vendor-data.
    pub vendor_data: Option<PathBuf>,
}

/// User-data as text; binary data is base64 after `ci-b64:`.
fn loaded(system: &System, path: &Path) -> Value {
    use base64::Engine as _;
    let bytes = system.files.read(path).unwrap_or_default();
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => match String::from_utf8(userdata::maybe_gunzip(error.as_bytes())) {
            Ok(text) => text.into(),
            Err(error) => {
                format!("ci-b64:{}", base64::engine::general_purpose::STANDARD.encode(error.as_bytes()))
                    .into()
            }
        },
    }
}

/// The instance data with user-data, vendor-data and the combined config; redacted for ordinary users.
pub fn load(system: &System, paths: &Paths, sources: &Sources) -> Result<Value, QueryError> {
    let root = system.environment.uid() == 0;
    let public = paths.run("instance-data.json");
    let sensitive = sensitive_path(paths);
    let file = match &sources.instance_data {
        Some(given) => given.clone(),
        None if root && system.files.exists(&sensitive) => sensitive,
        None => public,
    };
    let name = file.display().to_string();
    let bytes = system.files.read_with(&file, &Reading::any_kind()).map_err(|error| {
        if error.source.kind() == std::io::ErrorKind::PermissionDenied {
            QueryError::Forbidden(name.clone())
        } else {
            QueryError::Missing(name.clone())
        }
    })?;
    let mut data: Value = serde_json::from_slice(&bytes)
        .map_err(|error| QueryError::Broken(name.clone(), error.to_string()))?;
    let kind = match &data {
        Value::Object(_) => None,
        Value::Array(_) => Some("a list"),
        Value::Null => Some("null"),
        _ => Some("a single value"),
    };
    if let Some(kind) = kind {
        return Err(QueryError::NoData(name, kind));
    }
    let user = sources.user_data.clone().unwrap_or_else(|| paths.instance("user-data.txt"));
    let vendor = sources.vendor_data.clone().unwrap_or_else(|| paths.instance("vendor-data.txt"));
    let combined = paths.run("combined-cloud-config.json");
    if root {
        data["userdata"] = loaded(system, &user);
        data["vendordata"] = loaded(system, &vendor);
        data["combined_cloud_config"] = crate::json::read(system, &combined).unwrap_or(Value::Null);
    } else {
        for (key, path) in [("userdata", user), ("vendordata", vendor), ("combined_cloud_config", combined)] {
            data[key] = format!("<{REDACTED}> file:{}", path.display()).into();
        }
    }
    Ok(data)
}

/// A value of the template variables, without aliases; each step of the dotted path is a key or its alias.
pub fn find(data: &Value, path: &str) -> Result<Value, QueryError> {
    let mut at = without_aliases(data);
    let mut walked: Vec<&str> = Vec::new();
    for step in path.split('.') {
        let found = at.as_object().and_then(|map| {
            map.get(step).or_else(|| {
                map.iter()
                    .find(|(key, _)| template::alias(key).as_deref() == Some(step))
                    .map(|(_, value)| value)
            })
        });
        let found = match found {
            Some(found) => found.clone(),
            None => match at.as_array().and_then(|items| items.get(step.parse::<usize>().ok()?)) {
                Some(item) => item.clone(),
                None if walked.is_empty() => return Err(QueryError::Undefined(path.to_owned())),
                None => return Err(QueryError::NoLeaf { parent: walked.join("."), leaf: step.to_owned() }),
            },
        };
        walked.push(step);
        at = found;
    }
    Ok(at)
}

/// All queryable keys: the data, with the keys of `v1` also at the top level.
pub fn without_aliases(data: &Value) -> Value {
    let Some(map) = data.as_object() else { return data.clone() };
    let mut out = serde_json::Map::new();
    let mut keys: Vec<&String> = map.keys().collect();
    keys.order();
    for key in keys {
        let versioned = key
            .strip_prefix('v')
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
        if let (true, Some(inner)) = (versioned, map[key].as_object()) {
            out.extend(inner.clone());
        }
        out.insert(key.clone(), map[key].clone());
    }
    Value::Object(out)
}

/// The output of `--list-keys`.
pub fn keys(data: &Value, path: Option<&str>) -> Result<String, QueryError> {
    let value = match path {
        Some(path) => find(data, path)?,
        None => without_aliases(data),
    };
    let map = value.as_object().ok_or_else(|| QueryError::NoMapping(path.unwrap_or_default().to_owned()))?;
    let mut keys: Vec<&str> = map.keys().map(String::as_str).collect();
    keys.order();
    Ok(keys.join("\n"))
}

/// The output of `--format`.
pub fn format(system: &System, data: &Value, format: &str) -> Result<String, QueryError> {
    template::render_format(system.sandbox.as_ref(), format, data)
        .map_err(|error| QueryError::Template(error.to_string()))
}

/// A value as `query` prints it: text unchanged, everything else as JSON.
pub fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| crate::json::dumps(value), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_go_by_keys_and_aliases() {
        let data = json!({"v1": {"local-hostname": "h"}, "ds": {"meta_data": {"a-b": {"c": [1, 2]}}}});
        assert_eq!(find(&data, "v1.local_hostname"), Ok(json!("h")));
        assert_eq!(find(&data, "local-hostname"), Ok(json!("h")));
        assert_eq!(find(&data, "ds.meta_data.a_b.c.1"), Ok(json!(2)));
        assert_eq!(find(&data, "nope"), Err(QueryError::Undefined("nope".into())));
        let error = find(&data, "ds.nope").expect_err("no such key").to_string();
        assert_eq!(error, "instance-data 'ds' has no 'nope'");
        assert_eq!(keys(&data, None).expect("a mapping"), "ds\nlocal-hostname\nv1");
        let (system, _) = system::scratch();
        assert_eq!(format(&system, &data, "{{ v1.local_hostname }}!").expect("renders"), "h!");
    }

    #[test]
    fn instance_data_is_a_mapping() {
        for (text, kind) in [("[1]", "a list"), ("null", "null"), ("\"x\"", "a single value")] {
            let (system, _) = system::Scratch::new().file("/data.json", text).system();
            let sources = Sources { instance_data: Some("/data.json".into()), ..Sources::default() };
            let error = load(&system, &Paths::default(), &sources).expect_err("no mapping");
            assert_eq!(
                error.to_string(),
                format!("/data.json: expected a mapping of instance data, found {kind}")
            );
        }
    }

    #[test]
    fn the_users_data_stands_beside() {
        let (system, _) = system::Scratch::new()
            .file("/run/cloud-init/instance-data-sensitive.json", "{}")
            .file("/var/lib/cloud/instance/user-data.txt", "#cloud-config\n")
            .system();
        let data = load(&system, &Paths::default(), &Sources::default()).expect("there");
        assert_eq!(data["userdata"], "#cloud-config\n");
        let (empty, _) = system::scratch();
        let error = load(&empty, &Paths::default(), &Sources::default()).expect_err("nothing there");
        assert_eq!(error.to_string(), "Missing instance-data file: /run/cloud-init/instance-data.json");
    }

    /// Upstream's `read_instancedata` and `_read_instance_data`: the machine's own files unless others are named; binary
    /// user-data is shown in base64, and what gzip packs is unpacked.
    #[test]
    fn files_are_read_as_they_are_named() {
        let packed = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            "H4sIAAAAAAAC/8tLLSnPL8q2UqguSy0qzszPs1IwquUCANV3AsIWAAAA",
        );
        let (system, _) = system::Scratch::new()
            .file("/run/cloud-init/instance-data.json", r#"{"v1": {"a": 1}}"#)
            .file("/run/cloud-init/combined-cloud-config.json", r#"{"marker": 1}"#)
            .file("/packed", packed.expect("base64"))
            .file("/binary", b"\xff\x00")
            .system();
        let sources = Sources {
            user_data: Some("/packed".into()),
            vendor_data: Some("/binary".into()),
            ..Sources::default()
        };
        let data = load(&system, &Paths::default(), &sources).expect("there");
        assert_eq!(data["userdata"], "network: {version: 2}\n");
        assert_eq!(data["vendordata"], "ci-b64:/wA=");
        assert_eq!((&data["combined_cloud_config"]["marker"], &data["v1"]["a"]), (&json!(1), &json!(1)));
        assert_eq!(loaded(&system, Path::new("/none")), "");
        let broken = Sources { instance_data: Some("/binary".into()), ..Sources::default() };
        let error = load(&system, &Paths::default(), &broken).expect_err("no JSON").to_string();
        assert!(error.starts_with("/binary: not valid JSON"), "{error}");
    }

    /// An ordinary user sees the public document, and where the rest is.
    #[test]
    fn ordinary_users_see_no_user_data() {
        struct User(std::sync::Arc<dyn model::effects::Environment>);
        impl model::effects::Environment for User {
            fn var(&self, name: &str) -> Option<String> {
                self.0.var(name)
            }
            fn pid(&self) -> u32 {
                self.0.pid()
            }
            fn uid(&self) -> u32 {
                1000
            }
            fn uname(&self) -> model::effects::Uname {
                self.0.uname()
            }
            fn random(&self, buffer: &mut [u8]) {
                self.0.random(buffer);
            }
            fn tell(&self, text: &str) {
                self.0.tell(text);
            }
        }
        let (mut system, _) = system::Scratch::new()
            .file("/run/cloud-init/instance-data.json", r#"{"from": "public"}"#)
            .file("/run/cloud-init/instance-data-sensitive.json", r#"{"from": "sensitive"}"#)
            .file("/var/lib/cloud/instance/user-data.txt", "secret")
            .system();
        let root = load(&system, &Paths::default(), &Sources::default()).expect("there");
        assert_eq!((&root["from"], &root["userdata"]), (&json!("sensitive"), &json!("secret")));
        system.environment = std::sync::Arc::new(User(system.environment.clone()));
        let user = load(&system, &Paths::default(), &Sources::default()).expect("there");
        assert_eq!(user["from"], "public");
        assert_eq!(
            user["userdata"],
            "<redacted for non-root user> file:/var/lib/cloud/instance/user-data.txt"
        );
        let combined = user["combined_cloud_config"].as_str().expect("text");
        assert!(combined.ends_with("file:/run/cloud-init/combined-cloud-config.json"), "{combined}");
    }

    #[test]
    fn keys_and_values_are_shown() {
        let data = json!({"v1": {"b": [1]}, "v2": 3, "vx": {"c": 1}, "v": {"d": 1}});
        assert_eq!(keys(&data, None).expect("a mapping"), "b\nv\nv1\nv2\nvx");
        assert_eq!(keys(&data, Some("v1")).expect("a mapping"), "b");
        assert_eq!(keys(&data, Some("v1.b")), Err(QueryError::NoMapping("v1.b".into())));
        assert_eq!(
            find(&data, "v1.b.7"),
            Err(QueryError::NoLeaf { parent: "v1.b".into(), leaf: "7".into() })
        );
        assert_eq!(
            (shown(&json!("a \"b\"")), shown(&json!([1]))),
            ("a \"b\"".to_owned(), "[\n 1\n]".to_owned())
        );
        let (system, _) = system::scratch();
        assert!(matches!(format(&system, &data, "{{ v1.b "), Err(QueryError::Template(_))));
    }
}
