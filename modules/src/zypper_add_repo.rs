//! `zypper`: repositories and settings for zypper.

use schema::forms::Object;
use std::path::{Path, PathBuf};

use model::effects::Attributes;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// Writes the files.
pub struct ZypperAddRepo;

/// Package repositories and zypp.conf of openSUSE and SLES.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Repositories and settings.
    pub zypper: Option<Zypper>,
}

impl Described for ZypperAddRepo {
    const NAME: &'static str = "zypper_add_repo";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Always;
    const DISTROS: &'static [&'static str] = &["opensuse", "opensuse-microos", "opensuse-tumbleweed", "opensuse-leap", "sle_hpc", "sle-micro", "sles"];
    const KEYS: &'static [&'static str] = &["zypper"];
    const LISTED: Listed = Listed::On(&["suse"]);
    const TITLE: &'static str = "zypper";
    const SUMMARY: &'static str = "Adds repositories for zypper and sets its options.";
    type Config = Config;
}

const CONF: &str = "/etc/zypp/zypp.conf";
const DIRECTORY: &str = "/etc/zypp/repos.d/";
const MARK: &str = "# Added via cloud.cfg";

impl Module for ZypperAddRepo {
    fn run(&self, context: &Context<'_>, _: Config, report: &mut Report) -> Result<(), ModuleError> {
        let truthy = |key: &str| context.config.at(&["zypper", key]).filter(|node| node.is_truthy());
        let Some(repositories) = truthy("repos") else {
            report.skip("zypper.repos is not set");
            return Ok(());
        };
        let invalid = |node: &Node, expected: &str| ModuleError::Invalid {
            origin: node.origin.clone(),
            message: format!("expected {expected}, found {}", node.value.a_kind()),
        };
        let repositories = repositories.as_list().ok_or_else(|| invalid(repositories, "a list"))?;
        let settings = truthy("config");
        if let Some(settings) = settings {
            if settings.as_map().is_none() {
                return Err(invalid(settings, "a mapping"));
            }
            set(context, settings, report)?;
        }
        let directory = settings.and_then(|settings| settings.get("reposdir")).and_then(Node::scalar_text);
        let directory = PathBuf::from(directory.as_deref().unwrap_or(DIRECTORY));
        add(context, &directory, repositories, report)
    }
}

/// Appends settings to zypp.conf, unless an earlier boot has done it.
fn set(context: &Context<'_>, settings: &Node, report: &mut Report) -> Result<(), ModuleError> {
    let mut lines = vec![MARK.to_owned()];
    for (name, value) in settings.as_map().into_iter().flatten() {
        if name.as_str() == Some("configdir") {
            let message = "Changing the location of the zypper configuration is not supported, skipping \"configdir\" setting";
            report.warn(Some(&value.origin), message);
        } else if value.is_truthy() {
            let text = value.scalar_text().unwrap_or_else(|| value.to_json().to_string());
            lines.push(format!("{name}={text}"));
        }
    }
    let (files, path) = (&context.system.files, Path::new(CONF));
    let old = String::from_utf8_lossy(&files.read(path)?).into_owned();
    let added = lines.join("\n");
    if lines.len() == 1 || old.contains(&added) {
        return Ok(());
    }
    Ok(files.write(path, format!("{old}{added}").as_bytes(), &Attributes::mode(0o644))?)
}

/// Writes a file for each new repository, after all of them were read.
fn add(
    context: &Context<'_>,
    directory: &Path,
    repositories: &[Node],
    report: &mut Report,
) -> Result<(), ModuleError> {
    let mut found: Vec<(PathBuf, String)> = Vec::new();
    for (index, repository) in repositories.iter().enumerate() {
        let missing: Vec<&str> =
            ["baseurl", "id"].into_iter().filter(|key| repository.get(key).is_none()).collect();
        if !missing.is_empty() {
            let message =
                format!("Repo config at index {index} is missing required config keys: {}", missing.join(","));
            report.warn(Some(&repository.origin), message);
            continue;
        }
        let id = repository.get("id").and_then(Node::scalar_text).unwrap_or_default();
        if id.is_empty() || id.contains(['/', '\n', ']']) || id.starts_with('.') {
            report.warn(Some(&repository.origin), format!("'{id}' is not a valid repository ID"));
            continue;
        }
        let path = directory.join(format!("{}.repo", id.replace(' ', "_")));
        if context.system.files.exists(&path) {
            tracing::info!("Skipping repo {id}, file {} already exists!", path.display());
        } else if found.iter().any(|(pending, _)| *pending == path) {
            tracing::info!("Skipping repo {id}, file {} already pending!", path.display());
        } else {
            found.push((path, text(&id, repository)));
        }
    }
    for (path, text) in found {
        context.system.files.write(&path, text.as_bytes(), &Attributes::mode(0o644))?;
    }
    Ok(())
}

/// The file of a repository, without a line feed at its end.
fn text(id: &str, repository: &Node) -> String {
    let mut settings: Vec<(String, String)> = Vec::new();
    for (key, value) in repository.as_map().into_iter().flatten() {
        let key = key.to_string();
        if !key.is_empty() && key != "id" {
            let key = key.to_lowercase().trim().replace('-', "_");
            let value = shown(value);
            match settings.iter_mut().find(|(known, _)| *known == key) {
                Some(known) => known.1 = value,
                None => settings.push((key, value)),
            }
        }
    }
    for key in ["enabled", "autorefresh"] {
        if !settings.iter().any(|(known, _)| known == key) {
            settings.push((key.to_owned(), "1".to_owned()));
        }
    }
    let lines = settings.iter().map(|(key, value)| format!("{key} = {}", quoted(value)));
    std::iter::once(format!("[{id}]")).chain(lines).collect::<Vec<_>>().join("\n")
}

/// A value for zypp: 1 and 0 for booleans, an indented line for each further item of a list.
fn shown(value: &Node) -> String {
    match &value.value {
        Value::Bool(value) => u8::from(*value).to_string(),
        Value::List(items) => items.iter().map(shown).collect::<Vec<_>>().join("\n    "),
        _ => value.scalar_text().unwrap_or_else(|| value.to_json().to_string()),
    }
}

/// A value in the quotes that upstream's library for such files adds. Those of several lines stay without: zypp does
/// not know triple quotes.
fn quoted(value: &str) -> String {
    let at_end = |letter: Option<char>| letter.is_some_and(|letter| " \r\n\u{b}\t'\"".contains(letter));
    let plain = !at_end(value.chars().next()) && !at_end(value.chars().last()) && !value.contains([',', '#']);
    if value.contains('\n') || (plain && !value.is_empty()) {
        value.to_owned()
    } else if value.contains('"') {
        format!("'{value}'")
    } else {
        format!("\"{value}\"")
    }
}

/// `zypper`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("minProperties" = 1))]
pub struct Zypper {
    /// Repositories; existing files are kept.
    #[schemars(extend("minItems" = 1))]
    #[schemars(with = "Option<Vec<Repository>>")]
    pub repos: Option<Node>,
    /// Keys of /etc/zypp/zypp.conf.
    #[schemars(with = "Option<Object>")]
    pub config: Option<Node>,
}

/// A repository; other keys are also written to its file.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Repository {
    /// Its ID, and the name of its file: /etc/zypp/repos.d/ID.repo.
    pub id: Text,
    /// Its URL.
    #[schemars(extend("format" = "uri"))]
    pub baseurl: Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: `_quote` of ConfigObj 5.0.9; values of several lines are our own.
    #[test]
    fn values_are_quoted_like_configobj() {
        for (value, expected) in [
            ("a b", "a b"),
            (" a", "\" a\""),
            ("a ", "\"a \""),
            ("a,b", "\"a,b\""),
            ("a#b", "\"a#b\""),
            ("\"x\"", "'\"x\"'"),
            ("x\"", "'x\"'"),
            ("", "\"\""),
            ("a'b", "a'b"),
            ("'a", "\"'a\""),
            ("\ta", "\"\ta\""),
            ("a\"b,c", "'a\"b,c'"),
            ("a\n    b,c", "a\n    b,c"),
        ] {
            assert_eq!(quoted(value), expected, "{value}");
        }
    }
}
