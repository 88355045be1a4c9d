//! The client's directories and files.

use std::path::Path;

use model::effects::Attributes;
use model::module::Report;
use model::{Context, ModuleError, Node};
use serde_json::{Map, Value as Json, json};

use super::Settings;
use crate::lenient::Text;

/// The usual file of the validation key.
pub(super) const VALIDATION_KEY: &str = "/etc/chef/validation.pem";
const FIRST_BOOT: &str = "/etc/chef/firstboot.json";
const DIRECTORIES: &[&str] = &[
    "/etc/chef",
    "/var/log/chef",
    "/var/lib/chef",
    "/var/chef/cache",
    "/var/chef/backup",
    "/var/run/chef",
];
/// Directories of earlier releases, and where their files are moved.
const MOVED: &[(&str, &str)] =
    &[("/var/cache/chef", "/var/chef/cache"), ("/var/backups/chef", "/var/chef/backup")];
const TEMPLATE: &str = "chef_client.rb";
/// Keys of the template whose directories are created.
const PATHS: &[&str] = &[
    "log_location",
    "validation_key",
    "client_key",
    "file_cache_path",
    "json_attribs",
    "pid_file",
    "encrypted_data_bag_secret",
];

/// Creates the directories, and moves the content of their predecessors there.
pub(super) fn create_directories(context: &Context<'_>, settings: &Settings) -> Result<(), ModuleError> {
    let files = &context.system.files;
    let own: Vec<&str> = settings.directories.iter().flatten().map(|path| path.0.as_str()).collect();
    let wanted = if own.is_empty() { DIRECTORIES } else { own.as_slice() };
    for path in wanted.iter().chain(&["/etc/chef"]) {
        files.create_dir(Path::new(path), None)?;
    }
    for (from, to) in MOVED.iter().map(|(from, to)| (Path::new(from), Path::new(to))) {
        if !files.is_dir(from) {
            continue;
        }
        for name in files.list(from)? {
            if files.exists(&to.join(&name)) {
                tracing::debug!("Ignoring migration of {name}. File already exists in {}.", to.display());
                continue;
            }
            files.create_dir(to, None)?;
            files.rename(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}

fn or<'a>(own: Option<&'a Text>, default: &'a str) -> &'a str {
    own.map_or(default, |own| own.0.as_str())
}

/// Writes the key that registers the client, unless the image has it.
pub(super) fn write_validation_key(
    context: &Context<'_>,
    settings: &Settings,
    node: &Node,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let key = settings.validation_cert.as_ref().map(|key| key.expose().0.as_str());
    let path = Path::new(or(settings.validation_key.as_ref(), VALIDATION_KEY));
    let files = &context.system.files;
    match key.filter(|key| !key.is_empty()) {
        None => {}
        Some("system") if files.is_file(path) => {}
        Some("system") => {
            let message = format!(
                "chef validation_cert provided as 'system', but validation_key path '{}' does not exist.",
                path.display()
            );
            report.warn(node.get("validation_cert").map(|node| &node.origin), message);
        }
        Some(key) => files.write(path, key.as_bytes(), &Attributes::secret())?,
    }
    Ok(())
}

/// Renders client.rb.
pub(super) fn write_configuration(
    context: &Context<'_>,
    settings: &Settings,
    node: &Node,
) -> Result<(), ModuleError> {
    let missing = || ModuleError::Failed(format!("No template found, not rendering {TEMPLATE}"));
    let template = context.templates.shipped(TEMPLATE).ok_or_else(missing)?;
    let variables = variables(context, node)?;
    let files = &context.system.files;
    for key in PATHS {
        let directory = variables.get(*key).and_then(Json::as_str).and_then(|path| Path::new(path).parent());
        if let Some(directory) = directory.filter(|directory| directory.is_absolute()) {
            files.create_dir(directory, None)?;
        }
    }
    let text = context.templates.render(TEMPLATE, &template, &Json::Object(variables))?;
    let path = or(settings.config_path.as_ref(), "/etc/chef/client.rb");
    Ok(files.write(Path::new(path), text.as_bytes(), &Attributes::mode(0o644))?)
}

/// The template's variables: the defaults, replaced by the user's values.
fn variables(context: &Context<'_>, node: &Node) -> Result<Map<String, Json>, ModuleError> {
    let mut variables = json!({
        "ssl_verify_mode": ":verify_none",
        "log_level": ":info",
        "log_location": "/var/log/chef/client.log",
        "validation_key": VALIDATION_KEY,
        "validation_cert": null,
        "client_key": "/etc/chef/client.pem",
        "json_attribs": FIRST_BOOT,
        "file_cache_path": "/var/chef/cache",
        "file_backup_path": "/var/chef/backup",
        "pid_file": "/var/run/chef/client.pid",
        "show_time": true,
        "encrypted_data_bag_secret": null,
        "server_url": null,
        "node_name": context.instance.instance_id.as_str(),
        "environment": "_default",
        "validation_name": null,
        "chef_license": null,
    });
    let Some(known) = variables.as_object_mut() else { return Ok(Map::new()) };
    for (key, variable) in known.iter_mut() {
        let Some(value) = node.get(key) else { continue };
        *variable = match key.as_str() {
            _ if value.is_null() => Json::Null,
            "show_time" => value.lenient_bool().into(),
            _ => value.scalar_text().unwrap_or_else(|| value.to_json().to_string()).into(),
        };
    }
    for key in ["server_url", "validation_name"] {
        if node.get(key).is_none() {
            let message = format!("chef.{key} is required");
            return Err(ModuleError::Invalid { origin: node.key_origin(), message });
        }
    }
    let date = context.system.clock.now().rfc2822(0);
    let header = format!("# Created by cloud-init v. {} on {date}", context.version);
    known.insert("generated_by".to_owned(), header.into());
    Ok(std::mem::take(known))
}

/// Writes the run list and the attributes of the first run.
pub(super) fn write_first_boot(
    context: &Context<'_>,
    settings: &Settings,
    node: &Node,
) -> Result<(), ModuleError> {
    let path = or(settings.firstboot_path.as_ref(), FIRST_BOOT);
    if path.is_empty() {
        tracing::info!("First boot path empty, not writing first boot json file");
        return Ok(());
    }
    let mut first = Map::new();
    if let Some(list) = node.get("run_list") {
        first.insert("run_list".to_owned(), list.to_json());
    }
    for (key, value) in node.get("initial_attributes").and_then(Node::as_map).into_iter().flatten() {
        first.insert(key.to_string(), value.to_json());
    }
    let text = python_json(&Json::Object(first));
    Ok(context.system.files.write(Path::new(path), text.as_bytes(), &Attributes::mode(0o644))?)
}

/// A document in the format of Python's `json.dumps`: spaces after separators, ASCII only.
fn python_json(value: &Json) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Json::Array(items) => format!("[{}]", list(items.iter().map(python_json).collect())),
        Json::Object(map) => {
            let entry = |(key, item): (&String, &Json)| {
                format!("{}: {}", python_json(&Json::String(key.clone())), python_json(item))
            };
            format!("{{{}}}", list(map.iter().map(entry).collect()))
        }
        other => ascii(&other.to_string()),
    }
}

/// Escapes all characters beyond ASCII, and DEL stays.
fn ascii(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    /// Expectation: Python's `json.dumps`.
    #[test]
    fn documents_are_those_of_python() {
        let value = serde_json::json!({"run_list": ["recipe[a]", 1, true, null, 1.5], "k": {"ü😀\n\"": {}}});
        let expected = r#"{"run_list": ["recipe[a]", 1, true, null, 1.5], "k": {"\u00fc\ud83d\ude00\n\"": {}}}"#;
        assert_eq!(super::python_json(&value), expected);
    }
}
