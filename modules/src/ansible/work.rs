//! What Ansible is told to do: collections, playbooks from repositories, and runs as a controller.

use model::module::Report;
use model::{ModuleError, Node, Value};

use super::check::invalid;
use super::tool::Tool;

/// Installs collections and roles, each with its own command line.
pub(super) fn galaxy(tool: &Tool<'_>, galaxy: &Node, report: &mut Report) -> Result<(), ModuleError> {
    let actions = galaxy.get("actions").and_then(Node::as_list).unwrap_or_default();
    if actions.is_empty() {
        report.warn(Some(&galaxy.origin), "Invalid config: ansible.galaxy has no actions");
    }
    for action in actions {
        let words = texts(action)?;
        if words.is_empty() {
            return Err(invalid(action, "an action must be a list of words"));
        }
        run(tool, action, &words, None)?;
    }
    Ok(())
}

/// Runs ansible-pull with the keys of an entry as options.
pub(super) fn pull(tool: &Tool<'_>, pull: &Node, report: &mut Report) -> Result<(), ModuleError> {
    let playbooks = match (pull.get("playbook_name").filter(|name| name.is_truthy()), pull.get("playbook_names")) {
        (Some(name), _) => vec![text(name)?],
        (None, Some(names)) => texts(names)?,
        (None, None) => Vec::new(),
    };
    let version = version(tool, pull, report)?;
    if version.is_some_and(|version| version < DIFF) && pull.get("diff").is_some_and(Node::is_truthy) {
        let (major, minor, patch) = version.unwrap_or_default();
        let message = format!("Ansible version {major}.{minor}.{patch} doesn't support --diff flag, exiting.");
        return Err(invalid(pull, message));
    }
    let mut words = vec!["ansible-pull".to_owned()];
    words.extend(options(pull, &["playbook_name", "playbook_names"])?);
    // Earlier releases run only the first one.
    let at_once = if version.is_some_and(|version| version >= SEVERAL) { playbooks.len().max(1) } else { 1 };
    for playbooks in playbooks.chunks(at_once) {
        let words = [words.as_slice(), playbooks].concat();
        let printed = run(tool, pull, &words, None)?;
        tool.context.system.environment.print(&printed);
    }
    Ok(())
}

type Version = (u32, u32, u32);
/// The first release with `--diff`.
const DIFF: Version = (2, 7, 0);
/// The first release of which ansible-pull runs several playbooks.
const SEVERAL: Version = (2, 12, 0);

/// Ansible's version; `None` with a warning if it is not known.
fn version(tool: &Tool<'_>, place: &Node, report: &mut Report) -> Result<Option<Version>, ModuleError> {
    let words = ["ansible-pull", "--version"].map(str::to_owned);
    let printed = run(tool, place, &words, None)?;
    let line = printed.lines().next().unwrap_or_default();
    let found = line.split(|other: char| !other.is_ascii_digit() && other != '.').find(|text| !text.is_empty());
    let numbers: Option<Vec<u32>> =
        found.map(|text| text.split('.').map(str::parse).collect::<Result<_, _>>().ok()).unwrap_or_default();
    if let Some(numbers) = numbers {
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        return Ok(Some((number(0), number(1), number(2))));
    }
    let journal = &tool.context.system.journal;
    if printed.is_empty() && journal.note("a current release of Ansible is assumed") {
        return Ok(Some(SEVERAL));
    }
    report.warn(Some(&place.origin), "Cannot parse ansible version");
    Ok(None)
}

/// Clones repositories, then runs playbooks for other machines.
pub(super) fn controller(tool: &Tool<'_>, controller: &Node) -> Result<(), ModuleError> {
    let list = |key: &str| controller.get(key).and_then(Node::as_list).unwrap_or_default();
    for repository in list("repositories") {
        let (source, path) = (needed(repository, "source")?, needed(repository, "path")?);
        run(tool, repository, &["git".into(), "clone".into(), source, path], None)?;
    }
    for playbook in list("run_ansible") {
        let directory = needed(playbook, "playbook_dir")?;
        let mut words = vec!["ansible-playbook".to_owned(), needed(playbook, "playbook_name")?];
        words.extend(options(playbook, &["playbook_dir", "playbook_name"])?);
        run(tool, playbook, &words, Some(&directory))?;
    }
    Ok(())
}

/// Runs a command; an error names the entry.
fn run(
    tool: &Tool<'_>,
    entry: &Node,
    words: &[String],
    directory: Option<&str>,
) -> Result<String, ModuleError> {
    let failed = |error| ModuleError::Failed(format!("{}: {error}", entry.origin));
    tool.run(words, directory).map(|output| output.text()).map_err(failed)
}

/// The keys as options: `--key=value`, `--key` for true, nothing for false.
fn options(node: &Node, without: &[&str]) -> Result<Vec<String>, ModuleError> {
    let mut options = Vec::new();
    for (key, value) in node.as_map().into_iter().flatten() {
        let key = key.to_string();
        if without.contains(&key.as_str()) {
            continue;
        }
        let name = key.replace('_', "-");
        match value.value {
            Value::Bool(false) => {}
            Value::Bool(true) => options.push(format!("--{name}")),
            _ => options.push(format!("--{name}={}", text(value)?)),
        }
    }
    Ok(options)
}

fn needed(node: &Node, key: &str) -> Result<String, ModuleError> {
    let value = node.get(key).filter(|value| value.is_truthy());
    text(value.ok_or_else(|| invalid(node, format!("Missing required key '{key}'")))?)
}

fn text(node: &Node) -> Result<String, ModuleError> {
    node.scalar_text().ok_or_else(|| invalid(node, format!("expected text, found {}", node.value.a_kind())))
}

fn texts(node: &Node) -> Result<Vec<String>, ModuleError> {
    let items = node.as_list();
    let found = || invalid(node, format!("expected a list, found {}", node.value.a_kind()));
    items.ok_or_else(found)?.iter().map(text).collect()
}
