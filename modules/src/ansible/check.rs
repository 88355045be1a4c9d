//! Checks the configuration before anything is installed.

use model::{ModuleError, Node, Value};

use super::Settings;

/// How Ansible is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// As a package of the distribution.
    Distro,
    /// With pip.
    Pip,
}

/// A checked configuration.
pub(super) struct Wanted<'a> {
    pub(super) method: Method,
    pub(super) package: &'a str,
    pub(super) pulls: &'a [Node],
}

/// An error at a value.
pub(super) fn invalid(node: &Node, message: impl Into<String>) -> ModuleError {
    ModuleError::Invalid { origin: node.origin.clone(), message: message.into() }
}

/// Whether a key has a value that is not empty.
fn has(node: &Node, key: &str) -> bool {
    node.get(key).is_some_and(Node::is_truthy)
}

fn required(node: &Node, key: &str) -> Result<(), ModuleError> {
    if has(node, key) { Ok(()) } else { Err(invalid(node, format!("Missing required key '{key}'"))) }
}

/// The configuration, or what is wrong with it.
pub(super) fn checked<'a>(node: &'a Node, settings: &'a Settings) -> Result<Wanted<'a>, ModuleError> {
    required(node, "install_method")?;
    required(node, "package_name")?;
    let pulls = pulls(settings.pull.as_ref())?;
    if let Some(controller) = settings.setup_controller.as_ref().filter(|controller| controller.is_truthy())
        && !has(controller, "repositories")
        && !has(controller, "run_ansible")
    {
        return Err(invalid(controller, "Missing required key: expected repositories or run_ansible"));
    }
    let method = match settings.install_method.as_ref().map(|method| method.0.as_str()) {
        Some("distro") => Method::Distro,
        Some("pip") => Method::Pip,
        _ => {
            let place = node.get("install_method").unwrap_or(node);
            return Err(invalid(place, "Invalid install method: expected distro or pip"));
        }
    };
    let package = settings.package_name.as_ref().map_or("", |name| name.0.as_str());
    Ok(Wanted { method, package, pulls })
}

/// The entries of `pull`: a list, or a single mapping.
fn pulls(node: Option<&Node>) -> Result<&[Node], ModuleError> {
    let Some(node) = node.filter(|node| node.is_truthy()) else { return Ok(&[]) };
    let pulls = match &node.value {
        Value::Map(_) => std::slice::from_ref(node),
        Value::List(pulls) => pulls,
        other => {
            let message = format!(
                "Invalid value ansible.pull. Expected either dict or list of dicts but found {}",
                other.a_kind()
            );
            return Err(invalid(node, message));
        }
    };
    for pull in pulls {
        if pull.as_map().is_none() {
            let message =
                format!("Invalid value of ansible.pull. Expected dict but found {}", pull.value.a_kind());
            return Err(invalid(pull, message));
        }
        required(pull, "url")?;
        match (has(pull, "playbook_name"), has(pull, "playbook_names")) {
            (false, false) => required(pull, "playbook_names")?,
            (true, true) => {
                let message = "Key 'ansible.pull.playbook_name' and 'ansible.pull.playbook_names' are mutually exclusive. Please use 'playbook_names'";
                return Err(invalid(pull, message));
            }
            _ => {}
        }
    }
    Ok(pulls)
}
