//! Keys of earlier releases, at the top level.

use model::config::{Key, Map, Value};
use model::module::Report;
use model::{ModuleError, Node};

/// Old keys with their names below `apt`; those of mirrors have none.
const RENAMED: &[(&str, Option<&str>)] = &[
    ("apt_sources", Some("sources")),
    ("apt_mirror", None),
    ("apt_mirror_search", None),
    ("apt_mirror_search_dns", None),
    ("apt_proxy", Some("proxy")),
    ("apt_http_proxy", Some("http_proxy")),
    ("apt_ftp_proxy", Some("ftp_proxy")),
    ("apt_https_proxy", Some("https_proxy")),
    ("apt_preserve_sources_list", Some("preserve_sources_list")),
    ("apt_custom_sources_list", Some("sources_list")),
    ("add_apt_repo_match", Some("add_apt_repo_match")),
];

/// Old keys of the only mirror.
const OF_MIRROR: &[(&str, &str)] =
    &[("apt_mirror", "uri"), ("apt_mirror_search", "search"), ("apt_mirror_search_dns", "search_dns")];

/// The file of sources without a name.
const UNNAMED: &str = "cloud_config_sources.list";

/// `apt` made of old keys; `None` without old keys, and if `apt` takes precedence over them.
pub(super) fn converted(config: &Node, report: &mut Report) -> Result<Option<Node>, ModuleError> {
    let set = |key: &str| config.get(key).filter(|node| !node.is_null() && node.as_str() != Some(""));
    let found: Vec<&str> = RENAMED.iter().map(|(old, _)| *old).filter(|old| set(old).is_some()).collect();
    let Some(first) = found.first().and_then(|key| set(key)) else { return Ok(None) };
    let sources = match set("apt_sources") {
        Some(node) => {
            let message = "Config key 'apt_sources' is deprecated in 22.1 and scheduled to be removed in 27.1. \
                           Use 'apt' instead";
            report.deprecate(Some(&node.key_origin()), message);
            Some(by_name(node)?)
        }
        None => None,
    };
    let names = model::effects::python_list(&found.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
    let message = format!(
        "The following config key(s): {names} is deprecated in 22.1 and scheduled to be removed in 27.1."
    );
    report.deprecate(Some(&first.key_origin()), message);
    let value = |key: &str| if key == "apt_sources" { sources.clone() } else { set(key).cloned() };
    if let Some(apt) = config.get("apt").filter(|apt| !apt.is_null()) {
        let message = "Support for combined old and new apt module keys is deprecated in 22.1 and scheduled to be \
                       removed in 27.1.";
        report.deprecate(Some(&first.key_origin()), message);
        for (old, new) in RENAMED {
            let (Some(value), Some(new)) = (value(old), new) else { continue };
            // The values may contain passwords.
            if let Some(other) = apt.get(new).filter(|other| !other.is_null() && **other != value) {
                let message = format!(
                    "Old and New apt format defined with unequal values: {old}, and apt.{new} at {}; remove {old}",
                    other.origin
                );
                return Err(ModuleError::Invalid { origin: value.origin, message });
            }
        }
        return Ok(None);
    }
    let mut apt = Map::new();
    for (old, new) in RENAMED {
        if let (Some(value), Some(new)) = (value(old), new) {
            apt.insert(Key::Str((*new).to_owned()), value);
        }
    }
    if let Some(mirror) = mirror(&set) {
        let origin = mirror.origin.clone();
        apt.insert(Key::Str("primary".to_owned()), Node::new(Value::List(vec![mirror]), origin));
    }
    Ok(Some(Node::new(Value::Map(apt), first.origin.clone())))
}

/// A mirror for all architectures.
fn mirror<'a>(set: &impl Fn(&str) -> Option<&'a Node>) -> Option<Node> {
    let found: Vec<(&str, &Node)> =
        OF_MIRROR.iter().filter_map(|(old, new)| Some((*new, set(old)?))).collect();
    let origin = &found.first()?.1.origin;
    let every = Node::new(Value::Str("default".to_owned()), origin.clone());
    let mut mirror = Map::new();
    mirror.insert(Key::Str("arches".to_owned()), Node::new(Value::List(vec![every]), origin.clone()));
    for (name, value) in &found {
        mirror.insert(Key::Str((*name).to_owned()), (*value).clone());
    }
    Some(Node::new(Value::Map(mirror), origin.clone()))
}

/// A list of sources as a mapping by file name. Sources without a file name share one file.
fn by_name(node: &Node) -> Result<Node, ModuleError> {
    if node.as_map().is_some() {
        return Ok(node.clone());
    }
    let invalid = |node: &Node| ModuleError::Invalid {
        origin: node.origin.clone(),
        message: format!("unknown apt_sources format: expected mappings, found {}", node.value.a_kind()),
    };
    let mut sources = Map::new();
    for (index, item) in node.as_list().ok_or_else(|| invalid(node))?.iter().enumerate() {
        let mut source = item.clone();
        let map = source.as_map_mut().ok_or_else(|| invalid(item))?;
        let name = match map.get("filename").and_then(Node::scalar_text) {
            Some(name) => name,
            None => {
                let name = Node::new(Value::Str(UNNAMED.to_owned()), item.origin.clone());
                map.insert(Key::Str("filename".to_owned()), name);
                format!("{index}_{UNNAMED}")
            }
        };
        sources.insert(Key::Str(name), source);
    }
    Ok(Node::new(Value::Map(sources), node.origin.clone()))
}
